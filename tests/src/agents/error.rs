//! Errors of agents, and the time that tests give them.

use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;
use thiserror::Error;

/// The time that a test waits for an agent to do what it asked for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// The time between two looks.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// An error of an agent.
#[derive(Error)]
pub enum AgentError {
    /// The module has not been built.
    #[error("{0}")]
    NoModule(String),
    /// A file or socket of the test.
    #[error("{what}: {source}")]
    Io {
        /// The action that failed.
        what: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The agent stopped by itself.
    #[error("fluent-bit ended with {status} while the test waited; its log:\n{log}")]
    Ended {
        /// The agent's exit status.
        status: ExitStatus,
        /// The agent's output.
        log: String,
    },
    /// The agent did not do it in time.
    #[error("after {PATIENCE:?} there was still no {what}; fluent-bit's log:\n{log}")]
    TimedOut {
        /// The thing that the test waited for.
        what: String,
        /// The agent's output.
        log: String,
    },
    /// The agent refused a configuration.
    #[error("fluent-bit refuses {config}:\n{log}")]
    Refused {
        /// The file.
        config: String,
        /// The agent's output.
        log: String,
    },
    /// The agent's output is not what it should be.
    #[error("{0}")]
    Unexpected(String),
}

// A test that returns an error is reported with its Debug form, and an agent's log is for reading.
impl fmt::Debug for AgentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Wraps an error of the system with what was being done.
pub(crate) fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> AgentError {
    let what = what.into();
    move |source| AgentError::Io { what, source }
}
