//! Properties that must hold for any input at all.
//!
//! Each property is a function of bytes that panics where it does not hold. libFuzzer looks for such bytes
//! (`fuzz/`), and the tests try every property on seeds and on mutations of them (`tests/tests/filter/fuzz.rs`).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a property panics where it does not hold")]

pub mod command;
pub mod evtx;
pub mod fuel;
pub mod json;
pub mod record;
pub mod rules;
pub mod settings;
pub mod task;
pub mod text;
pub mod wasm;
