//! Fallback tags, allocated up front for the case that memory runs out.
use crate::rules::Settings;
use crate::verdict;

/// Texts made at the start.
#[derive(Debug)]
pub(super) struct Reserve {
    /// The member that a record gets which could not be judged.
    pub(super) notice: Vec<u8>,
    /// Where in it the tag begins.
    tag: usize,
    /// The replacement for a record that the host could not copy, with a NUL after it.
    pub(super) lost_copy: Vec<u8>,
}

impl Reserve {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut notice = Vec::new();
        verdict::write_not_judged(&mut notice, settings);
        let mut lost_copy = Vec::new();
        verdict::write_lost_copy(&mut lost_copy, settings);
        lost_copy.push(0);
        // The member is key, colon and tag.
        let mut key = Vec::new();
        crate::json::write_string(&mut key, &settings.key);
        Self { notice, tag: key.len().saturating_add(1), lost_copy }
    }

    /// The tag of a record that could not be judged.
    pub(super) fn tag(&self) -> &[u8] {
        self.notice.get(self.tag..).unwrap_or_default()
    }
}
