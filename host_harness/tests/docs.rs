//! The committed pages are those that the rules give.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]
use schtag_host::author::catalogue_pages;
use schtag_host::rules::{load, programs};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ADVICE: &str = "run `make docs`, and commit what it writes";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn the_rule_catalogue_is_up_to_date() {
    let output = root().join("docs/rules");
    assert!(output.is_dir(), "there is no docs/rules: {ADVICE}");
    let compiled = load::compile(&[root().join("plugin/rules")], None).unwrap();
    assert!(compiled.refused.is_empty(), "{:?}", compiled.refused);
    let pages = catalogue_pages::pages(&compiled, &output);
    for (name, text) in &pages {
        let written = fs::read_to_string(output.join(name)).unwrap_or_default();
        // Git may check files out with the line ends of Windows.
        assert!(written.replace("\r\n", "\n") == *text, "docs/rules/{name} is stale: {ADVICE}");
    }
    let there = fs::read_dir(&output).unwrap().map(|entry| entry.unwrap().file_name());
    let there: BTreeSet<String> = there.map(|name| name.to_string_lossy().into_owned()).collect();
    let extra: Vec<&String> = there.iter().filter(|name| !pages.contains_key(*name)).collect();
    assert!(extra.is_empty(), "docs/rules has pages of rules that are gone, {extra:?}: {ADVICE}");
}

#[test]
fn the_page_of_fields_is_up_to_date() {
    let written = fs::read_to_string(root().join("docs/fields.md")).unwrap_or_default();
    assert!(written.replace("\r\n", "\n") == catalogue_pages::fields(), "docs/fields.md is stale: {ADVICE}");
}

#[test]
fn the_page_of_programs_is_up_to_date() {
    let written = fs::read_to_string(root().join("docs/programs.md")).unwrap_or_default();
    let page = catalogue_pages::programs(&programs::load_default());
    assert!(written.replace("\r\n", "\n") == page, "docs/programs.md is stale: {ADVICE}");
}
