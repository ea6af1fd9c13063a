//! Runs a module over records: with Fluent Bit's sequence of calls, as a transform, as a hop between two servers.

#[cfg(feature = "serve")]
pub(crate) mod serve;
pub mod transform;
pub mod wasmtime;
