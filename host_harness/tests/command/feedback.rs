//! The answers of `check`, `bake`, `explain`, `rule` and `new` to who writes rules and settings.
use super::{Folder, stderr, stdout};
use std::fs;

const RULE: &str = "title: A task runs evil
id: 60d5087d-4140-4c5a-8fbe-f6d946845cd6
logsource: {product: windows, service: security}
detection:
  words:
    task.command_line|contains: evil
  condition: words
level: high
tags: [attack.t1053.005]
";

fn event(command: &str, arguments: &str) -> String {
    let exec = format!("<Exec><Command>{command}</Command><Arguments>{arguments}</Arguments></Exec>");
    serde_json::json!({
        "EventID": 4698, "Channel": "Security", "TaskName": "\\T's", "SubjectUserSid": "S-1-5-21-1-2-3-1001",
        "SubjectUserName": "alice", "TaskContent": format!("<Task><Actions>{exec}</Actions></Task>")
    })
    .to_string()
}

/// A folder with the rule `rules/evil`, and an event that it matches, in which cmd.exe starts the program.
fn folder() -> Folder {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("rules/evil")).unwrap();
    folder.write("rules/evil/rule.yml", RULE.as_bytes());
    folder.write("event.json", event("cmd.exe", "/c C:\\evil.exe 1").as_bytes());
    folder
}

#[test]
fn a_complaint_shows_its_line_with_a_mark() {
    let folder = folder();
    for (from, to, line, under) in [
        ("|contains", "|containz", "6 |", "task.command_line|containz"),
        ("level: high", "level: hihg", "8 |", "level"),
        ("condition: words", "condition: wrds", "7 |", "condition"),
        ("    task.command_line|contains: evil", "    task.hidden: 1", "6 |", "task.hidden"),
        ("title: A", "title: [A", "2 |", ""),
        ("level: high", "levle: high", "8 |", "levle"),
    ] {
        folder.write("rules/evil/rule.yml", RULE.replace(from, to).as_bytes());
        for command in ["check rules", "bake --rules rules --base base.wasm -o out.wasm"] {
            let assert = folder.schtag(command).assert();
            let text = stdout(&assert) + &stderr(&assert);
            if command.starts_with("bake") && to.starts_with("levle") {
                assert!(text.contains("did you mean `level`?"), "{text}");
                continue;
            }
            assert_ne!(assert.get_output().status.code(), Some(0), "{command}: {to}: {text}");
            assert!(text.contains("rule.yml:") && text.contains(line), "{command}: {to}: {text}");
            let marked = text.lines().find(|text| text.contains('^')).unwrap_or_default();
            let shown = text.lines().find(|text| text.contains(line)).unwrap_or_default();
            assert!(under.is_empty() || marked.find('^') == shown.find(under), "{command}: {to}: {text}");
        }
    }
}

#[test]
fn a_new_rule_passes_its_check_and_is_not_overwritten() {
    let folder = Folder::new();
    let assert = folder.schtag("new rule mine/at-logon").assert().success().stdout("");
    assert!(stderr(&assert).contains("schtag check mine/at-logon"), "{}", stderr(&assert));
    let assert = folder.schtag("check mine").assert().success();
    assert!(stdout(&assert).contains("1 rule: 0 failed; 2 of 2 cases passed"), "{}", stdout(&assert));
    assert!(!stdout(&assert).contains("warning"), "{}", stdout(&assert));
    folder.schtag("new rule mine/at-logon").assert().code(5);
    folder.schtag("bake --rules mine --base base.wasm -o out.wasm").assert().success();
}

#[test]
fn a_rule_has_a_page_by_its_id_its_beginning_or_its_name() {
    let folder = Folder::new();
    for wanted in ["f6f75093-f4e7-4d7c-9361-9b49c0f78998", "f6f75093", "powershell-encoded-command"] {
        let page = stdout(&folder.schtag(&format!("rule {wanted}")).assert().success());
        for part in ["| Name | `powershell-encoded-command` |", "f6f75093-f4e7", "## Response", "## Cases"] {
            assert!(page.contains(part), "{wanted}: {page}");
        }
    }
    let assert = folder.schtag("rule powershel-encoded-command").assert().code(3);
    assert!(stderr(&assert).contains("did you mean `powershell-encoded-command`?"), "{}", stderr(&assert));
    let list = stdout(&folder.schtag("rule").assert().success());
    assert!(list.lines().count() > 70 && list.contains("f6f75093"), "{list}");
}

#[test]
fn the_entry_that_explain_prints_covers_the_event_and_no_other() {
    let folder = folder();
    let entry = stdout(
        &folder.schtag("explain --allow --base base.wasm --rules rules event.json").assert().success(),
    );
    for part in ["task_name: '\\T''s'", "subject: 'S-1-5-21-1-2-3-1001'", "rules:", "# C:\\evil.exe 1"] {
        assert!(entry.contains(part), "{entry}");
    }
    folder.write("settings.yml", format!("allowlist:\n{entry}").as_bytes());
    let explain = |event: &str| {
        let words = format!("explain --base base.wasm --rules rules --settings settings.yml --json {event}");
        let text = stdout(&folder.schtag(&words).assert().success());
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let covered = explain("event.json");
    assert_eq!(covered["tag"]["verdict"], "allowlisted", "{covered}");
    // The tag says which rules the entry covers.
    assert_eq!(covered["tag"]["rules"][0]["title"], "A task runs evil", "{covered}");
    assert_eq!(covered["tag"]["evidence"][0]["match"], "evil", "{covered}");
    assert_eq!(covered["tag"]["techniques"][0], "T1053.005", "{covered}");
    // Each process has its hash; another argument is another.
    folder.write("other.json", event("cmd.exe", "/c C:\\evil.exe 2").as_bytes());
    let other = explain("other.json");
    assert_eq!(other["tag"]["verdict"], "alert");
    let why = other["allowlist"]["misfits"][0]["why"][0].as_str().unwrap().to_owned();
    let hashes = other["tag"]["task"]["command_sha256"].as_array().unwrap();
    assert_eq!(hashes.len(), 2, "{other}");
    for hash in hashes {
        assert!(why.contains(hash.as_str().unwrap()), "{why} of {other}");
    }
}

#[test]
fn it_says_why_an_entry_does_not_fit_and_when_none_can() {
    let folder = folder();
    let id = "60d5087d-4140-4c5a-8fbe-f6d946845cd6";
    for (entry, said) in [
        (
            "subject: alice, image: 'C:\\evil.exe'",
            "its pattern for `image` of every process does not fit `task.image`",
        ),
        (
            "subject: bob, task_name: '\\T*'",
            "its pattern for `subject` does not fit `SubjectUserName`, which is `alice`",
        ),
        ("subject: alice, expires: 2020-01-01", "it has expired"),
        (&format!("subject: alice, rules: [{}]", id.replace('6', "7")), "`rules` does not name 60d5087d"),
    ] {
        let settings = format!("allowlist: [{{name: mine, reason: r, {entry}}}]");
        folder.write("settings.yml", settings.as_bytes());
        let words = "explain --base base.wasm --rules rules --settings settings.yml event.json";
        let text = stdout(&folder.schtag(words).assert().success());
        assert!(
            text.contains("the entry \"mine\" does not cover it") && text.contains(said),
            "{entry}: {text}"
        );
    }
    let cut = event("evil.exe", "").replace("</Task>", "");
    folder.write("cut.json", cut.as_bytes());
    let assert = folder.schtag("explain --allow --base base.wasm --rules rules cut.json").assert().code(3);
    assert!(stderr(&assert).contains("not read whole"), "{}", stderr(&assert));
    folder.write("benign.json", event("x.exe", "").as_bytes());
    let assert = folder.schtag("explain --allow --base base.wasm --rules rules benign.json").assert().code(3);
    assert!(stderr(&assert).contains("nothing to allow"), "{}", stderr(&assert));
}

#[test]
fn settings_make_a_rule_quieter_or_leave_it_out() {
    let folder = folder();
    let level = |settings: &str| {
        folder.write("settings.yml", settings.as_bytes());
        let words = "explain --base base.wasm --rules rules --settings settings.yml --json event.json";
        let assert = folder.schtag(words).assert();
        let json = serde_json::from_str::<serde_json::Value>(&stdout(&assert)).unwrap_or_default();
        json["severity"].as_str().unwrap_or("none").to_owned()
    };
    let id = "60d5087d-4140-4c5a-8fbe-f6d946845cd6";
    for (settings, expected) in [
        (String::new(), "high"),
        ("rules: {evil: {level: low}}".into(), "low"),
        (format!("rules: {{{id}: {{level: critical}}}}"), "critical"),
        // Then there is no rule left.
        ("rules: {evil: disable}".into(), "none"),
    ] {
        assert_eq!(level(&settings), expected, "{settings}");
    }
    folder.write("settings.yml", b"rules: {evli: disable}");
    let bake = "bake --rules rules --base base.wasm --settings settings.yml -o out.wasm";
    let assert = folder.schtag(bake).assert().success();
    assert!(stderr(&assert).contains("did you mean `evil`?"), "{}", stderr(&assert));
}

#[test]
fn explain_takes_the_tag_of_a_module_and_says_when_the_rules_are_others() {
    let folder = folder();
    folder.schtag("bake --base base.wasm --rules rules -o mine.wasm").assert().success();
    let assert = folder.schtag("explain --module mine.wasm --rules rules event.json").assert().success();
    assert!(
        stdout(&assert).contains("A task runs evil") && stderr(&assert).is_empty(),
        "{}",
        stderr(&assert)
    );
    // The base of these tests tags nothing.
    assert!(stdout(&assert).contains("none: the record is left as it is"), "{}", stdout(&assert));
    folder.write("rules/evil/rule.yml", RULE.replace("high", "low").as_bytes());
    let assert = folder.schtag("explain --module mine.wasm --rules rules event.json").assert().success();
    assert!(stderr(&assert).contains("baked of other rules"), "{}", stderr(&assert));
    folder.schtag("explain --module base.wasm --rules rules event.json").assert().code(4);
}

#[test]
fn explain_shows_what_a_correlation_asks_for_and_has_seen() {
    let folder = Folder::new();
    let rule = |number: u8, name: &str, id: u32| {
        format!(
            "title: {name}\nid: {number}0d5087d-4140-4c5a-8fbe-f6d946845cd6\nname: {name}\nlevel: informational\n\
             logsource: {{product: windows, service: security}}\n\
             detection: {{s: {{EventID: {id}}}, condition: s}}\n---\n"
        )
    };
    let pair = "title: Gone at once\nid: 30d5087d-4140-4c5a-8fbe-f6d946845cd6\nlevel: high\n\
                correlation: {type: temporal_ordered, rules: [made, gone], group-by: [TaskName], timespan: 5m}\n";
    folder.write("pair.yml", (rule(1, "made", 4698) + &rule(2, "gone", 4699) + pair).as_bytes());
    let event = |id: u32, task: &str, minute: u32| {
        serde_json::json!({"EventID": id, "Channel": "Security", "TaskName": task, "TaskContent": "<Task/>",
            "TimeCreated": format!("2026-03-02T09:{minute:02}:00Z")})
        .to_string()
    };
    folder.write("last.json", event(4699, "\\T", 14).as_bytes());
    for (before, verdict, seen) in [
        (vec![event(4698, "\\T", 12)], "alert", "120 s before  made (\\T)"),
        (vec![event(4698, "\\U", 12)], "none", "120 s before  made (\\U)"),
        (vec![event(4698, "\\T", 2)], "none", "720 s before  made (\\T)"),
        (vec![], "none", "now  gone (\\T)"),
    ] {
        folder.write("before.ndjson", (before.join("\n") + "\n").as_bytes());
        let words = "explain --base base.wasm --rules pair.yml --before before.ndjson last.json";
        let text = stdout(&folder.schtag(words).assert().success());
        let asks = "asks for `made`, then `gone` in this order, within 300 seconds, with the same TaskName";
        assert!(text.contains(asks) && text.contains(seen), "{before:?}: {text}");
        let expected = if verdict == "alert" { "alert, severity high" } else { "none: the record" };
        assert!(text.contains(expected), "{before:?}: {text}");
    }
}

#[test]
fn help_prints_json_as_it_is_typed() {
    let help = stdout(&Folder::new().schtag("check --help").assert().success());
    assert!(help.contains(r#"{"case": "what it shows", "matches": true,"#) && !help.contains('\\'), "{help}");
    // Rows of the default rules fit a terminal.
    let rows = stdout(&Folder::new().schtag("check").assert().success());
    let longest = rows.lines().map(|line| line.chars().count()).max();
    assert!(longest.is_some_and(|longest| longest <= 120), "{longest:?}");
}
