//! `schtag check`, `schtag explain` and `schtag docs`.
use super::{Folder, stderr, stdout};
use std::fs;

const RULE: &str = "
title: A task runs evil
id: 60d5087d-4140-4c5a-8fbe-f6d946845cd6
tags: [attack.persistence, attack.t1053.005]
logsource: {product: windows, service: security}
detection: {words: {task.command_line|contains: evil}, filter: {task.author: root}, condition: words and not filter}
falsepositives: [none]
level: high
ads: {goal: g, categorization: c, strategy_abstract: s, technical_context: t, blind_spots_and_assumptions: b,
  false_positives: f, validation: v, priority: p, response: r, additional_resources: [a]}
";

fn record(command: &str) -> String {
    let content = format!("<Task><Actions><Exec><Command>{command}</Command></Exec></Actions></Task>");
    let record = serde_json::json!({
        "EventID": 4698, "Channel": "Security", "TaskName": "\\T", "TaskContent": content
    });
    record.to_string()
}

fn case(name: &str, matches: bool, command: &str) -> String {
    format!("{{\"case\":\"{name}\",\"matches\":{matches},\"record\":{}}}\n", record(command))
}

/// A folder with the rule `rules/evil` and good cases.
fn folder() -> Folder {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("rules/evil")).unwrap();
    folder.write("rules/evil/rule.yml", RULE.as_bytes());
    let cases =
        [case("a", true, "evil"), case("b", true, "EVIL"), case("c", false, "x"), case("d", false, "y")];
    folder.write("rules/evil/cases.ndjson", cases.concat().as_bytes());
    folder.write("event.json", record("evil.exe").as_bytes());
    folder
}

/// That a text holds all of these.
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{text}\nshould say {part:?}");
    }
}

#[test]
fn check_passes_good_rules() {
    let assert = folder().schtag("check rules").assert().success().stderr("");
    says(
        &stdout(&assert),
        &[
            "evil  high   T1053.005     4/4  ok             -\n",
            "1 rule: 0 failed; 4 of 4 cases passed; 0 documents",
        ],
    );
}

#[test]
fn check_tells_a_failing_case_with_its_place_and_what_was_decided() {
    let folder = folder();
    let cases = fs::read_to_string(folder.path("rules/evil/cases.ndjson")).unwrap() + &case("e", true, "z");
    folder.write("rules/evil/cases.ndjson", cases.as_bytes());
    let assert = folder.schtag("check rules --junit out.xml").assert().code(1);
    says(&stdout(&assert), &["4/5", "cases.ndjson:5: \"e\" must match, but no rule matched"]);
    let junit = fs::read_to_string(folder.path("out.xml")).unwrap();
    says(&junit, &["<testsuite name=\"evil\"", "name=\"case: e\"><failure message=\"no rule matched\">"]);
}

#[test]
fn check_tells_a_failing_lint() {
    let folder = folder();
    folder.write("rules/evil/rule.yml", RULE.replace("goal: g, ", "").as_bytes());
    let assert = folder.schtag("check rules").assert().code(1);
    says(&stdout(&assert), &["1 failed", "rule.yml: ads: `ads.goal` is missing"]);
    let assert = folder.schtag("check rules --json").assert().code(1);
    let json: serde_json::Value = serde_json::from_str(&stdout(&assert)).unwrap();
    assert_eq!(json["rules"][0]["cases"][0]["passed"], true);
    assert_eq!(json["rules"][0]["fuel"], serde_json::Value::Null);
}

#[test]
fn check_of_unreadable_input_is_exit_code_3() {
    let folder = folder();
    let assert = folder.schtag("check missing").assert().code(3);
    says(&stderr(&assert), &["missing: cannot be read"]);
    folder.schtag("check rules --settings missing.yml").assert().code(3);
    folder.write("rules/evil/cases.ndjson", b"{\"case\":\"a\",\"matches\":true}\n");
    let assert = folder.schtag("check rules").assert().code(3);
    says(&stderr(&assert), &["cases.ndjson:1: there is no `record`"]);
}

#[test]
fn check_of_what_is_no_rule_fails() {
    let folder = folder();
    for name in ["empty", "notes", "words", "comments", "linux"] {
        fs::create_dir(folder.path(name)).unwrap();
    }
    folder.write("notes/readme.md", b"no rule");
    folder.write("words/config.yml", b"server: {port: 80}\n");
    folder.write("comments/empty.yml", b"# later\n");
    folder.write("comments/zero.yml", b"");
    let linux = "title: l\nid: 10d5087d-4140-4c5a-8fbe-f6d946845cd6\nlogsource: {product: linux}\n\
                 detection: {s: {a: b}, condition: s}\n";
    folder.write("linux/other.yml", linux.as_bytes());
    for (words, complaint) in [
        ("empty", "failed: not compiled: empty: there is no .yml or .yaml file in or below this folder"),
        ("notes", "failed: not compiled: notes: there is no .yml"),
        ("words", "failed: not compiled: words/config.yml: "),
        ("comments", "failed: not compiled: comments/empty.yml: there is no rule in this file"),
        ("comments/zero.yml", "failed: not compiled: comments/zero.yml: there is no rule in this file"),
        // One good folder does not make up for a wrong one.
        ("rules empty", "failed: not compiled: empty: "),
        ("rules words", "failed: not compiled: words/config.yml: "),
        // A rule for other events is no fault, but then nothing was checked.
        ("linux", "warning: not compiled: linux/other.yml"),
    ] {
        let assert = folder.schtag(&format!("check {words}")).assert().code(1);
        says(&stdout(&assert), &[complaint]);
        let nothing = stderr(&assert).contains("there is no rule in what was named");
        assert_eq!(nothing, !words.contains("rules"), "{words}: {}", stderr(&assert));
    }
    folder.schtag("check rules linux").assert().success();
}

#[test]
fn an_option_takes_one_value_and_leaves_the_file_after_it() {
    let folder = folder();
    fs::create_dir(folder.path("more")).unwrap();
    let other = RULE.replace("60d5087d", "70d5087d").replace("A task runs evil", "Another");
    folder.write("more/rule.yml", other.as_bytes());
    let id = "60d5087d-4140-4c5a-8fbe-f6d946845cd6";
    let assert = folder.schtag("explain --rules rules event.json").write_stdin("").assert().success();
    says(&stdout(&assert), &["Rules: 1 of 1 match"]);
    let words = format!("explain --rules rules --rules more --rule {id} event.json");
    let assert = folder.schtag(&words).write_stdin("").assert().success();
    says(&stdout(&assert), &["A task runs evil"]);
    assert!(!stdout(&assert).contains("Another ("), "{}", stdout(&assert));
    folder.write("a.ndjson", b"{\"t\":1}\n");
    let words = "report -o r.html --module schtag.wasm --rules rules --rules more a.ndjson";
    let assert = folder.schtag(words).write_stdin("").assert().success();
    assert!(stderr(&assert).contains("1 line, 1 tagged"), "{}", stderr(&assert));
    let words = "bake --base base.wasm --rules rules --rules more -o two.wasm";
    let assert = folder.schtag(words).assert().success();
    assert!(stderr(&assert).contains("two.wasm: 2 rules"), "{}", stderr(&assert));
}

#[test]
fn check_measures_fuel_with_a_base_module() {
    let folder = folder();
    let assert = folder.schtag("check rules --module-fuel --base base.wasm --json").assert().success();
    let json: serde_json::Value = serde_json::from_str(&stdout(&assert)).unwrap();
    // The guest of these tests does the same with and without rules.
    assert_eq!(json["rules"][0]["fuel"], 0);
    folder.schtag("check rules --module-fuel --base missing.wasm").assert().code(3);
    folder.schtag("check rules --module-fuel --base schtag.wasm").assert().code(4);
}

#[test]
fn explain_shows_the_event_the_rules_and_the_tag() {
    let folder = folder();
    let assert = folder.schtag("explain event.json --rules rules --at 1").assert().success().stderr("");
    says(
        &stdout(&assert),
        &[
            "Scheduled task created, read as ",
            "process 1: evil.exe",
            "Rules: 1 of 1 match",
            "✓ high          A task runs evil (60d5087d-4140-4c5a-8fbe-f6d946845cd6)",
            "decided on action 1, process 1: evil.exe",
            "condition: words and not filter",
            "✓ task.command_line|contains\n              contains `evil`: task.command_line \"evil.exe\"",
            "✗ task.author\n              no value is `root`\n              the field is not there",
            "alert, severity high",
            "\"verdict\": \"alert\"",
        ],
    );
}

#[test]
fn explain_shortens_rules_that_do_not_match_unless_asked() {
    let folder = folder();
    let words = "explain - --rules rules";
    let assert = folder.schtag(words).write_stdin(record("good")).assert().success();
    says(
        &stdout(&assert),
        &["✗ high          A task runs evil (60d5087d-4140-4c5a-8fbe-f6d946845cd6): no words\n"],
    );
    assert!(!stdout(&assert).contains("condition:"));
    for more in ["-v", "--rule 60d5087d-4140-4c5a-8fbe-f6d946845cd6"] {
        let assert = folder.schtag(&format!("{words} {more}")).write_stdin(record("good")).assert().success();
        says(
            &stdout(&assert),
            &["closest on action 1", "the value is \"good.exe\"", "none: the record is left as it is"],
        );
    }
}

#[test]
fn explain_takes_a_record_in_any_of_its_places_and_prints_json() {
    let folder = folder();
    let mut inline = folder.schtag("explain --rules rules --json --base base.wasm");
    let assert = inline.arg(record("evil")).assert().success();
    let json: serde_json::Value = serde_json::from_str(&stdout(&assert)).unwrap();
    assert_eq!(json["rules"][0]["outcome"], "reported");
    assert_eq!(json["tag"]["verdict"], "alert");
    assert!(json["fuel"].as_u64().unwrap() > 0);
    let lines = format!("\n{}\n{}\n", record("evil"), record("good"));
    let assert = folder.schtag("explain --rules rules --json").write_stdin(lines).assert().success();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&stdout(&assert)).unwrap()["verdict"], "alert");
}

#[test]
fn explain_of_another_event_is_done_and_of_no_record_is_exit_code_3() {
    let folder = folder();
    let assert = folder.schtag("explain --rules rules").write_stdin("{\"EventID\":4624}").assert().success();
    says(&stdout(&assert), &["No scheduled-task event", "none: the record is left as it is"]);
    for (input, complaint) in
        [("", "no record"), ("nope", "not one JSON object"), ("{\"a\":}", "not one JSON object")]
    {
        let assert = folder.schtag("explain --rules rules -").write_stdin(input).assert().code(3);
        says(&stderr(&assert), &[complaint]);
    }
    folder.schtag("explain missing.json --rules rules").assert().code(3);
    folder.schtag("explain event.json --rules missing").assert().code(3);
    let assert = folder.schtag("explain event.json --rules rules --rule nope").assert().code(3);
    says(&stderr(&assert), &["no rule has the id or the name `nope`"]);
}

#[test]
fn docs_writes_pages_removes_stale_ones_and_spares_those_of_people() {
    let folder = folder();
    folder.schtag("docs rules -o wiki --fields fields.md").assert().success();
    says(
        &fs::read_to_string(folder.path("wiki/evil.md")).unwrap(),
        &["# A task runs evil", "../rules/evil/rule.yml"],
    );
    says(&fs::read_to_string(folder.path("wiki/README.md")).unwrap(), &["[evil](evil.md)"]);
    says(&fs::read_to_string(folder.path("fields.md")).unwrap(), &["`task.command_line`"]);
    folder.write("wiki/notes.md", b"mine");
    fs::rename(folder.path("wiki/evil.md"), folder.path("wiki/gone.md")).unwrap();
    folder.schtag("docs rules -o wiki").assert().success();
    assert!(folder.path("wiki/evil.md").exists() && folder.path("wiki/notes.md").exists());
    assert!(!folder.path("wiki/gone.md").exists());
    folder.write("wiki/evil.md", b"mine");
    let assert = folder.schtag("docs rules -o wiki").assert().code(5);
    says(&stderr(&assert), &["it was not written by `schtag docs`"]);
}

#[test]
fn docs_without_rules_is_exit_code_3() {
    let folder = folder();
    folder.schtag("docs missing -o wiki").assert().code(3);
    assert!(!folder.path("wiki").exists());
}
