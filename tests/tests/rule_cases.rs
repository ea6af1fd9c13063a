//! Every case beside every rule, through the built module: a rule is in the tag exactly when the case says so.

use schtag_tests::catalogue::{self, Rule};
use schtag_tests::filter::{self, Filter};
use schtag_tests::table;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A line of cases.ndjson; CONTRIBUTING.md describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    matches: bool,
    record: Option<Box<RawValue>>,
    records: Option<Vec<Box<RawValue>>>,
    seconds: Option<Vec<u32>>,
}

impl Case {
    /// The records, each with the second in which it arrives.
    fn steps(&self) -> Result<Vec<(&str, u32)>, String> {
        let records: Vec<&str> = match (&self.record, &self.records) {
            (Some(record), None) => vec![record.get()],
            (None, Some(records)) if !records.is_empty() => records.iter().map(|r| r.get()).collect(),
            _ => return Err("needs either `record` or `records`".into()),
        };
        let seconds = self.seconds.clone().unwrap_or_else(|| vec![0; records.len()]);
        if seconds.len() != records.len() {
            return Err(format!("{} records but {} `seconds`", records.len(), seconds.len()));
        }
        Ok(records.into_iter().zip(seconds).collect())
    }
}

/// What is wrong with a case, if anything is.
fn judge(rule: &Rule, case: &Case, mut filter: Filter) -> Result<(), String> {
    let mut ids = Vec::new();
    let mut tag = serde_json::Value::Null;
    for (record, seconds) in case.steps()? {
        tag = filter.tag(record, seconds)?;
        let rules = tag["rules"].as_array().into_iter().flatten();
        ids = rules.map(|rule| rule["id"].as_str().unwrap_or_default().to_owned()).collect();
    }
    match (case.matches, ids.contains(&rule.id)) {
        (true, false) => Err(format!("should match and does not: {tag}")),
        (false, true) => Err(format!("should not match and does: {}", tag["evidence"])),
        _ => Ok(()),
    }
}

#[test]
fn each_rule_matches_as_its_cases_say() {
    let module = filter::module().unwrap();
    let rules = catalogue::rules().unwrap();
    let manifest = module.manifest().unwrap();
    let baked = || manifest.rules.iter().chain(&manifest.correlations);
    let mut failures = Vec::new();
    let mut count = 0;
    for rule in &rules {
        if !baked().any(|baked| baked.id == rule.id) {
            failures.push(format!("{}: not in the module, which `make dist` bakes anew", rule.slug));
            continue;
        }
        let cases: Vec<(String, Case)> = table::read(&rule.cases()).unwrap();
        for kind in [true, false] {
            if !cases.iter().any(|(_, case)| case.matches == kind) {
                failures.push(format!("{}: no case with \"matches\": {kind}", rule.slug));
            }
        }
        for (place, case) in &cases {
            count += 1;
            if let Err(what) = judge(rule, case, Filter::new(&module).unwrap()) {
                failures.push(format!("{place} ({}): {what}", case.case));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases:\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 500, "only {count} cases were found");
}
