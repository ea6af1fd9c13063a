//! The border of the two crates that others link: few items are public.
//!
//! Counted is each function, type, trait, constant, static and module that is declared `pub` in a module. A method, a
//! field and a variant belong to their type, and `pub use` is another name of an item that is counted already.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use schtag_tests::project;
use std::fs;
use std::path::Path;

/// The most public items of the detection core and the host together.
const MOST: usize = 250;
const BOTH: [&str; 2] = ["plugin/src", "host_harness/src"];
/// Those of the two crates that the core stands on, and that it re-exports as modules of its own.
const MOST_BELOW: usize = 76;
const BELOW: [&str; 2] = ["plugin/task/src", "plugin/command/src"];

/// Returns whether a line declares a public item of a module.
fn declares(line: &str) -> bool {
    const KINDS: [&str; 8] = ["fn", "struct", "enum", "trait", "const", "static", "type", "mod"];
    let Some(rest) = line.strip_prefix("pub ") else { return false };
    let rest = ["const fn", "async fn", "unsafe fn"]
        .iter()
        .find(|kind| rest.starts_with(**kind))
        .map_or(rest, |_| "fn ");
    let rest = rest.trim_start_matches("unsafe ");
    rest.starts_with("extern ") || KINDS.iter().any(|kind| rest.starts_with(&format!("{kind} ")))
}

/// The number of public items in the sources below a folder, tests aside.
fn count(folder: &Path) -> usize {
    let is_test = |file: &Path| {
        let below = file.strip_prefix(folder).unwrap().with_extension("");
        let name = file.file_name().unwrap().to_string_lossy();
        below.iter().any(|part| part == "tests") || name.starts_with("test_")
    };
    let items = project::rust_files(folder).unwrap().into_iter().filter(|file| !is_test(file)).map(|file| {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        code.lines().filter(|line| declares(line)).count()
    });
    items.sum()
}

#[test]
fn few_items_are_public() {
    for (crates, most) in [(BOTH, MOST), (BELOW, MOST_BELOW)] {
        let items: usize = crates.iter().map(|source| count(&project::root().join(source))).sum();
        assert!(items <= most, "{items} public items in {crates:?}, at most {most}: make some pub(crate)");
        assert!(items > most / 2, "only {items} were found in {crates:?}");
    }
}

#[test]
fn an_item_is_told_from_a_method_and_a_name() {
    for (line, counted) in [
        ("pub fn read() {}", true),
        ("pub const fn read() {}", true),
        ("pub unsafe extern \"C\" fn f() {}", true),
        ("pub struct A;", true),
        ("pub const A: u8 = 1;", true),
        ("pub mod a;", true),
        ("    pub fn method(&self) {}", false),
        ("pub use a::B;", false),
        ("pub(crate) fn f() {}", false),
        ("pub(super) mod a;", false),
        ("fn f() {}", false),
    ] {
        assert_eq!(declares(line), counted, "{line}");
    }
}
