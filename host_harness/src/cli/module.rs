//! Where the module is looked for.
use super::failure::{Exit, Failure};
use schtag_host::engine::Module;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The environment variable that names a module.
const VARIABLE: &str = "SCHTAG_MODULE";

/// Loads the module that the user means: `given`, else what [`VARIABLE`] names, else the first that exists of
/// the usual places.
pub(crate) fn load(given: Option<&Path>) -> Result<Module, Failure> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => match env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
            Some(value) => value.into(),
            None => find()?,
        },
    };
    let wasm = fs::read(&path).map_err(|error| Failure::of_file(Exit::Module, &path, error))?;
    Module::new(&wasm).map_err(|error| Failure::of_file(Exit::Module, &path, error))
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
