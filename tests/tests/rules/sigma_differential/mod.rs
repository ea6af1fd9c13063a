//! Our Sigma compiler and evaluator against another of the same specification, rsigma-eval: the same rules, the
//! same values, the same verdicts; where not, a documented difference (docs/sigma.md).

mod differences;
mod engines;
mod events;
mod properties;
mod reference;
mod rules;
mod sigmahq;
mod tree;
mod values;

use engines::{Record, Rules};
use events::Generator;
use schtag::rules::Scratch;
use schtag_host::rules::settings::Configuration;
use schtag_host::rules::sigma;
use schtag_tests::project;
use std::collections::BTreeMap;

/// Counts how often a rule held and did not, by the verdicts of ours.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    matched: usize,
    missed: usize,
}

/// Makes `per_rule` events for each rule and asks both engines about all rules on each.
///
/// # Panics
/// When they disagree without a documented difference.
fn compare(rules: &Rules, per_rule: usize, seed: u64) -> (Vec<Tally>, BTreeMap<&'static str, usize>) {
    let mut generator = Generator::new(rules, seed);
    let mut scratch = Scratch::default();
    let mut tally = vec![Tally::default(); rules.pack.rules.len()];
    let mut excused = BTreeMap::new();
    // The first of each rule; more of the same say little.
    let mut unexplained: BTreeMap<usize, String> = BTreeMap::new();
    for round in 0..per_rule * rules.pack.rules.len() {
        let record = generator.event(round % rules.pack.rules.len());
        for verdicts in rules.evaluate(&record, &mut scratch) {
            let tally = &mut tally[verdicts.rule];
            if verdicts.ours {
                tally.matched += 1
            } else {
                tally.missed += 1
            }
            if verdicts.ours == verdicts.theirs {
                continue;
            }
            match differences::explain(&rules.items[verdicts.rule], &record) {
                Some(difference) => *excused.entry(difference.reason()).or_insert(0) += 1,
                None => {
                    unexplained.entry(verdicts.rule).or_insert_with(|| describe(rules, &record, verdicts));
                }
            }
        }
    }
    let shown: Vec<&str> = unexplained.values().map(String::as_str).take(20).collect();
    assert!(
        shown.is_empty(),
        "{} rules with unexplained differences:\n{}",
        unexplained.len(),
        shown.join("\n")
    );
    (tally, excused)
}

fn describe(rules: &Rules, record: &Record, verdicts: engines::Verdicts) -> String {
    let looked_at = rules.items[verdicts.rule].iter().filter_map(|item| item.field.name.as_deref());
    let names: Vec<&str> = looked_at.collect();
    let values: Vec<String> = record
        .values
        .iter()
        .filter(|(field, _)| names.is_empty() || names.contains(&field.name()))
        .map(|(field, values)| format!("{}={values:?}", field.name()))
        .collect();
    let says = |matches| if matches { "matches" } else { "does not match" };
    let (ours, theirs) = (says(verdicts.ours), says(verdicts.theirs));
    format!("`{}`: ours {ours}, rsigma {theirs}: {}", rules.title(verdicts.rule), values.join(" "))
}

/// Rules that did not both match and miss at least `least` times.
fn one_sided<'r>(rules: &'r Rules, tally: &[Tally], least: usize) -> Vec<(&'r str, Tally)> {
    let poor = |tally: &Tally| tally.matched < least || tally.missed < least;
    tally.iter().enumerate().filter(|(_, t)| poor(t)).map(|(rule, t)| (rules.title(rule), *t)).collect()
}

#[test]
fn rules_about_each_thing_that_sigma_has_are_decided_alike() {
    let rules = Rules::new(&rules::sources(), &Configuration::default());
    assert_eq!(rules.compilation.refused, []);
    assert_eq!(rules.not_theirs(), []);
    let (tally, excused) = compare(&rules, 100, 1);
    let one_sided = one_sided(&rules, &tally, 10);
    assert!(one_sided.is_empty(), "{one_sided:#?}");
    println!("excused: {excused:#?}");
}

#[test]
fn the_default_rules_are_decided_alike() {
    let loaded = sigma::load([project::root().join("plugin/rules")]);
    let rules = Rules::new(&loaded.sources, &Configuration::default());
    assert_eq!(rules.compilation.refused, []);
    assert!(rules.pack.rules.len() > 50);
    let (tally, excused) = compare(&rules, 100, 2);
    println!("excused: {excused:#?}; not taken by rsigma: {:?}", rules.not_theirs());
    let one_sided = one_sided(&rules, &tally, 10);
    assert!(one_sided.is_empty(), "{one_sided:#?}");
}
