//! Data flows one way: no module of a crate uses one that its `lib.rs` lists later.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use schtag_tests::project;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules in the order of their first mention in the crate's documentation, with their places.
fn order(library: &str) -> BTreeMap<&str, usize> {
    let documentation = library.lines().filter_map(|line| line.strip_prefix("//!"));
    let mentions =
        documentation.flat_map(|line| line.split("[`").skip(1).filter_map(|rest| rest.split('`').next()));
    let mut order = BTreeMap::new();
    for name in mentions {
        let next = order.len();
        order.entry(name).or_insert(next);
    }
    order
}

/// The modules that a `lib.rs` declares, those for tests only aside.
fn declared(library: &str) -> Vec<&str> {
    let mut test_only = false;
    let mut names = Vec::new();
    for line in library.lines() {
        let declaration = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        if let Some(name) = declaration.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'))
            && !test_only
        {
            names.push(name);
        }
        test_only = line == "#[cfg(test)]";
    }
    names
}

/// Every source file below a folder, files of tests aside.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let is_test = |name: &str| name == "tests" || name.starts_with("test_") || name == "properties";
    let mut found = project::rust_files(folder).unwrap();
    found.retain(|file| {
        let below = file.with_extension("");
        !below.strip_prefix(folder).unwrap().iter().any(|part| is_test(&part.to_string_lossy()))
    });
    found
}

/// The modules that a file names by `crate::…` outside its comments and its own tests.
fn used(text: &str) -> Vec<&str> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let names = code.flat_map(|line| line.split("crate::").skip(1));
    names
        .map(|rest| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Uses of a later module: the file, and the module that it names.
fn looks_up(source: &Path) -> Vec<String> {
    let library = fs::read_to_string(source.join("lib.rs")).unwrap();
    let order = order(&library);
    let mut problems: Vec<String> = declared(&library)
        .into_iter()
        .filter(|name| !order.contains_key(name))
        .map(|name| format!("lib.rs does not say where {name} stands"))
        .collect();
    let mut looked = 0;
    for file in sources(source) {
        let inside = file.strip_prefix(source).unwrap();
        let module = inside.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
        let Some(own) = order.get(module.as_str()) else { continue };
        for name in used(&fs::read_to_string(&file).unwrap()) {
            let Some(other) = order.get(name) else { continue };
            looked += 1;
            if other > own {
                problems.push(format!("{} uses {name}, which comes after {module}", inside.display()));
            }
        }
    }
    let least = declared(&library).len();
    assert!(looked >= least / 2, "only {looked} uses were found");
    problems
}

#[test]
fn no_module_uses_a_later_one() {
    for source in ["plugin/task/src", "plugin/command/src", "plugin/src", "host_harness/src"] {
        let problems = looks_up(&project::root().join(source));
        assert!(problems.is_empty(), "{source}:\n{}", problems.join("\n"));
    }
}

#[test]
fn a_use_of_a_later_module_is_found() {
    let library = "//! 1. [`low`] is below [`high`].\nmod high;\nmod low;\n#[cfg(test)]\nmod test_data;\n";
    assert_eq!(order(library), BTreeMap::from([("low", 0), ("high", 1)]));
    assert_eq!(declared(library), ["high", "low"]);
    assert_eq!(used("use crate::high;\n// crate::low\n#[cfg(test)]\nmod tests { use crate::x; }"), ["high"]);
}
