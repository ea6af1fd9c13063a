//! Members added and taken away, by copying and in place.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| schtag_properties::json::splice(data));
