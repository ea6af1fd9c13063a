//! Addresses in one form: `scheme://host[:port]/path`.
//!
//! Source: RFC 3986 for the parts, the page of `inet_addr` for hosts that are numbers
//! (<https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-inet_addr>), and "Using the WebDAV Redirector"
//! for shares that are addresses.

use crate::path::SEPARATORS;
use crate::tokens::QUOTES;
use schtag_task::byte_set::ByteSet;
use schtag_task::case;
use std::net::Ipv4Addr;

/// Signs that end the host of an address.
const HOST_ENDS: ByteSet = ByteSet::of(b"/\\?#");

/// An address, split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// All of it, in one form.
    pub(super) text: String,
    /// The scheme in lower case.
    pub(super) scheme: String,
    /// The host in lower case; of a number, the four parts of the IPv4 address.
    pub(super) host: String,
    /// The port, where it is written.
    pub(super) port: Option<String>,
    /// The path without the slash before it.
    pub(super) path: String,
}

/// Longest scheme.
const SCHEME: usize = 16;

/// Splits a text into the scheme that it begins with and the text after the slashes. A drive's letter is no scheme.
pub(super) fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) =
        text.split_at_checked(text.get(..SCHEME.min(text.len())).unwrap_or(text).find(':')?)?;
    let named = scheme.len() >= 2 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+');
    let rest = rest.strip_prefix(':')?;
    let bare = SEPARATORS.trim_start(rest);
    let slashes = rest.len().saturating_sub(bare.len());
    // `host:/path` is another machine's path; of the usual schemes, one slash may be missing.
    let usual = || ["http", "https", "ftp", "file"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    (named && (slashes > 1 || (slashes == 1 && usual()))).then_some((scheme, bare))
}

/// Returns whether a text says itself that it is an address.
pub(super) fn is_one(text: &str) -> bool {
    split_scheme(text).is_some_and(|(scheme, _)| !scheme.eq_ignore_ascii_case("file"))
}

/// Reads an address; one without a scheme gets the given one. `None` of what has no host.
pub(super) fn read(text: &str, usual: &str) -> Option<Address> {
    let text = QUOTES.trim(text.trim());
    let (scheme, rest) = split_scheme(text).unwrap_or((usual, SEPARATORS.trim_start(text)));
    let end = HOST_ENDS.find(rest).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = split_port(authority);
    let host = canonical(host)?;
    let scheme = scheme.to_ascii_lowercase();
    let path = path.replace('\\', "/");
    let slash = if path.starts_with('/') { "" } else { "/" };
    let brackets = if host.contains(':') { ["[", "]"] } else { ["", ""] };
    let [open, close] = brackets;
    let colon = if port.is_some() { ":" } else { "" };
    let text = [&scheme, "://", open, &host, close, colon, port.unwrap_or_default(), slash, &path].concat();
    let path = path.trim_start_matches('/').to_owned();
    Some(Address { text, scheme, host, port: port.map(str::to_owned), path })
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    if let Some((host, behind)) = authority.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        return (host, behind.strip_prefix(':').filter(|port| is_port(port)));
    }
    match authority.split_once(':') {
        Some((host, port)) => (host, Some(port).filter(|port| is_port(port))),
        None => (authority, None),
    }
}

fn is_port(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A host in one form. `None` of what cannot be one.
fn canonical(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.');
    if host.is_empty() || host.len() > 255 {
        return None;
    }
    if let Some(number) = ipv4(host) {
        return Some(number.to_string());
    }
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    host.chars().all(fits).then(|| case::to_lowercase(host))
}

/// An IPv4 address of one to four parts, each decimal, hexadecimal or octal; the last one fills what is left.
fn ipv4(host: &str) -> Option<Ipv4Addr> {
    let (mut value, mut count) = (0_u32, 0_u32);
    let mut parts = host.split('.').peekable();
    while let Some(part) = parts.next() {
        let number = number(part)?;
        let is_last = parts.peek().is_none();
        let room = if is_last { 32_u32.checked_sub(count.checked_mul(8)?)? } else { 8 };
        if count > 3 || (room < 32 && number.checked_shr(room)? != 0) {
            return None;
        }
        value = if room == 32 { number } else { value.checked_shl(room)? | number };
        count = count.saturating_add(1);
    }
    Some(Ipv4Addr::from_bits(value))
}

fn number(part: &str) -> Option<u32> {
    let (digits, radix) = match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if part.len() > 1 && part.starts_with('0') => (part, 8),
        None => (part, 10),
    };
    if digits.starts_with('+') { None } else { u32::from_str_radix(digits, radix).ok() }
}

/// The address that a share is reached at by WebDAV: `\\host@80\x`, `\\host@SSL@443\x`, `\\host\DavWWWRoot\x`. The share
/// is in the one form of paths.
pub(super) fn of_share(path: &str) -> Option<Address> {
    let rest = path.strip_prefix(r"\\")?;
    let (server, folder) = rest.split_once('\\').unwrap_or((rest, ""));
    let root = folder.get(..10).filter(|root| root.eq_ignore_ascii_case("DavWWWRoot"));
    let below = root.and_then(|root| folder.get(root.len()..)).unwrap_or(folder);
    let mut parts = server.split('@');
    let host = parts.next()?;
    let (mut secure, mut port) = (false, None);
    for part in parts {
        secure |= part.eq_ignore_ascii_case("ssl");
        port = Some(part).filter(|part| is_port(part)).or(port);
    }
    if root.is_none() && !secure && port.is_none() {
        return None;
    }
    let scheme = if secure { "https" } else { "http" };
    let colon = if port.is_some() { ":" } else { "" };
    let below = below.trim_start_matches('\\');
    read(&[scheme, "://", host, colon, port.unwrap_or_default(), "/", below].concat(), scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_form() {
        for (written, text) in [
            ("http://Host.Example/a", "http://host.example/a"),
            ("hTTps:\\\\host\\a\\b", "https://host/a/b"),
            ("http:/host:8080/a", "http://host:8080/a"),
            ("host.example/a", "http://host.example/a"),
            ("host.example", "http://host.example/"),
            ("host:81?x=1", "http://host:81/?x=1"),
            ("http://user:word@host/a", "http://host/a"),
            ("http://0x7f000001/a", "http://127.0.0.1/a"),
            ("2130706433", "http://127.0.0.1/"),
            ("http://0xcb.0x71.7", "http://203.113.0.7/"),
            ("http://010.1.1.1/", "http://8.1.1.1/"),
            ("http://[2001:DB8::1]:80/a", "http://[2001:db8::1]:80/a"),
            ("ftp://h//a", "ftp://h//a"),
        ] {
            assert_eq!(read(written, "http").map(|address| address.text).as_deref(), Some(text), "{written}");
        }
        for none in ["", "http://", "a b", "%1", "http://%x%/a", "1.2.3.4.5.x y", "-"] {
            assert_eq!(read(none, "http").filter(|address| address.host != "-"), None, "{none}");
        }
        assert_eq!(read("256.1.1.1", "http").unwrap().host, "256.1.1.1", "no IPv4 address, but a name");
    }

    #[test]
    fn a_drive_is_no_scheme() {
        assert!(!is_one(r"C:\x") && !is_one("C:/x") && !is_one("a:b") && !is_one("file:///C:/x"));
        assert!(is_one("http:/x") && !is_one("host:/y") && is_one("host://y") && is_one(r"https:\\x"));
    }

    #[test]
    fn shares_that_are_addresses() {
        for (share, text) in [
            (r"\\host@8080\a\b", Some("http://host:8080/a/b")),
            (r"\\host@SSL\DavWWWRoot\a", Some("https://host/a")),
            (r"\\host@SSL@444\a", Some("https://host:444/a")),
            (r"\\host\davwwwroot\a", Some("http://host/a")),
            (r"\\host\share\a", None),
            (r"C:\a@80\b", None),
        ] {
            assert_eq!(of_share(share).map(|address| address.text).as_deref(), text, "{share}");
        }
    }
}
