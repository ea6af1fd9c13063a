//! End-to-end suites through the built module: shared fixtures and helpers.

pub mod agent_records;
pub mod base64;
pub mod catalogue;
pub mod chromium;
pub mod event_log;
pub mod events;
pub mod files_server;
pub mod filter;
pub mod fluent_bit;
pub mod fluent_bit_config;
pub mod hostile;
pub mod http_sink;
pub mod hungry;
pub mod loopback;
pub mod msgpack;
pub mod mutations;
pub mod ocsf;
pub mod pack;
pub mod project;
pub mod row_binary;
pub mod samples;
pub mod seeds;
pub mod stream;
pub mod table;
pub mod wasmi_host;
pub mod workload;
