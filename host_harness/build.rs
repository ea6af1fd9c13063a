//! Embeds the base module that the environment variable SCHTAG_BASE_WASM names, so that `schtag bake` needs no
//! other file, and the default rules with their cases and the default programs, so that the command works alone.
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
         /// The text that `--version` prints.\n\
         pub(crate) const VERSION: &str = {version:?};\n"
    );
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("base.rs"), generated)?;
    for folder in ["rules", "programs"] {
        let generated = PathBuf::from(env::var("OUT_DIR")?).join(folder).with_extension("rs");
        fs::write(generated, files(folder, &mut cargo)?)?;
    }
    std::io::Write::write_all(&mut std::io::stdout(), cargo.as_bytes())?;
    Ok(())
}

/// The files of a folder of the plugin: an array of their paths, with `/`, and texts, in the order of the paths.
fn files(folder: &str, cargo: &mut String) -> Result<String, Box<dyn error::Error>> {
    let root =
        PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../plugin").join(folder).canonicalize()?;
    writeln!(cargo, "cargo::rerun-if-changed={}", root.display())?;
    let mut entries = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yml" || extension == "ndjson") {
                let below: Vec<_> = path
                    .strip_prefix(&root)?
                    .iter()
                    .map(|part| part.to_string_lossy().into_owned())
                    .collect();
                let entry = format!("    ({:?}, include_str!({path:?})),\n", below.join("/"));
                entries.push((below, entry));
            }
        }
    }
    // As a folder is read: `a/rule.yml` before `a-b/rule.yml`.
    entries.sort();
    let entries: String = entries.into_iter().map(|(_, entry)| entry).collect();
    Ok(format!("pub(super) const FILES: &[(&str, &str)] = &[\n{entries}];\n"))
}
