//! When the host gives no more memory, a record comes back all the same: judged, or as it was with a tag that says
//! that it was not judged. Only what the host itself could not copy is lost, and that is said, too.

use schtag_host::run::wasmtime::{Instance, Module, Options, Timestamp};
use schtag_properties::text::{is_key, is_object, members};
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::wasmi_host::WasmiHost;
use schtag_tests::{filter, hungry};

const AT: Timestamp = Timestamp { seconds: 1_772_000_000, nanoseconds: 0 };
const PAGE: usize = 64 << 10;

const NOT_JUDGED: &str = "no memory to look at the record";
const LOST: &str = "no memory for a copy of the record";

fn others(record: &[u8]) -> Vec<(String, String)> {
    members(record).into_iter().filter(|(key, _)| !is_key(key, "schtag")).collect()
}

/// The result of a record, and a check that it is the right one.
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
    for (name, record) in hungry::inputs() {
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
    for (name, record) in hungry::inputs().into_iter().filter(|(_, record)| record.len() < 20_000) {
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
