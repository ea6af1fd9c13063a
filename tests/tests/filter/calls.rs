//! Each cycle of calls in the module, and each function of it that could panic, has its answer in tests/testdata/answers.yml,
//! and docs/reliability.md has these answers.
//!
//! Another rustc inlines otherwise, so that functions of the standard library are seen under other names: the answers are
//! for one, and with any other the tests are skipped.

use schtag_host::wasm::call_graph::Calls;
use schtag_tests::answers::{Answers, page};
use schtag_tests::mangled::readable;
use schtag_tests::skip::skipped;
use schtag_tests::{filter, project};
use std::collections::BTreeSet;
use std::fs;
use wasmparser::{KnownCustom, Parser, Payload};

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
fn calls(answers: &Answers) -> Option<Calls> {
    let base = fs::read(project::base_module().unwrap()).unwrap();
    let compiler = rustc(&base).expect("a module says which rustc has built it");
    let expected = &answers.rustc;
    if !compiler.starts_with(expected) {
        skipped(&format!("the answers are for rustc {expected}*, and the module was built by {compiler}"));
        return None;
    }
    Some(Calls::named_by(&filter::wasm().unwrap(), &base).unwrap())
}

fn unanswered<'n>(
    names: impl Iterator<Item = &'n String>,
    answered: impl Iterator<Item = &'n String> + Clone,
) -> BTreeSet<String> {
    let answered = |name: &String| answered.clone().any(|answer| name.contains(answer.as_str()));
    names.map(|name| readable(name)).filter(|name| !answered(name)).collect()
}

#[test]
fn each_cycle_has_an_answer() {
    let answers = Answers::read().unwrap();
    let Some(Calls { cycles, .. }) = calls(&answers) else { return };
    println!("{} cycles", cycles.len());
    let answered = answers.cycles.iter().flat_map(|cycle| &cycle.functions);
    let without = unanswered(cycles.iter().flatten(), answered);
    assert!(without.is_empty(), "no answer in tests/testdata/answers.yml: {without:#?}");
}

#[test]
fn each_function_that_could_panic_has_an_answer() {
    let answers = Answers::read().unwrap();
    let Some(Calls { traps, .. }) = calls(&answers) else { return };
    let anywhere = answers.panics.iter().filter(|panic| panic.anywhere.is_some());
    let kinds = unanswered(traps.keys(), anywhere.flat_map(|panic| &panic.kinds));
    let callers =
        traps.iter().filter(|(kind, _)| kinds.contains(&readable(kind))).flat_map(|(_, callers)| callers);
    println!("{} places", callers.clone().count());
    let without = unanswered(callers, answers.panics.iter().flat_map(|panic| &panic.callers));
    assert!(without.is_empty(), "no answer in tests/testdata/answers.yml: {without:#?}");
}

#[test]
fn the_page_has_the_answers() {
    let text = fs::read_to_string(page()).unwrap();
    let written = Answers::read().unwrap().render(&text).unwrap();
    assert!(
        written == text,
        "docs/reliability.md is not what `make docs` writes from tests/testdata/answers.yml"
    );
}
