//! Records in and out: lines of JSON, Windows' event logs, XML, the words of ECS and OCSF.

#[cfg(feature = "cli")]
pub(crate) mod all;
#[cfg(feature = "cli")]
mod compression;
#[cfg(feature = "cli")]
pub(crate) mod elements;
#[cfg(feature = "cli")]
pub(crate) mod event_log;
#[cfg(feature = "cli")]
pub(crate) mod first;
#[cfg(feature = "cli")]
pub(crate) mod folder;
#[cfg(feature = "cli")]
pub(crate) mod input;
#[cfg(feature = "cli")]
pub(crate) mod json_values;
#[cfg(feature = "cli")]
mod kind;
pub mod mapping;
pub(crate) mod ndjson;
#[cfg(feature = "cli")]
mod peek;
#[cfg(feature = "cli")]
mod task_file;
#[cfg(feature = "cli")]
mod utf16;

#[cfg(feature = "cli")]
pub use event_log::EventLog;

/// The number of bytes of an input that are read at a time.
pub(crate) const BUFFER: usize = 64 << 10;
