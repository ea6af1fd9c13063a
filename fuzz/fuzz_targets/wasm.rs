//! Records through the built module and the core: a tag, a NUL, and records that NULs separate.
#![no_main]

use schtag::engine::Engine;
use schtag_host::run::wasmtime::Instance;
use std::cell::RefCell;

thread_local!(static BOTH: RefCell<(Engine, Instance)> =
    RefCell::new((schtag_fuzz::engine(), schtag_fuzz::instance())));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    BOTH.with_borrow_mut(|(engine, instance)| schtag_properties::wasm::check(engine, instance, data));
});
