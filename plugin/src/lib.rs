//! The detection core of schtag and its WebAssembly ABI.
//!
//! A record flows through the modules in one direction, and no module knows those after it:
//!
//! 1. [`work`] is the meter that bounds what one record may cost; [`bytes`] and [`order`] are small helpers of all.
//! 2. [`json`] reads the record's bytes: is this one JSON object, and what are its members?
//! 3. [`event`] is a Windows event about a task: created, deleted, enabled, disabled or updated.
//! 4. [`shapes`] recognises what shipped the record and finds the event in it.
//! 5. [`task`] is the task definition that the event carries, read from its XML.
//! 6. [`command`] is what each action of the task will run: normalised, unwrapped and decoded.
//! 7. [`fields`] names all of this for rules, in Sigma's words.
//! 8. [`rules`] evaluates a compiled rule pack over those fields.
//! 9. [`history`] remembers matches for rules over several events.
//! 10. [`verdict`] grades what matched and writes the tag.
//! 11. [`engine`] joins them; [`abi`] is what Fluent Bit calls.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod abi;
pub mod engine;
pub mod fields;
pub mod history;
pub mod json;
pub mod rules;
pub mod shapes;
pub mod verdict;

pub use schtag_command as command;
use schtag_task::{bytes, order};
pub use schtag_task::{event, task, work};
