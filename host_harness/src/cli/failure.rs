//! The ways in which a command ends.
use std::fmt::Display;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// The exit codes; the text in [`super::EXIT_CODES`] is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Fault = 1,
    // clap's own, too.
    Usage = 2,
    Input = 3,
    Module = 4,
    Output = 5,
    Found = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Whoever read the output has closed it, as `head` does. That is no error of ours.
    Closed,
    /// Something to be printed.
    Message {
        /// The exit code.
        exit: Exit,
        /// The message.
        text: String,
    },
}

impl Failure {
    pub(crate) fn new(exit: Exit, text: impl Display) -> Self {
        Self::Message { exit, text: text.to_string() }
    }

    /// A failure that is about a file.
    pub(crate) fn of_file(exit: Exit, path: &Path, error: impl Display) -> Self {
        Self::new(exit, format!("{}: {error}", path.display()))
    }

    /// A failure to write to standard output.
    pub(crate) fn of_output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::new(Exit::Output, format!("the output cannot be written: {error}"))
        }
    }
}
