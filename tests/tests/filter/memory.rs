//! Memory does not grow with the number of records.
//!
//! `cargo test --release --test filter memory:: -- --ignored --nocapture` passes ten million through one instance, or as many as
//! `SCHTAG_RECORDS` says.

use schtag_host::run::wasmtime::{Instance, Options, Timestamp};
use schtag_tests::filter;
use schtag_tests::samples::{Sample, Shape};

/// A stream of records: of a hundred, 96 are unrelated and the others of every kind that takes another way.
struct Stream {
    common: Vec<Vec<u8>>,
    rare: Vec<Vec<u8>>,
}

impl Stream {
    fn new() -> Self {
        let other = |shape| Sample::new(4624, "powershell.exe", "-enc AAAA").record(shape);
        let alert = |number: u32, shape| {
            let sample =
                Sample::new(4698, "powershell.exe", "-w hidden -enc SQBFAFgAIAAoACcAYQAnACsAJwBiACcAKQA=");
            sample.record(shape).replace("WS17", &format!("WS{number}"))
        };
        let mut common: Vec<String> = Shape::ALL.into_iter().map(other).collect();
        common.push(
            r#"{"log":"an ordinary line","stream":"stdout","time":"2026-03-01T10:22:33Z","n":[1,2.5,null]}"#
                .into(),
        );
        let mut rare: Vec<String> =
            (0..40).map(|n| alert(n, Shape::ALL[n as usize % Shape::ALL.len()])).collect();
        // A sequence: created, then deleted.
        rare.push(alert(1, Shape::Flat).replacen("4698", "4699", 1));
        rare.push(Sample::new(4698, r"%windir%\system32\defrag.exe", "-c").record(Shape::Winevtlog));
        rare.push(r#"{"load":nan,"t":"\x4f\xffffff8f",1:2}"#.into());
        rare.push("not JSON at all".into());
        rare.push(r#"{"EventID":4624,"schtag":{"verdict":"alert"}}"#.into());
        rare.push(format!(r#"{{"log":"{}"}}"#, "x".repeat(200_000)));
        rare.push(format!("{{{}\"z\":1}}", "\"k\":1,".repeat(6_000)));
        rare.push(format!("{{\"a\":{}{}}}", "[".repeat(3_000), "]".repeat(3_000)));
        rare.push(Sample { content: String::new(), ..Sample::new(4702, "", "") }.record(Shape::Winlog));
        let bytes = |records: Vec<String>| records.into_iter().map(String::into_bytes).collect();
        Self { common: bytes(common), rare: bytes(rare) }
    }

    fn record(&self, number: usize) -> &[u8] {
        if number % 25 == 24 {
            &self.rare[number / 25 % self.rare.len()]
        } else {
            &self.common[number % self.common.len()]
        }
    }
}

/// The linear memory after `first` and after `all` records, in bytes.
fn memory(options: &Options, first: usize, all: usize) -> (usize, usize) {
    let mut instance = Instance::new(&filter::module().unwrap(), options).unwrap();
    let stream = Stream::new();
    let mut after_first = 0;
    for number in 0..all {
        // Time goes on: about 100 records a second.
        let at = Timestamp { seconds: 1_772_000_000 + u32::try_from(number / 100).unwrap(), nanoseconds: 0 };
        instance.call(b"win.security", at, stream.record(number)).unwrap();
        if number + 1 == first {
            after_first = instance.memory_size();
        }
    }
    println!(
        "{} KiB after {first} records, {} KiB after {all}",
        after_first >> 10,
        instance.memory_size() >> 10
    );
    (after_first, instance.memory_size())
}

#[test]
fn memory_after_many_records_is_that_after_few() {
    for (options, all) in [(Options::default(), 100_000), (Options::persistent_leaking(), 50_000)] {
        let (first, last) = memory(&options, 10_000, all);
        assert_eq!(first, last, "{options:?}");
    }
}

#[test]
#[ignore = "ten million records take some twenty minutes"]
fn memory_after_ten_million_records_is_that_after_ten_thousand() {
    let all = std::env::var("SCHTAG_RECORDS").map_or(10_000_000, |count| count.parse().unwrap());
    let (first, last) = memory(&Options::default(), 10_000, all);
    assert_eq!(first, last);
}
