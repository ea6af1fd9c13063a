//! Which module judges, and by which rules.
use super::excerpt::excerpt;
use super::failure::{Exit, Failure};
use super::output::tell;
use super::{embedded, say};
use crate::author::check::refusal_spot;
use crate::rules::load;
use crate::rules::sigma::Compilation;
use crate::run::wasmtime::{Module, ModuleCache};
use crate::text::files;
use crate::wasm::bake::bake;
use std::borrow::Cow;
use std::env;
use std::path::{Path, PathBuf};

/// The environment variable that names a module.
const VARIABLE: &str = "SCHTAG_MODULE";

/// A module that is ready to run, and where it comes from.
pub(crate) struct Loaded {
    pub(crate) module: Module,
    /// `default rules`, `rules of PATH`, or `module PATH`.
    pub(crate) origin: String,
}

impl Loaded {
    /// Says which rules judge, in a few words.
    pub(crate) fn description(&self) -> String {
        let rules = match self.module.manifest() {
            None => "a module without rules".into(),
            Some(manifest) => {
                let rules = manifest.rules.len() + manifest.correlations.len();
                let pack = manifest.pack.get(..12).unwrap_or(&manifest.pack);
                format!("schtag {} with {rules} rules, pack {pack}", manifest.version)
            }
        };
        format!("{rules} ({})", self.origin)
    }
}

/// Loads the module that the user means: the one in the file `given`; else one of `rules`; else the file that
/// [`VARIABLE`] names; else one of the default rules. With a folder, compiled code is kept there.
pub(crate) fn choose(
    given: Option<&Path>,
    rules: &[PathBuf],
    cache: Option<PathBuf>,
) -> Result<Loaded, Failure> {
    let cache = cache.map_or_else(ModuleCache::in_memory, ModuleCache::in_folder);
    let variable = env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = embedded::EMBEDDED;
    let file = match (given, rules, variable) {
        (Some(path), ..) => Some(path.to_owned()),
        (None, [], Some(path)) => Some(path),
        // An executable without a base module can bake nothing.
        (None, [], None) if base.is_none() => Some(find()?),
        _ => None,
    };
    if let Some(path) = file {
        let wasm = files::read(&path, files::MODULE).map_err(|error| Failure::new(Exit::Module, error))?;
        let module = cache.load(&wasm).map_err(|error| Failure::of_file(Exit::Module, &path, error))?;
        return Ok(Loaded { module, origin: format!("module {}", path.display()) });
    }
    let base = require_base(None)?;
    let compiled = usable(compile(rules, None)?)?;
    // Nothing limits the size of a module that only this process runs.
    let baked = bake(&base, &compiled.pack, usize::MAX).map_err(|error| Failure::new(Exit::Module, error))?;
    let module = cache.load(&baked.wasm).map_err(|error| Failure::new(Exit::Module, error))?;
    Ok(Loaded { module, origin: origin(rules) })
}

fn origin(rules: &[PathBuf]) -> String {
    if rules.is_empty() {
        return "default rules".into();
    }
    let names: Vec<String> = rules.iter().map(|path| path.display().to_string()).collect();
    format!("rules of {}", names.join(", "))
}

/// Compiles the rules in these folders and files, or the default rules when none is named.
pub(crate) fn compile(rules: &[PathBuf], settings: Option<&Path>) -> Result<Compilation, Failure> {
    let compiled = match rules {
        [] => load::compile_default(settings),
        rules => load::compile(rules, settings),
    };
    compiled.map_err(|error| Failure::new(Exit::Input, error))
}

/// Compiles the default rules and those in these folders and files.
pub(crate) fn compile_beside_default(
    rules: &[PathBuf],
    settings: Option<&Path>,
) -> Result<Compilation, Failure> {
    load::compile_beside_default(rules, settings).map_err(|error| Failure::new(Exit::Input, error))
}

/// Adds the programs in these folders and files to the default ones.
pub(crate) fn add_programs(compiled: &mut Compilation, programs: &[PathBuf]) -> Result<(), Failure> {
    load::add_programs(compiled, programs).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::new(Exit::Input, lines.join("\n"))
    })
}

/// Says what was left out. Fails when no rule is left.
pub(crate) fn usable(compiled: Compilation) -> Result<Compilation, Failure> {
    for refused in &compiled.refused {
        say(&format!("left out: {refused}"));
        let excerpt = excerpt(&refused.path, refusal_spot(refused).as_ref());
        if !excerpt.is_empty() {
            tell(&excerpt);
        }
    }
    if compiled.pack.rules.is_empty() {
        return Err(Failure::new(Exit::Input, "there is no usable rule in what --rules names"));
    }
    Ok(compiled)
}

/// The base module: `given`, else the one inside this executable, if there is one.
pub(crate) fn base(given: Option<&Path>) -> Result<Option<Cow<'static, [u8]>>, Failure> {
    match given {
        Some(path) => match files::read(path, files::MODULE) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) => Err(Failure::new(Exit::Input, error)),
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
                "there is no module inside this executable, and no schtag.wasm (looked for {}). Name one with \
                 --module or {VARIABLE}, or make one: `make dist` in the source tree, or \
                 `schtag bake --rules DIR -o schtag.wasm`",
                list.join(", ")
            ),
        )
    })
}
