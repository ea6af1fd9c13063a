//! Benchmarks: shared inputs.
