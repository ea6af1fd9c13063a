//! Records in and out: lines of JSON, Windows' event logs, the words of ECS and OCSF.

#[cfg(feature = "cli")]
pub mod event_log;
#[cfg(feature = "cli")]
pub(crate) mod input;
pub mod mapping;
pub(crate) mod ndjson;
