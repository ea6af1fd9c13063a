//! The reader of Windows event logs.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| schtag_properties::evtx::check(data));
