//! The filter in WAMR without an agent around it, as old a one as there is: `IWASM=/path/to/iwasm`.

use schtag_host::run::wasmtime::{Instance, Module, Options, Timestamp};
use schtag_tests::skip::{Tool, missing};
use schtag_tests::{filter, seeds, wamr};
use std::fs;

const AT: Timestamp = Timestamp { seconds: 1_772_000_000, nanoseconds: 0 };

/// Records of every kind, but for those with a NUL, which is the end of a record.
fn records() -> Vec<Vec<u8>> {
    seeds::of("record").unwrap().into_iter().filter(|record| !record.contains(&0)).collect()
}

/// The same module with the same records, one after the other in one instance with 8 KiB of stack.
#[test]
fn wamr_gives_the_same() {
    let Some(program) = wamr::find() else {
        missing(
            Tool::Iwasm,
            "no iwasm; build one from WAMR's product-mini/platforms/linux, and set IWASM to its path",
        );
        return;
    };
    let wasm = filter::wasm().unwrap();
    let mut instance = Instance::new(&Module::new(&wasm).unwrap(), &Options::default()).unwrap();
    let records = records();
    let expected: Vec<Vec<u8>> =
        records.iter().map(|record| instance.call(b"t", AT, record).unwrap().record).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("driven.wasm");
    fs::write(&file, wamr::driven(&wasm).unwrap()).unwrap();
    let sums = wamr::run(&program, &file, AT.seconds, &records).unwrap();
    for ((record, expected), sum) in records.iter().zip(&expected).zip(sums) {
        assert_eq!(
            sum,
            wamr::checksum(expected),
            "{} and {}",
            record.escape_ascii(),
            expected.escape_ascii()
        );
    }
    println!("{}: {} records", program.display(), records.len());
}
