//! From matched rules to a verdict, a severity and the tag.

mod allowlist;
mod decide;
mod role;
mod tag;
mod text;

pub use decide::{Case, Decision, Finding, Verdict, decide};
pub use role::host_role;
pub use tag::{write_lost, write_lost_copy, write_misread_rows, write_repaired, write_tag};
