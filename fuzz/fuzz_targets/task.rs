//! Task definitions.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| schtag_properties::task::check(data));
