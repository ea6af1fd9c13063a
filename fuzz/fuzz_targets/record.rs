//! Records through the core, natively; NULs separate them.
#![no_main]

use schtag_properties::record::{Filters, check};
use std::cell::RefCell;

thread_local!(static FILTERS: RefCell<Filters> = RefCell::new(Filters::new(schtag_fuzz::engine)));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    FILTERS.with_borrow_mut(|filters| check(filters, data));
});
