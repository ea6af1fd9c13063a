//! Each cycle of calls in the module, and each function of it that could panic, has its answer in docs/reliability.md.
//!
//! Another rustc inlines otherwise, so that functions of the standard library are seen under other names: the answers are
//! for one, and with any other the tests are skipped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests"
)]

use schtag_host::calls::Calls;
use schtag_tests::fluent_bit::skipped;
use schtag_tests::mangled::readable;
use schtag_tests::{filter, project};
use std::collections::BTreeSet;
use std::fs;
use wasmparser::{KnownCustom, Parser, Payload};

/// The compiler whose names docs/reliability.md has.
const RUSTC: &str = "1.95.";

/// Which rustc has built a module.
fn rustc(module: &[u8]) -> Option<String> {
    for payload in Parser::new(0).parse_all(module) {
        let Ok(Payload::CustomSection(section)) = payload else { continue };
        let KnownCustom::Producers(fields) = section.as_known() else { continue };
        for field in fields.into_iter().flatten() {
            for value in field.values.into_iter().flatten() {
                if value.name == "rustc" {
                    return Some(value.version.to_owned());
                }
            }
        }
    }
    None
}

/// The filter's calls, its functions named as in the base module; `None` where another compiler has named them.
fn calls() -> Option<Calls> {
    let base = fs::read(project::base_module().unwrap()).unwrap();
    let compiler = rustc(&base).expect("a module says which rustc has built it");
    if !compiler.starts_with(RUSTC) {
        skipped(&format!("the answers are for rustc {RUSTC}*, and the module was built by {compiler}"))
            .unwrap();
        return None;
    }
    Some(Calls::named_by(&filter::wasm().unwrap(), &base).unwrap())
}

/// The rows of the table in a section of docs/reliability.md: for each column the names between backticks.
fn answers(section: &str) -> Vec<Vec<Vec<String>>> {
    let text = fs::read_to_string(project::root().join("docs/reliability.md")).unwrap();
    let section = text.split("\n## ").find(|part| part.starts_with(section)).unwrap();
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let rows = section.lines().filter(|line| line.starts_with("| "));
    rows.map(|row| row.split('|').skip(1).map(names).collect()).collect()
}

fn unanswered<'n>(names: impl Iterator<Item = &'n String>, answers: &[String]) -> BTreeSet<String> {
    names
        .map(|name| readable(name))
        .filter(|name| !answers.iter().any(|answer| name.contains(answer.as_str())))
        .collect()
}

#[test]
fn each_cycle_has_an_answer() {
    let Some(Calls { cycles, .. }) = calls() else { return };
    println!("{} cycles", cycles.len());
    let named: Vec<String> = answers("Cycles of calls").iter().flat_map(|row| row[0].clone()).collect();
    let without = unanswered(cycles.iter().flatten(), &named);
    assert!(without.is_empty(), "no answer in docs/reliability.md: {without:#?}");
}

#[test]
fn each_function_that_could_panic_has_an_answer() {
    let Some(Calls { traps, .. }) = calls() else { return };
    // Where no function is named, the answer is for all that call what the first column names.
    let (everywhere, named): (Vec<_>, Vec<_>) =
        answers("Panics").into_iter().partition(|row| row[1].is_empty());
    let everywhere: Vec<String> = everywhere.into_iter().flat_map(|row| row[0].clone()).collect();
    let named: Vec<String> = named.into_iter().flat_map(|row| row[1].clone()).collect();
    let kinds = unanswered(traps.keys(), &everywhere);
    let callers =
        traps.iter().filter(|(kind, _)| kinds.contains(&readable(kind))).flat_map(|(_, callers)| callers);
    println!("{} places", callers.clone().count());
    let without = unanswered(callers, &named);
    assert!(without.is_empty(), "no answer in docs/reliability.md: {without:#?}");
}
