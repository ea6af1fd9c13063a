//! Ordinary tasks of Windows, of vendors and of administrators: no tag, or an alert that the rule's own text
//! admits.
//!
//! A row of testdata/benign.ndjson has the task in words, the verdict that is expected, and the event. An expected alert names its severity and every rule, each with words that must stand in
//! that rule's `ads.false_positives`: whoever gets the alert finds the case described there.

use schtag_tests::catalogue::{self, Rule};
use schtag_tests::filter::{self, Filter};
use schtag_tests::table;
use serde::Deserialize;
use std::collections::BTreeMap;

struct Row {
    task: String,
    expect: Expectation,
    record: String,
}

fn rows() -> Vec<(String, Row)> {
    table::testdata("benign.ndjson", |mut row| {
        Ok(Row { task: row.need("task")?, expect: row.need("expect")?, record: table::record(row)? })
    })
    .unwrap()
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Expectation {
    /// `"none"`, or `"allowlisted"`: rules match, and the allowlist that comes with them covers them.
    Silence(Silence),
    Alert(Alert),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Silence {
    None,
    Allowlisted,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Alert {
    severity: Severity,
    /// Words of the rule's text on false positives, by the rule's folder.
    rules: BTreeMap<String, String>,
}

/// An ordinary task must never be more urgent than that.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Low,
    Medium,
}

fn judge(row: &Row, rules: &[Rule], filter: &mut Filter) -> Result<(), String> {
    let tag = filter.tag(&row.record, 0)?;
    let alert = match &row.expect {
        Expectation::Silence(Silence::None) if tag.is_null() => return Ok(()),
        Expectation::Silence(Silence::Allowlisted) if tag["verdict"] == "allowlisted" => return Ok(()),
        Expectation::Silence(_) => {
            let evidence = &tag["evidence"];
            let found = catalogue::slugs(rules, &tag);
            return Err(format!("{} {} {found:?}: {evidence}", tag["verdict"], tag["severity"]));
        }
        Expectation::Alert(alert) => alert,
    };
    let severity = format!("{:?}", alert.severity).to_lowercase();
    if tag["verdict"] != "alert" || tag["severity"] != severity {
        return Err(format!("verdict {}, severity {}", tag["verdict"], tag["severity"]));
    }
    let mut found = catalogue::slugs(rules, &tag);
    found.sort();
    let expected: Vec<&String> = alert.rules.keys().collect();
    if found.iter().collect::<Vec<_>>() != expected {
        return Err(format!("matched {found:?}, expected {expected:?}"));
    }
    for (slug, words) in &alert.rules {
        let rule = rules.iter().find(|rule| rule.slug == *slug).ok_or_else(|| format!("no rule {slug}"))?;
        if !rule.false_positives.to_lowercase().contains(&words.to_lowercase()) {
            return Err(format!("{slug} says nothing of {words:?}: {}", rule.false_positives));
        }
    }
    Ok(())
}

#[test]
fn ordinary_tasks_are_silent_or_argued() {
    let rules = catalogue::rules().unwrap();
    let module = filter::module().unwrap();
    let rows = rows();
    assert!(rows.len() >= 80);
    let mut failures = Vec::new();
    for (place, row) in &rows {
        // Each by itself: sequences have cases of their own.
        if let Err(what) = judge(row, &rules, &mut Filter::new(&module).unwrap()) {
            failures.push(format!("{place} ({}): {what}", row.task));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), rows.len(), failures.join("\n"));
    let silent = rows.iter().filter(|(_, row)| matches!(row.expect, Expectation::Silence(_))).count();
    assert!(silent * 5 >= rows.len() * 4, "only {silent} of {} ordinary tasks are silent", rows.len());
}

/// Passed through one instance, one after the other, the same tasks complete no sequence either.
#[test]
fn ordinary_tasks_complete_no_sequence() {
    let module = filter::module().unwrap();
    let manifest = module.manifest().unwrap();
    let mut filter = Filter::new(&module).unwrap();
    for (place, row) in rows() {
        let tag = filter.tag(&row.record, 0).unwrap();
        let found = tag["rules"].as_array().into_iter().flatten();
        for rule in found {
            let sequence = manifest.correlations.iter().any(|c| rule["id"] == c.id.as_str());
            assert!(!sequence, "{place} ({}): {}", row.task, rule["title"]);
        }
    }
}
