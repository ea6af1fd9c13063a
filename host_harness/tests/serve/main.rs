//! `schtag serve`, the real process, between two ends that keep to Vector's status contract: a sender that acts on
//! statuses as Vector's `http` sink does, and a downstream that answers as its `http_server` source does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "these are tests"
)]
mod answers;
mod bodies;
mod built;
mod downstream;
mod hop;
mod limits;
mod loops;
mod losses;
mod metrics;
mod peers;
mod sender;
#[cfg(unix)]
mod stopping;

use std::time::Duration;

/// The longest time that a test waits for an event. No test depends on its speed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The answer of the guest of tests/guest/base.wat to a record that begins with `{"t`.
const ALERT: &str = r#"{"schtag":{"verdict":"alert","severity":"high"}}"#;
