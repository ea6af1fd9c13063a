//! Compiled code, kept: by content hash, never by file time.
use super::{EngineError, Module};
use crate::text::digest::sha256_hex;
use crate::text::files;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use wasmtime::Engine;

/// The first bytes of a file of the cache; the SHA-256 of the rest and a line break follow.
const HEAD: &[u8] = b"schtag compiled module 1\n";
/// The most bytes of a file of the cache: 512 MiB.
const COMPILED: u64 = 512 << 20;
/// Length of a SHA-256 in hexadecimal.
const DIGEST: usize = 64;

/// Compiles each module once: clones of the first one serve the later requests, and with a folder so do later
/// processes. `docs/adr/0004-compiled-module-cache.md` says why it is made as it is.
///
/// ```no_run
/// use schtag_host::run::wasmtime::ModuleCache;
///
/// let cache = ModuleCache::in_folder("/var/cache/schtag");
/// let module = cache.load(&std::fs::read("dist/schtag.wasm")?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct ModuleCache {
    folder: Option<PathBuf>,
    /// By SHA-256 of the module.
    loaded: Mutex<HashMap<String, Module>>,
}

impl ModuleCache {
    /// A cache in memory only.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// A cache that also keeps compiled code in a folder, which it makes when there is none.
    ///
    /// **Code from this folder is run.** It must belong to the user who runs this process, and nobody else may
    /// be able to write to it; on Unix, a folder or file that group or others can write to is not used.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), ..Self::default() }
    }

    /// The module of these bytes, checked and compiled.
    ///
    /// A file of the folder that is damaged, or of another version of wasmtime, another machine or another
    /// configuration, is passed over and written anew. When the folder cannot be used at all, the module is
    /// compiled each time.
    ///
    /// # Errors
    /// As [`Module::new`].
    pub fn load(&self, wasm: &[u8]) -> Result<Module, EngineError> {
        let digest = sha256_hex(wasm);
        if let Some(module) = self.loaded().get(&digest) {
            return Ok(module.clone());
        }
        let module = match &self.folder {
            Some(folder) => {
                Module::compiled_by(wasm, |engine, wasm| from_folder(folder, &digest, engine, wasm))
            }
            None => Module::new(wasm),
        }?;
        self.loaded().insert(digest, module.clone());
        Ok(module)
    }

    fn loaded(&self) -> std::sync::MutexGuard<'_, HashMap<String, Module>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn from_folder(
    folder: &Path,
    digest: &str,
    engine: &Engine,
    wasm: &[u8],
) -> wasmtime::Result<wasmtime::Module> {
    // Two names in one: what was compiled, and by which compiler with which configuration for which processor.
    let file = folder.join(format!("{digest}-{}.cwasm", compatibility(engine)));
    if let Some(module) = read(&file).and_then(|code| deserialize(engine, &code)) {
        return Ok(module);
    }
    let module = wasmtime::Module::new(engine, wasm)?;
    // A cache that cannot be written to costs time, and nothing else.
    let _ = module.serialize().map(|code| write(&file, &code));
    Ok(module)
}

/// wasmtime's hash of everything that compiled code depends on besides the module, in hexadecimal.
fn compatibility(engine: &Engine) -> String {
    struct Digesting(Sha256);
    impl Hasher for Digesting {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Digesting(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let mut hex = sha256_hex(&hasher.0.finalize());
    hex.truncate(16);
    hex
}

/// The code in a file, if it is whole and nobody else may have written it.
fn read(path: &Path) -> Option<Vec<u8>> {
    let folder = path.parent()?;
    if !(private(folder) && private(path)) {
        return None;
    }
    let mut bytes = files::read(path, COMPILED).ok()?;
    let (digest, code) = bytes.strip_prefix(HEAD)?.split_at_checked(DIGEST)?;
    let code = code.strip_prefix(b"\n")?;
    if sha256_hex(code).as_bytes() != digest {
        return None;
    }
    Some(bytes.split_off(bytes.len().checked_sub(code.len())?))
}

/// Returns whether only its owner may write to it.
#[cfg(unix)]
fn private(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o022 == 0)
}

/// Windows' access lists are the operator's to set.
#[cfg(not(unix))]
fn private(path: &Path) -> bool {
    path.exists()
}

/// Writes a file in one step: whoever reads it sees all of it or nothing.
fn write(path: &Path, code: &[u8]) -> io::Result<()> {
    static PARTS: AtomicU64 = AtomicU64::new(0);
    let folder = path.parent().unwrap_or(path);
    make_folder(folder)?;
    let part = path.with_extension(format!("part-{}-{}", process::id(), PARTS.fetch_add(1, Relaxed)));
    let written = || {
        let mut file = fs::File::create(&part)?;
        file.write_all(HEAD)?;
        file.write_all(sha256_hex(code).as_bytes())?;
        file.write_all(b"\n")?;
        file.write_all(code)?;
        file.sync_all()?;
        only_owner_writes(&file)?;
        fs::rename(&part, path)
    };
    let result = written();
    if result.is_err() {
        // Whatever it was, half a file helps nobody.
        let _ = fs::remove_file(&part);
    }
    result
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn only_owner_writes(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn only_owner_writes(_: &fs::File) -> io::Result<()> {
    Ok(())
}

/// The module of code that [`write`] wrote and [`read`] found whole.
#[expect(unsafe_code, reason = "the only way to load compiled code; see the comment at the call")]
fn deserialize(engine: &Engine, code: &[u8]) -> Option<wasmtime::Module> {
    Engine::detect_precompiled(code)?;
    // SAFETY: `code` has to be what `Module::serialize` gave, for this is native code that will run. It is from
    // a file that begins as ours do and whose SHA-256 is right, so it is not damaged; and the folder and the file
    // can be written only by the user whose process this is, who could as well replace the process. wasmtime
    // itself refuses code of another version, configuration or processor.
    unsafe { wasmtime::Module::deserialize(engine, code) }.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::wasmtime::{Options, Tagger, Timestamp};
    use crate::wasm::test_guest;
    use std::fs::OpenOptions;

    /// The only file in a folder.
    fn only_file(folder: &Path) -> PathBuf {
        let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    fn works(module: Module) {
        let mut tagger = Tagger::new(module, Options::default()).unwrap();
        let tagged = tagger.tag_record(b"", Timestamp::default(), br#"{"t":1}"#);
        assert_eq!(&*tagged.record, br#"{"schtag":{"verdict":"alert","severity":"high"}}"#);
    }

    #[test]
    fn a_module_is_compiled_once() {
        let wasm = test_guest::baked();
        let cache = ModuleCache::in_memory();
        let first = cache.load(&wasm).unwrap();
        let second = cache.load(&wasm).unwrap();
        // Clones share their engine, which a module compiled anew does not.
        assert!(Engine::same(first.pre().module().engine(), second.pre().module().engine()));
        cache.load(b"no module").unwrap_err();
    }

    #[test]
    fn code_in_a_folder_serves_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("made/when/missing");
        let wasm = test_guest::baked();
        works(ModuleCache::in_folder(&folder).load(&wasm).unwrap());
        let file = only_file(&folder);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with(&sha256_hex(&wasm)), "{name}");
        let written = fs::metadata(&file).unwrap().modified().unwrap();
        let module = ModuleCache::in_folder(&folder).load(&wasm).unwrap();
        let engine = module.pre().module().engine();
        assert!(deserialize(engine, &read(&file).unwrap()).is_some());
        works(module);
        assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written, "it was not written again");
    }

    #[test]
    fn what_is_damaged_or_foreign_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let wasm = test_guest::baked();
        let cache = || ModuleCache::in_folder(folder.path()).load(&wasm).unwrap();
        cache();
        let file = only_file(folder.path());
        let good = fs::read(&file).unwrap();
        let mut flipped = good.clone();
        let last = flipped.len() - 1;
        flipped[last] ^= 1;
        let code = b"ELF of somebody else's".as_slice();
        let foreign = [HEAD, sha256_hex(code).as_bytes(), b"\n", code].concat();
        for bad in [b"".as_slice(), b"garbage", HEAD, &good[..good.len() / 2], &flipped, &foreign] {
            fs::write(&file, bad).unwrap();
            works(cache());
            assert_eq!(fs::read(&file).unwrap(), good);
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_others_may_write_to_is_not_run() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let wasm = test_guest::baked();
        ModuleCache::in_folder(folder.path()).load(&wasm).unwrap();
        let file = only_file(folder.path());
        assert!(read(&file).is_some());
        for (path, mode) in [(&file, 0o622), (&folder.path().to_owned(), 0o777)] {
            let before = fs::metadata(path).unwrap().permissions();
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(read(&file).is_none(), "{mode:o}");
            works(ModuleCache::in_folder(folder.path()).load(&wasm).unwrap());
            fs::set_permissions(path, before).unwrap();
        }
    }

    #[test]
    fn a_folder_that_cannot_be_used_costs_only_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a file");
        OpenOptions::new().create(true).append(true).open(&file).unwrap();
        works(ModuleCache::in_folder(&file).load(&test_guest::baked()).unwrap());
    }
}
