//! Command lines: the command, a line feed, the arguments.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| schtag_properties::command::check(data));
