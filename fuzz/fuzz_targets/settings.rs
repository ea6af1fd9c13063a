//! The operator's settings.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| schtag_properties::settings::check(data));
