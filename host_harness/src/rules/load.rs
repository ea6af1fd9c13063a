//! Rule and settings files on disk, compiled.
use crate::rules::default_rules;
use crate::rules::programs::{self, ProgramError};
use crate::rules::settings::{self, Configuration, SettingsError};
use crate::rules::sigma::{self, Compilation, Loaded, Source};
use crate::text::files::{self, FileError};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use thiserror::Error;

/// Why nothing was compiled.
#[derive(Debug, Error)]
pub enum RuleFilesError {
    /// The settings file cannot be read.
    #[error(transparent)]
    Read(#[from] FileError),
    /// The programs cannot be compiled.
    #[error(transparent)]
    Programs(#[from] ProgramError),
    /// The settings file does not say what it should.
    #[error("{}: {error}", .path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// The error in it.
        error: SettingsError,
    },
}

/// Compiles the rules under `paths` (folders or files) with a settings file, or with the default settings.
/// A file named allowlist.yml is an allowlist that comes with the rules.
/// Files that cannot be read and rules that cannot be compiled are in [`Compilation::refused`].
///
/// # Errors
/// When the settings cannot be used: a pack without the allowlist or the host roles that somebody wrote would
/// judge otherwise than they expect.
pub fn compile(paths: &[PathBuf], settings: Option<&Path>) -> Result<Compilation, RuleFilesError> {
    compile_loaded(sigma::load(paths), settings)
}

/// Compiles the default rules with a settings file, or with the default settings.
///
/// # Errors
/// As [`compile`].
pub(crate) fn compile_default(settings: Option<&Path>) -> Result<Compilation, RuleFilesError> {
    compile_loaded(default_rules::load(), settings)
}

/// Compiles the default rules and those under `paths` together.
///
/// # Errors
/// As [`compile`].
pub(crate) fn compile_beside_default(
    paths: &[PathBuf],
    settings: Option<&Path>,
) -> Result<Compilation, RuleFilesError> {
    let (mut loaded, given) = (default_rules::load(), sigma::load(paths));
    loaded.sources.extend(given.sources);
    loaded.allowlists.extend(given.allowlists);
    loaded.refused.extend(given.refused);
    compile_loaded(loaded, settings)
}

fn compile_loaded(loaded: Loaded, settings: Option<&Path>) -> Result<Compilation, RuleFilesError> {
    let mut configuration = settings.map(read_settings).transpose()?.unwrap_or_default();
    for Source { path, text } in &loaded.allowlists {
        settings::add_packaged(&mut configuration, text, SystemTime::now())
            .map_err(|error| RuleFilesError::Settings { path: path.clone(), error })?;
    }
    let mut compilation = sigma::compile(&loaded.sources, &configuration);
    compilation.pack.programs = programs::compile(&[])?;
    compilation.refused.splice(0..0, loaded.refused);
    Ok(compilation)
}

/// Compiles the default programs and those of folders and files into a compiled pack.
///
/// # Errors
/// When one of the entries cannot be used: a rule that asks for its facts would never match. All that is wrong is said.
pub fn add_programs(compilation: &mut Compilation, paths: &[PathBuf]) -> Result<(), Vec<ProgramError>> {
    let loaded = programs::load(paths);
    if !loaded.errors.is_empty() {
        return Err(loaded.errors);
    }
    compilation.pack.programs = programs::compile(&loaded.programs).map_err(|error| vec![error])?;
    Ok(())
}

/// Reads a settings file.
///
/// # Errors
/// When it cannot be read or used.
pub(crate) fn read_settings(path: &Path) -> Result<Configuration, RuleFilesError> {
    let text = files::read_text(path, files::SETTINGS)?;
    settings::parse(&text, SystemTime::now())
        .map_err(|error| RuleFilesError::Settings { path: path.into(), error })
}
