//! When the host gives no more memory, a record comes back all the same: judged, or as it was with a tag that says
//! that it was not judged. Only what the host itself could not copy is lost, and that is said, too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use flate2::Compression;
use flate2::read::GzEncoder;
use schtag_host::engine::{Instance, Module, Options, Timestamp};
use schtag_properties::text::{is_key, is_object, members};
use schtag_tests::samples::{Sample, Shape, task_xml};
use schtag_tests::wasmi_host::WasmiHost;
use schtag_tests::{base64, filter};
use std::io::Read as _;

const AT: Timestamp = Timestamp { seconds: 1_772_000_000, nanoseconds: 0 };
const PAGE: usize = 64 << 10;

const NOT_JUDGED: &str = "no memory to look at the record";
const LOST: &str = "no memory for a copy of the record";

fn with_content(content: String) -> Vec<u8> {
    Sample { content, ..Sample::new(4698, "", "") }.record(Shape::Flat).into_bytes()
}

/// A script in a gzip stream that inflates to much more than is read.
fn bomb() -> String {
    let mut packed = Vec::new();
    GzEncoder::new(&vec![b'a'; 3_000_000][..], Compression::best()).read_to_end(&mut packed).unwrap();
    format!("powershell -c (GzipStream [Convert]::FromBase64String('{}'))", base64::encode(&packed))
}

fn inputs() -> Vec<(&'static str, Vec<u8>)> {
    let alert = Sample::new(4698, "powershell.exe", "-NoProfile").record(Shape::Winevtlog);
    let encoded = Sample::new(4702, "powershell.exe", "-w hidden -enc SQBFAFgAIAAoACcAYQAnACsAJwBiACcAKQA=");
    let forged = alert.replacen('{', r#"{"schtag":{"verdict":"observed"},"\u0073chtag":[1],"#, 1);
    let long = "x".repeat(3 << 20);
    let exec = |arguments: &str| task_xml("cmd.exe", &format!("/c {arguments}"));
    let actions = format!(
        "<Task><Actions>{}</Actions></Task>",
        format!("<Exec><Command>cmd</Command><Arguments>/c {}</Arguments></Exec>", bomb()).repeat(64)
    );
    vec![
        ("unrelated", Sample::new(4624, "a", "b").record(Shape::Winevtlog).into_bytes()),
        ("alert", alert.clone().into_bytes()),
        (
            "alert as event XML",
            Sample::new(4698, "powershell", "-nop").record(Shape::WinevtlogXml).into_bytes(),
        ),
        ("encoded alert", encoded.record(Shape::Winevtlog).into_bytes()),
        ("forged tags", forged.into_bytes()),
        (
            "forged tag on an unrelated record",
            br#"{"EventID":4624,"schtag":{"verdict":"alert"},"b":1}"#.to_vec(),
        ),
        ("huge unrelated record", format!(r#"{{"log":"{long}"}}"#).into_bytes()),
        ("huge record with a forged tag", format!(r#"{{"schtag":1,"log":"{long}"}}"#).into_bytes()),
        (
            "task event in a huge record",
            alert.replacen('{', &format!(r#"{{"log":"{long}","#), 1).into_bytes(),
        ),
        (
            "huge task",
            with_content(format!("<Task>{}</Task>", "<Exec><Command>a</Command></Exec>".repeat(60_000))),
        ),
        ("many members", format!("{{{}\"z\":1}}", "\"k\":1,".repeat(30_000)).into_bytes()),
        (
            "many members and a forged tag",
            format!("{{{}\"schtag\":1}}", "\"k\":1,".repeat(30_000)).into_bytes(),
        ),
        ("deep", format!("{{\"a\":{}1{}}}", "[".repeat(60_000), "]".repeat(60_000)).into_bytes()),
        ("long escaped key", format!(r#"{{"\u0045{long}":4698}}"#).into_bytes()),
        ("escaped keys", alert.replace("\"EventID\"", r#""\u0045vent\u0049D""#).into_bytes()),
        ("repairs", br#"{"a":nan,"b":"\x41",1:2}"#.to_vec()),
        ("huge repair", format!("{{\"log\":\"{}\"}}", "\\x41\n\"\u{e9}".repeat(100_000)).into_bytes()),
        ("broken task event", alert.replacen('{', r#"{"load":nan,"#, 1).into_bytes()),
        ("not JSON", b"\xff\xfe \" \\ not JSON".to_vec()),
        ("gzip bomb", with_content(exec(&bomb()))),
        ("64 gzip bombs", with_content(actions)),
        ("many commands", with_content(exec(&"powershell -c x & ".repeat(2_000)))),
        (
            "a variable that grows",
            with_content(exec(&format!("%PSModulePath:s={}% ", "s".repeat(400)).repeat(140))),
        ),
        ("cmd in cmd", with_content(exec(&"cmd /c ".repeat(5_000)))),
        ("a megabyte of arguments", with_content(exec(&"Write-Host x; ".repeat(75_000)))),
    ]
}

fn others(record: &[u8]) -> Vec<(String, String)> {
    members(record).into_iter().filter(|(key, _)| !is_key(key, "schtag")).collect()
}

/// What became of a record, and whether that is as it must be.
#[derive(Debug, PartialEq)]
enum Fate {
    Judged,
    Marked,
    Lost,
}

fn fate(name: &str, record: &[u8], reply: &[u8], expected: &[u8]) -> Fate {
    if reply == expected {
        return Fate::Judged;
    }
    assert!(is_object(reply), "{name}");
    let tags: Vec<String> =
        members(reply).into_iter().filter(|(key, _)| is_key(key, "schtag")).map(|(_, tag)| tag).collect();
    assert_eq!(tags.len(), 1, "{name}: {tags:?}");
    assert!(tags[0].contains(r#""verdict":"unreadable""#), "{name}: {tags:?}");
    if tags[0].contains(LOST) {
        assert_eq!(members(reply).len(), 1, "{name}");
        return Fate::Lost;
    }
    assert!(tags[0].contains(NOT_JUDGED), "{name}: {tags:?}");
    if is_object(record) {
        assert_eq!(others(reply), others(record), "{name}");
    } else {
        assert!(reply.len() > record.len(), "{name}: {}", reply.escape_ascii());
    }
    Fate::Marked
}

fn unlimited(module: &Module, record: &[u8]) -> Vec<u8> {
    let options = Options { memory_limit: 1 << 30, ..Options::default() };
    Instance::new(module, &options).unwrap().call(b"t", AT, record).unwrap().record
}

/// Every amount of memory from nothing beyond the module's own to enough.
#[test]
fn at_every_limit_of_memory_the_record_comes_back() {
    let module = filter::module().unwrap();
    let start = Instance::new(&module, &Options::default()).unwrap().memory_size();
    // Of another host: two events of one task are a sequence.
    let small = Sample::new(4698, "powershell.exe", "-NoProfile")
        .record(Shape::Winevtlog)
        .replace("WS17", "WS18")
        .into_bytes();
    let small_expected = unlimited(&module, &small);
    for (name, record) in inputs() {
        let expected = unlimited(&module, &record);
        // Something of the same size that needs no memory but the host's copy.
        let plain = format!("{{\"a\":\"{}\"}}", "x".repeat(record.len().saturating_sub(8))).into_bytes();
        let mut seen = Vec::new();
        for pages in 0.. {
            let options = Options { memory_limit: start + pages * PAGE, ..Options::default() };
            let call = |record: &[u8]| {
                let mut instance = Instance::new(&module, &options).unwrap();
                let reply = instance.call(b"t", AT, record);
                let next = instance.call(b"t", AT, &small);
                let (reply, next) =
                    (reply.unwrap_or_else(|f| panic!("{name}, {pages} pages: {f}")), next.unwrap());
                (reply, next.record)
            };
            let (reply, next) = call(&record);
            let fate = fate(name, &record, &reply.record, &expected);
            self::fate(name, &small, &next, &small_expected);
            if fate == Fate::Lost && record.len() > 20 {
                assert!(!call(&plain).0.in_place, "{name}, {pages} pages: lost, though it was copied");
            }
            let judged = fate == Fate::Judged;
            if seen.last() != Some(&fate) {
                seen.push(fate);
            }
            if judged && pages > 40 + record.len() * 6 / PAGE {
                println!("{name}: {seen:?}");
                break;
            }
            assert!(pages < 2_000, "{name}: {seen:?}");
        }
        assert_eq!(seen.iter().filter(|fate| **fate == Fate::Judged).count(), 1, "{name}: {seen:?}");
    }
}

/// The n-th time that the guest asks for memory it gets none: that once, or from then on.
#[test]
fn at_every_refusal_of_memory_the_record_comes_back() {
    let wasm = filter::wasm().unwrap();
    let module = filter::module().unwrap();
    for (name, record) in inputs().into_iter().filter(|(_, record)| record.len() < 20_000) {
        let expected = unlimited(&module, &record);
        for from_then_on in [false, true] {
            for nth in 0..64 {
                let mut host = WasmiHost::refusing(&wasm, nth, from_then_on).unwrap();
                let reply =
                    host.call(b"t", AT.seconds, &record).unwrap_or_else(|f| panic!("{name}, {nth}: {f}"));
                fate(name, &record, &reply, &expected);
                if host.growths() <= nth {
                    break;
                }
            }
        }
    }
}
