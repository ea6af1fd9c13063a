use super::*;
use crate::rules::settings::{self, Configuration};
use crate::rules::sigma::{Source, compile};
use std::time::SystemTime;

const RULES: &str = r"
title: Encoded
id: a
level: high
logsource: {product: windows, service: security}
detection:
  event: {EventID: [4698, 4702]}
  shell: {task.image_name: powershell.exe, task.powershell|startswith: encodedcommand}
  benign: {task.author: Microsoft}
  words: [nonsense]
  absent: {Hashes: x}
  condition: event and shell and not benign and not words and not absent
---
title: Starts whoami
id: b
logsource: {product: windows, category: process_creation}
detection: {s: {CommandLine|re: 'who[a]mi$'}, condition: s}
---
title: By name
id: c
level: low
logsource: {product: windows, service: security}
detection: {s: {TaskName|endswith: ['\Updater', '\Backup']}, condition: s}
---
title: One or the other
id: e
logsource: {product: windows, service: security}
detection: {s: [{TaskName: x, task.author: y}, {TaskName|contains: z}], condition: s}
---
title: Often
id: d
correlation: {type: event_count, rules: [c], group-by: [Computer], timespan: 1h, condition: {gte: 2}, generate: true}
";

/// A task that runs `notepad`, then PowerShell with an encoded `whoami`.
const RECORD: &str = r#"{"EventID":4698,"Channel":"Security","Computer":"srv1","TaskName":"\\Updater","TaskContent":"<Task><RegistrationInfo><Author>alice</Author></RegistrationInfo><Actions><Exec><Command>notepad.exe</Command></Exec><Exec><Command>powershell.exe</Command><Arguments>-e dwBoAG8AYQBtAGkA</Arguments></Exec></Actions></Task>"}"#;

fn explained(settings: &str, record: &str) -> Explanation {
    let configuration = if settings.is_empty() {
        Configuration::default()
    } else {
        settings::parse(settings, SystemTime::UNIX_EPOCH).unwrap()
    };
    let source = Source { path: "rules.yml".into(), text: RULES.into() };
    let compiled = compile(&[source], &configuration);
    assert!(compiled.refused.is_empty(), "{:?}", compiled.refused);
    explain(&compiled, &[], record.as_bytes(), At::default()).unwrap()
}

fn rule<'e>(explanation: &'e Explanation, id: &str) -> &'e RuleView {
    explanation.rules.iter().find(|rule| rule.id == id).unwrap()
}

#[test]
fn a_matching_rule_is_explained_on_the_action_that_decided() {
    let explanation = explained("", RECORD);
    let rule = rule(&explanation, "a");
    assert_eq!((rule.outcome, rule.row), (Outcome::Reported, Some(1)));
    assert_eq!(explanation.rows[1], RowView { action: 1, process: Some(0) });
    let truths: Vec<(&str, Truth)> = rule.detections.iter().map(|d| (d.name.as_str(), d.truth)).collect();
    assert_eq!(
        truths,
        [
            ("event", Truth::Holds),
            ("shell", Truth::Holds),
            ("benign", Truth::Fails),
            ("words", Truth::Fails),
            ("absent", Truth::NeverHolds),
        ]
    );
    let parameter = &rule.detections[1].items[1];
    assert_eq!(parameter.name, "task.powershell|startswith");
    assert_eq!(parameter.tests[0].asks, "starts with `encodedcommand`");
    let found = parameter.tests[0].found.as_ref().unwrap();
    assert_eq!(found.field, "task.powershell");
    assert!(found.value.starts_with("encodedcommand"), "{found:?}");
    let benign = &rule.detections[2].items[0];
    assert_eq!((benign.tests[0].found.is_none(), &*benign.values), (true, &["alice".to_owned()][..]));
    assert_eq!(rule.detections[3].items[0].tests[0].asks, "any field contains `nonsense`");
    assert!(rule.condition.starts_with("event and shell"));
}

#[test]
fn a_rule_that_did_not_match_is_explained_where_it_came_closest() {
    let explanation = explained("", &RECORD.replace("powershell.exe", "powershel.exe"));
    let rule = rule(&explanation, "a");
    assert_eq!(rule.outcome, Outcome::NotMatched);
    assert_eq!(rule.reasons, [Reason::Lacks { one_of: vec!["shell".into()] }]);
    let image = &rule.detections[1].items[0];
    assert_eq!((image.truth, &*image.values), (Truth::Fails, &["notepad.exe".to_owned()][..]));
    assert_eq!(rule.row, Some(0), "both actions are as close");
}

#[test]
fn what_excludes_a_match_is_named() {
    let explanation = explained("", &RECORD.replace("alice", "Microsoft"));
    let rule = rule(&explanation, "a");
    assert_eq!(rule.outcome, Outcome::NotMatched);
    assert_eq!(rule.reasons, [Reason::Excluded { by: vec!["benign".into()] }]);
}

#[test]
fn alternatives_are_told_apart() {
    let explanation = explained("", RECORD);
    let items = &rule(&explanation, "e").detections[0].items;
    let of: Vec<(&str, usize)> = items.iter().map(|item| (item.name.as_str(), item.alternative)).collect();
    assert_eq!(of, [("TaskName", 0), ("task.author", 0), ("TaskName|contains", 1)]);
    let reasons = &rule(&explanation, "e").reasons;
    assert_eq!(*reasons, [Reason::Lacks { one_of: vec!["s".into()] }]);
}

#[test]
fn the_event_the_tag_and_the_order_of_rules_are_told() {
    let explanation = explained("", RECORD);
    let event = explanation.event.as_ref().unwrap();
    assert_eq!((event.change, event.actions.len()), ("created", 2));
    assert!(event.fields.contains(&FieldView { name: "TaskName", values: vec![r"\Updater".into()] }));
    assert!(event.task.contains(&FieldView { name: "task.author", values: vec!["alice".into()] }));
    let process = &event.actions[1].processes[0];
    assert_eq!(process.decoded[0].text, "whoami");
    assert_eq!(process.powershell.as_ref().unwrap().script.as_deref(), Some("whoami"));
    assert_eq!(explanation.verdict.as_deref(), Some("alert"));
    assert!(explanation.tag.as_ref().unwrap().get().contains(r#""verdict":"alert""#));
    let ids: Vec<&str> = explanation.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["a", "c", "b", "e", "d"]);
    assert_eq!(rule(&explanation, "d").outcome, Outcome::Correlation);
    let regex = &rule(&explanation, "b").detections[0].items[0].tests[0];
    assert_eq!(regex.asks, "is found by the regular expression `who[a]mi$`");
}

#[test]
fn matches_that_are_not_reported_say_why() {
    let settings = "hosts: {raise_on_servers: false}\nminimum_level: medium\nallowlist: [{name: x, reason: y, rules: [a], task_name: '\\Updater'}]\n";
    let explanation = explained(settings, RECORD);
    assert_eq!(rule(&explanation, "a").outcome, Outcome::Allowlisted);
    assert_eq!(rule(&explanation, "c").outcome, Outcome::BelowMinimumLevel);
    assert_eq!(explanation.verdict.as_deref(), Some("allowlisted"));
}

#[test]
fn other_records_have_no_event_and_what_is_no_record_is_refused() {
    let explanation = explained("", r#"{"EventID":4624,"Channel":"Security"}"#);
    assert!(explanation.event.is_none() && explanation.tag.is_none() && explanation.rules.is_empty());
    let compiled = Compilation::default();
    for bad in ["", "[1]", "{", "{} {}"] {
        assert!(
            matches!(explain(&compiled, &[], bad.as_bytes(), At::default()), Err(ExplainError::Record(_))),
            "{bad}"
        );
    }
}

#[test]
fn a_task_without_a_process_has_none_for_rules_about_processes() {
    let content = "<Task><Actions><ComHandler><ClassId>{A}</ClassId></ComHandler></Actions></Task>";
    let record =
        format!(r#"{{"EventID":4698,"Channel":"Security","TaskName":"\\x","TaskContent":"{content}"}}"#);
    let explanation = explained("", &record);
    assert_eq!(rule(&explanation, "b").outcome, Outcome::NoProcess);
    let event = explanation.event.as_ref().unwrap();
    assert_eq!(event.actions[0].fields, [FieldView { name: "task.class_id", values: vec!["{A}".into()] }]);
}
