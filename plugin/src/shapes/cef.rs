//! Events as CEF (ArcSight and many relays) and LEEF (QRadar): a header between bars, then keys with values,
//! separated by blanks in CEF and by tabs in LEEF. Names are those of the Windows fields, or stand in a label
//! (`cs1Label=TaskName cs1=\x`); what has no name is read from the message.
//!
//! ```text
//! CEF:0|Microsoft|Windows|10|Microsoft-Windows-Security-Auditing:4698|A scheduled task was created.|Low|
//!     externalId=4698 dvchost=ws17 Channel=Security TaskName=\x TaskContent=<Task version\="1.2">…
//! LEEF:1.0|Microsoft|Windows|10|4698|AgentLogFile=Security⇥Computer=ws17⇥Message=A scheduled task was created. …
//! ```
//!
//! Source: "Common Event Format" (ArcSight, revision 16) and "Log Event Extended Format (LEEF) version 2" (IBM).

use std::borrow::Cow;

use memchr::memmem;

use super::content;
use super::message;
use super::partial_event::{PartialEvent, Rank, Slot};
use super::shape::Shape;
use crate::bytes;

pub(super) static SHAPE: Shape = Shape { name: "cef", computer: &["hostname", "host"], ..Shape::NONE };

/// The bytes at the start of a text in which the header is looked for; a relay may put its own before.
const HEADER: usize = 256;
/// The bytes at the start of a text in which `externalId` is looked for.
const HEAD: usize = 1024;
/// Longer keys are none.
const MAX_KEY: usize = 64;
/// Most keys that are read.
const MAX_KEYS: usize = 128;

/// The event id in a text, given as the bytes of its JSON string.
pub(super) fn id(string: &[u8]) -> Option<u64> {
    let at = bytes::find(string.get(..HEADER).unwrap_or(string), b'|')?;
    let (before, rest) = string.split_at_checked(at)?;
    let version = before.iter().rposition(|byte| !(byte.is_ascii_digit() || *byte == b'.'))?;
    if !before.get(..=version)?.ends_with(b"EF:") {
        return None;
    }
    let event = rest.split(|&byte| byte == b'|').nth(4)?;
    let named = event.rsplit(|&byte| byte == b':').next().and_then(number);
    named.or_else(|| {
        let head = string.get(..HEAD).unwrap_or(string);
        let after = memmem::find(head, b"externalId=")?.checked_add(b"externalId=".len())?;
        let digits = head.get(after..)?;
        number(digits.get(..digits.iter().position(|byte| !byte.is_ascii_digit())?)?)
    })
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Reads the keys.
pub(super) fn read(reading: &mut PartialEvent<'_, '_>, text: &str, rank: Rank) {
    let text = message::granted(text, reading.work);
    let pairs = pairs(text);
    for &(key, value) in &pairs {
        let label = pairs.iter().find(|(other, _)| other.strip_suffix("Label") == Some(key));
        let name = label.map_or(key, |&(_, label)| label);
        let slot = match name {
            "Channel" | "AgentLogFile" | "LogName" => Slot::Channel,
            "SourceName" | "Source" | "ProviderName" => Slot::Provider,
            "Computer" | "Hostname" | "dvchost" | "dhost" | "OriginatingComputer" => Slot::Computer,
            "devTime" | "rt" | "EventTime" => Slot::Time,
            _ => {
                reading.set_named(name.as_bytes(), rank, || Some(Cow::Owned(unescape(value))));
                continue;
            }
        };
        if !reading.has(slot) {
            reading.set(slot, rank, Cow::Owned(unescape(value)));
        }
    }
}

/// Reads the message.
pub(super) fn read_message(reading: &mut PartialEvent<'_, '_>, text: &str) {
    let text = message::granted(text, reading.work);
    for (key, value) in pairs(text) {
        if matches!(key, "msg" | "Message" | "message") {
            message::read(reading, &unescape(value));
        }
    }
}

/// The keys and values behind the header, as written.
fn pairs(text: &str) -> Vec<(&str, &str)> {
    let mut list = Vec::new();
    let start = text.find("EF:").unwrap_or(0);
    let is_leef = text.get(..start).is_some_and(|before| before.ends_with("LE"));
    let header = text.get(start..).unwrap_or_default();
    let (fields, separator) = match (is_leef, header.starts_with("EF:2")) {
        (true, true) => (6_usize, separator(header)),
        (true, false) => (5, '\t'),
        (false, _) => (7, ' '),
    };
    let Some(rest) = header.splitn(fields.saturating_add(1), '|').nth(fields) else { return list };
    let mut key = "";
    let mut from = 0_usize;
    // Where the definition that is not escaped next ends, which is looked for once.
    let mut end_of_task = EndOfTask::default();
    for (at, _) in rest.match_indices('=') {
        let Some(before) = rest.get(from..at) else { continue };
        // A key ends the value before it. In XML that nobody escaped, an attribute is no key.
        let Some((value, next)) = before.split_at_checked(start_of_key(before, separator)) else { continue };
        let stands_alone = if value.is_empty() { from == 0 } else { value.ends_with(separator) };
        if next.is_empty()
            || !stands_alone
            || value.starts_with('<') && !end_of_task.is_within(rest, from, value)
        {
            continue;
        }
        list.push((key, value.strip_suffix(separator).unwrap_or(value)));
        key = next;
        from = at.saturating_add(1);
        if list.len() >= MAX_KEYS {
            break;
        }
    }
    list.push((key, rest.get(from..).unwrap_or_default()));
    list
}

/// Where the key begins that a text ends with. Keys are short, so that each sign of equality costs little.
fn start_of_key(text: &str, separator: char) -> usize {
    let is_key = |c: char| c != separator && (c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    let key = text.chars().rev().take(MAX_KEY).take_while(|c| is_key(*c)).count();
    text.len().saturating_sub(key)
}

/// Where in a text `</Task>` next stands, as far as that is known.
#[derive(Debug, Default)]
struct EndOfTask(Option<usize>);

impl EndOfTask {
    /// Returns whether it stands in `value`, which begins in `text` at `from`. What is asked for later begins no
    /// earlier.
    fn is_within(&mut self, text: &str, from: usize, value: &str) -> bool {
        const END: &str = "</Task>";
        let known = self.0.filter(|end| *end >= from);
        let found = known.unwrap_or_else(|| {
            let found = text.get(from..).and_then(|rest| rest.find(END));
            found.map_or(usize::MAX, |found| from.saturating_add(found))
        });
        self.0 = Some(found);
        found.saturating_add(END.len()) <= from.saturating_add(value.len())
    }
}

/// Returns what LEEF 2 separates keys with: the character or the `x09` in its last header field.
fn separator(header: &str) -> char {
    let field = header.split('|').nth(5).unwrap_or_default();
    let code = field.trim_start_matches(['0', 'x', '\\']);
    match field.chars().next() {
        Some(c) if field.chars().count() == 1 => c,
        _ => u8::from_str_radix(code, 16).map_or('\t', char::from),
    }
}

/// A value without its escapes.
fn unescape(value: &str) -> String {
    let known = [(b'n', b'\n'), (b'r', b'\r'), (b'\\', b'\\'), (b'=', b'='), (b'|', b'|')];
    content::resolve_escapes(value, &known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_both() {
        for (text, wanted) in [
            (r#""CEF:0|M|W|1|4698|x|1|a=b""#, Some(4698)),
            (r#""<13>Mar 1 h CEF:1|M|W|1|Microsoft-Windows-Security-Auditing:4702|x|1|""#, Some(4702)),
            (r#""CEF:0|M|W|1|task|x|1|a=b externalId=4699 c=d""#, Some(4699)),
            (r#""LEEF:2.0|M|W|1|4700|^|a=b""#, Some(4700)),
            (r#""a|CEF:0|M|W|1|4698|x|1|""#, None),
            (r#""CEF:0|M|W|1|task|x|1|id=4698""#, None),
            (r#""CEF:0|4698""#, None),
            (r#""IEF: |""#, None),
        ] {
            assert_eq!(id(text.as_bytes()), wanted, "{text}");
        }
    }

    #[test]
    fn keys_and_values() {
        assert_eq!(
            pairs("CEF:0|a|b|c|d|e|f|x=1 2 y= z=a\\=b"),
            [("", ""), ("x", "1 2"), ("y", ""), ("z", "a\\=b")]
        );
        assert_eq!(pairs("h LEEF:1.0|a|b|c|d|x=1 y=2\tz=a=b"), [("", ""), ("x", "1 y=2"), ("z", "a=b")]);
        assert_eq!(pairs("LEEF:2.0|a|b|c|d|^|x=1^y=2"), [("", ""), ("x", "1"), ("y", "2")]);
        assert_eq!(pairs("LEEF:2.0|a|b|c|d|x5E|x=1^y=2"), [("", ""), ("x", "1"), ("y", "2")]);
        let xml = "CEF:0|a|b|c|d|e|f|x=<Task version=\"1\" xmlns=\"y\"></Task> z=1";
        assert_eq!(pairs(xml)[1..], [("x", "<Task version=\"1\" xmlns=\"y\"></Task>"), ("z", "1")]);
        assert_eq!(unescape(r"a\=b\\c\nd\x"), "a=b\\c\nd\\x");
    }
}
