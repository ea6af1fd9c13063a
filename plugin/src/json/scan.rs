//! Is this one JSON object?
//!
//! Every record of a stream passes through here, and nearly all leave unchanged, so this is where the
//! filter's time goes. Strings are most of a record: they are read eight bytes at a time. UTF-8 is
//! checked in one go at the end, and only where a byte is not ASCII.
use super::levels::Levels;
use super::{Member, Object};
use std::borrow::Cow;

/// Members that a [`Scanner`] keeps room for from one record to the next.
const KEPT_MEMBERS: usize = 4096;

/// Why a text is not one JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// Byte offset of the first byte that does not fit; the text's length where it ends too early.
    pub at: usize,
    /// What was expected there, in words.
    pub expected: &'static str,
}

/// A validator that keeps its memory from one record to the next.
///
/// The memory is 16 bytes for each top-level member of the record, which is at most 3.2 times the
/// record's length; of more than 4,096 members it is given back with the next record.
#[derive(Debug, Default)]
pub struct Scanner {
    members: Vec<Member>,
    levels: Levels,
}

impl Scanner {
    /// Checks that `text` is one JSON object, with nothing but white space around it, and remembers its
    /// members.
    ///
    /// This is RFC 8259 to the letter: escapes of lone surrogates (`"\ud800"`) and duplicate keys pass,
    /// a byte order mark does not. Its own limits are 65,536 levels of nesting and 4 GiB.
    ///
    /// # Errors
    /// [`Invalid`] says what was expected where.
    pub fn scan<'a>(&'a mut self, text: &'a [u8]) -> Result<Object<'a>, Invalid> {
        self.levels.clear();
        self.members.clear();
        if self.members.capacity() > KEPT_MEMBERS {
            self.members.shrink_to(KEPT_MEMBERS);
        }
        if u32::try_from(text.len()).is_err() {
            return Err(Invalid { at: 0, expected: "less than 4 GiB" });
        }
        let mut scan = Scan {
            text,
            at: 0,
            members: &mut self.members,
            levels: &mut self.levels,
            seen: 0,
            escapes: false,
            escaped_keys: false,
        };
        if let Err(expected) = scan.document() {
            let at = scan.at;
            return Err(earlier_utf8_error(text, at).unwrap_or(Invalid { at, expected }));
        }
        let (seen, escaped_keys) = (scan.seen, scan.escaped_keys);
        if seen & HIGH != 0
            && let Some(invalid) = earlier_utf8_error(text, text.len())
        {
            return Err(invalid);
        }
        Ok(Object::new(text, Cow::Borrowed(&self.members), escaped_keys))
    }
}

/// The first byte before `end` that is not UTF-8.
#[cold]
fn earlier_utf8_error(text: &[u8], end: usize) -> Option<Invalid> {
    let error = std::str::from_utf8(text.get(..end)?).err()?;
    Some(Invalid { at: error.valid_up_to(), expected: "UTF-8" })
}

/// What was expected.
type Expected = &'static str;

/// One pass over one text.
struct Scan<'a, 's> {
    text: &'a [u8],
    /// The next byte; after an error, the one that does not fit.
    at: usize,
    members: &'s mut Vec<Member>,
    levels: &'s mut Levels,
    /// All bytes of strings, or-ed: tells whether any was not ASCII.
    seen: u64,
    /// Whether a string had an escape since this was last cleared.
    escapes: bool,
    /// Whether a key of the top level has an escape.
    escaped_keys: bool,
}

impl Scan<'_, '_> {
    fn document(&mut self) -> Result<(), Expected> {
        self.blanks();
        if self.peek() != Some(b'{') {
            return Err("an object");
        }
        loop {
            if self.levels.in_object() {
                self.key()?;
            }
            match self.peek() {
                Some(b'"') => self.string()?,
                Some(b'{') => {
                    self.open(true)?;
                    if self.peek() != Some(b'}') {
                        continue;
                    }
                }
                Some(b'[') => {
                    self.open(false)?;
                    if self.peek() != Some(b']') {
                        continue;
                    }
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal(b"true")?,
                Some(b'f') => self.literal(b"false")?,
                Some(b'n') => self.literal(b"null")?,
                _ => return Err("a value"),
            }
            if self.after_value()? {
                break;
            }
        }
        self.blanks();
        if self.at == self.text.len() { Ok(()) } else { Err("the end") }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn step(&mut self) {
        // Never wraps: offsets stay below the length, which is below 4 GiB.
        self.at = self.at.wrapping_add(1);
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.step();
        }
    }

    fn open(&mut self, object: bool) -> Result<(), Expected> {
        if !self.levels.push(object) {
            return Err("less nesting");
        }
        self.step();
        self.blanks();
        Ok(())
    }

    /// A key, its colon and the blanks around it; a member begins.
    fn key(&mut self) -> Result<(), Expected> {
        if self.peek() != Some(b'"') {
            return Err("a key");
        }
        let quote = self.at;
        self.escapes = false;
        self.string()?;
        let end = self.at;
        self.blanks();
        if self.peek() != Some(b':') {
            return Err("a colon");
        }
        self.step();
        self.blanks();
        if self.levels.depth() == 1 {
            self.escaped_keys |= self.escapes;
            if self.members.len() == self.members.capacity() && self.members.try_reserve(1).is_err() {
                return Err("fewer members than memory has room for");
            }
            self.members.push(Member {
                key_start: quote.wrapping_add(1) as u32,
                key_end: end.wrapping_sub(1) as u32,
                value_start: self.at as u32,
                value_end: 0,
            });
        }
        Ok(())
    }

    /// What follows a value: closing brackets, then a comma (false) or the end of the object (true).
    fn after_value(&mut self) -> Result<bool, Expected> {
        loop {
            if self.levels.depth() == 1
                && let Some(member) = self.members.last_mut()
            {
                member.value_end = self.at as u32;
            }
            self.blanks();
            let in_object = self.levels.in_object();
            match self.peek() {
                Some(b',') => {
                    self.step();
                    self.blanks();
                    return Ok(false);
                }
                Some(b'}') if in_object => self.step(),
                Some(b']') if !in_object => self.step(),
                _ if in_object => return Err("a comma or a closing brace"),
                _ => return Err("a comma or a closing bracket"),
            }
            self.levels.pop();
            if self.levels.depth() == 0 {
                return Ok(true);
            }
        }
    }

    /// A string, from its opening quote to behind its closing one.
    fn string(&mut self) -> Result<(), Expected> {
        let mut at = self.at.wrapping_add(1);
        let mut seen = self.seen;
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let plain = if let Some(eight) = rest.first_chunk() {
                let word = u64::from_le_bytes(*eight);
                seen |= word;
                let stops = stops(word);
                if stops == 0 {
                    at = at.wrapping_add(8);
                    continue;
                }
                stops.trailing_zeros() as usize / 8
            } else {
                seen |= rest.iter().fold(0, |seen, &byte| seen | u64::from(byte));
                rest.iter().take_while(|&&byte| byte >= b' ' && byte != b'"' && byte != b'\\').count()
            };
            at = at.wrapping_add(plain);
            self.at = at;
            match self.text.get(at) {
                Some(b'"') => {
                    self.step();
                    self.seen = seen;
                    return Ok(());
                }
                Some(b'\\') => self.escapes()?,
                Some(_) => return Err("no raw control character in a string"),
                None => return Err("a closing quote"),
            }
            at = self.at;
        }
    }

    /// One or more escapes in a row, from the first backslash.
    fn escapes(&mut self) -> Result<(), Expected> {
        self.escapes = true;
        loop {
            self.step();
            match self.peek() {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.step(),
                Some(b'u') => {
                    self.step();
                    self.hex()?;
                }
                _ => return Err("an escape"),
            }
            if self.peek() != Some(b'\\') {
                return Ok(());
            }
        }
    }

    /// Four hexadecimal digits.
    fn hex(&mut self) -> Result<(), Expected> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if let Some([a, b, c, d]) = rest.first_chunk()
            && is_hex(*a) & is_hex(*b) & is_hex(*c) & is_hex(*d)
        {
            self.at = self.at.wrapping_add(4);
            return Ok(());
        }
        self.at = self.at.wrapping_add(rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count());
        Err("four hexadecimal digits")
    }

    fn number(&mut self) -> Result<(), Expected> {
        if self.peek() == Some(b'-') {
            self.step();
        }
        if self.peek() == Some(b'0') {
            self.step();
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.step();
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.step();
            if let Some(b'+' | b'-') = self.peek() {
                self.step();
            }
            self.digits()?;
        }
        Ok(())
    }

    /// One or more digits.
    fn digits(&mut self) -> Result<(), Expected> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.step();
        }
        if self.at == start { Err("a digit") } else { Ok(()) }
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), Expected> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at = self.at.wrapping_add(word.len());
            Ok(())
        } else {
            Err("a value")
        }
    }
}

/// One in each byte.
const ONES: u64 = u64::MAX / 255;
/// The highest bit of each byte.
const HIGH: u64 = ONES << 7;

/// The highest bit of each byte of `word` that ends a run of plain bytes in a string: a quote, a
/// backslash, a control character. Bits above the lowest one that is set may be wrong (a borrow).
const fn stops(word: u64) -> u64 {
    const BACKSLASHES: u64 = ONES * b'\\' as u64;
    // In xor with 2, a quote (0x22) stands beside the control characters: all below 0x21, and 0x20 is not.
    let quote_or_control = (word ^ (ONES << 1)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ BACKSLASHES).wrapping_sub(ONES);
    (quote_or_control | backslash) & !word & HIGH
}

/// For each byte, whether it is a hexadecimal digit.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const HEX: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0u8;
    while byte < u8::MAX {
        table[byte as usize] = byte.is_ascii_hexdigit();
        byte = byte.wrapping_add(1);
    }
    table
};

fn is_hex(byte: u8) -> bool {
    HEX.get(usize::from(byte)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::levels::MAX_DEPTH;

    fn scan(text: impl AsRef<[u8]>) -> Result<(), Invalid> {
        Scanner::default().scan(text.as_ref()).map(drop)
    }

    /// In the manner of JSONTestSuite: values as the one member of an object.
    #[test]
    fn accepts_values_of_the_grammar() {
        for value in [
            "0",
            "-0",
            "1",
            "-1",
            "10",
            "0.0",
            "-0.1",
            "1.5e3",
            "1E+2",
            "1e-2",
            "0e0",
            "0E0",
            "123456789012345678901234567890",
            "1e400",
            "true",
            "false",
            "null",
            "\"\"",
            "\"a\"",
            r#""\"\\\/\b\f\n\r\t""#,
            r#""\u0041\uabCD""#,
            r#""\ud83d\ude00""#,
            r#""\ud800""#,
            r#""\udc00\ud800""#,
            "\"\u{7f}\"",
            "\"\u{80}\"",
            "\"é€😀\"",
            "\"\u{ffff}\u{10ffff}\u{feff}\"",
            "[]",
            "[ ]",
            "{}",
            "{ }",
            "[1]",
            "[1,2]",
            "[ 1 , 2 ]",
            "[[],{},\"\",null]",
            "{\"a\":1}",
            "{\"a\":{\"b\":[{\"c\":1}]}}",
            "{\"\":0}",
            "{\"a\":1,\"a\":2}",
            " \t\n\r1 \t\n\r",
            "\"12345678\"",
            "\"1234567\\n\"",
            "\"/*c*/ ' \"",
        ] {
            let text = format!("{{\"a\":{value}}}");
            assert_eq!(scan(&text), Ok(()), "{text}");
        }
    }

    #[test]
    fn rejects_values_outside_the_grammar() {
        for value in [
            "",
            "+1",
            "-",
            "01",
            "-01",
            "00",
            "1.",
            ".5",
            "1.e1",
            "1e",
            "1e+",
            "1ee1",
            "0x1",
            "1_0",
            "--1",
            "- 1",
            "1 2",
            "nan",
            "NaN",
            "-nan",
            "inf",
            "-Infinity",
            "True",
            "tru",
            "truex",
            "nul",
            "nulll",
            "undefined",
            "'a'",
            "a",
            "\"",
            "\"a",
            "\"\\\"",
            "\"\\\\\\\"",
            "\"\\q\"",
            "\"\\x41\"",
            "\"\\u\"",
            "\"\\u12\"",
            "\"\\u123g\"",
            "\"\\u 123\"",
            "\"\\U0041\"",
            "\"\n\"",
            "\"\t\"",
            "\"\0\"",
            "\"\u{1f}\"",
            "\"1234567\u{1f}\"",
            "\"12345678\u{1}\"",
            "[",
            "]",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "[,]",
            "[1,,2]",
            "[1 2]",
            "[1}",
            "[1:2]",
            "[\"a\":1]",
            "{",
            "}",
            "{1:2}",
            "{a:1}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\":1 \"b\":2}",
            "{\"a\" 1}",
            "{\"a\",1}",
            "{\"a\":1]",
            "{true:1}",
            "{{}:1}",
            "1//c",
            "1/*c*/",
            "\u{a0}1",
            "\u{feff}1",
            "1\u{c}",
            "1\u{0}",
            "\u{b}1",
        ] {
            let text = format!("{{\"a\":{value}}}");
            assert!(scan(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_one_object_will_do() {
        for text in ["{}", " {} ", "\r\n{\t}\n", "{\"a\":1}\n"] {
            assert_eq!(scan(text), Ok(()), "{text}");
        }
        for text in [
            "",
            " ",
            "[]",
            "1",
            "\"a\"",
            "null",
            "{",
            "}",
            "{}{}",
            "{} {}",
            "{},",
            "{}]",
            "{}\0",
            "{}x",
            "\u{feff}{}",
            "{}\u{feff}",
        ] {
            assert!(scan(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_rejected_where_they_stand() {
        for (bytes, at) in [
            (&b"{\"a\":\"\xff\"}"[..], 6),
            (b"{\"a\":\"\xc3\"}", 6),
            (b"{\"a\":\"\xc0\xaf\"}", 6),
            (b"{\"a\":\"\xed\xa0\x80\"}", 6),
            (b"{\"a\":\"\xf4\x90\x80\x80\"}", 6),
            (b"{\"a\":\"12345678901\x80\"}", 17),
            (b"{\"a\xe9\":1}", 3),
            // The first of two defects is named.
            (b"{\"a\":\"\xff\",}", 6),
            (b"{\"a\":\"\xc3\xa9\xff", 8),
        ] {
            assert_eq!(scan(bytes), Err(Invalid { at, expected: "UTF-8" }), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn says_what_was_expected_where() {
        for (text, at, expected) in [
            ("", 0, "an object"),
            (" []", 1, "an object"),
            ("{", 1, "a key"),
            ("{\"a\"", 4, "a colon"),
            ("{\"a\":", 5, "a value"),
            ("{\"a\":nan}", 5, "a value"),
            ("{\"a\":\"b", 7, "a closing quote"),
            ("{\"a\":\"\\x41\"}", 7, "an escape"),
            ("{\"a\":\"\\u00g0\"}", 10, "four hexadecimal digits"),
            ("{\"a\":\"b\tc\"}", 7, "no raw control character in a string"),
            ("{\"a\":-}", 6, "a digit"),
            ("{\"a\":01}", 6, "a comma or a closing brace"),
            ("{\"a\":[1}", 7, "a comma or a closing bracket"),
            ("{\"a\":1,}", 7, "a key"),
            ("{1:2}", 1, "a key"),
            ("{} x", 3, "the end"),
        ] {
            assert_eq!(scan(text), Err(Invalid { at, expected }), "{text}");
        }
    }

    #[test]
    fn members_are_those_of_the_top_level_only() {
        let text = br#" { "a" : 1 , "b":{"x":[{"y":2}]} ,"c":[ ],"d":"}" }"#;
        let mut scanner = Scanner::default();
        let object = scanner.scan(text).unwrap();
        let members: Vec<(&[u8], &[u8])> = object.iter().map(|(key, value)| (key, value.bytes())).collect();
        let expected: [(&[u8], &[u8]); 4] =
            [(b"a", b"1"), (b"b", br#"{"x":[{"y":2}]}"#), (b"c", b"[ ]"), (b"d", b"\"}\"")];
        assert_eq!(members, expected);
    }

    #[test]
    fn nothing_of_one_record_reaches_the_next() {
        let mut scanner = Scanner::default();
        assert!(scanner.scan(b"{\"\\u0061\":1,\"b\":[[[").is_err());
        assert!(scanner.scan(b"{}").unwrap().is_empty());
        let mut many = b"{\"a\":0".to_vec();
        for _ in 0..10_000 {
            many.extend_from_slice(b",\"a\":0");
        }
        many.push(b'}');
        assert_eq!(scanner.scan(&many).unwrap().len(), 10_001);
        assert!(scanner.members.capacity() > KEPT_MEMBERS);
        assert_eq!(scanner.scan(b"{\"a\":1}").unwrap().len(), 1);
        assert!(scanner.members.capacity() <= KEPT_MEMBERS, "memory is given back");
    }

    #[test]
    fn nesting_is_bounded() {
        // The object itself is a level.
        let nested = |levels: u32, open: &str, close: &str| {
            let levels = levels as usize - 1;
            format!("{{\"a\":{}1{}}}", open.repeat(levels), close.repeat(levels))
        };
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            assert_eq!(scan(nested(10_000, open, close)), Ok(()));
            assert_eq!(scan(nested(MAX_DEPTH, open, close)), Ok(()));
            let error = scan(nested(MAX_DEPTH + 1, open, close)).unwrap_err();
            assert_eq!(error.expected, "less nesting");
        }
        assert!(scan("[".repeat(MAX_DEPTH as usize * 2)).is_err());
    }

    #[test]
    fn a_long_string_is_one_value() {
        let mut text = b"{\"a\":\"".to_vec();
        text.resize(5_000_000, b'x');
        text.extend_from_slice(b"\"}");
        let mut scanner = Scanner::default();
        assert_eq!(scanner.scan(&text).unwrap().get("a").unwrap().bytes().len(), text.len() - 6);
        text[2_500_000] = b'\n';
        assert_eq!(scanner.scan(&text).unwrap_err().at, 2_500_000);
    }

    #[test]
    fn every_byte_at_every_place_of_a_word_is_judged_alike() {
        for byte in 0..=u8::MAX {
            for place in 0..24 {
                let mut inside = [b'x'; 24];
                inside[place] = byte;
                let text = [b"{\"k\":\"", &inside[..], b"\"}"].concat();
                let expected = serde_json::from_slice::<&serde_json::value::RawValue>(&text).is_ok();
                assert_eq!(scan(&text).is_ok(), expected, "byte {byte:#x} at {place}");
            }
        }
    }
}
