//! Tests the values that a loop goes through.

use super::*;

fn head_of(text: &str) -> Option<(Kind, String, Option<char>, String, String)> {
    let mut lexer = Lexer::new(text);
    head(&mut lexer).map(|head| (head.kind, head.options, head.variable, head.set, lexer.rest().to_owned()))
}

#[test]
fn heads() {
    for (text, kind, options, variable, set, body) in [
        (" %i in (a \"b,c\",d) do x", Kind::Words, "", Some('i'), "a \"b,c\" d", " x"),
        (",/l;%%i in (3,-1,1)do x", Kind::Counter, "", Some('i'), "3 -1 1", " x"),
        (
            "/f\"tokens=2\" %^9 ^in ('a^|b ^^c d^=e')Do(x)",
            Kind::Lines,
            "tokens=2",
            Some('9'),
            "'a|b ^c d=e'",
            "(x)",
        ),
        ("/f %a in ('dir (x)') do (x)", Kind::Lines, "", Some('a'), "'dir (x)'", " (x)"),
        ("/r C:\\x %i in (*) do x", Kind::Files, "C:\\x", Some('i'), "*", " x"),
        (" nonsense do x", Kind::Words, "", None, "", "x"),
    ] {
        let expected = (kind, options.to_owned(), variable, set.to_owned(), body.to_owned());
        assert_eq!(head_of(text), Some(expected), "{text}");
    }
    assert_eq!(head_of(" %i in (a b"), None);
}

fn all(mut values: Values) -> Vec<Vec<String>> {
    let text = |value| match value {
        Value::Known(text) => text,
        Value::Unknown(origin) => format!("?{origin}"),
    };
    std::iter::from_fn(|| values.next())
        .map(|round| round.into_iter().map(text).collect())
        .take(20_000)
        .collect()
}

#[test]
fn rounds() {
    assert_eq!(all(words("a \"b c\" *.txt", false)), [["a"], ["\"b c\""], ["?"]]);
    assert_eq!(all(counter("3 -1 1").unwrap()), [["3"], ["2"], ["1"]]);
    assert_eq!(all(counter("+1 0x2 5").unwrap()), [["1"], ["3"], ["5"]]);
    assert_eq!(all(counter("0 0 9").unwrap()), [["0"]]);
    assert!(counter("a 1 2").is_none());
}

#[test]
fn lines_by_their_options() {
    for (options, line, parts) in [
        ("", "one two", vec!["one"]),
        ("tokens=1,3*", "k l m n o", vec!["k", "m", "n o"]),
        ("tokens=2-3", "k l m n o", vec!["l", "m"]),
        ("delims=s\\ tokens=2", "as\\b\\c", vec!["b"]),
        ("  tokens=  2delims=g8", "agb8c", vec!["b"]),
        ("tokens= +1 delims==", "a=b", vec!["a"]),
        ("delims=", " a b", vec![" a b"]),
        ("tokens=*", " a b ", vec!["a b "]),
        ("TOKENS=1 DELIMS=, ", "a b", vec!["a"]),
        ("usebackq tokens=1* delims=:", "a:b:c", vec!["a", "b:c"]),
        ("tokens=1,2", "a", vec!["a", ""]),
    ] {
        assert_eq!(all(lines(line, options, None)), [parts], "{options}");
    }
    assert_eq!(all(lines("a\r\n;b\n\nc", "skip=1", None)), [["c"]]);
    assert_eq!(all(lines("", "tokens=1,2", Some(&Rc::from("finger u@h")))), [["?finger u@h", "?finger u@h"]]);
    assert_eq!(source("`a`", "usebackq"), Source::Command("a"));
    assert_eq!(source("'a'", "usebackq"), Source::Text("a"));
    assert_eq!(source(" x.txt ", ""), Source::File("x.txt"));
}
