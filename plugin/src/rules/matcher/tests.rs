use super::*;
use crate::fields::Table;
use crate::rules::{Comparison, Glob, GlobPart, Level, Op, Pattern, Regex, Relation, Rule, Target, Test};

fn contains(text: &str) -> Test {
    Test::Text(Glob {
        cased: false,
        parts: vec![GlobPart::Any, GlobPart::Literal(text.into()), GlobPart::Any],
    })
}

fn on(field: Field, test: Test) -> Pattern {
    Pattern { target: Target::Field(field), test }
}

fn rule(view: View, condition: Vec<Op>) -> Rule {
    Rule {
        id: format!("rule of {} steps", condition.len()),
        title: String::new(),
        level: Level::Medium,
        techniques: Vec::new(),
        own_techniques: 0,
        branches: Vec::new(),
        view,
        reported: true,
        condition,
    }
}

const AND: Op = Op::AtLeast { least: 2, of: 2 };

fn matcher(patterns: Vec<Pattern>, rules: Vec<Rule>) -> Matcher {
    Matcher::new(Pack { patterns, rules, ..Pack::default() }).unwrap()
}

fn table(values: &[(Field, &'static str)]) -> Table<'static> {
    let mut table = Table::new();
    for &(field, value) in values {
        table.push(field, value);
    }
    table
}

fn matched(matcher: &Matcher, event: &Table<'_>, actions: &[Table<'_>]) -> Vec<u32> {
    matcher.evaluate(event, actions, &mut Scratch::default()).into_iter().map(|m| m.rule).collect()
}

#[test]
fn words_of_one_rule_must_meet_in_one_action() {
    let matcher = matcher(
        vec![
            on(Field::TaskImageName, contains("rundll32")),
            on(Field::TaskCommandLine, contains("powershdll")),
        ],
        vec![rule(View::Security, vec![Op::Pattern(0), Op::Pattern(1), AND])],
    );
    let rundll = |line| table(&[(Field::TaskImageName, "rundll32.exe"), (Field::TaskCommandLine, line)]);
    let other =
        table(&[(Field::TaskImageName, "notepad.exe"), (Field::TaskCommandLine, "notepad powershdll.txt")]);
    let event = Table::new();
    assert_eq!(matched(&matcher, &event, &[rundll("rundll32 PowerShdll,main")]), [0]);
    assert!(matched(&matcher, &event, &[rundll("rundll32 printui.dll"), other.clone()]).is_empty());
    assert_eq!(matched(&matcher, &event, &[other, rundll("rundll32 PowerShdll,main")]), [0]);
}

#[test]
fn a_benign_action_does_not_hide_another() {
    // powershell and not a known script
    let matcher = matcher(
        vec![
            on(Field::TaskCommandLine, contains("powershell")),
            on(Field::TaskCommandLine, contains(r"c:\scripts\backup.ps1")),
        ],
        vec![rule(View::Security, vec![Op::Pattern(0), Op::Pattern(1), Op::Not, AND])],
    );
    let line = |text| table(&[(Field::TaskCommandLine, text)]);
    let event = Table::new();
    let benign = line(r"powershell -file C:\Scripts\backup.ps1");
    assert!(matched(&matcher, &event, std::slice::from_ref(&benign)).is_empty());
    assert_eq!(matched(&matcher, &event, &[benign, line("powershell -enc AAAA")]), [0]);
}

#[test]
fn fields_of_the_event_are_seen_beside_those_of_an_action() {
    let matcher = matcher(
        vec![on(Field::SubjectUserName, contains("alice")), on(Field::TaskCommandLine, contains("cmd"))],
        vec![rule(View::Security, vec![Op::Pattern(0), Op::Pattern(1), AND])],
    );
    let event = table(&[(Field::SubjectUserName, "Alice")]);
    assert_eq!(matched(&matcher, &event, &[table(&[(Field::TaskCommandLine, "CMD /c")])]), [0]);
    assert!(matched(&matcher, &event, &[]).is_empty());
}

#[test]
fn process_rules_need_a_process() {
    // "not powershell" holds for everything, but only processes are asked.
    let matcher = matcher(
        vec![on(Field::CommandLine, contains("powershell"))],
        vec![rule(View::ProcessCreation, vec![Op::Pattern(0), Op::Not])],
    );
    let process = table(&[(Field::Image, r"C:\a.exe"), (Field::CommandLine, "a.exe")]);
    assert_eq!(matched(&matcher, &Table::new(), &[process]), [0]);
    assert!(matched(&matcher, &Table::new(), &[table(&[(Field::TaskClassId, "{1}")])]).is_empty());
    assert!(matched(&matcher, &Table::new(), &[]).is_empty());
}

#[test]
fn absence_is_asked_with_exists() {
    let absent = on(Field::TaskAuthor, Test::Exists(false));
    let present = on(Field::TaskAuthor, Test::Exists(true));
    let matcher = matcher(
        vec![absent, present],
        vec![rule(View::Security, vec![Op::Pattern(0)]), rule(View::Security, vec![Op::Pattern(1)])],
    );
    assert_eq!(matched(&matcher, &Table::new(), &[]), [0]);
    assert_eq!(matched(&matcher, &table(&[(Field::TaskAuthor, "")]), &[]), [1]);
}

#[test]
fn numbers_references_and_keywords() {
    let matcher = matcher(
        vec![
            on(Field::TaskTriggerInterval, Test::Number(Comparison::Lte, 60.0)),
            on(
                Field::TaskAuthor,
                Test::FieldRef { field: Field::SubjectUserName, relation: Relation::EndsWith, cased: false },
            ),
            Pattern { target: Target::Anywhere(View::Security), test: contains("mimikatz") },
        ],
        (0..3).map(|pattern| rule(View::Security, vec![Op::Pattern(pattern)])).collect(),
    );
    let event = table(&[
        (Field::TaskTriggerInterval, "3600"),
        (Field::TaskTriggerInterval, "60"),
        (Field::TaskAuthor, r"CORP\Alice"),
        (Field::SubjectUserName, "alice"),
    ]);
    assert_eq!(matched(&matcher, &event, &[]), [0, 1]);
    let action = table(&[(Field::TaskDecoded, "Invoke-Mimikatz")]);
    assert_eq!(matched(&matcher, &Table::new(), &[action]), [2]);
}

#[test]
fn a_field_of_the_event_may_refer_to_one_of_an_action_and_the_other_way_round() {
    let refers =
        |field, to| on(field, Test::FieldRef { field: to, relation: Relation::Equals, cased: false });
    let matcher = matcher(
        vec![
            refers(Field::TaskAuthor, Field::TaskCommand),
            refers(Field::TaskCommand, Field::TaskAuthor),
            refers(Field::TaskCommand, Field::TaskArguments),
        ],
        (0..3).map(|pattern| rule(View::Security, vec![Op::Pattern(pattern)])).collect(),
    );
    let event = table(&[(Field::TaskAuthor, "Tool.exe")]);
    let action = |command| table(&[(Field::TaskCommand, command), (Field::TaskArguments, "/x")]);
    let actions = [action("other.exe"), action("tool.exe"), action("/X")];
    let found = matcher.evaluate(&event, &actions, &mut Scratch::default());
    let places: Vec<_> = found.iter().map(|matched| (matched.rule, matched.action)).collect();
    assert_eq!(places, [(0, Some(1)), (1, Some(1)), (2, Some(2))]);
    assert_eq!(found[0].evidence, [Evidence { field: Field::TaskAuthor, matched: "Tool.exe" }]);
    assert!(matched(&matcher, &event, &[]).is_empty());
}

#[test]
fn evidence_is_what_spoke_for_the_match() {
    let matcher = matcher(
        vec![
            on(Field::TaskCommandLine, contains("powershell")),
            on(Field::TaskCommandLine, contains("-enc")),
            on(Field::SubjectUserName, contains("backup")),
        ],
        vec![rule(View::Security, vec![Op::Pattern(0), Op::Pattern(1), AND, Op::Pattern(2), Op::Not, AND])],
    );
    let actions = [table(&[(Field::TaskCommandLine, "PowerShell.exe -Enc AAAA")])];
    let event = table(&[(Field::SubjectUserName, "eve")]);
    let found = matcher.evaluate(&event, &actions, &mut Scratch::default());
    let words: Vec<&str> = found[0].evidence.iter().map(|e| e.matched).collect();
    assert_eq!(words, ["PowerShell", "-Enc"]);
}

#[test]
fn memory_from_one_event_does_not_speak_in_the_next() {
    let matcher = matcher(
        vec![on(Field::TaskCommandLine, contains("cmd"))],
        vec![rule(View::Security, vec![Op::Pattern(0)])],
    );
    let mut scratch = Scratch::default();
    let hit = [table(&[(Field::TaskCommandLine, "cmd")])];
    let miss = [table(&[(Field::TaskCommandLine, "notepad")])];
    assert_eq!(matcher.evaluate(&Table::new(), &hit, &mut scratch).len(), 1);
    assert!(matcher.evaluate(&Table::new(), &miss, &mut scratch).is_empty());
    assert_eq!(matcher.evaluate(&Table::new(), &hit, &mut scratch).len(), 1);
}

#[test]
fn a_pack_whose_parts_do_not_fit_is_refused() {
    let broken = |pack: Pack| Matcher::new(pack).unwrap_err();
    broken(Pack { rules: vec![rule(View::Security, vec![Op::Pattern(0)])], ..Pack::default() });
    broken(Pack { patterns: vec![on(Field::TaskUri, Test::Regex(0))], ..Pack::default() });
    let regex = Regex::default();
    broken(Pack { regexes: vec![regex], ..Pack::default() });
}

#[test]
fn a_trace_says_what_each_pattern_and_rule_came_to() {
    let matcher = matcher(
        vec![
            on(Field::TaskCommandLine, contains("powershell")),
            on(Field::TaskAuthor, Test::Exists(false)),
            on(Field::TaskPath, contains("update")),
        ],
        vec![
            rule(View::Security, vec![Op::Pattern(0), Op::Pattern(1), AND]),
            rule(View::Security, vec![Op::Pattern(2)]),
            rule(View::ProcessCreation, vec![Op::Pattern(0)]),
        ],
    );
    let event = table(&[(Field::TaskPath, r"\Update")]);
    let actions = [
        table(&[(Field::TaskCommandLine, "notepad")]),
        table(&[
            (Field::Image, "x"),
            (Field::TaskCommandLine, "cmd"),
            (Field::TaskCommandLine, "PowerShell"),
        ]),
    ];
    let traces = matcher.trace(&event, &actions, &mut Scratch::default());
    assert_eq!(traces.iter().map(|t| t.action).collect::<Vec<_>>(), [Some(0), Some(1)]);
    assert_eq!(traces[0].rules, [Some(false), Some(true), None]);
    assert_eq!(traces[1].rules, [Some(true), None, Some(true)]);
    assert_eq!(traces[1].patterns, [true, true, true]);
    assert!(traces[1].places.contains(&Place { pattern: 0, field: Field::TaskCommandLine, value: 1 }));
    assert!(!traces[1].places.iter().any(|place| place.pattern == 1), "what is absent has no place");
    assert!(traces[1].truth(&[Op::Pattern(0)]) && !traces[0].truth(&[Op::Pattern(0)]));
    assert_eq!(matched(&matcher, &event, &actions), [0, 1, 2], "as in the evaluation");
}
