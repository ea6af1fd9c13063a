//! Reads whole files: regular ones, up to a size.
//!
//! A path may name a device without an end, a pipe that nobody writes to, or a folder. Whatever is held in memory as a
//! whole is read by [`read`]; events, which are read piece by piece, are not.
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The most bytes of a WebAssembly module: 32 MiB. The default one has less than one.
pub(crate) const MODULE: u64 = 32 << 20;
/// The most bytes of a settings file: 4 MiB.
pub(crate) const SETTINGS: u64 = 4 << 20;
/// The most bytes of a file of cases: 64 MiB.
pub(crate) const CASES: u64 = 64 << 20;

/// Why a file is not read.
#[derive(Debug, Error)]
pub enum FileError {
    /// The system does not give it.
    #[error("{}: {error}", .path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("{}: this is {kind}; give a regular file of at most {limit} bytes", .path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
        /// Its kind, in words.
        kind: &'static str,
        /// The most bytes that the file may have.
        limit: u64,
    },
    /// It is too large.
    #[error("{}: the file has more than {limit} bytes, which is the most that is read", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes that it may have.
        limit: u64,
    },
    /// It is to be text, and is not.
    #[error("{}: not UTF-8 text", .path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
}

impl FileError {
    /// Tells the error that there is no such file.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::System { error, .. } if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
/// When it is anything else, is larger, or cannot be read.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let system = |error| FileError::System { path: path.into(), error };
    let regular = |metadata: fs::Metadata| {
        let kind = match metadata.file_type() {
            kind if kind.is_file() => return Ok(metadata),
            kind if kind.is_dir() => "a folder",
            _ => "a pipe, a device or a socket",
        };
        Err(FileError::NotRegular { path: path.into(), kind, limit })
    };
    // Before it is opened, which for a pipe would wait for its writer; and after, since it may be another by then.
    regular(fs::metadata(path).map_err(system)?)?;
    let file = File::open(path).map_err(system)?;
    let size = regular(file.metadata().map_err(system)?)?.len();
    let too_large = || FileError::TooLarge { path: path.into(), limit };
    if size > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(system)?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// As [`read`], of a text in UTF-8.
///
/// # Errors
/// As [`read`], and when it is no such text.
pub(crate) fn read_text(path: &Path, limit: u64) -> Result<String, FileError> {
    String::from_utf8(read(path, limit)?).map_err(|_| FileError::NotText { path: path.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regular_file_is_read_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"four");
        let error = read(&path, 3).unwrap_err();
        assert!(matches!(error, FileError::TooLarge { limit: 3, .. }), "{error}");
        assert!(error.to_string().contains("a: the file has more than 3 bytes"), "{error}");
        fs::write(&path, b"\xff").unwrap();
        assert!(matches!(read_text(&path, 9), Err(FileError::NotText { .. })));
        assert!(read(&folder.path().join("missing"), 4).unwrap_err().is_missing());
        let error = read(folder.path(), 4).unwrap_err();
        assert!(
            error.to_string().contains("this is a folder; give a regular file of at most 4 bytes"),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_pipes_are_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for path in [&pipe, &link, &PathBuf::from("/dev/zero")] {
            let error = read(path, 1 << 20).unwrap_err();
            assert!(matches!(error, FileError::NotRegular { limit: 0x10_0000, .. }), "{error}");
        }
    }
}
