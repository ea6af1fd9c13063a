//! The words of a tag that more than one part of this module needs.

/// Version of the tag's schema. Members are only ever added within a version.
pub(super) const SCHEMA: &str = "1";
/// The tag is shortened until it has at most this many bytes.
pub(super) const MAX_BYTES: usize = 16 * 1024;
/// The member in which the words of an earlier filter stand.
pub(super) const PASSED_ON: &str = "passed_on";
/// The note on a record that there was no memory to judge.
pub(super) const NOT_JUDGED: &str =
    "no memory to look at the record: it may be a task event that a rule describes";
/// The note that stands for a record.
pub(super) const LOST: &str = "no memory for a copy of the record";
/// The words that the note begins with which a host writes on a record that the filter failed on.
pub const FAILED: &str = "the filter failed on this record";

/// The first word of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A rule matched.
    Alert,
    /// Rules matched, and allowlist entries cover all of them.
    Allowlisted,
    /// No rule matched, and the settings ask for every task event to be described.
    Observed,
    /// No rule matched, and the event could not be read as far as it should be.
    Unreadable,
    /// The record was not valid JSON and was mended.
    Repaired,
    /// This filter has nothing to say, but an earlier one in the chain knew something that only it could know.
    PassedOn,
}

impl Verdict {
    /// The word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Allowlisted => "allowlisted",
            Self::Observed => "observed",
            Self::Unreadable => "unreadable",
            Self::Repaired => "repaired",
            Self::PassedOn => "passed_on",
        }
    }
}
