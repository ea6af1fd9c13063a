//! End-to-end suites through the built module: shared fixtures and helpers.

pub mod agent_records;
pub mod catalogue;
pub mod filter;
pub mod fluent_bit;
pub mod fluent_bit_config;
pub mod hostile;
pub mod http_sink;
pub mod loopback;
pub mod msgpack;
pub mod project;
pub mod samples;
pub mod stream;
pub mod table;
pub mod wasmi_host;
pub mod workload;
