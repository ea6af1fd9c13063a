//! Records through the core, natively; NULs separate them.
#![no_main]

use schtag::engine::Engine;
use std::cell::RefCell;

thread_local!(static ENGINE: RefCell<Engine> = RefCell::new(schtag_fuzz::engine()));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    ENGINE.with_borrow_mut(|engine| schtag_properties::record::check(engine, data));
});
