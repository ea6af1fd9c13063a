use super::*;
use crate::rules::load;
use std::fs;

const RULE: &str = "
title: A task runs evil
id: 60d5087d-4140-4c5a-8fbe-f6d946845cd6
tags: [attack.persistence, attack.t1053.005]
logsource: {product: windows, service: security}
detection: {s: {task.command_line|contains: evil}, condition: s}
falsepositives: [none]
level: high
ads: {goal: g, categorization: c, strategy_abstract: s, technical_context: t, blind_spots_and_assumptions: b,
  false_positives: f, validation: v, priority: p, response: r, additional_resources: [a]}
";

fn case(name: &str, matches: bool, command: &str) -> String {
    let content = format!("<Task><Actions><Exec><Command>{command}</Command></Exec></Actions></Task>");
    let record = serde_json::json!({"EventID": 4698, "Channel": "Security", "TaskName": "\\T", "TaskContent": content});
    serde_json::json!({"case": name, "matches": matches, "record": record}).to_string() + "\n"
}

fn good_cases() -> String {
    [case("a", true, "evil"), case("b", true, "EVIL.exe"), case("c", false, "good"), case("d", false, "fine")]
        .concat()
}

/// Checks a folder with these files.
fn report(files: &[(&str, &str)]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    check(&load::compile(&[folder.path().to_owned()], None).unwrap(), None).unwrap()
}

fn problems(rule: &RuleReport) -> Vec<String> {
    rule.problems().map(|(lint, problem)| format!("{} {}: {problem}", lint.name, lint.fatal)).collect()
}

#[test]
fn a_good_rule_passes() {
    let report = report(&[("evil/rule.yml", RULE), ("evil/cases.ndjson", &good_cases())]);
    assert!(!report.failed(), "{report:#?}");
    let [rule] = &*report.rules else { panic!("{report:#?}") };
    assert_eq!((rule.name.as_str(), rule.passed(), rule.cases.len()), ("evil", 4, 4));
    assert!(report.unreadable.is_empty());
}

#[test]
fn a_case_that_fails_says_what_was_decided() {
    let other = RULE
        .replace("60d5087d", "70d5087d")
        .replace("contains: evil", "contains: good")
        .replace("runs evil", "runs good");
    let none = r#"{"case":"e","matches":true,"record":{"EventID":4624,"Channel":"Security"}}"#;
    let cases = case("a", false, "evil") + &case("b", true, "good") + &case("c", true, "fine") + none;
    let report = report(&[
        ("evil/rule.yml", RULE),
        ("evil/cases.ndjson", &cases),
        ("good/rule.yml", &other),
        ("good/cases.ndjson", &good_cases().replace("evil", "good").replace("EVIL", "good")),
    ]);
    let decided: Vec<&str> =
        report.rules[0].cases.iter().filter_map(|case| case.decided.as_deref()).collect();
    assert_eq!(
        decided,
        [
            "it matched, on task.command_line `evil`",
            "it did not match; these did: A task runs good",
            "no rule matched",
            "the record was not read as a scheduled-task event",
        ]
    );
    assert!(report.failed());
}

#[test]
fn our_own_rules_are_held_to_more_and_others_are_warned() {
    let bare = "title: t\nlogsource: {product: windows, service: security}\ndetection: {s: {TaskName: x}, condition: s, u: {TaskName: y}}\n";
    let report = report(&[("evil/rule.yml", bare), ("other.yml", &bare.replace("title: t", "title: o"))]);
    let by_name = |name: &str| report.rules.iter().find(|rule| rule.name == name).unwrap();
    let expected = [
        "id true: there is no `id`: give it a new UUID",
        "level true: there is no `level`, so that it counts as `medium`",
        "compiler true: the detection `u` is not used by the condition",
        "tags false: no tag names an ATT&CK technique, such as `attack.t1053.005`",
        "false positives false: `falsepositives` says nothing: name what else may match, or that nothing is known",
        "cases false: there is no cases.ndjson beside it",
    ];
    assert_eq!(problems(by_name("evil")), expected);
    let warnings = expected.map(|text| text.replace(" true", " false"));
    let foreign = problems(by_name("other"));
    assert_eq!(foreign, warnings[..5]);
    assert!(by_name("evil").failed() && !by_name("other").failed());
}

#[test]
fn a_rule_of_ones_own_needs_neither_ads_nor_a_file_of_cases() {
    let text = RULE.split("falsepositives").next().unwrap().to_owned()
        + "level: low\ncases:\n  - {case: a, matches: true, command: evil.exe}\n  - {case: b, matches: false, command: x.exe}\n";
    let passing = report(&[("mine.yml", &text)]);
    let [rule] = &*passing.rules else { panic!("{passing:#?}") };
    assert_eq!((rule.passed(), rule.cases.len()), (2, 2), "{passing:#?}");
    assert!(!passing.failed());
    let wrong = text.replace("x.exe", "evil.exe").replace("command: x", "comand: x");
    let failing = report(&[("mine.yml", &wrong)]);
    assert!(
        failing.failed() && failing.rules[0].cases[1].place.ends_with("mine.yml: cases[2]"),
        "{failing:#?}"
    );
    let broken = report(&[("mine.yml", &text.replace("command: x.exe", "comand: x.exe"))]);
    assert!(
        broken.unreadable[0].contains("mine.yml: cases[2]: unknown field `comand`"),
        "{:?}",
        broken.unreadable
    );
}

#[test]
fn documents_that_do_not_compile_fail_only_where_they_are_ours() {
    let broken = "title: b\nlogsource: {product: linux}\ndetection: {s: {a: b}, condition: s}\n";
    let report = report(&[
        ("x/rule.yml", broken),
        ("y.yml", broken),
        ("z.yml", &format!("{broken}ads: {{}}\n")),
        ("e/rule.yml", RULE),
        ("e/cases.ndjson", &(good_cases() + "{}\n")),
        ("f/rule.yml", RULE),
    ]);
    let fatal: Vec<bool> = report.refused.iter().map(|refused| refused.fatal).collect();
    assert_eq!(fatal.iter().filter(|fatal| **fatal).count(), 3, "{:?}", report.refused);
    assert_eq!(fatal.len(), 4);
    assert!(report.refused.iter().any(|refused| refused.problem.contains("same id")));
    assert!(report.unreadable[0].contains("cases.ndjson:5: missing field `case`"), "{:?}", report.unreadable);
}

#[test]
fn rules_that_share_a_file_have_names_of_their_own() {
    let second = RULE.replace("60d5087d", "70d5087d");
    let report = report(&[("two.yml", &format!("{RULE}\n---\n{second}"))]);
    let names: Vec<&str> = report.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["two", "two-2"]);
}

#[test]
fn a_correlation_is_asked_over_several_records_and_its_rules_only_for_what_is_theirs() {
    let text = r"
title: Created
id: 10d5087d-4140-4c5a-8fbe-f6d946845cd6
name: created
logsource: {product: windows, service: security}
detection: {s: {EventID: 4698}, condition: s}
level: informational
---
title: Deleted
id: 20d5087d-4140-4c5a-8fbe-f6d946845cd6
name: deleted
logsource: {product: windows, service: security}
detection: {s: {EventID: 4699}, condition: s}
level: informational
---
title: Created and deleted
id: 30d5087d-4140-4c5a-8fbe-f6d946845cd6
tags: [attack.t1053.005]
correlation: {type: temporal_ordered, rules: [created, deleted], group-by: [TaskName], timespan: 5m}
falsepositives: [none]
level: low
ads: {goal: g, categorization: c, strategy_abstract: s, technical_context: t, blind_spots_and_assumptions: b,
  false_positives: f, validation: v, priority: p, response: r, additional_resources: [a]}
";
    let record =
        |id: u16, name: &str| serde_json::json!({"EventID": id, "Channel": "Security", "TaskName": name});
    let case = |name: &str, matches: bool, other: &str, seconds: u32| {
        let records = [record(4698, "\\T"), record(4699, other)];
        serde_json::json!({"case": name, "matches": matches, "records": records, "seconds": [0, seconds]})
            .to_string()
    };
    let cases = [
        case("a", true, "\\T", 60),
        case("b", true, "\\T", 0),
        case("c", false, "\\T", 600),
        case("d", false, "\\U", 60),
        case("e", true, "\\U", 60),
    ];
    let report = report(&[("pair/rule.yml", text), ("pair/cases.ndjson", &cases.join("\n"))]);
    let names: Vec<&str> = report.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["pair/created", "pair/deleted", "pair"]);
    assert!(report.rules.iter().all(|rule| problems(rule).is_empty()), "{report:#?}");
    let passed: Vec<bool> = report.rules[2].cases.iter().map(|case| case.passed).collect();
    assert_eq!(passed, [true, true, true, true, false], "{report:#?}");
    assert!(report.rules[0].cases.is_empty());
}
