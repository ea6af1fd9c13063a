//! `schtag bake`.
use super::failure::{Exit, Failure};
use super::{module, say};
use crate::author::check::is_fault;
use crate::rules::sigma::Refusal;
use crate::text::digest::sha256_hex;
use crate::wasm::bake::{BakeError, bake};
use crate::wasm::gate;
use clap::Args;
use std::path::{Path, PathBuf};
use std::{fs, process};

const EXAMPLES: &str = "\
Examples:
  schtag bake --settings schtag.yml -o schtag.wasm
  schtag bake --rules rules/ -o schtag.wasm
  schtag bake --rules rules/ --rules sigma/rules/windows --settings schtag.yml -o schtag.wasm
  schtag bake --default-rules --rules rules/ --programs programs/ -o schtag.wasm
  schtag bake --rules rules/ --base target/wasm/schtag_base.wasm -o schtag.wasm";

/// Bake Sigma rules and settings into the module that Fluent Bit loads
///
/// The same rules, settings and base give the same bytes. The output file is replaced in one step, so that a Fluent
/// Bit that reloads never sees half of it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Bake {
    /// A folder of Sigma rules, searched for .yml and .yaml, or a single file; give --rules once for each. Without it
    /// the default rules are baked
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// Bake the default rules beside those of --rules
    #[arg(long)]
    default_rules: bool,
    /// A folder of programs, or a single file, whose entries are added to the default ones; give --programs once for each
    #[arg(long, value_name = "DIR")]
    programs: Vec<PathBuf>,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The module to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The base module; the one inside this executable, if not given
    #[arg(long, value_name = "FILE")]
    base: Option<PathBuf>,
    /// The most bytes that the module may have
    #[arg(long, value_name = "BYTES", default_value_t = gate::DEFAULT_BUDGET)]
    max_size: usize,
    /// Bake the rules that can be used, although a document among them is no rule or cannot be compiled
    #[arg(long)]
    keep_going: bool,
    /// Fail also where a rule is left out because it is for other events or other tools
    #[arg(long, conflicts_with = "keep_going")]
    strict: bool,
}

impl Bake {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let base = module::require_base(self.base.as_deref())?;
        let settings = self.settings.as_deref();
        let mut compiled = if self.default_rules {
            module::compile_beside_default(&self.rules, settings)?
        } else {
            module::compile(&self.rules, settings)?
        };
        module::add_programs(&mut compiled, &self.programs)?;
        for remark in &compiled.remarks {
            say(&format!("note: {remark}"));
        }
        let compiled = module::usable(compiled)?;
        if self.strict && !compiled.refused.is_empty() {
            return Err(Failure::new(Exit::Input, "some rules cannot be compiled, and --strict is given"));
        }
        if !self.keep_going {
            refuse_faults(&compiled.refused)?;
        }
        let baked =
            bake(&base, &compiled.pack, self.max_size).map_err(|error| match (&self.base, &error) {
                (Some(path), BakeError::AlreadyBaked(_) | BakeError::Base(_)) => {
                    Failure::of_file(Exit::Module, path, error)
                }
                _ => Failure::new(Exit::Module, error),
            })?;
        replace(&self.output, &baked.wasm)?;
        say(&format!(
            "{}: {} rules, {} bytes, sha256 {}",
            self.output.display(),
            compiled.pack.rules.len(),
            baked.wasm.len(),
            sha256_hex(&baked.wasm)
        ));
        Ok(Exit::Done)
    }
}

/// Fails when a document was left out that somebody meant to be in the module.
fn refuse_faults(refused: &[Refusal]) -> Result<(), Failure> {
    let faults = refused.iter().filter(|refusal| is_fault(refusal)).count();
    if faults == 0 {
        return Ok(());
    }
    let what = if faults == 1 { "1 document cannot" } else { &format!("{faults} documents cannot") };
    Err(Failure::new(
        Exit::Input,
        format!("{what} be used as a rule; correct them, or give --keep-going to bake the others"),
    ))
}

/// Puts a whole file in place of another. What is not a file, such as /dev/stdout, is written to.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error| Failure::of_file(Exit::Output, path, error);
    let target = match fs::metadata(path) {
        Ok(existing) if !existing.is_file() => return fs::write(path, bytes).map_err(failed),
        // A link stays, and what it names is replaced.
        Ok(_) => path.canonicalize().map_err(failed)?,
        Err(_) => path.to_owned(),
    };
    let mut partial = target.as_os_str().to_owned();
    partial.push(format!(".{}.partial", process::id()));
    let result = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, target));
    if result.is_err() {
        // The error that is printed is the one that matters.
        let _ = fs::remove_file(&partial);
    }
    result.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("schtag.wasm");
        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1);
        assert!(replace(&folder.path().join("missing/schtag.wasm"), b"").is_err());
        assert!(replace(folder.path(), b"").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
        fs::write(&file, b"old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        std::os::unix::fs::symlink("/dev/null", folder.path().join("null")).unwrap();
        replace(&folder.path().join("null"), b"new").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
