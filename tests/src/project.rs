//! Where things are in this checkout.

use std::io;
use std::path::{Path, PathBuf};

/// The checkout's root folder.
pub fn root() -> PathBuf {
    // The tests crate lives one folder below.
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_dir.parent().unwrap_or(crate_dir).to_path_buf()
}

/// The Rust files below a folder, in order, but for what is built or hidden.
///
/// # Errors
/// When a folder cannot be read.
pub fn rust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(".rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The built filter: the file that `SCHTAG_WASM` names, else `dist/schtag.wasm`.
///
/// # Errors
/// A sentence that says how to build it, when there is none.
pub fn module() -> Result<PathBuf, String> {
    let path = match std::env::var_os("SCHTAG_WASM") {
        Some(path) => PathBuf::from(path),
        None => root().join("dist/schtag.wasm"),
    };
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!(
            "there is no filter at {}: `make test` builds it and runs this suite, `make dist` only builds it",
            path.display()
        ))
    }
}

/// The engine without rules: the file that `SCHTAG_BASE_WASM` names, else `target/wasm/schtag_base.wasm`.
///
/// # Errors
/// A sentence that says how to build it, when there is none.
pub fn base_module() -> Result<PathBuf, String> {
    let path = match std::env::var_os("SCHTAG_BASE_WASM") {
        Some(path) => PathBuf::from(path),
        None => root().join("target/wasm/schtag_base.wasm"),
    };
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!("there is no base module at {}: `make test` builds it", path.display()))
    }
}

/// Where a program on PATH is.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(program)).find(|path| path.is_file())
}
