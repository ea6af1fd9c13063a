//! What a record costs in wasmtime fuel: about one unit for each instruction of the guest, the same on every
//! machine and in every run. Prints a table; `make bench` shows it.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "a report")]

use schtag_host::engine::{Instance, Module, Options, Timestamp};
use schtag_tests::filter;

const AT: Timestamp = Timestamp { seconds: 1_772_000_000, nanoseconds: 0 };

fn main() {
    let wasm = filter::wasm().unwrap();
    let module = Module::new(&wasm).unwrap();
    let manifest = module.manifest().unwrap();
    println!("\nfuel per record: {} rules, {} bytes of module", manifest.rules.len(), wasm.len());
    println!("{:<36} {:>7} {:>10} {:>10}", "record", "bytes", "fuel", "per byte");
    let mut instance = Instance::new(&module, &Options::default()).unwrap();
    for input in schtag_benches::inputs() {
        // The first call of an instance warms its buffers.
        instance.call(b"win.security", AT, input.record.as_bytes()).unwrap();
        let reply = instance.call(b"win.security", AT, input.record.as_bytes()).unwrap();
        assert_eq!(!reply.in_place, input.tagged, "{}", input.name);
        let (bytes, fuel) = (input.record.len(), instance.fuel());
        println!("{:<36} {bytes:>7} {fuel:>10} {:>10.1}", input.name, fuel as f64 / bytes as f64);
    }
    println!("linear memory: {} KiB", instance.memory_size() / 1024);
}
