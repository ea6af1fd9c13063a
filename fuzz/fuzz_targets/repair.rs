//! Mending what is no JSON object.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| schtag_properties::json::repair(data));
