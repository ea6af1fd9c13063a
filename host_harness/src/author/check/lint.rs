//! Checks that a rule says about itself what it must.
use super::attack;
use super::cases::Case;
use crate::rules::ads;
use crate::rules::sigma::{Compilation, PackIndex, RuleInfo, absent};
use schtag::fields::View;
use serde::Serialize;
use std::path::Path;
use yaml_serde::Value;

/// The fewest cases of each kind that a rule with a section `ads` must have.
const FEWEST: usize = 2;
/// The fewest cases of each kind of another rule with cases.
const FEWEST_WITHOUT_ADS: usize = 1;

/// One question that was asked of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lint {
    /// The name of the check: `id`, `level`, `compiler`, `tags`, `false positives`, `ads` or `cases`.
    pub name: &'static str,
    /// True if a problem fails the check; otherwise it is a warning.
    pub fatal: bool,
    /// The problems that were found, in words; empty when there are none.
    pub problems: Vec<String>,
}

/// Returns whether a rule has a folder of its own, by the name of its file.
pub(crate) fn has_own_folder(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "rule")
}

impl Compilation {
    /// Returns whether a rule only feeds correlations, and is not reported by itself.
    pub(crate) fn feeds_only(&self, info: &RuleInfo) -> bool {
        let PackIndex::Rule(index) = info.index else { return false };
        self.pack.rules.get(index).is_some_and(|rule| !rule.reported)
    }

    /// Returns whether the cases beside a rule are its own: it has a folder of its own, and in its file is no
    /// correlation, or it is one. (A rule with cases in its own file has those.)
    pub(super) fn owns_cases(&self, info: &RuleInfo) -> bool {
        let is_correlation = |info: &RuleInfo| matches!(info.index, PackIndex::Correlation(_));
        let in_file = || self.rules.iter().any(|other| other.path == info.path && is_correlation(other));
        has_own_folder(&info.path) && (is_correlation(info) || !in_file())
    }
}

/// Returns whether a rule is one's own: it has a section `ads`, or a folder of its own. Rules from elsewhere only get
/// warnings.
pub(super) fn is_ours(info: &RuleInfo) -> bool {
    info.metadata.attributes.contains_key("ads") || has_own_folder(&info.path)
}

/// Asks a rule everything; one that only feeds a correlation, what it must say of its own.
pub(super) fn lints(info: &RuleInfo, compiled: &Compilation, cases: Option<&[Case]>) -> Vec<Lint> {
    let fatal = is_ours(info);
    // Who writes the strategy of a rule wants everything asked.
    let ads = info.metadata.attributes.get("ads");
    let strict = ads.is_some();
    let mut lints = vec![
        Lint { name: "id", fatal, problems: id(info) },
        Lint { name: "level", fatal, problems: level(&info.document) },
        Lint { name: "compiler", fatal, problems: remarks(info, compiled) },
    ];
    if compiled.feeds_only(info) {
        return lints;
    }
    lints.extend([
        Lint { name: "tags", fatal: strict, problems: tags(&info.metadata.tags, &info.metadata.techniques) },
        Lint {
            name: "false positives",
            fatal: strict,
            problems: false_positives(&info.metadata.falsepositives),
        },
    ]);
    if let Some(ads) = ads {
        lints.push(Lint { name: "ads", fatal, problems: ads::problems(ads) });
    }
    if compiled.owns_cases(info) || cases.is_some() {
        let fewest = if strict { FEWEST } else { FEWEST_WITHOUT_ADS };
        lints.push(Lint { name: "cases", fatal: strict, problems: case_problems(cases, fewest) });
    }
    lints
}

fn id(info: &RuleInfo) -> Vec<String> {
    let problem = match info.document.get("id").and_then(Value::as_str) {
        None => Some("there is no `id`: give it a new UUID".to_owned()),
        Some(id) if !is_uuid(id) => Some(format!("the id `{id}` is not a UUID")),
        Some(_) => None,
    };
    problem.into_iter().collect()
}

fn is_uuid(id: &str) -> bool {
    let groups: Vec<&str> = id.split('-').collect();
    groups.len() == 5
        && groups.iter().zip([8, 4, 4, 4, 12]).all(|(group, length)| {
            group.len() == length && group.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
}

fn level(document: &Value) -> Vec<String> {
    match document.get("level") {
        Some(_) => Vec::new(),
        None => vec!["there is no `level`, so that it counts as `medium`".into()],
    }
}

fn tags(tags: &[String], techniques: &[String]) -> Vec<String> {
    let mut problems: Vec<String> = tags.iter().filter_map(|tag| attack::problem(tag)).collect();
    if techniques.is_empty() {
        problems.push("no tag names an ATT&CK technique, such as `attack.t1053.005`".into());
    }
    problems
}

fn false_positives(said: &[String]) -> Vec<String> {
    if said.iter().any(|text| !text.trim().is_empty()) {
        Vec::new()
    } else {
        vec!["`falsepositives` says nothing: name what else may match, or that nothing is known".into()]
    }
}

fn case_problems(cases: Option<&[Case]>, fewest: usize) -> Vec<String> {
    let Some(cases) = cases else { return vec![format!("there is no {} beside it", super::cases::FILE)] };
    let mut problems = Vec::new();
    for (matches, kind) in [(true, "must match"), (false, "must not match")] {
        let count = cases.iter().filter(|case| case.matches == matches).count();
        if count < fewest {
            problems.push(format!("cases that {kind}: {count}; at least {fewest} should show it"));
        }
    }
    for (index, case) in cases.iter().enumerate() {
        if let Some(earlier) = cases.iter().take(index).find(|earlier| earlier.name == case.name) {
            problems
                .push(format!("the cases in lines {} and {} have the same name", earlier.line, case.line));
        }
    }
    problems
}

/// Returns what the compiler remarked, except on what is asked above.
fn remarks(info: &RuleInfo, compiled: &Compilation) -> Vec<String> {
    let about = compiled.remarks.iter().filter(|remark| {
        remark.path.as_deref() == Some(&*info.path)
            && remark.title == info.metadata.title
            && !matches!(remark.warning, crate::rules::sigma::Warning::NoId(_))
    });
    let mut problems: Vec<String> = about.map(|remark| remark.warning.to_string()).collect();
    if !info.absent_fields.is_empty() {
        let view = match info.index {
            PackIndex::Rule(index) => compiled.pack.rules.get(index).map(|rule| rule.view),
            PackIndex::Correlation(_) => None,
        };
        problems.push(absent::in_words(view.unwrap_or(View::Security), &info.absent_fields));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(line: usize, name: &str, matches: bool) -> Case {
        Case { line, name: name.into(), matches, records: Vec::new() }
    }

    #[test]
    fn uuids_are_told_from_other_ids() {
        assert!(is_uuid("60d5087d-4140-4c5a-8fbe-f6d946845cd6"));
        for other in
            ["", "a-b-c-d-e", "60D5087D-4140-4c5a-8fbe-f6d946845cd6", "60d5087d41404c5a8fbef6d946845cd6"]
        {
            assert!(!is_uuid(other), "{other}");
        }
    }

    #[test]
    fn cases_of_both_kinds_are_asked_for() {
        assert_eq!(case_problems(None, 2), ["there is no cases.ndjson beside it"]);
        let mut cases =
            vec![case(1, "a", true), case(2, "b", true), case(3, "c", false), case(4, "d", false)];
        assert!(case_problems(Some(&cases), 2).is_empty());
        cases[3].name = "a".into();
        assert_eq!(case_problems(Some(&cases), 2), ["the cases in lines 1 and 4 have the same name"]);
        cases.truncate(3);
        assert_eq!(
            case_problems(Some(&cases), 2),
            ["cases that must not match: 1; at least 2 should show it"]
        );
        assert!(case_problems(Some(&cases), 1).is_empty());
    }

    #[test]
    fn only_a_file_named_rule_has_its_own_folder() {
        assert!(has_own_folder(Path::new("rules/x/rule.yml")));
        assert!(!has_own_folder(Path::new("rules/x/proc_creation_win.yml")));
    }
}
