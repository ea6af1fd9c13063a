//! Programs of others that run the filter or show what it gives, and what stands in for their surroundings.

pub mod agent_records;
pub mod chromium;
pub mod error;
pub mod files_server;
pub mod fluent_bit;
pub mod fluent_bit_config;
pub mod heartbeats;
pub mod http_sink;
pub mod loopback;
pub mod running;
pub mod vector;
