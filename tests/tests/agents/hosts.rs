//! The alert of a plain action stands beside every bomb in every host that meters fuel: `tag`, `report`, `serve`. None
//! of them needs its own limit, so that none starts the filter anew and loses what it remembers.

use schtag_tests::bombs;
use schtag_tests::command::{self, Hop};
use schtag_tests::expensive::{self, LOGGED, PARTS, PLAIN, Part, Recipe, WORDS};
use schtag_tests::loopback::http_post;
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::{filter, project};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The ids of the rules in a tag.
fn rules(tag: &Value) -> BTreeSet<String> {
    let rules = tag["rules"].as_array().into_iter().flatten();
    rules.filter_map(|rule| rule["id"].as_str()).map(str::to_owned).collect()
}

/// Records with a plain action and something expensive in one task, by name. The first has the plain action alone.
fn records() -> Vec<(String, String)> {
    let plain = expensive::exec(PLAIN.0, PLAIN.1);
    let alone = expensive::record(&format!("<Task><Actions>{plain}</Actions></Task>"));
    let mut records = vec![("the plain action".to_owned(), alone)];
    for bomb in bombs::all() {
        for (place, content) in bomb.with_action(&plain) {
            records.push((format!("plain {place}: {}", bomb.name), expensive::record(&content)));
        }
    }
    for part in PARTS.into_iter().filter(|part| *part != Part::Actions) {
        for word in WORDS.iter().step_by(29) {
            let recipe = Recipe::of_word(part, word, LOGGED);
            for (place, before, behind) in [
                ("before", &*plain, ""),
                ("behind", "", &*plain),
                ("between", &*recipe.definition("", ""), &*plain),
            ] {
                let record = expensive::record(&recipe.definition(before, behind));
                records.push((format!("plain {place} {part:?} of {word}"), record));
            }
        }
    }
    records
}

/// Each record is an alert as severe as the plain action's, by at least its rules.
fn check(host: &str, records: &[(String, String)], lines: &str) {
    let tags: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap_or_default()["schtag"].take())
        .collect();
    assert_eq!(tags.len(), records.len(), "{host} gives one line for each");
    let expected = rules(&tags[0]);
    assert!(expected.len() >= 3 && tags[0]["severity"] == "high", "{host}: {}", tags[0]);
    let mut failures = Vec::new();
    for ((name, _), tag) in records.iter().zip(&tags) {
        let severe = tag["severity"] == "high" || tag["severity"] == "critical";
        if tag["verdict"] != "alert" || !severe || !expected.is_subset(&rules(tag)) {
            failures.push(format!("{host}: {name}: {tag:.200}"));
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// Runs the command on a file, which must succeed: a record on which the filter fails is another exit code.
fn run(command: &Path, words: &[&str], input: &Path) -> Output {
    let module = project::module().unwrap();
    let output = Command::new(command).args(words).arg("--module").arg(module).arg(input).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn the_alert_of_a_plain_action_stands_beside_a_bomb_in_every_host() {
    let test = "the_alert_of_a_plain_action_stands_beside_a_bomb_in_every_host";
    let Some(command) = command::find(test) else { return };
    let records = records();
    assert!(records.len() > 200, "{} records", records.len());
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("events.ndjson");
    let text = records.iter().fold(String::new(), |text, (_, record)| text + record + "\n");
    fs::write(&input, &text).unwrap();

    let output = run(&command, &["tag", "--quiet"], &input);
    check("tag", &records, &String::from_utf8_lossy(&output.stdout));

    let page = folder.path().join("report.html");
    run(&command, &["report", "--quiet", "-o", &page.to_string_lossy()], &input);
    let page = fs::read_to_string(page).unwrap();
    let count = |what: &str| -> usize {
        let (before, _) = page.split_once(&format!("</b>{what}</div>")).unwrap();
        before.rsplit_once("<b>").unwrap().1.replace(',', "").parse().unwrap()
    };
    assert_eq!(count("alerts"), records.len());
    assert_eq!(count("high") + count("critical"), records.len());
    assert_eq!(count("unreadable"), 0);
    assert!(!page.contains("could not be judged") && !page.contains("lost what it remembered"));

    let hop = Hop::start(&command, folder.path(), "127.0.0.1:0", &[]).unwrap();
    let tagged = http_post(hop.address().port(), "/", "application/x-ndjson", text.as_bytes()).unwrap();
    check("serve", &records, &tagged);
}

#[test]
fn what_was_remembered_before_a_bomb_is_remembered_after_it() {
    let test = "what_was_remembered_before_a_bomb_is_remembered_after_it";
    let Some(command) = command::find(test) else { return };
    let quiet = |id, content: Option<&str>| {
        let mut sample = Sample::new(id, r"C:\Program Files\Contoso\report.exe", "--daily");
        sample.task_name = r"\Daily report".into();
        sample.content = content.map_or(sample.content, str::to_owned);
        sample.record(Shape::Flat).trim_end().to_owned()
    };
    let deleted = quiet(4699, Some(""));
    let mut lines = vec![quiet(4698, None)];
    lines.extend(bombs::all().into_iter().map(|bomb| expensive::record(&bomb.content)));
    lines.push(deleted.clone());
    let text = lines.join("\n") + "\n";
    let completes = |host: &str, out: &str| {
        let last: Value = serde_json::from_str(out.lines().next_back().unwrap()).unwrap();
        assert_eq!(last["schtag"]["verdict"], "alert", "{host}: created and deleted: {last}");
        // By itself the deletion is no alert.
        let mut filter = filter::Filter::new(&filter::module().unwrap()).unwrap();
        assert!(filter.tag(&deleted, 0).unwrap().is_null());
    };
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("events.ndjson");
    fs::write(&input, &text).unwrap();
    let output = run(&command, &["tag", "--quiet"], &input);
    completes("tag", &String::from_utf8_lossy(&output.stdout));
    let hop = Hop::start(&command, folder.path(), "127.0.0.1:0", &["--workers", "1"]).unwrap();
    let tagged = http_post(hop.address().port(), "/", "application/x-ndjson", text.as_bytes()).unwrap();
    completes("serve", &tagged);
}
