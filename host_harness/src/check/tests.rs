use super::*;
use crate::rule_files;

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
    check(&rule_files::compile(&[folder.path().to_owned()], None).unwrap(), None).unwrap()
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
fn our_own_rules_are_held_to_everything_and_others_are_warned() {
    let bare = "title: t\nlogsource: {product: windows, service: security}\ndetection: {s: {TaskName: x}, condition: s, u: {TaskName: y}}\n";
    let report = report(&[("evil/rule.yml", bare), ("other.yml", &bare.replace("title: t", "title: o"))]);
    let by_name = |name: &str| report.rules.iter().find(|rule| rule.name == name).unwrap();
    let expected = [
        "id true: there is no `id`: give it a new UUID",
        "level true: there is no `level`, so that it counts as `medium`",
        "tags true: no tag names an ATT&CK technique, such as `attack.t1053.005`",
        "false positives true: `falsepositives` says nothing: name what else may match, or that nothing is known",
        "ads true: there is no section `ads`",
        "cases true: there is no cases.ndjson beside it",
        "compiler true: the detection `u` is not used by the condition",
    ];
    assert_eq!(problems(by_name("evil")), expected);
    let warnings = expected.map(|text| text.replace(" true", " false"));
    let foreign = problems(by_name("other"));
    assert_eq!(foreign, [&warnings[..4], &warnings[6..]].concat());
    assert!(by_name("evil").failed() && !by_name("other").failed());
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
