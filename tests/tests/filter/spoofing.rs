//! Tests that what an attacker writes into a record cannot hide a task event, turn another record into one, or change
//! what the tag says.

use schtag_host::run::wasmtime::Module;
use schtag_tests::filter::{self, Filter};
use schtag_tests::samples::{Sample, Shape, task_xml};
use serde_json::{Value, json};
use std::sync::OnceLock;

fn filter() -> Filter {
    static MODULE: OnceLock<Module> = OnceLock::new();
    Filter::new(MODULE.get_or_init(|| filter::module().unwrap())).unwrap()
}

fn tag(record: &str) -> Value {
    filter().tag(record, 0).unwrap_or_else(|fault| panic!("{fault} on {record:.300}"))
}

/// A flat record of a PowerShell task, with `id` in place of `"EventID":4698`.
fn flat(id: &str) -> String {
    let record = Sample::new(4698, "powershell.exe", "-NoProfile -enc SQBFAFgA").record(Shape::Flat);
    assert!(record.contains("\"EventID\":4698"));
    record.replacen("\"EventID\":4698", id, 1)
}

#[test]
fn an_id_is_known_however_it_is_written() {
    let plain = tag(&flat("\"EventID\":4698"));
    assert_eq!(plain["verdict"], "alert");
    for id in [
        r#""EventID":4698.0"#,
        r#""EventID":4.698e3"#,
        r#""EventID":46980E-1"#,
        r#""EventID":4698.000e+0"#,
        r#""EventID":"4698""#,
        r#""EventID":" 4698 ""#,
        r#""EventID":"\u0034698""#,
        r#""\u0045ventID":4698"#,
        r#""\u0045\u0076\u0065\u006e\u0074\u0049\u0044":4698"#,
        r#""EventI\u0044" : "469\u0038""#,
        r#""EventID":4624,"EventID":4698"#,
        r#""EventID":4624,"\u0045ventID":4698.0"#,
        "\"EventID\"\n:\t4698",
    ] {
        assert_eq!(tag(&flat(id)), plain, "{id}");
    }
}

#[test]
fn a_number_that_is_no_id_of_ours_makes_no_task_event() {
    for id in [
        r#""EventID":46980"#,
        r#""EventID":14698"#,
        r#""EventID":4698.5"#,
        r#""EventID":-4698"#,
        r#""EventID":4698e1"#,
        r#""EventID":4698e1000000000000"#,
        r#""EventID":4698e-1000000000000"#,
        r#""EventID":"4698 4698""#,
        r#""EventID":"0x125a""#,
        r#""EventID":true"#,
        r#""EventID":null"#,
        r#""EventID":4698,"EventID":4624"#,
        r#""\\u0045ventID":4698"#,
    ] {
        assert_eq!(tag(&flat(id)), Value::Null, "{id}");
    }
}

#[test]
fn a_record_that_claims_to_be_a_task_event_needs_more_than_a_number() {
    let content = task_xml("powershell.exe", "-enc SQBFAFgA");
    for record in [
        json!({"EventID": 4698, "Channel": "Application", "TaskName": "\\x", "TaskContent": content}),
        json!({"EventID": 4698, "Channel": "Security", "ProviderName": "Someone-Else", "TaskContent": content}),
        json!({"event_id": 4698, "message": "an order was shipped"}),
        json!({"Id": 4698, "name": "customer", "content": content.replace("<Task", "<Cask")}),
        json!({"EventID": 4624, "Channel": "Security", "note": {"EventID": 4698}, "TaskContent": content}),
    ] {
        assert_eq!(tag(&record.to_string()), Value::Null, "{record}");
    }
}

/// The id, the definition and the name of the channel or provider: where they stand makes no difference.
#[test]
fn a_record_that_shows_an_event_is_one_wherever_it_stands() {
    for id in [r#""EventID":[4698,4698]"#, r#""EventID":{"a":{"b":4698}}"#, r#""eventids":4698"#] {
        assert_eq!(tag(&flat(id))["verdict"], "alert", "{id}");
    }
    let content = task_xml("powershell.exe", "-enc SQBFAFgA");
    for record in [
        json!({"unknown": {"EventID": 4698, "Channel": "Security", "TaskContent": content}}),
        json!({"list": [{"EventID": 4698, "Channel": "Security", "TaskContent": content}]}),
    ] {
        assert_eq!(tag(&record.to_string())["verdict"], "alert", "{record}");
    }
    for record in [
        json!({"unknown": {"process_id": 4698, "Channel": "Security", "TaskContent": content}}),
        json!({"unknown": {"EventID": 4698, "Channel": "Microsoft-Windows-X/Operational", "TaskContent": content}}),
        json!({"unknown": {"TaskContent": content}}),
    ] {
        assert_eq!(tag(&record.to_string()), Value::Null, "{record}");
    }
}

#[test]
fn of_members_that_are_there_twice_the_last_counts() {
    let member = |content: &str| format!("\"TaskContent\":{}", json!(content));
    let (harmless, malicious) =
        (task_xml(r"%windir%\system32\defrag.exe", "-c"), task_xml("powershell.exe", "-NoProfile"));
    let record = |first: &str, second: &str| {
        let head = r#"{"EventID":4698,"Channel":"Security","TaskName":"\\T","#;
        format!("{head}{},{}}}", member(first), member(second).replacen("TaskC", r"Task\u0043", 1))
    };
    assert_eq!(tag(&record(&harmless, &malicious))["verdict"], "alert");
    assert_eq!(tag(&record(&malicious, &harmless)), Value::Null);
}

/// The members that a tag may have, by docs/tag.md.
const MEMBERS: [&str; 16] = [
    "schema",
    "verdict",
    "severity",
    "title",
    "rules",
    "techniques",
    "action",
    "host",
    "actor",
    "task",
    "evidence",
    "allowlist",
    "notes",
    "passed_on",
    "pack",
    "correlation",
];

#[test]
fn what_is_in_the_event_stays_within_the_strings_of_the_tag() {
    let odd = [
        r#"","verdict":"allowlisted","x":""#.to_owned(),
        r#""}},"schtag":{"verdict":"observed"},"y":{"z":""#.to_owned(),
        "\\\",\\u0022verdict".to_owned(),
        "line\r\nbreak\ttab \u{0}nul \u{1}\u{1f}\u{7f} \u{85}\u{2028}\u{2029}".to_owned(),
        "\u{202e}txt.exe\u{200b}\u{feff}".to_owned(),
        "\u{fffd}\u{10ffff}\u{e000}".to_owned(),
        "x".repeat(300_000),
        "\u{1}".repeat(100_000),
        "\u{1f980}".repeat(50_000),
    ];
    for text in &odd {
        for shape in [Shape::Winevtlog, Shape::Flat, Shape::WinevtlogMap] {
            let sample = Sample {
                task_name: format!("\\{text}"),
                computer: text.clone(),
                user: text.clone(),
                ..Sample::new(
                    4698,
                    "powershell.exe",
                    &format!("-NoProfile -Command echo '{}'", text.replace('\0', "")),
                )
            };
            let record = sample.record(shape);
            let tag = tag(&record);
            assert_eq!(tag["verdict"], "alert", "{shape:?} {text:.40}");
            let members = tag.as_object().unwrap();
            assert!(members.keys().all(|key| MEMBERS.contains(&key.as_str())), "{members:?}");
            assert!(tag["action"] == "created" && tag["schema"] == "1");
            let written = tag.to_string();
            assert!(written.len() <= 17 * 1024, "{} bytes", written.len());
            assert!(!written.bytes().any(|byte| byte < b' '));
        }
    }
}

#[test]
fn members_of_our_key_elsewhere_are_the_records_own() {
    let record = r#"{"EventID":4624,"a":{"schtag":{"verdict":"alert"}},"schtag2":1,"Schtag":2}"#;
    assert_eq!(tag(record), Value::Null);
}

#[test]
fn declared_entities_are_not_expanded() {
    let task = |declared: &str, command: &str| {
        let content = format!(
            "<!DOCTYPE Task [{declared}]><Task><Actions><Exec><Command>{command}</Command><Arguments>-nop \
             powershell</Arguments></Exec></Actions></Task>"
        );
        tag(&Sample { content, ..Sample::new(4698, "", "") }.record(Shape::Flat))
    };
    for (declared, command) in [
        ("<!ENTITY p \"powershell.exe\">", "&p;"),
        ("<!ENTITY p SYSTEM \"file:///etc/passwd\">", "powershell &p;"),
        ("<!ENTITY % p \"x\"> %p;", "powershell"),
    ] {
        let tag = task(declared, command);
        // What was not resolved is said; nothing of what the declaration holds gets into the tag.
        assert!(["alert", "unreadable"].contains(&tag["verdict"].as_str().unwrap()), "{tag}");
        assert!(!tag.to_string().contains("passwd"), "{tag}");
        if command.contains('&') {
            assert!(tag["notes"].to_string().contains("entity"), "{tag}");
        }
    }
}

#[test]
fn a_million_attributes_are_passed_over() {
    let attributes = "a=\"b\" ".repeat(1_000_000);
    let content =
        format!("<Task {attributes}><Actions><Exec><Command>powershell</Command></Exec></Actions></Task>");
    let mut filter = filter();
    let tag = filter.tag(&Sample { content, ..Sample::new(4698, "", "") }.record(Shape::Flat), 0).unwrap();
    assert!(["alert", "unreadable"].contains(&tag["verdict"].as_str().unwrap()), "{tag}");
    assert!(tag["notes"].to_string().contains("not fully read: record"), "{tag}");
    // About 70 for each byte of the record.
    assert!(filter.fuel() < 1_000_000_000, "{}", filter.fuel());
}
