//! Looking into a record by path, with keys in whatever spelling.

use std::borrow::Cow;

use super::key;
use crate::json::{self, Kind, Object, Value};

/// How much of a string is read, in bytes as written. Even if all of it is escapes, what is left is longer than
/// the content that is kept, so that a cut is noted there.
const STRING: usize = 2 * 1024 * 1024;

/// How many levels a path is followed down.
const DEPTH: usize = 5;

/// The value at a path of words joined by dots, each compared as [`key`] compares. One key may spell several
/// words (`{"winlog.channel": …}`); the key that spells the most of them is followed, and of several that
/// spell the same the last.
pub(super) fn find<'a>(record: &Object<'a>, path: &str) -> Option<Value<'a>> {
    let mut path = path.as_bytes();
    let mut inner: Object<'a>;
    let mut object = record;
    for _ in 0..DEPTH {
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
        inner = value.as_object()?;
        object = &inner;
    }
    None
}

/// The text of a scalar, also where a converter wrapped it: `{"#text": …}` (XML to JSON), `{"Value": …}`
/// (PowerShell, Velociraptor), `{"stringValue": …}` (OTLP), or an array of one (Elasticsearch's `fields`).
pub(super) fn text(mut value: Value<'_>) -> Option<Cow<'_, str>> {
    // A SID of Get-WinEvent is wrapped twice.
    for _ in 0..3 {
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
            Kind::String => return string(value),
            _ => return value.as_text(),
        };
    }
    None
}

/// The text of a string, of a very long one its beginning.
pub(super) fn string(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value.bytes().get(1..STRING) {
        Some(start) if value.kind() == Kind::String => Some(json::unescape(start)),
        _ => value.as_str(),
    }
}

/// The value that an object merely wraps.
pub(super) fn wrapped(value: Value<'_>) -> Option<Value<'_>> {
    value.members().take(16).find_map(|(name, inner)| {
        matches!(
            name,
            b"#text" | b"_text" | b"text" | b"$" | b"Value" | b"value" | b"id" | b"stringValue" | b"intValue"
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
            let value = find(&object, "winlog.event_data.TaskName").unwrap();
            assert_eq!(value.as_str().as_deref(), Some("x"), "{record}");
            assert!(find(&object, "winlog.event_data.Task").is_none());
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
            assert_eq!(text(Value::new(value.as_bytes())).as_deref(), wanted, "{value}");
        }
    }

    #[test]
    fn very_long_strings_are_read_in_part() {
        for (unit, wanted) in [("a", STRING - 1), ("\\n", STRING / 2)] {
            let long = format!("\"{}\"", unit.repeat(STRING));
            let read = text(Value::new(long.as_bytes())).unwrap();
            assert_eq!(read.chars().count(), wanted, "{unit}");
        }
    }
}
