//! Is this one JSON object?
//!
//! Every record of a stream passes through here, and nearly all leave unchanged, so this is where the
//! filter's time goes.
use super::levels::Levels;
use super::scan_string::string;
use super::{Member, Object};
use std::borrow::Cow;

/// Members that a [`Scanner`] keeps room for from one record to the next.
const KEPT_MEMBERS: usize = 4096;
/// Members that there is room for from the start, where that is asked for.
const ROOM: usize = 512;

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
    /// A scanner that holds from the start what it needs for records of ordinary form, so that it reads them
    /// even where memory has run out.
    pub fn with_room() -> Self {
        Self { members: Vec::with_capacity(ROOM), levels: Levels::with_room() }
    }

    /// Checks that `text` is one JSON object, with nothing but white space around it, and remembers its
    /// members.
    ///
    /// Where memory does not suffice for all members, the object [says so](Object::is_complete).
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
            // Shrinking would end the program where memory has run out.
            self.members = Vec::new();
            let _ = self.members.try_reserve_exact(KEPT_MEMBERS);
        }
        if u32::try_from(text.len()).is_err() {
            return Err(Invalid { at: 0, expected: "less than 4 GiB" });
        }
        let mut scan = Scan {
            text,
            members: &mut self.members,
            levels: &mut self.levels,
            escaped_keys: false,
            forgotten: false,
        };
        match scan.document() {
            Ok(()) => {
                let (escaped_keys, forgotten) = (scan.escaped_keys, scan.forgotten);
                let object = Object::new(text, Cow::Borrowed(&self.members), escaped_keys);
                Ok(if forgotten { object.incomplete() } else { object })
            }
            Err(stop) => Err(first_error(text, stop)),
        }
    }
}

/// The error where the scan stopped, or that a byte before it is not UTF-8, which is noticed at the end of
/// its string.
#[cold]
fn first_error(text: &[u8], stop: Stop<'_>) -> Invalid {
    let at = text.len().saturating_sub(stop.rest.len());
    match std::str::from_utf8(text.get(..at).unwrap_or(text)) {
        Ok(_) => Invalid { at, expected: stop.expected.words() },
        Err(error) => Invalid { at: error.valid_up_to(), expected: Expected::Utf8.words() },
    }
}

/// Where and why a scan ends early.
pub(super) struct Stop<'a> {
    /// From the first byte that does not fit.
    pub(super) rest: &'a [u8],
    pub(super) expected: Expected,
}

/// What was expected.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expected {
    Object,
    Key,
    Colon,
    Value,
    CommaOrBrace,
    CommaOrBracket,
    End,
    Quote,
    NoControl,
    Escape,
    Utf8,
    Digit,
    LessNesting,
}

impl Expected {
    const fn words(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Key => "a key",
            Self::Colon => "a colon",
            Self::Value => "a value",
            Self::CommaOrBrace => "a comma or a closing brace",
            Self::CommaOrBracket => "a comma or a closing bracket",
            Self::End => "the end",
            Self::Quote => "a closing quote",
            Self::NoControl => "no raw control character in a string",
            Self::Escape => "a valid escape",
            Self::Utf8 => "UTF-8",
            Self::Digit => "a digit",
            Self::LessNesting => "less nesting",
        }
    }
}

/// One pass over one text. The steps take and return what is left of the text, and are inlined into one
/// loop: so its state stays in registers, where an interpreter is fastest.
struct Scan<'a, 's> {
    text: &'a [u8],
    members: &'s mut Vec<Member>,
    levels: &'s mut Levels,
    /// Whether a key of the top level has an escape.
    escaped_keys: bool,
    /// Whether there was no memory to remember some member.
    forgotten: bool,
}

/// What is left of the text behind something.
pub(super) type Rest<'a> = Result<&'a [u8], Stop<'a>>;

impl<'a> Scan<'a, '_> {
    fn document(&mut self) -> Result<(), Stop<'a>> {
        let mut rest = blanks(self.text);
        if rest.first() != Some(&b'{') {
            return Err(Stop { rest, expected: Expected::Object });
        }
        // Whether a key is next.
        let mut key = false;
        // The member of the top level whose value is being read.
        let mut member = NO_MEMBER;
        loop {
            rest = blanks(rest);
            let Some((&first, after)) = rest.split_first() else {
                return Err(Stop { rest, expected: if key { Expected::Key } else { Expected::Value } });
            };
            if first == b'"' {
                let (end, escapes) = string::<true>(after)?;
                if key {
                    rest = colon(end)?;
                    if self.levels.depth() == 1 {
                        self.escaped_keys |= escapes;
                        member = Member {
                            key_start: self.offset(after),
                            key_end: self.offset(end).wrapping_sub(1),
                            value_start: self.offset(rest),
                            value_end: 0,
                        };
                    }
                    key = false;
                    continue;
                }
                rest = end;
            } else if key {
                return Err(Stop { rest, expected: Expected::Key });
            } else if first == b'{' || first == b'[' {
                let object = first == b'{';
                if !self.levels.push(object) {
                    return Err(Stop { rest, expected: Expected::LessNesting });
                }
                rest = blanks(after);
                // In ASCII, a closing bracket comes two after its opening one.
                if rest.first() != Some(&first.wrapping_add(2)) {
                    key = object;
                    continue;
                }
            } else if matches!(first, b'-' | b'0'..=b'9') {
                rest = number(rest)?;
            } else {
                rest = literal(rest)?;
            }
            // A value has ended, and with it any number of levels.
            loop {
                if self.levels.depth() == 1 && member.key_start > 0 {
                    if self.members.len() == self.members.capacity() && self.members.try_reserve(1).is_err() {
                        self.forgotten = true;
                    } else {
                        self.members.push(Member { value_end: self.offset(rest), ..member });
                    }
                }
                rest = blanks(rest);
                key = self.levels.in_object();
                match rest.split_first() {
                    Some((b',', after)) => {
                        rest = after;
                        break;
                    }
                    Some((b'}', after)) if key => rest = after,
                    Some((b']', after)) if !key => rest = after,
                    _ if key => return Err(Stop { rest, expected: Expected::CommaOrBrace }),
                    _ => return Err(Stop { rest, expected: Expected::CommaOrBracket }),
                }
                self.levels.pop();
                if self.levels.depth() == 0 {
                    rest = blanks(rest);
                    return if rest.is_empty() {
                        Ok(())
                    } else {
                        Err(Stop { rest, expected: Expected::End })
                    };
                }
            }
        }
    }

    /// Where in the text `rest` begins.
    fn offset(&self, rest: &[u8]) -> u32 {
        self.text.len().wrapping_sub(rest.len()) as u32
    }
}

/// Stands for a member before there is one. No key begins where the object does.
const NO_MEMBER: Member = Member { key_start: 0, key_end: 0, value_start: 0, value_end: 0 };

/// Behind white space, of which hosts write none.
#[inline(always)]
fn blanks(rest: &[u8]) -> &[u8] {
    match rest.first() {
        Some(0..=b' ') => skip_blanks(rest),
        _ => rest,
    }
}

#[cold]
#[inline(never)]
fn skip_blanks(mut rest: &[u8]) -> &[u8] {
    while let Some((b' ' | b'\t' | b'\n' | b'\r', after)) = rest.split_first() {
        rest = after;
    }
    rest
}

/// Behind a colon and the white space around it.
#[inline(always)]
fn colon(rest: &[u8]) -> Rest<'_> {
    let rest = blanks(rest);
    match rest.split_first() {
        Some((b':', after)) => Ok(blanks(after)),
        _ => Err(Stop { rest, expected: Expected::Colon }),
    }
}

#[inline(always)]
fn literal(rest: &[u8]) -> Rest<'_> {
    let after = match rest.first() {
        Some(b't') => rest.strip_prefix(b"true"),
        Some(b'f') => rest.strip_prefix(b"false"),
        Some(b'n') => rest.strip_prefix(b"null"),
        _ => None,
    };
    after.ok_or(Stop { rest, expected: Expected::Value })
}

#[inline(always)]
fn number(rest: &[u8]) -> Rest<'_> {
    let rest = rest.strip_prefix(b"-").unwrap_or(rest);
    let mut rest = match rest.split_first() {
        Some((b'0', after)) => after,
        _ => digits(rest)?,
    };
    if let Some((b'.', after)) = rest.split_first() {
        rest = digits(after)?;
    }
    if let Some((b'e' | b'E', after)) = rest.split_first() {
        rest = match after.split_first() {
            Some((b'+' | b'-', after)) => digits(after)?,
            _ => digits(after)?,
        };
    }
    Ok(rest)
}

/// Behind one or more digits.
#[inline(always)]
fn digits(rest: &[u8]) -> Rest<'_> {
    let mut after = rest;
    while let Some((b'0'..=b'9', more)) = after.split_first() {
        after = more;
    }
    if after.len() == rest.len() { Err(Stop { rest, expected: Expected::Digit }) } else { Ok(after) }
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
    #[rustfmt::skip]
    fn accepts_values_of_the_grammar() {
        for value in [
            "0", "-0", "1", "-1", "10", "0.0", "-0.1", "1.5e3", "1E+2", "1e-2", "0e0", "0E0",
            "123456789012345678901234567890", "1e400", "true", "false", "null", "\"\"", "\"a\"",
            r#""\"\\\/\b\f\n\r\t""#, r#""\u0041\uabCD""#, r#""\ud83d\ude00""#, r#""\ud800""#,
            r#""\udc00\ud800""#, "\"\u{7f}\"", "\"\u{80}\"", "\"é€😀\"", "\"\u{ffff}\u{10ffff}\u{feff}\"",
            "[]", "[ ]", "{}", "{ }", "[1]", "[1,2]", "[ 1 , 2 ]", "[[],{},\"\",null]", "{\"a\":1}",
            "{\"a\":{\"b\":[{\"c\":1}]}}", "{\"\":0}", "{\"a\":1,\"a\":2}", " \t\n\r1 \t\n\r",
            "\"12345678\"", "\"1234567\\n\"", "\"/*c*/ ' \"",
        ] {
            let text = format!("{{\"a\":{value}}}");
            assert_eq!(scan(&text), Ok(()), "{text}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn rejects_values_outside_the_grammar() {
        for value in [
            "", "+1", "-", "01", "-01", "00", "1.", ".5", "1.e1", "1e", "1e+", "1ee1", "0x1", "1_0", "--1",
            "- 1", "1 2", "nan", "NaN", "-nan", "inf", "-Infinity", "True", "tru", "truex", "nul", "nulll",
            "undefined", "'a'", "a", "\"", "\"a", "\"\\\"", "\"\\\\\\\"", "\"\\q\"", "\"\\x41\"", "\"\\u\"",
            "\"\\u12\"", "\"\\u123g\"", "\"\\u 123\"", "\"\\U0041\"", "\"\n\"", "\"\t\"", "\"\0\"",
            "\"\u{1f}\"", "\"1234567\u{1f}\"", "\"12345678\u{1}\"", "[", "]", "[1", "[1,", "[1,]", "[,1]",
            "[,]", "[1,,2]", "[1 2]", "[1}", "[1:2]", "[\"a\":1]", "{", "}", "{1:2}", "{a:1}", "{\"a\"}",
            "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\":1 \"b\":2}", "{\"a\" 1}", "{\"a\",1}", "{\"a\":1]",
            "{true:1}", "{{}:1}", "1//c", "1/*c*/", "\u{a0}1", "\u{feff}1", "1\u{c}", "1\u{0}", "\u{b}1",
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
            ("{\"a\":\"\\x41\"}", 7, "a valid escape"),
            ("{\"a\":\"\\u00g0\"}", 10, "a valid escape"),
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
}
