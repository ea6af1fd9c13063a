//! Setup that several fuzz targets share.
#![allow(clippy::panic, reason = "a target that cannot start says why")]

use schtag::engine::Engine;
use schtag::rules::Packed;
use schtag_host::run::wasmtime::{Instance, Module, Options};
use std::fs;

/// The rules that `cargo run --example fuzz_corpus` compiles for the targets.
const PACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/pack.postcard");

/// An engine with the default rules.
pub fn engine() -> Engine {
    let bytes = fs::read(PACK).unwrap_or_else(|error| panic!("{PACK}: {error}; `make fuzz` writes it"));
    match Packed::from_bytes(&bytes).and_then(Engine::new) {
        Ok(engine) => engine,
        Err(error) => panic!("{PACK}: {error}; `make fuzz` writes it anew"),
    }
}

/// An instance of the built filter, `dist/schtag.wasm`.
pub fn instance() -> Instance {
    const FILTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/schtag.wasm");
    let wasm = fs::read(FILTER).unwrap_or_else(|error| panic!("{FILTER}: {error}; `make fuzz` builds it"));
    match Module::new(&wasm).and_then(|module| Instance::new(&module, &Options::default())) {
        Ok(instance) => instance,
        Err(error) => panic!("{FILTER}: {error}"),
    }
}
