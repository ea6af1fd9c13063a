//! Counts events under the names of Vector's component specification (`docs/specs/component.md`).
use crate::run::wasmtime::CallError;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Counts events that came in.
pub const RECEIVED_EVENTS: &str = "component_received_events_total";
/// Counts events that went out. There is no `component_discarded_events_total`, since none is.
pub const SENT_EVENTS: &str = "component_sent_events_total";
/// Counts faults, with the labels `error_type` and `stage`; the latter is always `processing`.
pub const ERRORS: &str = "component_errors_total";

/// Counters that all clones of a transform share.
#[derive(Debug, Default)]
pub struct Counters {
    received: AtomicU64,
    sent: AtomicU64,
    errors: Mutex<BTreeMap<&'static str, u64>>,
}

/// The counters at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// [`RECEIVED_EVENTS`].
    pub received_events: u64,
    /// [`SENT_EVENTS`].
    pub sent_events: u64,
    /// [`ERRORS`] by `error_type`.
    pub errors: BTreeMap<&'static str, u64>,
}

impl Counters {
    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            received_events: self.received.load(Relaxed),
            sent_events: self.sent.load(Relaxed),
            errors: self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    pub(super) fn receive(&self) {
        self.received.fetch_add(1, Relaxed);
    }

    pub(super) fn send(&self) {
        self.sent.fetch_add(1, Relaxed);
    }

    pub(super) fn fail(&self, error_type: &'static str) {
        *self.errors.lock().unwrap_or_else(PoisonError::into_inner).entry(error_type).or_default() += 1;
    }
}

/// The `error_type` of a fault.
pub(super) const fn error_type(fault: &CallError) -> &'static str {
    match fault {
        CallError::Trap { .. } => "trap",
        CallError::OutOfFuel { .. } => "out_of_fuel",
        CallError::NoMemory { .. } => "no_memory",
        CallError::InvalidAllocation { .. } => "invalid_allocation",
        CallError::InvalidPointer { .. }
        | CallError::Empty
        | CallError::NotUtf8
        | CallError::NotAnObject(_)
        | CallError::NotOneLine => "invalid_reply",
        CallError::Unpassable => "unpassable_record",
        CallError::NoInstance(_) => "no_instance",
    }
}
