//! End-to-end suites through the built module: shared fixtures and helpers.

pub mod catalogue;
pub mod chromium;
pub mod events;
pub mod files_server;
pub mod filter;
pub mod fluent_bit;
pub mod fluent_bit_config;
pub mod hostile;
pub mod msgpack;
pub mod ocsf;
pub mod project;
pub mod samples;
pub mod table;
pub mod wasmi_host;
