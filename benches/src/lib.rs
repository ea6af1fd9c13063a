//! Nothing: the benchmarks run on `schtag_tests::workload`.
