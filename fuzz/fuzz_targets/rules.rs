//! The rule compiler.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| schtag_properties::rules::check(data));
