//! schtag beside two other Sigma engines, as libraries in one process: JSON text in, verdict out, parsing included.
//!
//! The rules are 50 plain ones on raw fields, which all engines load and decide alike (checked before anything is
//! measured), and the default pack, of which each engine loads what it can. The other engines see none of the
//! fields that schtag derives (`task.*`), so that of the default pack they decide far less. Prints a table from
//! rounds in which the engines take turns (`--table-only` stops there), then runs criterion.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a benchmark")]

use criterion::{Criterion, Throughput, criterion_group};
use rsigma_eval::event::JsonEvent;
use rsigma_parser::parse_sigma_yaml;
use schtag::engine::{At, Engine, Outcome};
use schtag::rules::{Pack, Packed};
use schtag_benches::rules::{default_pack, plain};
use schtag_host::rules::settings::Configuration;
use schtag_host::rules::sigma::{self, Source};
use schtag_host::run::wasmtime::{Instance, Module, Options, Timestamp};
use schtag_host::wasm::bake::bake;
use schtag_tests::project;
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::stream::{Form, Stream};
use std::time::{Duration, Instant};

const AT: u32 = 1_772_000_000;

/// An engine with rules: whether any of them matches a record.
struct Contender {
    name: &'static str,
    rules: usize,
    matches: Box<dyn FnMut(&str) -> bool>,
}

fn pack(rules: &[Source]) -> Pack {
    sigma::compile(rules, &Configuration::default()).pack
}

fn contenders(rules: &[Source]) -> Vec<Contender> {
    let pack = pack(rules);
    let count = pack.rules.len() + pack.correlations.len();
    let packed = Packed { format: Pack::FORMAT, hash: String::new(), pack: pack.clone() };
    let mut engine = Engine::new(packed).unwrap();
    let mut out = Vec::new();
    let at = At { seconds: AT, nanoseconds: 0 };
    let native = move |record: &str| engine.process(record.as_bytes(), at, &mut out) == Outcome::Replaced;

    let base = std::fs::read(project::base_module().unwrap()).unwrap();
    let module = Module::new(&bake(&base, &pack, usize::MAX).unwrap().wasm).unwrap();
    let mut instance = Instance::new(&module, &Options::default()).unwrap();
    let time = Timestamp { seconds: AT, nanoseconds: 0 };
    let wasmtime = move |record: &str| !instance.call(b"t", time, record.as_bytes()).unwrap().in_place;

    let mut theirs = rsigma_eval::Engine::new();
    for file in rules {
        if let Ok(collection) = parse_sigma_yaml(&file.text) {
            let _ = theirs.add_collection(&collection);
        }
    }
    let rsigma_rules = theirs.rule_count();
    let rsigma = move |record: &str| {
        let value: serde_json::Value = serde_json::from_str(record).unwrap();
        !theirs.evaluate(&JsonEvent::borrow(&value)).is_empty()
    };

    let loaded: Vec<_> =
        rules.iter().filter_map(|file| sigma_rust::rule_from_yaml(&file.text).ok()).collect();
    let sigma_rust_rules = loaded.len();
    let sigma_rust = move |record: &str| {
        let event = sigma_rust::event_from_json(record).unwrap();
        // Every rule is asked, as the others do, which name all that match.
        loaded.iter().filter(|rule| sigma_rust::check_rule(rule, &event)).count() > 0
    };
    vec![
        Contender { name: "schtag, native", rules: count, matches: Box::new(native) },
        Contender { name: "schtag, wasmtime", rules: count, matches: Box::new(wasmtime) },
        Contender { name: "rsigma-eval", rules: rsigma_rules, matches: Box::new(rsigma) },
        Contender { name: "sigma-rust", rules: sigma_rust_rules, matches: Box::new(sigma_rust) },
    ]
}

/// The streams: mixed, 1 task event in 1,000; and events of which each matches.
fn streams() -> [(&'static str, Vec<String>); 2] {
    let matching = (0..50).map(|number| {
        let arguments = format!("-NoProfile -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0A{number:04}");
        Sample::new(4698, "powershell.exe", &arguments).record(Shape::Flat)
    });
    [("mixed", Stream::new(Form::Flat).take(1_000).collect()), ("matching", matching.collect())]
}

/// Each pair of rules and stream, with what measures it.
fn cases() -> Vec<(String, Vec<String>, Vec<Contender>)> {
    let mut cases = Vec::new();
    for (rules_name, rules) in [("plain rules", plain(50)), ("default pack", default_pack())] {
        for (stream_name, records) in streams() {
            let mut contenders = contenders(&rules);
            let mut hits: Vec<usize> = contenders
                .iter_mut()
                .map(|contender| records.iter().filter(|record| (contender.matches)(record)).count())
                .collect();
            println!("{rules_name}, {stream_name}: records that match {hits:?}");
            let expected = if stream_name == "mixed" { 1 } else { records.len() };
            // Only schtag knows the fields of the default pack.
            hits.truncate(if rules_name == "plain rules" { 4 } else { 2 });
            assert!(hits.iter().all(|count| *count == expected), "{rules_name}, {stream_name}: {hits:?}");
            cases.push((format!("{rules_name}, {stream_name}"), records, contenders));
        }
    }
    cases
}

fn turns(rounds: usize) {
    let cases = cases();
    println!(
        "\n| rules and stream | engine | rules | lowest µs a record | median | of rsigma-eval's throughput |"
    );
    println!("|---|---|--:|--:|--:|--:|");
    for (name, records, mut contenders) in cases {
        let mut times: Vec<Vec<Duration>> = vec![Vec::new(); contenders.len()];
        for _ in 0..rounds {
            for (contender, times) in contenders.iter_mut().zip(&mut times) {
                let start = Instant::now();
                for record in &records {
                    std::hint::black_box((contender.matches)(record));
                }
                times.push(start.elapsed());
            }
        }
        let each = |time: Duration| time.as_secs_f64() * 1e6 / records.len() as f64;
        let sorted: Vec<Vec<f64>> = times
            .into_iter()
            .map(|mut times| {
                times.sort();
                times.into_iter().map(each).collect()
            })
            .collect();
        let median = |times: &[f64]| times.get(times.len() / 2).copied().unwrap_or_default();
        // What else the machine does makes a round slower, never faster.
        let lowest = |times: &[f64]| times.first().copied().unwrap_or_default();
        let theirs = sorted.get(2).map_or(0.0, |times| lowest(times));
        for (contender, times) in contenders.iter().zip(&sorted) {
            println!(
                "| {name} | {} | {} | {:.2} | {:.2} | {:.3} |",
                contender.name,
                contender.rules,
                lowest(times),
                median(times),
                theirs / lowest(times)
            );
        }
    }
}

fn engines(criterion: &mut Criterion) {
    for (name, records, contenders) in cases() {
        let mut group = criterion.benchmark_group(name);
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(2));
        group.throughput(Throughput::Elements(records.len() as u64));
        for mut contender in contenders {
            group.bench_function(contender.name, |b| {
                b.iter(|| records.iter().filter(|record| (contender.matches)(record)).count());
            });
        }
        group.finish();
    }
}

criterion_group!(benches, engines);

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    turns(if quick { 3 } else { 31 });
    if !std::env::args().any(|argument| argument == "--table-only") {
        benches();
        Criterion::default().configure_from_args().final_summary();
    }
}
