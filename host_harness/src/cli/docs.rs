//! `schtag docs`.
use super::failure::{Exit, Failure};
use super::say;
use crate::author::catalogue_pages;
use crate::rules::{load, programs};
use crate::text::files;
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

/// The most bytes of a page.
const PAGE: u64 = 4 << 20;

const EXAMPLES: &str = "\
Examples:
  schtag docs plugin/rules -o docs/rules --fields docs/fields.md --programs-page docs/programs.md
  schtag docs my-rules/ -o wiki/";

/// Write the catalogue of rules as Markdown: a page a rule, and an index with the ATT&CK coverage
///
/// Pages of rules that are gone are removed; files that were not written by this command are left alone.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Docs {
    /// Folders of Sigma rules, searched for .yml and .yaml, or single files
    #[arg(value_name = "DIR", required = true)]
    rules: Vec<PathBuf>,
    /// The folder to write to; it is made if it is not there
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Write the page of the fields that rules can look at, too
    #[arg(long, value_name = "FILE")]
    fields: Option<PathBuf>,
    /// Write the page of the default programs, too
    #[arg(long, value_name = "FILE")]
    programs_page: Option<PathBuf>,
}

impl Docs {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let compiled = load::compile(&self.rules, None).map_err(|error| Failure::new(Exit::Input, error))?;
        for refused in &compiled.refused {
            say(&format!("left out: {refused}"));
        }
        if compiled.rules.is_empty() {
            return Err(Failure::new(Exit::Input, "there is no usable rule in these folders"));
        }
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| Failure::of_file(Exit::Output, &path, error)
        };
        fs::create_dir_all(&self.output).map_err(failed(&self.output))?;
        let pages = catalogue_pages::pages(&compiled, &self.output);
        for entry in fs::read_dir(&self.output).map_err(failed(&self.output))? {
            let path = entry.map_err(failed(&self.output))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if is_written(&path) {
                if !pages.contains_key(&name) {
                    fs::remove_file(&path).map_err(failed(&path))?;
                }
            } else if pages.contains_key(&name) {
                let text = "it was not written by `schtag docs`, and is not overwritten; move it away";
                return Err(Failure::of_file(Exit::Output, &path, text));
            }
        }
        for (name, text) in &pages {
            let path = self.output.join(name);
            fs::write(&path, text).map_err(failed(&path))?;
        }
        if let Some(path) = &self.fields {
            fs::write(path, catalogue_pages::fields()).map_err(failed(path))?;
        }
        if let Some(path) = &self.programs_page {
            fs::write(path, catalogue_pages::programs(&programs::load_default())).map_err(failed(path))?;
        }
        say(&format!("{}: {} pages", self.output.display(), pages.len()));
        // A catalogue that silently lacks a rule would pass for complete.
        Ok(if compiled.refused.is_empty() { Exit::Done } else { Exit::Input })
    }
}

/// Returns true for a page that this command writes.
fn is_written(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
        && files::read(path, PAGE).is_ok_and(|bytes| bytes.starts_with(catalogue_pages::MARK.as_bytes()))
}
