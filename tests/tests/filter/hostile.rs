//! Whatever comes in, exactly one valid JSON object comes out, nothing traps, and the next record is judged as
//! if nothing had happened.

use schtag_host::run::wasmtime::{Instance, Options, Timestamp};
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::{filter, hostile};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

const AT: Timestamp = Timestamp { seconds: 1_772_000_000, nanoseconds: 0 };

/// One object, checked one level at a time since serde_json refuses depths that are valid.
fn is_object(text: &[u8]) -> bool {
    serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(text).is_ok()
}

#[test]
fn one_valid_object_comes_out_and_the_next_record_is_judged() {
    let module = filter::module().unwrap();
    let good = Sample::new(4698, "powershell.exe", "-NoProfile").record(Shape::Winevtlog);
    let mut instance = Instance::new(&module, &Options::default()).unwrap();
    let expected = instance.call(b"t", AT, good.as_bytes()).unwrap().record;
    for (name, input) in hostile::inputs() {
        let reply = instance.call(b"t", AT, &input).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let shown = String::from_utf8_lossy(&reply.record[..reply.record.len().min(400)]).into_owned();
        assert!(is_object(&reply.record), "{name}: {shown}");
        assert_eq!(instance.call(b"t", AT, good.as_bytes()).unwrap().record, expected, "after {name}");
    }
}

#[test]
fn what_is_valid_and_no_task_event_is_untouched_however_odd() {
    let mut instance = Instance::new(&filter::module().unwrap(), &Options::default()).unwrap();
    for (name, input) in
        hostile::large().into_iter().filter(|(name, input)| is_object(input) && !name.contains("task"))
    {
        let reply = instance.call(b"t", AT, &input).unwrap();
        if !String::from_utf8_lossy(&input).contains("\"EventID\":4") {
            assert!(reply.in_place && reply.record == input, "{name}");
        }
    }
}

#[test]
fn a_record_that_is_mended_keeps_its_words_and_says_so() {
    let mut instance = Instance::new(&filter::module().unwrap(), &Options::default()).unwrap();
    let mut mend = |input: &str| -> Value {
        serde_json::from_slice(&instance.call(b"t", AT, input.as_bytes()).unwrap().record).unwrap()
    };
    let out = mend(r#"{"a":nan,"b":"\x41","c":1}"#);
    assert_eq!((&out["a"], &out["b"], &out["c"]), (&Value::Null, &"A".into(), &1.into()));
    assert_eq!(out["schtag"]["verdict"], "repaired");
    assert!(out["schtag"]["notes"][0].as_str().unwrap().contains("not valid JSON"));
    assert_eq!(mend("not JSON")["log"], "not JSON");
}

#[test]
fn a_task_in_a_broken_record_is_still_judged() {
    let mut instance = Instance::new(&filter::module().unwrap(), &Options::default()).unwrap();
    let record = Sample::new(4698, "powershell.exe", "-NoProfile").record(Shape::Flat);
    let broken = record.replacen('{', r#"{"load":nan,"#, 1);
    let out: Value =
        serde_json::from_slice(&instance.call(b"t", AT, broken.as_bytes()).unwrap().record).unwrap();
    assert_eq!(out["schtag"]["verdict"], "alert");
}

#[test]
fn a_tag_without_its_nul_and_odd_tags_do_not_matter() {
    let options = Options { after_tag: b'x', ..Options::default() };
    let mut instance = Instance::new(&filter::module().unwrap(), &options).unwrap();
    let good = Sample::new(4698, "powershell.exe", "-NoProfile").record(Shape::Winevtlog);
    let expected = instance.call(b"t", AT, good.as_bytes()).unwrap().record;
    for tag in [&b""[..], b"\xff\xfe", &[b'a'; 5000]] {
        assert_eq!(instance.call(tag, AT, good.as_bytes()).unwrap().record, expected);
    }
}

#[test]
fn without_memory_for_the_copy_the_loss_is_said() {
    // 2 MiB more than the module starts with: a record of 32 MB cannot be copied in.
    let module = filter::module().unwrap();
    let start = Instance::new(&module, &Options::default()).unwrap().memory_size();
    let options = Options { memory_limit: start + (2 << 20), ..Options::default() };
    let mut instance = Instance::new(&module, &options).unwrap();
    let huge = format!(r#"{{"log":"{}"}}"#, "x".repeat(32 << 20));
    let reply = instance.call(b"t", AT, huge.as_bytes()).unwrap();
    let out: Value = serde_json::from_slice(&reply.record).unwrap();
    assert!(out["schtag"]["notes"][0].as_str().unwrap().contains("no memory"), "{out}");
    let small = instance.call(b"t", AT, br#"{"log":"next"}"#).unwrap();
    assert!(small.in_place);
}

#[test]
fn memory_does_not_grow_with_records() {
    for options in [Options::default(), Options::persistent_leaking()] {
        let mut instance = Instance::new(&filter::module().unwrap(), &options).unwrap();
        let task =
            Sample::new(4698, "powershell.exe", "-w hidden -enc SQBFAFgAIAAxAA==").record(Shape::Winevtlog);
        let other = Sample::new(4624, "a", "b").record(Shape::Winevtlog);
        let mut run = |count: usize| {
            for _ in 0..count {
                instance.call(b"t", AT, task.as_bytes()).unwrap();
                instance.call(b"t", AT, other.as_bytes()).unwrap();
                instance.call(b"t", AT, b"{\"a\":nan}").unwrap();
            }
            instance.memory_size()
        };
        let warm = run(50);
        assert_eq!(run(3_000), warm);
    }
}

#[test]
fn a_huge_record_passes_and_its_memory_is_used_again() {
    let options = Options { memory_limit: 256 << 20, ..Options::default() };
    let mut instance = Instance::new(&filter::module().unwrap(), &options).unwrap();
    let huge = format!(r#"{{"log":"{}"}}"#, "x".repeat(32 << 20));
    assert!(instance.call(b"t", AT, huge.as_bytes()).unwrap().in_place);
    let after_one = instance.memory_size();
    for _ in 0..4 {
        assert!(instance.call(b"t", AT, huge.as_bytes()).unwrap().in_place);
    }
    assert_eq!(instance.memory_size(), after_one);
}
