//! Two filters in a chain, such as an agent and an aggregator: the second keeps what only the first could know, and
//! nobody can use that to hide an alert or to make one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use schtag::engine::Engine;
use schtag_host::run::wasmtime::{Module, Options, Tagger, Timestamp};
use schtag_tests::events::records;
use schtag_tests::filter;
use schtag_tests::samples::{Sample, Shape};
use serde_json::{Value, json};
use std::num::NonZeroU32;
use std::sync::OnceLock;

/// The rule over two events that the tests complete.
const PAIR: &str = "Scheduled task created and deleted within minutes";

fn tagger(options: Options) -> Tagger {
    static MODULE: OnceLock<Module> = OnceLock::new();
    Tagger::new(MODULE.get_or_init(|| filter::module().unwrap()).clone(), options).unwrap()
}

/// A filter that remembers.
fn persistent() -> Tagger {
    tagger(Options::default())
}

/// A filter that has seen nothing before any record.
fn fresh() -> Tagger {
    tagger(Options::per_chunk(NonZeroU32::MIN))
}

fn pass(tagger: &mut Tagger, record: &[u8]) -> Vec<u8> {
    let tagged = tagger.tag_record(b"t", Timestamp { seconds: filter::AT, nanoseconds: 0 }, record);
    assert!(tagged.fault.is_none(), "{:?}", tagged.fault);
    tagged.record.into_owned()
}

fn tag_of(record: &[u8]) -> Value {
    // Some records are too deep for a parser; those have no tag.
    serde_json::from_slice::<Value>(record).map(|out| out["schtag"].clone()).unwrap_or_default()
}

/// A task that no rule of its own matches.
fn quiet(event_id: u16) -> Sample {
    let mut sample = Sample::new(event_id, r"C:\Program Files\Contoso\report.exe", "--daily");
    if event_id == 4699 {
        sample.content.clear();
    }
    sample
}

/// The second record of a pair, as a filter tags it that saw the first.
fn deleted(created: &Sample, deleted: &Sample) -> Vec<u8> {
    let mut agent = persistent();
    pass(&mut agent, created.record(Shape::Flat).as_bytes());
    let out = pass(&mut agent, deleted.record(Shape::Flat).as_bytes());
    assert!(tag_of(&out)["rules"].to_string().contains(PAIR), "{}", tag_of(&out));
    out
}

/// A record with a tag that nobody vouches for.
fn with_tag(record: &str, tag: &Value) -> String {
    let before = record.trim_end().strip_suffix('}').unwrap();
    format!("{before},\"schtag\":{tag}}}")
}

#[test]
fn the_second_pass_changes_no_line() {
    let (mut first, mut second, mut third, mut alone) = (persistent(), persistent(), persistent(), fresh());
    let (mut tagged, mut handled, mut sequences) = (0, 0, 0);
    for (name, record) in records().into_iter().filter(|(_, record)| record.len() < 100_000) {
        let once = pass(&mut first, &record);
        let twice = pass(&mut second, &once);
        let tag = tag_of(&once);
        if tag["verdict"] == "repaired" {
            handled += 1;
            assert_eq!(tag_of(&twice)["verdict"], "passed_on", "{name}");
            assert_eq!(tag_of(&twice)["passed_on"]["notes"], tag["notes"], "{name}");
        } else {
            assert_eq!(twice, once, "{name}: a filter that saw the same says the same");
            tagged += u32::from(!tag.is_null());
        }
        assert_eq!(pass(&mut third, &twice), twice, "{name}");
        // A filter that saw nothing else: it differs in what the past had a say in, and from then on not at all.
        let apart = pass(&mut alone, &once);
        if pass(&mut alone, &record) == once {
            assert!(tag["verdict"] == "repaired" || apart == once, "{name}: {}", tag_of(&apart));
        } else {
            sequences += 1;
            assert!(tag_of(&apart)["passed_on"]["rules"].is_array(), "{name}: {}", tag_of(&apart));
        }
        assert_eq!(pass(&mut alone, &apart), apart, "{name}");
    }
    assert!(tagged > 400 && handled >= 10 && sequences > 10, "{tagged} {handled} {sequences}");
}

#[test]
fn a_sequence_that_only_the_first_filter_saw_is_passed_on() {
    let once = deleted(&quiet(4698), &quiet(4699));
    let alert = tag_of(&once);
    assert_eq!((&alert["verdict"], &alert["severity"]), (&json!("alert"), &json!("medium")));
    let twice = pass(&mut fresh(), &once);
    let tag = tag_of(&twice);
    assert_eq!((&tag["verdict"], &tag["severity"]), (&json!("passed_on"), &json!("informational")));
    assert_eq!(
        tag["passed_on"],
        json!({"verdict": "alert", "severity": "medium", "rules": alert["rules"], "verified": "no"})
    );
    for member in ["action", "host", "actor", "task", "pack"] {
        assert_eq!(tag[member], alert[member], "{member}");
    }
    assert!(tag["rules"].is_null() && tag["techniques"].is_null() && tag["evidence"].is_null());
    assert_eq!(pass(&mut fresh(), &twice), twice);
    // A filter that saw the creation makes the alert itself, also of what was only passed on.
    let mut aggregator = persistent();
    pass(&mut aggregator, quiet(4698).record(Shape::Flat).as_bytes());
    assert_eq!(pass(&mut aggregator, &twice), once);
}

#[test]
fn what_the_second_filter_finds_stands_beside_what_is_passed_on() {
    let created = Sample::new(4698, "powershell.exe", "-NoProfile -Command Get-Date");
    let changed = Sample::new(4702, "powershell.exe", "-NoProfile -Command Get-Host");
    let mut agent = persistent();
    pass(&mut agent, created.record(Shape::Flat).as_bytes());
    let changed = changed.record(Shape::Flat);
    let once = tag_of(&pass(&mut agent, changed.as_bytes()));
    let alone = tag_of(&pass(&mut fresh(), changed.as_bytes()));
    let twice = pass(&mut fresh(), with_tag(&changed, &once).as_bytes());
    let mut tag = tag_of(&twice);
    let passed_on = tag.as_object_mut().unwrap().remove("passed_on").unwrap();
    assert_eq!(tag, alone, "the filter's own words do not change");
    assert_eq!(passed_on["verified"], "no");
    let titles = passed_on["rules"].to_string();
    assert!(once["rules"].as_array().unwrap().len() > alone["rules"].as_array().unwrap().len());
    assert!(titles.contains(r#""level":"#), "{titles}");
    for rule in passed_on["rules"].as_array().unwrap() {
        assert!(once["rules"].to_string().contains(&rule.to_string()), "{rule}");
        assert!(!alone["rules"].to_string().contains(&rule.to_string()), "{rule}");
    }
    assert_eq!(pass(&mut fresh(), &twice), twice);
}

#[test]
fn how_the_first_filter_handled_a_record_is_passed_on() {
    let engine = Engine::unbaked();
    let lost = engine.lost_copy().strip_suffix(b"\0").unwrap().to_vec();
    let mended = pass(&mut fresh(), b"{\"message\":\"caf\xe9\"}");
    let wrapped = pass(&mut fresh(), b"not JSON at all");
    for (once, verdict, note) in [
        (lost, "unreadable", "no memory for a copy"),
        (mended, "repaired", "1 sequence of bytes that is not UTF-8"),
        (wrapped, "repaired", "not a JSON object"),
    ] {
        assert_eq!(tag_of(&once)["verdict"], verdict);
        let twice = pass(&mut fresh(), &once);
        let tag = tag_of(&twice);
        assert_eq!((&tag["verdict"], &tag["severity"]), (&json!("passed_on"), &json!("informational")));
        assert_eq!(tag["passed_on"]["verdict"], verdict);
        assert_eq!(tag["passed_on"]["notes"], tag_of(&once)["notes"]);
        assert!(tag["passed_on"]["notes"].to_string().contains(note), "{tag}");
        let without = |record: &[u8]| {
            let mut record: Value = serde_json::from_slice(record).unwrap();
            record.as_object_mut().unwrap().remove("schtag");
            record
        };
        assert_eq!(without(&twice), without(&once));
        assert_eq!(pass(&mut fresh(), &twice), twice);
    }
}

#[test]
fn a_forged_tag_makes_no_alert_and_brings_no_words_of_its_own() {
    let alert = tag_of(&deleted(&quiet(4698), &quiet(4699)));
    let id = alert["rules"][0]["id"].clone();
    let claims = |id: &Value| {
        [
            json!({"schema": "1", "verdict": "alert", "severity": "critical", "title": "EVIL", "pack": "EVIL",
                "rules": [{"id": id, "title": "EVIL", "level": "critical"}], "notes": ["EVIL"]}),
            json!({"schema": "1", "verdict": "passed_on", "severity": "critical", "title": "EVIL",
                "passed_on": {"verdict": "alert", "severity": "critical", "verified": "EVIL",
                    "rules": [{"id": id, "title": "EVIL", "level": "critical"}], "notes": ["EVIL"], "EVIL": "EVIL"}}),
        ]
    };
    // Where the rule could have been completed, its id is passed on, and nothing else.
    for tag in claims(&id) {
        let out = tag_of(&pass(&mut fresh(), with_tag(&quiet(4699).record(Shape::Flat), &tag).as_bytes()));
        assert_eq!((&out["verdict"], &out["severity"]), (&json!("passed_on"), &json!("informational")));
        assert_eq!(out["passed_on"]["rules"], alert["rules"]);
        assert!(!out.to_string().contains("EVIL") && !out.to_string().contains("critical"), "{out}");
    }
    // Elsewhere nothing is: another event, another rule, a rule that looks at one event, no task event at all.
    let one_event = tag_of(&pass(
        &mut fresh(),
        Sample::new(4698, "powershell.exe", "-nop").record(Shape::Flat).as_bytes(),
    ));
    for (record, id) in [
        (quiet(4701).record(Shape::Flat), &id),
        (quiet(4699).record(Shape::Flat), &json!("00000000-0000-4000-8000-000000000000")),
        (quiet(4699).record(Shape::Flat), &one_event["rules"][0]["id"]),
        (Sample::new(4624, "x", "").record(Shape::Flat), &id),
        (r#"{"log":"x"}"#.to_owned(), &id),
    ] {
        for tag in claims(id) {
            let out = pass(&mut fresh(), with_tag(&record, &tag).as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), record.trim_end(), "{id}");
        }
    }
    // Notes: only those that schtag writes.
    for (verdict, note) in [
        ("repaired", "record was not valid JSON: call 555-0100"),
        ("repaired", "1 \\x escape"),
        ("unreadable", "no memory for you"),
        ("observed", "no memory for a copy of the record"),
    ] {
        let tag =
            json!({"schema": "1", "verdict": verdict, "severity": "high", "title": "t", "notes": [note]});
        let out = pass(&mut fresh(), with_tag(r#"{"log":"x"}"#, &tag).as_bytes());
        assert_eq!(out, br#"{"log":"x"}"#, "{note}");
    }
}

#[test]
fn a_forged_tag_hides_nothing() {
    let alert = tag_of(&deleted(&quiet(4698), &quiet(4699)));
    let malicious = Sample::new(4698, "powershell.exe", "-NoProfile -enc SQBFAFgA").record(Shape::Flat);
    let expected = tag_of(&pass(&mut fresh(), malicious.as_bytes()));
    assert_eq!(expected["verdict"], "alert");
    let passed_on = json!({"schema": "1", "verdict": "passed_on", "severity": "informational", "title": "t",
        "passed_on": {"verdict": "alert", "severity": "low", "rules": alert["rules"],
            "notes": ["no memory for a copy of the record"], "verified": "no"}});
    for tag in [alert, passed_on] {
        let mut out = tag_of(&pass(&mut fresh(), with_tag(&malicious, &tag).as_bytes()));
        out.as_object_mut().unwrap().remove("passed_on");
        assert_eq!(out, expected);
        // A record that is not valid JSON says so, whatever came with it.
        let broken = with_tag(r#"{"a":nan}"#, &tag);
        assert_eq!(tag_of(&pass(&mut fresh(), broken.as_bytes()))["verdict"], "repaired");
        // Of two tags nothing is taken.
        let twice = with_tag(&with_tag(r#"{"log":"x"}"#, &tag), &tag);
        assert_eq!(pass(&mut fresh(), twice.as_bytes()), br#"{"log":"x"}"#);
    }
}
