//! Cost against size, number of rules, share of matching events and workers; and what it takes to start. Prints
//! CSV (`what,x,series,value`), of which `examples/plots.rs` draws docs/benchmarks/*.svg. Fuel is exact; times are
//! the lowest of some rounds.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a report")]

use schtag::rules::{Pack, Packed};
use schtag_benches::rules::{default_pack, plain, sigmahq};
use schtag_host::rules::settings::Configuration;
use schtag_host::rules::sigma::{self, Source};
use schtag_host::run::wasmtime::{Instance, Module, Options, Timestamp};
use schtag_host::wasm::bake::bake;
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::stream::{Form, Stream};
use schtag_tests::{filter, project};
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const AT: Timestamp = Timestamp { seconds: 1_772_000_000, nanoseconds: 0 };

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { 2 } else { 15 };
    println!("what,x,series,value");
    size(rounds);
    share(rounds);
    rules(quick, rounds);
    start(quick, rounds);
    if !quick {
        workers();
    }
}

fn row(what: &str, x: impl std::fmt::Display, series: &str, value: impl std::fmt::Display) {
    println!("{what},{x},{series},{value}");
}

fn lowest(rounds: usize, mut run: impl FnMut()) -> f64 {
    let once = || {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    std::iter::repeat_with(once).take(rounds).min().unwrap_or(Duration::ZERO).as_secs_f64() * 1e6
}

/// Fuel and microseconds a record, for records that are passed again and again.
fn cost(instance: &mut Instance, records: &[String], rounds: usize) -> (u64, f64) {
    let mut fuel = 0;
    for _ in 0..2 {
        fuel = 0;
        for record in records {
            instance.call(b"t", AT, record.as_bytes()).unwrap();
            fuel += instance.fuel();
        }
    }
    let micros = lowest(rounds, || {
        for record in records {
            black_box(instance.call(b"t", AT, record.as_bytes()).unwrap());
        }
    });
    let count = records.len() as u64;
    (fuel / count, micros / count as f64)
}

fn size(rounds: usize) {
    let module = filter::module().unwrap();
    for bytes in [512, 1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10] {
        let words = "A network share object was checked to see whether access can be granted.\\r\\n";
        let flat = |text: &str| format!(r#"{{"Channel":"Security","Message":"{text}","EventID":5145}}"#);
        let other = flat(&words.repeat((bytes - 50) / words.len()));
        // A task with a long description.
        let sample = Sample::new(4698, "powershell.exe", "-NoProfile");
        let empty = sample.record(Shape::Flat).len();
        let description =
            format!("<Description>{}</Description>", "words ".repeat(bytes.saturating_sub(empty) / 6));
        let content =
            sample.content.replace("<RegistrationInfo>", &format!("<RegistrationInfo>{description}"));
        let task = Sample { content, ..sample }.record(Shape::Flat);
        for (series, record) in [("other event", other), ("task event", task)] {
            let length = record.len();
            // A new one each time: a task event costs more, the more of them are remembered.
            let mut instance = Instance::new(&module, &Options::default()).unwrap();
            let (fuel, micros) = cost(&mut instance, &[record], rounds * 5);
            row("size_fuel", length, series, fuel);
            row("size_time", length, series, format!("{micros:.2}"));
        }
    }
}

fn share(rounds: usize) {
    let module = filter::module().unwrap();
    let matching = Sample::new(4698, "powershell.exe", "-NoProfile -File C:\\\\Scripts\\\\nightly.ps1");
    let others: Vec<String> = Stream::new(Form::Winevtlog).take(100).collect();
    for percent in [0, 1, 2, 5, 10, 20, 50, 100] {
        let record = |(number, other): (usize, &String)| {
            if number < percent { matching.record(Shape::Winevtlog) } else { other.clone() }
        };
        let records: Vec<String> = others.iter().enumerate().map(record).collect();
        let mut instance = Instance::new(&module, &Options::default()).unwrap();
        let (fuel, micros) = cost(&mut instance, &records, rounds);
        row("share_fuel", percent, "mean", fuel);
        row("share_time", percent, "mean", format!("{micros:.2}"));
    }
}

fn wasm_of(rules: &[Source]) -> (usize, Vec<u8>) {
    let pack = sigma::compile(rules, &Configuration::default()).pack;
    let base = std::fs::read(project::base_module().unwrap()).unwrap();
    (pack.rules.len(), bake(&base, &pack, usize::MAX).unwrap().wasm)
}

fn rules(quick: bool, rounds: usize) {
    let all = sigmahq();
    let name = if all.is_some() { "SigmaHQ process rules" } else { "plain rules" };
    let other = Stream::new(Form::Flat).next().unwrap();
    let task =
        Sample::new(4698, r"C:\Windows\System32\cmd.exe", "/c echo nothing of interest").record(Shape::Flat);
    let counts: &[usize] = if quick { &[1, 100] } else { &[1, 10, 50, 100, 300, 600, 1_200] };
    for &count in counts {
        let files = match &all {
            // Spread over the alphabet, since neighbours are alike.
            Some(all) => all.iter().step_by((all.len() / count).max(1)).take(count).cloned().collect(),
            None => plain(count),
        };
        let (compiled, wasm) = wasm_of(&files);
        let mut instance = Instance::new(&Module::new(&wasm).unwrap(), &Options::default()).unwrap();
        row("rules_bytes", compiled, name, wasm.len());
        for (series, record) in [("other event", &other), ("task event", &task)] {
            let (fuel, micros) = cost(&mut instance, std::slice::from_ref(record), rounds * 5);
            row("rules_fuel", compiled, series, fuel);
            row("rules_time", compiled, series, format!("{micros:.2}"));
        }
    }
}

/// Baked, the rules are in the module's memory from the start; else the instance would load them. And what
/// compiling takes, by the strategies that this wasmtime has.
fn start(quick: bool, rounds: usize) {
    let base = std::fs::read(project::base_module().unwrap()).unwrap();
    let (_, baked) = wasm_of(&default_pack());
    row("module_bytes", 0, "base without rules", base.len());
    row("module_bytes", default_pack().len(), "default pack", baked.len());
    if let Some(mut all) = sigmahq().filter(|_| !quick) {
        all.extend(default_pack());
        let (count, wasm) = wasm_of(&all);
        row("module_bytes", count, "default pack and SigmaHQ process rules", wasm.len());
    }
    let module = Module::new(&baked).unwrap();
    row(
        "start_time",
        0,
        "baked: instantiate",
        format!(
            "{:.1}",
            lowest(rounds * 5, || {
                black_box(Instance::new(&module, &Options::default()).unwrap());
            })
        ),
    );
    let first = r#"{"EventID":4624}"#;
    row(
        "start_time",
        0,
        "baked: instantiate and first record",
        format!(
            "{:.1}",
            lowest(rounds * 5, || {
                let mut instance = Instance::new(&module, &Options::default()).unwrap();
                black_box(instance.call(b"t", AT, first.as_bytes()).unwrap());
            })
        ),
    );
    unbaked(&base, rounds);
    compiling(&baked, if quick { 1 } else { 3 });
}

/// Does what an instance of the base module would do before its first record: takes the pack, decodes and prepares it.
fn unbaked(base: &[u8], rounds: usize) {
    use wasmtime::{Config, Engine, Instance, Module, Store};
    let pack = sigma::compile(&default_pack(), &Configuration::default()).pack;
    let packed = Packed { format: Pack::FORMAT, hash: "0".repeat(64), pack };
    let encoded = postcard::to_allocvec(&packed).unwrap();
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, base).unwrap();
    let mut fuel = 0;
    let micros = lowest(rounds, || {
        let mut store = Store::new(&engine, ());
        store.set_fuel(u64::MAX).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let malloc = instance.get_typed_func::<u32, u32>(&mut store, "malloc").unwrap();
        let load = instance.get_typed_func::<(u32, u32), i32>(&mut store, "schtag_load").unwrap();
        let size = u32::try_from(encoded.len()).unwrap();
        let at = malloc.call(&mut store, size).unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        memory.write(&mut store, at as usize, &encoded).unwrap();
        assert_eq!(load.call(&mut store, (at, size)).unwrap(), 0);
        fuel = u64::MAX - store.get_fuel().unwrap();
    });
    row("start_time", 0, "unbaked: instantiate and load the pack", format!("{micros:.1}"));
    row("start_fuel", 0, "unbaked: load the pack", fuel);
    row("start_fuel", 0, "baked", 0);
}

fn compiling(wasm: &[u8], rounds: usize) {
    use wasmtime::{Config, Engine, Module, OptLevel, Strategy};
    let strategies = [
        ("cranelift, speed", OptLevel::Speed),
        ("cranelift, speed and size", OptLevel::SpeedAndSize),
        ("cranelift, none", OptLevel::None),
    ];
    for (name, level) in strategies {
        let mut config = Config::new();
        config.strategy(Strategy::Cranelift).cranelift_opt_level(level).consume_fuel(true);
        let engine = Engine::new(&config).unwrap();
        let micros = lowest(rounds, || {
            black_box(Module::new(&engine, wasm).unwrap());
        });
        row("compile_time", 0, name, format!("{micros:.0}"));
    }
}

/// The number of times that the command reads its file of 60,000 records, so that compiling the module hardly counts.
const READ: usize = 10;

/// The command on records, by number of workers. `SCHTAG` names the command, else the one that
/// the tests use.
fn workers() {
    let command =
        std::env::var_os("SCHTAG").map_or_else(|| project::root().join("target/debug/schtag"), Into::into);
    if !command.is_file() {
        println!("# SKIPPED: there is no {}; set SCHTAG to the command", command.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input.ndjson");
    let records: Vec<String> = Stream::new(Form::Flat).take(60_000).collect();
    std::fs::write(&input, records.join("\n")).unwrap();
    let mut least = [f64::INFINITY; 4];
    for _ in 0..5 {
        // In turns, so that what else the machine does hits all of them.
        for (jobs, least) in [1, 2, 3, 4].into_iter().zip(&mut least) {
            let start = Instant::now();
            let status = Command::new(&command)
                .args(["tag", "--quiet", "--jobs", &format!("{jobs}"), "--module"])
                .arg(project::module().unwrap())
                .args([&input; READ])
                .stdout(Stdio::null())
                .status();
            assert!(status.unwrap().success());
            *least = least.min(start.elapsed().as_secs_f64());
        }
    }
    for (jobs, least) in [1, 2, 3, 4].into_iter().zip(least) {
        row("workers_rate", jobs, "records a second", format!("{:.0}", (60_000 * READ) as f64 / least));
    }
}
