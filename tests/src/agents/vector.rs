//! A real Vector: found, configured, started for one test and stopped with it.
//!
//! The program is what the environment variable `VECTOR` names, else `vector` on PATH. Where there is none a test skips
//! itself, loudly; with `SCHTAG_REQUIRE_VECTOR` set it fails instead.

use crate::project::on_path;
use crate::skip::{Tool, missing};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The program, or nothing after it has said that `test` is skipped.
///
/// # Panics
/// When a Vector is required and there is none.
pub fn find(test: &str) -> Option<PathBuf> {
    let named = std::env::var_os("VECTOR").filter(|value| !value.is_empty()).map(PathBuf::from);
    let found = named.or_else(|| on_path("vector"));
    if found.is_none() {
        let what = format!("no vector for {test}; set VECTOR or put it on PATH (https://vector.dev)");
        missing(Tool::Vector, &what);
    }
    found
}

/// A running Vector with a folder of its own. It is killed when this value is dropped.
#[derive(Debug)]
pub struct Vector {
    child: Child,
    dir: TempDir,
}

impl Vector {
    /// Starts it on a YAML configuration.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(program: &Path, dir: TempDir, config: &str) -> io::Result<Self> {
        let path = dir.path().join("vector.yaml");
        fs::write(&path, config)?;
        let log = File::create(dir.path().join("vector.log"))?;
        let child = Command::new(program)
            .arg("--config")
            .arg(&path)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self { child, dir })
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Fails when it has ended, with its log.
    ///
    /// # Errors
    /// When it has.
    pub fn check(&mut self) -> io::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(io::Error::other(format!("vector ended with {status}\n{}", self.log()))),
        }
    }

    /// Returns what it has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir().join("vector.log")).unwrap_or_default()
    }
}

impl Drop for Vector {
    fn drop(&mut self) {
        // It may have ended already; either way nothing is left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
