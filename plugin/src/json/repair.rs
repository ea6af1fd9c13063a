//! Mends records that a host's JSON writer is known to break.
//!
//! Fluent Bit turns msgpack into JSON for a filter (`msgpack2json` in `src/flb_pack.c`), and msgpack can
//! say what JSON cannot: extension values come out as `"\x4f\xffffff8f"`, numbers as `nan` or `-inf`, keys
//! that are not strings without quotes. Returned like that, its own parser would reject the record and the
//! filter would lose it.
use super::Scanner;
use super::defects::{Defects, NOT_MENDED};
use super::edit::{NotWritten, reserve};
use super::levels::Levels;
use super::mender::{Mender, Stop};
use super::text::{lossy_len, write_lossy};
use std::borrow::Cow;

/// The result of a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// The defects, in words, for the note in the tag.
    pub what: Cow<'static, str>,
    /// True if the record's structure survived; otherwise its text stands as one string in a new object.
    pub structure_kept: bool,
}

/// Appends to `out` one valid JSON object made of `text`, which is not one.
///
/// Mended is what a host is known to break: `\x` escapes, bytes and control characters that a string may
/// not hold, `nan` and `inf` (they become `null`), and keys that are not strings. Where that does not make
/// an object of it, the text is [wrapped](wrap). The result has at most `6 * text.len() + 10` bytes.
///
/// # Errors
/// [`NotWritten::OutOfMemory`], with `out` as it was.
pub fn repair(out: &mut Vec<u8>, text: &[u8]) -> Result<Repaired, NotWritten> {
    let start = out.len();
    // Mending leaves the first sign as it is, and only a brace begins an object.
    if !text.trim_ascii_start().starts_with(b"{") {
        wrap(out, text)?;
        return Ok(Repaired { what: Cow::Borrowed(NOT_MENDED), structure_kept: false });
    }
    let mut mender = Mender { rest: text, out, levels: Levels::default(), defects: Defects::default() };
    let outcome = mender.run();
    let what = mender.defects.describe();
    match outcome {
        Ok(()) if Scanner::default().scan(out.get(start..).unwrap_or_default()).is_ok() => {
            Ok(Repaired { what: Cow::Owned(what), structure_kept: true })
        }
        Ok(()) | Err(Stop::TooDeep) => {
            out.truncate(start);
            wrap(out, text)?;
            Ok(Repaired { what: Cow::Borrowed(NOT_MENDED), structure_kept: false })
        }
        Err(Stop::OutOfMemory) => {
            out.truncate(start);
            Err(NotWritten::OutOfMemory)
        }
    }
}

/// Appends to `out` the object `{"log":"…"}` with all of `text` as a string, under the key that Fluent Bit
/// itself gives to unstructured text. Bytes that are not UTF-8 become U+FFFD. At most
/// `6 * text.len() + 10` bytes.
///
/// # Errors
/// [`NotWritten::OutOfMemory`], with `out` as it was.
pub fn wrap(out: &mut Vec<u8>, text: &[u8]) -> Result<(), NotWritten> {
    reserve(out, lossy_len(text).saturating_add(10))?;
    out.extend_from_slice(b"{\"log\":\"");
    write_lossy(out, text);
    out.extend_from_slice(b"\"}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::is_description;

    fn repaired(text: impl AsRef<[u8]>) -> (String, Repaired) {
        let text = text.as_ref();
        let mut out = b"before".to_vec();
        let repaired = repair(&mut out, text).unwrap();
        let out = String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned();
        Scanner::default().scan(out.as_bytes()).unwrap();
        assert!(out.len() <= 6 * text.len() + 10, "{out}");
        (out, repaired)
    }

    #[test]
    fn what_a_host_breaks_is_mended() {
        for (text, expected, what) in [
            (&br#"{"a":nan}"#[..], r#"{"a":null}"#, "1 value that JSON has no word for (nan, inf)"),
            (
                br#"{"a":-nan,"b":[inf,-inf,1],"c":-nan(ind)}"#,
                r#"{"a":null,"b":[null,null,1],"c":null}"#,
                "4 values that JSON has no word for (nan, inf)",
            ),
            (
                br#"{"a":NaN,"b":-Infinity}"#,
                r#"{"a":null,"b":null}"#,
                "2 values that JSON has no word for (nan, inf)",
            ),
            (br#"{"t":"\x4f\xffffff8f\x00"}"#, r#"{"t":"\u004f\u008f\u0000"}"#, "3 \\x escapes"),
            (br#"{"t":"\xff"}"#, r#"{"t":"\u00ff"}"#, "1 \\x escape"),
            (br#"{"t":"\x41b"}"#, r#"{"t":"\u0041b"}"#, "1 \\x escape"),
            (br#"{1:"a",-2.5:3}"#, r#"{"1":"a","-2.5":3}"#, "2 keys that were not strings"),
            (
                br#"{true:1,null:2,nan:3,"x":{false:{}}}"#,
                r#"{"true":1,"null":2,"nan":3,"x":{"false":{}}}"#,
                "4 keys that were not strings",
            ),
            (
                br#"{[1,"a]"]:2,{"b":{"c":1}}:3,{}:4}"#,
                r#"{"[1,\"a]\"]":2,"{\"b\":{\"c\":1}}":3,"{}":4}"#,
                "3 keys that were not strings",
            ),
            (b"{\"\\x01\\xffffff80\":1}", r#"{"\u0001\u0080":1}"#, "2 \\x escapes"),
            (b"{\"a\":\"b\0c\x1f\n\"}", r#"{"a":"b\u0000c\u001f\n"}"#, "3 raw control characters in strings"),
            (
                b"{\"a\":\"\xff\xc3\xa9\xe2\x82\",\"\x80\":1}",
                "{\"a\":\"\u{fffd}é\u{fffd}\",\"\u{fffd}\":1}",
                "3 sequences of bytes that are not UTF-8",
            ),
            (br#"{"a":"\q\u12\x4"}"#, r#"{"a":"\\q\\u12\\x4"}"#, "3 other invalid escapes"),
            (
                b"{\"a\":\"\\\n\"}",
                r#"{"a":"\\\n"}"#,
                "1 other invalid escape; 1 raw control character in a string",
            ),
            (
                b"{1:nan,\"e\":\"\\x01\", \"ok\" : [ true , -1.50e+2 , \"\\u00e9\\/\" ] }\n",
                "{\"1\":null,\"e\":\"\\u0001\", \"ok\" : [ true , -1.50e+2 , \"\\u00e9\\/\" ] }\n",
                "1 value that JSON has no word for (nan, inf); 1 key that was not a string; 1 \\x escape",
            ),
        ] {
            let (out, repaired) = repaired(text);
            assert_eq!(out, expected, "{}", text.escape_ascii());
            assert_eq!((&*repaired.what, repaired.structure_kept), (what, true), "{}", text.escape_ascii());
            assert!(is_description(what), "{what}");
        }
    }

    #[test]
    fn what_no_host_breaks_so_is_kept_as_text() {
        for (text, log) in [
            (&b""[..], ""),
            (b" ", " "),
            (b"plain text", "plain text"),
            (b"[1]", "[1]"),
            (b"{\"a\":1", "{\"a\":1"),
            (b"{\"a\":1,}", "{\"a\":1,}"),
            (b"{\"a\":1,,\"b\":2}", "{\"a\":1,,\"b\":2}"),
            (b"{\"a\":1}{\"b\":2}", "{\"a\":1}{\"b\":2}"),
            (b"{\"a\":1} x", "{\"a\":1} x"),
            (b"{a:1}", "{a:1}"),
            (b"{\"a\":nan", "{\"a\":nan"),
            (b"{\"a\":\"\\", "{\"a\":\"\\"),
            (b"{[1:2}", "{[1:2}"),
            (b"nan", "nan"),
            (b"\xff\x00\x7f\"", "\u{fffd}\0\u{7f}\""),
        ] {
            let (out, repaired) = repaired(text);
            assert!(!repaired.structure_kept, "{out}");
            let value: serde_json::Value = serde_json::from_str(&out).unwrap();
            assert_eq!(value, serde_json::json!({ "log": log }));
        }
        assert_eq!(repaired("").0, r#"{"log":""}"#);
    }

    #[test]
    fn deep_text_takes_no_stack() {
        let nested = |levels: usize| format!("{{\"a\":{}nan{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(repaired(nested(10_000)).1.structure_kept);
        assert!(!repaired(nested(65_536)).1.structure_kept);
        assert!(!repaired("[".repeat(200_000)).1.structure_kept);
        // A container as a key is text, however deep.
        let key = format!("{{{}{}:1}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(repaired(key).1.structure_kept);
    }

    #[test]
    fn long_strings_are_mended_in_place() {
        let text = format!("{{\"a\":\"{}\\x07\"}}", "x".repeat(5_000_000));
        let (out, repaired) = repaired(&text);
        assert_eq!(out, text.replace("\\x07", "\\u0007"));
        assert!(repaired.structure_kept);
    }
}
