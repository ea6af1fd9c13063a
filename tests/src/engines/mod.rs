//! The engines that run the filter: WebAssembly in four, and the core natively.

pub mod filter;
pub mod pack;
pub mod wamr;
pub mod wasmi_host;
pub mod wasmtime_host;
