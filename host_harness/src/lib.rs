//! Host side of schtag: runs the filter as Fluent Bit does, and makes the module that Fluent Bit loads.
//!
//! The rooms, in order. Each uses those before it and none after it; a test holds the order.
//!
//! - [`text`]: time, digest, escaping of what is not seen, whole files
//! - [`wasm`]: the module: ABI, gate, re-encoding, bake, inspect, stack and call graph
//! - [`rules`]: YAML, settings, programs, Sigma compiler, catalogue
//! - [`run`]: the filter under wasmtime, as a transform, as an HTTP hop (`serve`)
//! - [`records`]: NDJSON, event logs, mapping to ECS and OCSF
//! - [`author`]: check, explain, catalogue pages
//! - [`report`]: the page of what was found
//! - [`cli`]: the command `schtag`
#![cfg_attr(
    not(feature = "cli"),
    allow(dead_code, unused_imports, reason = "most of the crate is for the command")
)]

pub mod author;
#[cfg(feature = "cli")]
pub mod cli;
pub mod records;
pub mod report;
pub mod rules;
pub mod run;
pub mod text;
pub mod wasm;
