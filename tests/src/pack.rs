//! The default rules, compiled for the core as it runs natively.

use crate::{filter, project};
use schtag::rules::{Pack, Packed};

/// The pack that is in the built filter.
///
/// # Errors
/// A sentence when there is no filter, or the rules cannot be compiled.
pub fn packed() -> Result<Packed, String> {
    let compiled = schtag_host::rule_files::compile(&[project::root().join("plugin/rules")], None)
        .map_err(|error| error.to_string())?;
    let module = filter::module()?;
    let hash = module.manifest().ok_or("the filter has no manifest")?.pack.clone();
    Ok(Packed { format: Pack::FORMAT, hash, pack: compiled.pack })
}
