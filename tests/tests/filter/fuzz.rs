//! Runs for seconds, on any machine, what libFuzzer runs for hours (`make fuzz`): each property holds for the seeds and
//! for changes of them, the same in every run. `SCHTAG_FUZZ_TIMES=100` tries a hundred times as many changes.

use schtag::engine::Engine;
use schtag_host::run::wasmtime::{Instance, Module, Options};
use schtag_properties::{command, evtx, fuel, json, record, rules, settings, task, wasm};
use schtag_tests::mutations::Mutations;
use schtag_tests::{filter, pack, seeds};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Tries `check` on each seed of a target and on `count` changes of seeds.
fn try_all(target: &str, count: usize, mut check: impl FnMut(&[u8])) {
    let seeds = seeds::of(target).unwrap();
    assert!(!seeds.is_empty());
    let mut attempt = |input: &[u8]| {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(input))) {
            println!("{target} fails on \"{}\"", input.escape_ascii());
            std::panic::resume_unwind(panic);
        }
    };
    seeds.iter().for_each(|seed| attempt(seed));
    let times: usize = std::env::var("SCHTAG_FUZZ_TIMES").map_or(1, |times| times.parse().unwrap());
    let mut mutations = Mutations::new(0x5eed);
    for number in 0..count * times {
        let seed = &seeds[number % seeds.len()];
        let other = &seeds[(number * 7 + 3) % seeds.len()];
        attempt(&mutations.of(seed, other));
    }
}

fn engine() -> Engine {
    Engine::new(pack::packed().unwrap()).unwrap()
}

#[test]
fn record() {
    let mut filters = record::Filters::new(engine);
    try_all("record", 4_000, |data| record::check(&mut filters, data));
}

#[test]
fn wasm() {
    let module = Module::new(&filter::wasm().unwrap()).unwrap();
    let mut instance = Instance::new(&module, &Options::default()).unwrap();
    let mut engine = engine();
    try_all("wasm", 4_000, |data| wasm::check(&mut engine, &mut instance, data));
}

#[test]
fn fuel() {
    let module = Module::new(&filter::wasm().unwrap()).unwrap();
    let mut instance = Instance::new(&module, &Options::default()).unwrap();
    try_all("fuel", 2_000, |data| fuel::check(&mut instance, data));
}

#[test]
fn scan() {
    try_all("scan", 20_000, json::scan);
}

#[test]
fn splice() {
    try_all("splice", 20_000, json::splice);
}

#[test]
fn repair() {
    try_all("repair", 20_000, json::repair);
}

#[test]
fn task() {
    try_all("task", 10_000, task::check);
}

#[test]
fn command() {
    try_all("command", 5_000, command::check);
}

#[test]
fn rules() {
    try_all("rules", 600, rules::check);
}

#[test]
fn settings() {
    try_all("settings", 4_000, settings::check);
}

#[test]
fn evtx() {
    try_all("evtx", 10_000, evtx::check);
}
