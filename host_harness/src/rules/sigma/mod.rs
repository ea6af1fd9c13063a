//! The Sigma compiler: rule files in, a [`Pack`] out.
//!
//! Every document is either compiled as the Sigma specification 2.1.0 says, or refused with a [`Reason`] and its
//! place; nothing is compiled in part or in a way that silently never matches. What scheduled-task events cannot
//! decide is worked out here, so that the guest has less to do.
//!
//! From the ground up: `base64`, `modifiers` and `values` (what an item's values mean), `regex`,
//! `expression` (the logic), `detection` and `condition` (from YAML to the logic), `rule`, `filter` and
//! `correlation` (documents), `compilation` (all files together).

pub(crate) mod absent;
mod base64;
mod branches;
mod compilation;
mod condition;
mod correlation;
mod detection;
mod documents;
mod ecs;
mod expression;
mod filter;
mod known_values;
mod literals;
mod logsource;
mod metadata;
mod modifiers;
mod patterns;
mod refusal;
mod regex;
mod rule;
mod source;
mod values;
mod warning;

pub use compilation::{Compilation, compile};
pub(crate) use ecs::ecs;
pub use expression::Part;
pub use metadata::Metadata;
pub(crate) use metadata::metadata;
pub(crate) use refusal::spot;
pub use refusal::{CorrelationReason, Reason, Refusal};
pub use rule::{PackIndex, RuleInfo};
pub(crate) use source::MAX_FILE;
pub use source::{Loaded, Source, load};
pub use warning::Warning;

#[cfg(doc)]
use schtag::rules::Pack;

#[cfg(test)]
mod tests;
