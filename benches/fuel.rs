//! Measures the cost of a record in wasmtime fuel: about one unit for each instruction of the guest, the same on every
//! machine and in every run. Prints a table; `make bench` shows it. With the names of NDJSON files as arguments
//! (`make bench BENCH_ARGS="--bench fuel -- FILE"`), one line for each file, of the mean of its records.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "a report")]

use schtag_host::run::wasmtime::{Instance, Module, Options, Timestamp};
use schtag_tests::{filter, workload};

const AT: Timestamp = Timestamp { seconds: 1_772_000_000, nanoseconds: 0 };

fn main() {
    let wasm = filter::wasm().unwrap();
    let module = Module::new(&wasm).unwrap();
    let manifest = module.manifest().unwrap();
    println!("\nfuel per record: {} rules, {} bytes of module", manifest.rules.len(), wasm.len());
    println!("{:<36} {:>7} {:>10} {:>10}", "record", "bytes", "fuel", "per byte");
    let mut instance = Instance::new(&module, &Options::default()).unwrap();
    for input in workload::inputs() {
        // The first call of an instance warms its buffers.
        instance.call(b"win.security", AT, input.record.as_bytes()).unwrap();
        let reply = instance.call(b"win.security", AT, input.record.as_bytes()).unwrap();
        assert_eq!(!reply.in_place, input.tagged, "{}", input.name);
        let (bytes, fuel) = (input.record.len(), instance.fuel());
        println!("{:<36} {bytes:>7} {fuel:>10} {:>10.1}", input.name, fuel as f64 / bytes as f64);
    }
    for path in std::env::args().skip(1).filter(|argument| !argument.starts_with('-')) {
        let text = std::fs::read_to_string(&path).unwrap();
        let (mut bytes, mut fuel, mut records) = (0, 0, 0);
        for record in text.lines() {
            instance.call(b"win.security", AT, record.as_bytes()).unwrap();
            (bytes, fuel, records) = (bytes + record.len() as u64, fuel + instance.fuel(), records + 1);
        }
        let mean = |sum: u64| sum / records.max(1);
        let per_byte = fuel as f64 / bytes as f64;
        println!("{:<36} {:>7} {:>10} {per_byte:>10.1}", path, mean(bytes), mean(fuel));
    }
    println!("linear memory: {} KiB", instance.memory_size() / 1024);
}
