//! Task definitions: any text is read to its end, and what is kept of it is bounded.

use crate::text::lossy;
use schtag::task::{self, Action};
use schtag::work::{self, Work};

/// The most entries of a list that are kept, and the most bytes of a value.
const ENTRIES: usize = 64;
const VALUE: usize = 64 * 1024;

/// Reads a definition.
pub fn check(data: &[u8]) {
    let parsed = task::parse(&lossy(data), &Work::new(work::RECORD));
    assert!(parsed.task.actions.len() <= ENTRIES && parsed.task.triggers.len() <= ENTRIES);
    for action in &parsed.task.actions {
        if let Action::Exec(exec) = action {
            for value in [&exec.command, &exec.arguments, &exec.working_directory].into_iter().flatten() {
                assert!(value.len() <= VALUE + 4);
            }
        }
    }
    assert!(parsed.notes.len() <= 64, "{} notes", parsed.notes.len());
}
