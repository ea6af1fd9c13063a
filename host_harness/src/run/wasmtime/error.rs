//! Errors of a module, and of a call of it.
use crate::wasm::gate::GateError;
use crate::wasm::limiter::reason;
use thiserror::Error;
use wasmtime::Trap;

/// Why a module cannot be run at all.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The module is not fit for Fluent Bit.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// wasmtime cannot compile it.
    #[error("wasmtime cannot compile the module: {0:#}")]
    Compile(wasmtime::Error),
    /// It cannot be instantiated.
    #[error("the module cannot be started: {0:#} (is the memory limit below the module's own memory?)")]
    Instantiate(wasmtime::Error),
}

/// Why a call gave no record. In Fluent Bit each of these loses the record.
#[derive(Debug, Error)]
pub enum CallError {
    /// The guest trapped.
    #[error("the guest trapped in {function}: {reason}")]
    Trap {
        /// The exported function that was called.
        function: &'static str,
        /// wasmtime's words for the trap.
        reason: String,
    },
    /// The call took more fuel than it may.
    #[error("the guest used up its {limit} units of fuel in {function}")]
    OutOfFuel {
        /// The exported function that was called.
        function: &'static str,
        /// The limit for the whole call.
        limit: u64,
    },
    /// The guest's allocator returned an address at which the copy does not fit. Fluent Bit does not check
    /// this: it writes past the guest's memory.
    #[error("malloc({size}) returned {address:#x}, outside the guest's memory of {memory} bytes")]
    InvalidAllocation {
        /// The address.
        address: u32,
        /// The size that was asked for, in bytes.
        size: usize,
        /// The memory's size, in bytes.
        memory: usize,
    },
    /// The reply is outside the guest's memory, or no NUL follows it.
    #[error("the guest returned {address:#x}, which is no string in its memory of {memory} bytes")]
    InvalidPointer {
        /// The address.
        address: u32,
        /// The memory's size, in bytes.
        memory: usize,
    },
    /// The guest had no memory for the record, and would have lost it.
    #[error("the guest has no memory for the record; give it more than {limit} bytes")]
    NoMemory {
        /// The most memory that it may have, in bytes.
        limit: usize,
    },
    /// The reply is empty, with which a filter drops a record.
    #[error("the guest returned an empty string")]
    Empty,
    /// The reply is not the record, and not UTF-8.
    #[error("the guest returned text that is not UTF-8")]
    NotUtf8,
    /// The reply is not one JSON object.
    #[error("the guest returned text that is not one JSON object ({0})")]
    NotAnObject(#[source] serde_json::Error),
    /// The reply is one JSON object, but has a line break where the record had none.
    #[error("the guest returned more than one line")]
    NotOneLine,
    /// The record is too long for a 32-bit guest, or has a NUL in it, at which Fluent Bit would cut it. It was
    /// not given to the guest.
    #[error("the record cannot be passed to the guest: it has a NUL byte in it, or 2 GiB")]
    Unpassable,
    /// The last instance was faulty and there is no new one.
    #[error(transparent)]
    NoInstance(#[from] EngineError),
}

impl CallError {
    /// Sorts an error of wasmtime's by what caused it. `limit` is the most fuel that the call might take.
    pub(super) fn of_call(function: &'static str, error: &wasmtime::Error, limit: u64) -> Self {
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Self::OutOfFuel { function, limit },
            _ => Self::Trap { function, reason: reason(error) },
        }
    }

    /// Tells an error after which the instance is given up, with all that it remembered of earlier events.
    pub(crate) const fn ends_instance(&self) -> bool {
        !matches!(self, Self::Unpassable | Self::NoInstance(_))
    }
}
