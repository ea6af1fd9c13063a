//! Inputs that no healthy shipper sends.

use crate::inputs::samples::{Sample, Shape};

/// A name for messages, and the bytes.
pub type Input = (&'static str, Vec<u8>);

/// Every hostile input, small and large.
pub fn inputs() -> Vec<Input> {
    let mut inputs = not_json();
    inputs.extend(large());
    inputs.extend(halves());
    inputs.extend(wrong_types());
    inputs
}

/// Texts that are not one JSON object.
pub fn not_json() -> Vec<Input> {
    let text = |name, text: &str| (name, text.as_bytes().to_vec());
    vec![
        text("empty", ""),
        text("blank", " \n"),
        text("words", "not JSON at all"),
        text("array", "[1,2]"),
        text("string", "\"text\""),
        text("two objects", r#"{"a":1}{"b":2}"#),
        text("junk behind", r#"{"a":1} x"#),
        text("trailing comma", r#"{"a":1,}"#),
        text("not a number", r#"{"a":nan,"b":-inf,"c":[inf]}"#),
        text("extension type", r#"{"t":"\x4f\xffffff8f"}"#),
        text("number as key", r#"{1:2,"a":{true:3}}"#),
        text("bad escape", r#"{"a":"\q"}"#),
        text("open string", r#"{"a":"b"#),
        text("only a brace", "{"),
        text("raw control character", "{\"a\":\"x\ny\tz\"}"),
        ("invalid UTF-8", b"{\"a\":\"\xff\xfe\xc3\"}".to_vec()),
        ("invalid UTF-8 in a key", b"{\"\xff\":1}".to_vec()),
        (
            "Latin-1 task",
            b"{\"EventID\":4698,\"TaskName\":\"\\\\\xe4\",\"TaskContent\":\"<Task>\xe4</Task>\"}".to_vec(),
        ),
        ("bytes", (1..=255).collect()),
    ]
}

/// Records that are far too big or deep.
pub fn large() -> Vec<Input> {
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{{\"a\":{}1{}}}", open.repeat(depth), close.repeat(depth))
    };
    let task = |content: &str| {
        Sample { content: content.to_owned(), ..Sample::new(4698, "", "") }.record(Shape::Flat).into_bytes()
    };
    vec![
        ("5 MB string", format!(r#"{{"log":"{}"}}"#, "x".repeat(5 << 20)).into_bytes()),
        ("5 MB of escapes", format!(r#"{{"log":"{}"}}"#, r"\u0041".repeat(900_000)).into_bytes()),
        ("10,000 arrays deep", nested("[", "]", 10_000).into_bytes()),
        ("10,000 objects deep", nested("{\"a\":", "}", 10_000).into_bytes()),
        ("100,000 deep and open", "{\"a\":".repeat(100_000).into_bytes()),
        ("50,000 members", format!("{{{}\"z\":1}}", "\"k\":1,".repeat(50_000)).into_bytes()),
        ("5 MB task", task(&format!("<Task>{}</Task>", "<Exec><Command>a</Command></Exec>".repeat(150_000)))),
        ("task 100,000 elements deep", task(&"<a>".repeat(100_000))),
        ("task with 100,000 attributes", task(&format!("<Task {}/>", "a=\"b\" ".repeat(100_000)))),
        (
            "billion laughs",
            task(&format!(
                "<!DOCTYPE t [<!ENTITY a \"{}\"><!ENTITY b \"{}\">]><Task><Actions><Exec><Command>{}</Command></Exec></Actions></Task>",
                "lol".repeat(1000),
                "&a;".repeat(1000),
                "&b;".repeat(1000)
            )),
        ),
        (
            "a megabyte of base64",
            Sample::new(4698, "powershell.exe", &format!("-enc {}", "QQBBAEEA".repeat(131_072)))
                .record(Shape::Winevtlog)
                .into_bytes(),
        ),
        (
            "a megabyte of carets and quotes",
            Sample::new(4702, "cmd.exe", &format!("/c {}", "^\"&%a%".repeat(150_000)))
                .record(Shape::Winlog)
                .into_bytes(),
        ),
    ]
}

/// Records that were cut off.
pub fn halves() -> Vec<Input> {
    let record =
        Sample::new(4698, "powershell.exe", "-nop -enc SQBFAFgA").record(Shape::Winevtlog).into_bytes();
    let cut = |part: usize| record.get(..record.len() * part / 8).unwrap_or_default().to_vec();
    (1..8).map(|part| ("half a record", cut(part))).collect()
}

/// Task events with every field of a wrong type.
pub fn wrong_types() -> Vec<Input> {
    let values =
        ["null", "true", "-1", "1e9", "[]", "[[1],{}]", "{}", r#"{"a":{"b":[]}}"#, r#""""#, r#""\ud800""#];
    let mut inputs = Vec::new();
    for value in values {
        for record in [
            format!(
                r#"{{"EventID":4698,"Channel":{value},"Computer":{value},"SubjectUserSid":{value},"SubjectUserName":{value},"TaskName":{value},"TaskContent":{value},"host_role":{value},"ProviderName":{value}}}"#
            ),
            format!(r#"{{"EventID":4702,"StringInserts":{value},"EventData":{value},"Message":{value}}}"#),
            format!(
                r#"{{"EventID":4698,"StringInserts":[{value},{value},{value},{value},{value},{value},{value}]}}"#
            ),
            format!(r#"{{"System":{value},"EventID":"4700"}}"#),
            format!(r#"{{"winlog":{{"event_id":4701,"event_data":{value},"channel":{value}}}}}"#),
            format!(r#"{{"Event":{{"System":{{"EventID":4698,"Computer":{value}}},"EventData":{value}}}}}"#),
            format!(r#"{{"EventID":{value}}}"#),
        ] {
            inputs.push(("wrong types", record.into_bytes()));
        }
    }
    inputs
}
