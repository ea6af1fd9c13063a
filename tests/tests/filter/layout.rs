//! The files of the project: none is long, none stands in a circle with others, and one style of module files.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests"
)]

use schtag_tests::project;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The most lines of a file.
const MOST_LINES: usize = 400;
/// Files that may be longer, each with its reason: data tables only.
const LONGER: [(&str, &str); 0] = [];
/// The sources that are searched for circles.
const CRATES: [&str; 5] =
    ["plugin/task/src", "plugin/command/src", "plugin/src", "host_harness/src", "tests/src"];

/// The path of a module within its crate: `["rules", "matcher"]`.
type Module = Vec<String>;

/// The modules of a crate that are no tests, with their code: comments and tests at the end of a file are left out.
fn modules(source: &Path) -> BTreeMap<Module, String> {
    let mut modules = BTreeMap::new();
    for file in project::rust_files(source).unwrap() {
        let mut module: Module = file
            .strip_prefix(source)
            .unwrap()
            .with_extension("")
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        if module.iter().any(|part| part == "tests" || part.starts_with("test_") || part == "properties") {
            continue;
        }
        if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            module.pop();
        }
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        modules.insert(module, code.collect::<Vec<_>>().join("\n"));
    }
    modules
}

/// The paths in a tree of uses: `a::{b, c::{d, e}}` is `a::b`, `a::c::d` and `a::c::e`.
fn leaves(tree: &str) -> Vec<String> {
    let mut stack: Vec<String> = Vec::new();
    let (mut found, mut prefix, mut word) = (Vec::new(), String::new(), String::new());
    for c in tree.chars().chain([',']) {
        match c {
            '{' => {
                stack.push(prefix.clone());
                prefix.push_str(&word);
                word.clear();
            }
            ',' | '}' => {
                let name = word.split(" as ").next().unwrap().trim();
                if !name.is_empty() {
                    found.push(format!("{prefix}{name}"));
                }
                word.clear();
                if c == '}' {
                    prefix = stack.pop().unwrap();
                }
            }
            c if c.is_whitespace() && !word.ends_with(|c: char| c.is_alphanumeric()) => {}
            c => word.push(c),
        }
    }
    found
}

/// The modules that the code of a module names, by `use` and by paths within expressions.
fn named(module: &Module, code: &str, all: &BTreeMap<Module, String>) -> BTreeSet<Module> {
    let mut paths = Vec::new();
    let mut at = 0;
    for line in code.split_inclusive('\n') {
        let declared = line.trim_start().trim_start_matches("pub").trim_start_matches("(crate)");
        let declared = declared.trim_start_matches("(super)").trim_start();
        if let Some(tree) = declared.strip_prefix("use ") {
            let rest = &code[at + line.len() - tree.len()..];
            paths.extend(leaves(rest.split(';').next().unwrap()));
        }
        at += line.len();
    }
    for start in ["crate::", "super::", "self::"] {
        let expressions = code.match_indices(start).map(|(at, _)| &code[at..]);
        let end = |c: char| !(c.is_alphanumeric() || c == '_' || c == ':');
        paths.extend(expressions.map(|path| path.split(end).next().unwrap().to_owned()));
    }
    let absolute = paths.iter().filter_map(|path| {
        let mut at: Module = Vec::new();
        let mut parts = path.split("::").map(str::trim).peekable();
        match *parts.peek()? {
            "crate" => drop(parts.next()),
            "super" | "self" => {
                at.clone_from(module);
                while let Some(part) = parts.next_if(|part| matches!(*part, "super" | "self")) {
                    if part == "super" {
                        at.pop();
                    }
                }
            }
            child => {
                at.clone_from(module);
                at.push(child.to_owned());
                all.contains_key(&at).then_some(())?;
                at.pop();
            }
        }
        at.extend(parts.map(str::to_owned));
        while !at.is_empty() && !all.contains_key(&at) {
            at.pop();
        }
        Some(at)
    });
    absolute.collect()
}

/// The modules right below a folder that use each other in a circle: each with those that it leads to and that lead back.
fn circles(folder: &[String], uses: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<String> {
    let depth = folder.len();
    let below =
        |module: &Module| (module.starts_with(folder) && module.len() > depth).then(|| module[depth].clone());
    let mut reached: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, used) in uses {
        let Some(own) = below(module) else { continue };
        let others = used.iter().filter_map(below).filter(|other| *other != own);
        reached.entry(own.clone()).or_default().extend(others);
    }
    loop {
        let before: usize = reached.values().map(BTreeSet::len).sum();
        let known = reached.clone();
        for targets in reached.values_mut() {
            let further = targets.iter().filter_map(|target| known.get(target)).flatten().cloned();
            let further: Vec<String> = further.collect();
            targets.extend(further);
        }
        if reached.values().map(BTreeSet::len).sum::<usize>() == before {
            break;
        }
    }
    let in_circle = reached.iter().filter(|(module, targets)| targets.contains(*module));
    in_circle.map(|(module, _)| module.clone()).collect()
}

/// Each circle below a source folder: the folder, and the modules in it.
fn all_circles(modules: &BTreeMap<Module, String>) -> Vec<(String, Vec<String>)> {
    let uses: BTreeMap<Module, BTreeSet<Module>> =
        modules.iter().map(|(module, code)| (module.clone(), named(module, code, modules))).collect();
    let folders: BTreeSet<&[String]> =
        modules.keys().flat_map(|module| (0..module.len()).map(|depth| &module[..depth])).collect();
    folders
        .into_iter()
        .map(|folder| (folder.join("/"), circles(folder, &uses)))
        .filter(|(_, circle)| !circle.is_empty())
        .collect()
}

#[test]
fn no_file_is_long() {
    let root = project::root();
    let mut long = Vec::new();
    let mut count = 0;
    for file in project::rust_files(&root).unwrap() {
        count += 1;
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let excused = LONGER.iter().any(|(path, reason)| *path == name && !reason.is_empty());
        if lines > MOST_LINES && !excused {
            long.push(format!("{name}: {lines} lines"));
        }
        assert!(!excused || lines > MOST_LINES, "{name} is no longer long: take it off the list");
    }
    assert!(count > 500, "only {count} files were found");
    assert!(long.is_empty(), "more than {MOST_LINES} lines, divide them by idea:\n{}", long.join("\n"));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    for source in CRATES {
        let modules = modules(&project::root().join(source));
        let circles = all_circles(&modules);
        assert!(modules.len() > 10, "{source}: only {} modules were found", modules.len());
        assert!(circles.is_empty(), "{source}: {circles:?}");
    }
}

#[test]
fn a_module_with_a_folder_is_the_mod_file_in_it() {
    let root = project::root();
    let beside =
        project::rust_files(&root).unwrap().into_iter().filter(|file| file.with_extension("").is_dir());
    let names: Vec<String> = beside.map(|file| file.to_string_lossy().into_owned()).collect();
    assert!(names.is_empty(), "move each into its folder, as mod.rs: {names:?}");
}

#[test]
fn the_design_page_names_files_that_are_there() {
    let root = project::root();
    let page = fs::read_to_string(root.join("docs/design.md")).unwrap();
    let code = page.split('`').skip(1).step_by(2);
    let paths: Vec<&str> =
        code.filter(|text| text.starts_with("plugin/") || text.starts_with("host_harness/")).collect();
    assert!(paths.len() > 10, "only {} paths were found", paths.len());
    for path in paths {
        assert!(root.join(path).exists(), "docs/design.md names {path}, which is not there");
    }
}

#[test]
fn a_circle_is_found() {
    let crate_of = |files: &[(&str, &str)]| -> BTreeMap<Module, String> {
        let module =
            |path: &str| path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        files.iter().map(|(path, code)| (module(path), (*code).to_owned())).collect()
    };
    for (files, found) in [
        (vec![("a", "use crate::b::X;"), ("b", "fn f() { super::a::g() }")], "[(\"\", [\"a\", \"b\"])]"),
        (
            vec![("a", "use crate::{b::{X, y}, c};"), ("b", ""), ("c", "use super::a;")],
            "[(\"\", [\"a\", \"c\"])]",
        ),
        (
            vec![("a", "use crate::b;"), ("b", "use crate::c;"), ("c", "use crate::a;")],
            "[(\"\", [\"a\", \"b\", \"c\"])]",
        ),
        (
            vec![("m", ""), ("m::a", "use super::b;"), ("m::b", "use super::a::X;")],
            "[(\"m\", [\"a\", \"b\"])]",
        ),
        (vec![("m", "mod a; use a::X;"), ("m::a", "use super::Y;"), ("n", "use crate::m;")], "[]"),
        (vec![("a", "use crate::b;"), ("b", "use std::a;")], "[]"),
    ] {
        assert_eq!(format!("{:?}", all_circles(&crate_of(&files))), found, "{files:?}");
    }
}
