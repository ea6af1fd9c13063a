//! The headers of a request that go on to the downstream.
use super::framing::Framing;
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Names why a batch, or some of its events, passes without tags: on the request to the downstream and on the answer.
pub(super) const UNTAGGED: HeaderName = HeaderName::from_static("schtag-untagged");

/// The reason for which a header is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Because {
    /// It is about the connection between the sender and the hop (RFC 9110, section 7.6.1).
    Connection,
    /// It proves who the sender is, to the hop or to a site. `Authorization` is not among these: the downstream
    /// checks it, so that `auth` of Vector's sink reaches `auth` of its source.
    Credentials,
    /// It tells a way or an origin that the downstream must not believe: anybody can write it.
    Origin,
    /// It sums up, signs or measures the body as it came, which is another one now.
    Body,
    /// It asks for a form of answer, and the hop relays answers in one form only.
    Answer,
}

/// The headers that are not passed on. All others are.
const STAY: [(&str, Because); 34] = [
    ("connection", Because::Connection),
    ("expect", Because::Connection),
    ("host", Because::Connection),
    ("http2-settings", Because::Connection),
    ("keep-alive", Because::Connection),
    ("max-forwards", Because::Connection),
    ("proxy-connection", Because::Connection),
    ("te", Because::Connection),
    ("trailer", Because::Connection),
    ("transfer-encoding", Because::Connection),
    ("upgrade", Because::Connection),
    ("cookie", Because::Credentials),
    ("cookie2", Because::Credentials),
    ("proxy-authenticate", Because::Credentials),
    ("proxy-authorization", Because::Credentials),
    ("forwarded", Because::Origin),
    ("via", Because::Origin),
    ("x-forwarded-for", Because::Origin),
    ("x-forwarded-host", Because::Origin),
    ("x-forwarded-proto", Because::Origin),
    ("x-real-ip", Because::Origin),
    ("content-digest", Because::Body),
    ("content-encoding", Because::Body),
    ("content-length", Because::Body),
    ("content-md5", Because::Body),
    ("content-range", Because::Body),
    ("digest", Because::Body),
    ("etag", Because::Body),
    ("repr-digest", Because::Body),
    ("signature", Because::Body),
    ("signature-input", Because::Body),
    ("x-hub-signature", Because::Body),
    ("x-hub-signature-256", Because::Body),
    ("accept-encoding", Because::Answer),
];

/// The body that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// One that the filter wrote, in this framing.
    Written(Framing),
    /// The one that came, to the byte: what is said about it is still true.
    AsItCame,
}

/// The headers of a request that go on with a body.
pub(super) fn passed_on(headers: &HeaderMap, body: Body) -> HeaderMap {
    let mut passed = headers.clone();
    let named = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse::<HeaderName>().ok());
    for name in named {
        passed.remove(name);
    }
    for (name, because) in STAY {
        // The length is for the client to write: it knows the body.
        if because != Because::Body || body != Body::AsItCame || name == "content-length" {
            passed.remove(name);
        }
    }
    // Nobody but the hop says this.
    passed.remove(UNTAGGED);
    if let Body::Written(framing) = body {
        passed.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(framing.media_type()));
    }
    passed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn each_header_of_the_table_stays_behind_and_others_go_on() {
        let mut headers = HeaderMap::new();
        for (name, _) in STAY {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
        }
        for (name, value) in [
            ("connection", "close, x-secret"),
            ("x-secret", "1"),
            ("authorization", "Basic abc"),
            ("x-team", "blue"),
            ("schtag-untagged", "body"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let passed = passed_on(&headers, Body::Written(Framing::Lines));
        assert_eq!(names(&passed), ["authorization", "content-type", "x-team"]);
        assert_eq!(passed[CONTENT_TYPE], "application/x-ndjson");
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        assert_eq!(passed_on(&headers, Body::Written(Framing::Array))[CONTENT_TYPE], "text/plain");
    }

    #[test]
    fn what_is_said_of_the_body_goes_on_with_that_very_body() {
        let mut headers = HeaderMap::new();
        for name in ["content-encoding", "content-length", "digest", "signature", "cookie"] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
        }
        let passed = passed_on(&headers, Body::AsItCame);
        assert_eq!(names(&passed), ["content-encoding", "digest", "signature"]);
    }
}
