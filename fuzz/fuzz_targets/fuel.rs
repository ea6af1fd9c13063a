//! Bounds the cost of a record: a part of a task and the text in it, through the built module.
#![no_main]

use schtag_host::run::wasmtime::Instance;
use std::cell::RefCell;

thread_local!(static FILTER: RefCell<Instance> = RefCell::new(schtag_fuzz::instance()));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    FILTER.with_borrow_mut(|instance| schtag_properties::fuel::check(instance, data));
});
