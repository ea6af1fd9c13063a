//! The samples that the host's library makes, under the name by which tests know them.

pub use schtag_host::author::check::samples::{Sample, Shape, escape_xml, task_xml};
