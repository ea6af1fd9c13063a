//! Tests of the VRL program in `config_examples/vector`.
