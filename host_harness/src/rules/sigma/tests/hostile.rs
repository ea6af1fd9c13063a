//! No file stops the compiler or makes it run away.

use super::*;
use proptest::prelude::*;

#[test]
fn a_rule_that_unfolds_to_too_much_is_refused() {
    let values = vec!["'-a -b -c'"; 200].join(",");
    let many = rule("a", PROCESS, &format!("{{s: {{CommandLine|windash: [{values}]}}, condition: s}}"));
    let uses = vec!["s"; 400].join(" and ");
    let values: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let often = rule("b", PROCESS, &format!("{{s: {{Image: [{}]}}, condition: {uses}}}", values.join(",")));
    let compilation = compile_texts(&[&many, &often]);
    assert_eq!(compilation.pack.patterns, []);
    for refusal in &compilation.refused {
        assert_eq!(refusal.reason, Reason::RuleTooLarge(20_000));
    }
    assert_eq!(compilation.refused.len(), 2);
}

#[test]
fn deep_nesting_is_refused() {
    let lists = format!("{}x{}", "[".repeat(30), "]".repeat(30));
    for detection in [
        format!("{{s: {lists}, condition: s}}"),
        format!("{{s: {{Image: {lists}}}, condition: s}}"),
        format!("{{s: {{Image: a}}, condition: '{}s'}}", "not ".repeat(2_000)),
        format!("{{s: {{Image: a}}, condition: '{}s'}}", "(".repeat(8_000)),
    ] {
        let compilation = compile_texts(&[&rule("a", PROCESS, &detection)]);
        assert!(compilation.pack.rules.len() + compilation.refused.len() == 1, "{detection}");
    }
}

/// Rules with most of what there is, to be mutilated.
fn seeds() -> String {
    let detection = "
  sel_a:
    CommandLine|contains|all|windash: [' -a', 'b*?', null]
    Image|endswith: '\\x.exe'
  sel_b:
    - User|expand: '%admins%'
      CommandLine|re|i: 'a{1,3}\\b[^x]+$'
    - Hashes|exists: false
    - Computer|cidr: 10.0.0.0/8
      task.action_count|gte: 2
  words: &anchor ['iex', 7, 1.5, true]
  more: *anchor
  _hidden: {CommandLine|wide|base64offset|contains: abc, Image|fieldref|startswith: User}
  condition:
    - 1 of sel_* and not (words or more)
    - all of them";
    let rules = [
        rule("a", PROCESS, detection) + "name: first\nlevel: low\nads: {goal: g}\n",
        rule("b", SECURITY, "{s: {EventID: [4698, 4688], TaskContent|contains: x}, condition: s}"),
        "title: C\nid: c\ncorrelation: {type: value_count, rules: [first, b], group-by: [x], timespan: 5m,\n  \
         aliases: {x: {first: User, b: TaskName}}, condition: {gte: 3, field: task.name}}\n"
            .to_owned(),
        "title: F\nlogsource: {product: windows}\nfilter: {rules: [a], s: {User: u}, condition: not s}\n".to_owned(),
        "action: repeat\ntitle: G\n".to_owned(),
    ];
    rules.join("---\n")
}

#[test]
fn the_seeds_compile() {
    let compilation = compile_texts(&[&seeds()]);
    assert_eq!(refusals(&compilation), [""; 0]);
    assert_eq!(compilation.pack.rules.len(), 2);
    assert_eq!(compilation.pack.correlations.len(), 1);
    assert_eq!(compilation.rules[0].filters, ["F", "G"]);
}

/// Whatever is compiled is whole: every index is there, every condition leaves one value.
fn check(compilation: &Compilation) {
    let pack = &compilation.pack;
    for rule in &pack.rules {
        infix(pack, &rule.condition);
    }
    for pattern in &pack.patterns {
        if let Test::Regex(index) = pattern.test {
            assert!((index as usize) < pack.regexes.len());
        }
    }
    for correlation in &pack.correlations {
        assert!(correlation.rules.iter().all(|&index| (index as usize) < pack.rules.len()));
        assert!(correlation.group_by.iter().all(|fields| fields.len() == correlation.rules.len()));
    }
    let subjects = pack.rules.len() + pack.correlations.len();
    assert_eq!(compilation.rules.len(), subjects);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_survived(text in ".{0,200}") {
        check(&compile_texts(&[&text]));
    }

    #[test]
    fn any_detection_is_survived(
        key in r"[A-Za-z.|%]{0,24}",
        value in r"[-a*?\\%'/|(){}\[\] ]{0,16}",
        condition in r"(s|not|and|or|1 of|all of|them|\(|\)|s\*| ){0,12}",
    ) {
        let detection = format!("\n  s:\n    \"{key}\": '{}'\n  condition: '{condition}'", value.replace('\'', "''"));
        check(&compile_texts(&[&rule("a", PROCESS, &detection)]));
    }

    #[test]
    fn mutilated_rules_are_survived(
        edits in proptest::collection::vec((0.0..1.0_f64, 0_usize..12, r"[-\[\]{}:&*!|>'#\n a0]{0,3}"), 1..5)
    ) {
        let mut chars: Vec<char> = seeds().chars().collect();
        for (place, cut, insert) in edits {
            let start = (place * chars.len() as f64) as usize;
            let end = (start + cut).min(chars.len());
            chars.splice(start..end, insert.chars());
        }
        let text: String = chars.into_iter().collect();
        check(&compile_texts(&[&text]));
    }
}
