//! Errors in an entry, each with its place.
use super::Program;
use crate::rules::yaml::{SchemaError, YamlError};
use schtag::command::programs::TooLarge;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// An error in a file of programs.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}:{line}: {}{problem}", .path.display(), if .program.is_empty() { String::new() } else { format!("{}: ", .program) })]
pub struct ProgramError {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The first name of the entry; empty for the file itself.
    pub program: String,
    /// The problem.
    pub problem: Box<Problem>,
}

impl ProgramError {
    pub(super) fn of_file(path: &Path, problem: Problem) -> Self {
        Self { path: path.to_owned(), line: 1, program: String::new(), problem: Box::new(problem) }
    }
}

impl Program {
    pub(super) fn error(&self, problem: Problem) -> ProgramError {
        self.error_at(self.line, problem)
    }

    pub(super) fn error_at(&self, line: usize, problem: Problem) -> ProgramError {
        let program = self.source.names.first().cloned().unwrap_or_default();
        ProgramError { path: self.path.clone(), line, program, problem: Box::new(problem) }
    }
}

/// A problem of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// The file or folder cannot be read.
    #[error("cannot be read ({0})")]
    Unreadable(String),
    /// The folder holds nothing.
    #[error("there is no .yml or .yaml in this folder")]
    NoFiles,
    /// It is not YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// It is not built as an entry is.
    #[error("{}", in_place(.0))]
    Schema(#[from] SchemaError),
    /// A name is not written as names are.
    #[error("the name `{0}` must be a file name in lower case, without `.exe`")]
    Name(String),
    /// There is no such word in `reads`.
    #[error("there is no `{word}` in `reads`{}; docs/writing_programs.md lists the words", crate::rules::yaml::hint(.nearest.as_deref()))]
    Style {
        /// The word.
        word: String,
        /// The word that may have been meant.
        nearest: Option<String>,
    },
    /// There is no such role.
    #[error("there is no role `{word}`{}; docs/writing_programs.md lists the roles", crate::rules::yaml::hint(.nearest.as_deref()))]
    Role {
        /// The word.
        word: String,
        /// The word that may have been meant.
        nearest: Option<String>,
    },
    /// The word after the role is not one that it takes.
    #[error("`{word}` cannot stand after the role `{role}`; docs/writing_programs.md lists what can")]
    Parameter {
        /// The role.
        role: String,
        /// The word.
        word: String,
    },
    /// It is no technique.
    #[error("`{0}` is no ATT&CK technique; write it as T1218 or T1218.011")]
    Technique(String),
    /// There is more than is read.
    #[error("there are more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most that may be there.
        most: usize,
    },
    /// The name has another entry.
    #[error("the name `{name}` has an entry at {place} already; put both into one entry")]
    NameTaken {
        /// The name.
        name: String,
        /// The file and the line of the other entry.
        place: String,
    },
    /// It has no case.
    #[error("it has no case; add at least one command line with what follows from it")]
    NoCase,
    /// A case does not begin with the program.
    #[error("the case `{0}` does not begin with one of the entry's names")]
    OtherProgram(String),
    /// A case fails.
    #[error("the case `{line}` must give {expected}, but gives {found}")]
    Case {
        /// The command line.
        line: String,
        /// The facts that it must give.
        expected: String,
        /// The facts that it gives.
        found: String,
    },
    /// There is no room for it.
    #[error("{0}")]
    TooLarge(TooLarge),
}

fn in_place(error: &SchemaError) -> String {
    match error.place() {
        "" => error.to_string(),
        place => format!("{place}: {error}"),
    }
}
