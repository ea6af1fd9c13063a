//! Embeds the base module that the environment variable SCHTAG_BASE_WASM names, so that `schtag bake` needs no
//! other file, and the default rules, so that their matches can be explained.
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::PathBuf;
use std::{env, error, fs};

const VARIABLE: &str = "SCHTAG_BASE_WASM";

fn main() -> Result<(), Box<dyn error::Error>> {
    let mut cargo = String::from("cargo::rerun-if-changed=build.rs\n");
    writeln!(cargo, "cargo::rerun-if-env-changed={VARIABLE}")?;
    let mut version = env::var("CARGO_PKG_VERSION")?;
    let mut embedded = "None".to_owned();
    if let Some(path) = env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from) {
        let named = |error| format!("{VARIABLE} names {}: {error}", path.display());
        let path = path.canonicalize().map_err(named)?;
        let bytes = fs::read(&path).map_err(named)?;
        writeln!(cargo, "cargo::rerun-if-changed={}", path.display())?;
        version.push_str("\nbase module: sha256 ");
        for byte in Sha256::digest(&bytes) {
            write!(version, "{byte:02x}")?;
        }
        embedded = format!("Some(include_bytes!({path:?}))");
    }
    let generated = format!(
        "/// The base module, if one was embedded.\n\
         pub(crate) const EMBEDDED: Option<&[u8]> = {embedded};\n\
         /// What `--version` says.\n\
         pub(crate) const VERSION: &str = {version:?};\n"
    );
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("base.rs"), generated)?;
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("rules.rs"), rules(&mut cargo)?)?;
    std::io::Write::write_all(&mut std::io::stdout(), cargo.as_bytes())?;
    Ok(())
}

/// The default rules: an array of their names and texts.
fn rules(cargo: &mut String) -> Result<String, Box<dyn error::Error>> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../plugin/rules").canonicalize()?;
    writeln!(cargo, "cargo::rerun-if-changed={}", folder.display())?;
    let mut entries = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let file = entry?.path().join("rule.yml");
        let name = file.parent().and_then(|folder| folder.file_name()).unwrap_or_default();
        if file.is_file() {
            entries.push(format!("    ({:?}, include_str!({file:?})),\n", name.to_string_lossy()));
        }
    }
    entries.sort();
    Ok(format!("pub(super) const RULES: &[(&str, &str)] = &[\n{}];\n", entries.concat()))
}
