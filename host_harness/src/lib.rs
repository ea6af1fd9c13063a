//! Host side of schtag: runs the filter as Fluent Bit does, and makes the module that Fluent Bit loads.
//!
//! From the ground up, and no module knows those after it:
//!
//! - [`files`] reads whole files up to a size; [`invisible`] shows what is not seen.
//! - [`abi`] names what the guest exports; [`outline`] reads a module's sections; [`digest`] names bytes.
//! - [`gate`] says whether every supported Fluent Bit can load a module, and whether the host can compile it; [`reencode`] makes it so.
//! - [`yaml`] reads YAML safely; [`settings`] is the operator's file; [`sigma`] compiles rules and settings to a
//!   pack; [`default_rules`] are those inside this crate; [`programs`] says what programs do with their arguments.
//! - [`manifest`] is what a module says about the rules in it.
//! - [`bake`] turns the base module and a rule pack into `schtag.wasm`; [`inspect`] describes the result.
//! - [`stack`] says what a module's calls take of WAMR's stack, [`calls`] which functions can call which.
//! - [`engine`] runs a module under wasmtime with Fluent Bit's own sequence of calls.
//! - [`transform`] is the filter as a transform in the form of Vector's.
//! - [`serve`] is the filter as a hop between two ends that speak HTTP.
//! - [`check`] asks rules whether they are as they should be; [`explain`] says why a record was judged as it was;
//!   [`docs`] writes the catalogue of rules and fields.
//! - [`ndjson`] reads and writes what the command handles: one JSON record a line, kept byte for byte;
//!   [`event_log`] reads Windows' own files, and [`input`] tells the two apart.
//! - [`attack`] names tactics and techniques; [`catalogue`] holds what rules say about themselves; [`time`] reads the
//!   times of events; [`mapping`] puts tagged records into the words of ECS and OCSF; [`report`] writes a page of what
//!   was found.

pub mod abi;
pub mod attack;
pub mod bake;
pub mod calls;
pub mod catalogue;
pub mod check;
pub mod default_rules;
pub mod digest;
pub mod docs;
pub mod engine;
pub mod event_log;
pub mod explain;
pub mod files;
pub mod gate;
pub mod input;
pub mod inspect;
pub mod invisible;
mod limiter;
pub mod manifest;
pub mod mapping;
pub mod ndjson;
pub mod outline;
pub mod programs;
mod reachability;
pub mod reencode;
pub mod report;
pub mod rule_files;
pub mod serve;
pub mod settings;
pub mod sigma;
pub mod stack;
#[cfg(test)]
mod test_guest;
pub mod time;
pub mod transform;
pub mod yaml;
