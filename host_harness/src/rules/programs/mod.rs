//! Programs as data: the entries of plugin/programs and of folders that `--programs` names, compiled for the pack.
//!
//! docs/writing_programs.md describes the files.

mod cases;
mod error;
mod parse;

pub use error::{Problem, ProgramError};
pub use parse::Program;

use crate::text::files;
use schtag::command::programs::{Builder, Programs};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of `plugin/programs`, by their paths below it, written by build.rs.
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/programs.rs"));
}

/// The folder in which reports say that the default programs are. There is no such folder.
pub(crate) const FOLDER: &str = "(default programs)";

/// The most bytes of a file.
const MAX_FILE: u64 = 1 << 20;
/// The most files of a folder.
const MAX_FILES: usize = 1_000;

/// Entries, and what is wrong with those that are left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    /// The entries that can be used, in the order of their files.
    pub programs: Vec<Program>,
    /// Files and entries that cannot be read.
    pub errors: Vec<ProgramError>,
}

/// The default programs.
pub fn load_default() -> Loaded {
    let mut loaded = Loaded::default();
    for (path, text) in embedded::FILES {
        parse::parse(&Path::new(FOLDER).join(path), text, &mut loaded);
    }
    loaded
}

/// The programs in folders, searched for .yml and .yaml, and in single files.
pub(crate) fn load(paths: &[PathBuf]) -> Loaded {
    let mut loaded = Loaded::default();
    for path in paths {
        for file in files_of(path, &mut loaded.errors) {
            match files::read_text(&file, MAX_FILE) {
                Ok(text) => parse::parse(&file, &text, &mut loaded),
                Err(error) => {
                    loaded.errors.push(ProgramError::of_file(&file, Problem::Unreadable(error.to_string())));
                }
            }
        }
    }
    loaded
}

/// The files that a path names.
fn files_of(path: &Path, errors: &mut Vec<ProgramError>) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => {
            errors.push(ProgramError::of_file(path, Problem::Unreadable(error.to_string())));
            return Vec::new();
        }
    };
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|end| end == "yml" || end == "yaml");
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_yaml).collect();
    found.sort();
    if found.is_empty() {
        errors.push(ProgramError::of_file(path, Problem::NoFiles));
    } else if found.len() > MAX_FILES {
        errors.push(ProgramError::of_file(path, Problem::TooMany { what: "files", most: MAX_FILES }));
        found.truncate(MAX_FILES);
    }
    found
}

/// Compiles the default programs, and then others, whose entries take the place of those with the same names.
///
/// # Errors
/// When they do not fit into the compiled form.
pub(crate) fn compile(others: &[Program]) -> Result<Programs, ProgramError> {
    let mut builder = Builder::default();
    for program in load_default().programs.iter().chain(others) {
        builder.add(&program.source).map_err(|error| program.error(Problem::TooLarge(error)))?;
    }
    Ok(builder.finish())
}

/// The errors of entries: names that two entries of one set have, and cases that fail. `programs` are the entries that
/// the cases are read with.
pub(crate) fn check(loaded: &Loaded, programs: &Programs) -> Vec<ProgramError> {
    let mut errors = loaded.errors.clone();
    let mut names: HashMap<&str, &Program> = HashMap::new();
    for program in &loaded.programs {
        for name in &program.source.names {
            if let Some(first) = names.insert(name, program) {
                let place = format!("{}:{}", first.path.display(), first.line);
                errors.push(program.error(Problem::NameTaken { name: name.clone(), place }));
            }
        }
        errors.extend(cases::run(program, programs));
    }
    errors
}

#[cfg(test)]
mod tests;
