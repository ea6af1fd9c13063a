//! The detection core of schtag and its WebAssembly ABI.
//!
//! A record flows through the modules in one direction, and no module knows those after it:
//!
//! 1. [`json`] reads the record's bytes: is this one JSON object, and what are its members?
//! 2. [`shapes`] recognises what shipped it and finds the Windows event in it.
//! 3. [`event`] is that event: a scheduled task was created, deleted, enabled, disabled or updated.
//! 4. [`task`] is the task definition that the event carries, read from its XML.
//! 5. [`command`] is what each action of the task will run: normalised, unwrapped and decoded.
//! 6. [`fields`] names all of this for rules, in Sigma's words.
//! 7. [`rules`] evaluates a compiled rule pack over those fields.
//! 8. [`history`] remembers matches for rules over several events.
//! 9. [`verdict`] grades what matched and writes the tag.
//! 10. [`engine`] joins them; [`abi`] is what Fluent Bit calls.
//!
//! [`work`] is the meter that bounds what one record may cost; every module from [`shapes`] on charges it.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod abi;
mod bytes;
pub mod command;
pub mod engine;
pub mod event;
pub mod fields;
pub mod history;
pub mod json;
mod order;
pub mod rules;
pub mod shapes;
pub mod task;
pub mod verdict;
pub mod work;
