//! Looking into a record by path, with keys in whatever spelling.

use std::borrow::Cow;

use super::key;
use crate::bytes;
use crate::json::{self, Kind, Object, Value};
use crate::work::Work;

/// The most bytes of a string that are read, as written. Even if all of it is escapes, the result is longer than the
/// content that is kept, so that a cut is noted there.
pub(super) const STRING: usize = 400 * 1024;

/// Units of work for a member whose key is looked at.
const MEMBER: usize = 40;
/// The same where keys may be written with escapes.
const ESCAPED_KEY: usize = 700;
/// Units of work for a byte of an object or an array that is stepped over.
const STEP: usize = 12;
/// Units of work for a byte of a string.
const BYTE: usize = 14;
/// Units of work for an escape in a string.
const ESCAPE: usize = 120;

/// The most levels that a path is followed down.
const DEPTH: usize = 5;

/// The value at a path of words joined by dots, each compared as [`key`] compares. One key may spell several
/// words (`{"winlog.channel": …}`); the key that spells the most of them is followed, and of several that
/// spell the same the last.
pub(super) fn find<'a>(record: &Object<'a>, path: &str, work: &Work) -> Option<Value<'a>> {
    let mut path = path.as_bytes();
    let mut inner: Object<'a>;
    let mut object = record;
    for _ in 0..DEPTH {
        if !work.spend(looking_at_keys(object)) {
            return None;
        }
        let mut best: Option<(Value<'a>, &[u8])> = None;
        for (name, value) in object.iter() {
            if key::may_spell(name, path)
                && let Some(rest) = key::strip(path, &key::plain(name))
                && best.is_none_or(|(_, left)| rest.len() <= left.len())
            {
                best = Some((value, rest));
            }
        }
        let (value, rest) = best?;
        if rest.is_empty() {
            return Some(value);
        }
        path = rest;
        inner = object_of(value, work)?;
        object = &inner;
    }
    None
}

/// The units of work that a look at all keys of an object costs.
pub(super) fn looking_at_keys(object: &Object<'_>) -> usize {
    let each = if object.has_escaped_keys() { ESCAPED_KEY } else { MEMBER };
    object.members().len().saturating_mul(each)
}

/// The members of an object.
pub(super) fn object_of<'a>(value: Value<'a>, work: &Work) -> Option<Object<'a>> {
    if work.walk(value.bytes().len(), STEP) { value.as_object() } else { None }
}

/// The text of a scalar, also where a converter wrapped it: `{"#text": …}` (XML to JSON), `{"Value": …}`
/// (PowerShell, Velociraptor), `{"stringValue": …}` (OTLP), `{"": …}` (OpenTelemetry), or an array of one (Elasticsearch's `fields`).
pub(super) fn text<'a>(mut value: Value<'a>, work: &Work) -> Option<Cow<'a, str>> {
    // A SID of Get-WinEvent is wrapped twice.
    for _ in 0..3 {
        if matches!(value.kind(), Kind::Object | Kind::Array) && !work.walk(value.bytes().len(), STEP) {
            return None;
        }
        value = match value.kind() {
            Kind::Object => wrapped(value)?,
            Kind::Array => {
                let mut elements = value.as_array()?;
                let only = elements.next()?;
                if elements.next().is_some() {
                    return None;
                }
                only
            }
            Kind::String => return string(value, work),
            _ => return value.as_text(),
        };
    }
    None
}

/// The text of a string, of a very long one its beginning.
pub(super) fn string<'a>(value: Value<'a>, work: &Work) -> Option<Cow<'a, str>> {
    if value.kind() != Kind::String {
        return value.as_str();
    }
    let inside = value.bytes().get(1..value.bytes().len().saturating_sub(1))?;
    let inside = inside.get(..STRING).unwrap_or(inside);
    let escapes = bytes::count(inside, b'\\').saturating_mul(ESCAPE);
    let a_byte = escapes.checked_div(inside.len()).unwrap_or(0).saturating_add(BYTE);
    Some(json::unescape(inside.get(..work.walk_part(inside.len(), a_byte)).unwrap_or(inside)))
}

/// The value that an object merely wraps.
pub(super) fn wrapped(value: Value<'_>) -> Option<Value<'_>> {
    value.members().take(16).find_map(|(name, inner)| {
        matches!(
            name,
            b"" | b"#text"
                | b"_text"
                | b"text"
                | b"$"
                | b"Value"
                | b"value"
                | b"id"
                | b"stringValue"
                | b"intValue"
        )
        .then_some(inner)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Scanner;

    #[test]
    fn a_path_may_be_nested_dotted_or_flattened() {
        for record in [
            r#"{"winlog":{"event_data":{"TaskName":"x"}}}"#,
            r#"{"winlog.event_data.TaskName":"x"}"#,
            r#"{"winlog":{"event_data.TaskName":"x"}}"#,
            r#"{"winlog_event_data_TaskName":"x"}"#,
            r#"{"WinLog":{"eventData":{"taskname":"y","Task\u004eame":"x"}}}"#,
        ] {
            let mut scanner = Scanner::default();
            let object = scanner.scan(record.as_bytes()).unwrap();
            let value = find(&object, "winlog.event_data.TaskName", &Work::unlimited()).unwrap();
            assert_eq!(value.as_str().as_deref(), Some("x"), "{record}");
            assert!(find(&object, "winlog.event_data.Task", &Work::unlimited()).is_none());
        }
    }

    #[test]
    fn wrapped_scalars_are_unwrapped() {
        for (value, wanted) in [
            (r#""x""#, Some("x")),
            ("5204", Some("5204")),
            (r##"{"#attributes":{"Qualifiers":0},"#text":"x"}"##, Some("x")),
            (r#"{"Value":{"BinaryLength":12,"Value":"S-1-5-18"}}"#, Some("S-1-5-18")),
            (r#"["x"]"#, Some("x")),
            (r#"["x","y"]"#, None),
            (r#"{"other":1}"#, None),
            ("null", None),
            ("[[[[1]]]]", None),
        ] {
            assert_eq!(text(Value::new(value.as_bytes()), &Work::unlimited()).as_deref(), wanted, "{value}");
        }
    }

    #[test]
    fn very_long_strings_are_read_in_part() {
        for (unit, wanted) in [("a", STRING), ("\\n", STRING / 2)] {
            let long = format!("\"{}\"", unit.repeat(STRING));
            let read = text(Value::new(long.as_bytes()), &Work::unlimited()).unwrap();
            assert_eq!(read.chars().count(), wanted, "{unit}");
        }
    }
}
