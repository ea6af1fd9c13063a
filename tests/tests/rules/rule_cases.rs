//! Every case beside every rule, through the built module: a rule is in the tag exactly when the case says so.

use schtag_host::author::check::cases::Case;
use schtag_host::author::check::samples::{Description, Shape};
use schtag_host::author::check::table::Row;
use schtag_tests::catalogue::{self, Rule};
use schtag_tests::filter::{self, Filter};
use schtag_tests::project;

/// Checks a case; the error says what is wrong with it.
fn judge(rule: &Rule, case: &Case, mut filter: Filter) -> Result<(), String> {
    let mut tag = serde_json::Value::Null;
    for arrival in &case.records {
        tag = filter.tag(&arrival.record, arrival.seconds)?;
    }
    let mut rules = tag["rules"].as_array().into_iter().flatten();
    match (case.matches, rules.any(|found| found["id"] == rule.id.as_str())) {
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
        let cases = rule.cases().unwrap();
        for kind in [true, false] {
            if !cases.iter().any(|case| case.matches == kind) {
                failures.push(format!("{}: no case with \"matches\": {kind}", rule.slug));
            }
        }
        for case in &cases {
            count += 1;
            if let Err(what) = judge(rule, case, Filter::new(&module).unwrap()) {
                failures.push(format!("{}: {what}", rule.place(case)));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases:\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 500, "only {count} cases were found");
}

/// The lines that docs/cases.md shows are cases, and it names each member that an event may have.
#[test]
fn the_page_of_cases_shows_cases() {
    let page = std::fs::read_to_string(project::root().join("docs/cases.md")).unwrap();
    let shown: Vec<&str> = page
        .split("```json\n")
        .skip(1)
        .filter_map(|part| part.split("```").next())
        .flat_map(str::lines)
        .collect();
    assert!(shown.len() >= 3, "{shown:?}");
    for line in shown {
        let mut row = Row::parse(line.as_bytes()).unwrap();
        row.need::<String>("case").unwrap();
        row.need::<bool>("matches").unwrap();
        assert_eq!(row.variants().map(|variants| variants.len()), Ok(1), "{line}");
    }
    let unknown = serde_json::from_str::<Description>(r#"{"?":1}"#).unwrap_err().to_string();
    let members: Vec<&str> = unknown.split('`').skip(3).step_by(2).collect();
    assert!(members.contains(&"event") && members.len() > 25, "{unknown}");
    for member in members.into_iter().chain(Shape::ALL.map(Shape::name)) {
        assert!(page.contains(&format!("`{member}`")), "docs/cases.md does not name `{member}`");
    }
}
