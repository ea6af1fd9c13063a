//! Mends records that a host's JSON writer is known to break.
//!
//! Fluent Bit turns msgpack into JSON for a filter (`msgpack2json` in `src/flb_pack.c`), and msgpack can
//! say what JSON cannot: extension values come out as `"\x4f\xffffff8f"`, numbers as `nan` or `-inf`, keys
//! that are not strings without quotes. Returned like that, its own parser would reject the record and the
//! filter would lose it.
use super::Scanner;
use super::edit::{NotWritten, reserve};
use super::levels::Levels;
use super::text::{escape_len, hex4, write_byte_escape, write_escape, write_inside};
use super::walk::container_len;
use std::borrow::Cow;
use std::fmt::Write as _;

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

/// Returns how many bytes [`write_lossy`] appends.
fn lossy_len(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().fold(0, |sum, chunk| {
        let valid = chunk.valid().bytes().map(escape_len).fold(0, usize::saturating_add);
        let invalid = if chunk.invalid().is_empty() { 0 } else { REPLACEMENT.len() };
        sum.saturating_add(valid).saturating_add(invalid)
    })
}

/// Appends bytes as the inside of a string.
fn write_lossy(out: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        write_inside(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice(REPLACEMENT);
        }
    }
}

/// U+FFFD in UTF-8.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// Counts each kind of defect.
#[derive(Debug, Default)]
struct Defects {
    byte_escapes: u32,
    other_escapes: u32,
    controls: u32,
    not_utf8: u32,
    not_numbers: u32,
    keys: u32,
}

/// The names of the defects that are counted, singular and plural.
const DEFECTS: [(&str, &str); 6] = [
    ("value that JSON has no word for (nan, inf)", "values that JSON has no word for (nan, inf)"),
    ("key that was not a string", "keys that were not strings"),
    ("\\x escape", "\\x escapes"),
    ("other invalid escape", "other invalid escapes"),
    ("raw control character in a string", "raw control characters in strings"),
    ("sequence of bytes that is not UTF-8", "sequences of bytes that are not UTF-8"),
];

/// The message for a record whose text was kept as one string.
const NOT_MENDED: &str = "the record is not a JSON object, and not in a way that could be mended";

/// Returns whether a text is one of those that [`Repaired::what`] can be, apart from the order of its parts.
pub fn is_description(text: &str) -> bool {
    // The longest has all parts and the highest counts.
    text == NOT_MENDED
        || text.len() <= 512
            && text.split("; ").all(|part| {
                part.split_once(' ').is_some_and(|(count, what)| {
                    count.len() <= 10
                        && !count.is_empty()
                        && count.bytes().all(|byte| byte.is_ascii_digit())
                        && DEFECTS.iter().any(|(one, many)| what == *one || what == *many)
                })
            })
}

impl Defects {
    /// Them in words: counts and what is counted, joined by semicolons.
    fn describe(&self) -> String {
        let mut text = String::new();
        let counts = [
            self.not_numbers,
            self.keys,
            self.byte_escapes,
            self.other_escapes,
            self.controls,
            self.not_utf8,
        ];
        for (count, (one, many)) in counts.into_iter().zip(DEFECTS) {
            if count == 0 {
                continue;
            }
            let separator = if text.is_empty() { "" } else { "; " };
            // Writing to a string cannot fail.
            let _ = write!(text, "{separator}{count} {}", if count == 1 { one } else { many });
        }
        text
    }
}

fn count(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

/// Why mending ended early.
enum Stop {
    TooDeep,
    OutOfMemory,
}

impl From<NotWritten> for Stop {
    fn from(_: NotWritten) -> Self {
        Self::OutOfMemory
    }
}

/// Copies a text and mends it on the way, without a view on whether the result is valid.
struct Mender<'a, 'o> {
    rest: &'a [u8],
    out: &'o mut Vec<u8>,
    levels: Levels,
    defects: Defects,
}

impl<'a> Mender<'a, '_> {
    fn run(&mut self) -> Result<(), Stop> {
        let mut at_key = false;
        while let Some(&byte) = self.rest.first() {
            match byte {
                b'"' => {
                    self.string()?;
                    at_key = false;
                }
                b'{' | b'[' if at_key => {
                    let len = container_len(self.rest);
                    self.key(len)?;
                    at_key = false;
                }
                b'{' | b'[' => {
                    if !self.levels.push(byte == b'{') {
                        return Err(Stop::TooDeep);
                    }
                    self.copy(1)?;
                    at_key = byte == b'{';
                }
                b'}' | b']' => {
                    self.levels.pop();
                    self.copy(1)?;
                    at_key = false;
                }
                b',' => {
                    self.copy(1)?;
                    at_key = self.levels.in_object();
                }
                b':' | b' ' | b'\t' | b'\n' | b'\r' => self.copy(1)?,
                _ => {
                    self.word(at_key)?;
                    at_key = false;
                }
            }
        }
        Ok(())
    }

    /// Takes the next `len` bytes.
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        reserve(self.out, bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn copy(&mut self, len: usize) -> Result<(), Stop> {
        let bytes = self.take(len);
        self.write(bytes)
    }

    /// A number, a literal or what stands in place of one.
    fn word(&mut self, at_key: bool) -> Result<(), Stop> {
        let ends =
            |byte: &u8| *byte <= b' ' || matches!(byte, b'"' | b',' | b':' | b'[' | b']' | b'{' | b'}');
        // At least one byte, so that this always moves on.
        let len = self.rest.iter().position(ends).unwrap_or(self.rest.len()).max(1);
        let word = self.rest.get(..len).unwrap_or_default();
        if at_key && is_scalar(word) {
            return self.key(len);
        }
        if is_not_a_number(word) {
            count(&mut self.defects.not_numbers);
            self.take(len);
            return self.write(b"null");
        }
        self.copy(len)
    }

    /// Makes a string of the next `len` bytes.
    fn key(&mut self, len: usize) -> Result<(), Stop> {
        count(&mut self.defects.keys);
        let key = self.take(len);
        reserve(self.out, lossy_len(key).saturating_add(2))?;
        self.out.push(b'"');
        write_lossy(self.out, key);
        self.out.push(b'"');
        Ok(())
    }

    /// Writes a string, from its opening quote past its closing one or to the end.
    fn string(&mut self) -> Result<(), Stop> {
        self.copy(1)?;
        loop {
            let plain =
                self.rest.iter().position(|byte| !matches!(byte, 0x20..0x80) || matches!(byte, b'"' | b'\\'));
            self.copy(plain.unwrap_or(self.rest.len()))?;
            match self.rest.first() {
                None => return Ok(()),
                Some(b'"') => return self.copy(1),
                Some(b'\\') => self.escape()?,
                Some(&byte) if byte < 0x20 => {
                    count(&mut self.defects.controls);
                    self.take(1);
                    reserve(self.out, 6)?;
                    write_escape(self.out, byte);
                }
                Some(_) => self.not_ascii()?,
            }
        }
    }

    /// A run of bytes that are not ASCII.
    fn not_ascii(&mut self) -> Result<(), Stop> {
        let len = self.rest.iter().position(u8::is_ascii).unwrap_or(self.rest.len());
        for chunk in self.take(len).utf8_chunks() {
            self.write(chunk.valid().as_bytes())?;
            if !chunk.invalid().is_empty() {
                count(&mut self.defects.not_utf8);
                self.write(REPLACEMENT)?;
            }
        }
        Ok(())
    }

    /// An escape or what stands in place of one, from its backslash.
    fn escape(&mut self) -> Result<(), Stop> {
        match self.rest.get(1..).unwrap_or_default() {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.copy(2),
            [b'u', digits @ ..] if hex4(digits).is_some() => self.copy(6),
            [b'x', digits @ ..] if let Some((byte, len)) = byte_escape(digits) => {
                count(&mut self.defects.byte_escapes);
                self.take(len.saturating_add(2));
                reserve(self.out, 6)?;
                write_byte_escape(self.out, byte);
                Ok(())
            }
            _ => {
                // A backslash that escapes nothing means itself.
                count(&mut self.defects.other_escapes);
                self.take(1);
                self.write(b"\\\\")
            }
        }
    }
}

/// The byte of a `\x` escape and how many digits it has: two, or eight where the host printed a negative
/// `char` (`\xffffff8f`).
fn byte_escape(digits: &[u8]) -> Option<(u8, usize)> {
    if let Some(byte) = digits.strip_prefix(b"ffffff").and_then(hex2) {
        return Some((byte, 8));
    }
    Some((hex2(digits)?, 2))
}

/// The value of the two hexadecimal digits that a text begins with.
fn hex2(text: &[u8]) -> Option<u8> {
    let (&[high, low], _) = text.split_first_chunk::<2>()?;
    let value = char::from(high).to_digit(16)? << 4 | char::from(low).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Returns whether C's `printf` writes a number so that is none: `nan`, `-nan`, `inf`, `-inf`, and with Microsoft's
/// runtime `-nan(ind)` and `nan(snan)`.
fn is_not_a_number(word: &[u8]) -> bool {
    let word = word.strip_prefix(b"-").unwrap_or(word);
    matches!(word, b"nan" | b"inf" | b"nan(ind)" | b"nan(snan)")
        || [&b"nan"[..], b"inf", b"infinity"].iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// Returns whether a key without quotes is what the host writes for a number, a boolean or nil.
fn is_scalar(word: &[u8]) -> bool {
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    let number = digits.first().is_some_and(u8::is_ascii_digit)
        && digits
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    number || matches!(word, b"true" | b"false" | b"null") || is_not_a_number(word)
}

#[cfg(test)]
mod tests {
    use super::*;

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
