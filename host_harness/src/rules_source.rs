//! Temporary: stands where the Sigma compiler will be.
use schtag::rules::Pack;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What was made of rule files.
#[derive(Debug, Default)]
pub struct Compiled {
    /// The rules and the settings, compiled.
    pub pack: Pack,
    /// Rules that were left out: where each is, and why.
    pub refused: Vec<String>,
    /// What is likely not meant, in rules or settings.
    pub remarks: Vec<String>,
}

/// Why nothing was compiled.
#[derive(Debug, Error)]
pub enum CompileError {
    /// The compiler is not there yet.
    #[error("this build has no Sigma compiler")]
    Missing,
}

/// Compiles the rules under `paths` with the settings of a file, or the default settings.
///
/// # Errors
/// Always, until the compiler is there.
pub fn compile(paths: &[PathBuf], settings: Option<&Path>) -> Result<Compiled, CompileError> {
    let _ = (paths, settings);
    Err(CompileError::Missing)
}
