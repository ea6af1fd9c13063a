//! The lowest part of schtag's detection core: the meter of work, the event, and the task definition that it carries.
//!
//! 1. [`work`] is the meter that bounds what one record may cost.
//! 2. [`bytes`], [`byte_set`], [`case`], [`rewrite`] and [`order`] find bytes, fold letters, rewrite texts and sort lists, in
//!    little code.
//! 3. [`event`] is a Windows event about a task: created, deleted, enabled, disabled or updated.
//! 4. [`task`] is the task definition that the event carries, read from its XML.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod byte_set;
pub mod bytes;
pub mod case;
pub mod event;
pub mod order;
pub mod rewrite;
pub mod task;
pub mod work;
