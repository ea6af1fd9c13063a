//! Tests what a rule passes over: the selections `filter_…` and `ordinary_…` of the default rules, and the filters that several
//! rules share. Each needs two kinds of cases beside its rules: an ordinary task that alerts without the filter, and a task
//! that has its name, its program or its account, does something else, and still alerts.

use schtag_host::author::check::{Report, check};
use schtag_host::rules::load;
use schtag_host::rules::settings::Configuration;
use schtag_host::rules::sigma::{self, Source};
use schtag_tests::project;
use std::ops::Range;

/// A filter in the text of a file: its name, and the lines of its body.
struct Entry {
    name: String,
    body: Range<usize>,
}

fn entries(lines: &[&str]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let name = line.strip_prefix("  ").and_then(|rest| rest.strip_suffix(':'));
        let Some(name) = name.filter(|name| name.starts_with("filter_") || name.starts_with("ordinary_"))
        else {
            continue;
        };
        let length = lines.iter().skip(number + 1).take_while(|line| line.starts_with("    ")).count();
        entries.push(Entry { name: name.to_owned(), body: number + 1..number + 1 + length });
    }
    entries
}

/// The text before the key of a test in the body of a filter, where the line begins one.
fn before_key(line: &str) -> Option<&str> {
    let rest = line.get(4..)?;
    let start = if rest.starts_with("- ") || rest.starts_with("  ") { 6 } else { 4 };
    let (key, _) = line.get(start..)?.split_once(':')?;
    let is_key =
        key.len() > 1 && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "._|".contains(letter));
    is_key.then(|| line.get(..start)).flatten()
}

/// The lines of each test in the body of a filter.
fn tests(lines: &[&str], body: &Range<usize>) -> Vec<Range<usize>> {
    let starts: Vec<usize> = body.clone().filter(|number| before_key(lines[*number]).is_some()).collect();
    let ends = starts.iter().skip(1).copied().chain([body.end]);
    starts.iter().zip(ends).map(|(start, end)| *start..end).collect()
}

/// The text with one line in place of some.
fn replaced(lines: &[&str], part: &Range<usize>, by: &str) -> String {
    let [before, after] = [&lines[..part.start], &lines[part.end..]];
    [before, &[by], after].concat().join("\n")
}

/// The number of cases that match and must not, and of those that must and do not.
fn failures(sources: &[Source]) -> (usize, usize) {
    let mut compiled = sigma::compile(sources, &Configuration::default());
    assert!(compiled.refused.is_empty(), "{}", compiled.refused[0]);
    load::add_programs(&mut compiled, &[]).unwrap();
    let Report { rules, .. } = check(&compiled, None).unwrap();
    let failed: Vec<bool> = rules
        .iter()
        .flat_map(|rule| &rule.cases)
        .filter(|case| !case.passed)
        .map(|case| case.matches)
        .collect();
    let silent = failed.iter().filter(|matches| !**matches).count();
    (silent, failed.len() - silent)
}

/// Returns what the filters of the file at `place` of the sources lack.
fn missing(sources: &[Source], place: usize) -> Vec<String> {
    let file = sources[place].clone();
    let lines: Vec<&str> = file.text.lines().collect();
    let changed = |text: String| {
        let mut sources = sources.to_vec();
        sources[place].text = text;
        failures(&sources)
    };
    let mut missing = Vec::new();
    for Entry { name, body } in entries(&lines) {
        let at = || format!("{}: {name}", file.path.parent().unwrap().file_name().unwrap().display());
        if changed(replaced(&lines, &body, "    task.name: no such task")).0 == 0 {
            missing.push(format!("{}: no case of an ordinary task needs it", at()));
        }
        let lets_more_pass = |test: &Range<usize>| {
            let start = before_key(lines[test.start]).unwrap();
            changed(replaced(&lines, test, &format!("{start}EventID|exists: true"))).1 > 0
        };
        if !tests(&lines, &body).iter().any(lets_more_pass) {
            missing.push(format!("{}: no case that alerts meets all of it but one test", at()));
        }
    }
    missing
}

#[test]
fn every_filter_has_a_case_that_needs_it_and_one_that_it_must_not_cover() {
    let loaded = sigma::load([project::root().join("plugin/rules")]);
    let (shared, rules): (Vec<Source>, Vec<Source>) =
        loaded.sources.into_iter().partition(|source| source.path.ends_with("filters.yml"));
    let [shared] = shared.as_slice() else { panic!("one file of shared filters") };
    let mut gaps = Vec::new();
    for rule in &rules {
        gaps.extend(missing(&[rule.clone(), shared.clone()], 0));
    }
    let id = |rule: &&Source| {
        let ids = rule.text.lines().filter_map(|line| line.strip_prefix("id: "));
        ids.into_iter().any(|id| shared.text.contains(id))
    };
    let mut named: Vec<Source> = rules.iter().filter(id).cloned().collect();
    named.push(shared.clone());
    assert!(named.len() > 4);
    gaps.extend(missing(&named, named.len() - 1));
    assert!(gaps.is_empty(), "{} of the default rules' filters:\n{}", gaps.len(), gaps.join("\n"));
}

#[test]
fn filters_and_their_tests_are_found_in_a_rule() {
    let text = "detection:\n  filter_one:\n    # why\n    task.name: a\n    task.image|endswith:\n      - \\a.exe\n      - C:\\b.exe\n  \
                ordinary_two:\n    - task.image: a\n      task.arguments: b\n    - task.image: c\n  condition: x\n";
    let lines: Vec<&str> = text.lines().collect();
    let found = entries(&lines);
    let names: Vec<&str> = found.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["filter_one", "ordinary_two"]);
    assert_eq!(tests(&lines, &found[0].body), [3..4, 4..7]);
    assert_eq!(tests(&lines, &found[1].body), [8..9, 9..10, 10..11]);
    assert!(replaced(&lines, &(4..7), "    x: y").contains("task.name: a\n    x: y\n  ordinary_two"));
}
