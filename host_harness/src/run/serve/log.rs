//! Messages to the operator. Most are given once, or when something changes.
use super::forward::Sent;
use super::tally::Limit;
use super::trail::Loop;
use crate::run::wasmtime::CallError;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Prints one message.
pub(super) type Say = Box<dyn Fn(&str) + Send + Sync>;

/// The messages that have been given.
pub(super) struct Log {
    say: Say,
    /// True if the downstream did not take the last batch.
    failing: AtomicBool,
    /// True if the last batch that was decided was refused.
    refusing: AtomicBool,
    /// True if a fault of the guest has been logged.
    fault_told: AtomicBool,
    /// True if events without a tag have been logged.
    untagged_told: AtomicBool,
    /// True if a loop has been logged.
    loop_told: AtomicBool,
}

impl Log {
    pub(super) fn new(say: Say) -> Self {
        Self {
            say,
            failing: AtomicBool::new(false),
            refusing: AtomicBool::new(false),
            fault_told: AtomicBool::new(false),
            untagged_told: AtomicBool::new(false),
            loop_told: AtomicBool::new(false),
        }
    }

    /// Reports the first batch that goes in a circle.
    pub(super) fn looped(&self, found: &Loop) {
        if !self.loop_told.swap(true, Relaxed) {
            (self.say)(&format!("{found}. Senders are told to try again"));
        }
    }

    /// Reports the first fault of the guest.
    pub(super) fn fault(&self, fault: &CallError) {
        if !self.fault_told.swap(true, Relaxed) {
            (self.say)(&format!("{fault}; the event passes with a note. Further faults are only counted"));
        }
    }

    /// Reports, the first time, that something passes without a tag.
    pub(super) fn untagged(&self, limit: Limit) {
        if !self.untagged_told.swap(true, Relaxed) {
            let label = limit.label();
            (self.say)(&format!(
                "a batch is over a limit ({label}), and it or some of its events pass without a tag. More are only counted"
            ));
        }
    }

    /// Reports when the downstream begins to fail or to refuse, and when it is there again.
    pub(super) fn sent(&self, sent: &Sent) {
        match sent {
            Sent::Undecided { why, .. } => {
                if !self.failing.swap(true, Relaxed) {
                    (self.say)(&format!(
                        "the downstream does not take batches: {why}. Senders are told to try again"
                    ));
                }
            }
            Sent::Decided(answer) => {
                if self.failing.swap(false, Relaxed) {
                    (self.say)("the downstream takes batches again");
                }
                let asks_again = matches!(answer.status.as_u16(), 408 | 429);
                let refused = answer.status.is_client_error() && !asks_again;
                if !self.refusing.swap(refused, Relaxed) && refused {
                    let status = answer.status;
                    (self.say)(&format!(
                        "the downstream refuses batches with {status}: senders will drop them"
                    ));
                }
            }
        }
    }
}
