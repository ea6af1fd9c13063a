//! The default rules, compiled for the core as it runs natively.

use crate::{filter, project};
use schtag::rules::{Pack, Packed};
use schtag_host::rules::load;

/// The pack that is in the built filter.
///
/// # Errors
/// A sentence when there is no filter, or the rules cannot be compiled.
pub fn packed() -> Result<Packed, String> {
    let pack = with_settings("")?;
    let module = filter::module()?;
    let hash = module.manifest().ok_or("the filter has no manifest")?.pack.clone();
    Ok(Packed { format: Pack::FORMAT, hash, pack })
}

/// The default rules, compiled with these settings.
///
/// # Errors
/// If the compiler refuses the settings; the text is the compiler's.
pub fn with_settings(settings: &str) -> Result<Pack, String> {
    let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    std::fs::write(file.path(), settings).map_err(|error| error.to_string())?;
    let rules = [project::root().join("plugin/rules")];
    let compiled = load::compile(&rules, Some(file.path())).map_err(|error| error.to_string())?;
    Ok(compiled.pack)
}
