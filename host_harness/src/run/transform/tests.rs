use super::*;
use crate::run::wasmtime::{CallError, Module, Options};
use crate::wasm::test_guest;
use serde_json::{Map, Value, json};
use std::sync::Arc;

fn options() -> TagOptions {
    let engine = Options { fuel_limit: Some(100_000), ..Options::default() };
    TagOptions { engine, ..TagOptions::default() }
}

fn tag() -> Tag {
    Tag::new(Module::new(&test_guest::baked()).unwrap(), options()).unwrap()
}

/// A transform whose guest does this with a record.
fn tag_with(filter: &str, malloc: &str) -> Tag {
    let wat = format!(
        r#"(module
            (memory (export "memory") 1)
            (data (i32.const 8) "{{\"a\":\0a1}}\00")
            (data (i32.const 32) "[1]\00")
            (data (i32.const 48) "{{\"a\":1\00")
            (func (export "schtag_filter") (param i32 i32 i32 i32 i32 i32) (result i32) {filter})
            (func (export "malloc") (param i32) (result i32) {malloc})
            (func (export "free") (param i32)))"#
    );
    Tag::new(Module::new(&wat::parse_str(wat).unwrap()).unwrap(), options()).unwrap()
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Returns what becomes of one event.
fn pass<V: EventValue>(tag: &mut Tag, value: V) -> V {
    let mut output = OutputBuffer::default();
    tag.transform(&mut output, Event { value, metadata: () });
    assert_eq!(output.len(), 1);
    output.into_events().next().unwrap().value
}

#[test]
fn events_are_tagged_and_metadata_is_moved() {
    let mut tag = tag();
    let mut output = OutputBuffer::default();
    // What cannot be cloned can only have been moved.
    struct Finalizer(Arc<()>);
    let finalizer = Arc::new(());
    for value in [json!({"t": 1}), json!({"a": 1.5, "b": u64::MAX})] {
        tag.transform(&mut output, Event { value: map(value), metadata: Finalizer(Arc::clone(&finalizer)) });
    }
    let events: Vec<_> = output.drain().collect();
    assert!(output.is_empty());
    assert_eq!(events[0].value["schtag"]["verdict"], "alert");
    assert_eq!(events[0].value["t"], 1, "the event keeps its own members, whatever the guest says of them");
    assert_eq!(events[1].value, map(json!({"a": 1.5, "b": u64::MAX})));
    assert!(events.iter().all(|event| Arc::ptr_eq(&event.metadata.0, &finalizer)));
    assert_eq!(Arc::strong_count(&finalizer), 3, "nothing has let go of it");
}

#[test]
fn raw_json_stays_as_it_is_to_the_byte() {
    let mut tag = tag();
    let raw = RawJson(b" {\"a\" : 1.0e0} ".to_vec());
    assert_eq!(pass(&mut tag, raw.clone()), raw);
    let tagged = pass(&mut tag, RawJson(b"{\"t\":1}".to_vec()));
    assert_eq!(tagged.0, br#"{"schtag":{"verdict":"alert","severity":"high"}}"#);
}

#[test]
fn after_any_fault_the_event_comes_out_with_a_note_and_a_fresh_instance_goes_on() {
    let mut tag = tag();
    let faults = ["!", "~", "9", "z", "e", "g", "u"];
    for what in faults {
        let value = pass(&mut tag, map(json!({what: 1, "b": [2], "schtag": "forged"})));
        assert_eq!(value[what], 1);
        assert_eq!(value["b"], json!([2]));
        assert_eq!(value["schtag"]["verdict"], "unreadable");
        assert!(value["schtag"]["notes"][0].as_str().unwrap().starts_with("the filter failed"), "{value:?}");
        let calls = pass(&mut tag, RawJson(br#"{"l":1}"#.to_vec()));
        assert!(calls.0.ends_with(br#""calls":1}"#), "{what}: a fresh instance");
    }
    let counted = tag.counters().snapshot();
    assert_eq!(counted.received_events, 14);
    assert_eq!(counted.sent_events, 14);
    assert_eq!(counted.errors, [("invalid_reply", 5), ("out_of_fuel", 1), ("trap", 1)].into());
}

#[test]
fn every_way_to_fail_is_survived() {
    let record = "local.get 4";
    let heap = "i32.const 1024";
    for (filter, malloc, error_type) in [
        ("unreachable", heap, "trap"),
        ("(loop $ever (br $ever)) i32.const 0", heap, "out_of_fuel"),
        // Address 0 holds an empty string here.
        ("i32.const 0", heap, "invalid_reply"),
        ("i32.const -1", heap, "invalid_reply"),
        ("i32.const 65536", heap, "invalid_reply"),
        ("i32.const 8", heap, "invalid_reply"),
        ("i32.const 32", heap, "invalid_reply"),
        ("i32.const 48", heap, "invalid_reply"),
        (record, "i32.const 65535", "invalid_allocation"),
        (record, "i32.const -8", "invalid_allocation"),
        (record, "unreachable", "trap"),
        (record, "(loop $ever (br $ever)) i32.const 0", "out_of_fuel"),
        ("local.get 0 i32.load8_u drop i32.const 0 i32.const 0 i32.div_u", heap, "trap"),
    ] {
        let mut tag = tag_with(filter, malloc);
        for _ in 0..3 {
            let value = pass(&mut tag, map(json!({"EventID": 4698})));
            assert_eq!(value["EventID"], 4698, "{filter}");
            assert_eq!(value["schtag"]["verdict"], "unreadable", "{filter}");
        }
        assert_eq!(tag.counters().snapshot().errors, [(error_type, 3)].into(), "{filter} {malloc}");
    }
}

#[test]
fn what_cannot_be_passed_to_the_guest_is_wrapped() {
    let mut tag = tag();
    let judged = tag.judge(b"{\"a\":\"\0\"}");
    assert!(matches!(judged.fault, Some(CallError::Unpassable)));
    let value: Value = serde_json::from_slice(&judged.record).unwrap();
    assert_eq!(value["log"], "{\"a\":\"\0\"}");
}

#[test]
fn a_value_without_json_passes_and_is_counted() {
    #[derive(Debug, PartialEq)]
    struct Unsayable;
    impl EventValue for Unsayable {
        fn to_json(&self) -> serde_json::Result<std::borrow::Cow<'_, [u8]>> {
            Err(serde::ser::Error::custom("no"))
        }
        fn take_over(&mut self, _: Vec<u8>, _: &str) {
            unreachable!()
        }
    }
    let mut tag = tag();
    assert_eq!(pass(&mut tag, Unsayable), Unsayable);
    assert_eq!(tag.counters().snapshot().errors, [("no_json", 1)].into());
}

#[test]
fn clones_take_turns_with_one_instance() {
    let tag = tag();
    // The guest counts its calls, up to nine.
    for n in 1..=9 {
        let mut clone = tag.clone();
        let calls = pass(&mut clone, RawJson(br#"{"l":1}"#.to_vec()));
        assert!(calls.0.ends_with(format!("\"calls\":{n}}}").as_bytes()), "{n}");
    }
}

#[test]
fn clones_at_work_at_the_same_time_have_their_own() {
    let tag = tag();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let mut clone = tag.clone();
            std::thread::spawn(move || {
                for n in 0..200 {
                    let value = pass(&mut clone, map(json!({"t": n})));
                    assert_eq!(value["schtag"]["verdict"], "alert");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let counted = tag.counters().snapshot();
    assert_eq!((counted.received_events, counted.sent_events), (1600, 1600));
    assert!(counted.errors.is_empty());
}

#[test]
fn a_record_without_room_in_the_guest_is_not_lost() {
    let lost = {
        let mut lost = Vec::new();
        schtag::verdict::write_lost_copy(&mut lost, &schtag::rules::Settings::default());
        String::from_utf8(lost).unwrap().replace('"', "\\\"")
    };
    let wat = format!(
        r#"(module
            (memory (export "memory") 1)
            (data (i32.const 8) "{lost}\00")
            (func (export "schtag_filter") (param i32 i32 i32 i32 i32 i32) (result i32) i32.const 8)
            (func (export "malloc") (param i32) (result i32) i32.const 0)
            (func (export "free") (param i32)))"#
    );
    let module = Module::new(&wat::parse_str(wat).unwrap()).unwrap();
    let mut tag = Tag::new(module, options()).unwrap();
    let value = pass(&mut tag, map(json!({"a": "long"})));
    assert_eq!(value["a"], "long");
    assert!(value["schtag"]["notes"][0].as_str().unwrap().contains("no memory"), "{value:?}");
    assert_eq!(tag.counters().snapshot().errors, [("no_memory", 1)].into());
}
