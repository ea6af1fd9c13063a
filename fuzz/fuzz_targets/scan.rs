//! The JSON reader, against serde_json.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| schtag_properties::json::scan(data));
