use super::*;
use schtag::fields::Field;
use schtag::rules::{Comparison, CorrelationKind};

/// Three rules: `created` and `deleted` by name, `process` by id.
fn rules() -> String {
    [
        rule("a", SECURITY, "{s: {EventID: 4698}, condition: s}") + "name: created\n",
        rule("b", SECURITY, "{s: {EventID: 4699}, condition: s}") + "name: deleted\n",
        rule("process", PROCESS, "{s: {Image: x}, condition: s}"),
        rule("gone", SECURITY, "{s: {EventID: 1}, condition: s}"),
        rule("t1", SECURITY, "{s: {EventID: 4700}, condition: s}") + "name: twice\n",
        rule("t2", SECURITY, "{s: {EventID: 4701}, condition: s}") + "name: twice\n",
    ]
    .join("---\n")
}

fn correlation(body: &str) -> String {
    format!("title: C\nid: c\nlevel: high\ntags: [attack.t1053.005]\ncorrelation: {{{body}}}\n")
}

fn reported(compilation: &Compilation) -> Vec<&str> {
    compilation.pack.rules.iter().filter(|rule| rule.reported).map(|rule| rule.id.as_str()).collect()
}

#[test]
fn created_then_deleted() {
    let text = correlation(
        "type: temporal_ordered, rules: [created, b], group-by: [Computer, TaskName], timespan: 5m",
    );
    // A correlation may stand before its rules.
    let compilation = compile_texts(&[&text, &rules()]);
    let compiled = &compilation.pack.correlations[0];
    assert_eq!(compiled.kind, CorrelationKind::TemporalOrdered);
    assert_eq!(compiled.rules, [0, 1]);
    assert_eq!(compiled.group_by, [[Field::Computer; 2], [Field::TaskName; 2]]);
    assert_eq!(compiled.timespan, 300);
    assert_eq!(compiled.condition, []);
    assert_eq!(compiled.techniques, ["T1053.005"]);
    assert_eq!(
        reported(&compilation),
        ["process", "t1", "t2"],
        "a rule that only feeds a correlation is silent"
    );
    assert_eq!(compilation.rules.last().unwrap().index, PackIndex::Correlation(0));
}

#[test]
fn rules_are_reported_too_when_the_correlation_says_so() {
    let body = "type: event_count, rules: a, timespan: 1h, condition: {gte: 10, lt: 100}";
    let loud = correlation(body) + "generate: true\n";
    let quiet = correlation(body).replace("id: c", "id: d");
    let compilation = compile_texts(&[&rules(), &loud, &quiet]);
    assert_eq!(reported(&compilation), ["a", "b", "process", "t1", "t2"]);
    let compiled = &compilation.pack.correlations[0];
    assert_eq!(compiled.condition, [(Comparison::Gte, 10), (Comparison::Lt, 100)]);
    assert_eq!(compiled.timespan, 3600);
}

#[test]
fn values_are_counted_and_fields_have_aliases() {
    let text = correlation(
        "type: value_count, rules: [created, process], group-by: account, timespan: 1d,
         aliases: {account: {created: SubjectUserName, process: User}}, condition: {gt: 3, field: Computer}",
    );
    let compiled = &compile_texts(&[&rules(), &text]).pack.correlations[0];
    assert_eq!(compiled.group_by, [[Field::SubjectUserName, Field::User]]);
    assert_eq!(compiled.value_field, Some(Field::Computer));
    assert_eq!(compiled.condition, [(Comparison::Gt, 3)]);
}

#[test]
fn a_temporal_condition_may_say_that_all_rules_are_needed() {
    for condition in ["deleted and created", "{gte: 2}", "null"] {
        let body = format!("type: temporal, rules: [created, deleted], timespan: 1m, condition: {condition}");
        let compilation = compile_texts(&[&rules(), &correlation(&body)]);
        assert_eq!(compilation.pack.correlations.len(), 1, "{condition}: {:?}", compilation.refused);
    }
}

#[test]
fn correlations_that_are_refused() {
    let count = "type: event_count, rules: a, timespan: 1m";
    let temporal = "type: temporal, rules: [created, deleted], timespan: 1m";
    for (body, expected) in [
        ("rules: a", "correlation: the key `type` is missing"),
        ("type: event_count", "correlation: the key `rules` is missing"),
        ("type: value_sum, rules: a", "correlation.type: correlations of type `value_sum` are not evaluated"),
        ("type: temporal, rules: [a]", "correlation.rules: names 1 rules; 2 to 16 are possible"),
        ("type: event_count, rules: []", "correlation.rules: names 0 rules; 1 to 16 are possible"),
        ("type: event_count, rules: nobody", "correlation.rules: no rule has the id or name `nobody`"),
        ("type: event_count, rules: gone", "correlation.rules: the rule `gone` was refused"),
        ("type: event_count, rules: twice", "correlation.rules: more than one rule has the name `twice`"),
        ("type: event_count, rules: c", "correlation.rules: `c` is a correlation"),
        ("type: temporal, rules: [a, created]", "correlation.rules: the rule `created` is named twice"),
        ("type: event_count, rules: a, condition: {gte: 2}", "correlation: the key `timespan` is missing"),
        (&format!("{count}, windows: sliding"), "correlation: there is no key `windows` here"),
        (&format!("{count}, window: session"), "correlation: there is no key `window` here"),
        (count, "correlation: the key `condition` is missing"),
        (&format!("{count}, condition: {{lt: 5}}"), "correlation.condition: needs a least count"),
        (&format!("{count}, condition: {{gte: 0}}"), "correlation.condition: needs a least count"),
        (&format!("{count}, condition: {{gte: -1}}"), "correlation.condition.gte: expected a count"),
        (
            &format!("{count}, condition: {{gte: 5000}}"),
            "correlation.condition.gte: expected a count of at most 1000",
        ),
        (&format!("{count}, condition: {{least: 5}}"), "correlation.condition: there is no key `least` here"),
        (
            &format!("{count}, condition: {{gte: 5, field: User}}"),
            "correlation.condition: only `value_count`",
        ),
        (
            &format!("{count}, group-by: User, condition: {{gte: 5}}"),
            "correlation.group-by: events of the rule `a` have no field `User`",
        ),
        (
            "type: value_count, rules: a, timespan: 1m, condition: {gte: 5}",
            "correlation.condition: `value_count` needs the `field`",
        ),
        (
            "type: value_count, rules: [a, process], timespan: 1m, condition: {gte: 5, field: x},
             aliases: {x: {a: TaskName, process: Image}}",
            "correlation.condition.field: the counted field must be the same",
        ),
        (
            &format!("{temporal}, condition: created or deleted"),
            "correlation.condition: a temporal correlation needs all",
        ),
        (
            &format!("{temporal}, condition: {{gte: 1}}"),
            "correlation.condition: a temporal correlation needs all",
        ),
        (
            "type: temporal, rules: [a, b], timespan: 2d",
            "correlation.timespan: the timespan must be 1 second to 86400 seconds",
        ),
        (
            "type: temporal, rules: [a, b], timespan: 0s",
            "correlation.timespan: the timespan must be 1 second",
        ),
        ("type: temporal, rules: [a, b], timespan: soon", "correlation.timespan: `soon` is not a timespan"),
        (
            "type: temporal, rules: [a, b], timespan: 5",
            "correlation.timespan: expected a text, found the number 5",
        ),
    ] {
        let compilation = compile_texts(&[&rules(), &correlation(body)]);
        assert_eq!(compilation.pack.correlations, [], "{body}");
        let found = compilation.refused.last().unwrap().to_string();
        let found = found.strip_prefix("1.yml (C): ").unwrap_or(&found);
        assert!(found.starts_with(expected), "{body}\n  found:    {found}\n  expected: {expected}");
    }
}

#[test]
fn a_rule_whose_correlations_were_all_refused_stays_silent_and_is_remarked() {
    let text = correlation("type: event_count, rules: a, timespan: 1m, condition: {lt: 5}");
    let compilation = compile_texts(&[&rules(), &text]);
    assert_eq!(reported(&compilation), ["b", "process", "t1", "t2"]);
    assert_eq!(
        remarks(&compilation),
        ["0.yml (The rule a): is not reported: it only feeds correlations, and these were refused"]
    );
}
