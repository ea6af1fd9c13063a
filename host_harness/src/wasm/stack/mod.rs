//! Computes the share of WAMR's stack that a module needs.
//!
//! Fluent Bit gives a module 8 KiB for the frames of its calls (`FLB_WASM_DEFAULT_STACK_SIZE`), and up to 3.1.4 nobody
//! can raise that. A call for which nothing is left traps with "wasm operand stack overflow", and the record is lost.
//! This says what a frame takes (`frames`), and makes a module that counts what its calls take ([`metered`]).

mod frames;
mod meter;

pub(crate) use frames::frame_sizes;
pub use meter::{PEAK, metered};

/// The stack that Fluent Bit gives a module by default, in bytes.
pub const AVAILABLE: u32 = 8192;

/// The stack that the host's call of an export takes before the export's own frame: a frame of two cells
/// (`wasm_interp_call_wasm`), in bytes.
pub const OF_HOST: u32 = 48;
