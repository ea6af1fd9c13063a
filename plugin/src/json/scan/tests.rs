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
    assert_eq!(scanner.scan(b"{}").unwrap().len(), 0);
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
