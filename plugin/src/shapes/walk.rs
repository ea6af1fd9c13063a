//! Looking into the record: by path, and member by member without collecting them.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::key;
use crate::json::{Kind, Object, Value};

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
            if let Some(rest) = key::strip(path, &key::plain(name))
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
            _ => return value.as_text(),
        };
    }
    None
}

/// The value that an object merely wraps.
pub(super) fn wrapped(value: Value<'_>) -> Option<Value<'_>> {
    members(value).take(16).find_map(|(name, inner)| {
        matches!(
            name,
            b"#text" | b"_text" | b"text" | b"$" | b"Value" | b"value" | b"id" | b"stringValue" | b"intValue"
        )
        .then_some(inner)
    })
}

/// The members of an object, in order and only as far as they are asked for; none for any other value.
/// Nothing is collected, so the question asked of every record allocates nothing.
pub(super) fn members(value: Value<'_>) -> Members<'_> {
    Members { rest: value.bytes().strip_prefix(b"{").unwrap_or_default() }
}

/// See [`members`].
#[derive(Debug, Clone)]
pub(super) struct Members<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let quote = self.rest.iter().position(|&byte| byte == b'"')?;
        let from_key = self.rest.get(quote..)?;
        let (quoted, rest) = from_key.split_at_checked(string_length(from_key)?)?;
        let name = quoted.get(1..quoted.len().checked_sub(1)?)?;
        let colon = memchr(b':', rest)?;
        let rest = rest.get(colon.checked_add(1)?..)?.trim_ascii_start();
        let (bytes, rest) = rest.split_at_checked(value_length(rest)?)?;
        self.rest = rest;
        Some((name, Value::new(bytes)))
    }
}

/// The length of the string that `text` begins with, quotes included.
fn string_length(text: &[u8]) -> Option<usize> {
    let mut at = 1_usize;
    loop {
        let found = at.checked_add(memchr2(b'"', b'\\', text.get(at..)?)?)?;
        let next = found.checked_add(1)?;
        if text.get(found) == Some(&b'"') {
            return Some(next);
        }
        at = next.checked_add(1)?;
    }
}

/// The length of the value that `text` begins with.
fn value_length(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => string_length(text),
        b'{' | b'[' => {
            let mut depth = 0_usize;
            let mut at = 0_usize;
            loop {
                match text.get(at)? {
                    b'"' => at = at.checked_add(string_length(text.get(at..)?)?)?,
                    b'{' | b'[' => {
                        depth = depth.checked_add(1)?;
                        at = at.checked_add(1)?;
                    }
                    b'}' | b']' => {
                        depth = depth.checked_sub(1)?;
                        at = at.checked_add(1)?;
                        if depth == 0 {
                            return Some(at);
                        }
                    }
                    _ => at = at.checked_add(1)?,
                }
            }
        }
        _ => text.iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Scanner;

    #[test]
    fn members_are_walked_in_order() {
        let value = Value::new(br#"{ "a" : "x\"}" , "b":{"c":[1,"]"]},"d":-1.5e3 , "e" : null}"#);
        let seen: Vec<_> = members(value).map(|(name, value)| (name, value.bytes())).collect();
        let wanted: [(&[u8], &[u8]); 4] =
            [(b"a", br#""x\"}""#), (b"b", br#"{"c":[1,"]"]}"#), (b"d", b"-1.5e3"), (b"e", b"null")];
        assert_eq!(seen, wanted);
        assert_eq!(members(Value::new(b"{}")).count(), 0);
        assert_eq!(members(Value::new(br#"["a"]"#)).count(), 0);
    }

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
}
