//! What is said where memory has run out, written while there is some.
use crate::rules::Settings;
use crate::verdict;

/// Texts made at the start.
#[derive(Debug)]
pub(super) struct Reserve {
    /// The member that a record gets which could not be judged.
    pub(super) notice: Vec<u8>,
    /// What stands for a record that the host could not copy, with a NUL behind it.
    pub(super) lost_copy: Vec<u8>,
}

impl Reserve {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut notice = Vec::new();
        verdict::write_not_judged(&mut notice, settings);
        let mut lost_copy = Vec::new();
        verdict::write_lost_copy(&mut lost_copy, settings);
        lost_copy.push(0);
        Self { notice, lost_copy }
    }
}
