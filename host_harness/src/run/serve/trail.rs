//! Loops: a batch that comes back to the hop that has sent it.
//!
//! Each hop appends its name to the header `Schtag-Hop`. A hop that finds its own name there would pass the batch
//! round for ever, whatever address, host name or proxy leads back to it.
use super::Downstream;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use thiserror::Error;

/// The header that names the hops which a batch has passed.
pub(super) const HOPS: HeaderName = HeaderName::from_static("schtag-hop");
/// The most hops that a batch may pass.
const MOST_HOPS: usize = 16;

/// The name of this process among hops.
#[derive(Debug)]
pub(super) struct Name(String);

/// Why a batch does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Loop {
    /// The batch was here before.
    #[error(
        "the batch comes back to the hop that has sent it: --forward leads to the hop itself. Set it to the next hop"
    )]
    Back,
    /// It has passed very many hops.
    #[error("the batch has passed {MOST_HOPS} hops: some --forward leads back to a hop before it")]
    Long,
}

impl Name {
    /// A name that no other process has: 128 bits from the system's random source, by way of the standard library's
    /// hash keys.
    pub(super) fn random() -> Self {
        let bits = || RandomState::new().build_hasher().finish();
        Self(format!("{:016x}{:016x}", bits(), bits()))
    }

    /// The header for the downstream: the hops before, and this one.
    ///
    /// # Errors
    /// When the batch goes in a circle.
    pub(super) fn append_to(&self, headers: &HeaderMap) -> Result<HeaderValue, Loop> {
        let values = headers.get_all(HOPS).iter().filter_map(|value| value.to_str().ok());
        let before: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
        if before.contains(&self.0.as_str()) {
            return Err(Loop::Back);
        }
        if before.len() >= MOST_HOPS {
            return Err(Loop::Long);
        }
        let all = before.into_iter().chain([self.0.as_str()]).collect::<Vec<_>>().join(", ");
        // What came in a header can go out in one.
        HeaderValue::from_str(&all).map_err(|_| Loop::Long)
    }
}

/// Returns whether a downstream, by any of the addresses that its host has now, is what listens on `listen`.
pub(super) fn leads_to(downstream: &Downstream, listen: SocketAddr) -> bool {
    let (host, port) = downstream.host_and_port();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    port == listen.port()
        && (host, port)
            .to_socket_addrs()
            .is_ok_and(|mut addresses| addresses.any(|address| reaches(address.ip(), listen.ip())))
}

/// Returns whether a connection to one address of this machine reaches what listens on the other.
fn reaches(to: IpAddr, listen: IpAddr) -> bool {
    // Who connects to no address in particular connects to the machine itself.
    let to = match to.to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let listen = listen.to_canonical();
    // The system lets a socket have an address of this machine only.
    to == listen || (listen.is_unspecified() && UdpSocket::bind((to, 0)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_was_here_before_is_known_among_others() {
        let (one, other) = (Name::random(), Name::random());
        let mut headers = HeaderMap::new();
        for name in [&other, &one, &other] {
            headers.insert(HOPS, name.append_to(&headers).unwrap());
            assert_eq!(name.append_to(&headers), Err(Loop::Back));
            headers.append(HOPS, HeaderValue::from_static("x ,y"));
            assert_eq!(name.append_to(&headers), Err(Loop::Back));
            headers.remove(HOPS);
        }
        headers.insert(HOPS, one.append_to(&HeaderMap::new()).unwrap());
        let two = other.append_to(&headers).unwrap();
        assert_eq!(two, format!("{}, {}", one.0, other.0));
        headers.insert(HOPS, HeaderValue::from_str(&["x"; MOST_HOPS].join(",")).unwrap());
        assert_eq!(one.append_to(&headers), Err(Loop::Long));
    }

    #[test]
    fn an_address_of_this_machine_is_known_however_it_is_written() {
        for (url, listen, leads) in [
            ("http://127.0.0.1:8787/x", "127.0.0.1:8787", true),
            ("http://localhost:8787/", "127.0.0.1:8787", true),
            ("http://0.0.0.0:8787/", "127.0.0.1:8787", true),
            ("http://[::ffff:127.0.0.1]:8787/", "127.0.0.1:8787", true),
            ("http://127.0.0.2:8787/", "0.0.0.0:8787", true),
            ("http://127.0.0.1:8787/", "0.0.0.0:8787", true),
            ("http://localhost:8787/", "0.0.0.0:8787", true),
            ("http://0.0.0.0:8787/", "0.0.0.0:8787", true),
            ("http://127.0.0.1/", "127.0.0.1:80", true),
            ("http://[::1]:8787/", "[::1]:8787", true),
            ("http://127.0.0.1:8788/", "127.0.0.1:8787", false),
            ("http://127.0.0.2:8787/", "127.0.0.1:8787", false),
            ("http://203.0.113.9:8787/", "0.0.0.0:8787", false),
            ("http://203.0.113.9:8787/", "127.0.0.1:8787", false),
        ] {
            let downstream: Downstream = url.parse().unwrap();
            assert_eq!(leads_to(&downstream, listen.parse().unwrap()), leads, "{url} {listen}");
        }
    }
}
