//! Edits of one object that copy every other byte as it is.
use super::text::escape_len;
use super::{Member, Object, write_string};
use memchr::{memchr, memrchr};
use std::fmt;

/// Why nothing was written. The output is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWritten {
    /// Memory did not suffice for the result.
    OutOfMemory,
    /// The text to edit does not end with a brace, so it is not what a [`Scanner`](super::Scanner) accepts.
    NotAnObject,
}

impl fmt::Display for NotWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfMemory => "not enough memory for the record",
            Self::NotAnObject => "the record to edit is not a JSON object",
        })
    }
}

impl std::error::Error for NotWritten {}

/// Makes room for `more` bytes, so that writing them cannot fail.
pub(super) fn reserve(out: &mut Vec<u8>, more: usize) -> Result<(), NotWritten> {
    out.try_reserve(more).map_err(|_| NotWritten::OutOfMemory)
}

/// Appends to `out` the object `text` with one more member before its last brace. `value` must be valid
/// JSON; it is copied as it is. What is after the brace, such as a line end, stays there.
///
/// # Errors
/// [`NotWritten`], with `out` as it was.
pub fn append_member(out: &mut Vec<u8>, text: &[u8], key: &str, value: &[u8]) -> Result<(), NotWritten> {
    let (before, after) =
        memrchr(b'}', text).and_then(|brace| text.split_at_checked(brace)).ok_or(NotWritten::NotAnObject)?;
    // No value ends with an opening brace, so this one is the object's own.
    let empty = before.trim_ascii_end().ends_with(b"{");
    let written_key = key.bytes().map(escape_len).fold(0, usize::saturating_add);
    let added = written_key.saturating_add(value.len()).saturating_add(4); // `,"":`
    reserve(out, text.len().saturating_add(added))?;
    out.extend_from_slice(before);
    if !empty {
        out.push(b',');
    }
    write_string(out, key);
    out.push(b':');
    out.extend_from_slice(value);
    out.extend_from_slice(after);
    Ok(())
}

/// Appends to `out` the object without its members whose key, unescaped, is `key`. False, and `out` as it
/// was, when it has none.
///
/// With each member go one comma beside it and the white space between the two; all else stays, so this
/// undoes [`append_member`].
///
/// # Errors
/// [`NotWritten::OutOfMemory`], with `out` as it was.
pub fn remove_members(out: &mut Vec<u8>, object: &Object<'_>, key: &str) -> Result<bool, NotWritten> {
    let members = object.members();
    if !members.iter().any(|member| object.has_key(*member, key)) {
        return Ok(false);
    }
    let text = object.text();
    reserve(out, text.len())?;
    let mut copied = 0;
    let mut last_kept: Option<usize> = None;
    for (index, &member) in members.iter().enumerate() {
        if !object.has_key(member, key) {
            last_kept = Some(index);
            continue;
        }
        let (start, end) = if last_kept.is_some() {
            let previous = index.checked_sub(1).and_then(|index| members.get(index));
            (previous.map_or(copied, |previous| comma_after(text, *previous)), member.value_end as usize)
        } else {
            let end = match members.get(index.saturating_add(1)) {
                Some(_) => comma_after(text, member).saturating_add(1),
                None => member.value_end as usize,
            };
            ((member.key_start as usize).saturating_sub(1), end)
        };
        // Between a removed member and the next one there may be nothing to copy, or white space.
        out.extend_from_slice(text.get(copied..start).unwrap_or_default());
        copied = end;
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    Ok(true)
}

/// Returns the offset of the comma after a member that is not the last.
fn comma_after(text: &[u8], member: Member) -> usize {
    let end = member.value_end as usize;
    let rest = text.get(end..).unwrap_or_default();
    end.saturating_add(memchr(b',', rest).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Scanner;

    fn append(text: &str, key: &str, value: &str) -> String {
        let mut out = b"before".to_vec();
        append_member(&mut out, text.as_bytes(), key, value.as_bytes()).unwrap();
        Scanner::default().scan(&out[6..]).unwrap();
        String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
    }

    fn remove(text: &str, key: &str) -> Option<String> {
        let mut scanner = Scanner::default();
        let mut out = b"before".to_vec();
        let object = scanner.scan(text.as_bytes()).unwrap();
        if !remove_members(&mut out, &object, key).unwrap() {
            assert_eq!(out, b"before");
            return None;
        }
        Scanner::default().scan(&out[6..]).unwrap();
        Some(String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned())
    }

    #[test]
    fn the_member_goes_before_the_last_brace() {
        for (text, expected) in [
            ("{}", r#"{"k":1}"#),
            ("{ }", r#"{ "k":1}"#),
            (" {\n} \n", " {\n\"k\":1} \n"),
            (r#"{"a":1}"#, r#"{"a":1,"k":1}"#),
            ("{\"a\":{}\n}\r\n", "{\"a\":{}\n,\"k\":1}\r\n"),
            (r#"{"a":"}{"}"#, r#"{"a":"}{","k":1}"#),
            (r#"{"a":[{}]}"#, r#"{"a":[{}],"k":1}"#),
        ] {
            assert_eq!(append(text, "k", "1"), expected);
        }
        assert_eq!(append("{}", "a\"\\\n\0é", "[null]"), "{\"a\\\"\\\\\\n\\u0000é\":[null]}");
    }

    #[test]
    fn a_text_without_a_brace_is_refused() {
        for text in ["", "[]", "{", "null"] {
            let mut out = b"before".to_vec();
            assert_eq!(append_member(&mut out, text.as_bytes(), "k", b"1"), Err(NotWritten::NotAnObject));
            assert_eq!(out, b"before");
        }
    }

    #[test]
    fn exactly_the_commas_that_must_go_go() {
        for (text, expected) in [
            (r#"{"k":1}"#, "{}"),
            (r#"{ "k" : 1 }"#, "{  }"),
            (r#"{"k":1,"a":2}"#, r#"{"a":2}"#),
            (r#"{ "k":1 , "a":2 }"#, r#"{  "a":2 }"#),
            (r#"{"a":2,"k":1}"#, r#"{"a":2}"#),
            (r#"{ "a":2 , "k":1 }"#, r#"{ "a":2  }"#),
            (r#"{"a":1,"k":2,"b":3}"#, r#"{"a":1,"b":3}"#),
            (r#"{"a":1, "k":2, "b":3}"#, r#"{"a":1, "b":3}"#),
            // Several, together and apart.
            (r#"{"k":1,"k":2}"#, "{}"),
            (r#"{"k":1,"k":2,"a":3}"#, r#"{"a":3}"#),
            (r#"{"a":3,"k":1,"k":2}"#, r#"{"a":3}"#),
            (r#"{"k":1,"a":3,"k":2,"k":[4,5],"b":6,"k":{"k":7}}"#, r#"{"a":3,"b":6}"#),
            // Nested members of that name stay, and escaped names are names.
            (r#"{"a":{"k":1},"k":2}"#, r#"{"a":{"k":1}}"#),
            (r#"{"\u006b":1,"a":"k,k"}"#, r#"{"a":"k,k"}"#),
            ("{\"k\":1}\n", "{}\n"),
        ] {
            assert_eq!(remove(text, "k").as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn an_object_without_the_member_is_left_alone() {
        for text in ["{}", r#"{"a":1}"#, r#"{"a":{"k":1}}"#, r#"{"K":1,"kk":2,"\\u006b":3}"#] {
            assert_eq!(remove(text, "k"), None, "{text}");
        }
    }

    #[test]
    fn a_member_of_a_nested_object_can_be_removed_too() {
        let object = crate::json::Value::new(br#"{"a":1,"k":2}"#).as_object().unwrap();
        let mut out = Vec::new();
        assert_eq!(remove_members(&mut out, &object, "k"), Ok(true));
        assert_eq!(out, br#"{"a":1}"#);
    }
}
