//! Rules for the benchmarks, which run on `schtag_tests::workload` and `schtag_tests::stream`.

pub mod rules;
