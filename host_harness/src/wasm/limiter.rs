//! Bounds the memory that a module may take of the host, and the times that it may ask for it.
use thiserror::Error;
use wasmtime::{ResourceLimiter, Result, Trap};

/// The most requests for more memory within one call. From nothing to the largest memory of the default
/// limit, page by page, are 1,024 times; the default module asks in vain once for each member of a record that does
/// not fit. A refused request costs the host time that fuel does not measure.
const GROWTHS: u32 = 200_000;
/// The most elements of a table. The module of the default rules has some hundred.
pub(crate) const TABLE: usize = 100_000;

/// A module asked for memory too often.
#[derive(Debug, Clone, Copy, Error)]
#[error("it asked for memory more than {GROWTHS} times")]
pub(crate) struct TooManyGrowths;

/// Bounds the memory and the tables of one instance.
#[derive(Debug)]
pub(crate) struct Limiter {
    /// The most linear memory, in bytes.
    memory: usize,
    growths: u32,
}

impl Limiter {
    /// Allows this number of bytes of linear memory.
    pub(crate) const fn new(memory: usize) -> Self {
        Self { memory, growths: 0 }
    }

    /// Begins a call, which may ask anew.
    pub(crate) const fn begin_call(&mut self) {
        self.growths = 0;
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.growths = self.growths.saturating_add(1);
        if self.growths > GROWTHS {
            return Err(wasmtime::Error::new(TooManyGrowths));
        }
        Ok(desired <= maximum.unwrap_or(self.memory).min(self.memory))
    }

    fn table_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        Ok(desired <= maximum.unwrap_or(TABLE).min(TABLE))
    }
}

/// Why a call failed, in words and without a list of the module's functions.
pub(crate) fn reason(error: &wasmtime::Error) -> String {
    if let Some(trap) = error.downcast_ref::<Trap>() {
        trap.to_string()
    } else if let Some(refused) = error.downcast_ref::<TooManyGrowths>() {
        refused.to_string()
    } else {
        format!("{error:#}")
    }
}
