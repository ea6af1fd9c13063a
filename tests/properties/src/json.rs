//! The JSON reader and the edits, against serde_json.

use crate::text::{is_key, is_object, lossy, members};
use schtag::json::{self, Scanner};

/// Fluent Bit's own limit is 64 levels; ours is far above, and serde_json has none for what it skips.
const LEVELS: usize = 60_000;

/// The reader accepts what serde_json accepts, and sees the same members.
pub fn scan(data: &[u8]) {
    let brackets = data.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    let mut scanner = Scanner::default();
    let Ok(object) = scanner.scan(data) else {
        assert!(!is_object(data) || brackets > LEVELS, "refused");
        return;
    };
    assert!(is_object(data), "accepted");
    assert!(object.is_complete());
    let ours: Vec<(String, String)> =
        object.iter().map(|(key, value)| (format!("\"{}\"", lossy(key)), lossy(value.bytes()))).collect();
    assert_eq!(ours, members(data));
    for (_, value) in object.iter() {
        value.as_u64();
        value.as_text();
        value.as_object();
        value.as_array().map(Iterator::count);
    }
}

/// A member is added and taken away again without a trace, and the edits in place come to the same.
pub fn splice(data: &[u8]) {
    const MEMBER: &[u8] = b"\"k\":[0]";
    let mut scanner = Scanner::default();
    let Ok(object) = scanner.scan(data) else { return };
    let mut without = Vec::new();
    if !json::remove_members(&mut without, &object, "k").unwrap() {
        without = data.to_vec();
    }
    let stay: Vec<_> = members(data).into_iter().filter(|(key, _)| !is_key(key, "k")).collect();
    assert_eq!(members(&without), stay);

    let mut with = Vec::new();
    json::append_member(&mut with, &without, "k", b"[0]").unwrap();
    let object = scanner.scan(&with).unwrap();
    let mut again = Vec::new();
    assert!(json::remove_members(&mut again, &object, "k").unwrap());
    assert_eq!(again, without, "{}", with.escape_ascii());

    let mut copy = data.to_vec();
    json::blank_members(&mut copy, "k");
    assert_eq!(members(&copy), stay, "{}", copy.escape_ascii());
    copy.resize(data.len() + MEMBER.len() + json::MORE, 0);
    let len = json::append_in_place(&mut copy, data.len(), MEMBER).unwrap();
    copy.truncate(len);
    assert_eq!(members(&copy), members(&with), "{}", copy.escape_ascii());
}

/// Any bytes become an object of bounded size; valid ones stay as they are.
pub fn repair(data: &[u8]) {
    const MEMBER: &[u8] = b"\"k\":0";
    let mut out = Vec::new();
    json::repair(&mut out, data).unwrap();
    assert!(is_object(&out), "{}", out.escape_ascii());
    assert!(out.len() <= 6 * data.len() + 10);
    if is_object(data) {
        assert_eq!(out, data);
    }
    out.clear();
    json::wrap(&mut out, data).unwrap();
    assert_eq!(members(&out).len(), 1);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap().get("log").unwrap(), &lossy(data));

    let mut copy = data.to_vec();
    copy.resize(data.len() + MEMBER.len() + json::MORE, 0);
    let len = json::wrap_in_place(&mut copy, data.len(), MEMBER).unwrap();
    copy.truncate(len);
    assert_eq!(members(&copy).len(), 2, "{}", copy.escape_ascii());
}
