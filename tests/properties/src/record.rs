//! The record path: whatever comes in, one JSON object comes out, and nothing but our own member is changed.

use crate::text::{is_key, is_object, members};
use schtag::engine::{At, Engine, Outcome};

/// Two filters, one after the other, as on an agent and its aggregator. Each has seen all records, and remembers what
/// rules over several events ask for.
#[derive(Debug)]
pub struct Filters {
    first: Engine,
    second: Engine,
}

impl Filters {
    /// Two filters that have seen nothing.
    pub fn new(engine: impl Fn() -> Engine) -> Self {
        Self { first: engine(), second: engine() }
    }
}

/// Passes each of the records in `data`, which NULs separate, through both filters.
///
/// - What comes out is one valid object.
/// - A valid record comes out byte for byte, or with its members unchanged, none of our key left, and at most one
///   of ours after the others.
/// - The second filter finds what the first has found, and changes nothing.
/// - The record's own bytes can be marked instead, as where memory has run out.
pub fn check(filters: &mut Filters, data: &[u8]) {
    let Filters { first: engine, second: behind } = filters;
    let key = engine.settings().key.clone();
    for record in data.split(|byte| *byte == 0) {
        let first = pass(engine, record);
        assert!(is_object(&first), "{}", first.escape_ascii());
        let (others, own) = split(&first, &key);
        assert!(own.len() <= 1);
        let second = pass(behind, &first);
        if is_object(record) {
            let (before, own_before) = split(record, &key);
            assert_eq!(others, before, "other members changed");
            if first != record {
                assert!(!own.is_empty() || !own_before.is_empty(), "changed for nothing");
            }
            if let [tag] = &*own {
                assert!(tag.len() <= 32 * 1024, "a tag of {} bytes", tag.len());
                assert_eq!(members(&first).last().map(|(key, _)| is_key(key, "schtag")), Some(true));
            }
            let (others_again, own_again) = split(&second, &key);
            assert_eq!((others_again, own_again.len()), (others, own.len()), "not idempotent");
        } else {
            assert_eq!(own.len(), 1, "mended without a word");
        }
        marked(engine, record, &key);
    }
}

/// Returns what comes out of the engine for a record.
pub fn pass(engine: &mut Engine, record: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match engine.process(record, At::default(), &mut out) {
        Outcome::Unchanged => record.to_vec(),
        Outcome::Replaced => {
            assert!(out.capacity() > out.len(), "no room for the NUL");
            out
        }
        Outcome::NoMemory => panic!("no memory"),
    }
}

/// Marks the record in its own bytes.
fn marked(engine: &mut Engine, record: &[u8], key: &str) {
    let mut copy = record.to_vec();
    copy.resize(record.len() + engine.room_behind(), 0);
    let len = engine.mark(&mut copy, record.len()).unwrap();
    copy.truncate(len);
    assert!(is_object(&copy), "{}", copy.escape_ascii());
    let (others, own) = split(&copy, key);
    assert_eq!(own.len(), 1);
    if is_object(record) {
        assert_eq!(others, split(record, key).0);
    }
}

/// The members of other keys, and the values of those of our own.
fn split(record: &[u8], key: &str) -> (Vec<(String, String)>, Vec<String>) {
    let (own, others): (Vec<_>, Vec<_>) =
        members(record).into_iter().partition(|(written, _)| is_key(written, key));
    (others, own.into_iter().map(|(_, value)| value).collect())
}
