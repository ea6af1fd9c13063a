//! The built module itself: every supported Fluent Bit loads it, and it says what is in it.

use schtag_host::run::wasmtime::Module;
use schtag_host::wasm::gate::{self, DEFAULT_PACK_BUDGET, Form};
use schtag_tests::{filter, project};

#[test]
fn it_passes_the_gate() {
    gate::check(&filter::wasm().unwrap(), Form::Shipped, DEFAULT_PACK_BUDGET).unwrap();
}

/// The gate once more, without the gate: the features by name, imports and exports by wasmparser alone.
#[test]
fn it_imports_nothing_and_exports_only_what_its_hosts_call() {
    use wasmparser::{Parser, Payload, Validator, WasmFeatures};
    let wasm = filter::wasm().unwrap();
    let features = WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::FLOATS
        | WasmFeatures::GC_TYPES;
    Validator::new_with_features(features).validate_all(&wasm).unwrap();
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(&wasm) {
        match payload.unwrap() {
            Payload::ImportSection(section) => assert_eq!(section.count(), 0),
            Payload::StartSection { .. } => panic!("it has a start function"),
            Payload::ExportSection(section) => {
                exports.extend(section.into_iter().map(|export| export.unwrap().name.to_owned()));
            }
            _ => {}
        }
    }
    exports.retain(|name| name != "__heap_base" && name != "__data_end");
    exports.sort();
    let for_clickhouse = ["clickhouse_create_buffer", "clickhouse_destroy_buffer", "clickhouse_tag"];
    let for_fluent_bit = ["free", "malloc", "memory", "schtag_filter"];
    assert_eq!(exports, [&for_clickhouse[..], &for_fluent_bit[..]].concat());
}

#[test]
fn it_holds_no_path_of_the_machine_that_built_it() {
    let wasm = filter::wasm().unwrap();
    let text = String::from_utf8_lossy(&wasm);
    for path in [project::root().display().to_string(), "/.cargo/".into(), "/home/".into(), "/root/".into()] {
        assert!(!text.contains(&path), "{path}");
    }
}

#[test]
fn its_manifest_names_its_rules() {
    let module = Module::new(&filter::wasm().unwrap()).unwrap();
    let manifest = module.manifest().unwrap();
    let titles: Vec<&str> = manifest.rules.iter().map(|rule| rule.title.as_str()).collect();
    assert!(titles.iter().any(|title| title.contains("PowerShell")), "{titles:?}");
    assert_eq!(manifest.pack.len(), 64);
}
