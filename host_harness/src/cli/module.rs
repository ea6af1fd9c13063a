//! Where modules are looked for.
use super::embedded;
use super::failure::{Exit, Failure};
use schtag_host::engine::{Module, ModuleCache};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The environment variable that names a module.
const VARIABLE: &str = "SCHTAG_MODULE";

/// Loads the module that the user means: `given`, else what [`VARIABLE`] names, else the first that exists of
/// the usual places.
pub(crate) fn load(given: Option<&Path>) -> Result<Module, Failure> {
    load_cached(given, None)
}

/// As [`load`]; with a folder, the compiled module is kept there.
pub(crate) fn load_cached(given: Option<&Path>, cache: Option<PathBuf>) -> Result<Module, Failure> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => match env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
            Some(value) => value.into(),
            None => find()?,
        },
    };
    let wasm = fs::read(&path).map_err(|error| Failure::of_file(Exit::Module, &path, error))?;
    let cache = cache.map_or_else(ModuleCache::in_memory, ModuleCache::in_folder);
    cache.load(&wasm).map_err(|error| Failure::of_file(Exit::Module, &path, error))
}

/// The base module: `given`, else the one inside this executable, if there is one.
pub(crate) fn base(given: Option<&Path>) -> Result<Option<Cow<'static, [u8]>>, Failure> {
    match given {
        Some(path) => match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) => Err(Failure::of_file(Exit::Input, path, error)),
        },
        None => Ok(embedded::EMBEDDED.map(Cow::Borrowed)),
    }
}

/// The base module, which must be there.
pub(crate) fn require_base(given: Option<&Path>) -> Result<Cow<'static, [u8]>, Failure> {
    base(given)?.ok_or_else(|| {
        Failure::new(
            Exit::Module,
            "there is no base module inside this executable. Name one with --base, or build `schtag` with \
             the environment variable SCHTAG_BASE_WASM naming one, as `make dist` does",
        )
    })
}

fn find() -> Result<PathBuf, Failure> {
    let beside = env::current_exe().ok().map(|executable| executable.with_file_name("schtag.wasm"));
    let places = beside.into_iter().chain(["dist/schtag.wasm".into(), "schtag.wasm".into()]);
    let places: Vec<PathBuf> = places.collect();
    places.iter().find(|place| place.is_file()).cloned().ok_or_else(|| {
        let list: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        Failure::new(
            Exit::Module,
            format!(
                "there is no schtag.wasm (looked for {}). Name one with --module or {VARIABLE}, or make one: \
                 `make dist` in the source tree, or `schtag bake --rules DIR -o schtag.wasm`",
                list.join(", ")
            ),
        )
    })
}
