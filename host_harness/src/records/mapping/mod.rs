//! Tagged records in the words of other schemas; docs/mappings.md has the tables.
//!
//! - [`ecs`] moves the ECS objects of a tag to where the Elastic Common Schema has them, and leaves the record as it is
//!   otherwise.
//! - [`elastic`] writes the task in the fields of Elastic's integration.
//! - [`ocsf`] makes an OCSF Detection Finding of a tagged record.

pub mod ecs;
pub(crate) mod elastic;
pub use elastic::with_fields as with_elastic_fields;
mod facts;
pub mod ocsf;

pub(crate) use facts::{Facts, event_time};

use serde_json::Value;

/// A text in a tag, by JSON pointer (RFC 6901).
pub(crate) fn text<'t>(tag: &'t Value, pointer: &str) -> Option<&'t str> {
    tag.pointer(pointer)?.as_str()
}

/// The texts of a list in a tag.
pub(crate) fn texts<'t>(tag: &'t Value, pointer: &str) -> impl Iterator<Item = &'t str> {
    entries(tag, pointer).filter_map(Value::as_str)
}

/// The entries of a list in a tag.
pub(crate) fn entries<'t>(tag: &'t Value, pointer: &str) -> impl Iterator<Item = &'t Value> {
    tag.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}
