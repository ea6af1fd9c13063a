//! The same verdicts everywhere: wasmtime with each of its compilers, wasmi, a new instance for each record, and the
//! core run natively.

use schtag::engine::{At, Engine, Outcome};
use schtag_host::run::wasmtime::{Instance, Module, Options, Timestamp};
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::wasmi_host::WasmiHost;
use schtag_tests::wasmtime_host::{Compiler, WasmtimeHost};
use schtag_tests::{filter, hostile, pack};
use std::num::NonZeroU32;

const AT: Timestamp = Timestamp { seconds: 1_772_000_000, nanoseconds: 0 };

/// Task events of every shape and id, benign and not, and everything hostile.
fn inputs() -> Vec<Vec<u8>> {
    let mut inputs: Vec<Vec<u8>> = Vec::new();
    for shape in Shape::ALL {
        for event_id in [4624, 4698, 4699, 4700, 4701, 4702] {
            for (command, arguments) in [
                ("powershell.exe", "-w hidden -nop -enc SQBFAFgAIAAoACcAYQAnACsAJwBiACcAKQA="),
                ("cmd.exe", r"/c start /min powershell -File C:\Users\Public\x.ps1"),
                ("rundll32.exe", "PowerShdll.dll,main -w"),
                (r"%windir%\system32\defrag.exe", "-c -h -k -g -$"),
            ] {
                inputs.push(Sample::new(event_id, command, arguments).record(shape).into_bytes());
            }
        }
    }
    inputs.extend(hostile::inputs().into_iter().map(|(_, input)| input));
    inputs
}

#[test]
fn wasmi_and_wasmtime_agree() {
    let wasm = filter::wasm().unwrap();
    let mut wasmi = WasmiHost::new(&wasm).unwrap();
    let mut wasmtime = Instance::new(&Module::new(&wasm).unwrap(), &Options::default()).unwrap();
    for input in inputs() {
        let expected = wasmtime.call(b"t", AT, &input).unwrap().record;
        let got = wasmi.call(b"t", AT.seconds, &input).unwrap();
        assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(&expected));
    }
}

#[test]
fn what_each_compiler_of_wasmtime_makes_agrees() {
    let wasm = filter::wasm().unwrap();
    let mut instance = Instance::new(&Module::new(&wasm).unwrap(), &Options::default()).unwrap();
    let inputs = inputs();
    let expected: Vec<Vec<u8>> =
        inputs.iter().map(|input| instance.call(b"t", AT, input).unwrap().record).collect();
    for compiler in Compiler::ALL {
        let mut host = WasmtimeHost::new(&wasm, compiler).unwrap();
        for (input, expected) in inputs.iter().zip(&expected) {
            let got = host.call(b"t", AT.seconds, input).unwrap();
            assert!(got == *expected, "{compiler:?}: {} and {}", got.escape_ascii(), expected.escape_ascii());
        }
    }
}

#[test]
fn the_core_gives_the_same_natively() {
    let mut engine = Engine::new(pack::packed().unwrap()).unwrap();
    let mut instance =
        Instance::new(&Module::new(&filter::wasm().unwrap()).unwrap(), &Options::default()).unwrap();
    let mut out = Vec::new();
    for input in inputs() {
        let expected = instance.call(b"t", AT, &input).unwrap().record;
        let got = match engine.process(&input, At { seconds: AT.seconds, nanoseconds: 0 }, &mut out) {
            Outcome::Unchanged => &input,
            Outcome::Replaced => &out,
            Outcome::NoMemory => panic!("no memory"),
        };
        assert_eq!(String::from_utf8_lossy(got), String::from_utf8_lossy(&expected));
    }
}

fn alone(number: usize, record: Vec<u8>) -> Vec<u8> {
    let own = |text: String, word: &str| text.replace(word, &format!("{word}{number}"));
    match String::from_utf8(record) {
        Ok(text) => own(own(own(text, "WS17"), "Nightly"), "alice").into_bytes(),
        Err(broken) => broken.into_bytes(),
    }
}

#[test]
fn every_lifecycle_gives_the_same_verdicts() {
    use schtag_host::run::wasmtime::Tagger;
    let module = Module::new(&filter::wasm().unwrap()).unwrap();
    let of = |count| NonZeroU32::new(count).unwrap();
    // Each with a host, task and user of its own, and two hours after the one before: several events of one, or one command
    // on many hosts, are a sequence, which an instance that is new for each chunk need not see.
    let inputs: Vec<Vec<u8>> = (0..).zip(inputs()).map(|(number, input)| alone(number, input)).collect();
    let run = |options: Options| -> Vec<Vec<u8>> {
        let mut tagger = Tagger::new(module.clone(), options).unwrap();
        let hours = (0..).map(|hour| Timestamp { seconds: AT.seconds + hour * 7_200, ..AT });
        let each = inputs.iter().zip(hours);
        each.map(|(input, at)| tagger.tag_record(b"t", at, input).record.into_owned()).collect()
    };
    let expected = run(Options::default());
    for options in [
        Options::persistent_leaking(),
        Options::per_chunk(of(1)),
        Options::per_chunk(of(7)),
        Options::per_chunk_leaking(of(64)),
    ] {
        assert!(run(options) == expected, "{options:?}");
    }
}
