use super::*;
use schtag::fields::View;
use schtag::rules::Level;

#[test]
fn a_rule_keeps_what_it_says_about_itself() {
    let text = "
title: Task runs an encoded command
id: 5f0c8a52-0000-4000-8000-000000000001
name: encoded_command
status: test
description: |
    Looks for PowerShell's encoded command.
author: us
tags: [attack.execution, attack.t1059.001, attack.t1053.005]
logsource: {product: windows, service: security}
detection: {selection: {task.powershell: encodedcommand}, condition: selection}
falsepositives: [Software deployment]
level: high
ads: {goal: find them}
";
    let compilation = compile_texts(&[text]);
    assert_eq!(refusals(&compilation), [""; 0]);
    let rule = &compilation.pack.rules[0];
    assert_eq!((rule.level, rule.view, rule.reported), (Level::High, View::Security, true));
    assert_eq!(rule.techniques, ["T1059.001", "T1053.005"]);
    let info = &compilation.rules[0];
    assert_eq!(info.index, PackIndex::Rule(0));
    assert_eq!(info.path.to_str(), Some("0.yml"));
    assert_eq!(info.metadata.description, "Looks for PowerShell's encoded command.");
    assert_eq!(info.metadata.falsepositives, ["Software deployment"]);
    assert_eq!(info.metadata.attributes["ads"]["goal"].as_str(), Some("find them"));
}

#[test]
fn documents_that_are_refused() {
    let good = "{s: {task.name: a}, condition: s}";
    for (text, expected) in [
        ("- a\n".to_owned(), "0.yml: expected a mapping, found a list"),
        ("title: x\n".into(), "0.yml (x): the key `logsource` is missing"),
        (format!("title: x\nlogsource: {SECURITY}\n"), "0.yml (x): the key `detection` is missing"),
        (format!("logsource: {SECURITY}\n"), "0.yml: the key `title` is missing"),
        ("title: x\nid: y\nlogsource: security\n".into(), "0.yml (x): logsource: expected a mapping"),
        (
            rule("a", "{product: windows, service: sysmon}", good),
            "0.yml (The rule a): logsource: log source product=windows, service=sysmon does not occur",
        ),
        (
            rule("a", SECURITY, good) + "status: unsupported\n",
            "0.yml (The rule a): status: its status is `unsupported`",
        ),
        (rule("a", SECURITY, good) + "level: bad\n", "0.yml (The rule a): level: expected `informational`"),
        ("title: [".into(), "0.yml: not valid YAML: "),
    ] {
        let compilation = compile_texts(&[&text]);
        assert_eq!(compilation.pack.rules, [], "{text}");
        let found = refusals(&compilation);
        assert!(
            found.len() == 1 && found[0].starts_with(expected),
            "{text}\n  found:    {found:?}\n  expected: {expected}"
        );
    }
}

#[test]
fn one_bad_document_does_not_spoil_the_others() {
    let good = rule("a", SECURITY, "{s: {task.name: a}, condition: s}");
    let bad = rule("b", SECURITY, "{s: {task.name: a}, condition: t}");
    let text = format!("{good}---\n{bad}---\n{}", good.replace("id: a", "id: c"));
    let compilation = compile_texts(&[&text, "title: [", &good]);
    let ids: Vec<&str> = compilation.pack.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["a", "c"]);
    let found = refusals(&compilation);
    assert!(found[0].starts_with("1.yml: not valid YAML"), "{found:?}");
    assert!(found[1].starts_with("0.yml (The rule b): detection.condition: "), "{found:?}");
    assert_eq!(
        found[2],
        "2.yml (The rule a): id: has the same id as `The rule a` in 0.yml; ids must be unique"
    );
}

#[test]
fn a_global_document_is_laid_under_the_others() {
    let text = "
action: global
title: Both views
level: low
detection: {selection: {task.command_line|contains: x}, condition: selection}
---
id: a
logsource: {product: windows, service: security}
---
id: b
logsource: {product: windows, category: process_creation}
detection: {selection: {Image: y}}
";
    let compilation = compile_texts(&[text]);
    let rules = &compilation.pack.rules;
    assert_eq!(infix(&compilation.pack, &rules[0].condition), r#"task.command_line="*x*""#);
    assert_eq!(infix(&compilation.pack, &rules[1].condition), r#"(task.command_line="*x*" & Image="y")"#);
    assert_eq!(rules[1].level, Level::Low);
}

#[test]
fn remarks_on_rules() {
    let rule = rule("a", SECURITY, "{s: {task.name: a}, condition: s, timeframe: 5m}").replace("id: a\n", "");
    let compilation = compile_texts(&[&(rule + "status: deprecated\n")]);
    assert_eq!(compilation.pack.rules[0].id, "the-rule-a");
    assert_eq!(
        remarks(&compilation),
        [
            "0.yml (The rule a): its status is `deprecated`; look for the rule that replaces it",
            "0.yml (The rule a): has no id; `the-rule-a` was made from its title",
            "0.yml (The rule a): `timeframe` means nothing without an aggregation; write a correlation rule",
        ]
    );
}

#[test]
fn filters_are_put_on_the_rules_that_they_name() {
    let filter = |id: &str, rules: &str, logsource: &str, body: &str| {
        format!("title: F{id}\nid: f{id}\nlogsource: {logsource}\nfilter: {{rules: {rules}, {body}}}\n")
    };
    let quiet = "quiet: {User: svc}, condition: not quiet";
    let a = rule("a", PROCESS, "{s: {Image: a}, condition: s}");
    let b = rule("b", PROCESS, "{s: {Image: b}, condition: s}") + "name: b_name\n";
    let c = rule("c", PROCESS, "{s: [{Image: c}, {Image: d}], condition: s}");
    let compilation = compile_texts(&[
        &filter("1", "[a, b_name]", "{product: windows}", quiet),
        &[a, b, c].join("---\n"),
        &filter("2", "[a, zzz]", SECURITY, quiet),
        &filter("3", "any", PROCESS, "x: {Image: c}, condition: not x"),
        &filter("4", "[c]", PROCESS, "x: {Image|re: '('}, condition: not x"),
        &filter("5", "3", PROCESS, quiet),
    ]);
    let conditions: Vec<String> =
        compilation.pack.rules.iter().map(|rule| infix(&compilation.pack, &rule.condition)).collect();
    assert_eq!(
        conditions,
        [
            r#"((Image="a" & !User="svc") & !Image="c")"#,
            r#"((Image="b" & !User="svc") & !Image="c")"#,
            r#"((Image="c" | Image="d") & !Image="c")"#,
        ]
    );
    assert_eq!(compilation.rules[0].filters, ["F1", "F3"]);
    let names: Vec<&str> = compilation.rules[0].parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["s", "s.Image", "F1: quiet", "F1: quiet.User", "F3: x", "F3: x.Image"]);
    assert_eq!(
        refusals(&compilation),
        [
            "5.yml (F5): filter.rules: expected a text, found the number 3",
            "4.yml (F4): filter.x.Image|re: the regular expression `(`: unclosed group",
        ]
    );
    assert_eq!(
        remarks(&compilation),
        [
            "2.yml (F2): names the rule `a`, but is for another log source",
            "2.yml (F2): names the rule `zzz`, which is not among the compiled rules",
        ]
    );
}

#[test]
fn an_allowlist_entry_that_names_no_rule_is_remarked() {
    let text = "allowlist: [{name: x, reason: y, author: z, rules: [a, b]}]";
    let configuration = crate::rules::settings::parse(text, std::time::UNIX_EPOCH).unwrap();
    let source =
        Source { path: "0.yml".into(), text: rule("a", SECURITY, "{s: {task.name: a}, condition: s}") };
    let compilation = compile(&[source], &configuration);
    assert_eq!(
        remarks(&compilation),
        ["settings: the allowlist entry `x` names the rule `b`, which is not among the compiled rules"]
    );
    assert_eq!(compilation.pack.settings, configuration.settings);
}

#[test]
fn a_test_that_several_rules_have_is_kept_once() {
    let a =
        rule("a", PROCESS, "{s: {Image: X, CommandLine|re: 'a+', task.action_count|gt: 1}, condition: s}");
    let b =
        rule("b", PROCESS, "{s: {Image: x, CommandLine|re: 'a+', task.action_count|gt: 1}, condition: s}");
    let c = rule("c", PROCESS, "{s: {Image|cased: x, User|re: 'a+'}, condition: s}");
    let pack = compile_texts(&[&a, &b, &c]).pack;
    assert_eq!(pack.rules[0].condition, pack.rules[1].condition);
    assert_eq!(pack.patterns.len(), 5);
    assert_eq!(pack.regexes.len(), 1);
}

#[test]
fn parts_say_where_each_detection_is_in_the_condition() {
    let text = "{sel_a: {Image: a, CommandLine: b}, sel_b: {User: u}, old: {Hashes: h}, spare: {Image: z},
                 condition: 1 of sel_* and not old and not sel_b}";
    let compilation = compile_texts(&[&rule("a", PROCESS, text)]);
    let condition = &compilation.pack.rules[0].condition;
    assert_eq!(
        infix(&compilation.pack, condition),
        r#"(((Image="a" & CommandLine="b") | User="u") & !User="u")"#
    );
    let parts: Vec<(&str, Option<bool>, Vec<String>)> = compilation.rules[0]
        .parts
        .iter()
        .map(|part| {
            let ops = part.ops.iter().map(|range| infix(&compilation.pack, &condition[range.clone()]));
            (part.name.as_str(), part.constant, ops.collect())
        })
        .collect();
    let user = || vec![r#"User="u""#.to_owned(); 2];
    assert_eq!(
        parts,
        [
            ("sel_a", None, vec![r#"(Image="a" & CommandLine="b")"#.into()]),
            ("sel_a.Image", None, vec![r#"Image="a""#.into()]),
            ("sel_a.CommandLine", None, vec![r#"CommandLine="b""#.into()]),
            ("sel_b", None, user()),
            ("sel_b.User", None, user()),
            ("old", Some(false), vec![]),
            ("old.Hashes", Some(false), vec![]),
            ("spare", None, vec![]),
            ("spare.Image", None, vec![]),
        ]
    );
    assert_eq!(
        remarks(&compilation),
        ["0.yml (The rule a): the detection `spare` is not used by the condition"]
    );
}
