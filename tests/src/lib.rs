//! End-to-end suites through the built module: shared fixtures and helpers.
//!
//! A folder for each kind of helper: [`inputs`], [`formats`], [`engines`] and [`agents`]. Suites name a helper without its
//! folder.

pub mod agents;
pub mod answers;
pub mod catalogue;
pub mod command;
pub mod detection;
pub mod engines;
pub mod formats;
pub mod inputs;
pub mod mangled;
pub mod project;
pub mod skip;

pub use agents::*;
pub use engines::*;
pub use formats::*;
pub use inputs::*;
pub use schtag_test_files::event_log;
