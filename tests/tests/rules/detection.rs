//! The measurement of detection, on small sets of our own.

use schtag_tests::detection::{self, Expected, Level, List, Row, Scores};
use schtag_tests::filter;
use schtag_tests::samples::{Sample, Shape};
use serde_json::json;
use std::fs;
use std::path::Path;

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A set of labelled rows, and files of command lines in each of the forms.
fn sets() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let record = |command: &str, arguments: &str| -> serde_json::Value {
        serde_json::from_str(&Sample::new(4698, command, arguments).record(Shape::Flat)).unwrap()
    };
    let rows = [
        json!({"id": "a", "family": "shells", "expect": "high", "record": record("powershell.exe", "-File C:\\Scripts\\a.ps1")}),
        json!({"id": "b", "family": "shells", "expect": "medium", "records": [record("notepad.exe", ""), record("powershell.exe", "-File C:\\Scripts\\a.ps1")]}),
        json!({"id": "c", "family": "tools", "expect": "low: an editor", "record": record("notepad.exe", "")}),
        json!({"id": "d", "family": "tools", "malicious": false, "record": record("powershell.exe", "-File C:\\Scripts\\a.ps1")}),
        json!({"id": "e", "set": "lines", "line": "powershell -File C:\\Scripts\\a.ps1"}),
        json!({"id": "f", "record": record("notepad.exe", "")}),
    ];
    write(folder.path(), "made.ndjson", rows.map(|row| row.to_string()).join("\n"));
    let utf16: Vec<u8> =
        "powershell -w hidden\r\n\r\necho 1\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    write(folder.path(), "lists/malicious/cmd/typed.txt", utf16);
    write(folder.path(), "lists/malicious/plain.txt", "\"C:\\Program Files\\a b.exe\" -x\n\nmshta.exe x\n");
    write(
        folder.path(),
        "lists/malicious/parts.txt",
        "[Original Code]\n\n\"powershell.exe -c \\\"x\\\"\"\n\n[B64 Decoded]\n\nx\n\n[Family Name]\n\nOne\n",
    );
    write(
        folder.path(),
        "lists/malicious/deep/a.json",
        r#"{"Event":{"EventData":{"CommandLine":"cmd.exe /c ver"}}}"#,
    );
    write(folder.path(), "lists/benign/all", "\"C:\\\\Windows\\\\notepad.exe a.txt\"\n");
    folder
}

fn content(row: &Row) -> String {
    let record: serde_json::Value = serde_json::from_str(&row.records.first().unwrap().record).unwrap();
    let text = record.to_string();
    let part = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once('<')?.0.replace("\\\\", "\\").replace("&quot;", "\"").replace("\\\"", "\""))
    };
    format!("{} | {}", part("Command").unwrap(), part("Arguments").unwrap_or_default())
}

#[test]
fn command_lines_of_every_form_become_tasks() {
    let folder = sets();
    let rows = detection::folder(folder.path()).unwrap();
    let of_lists: Vec<_> = rows
        .iter()
        .filter(|row| row.set == "lists")
        .map(|row| (row.family.as_str(), row.expected, content(row)))
        .collect();
    let attack = Expected::Attack(Level::Low);
    let expected = [
        ("typed", attack, "cmd.exe | /c powershell -w hidden"),
        ("typed", attack, "cmd.exe | /c echo 1"),
        ("", attack, "cmd.exe | /c ver"),
        ("One", attack, "powershell.exe | -c \"x\""),
        ("plain", attack, r"C:\Program Files\a b.exe | -x"),
        ("plain", attack, "mshta.exe | x"),
        ("all", Expected::Ordinary, r"C:\Windows\notepad.exe | a.txt"),
    ];
    assert_eq!(of_lists, expected.map(|(family, label, text)| (family, label, text.to_owned())));
}

#[test]
fn labels_say_what_a_row_should_get() {
    let folder = sets();
    let rows = detection::folder(folder.path()).unwrap();
    let labels: Vec<_> = rows
        .iter()
        .filter(|row| row.set == "made")
        .map(|row| (row.name.as_str(), row.family.as_str(), row.expected))
        .collect();
    assert_eq!(
        labels,
        [
            ("a", "shells", Expected::Attack(Level::High)),
            ("b", "shells", Expected::Attack(Level::Medium)),
            ("c", "tools", Expected::Attack(Level::Low)),
            ("d", "tools", Expected::Ordinary),
            ("e", "lines", Expected::Attack(Level::Low)),
        ]
    );
}

#[test]
fn a_malformed_row_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.ndjson", "{\"expect\":\"none\",\"line\":\"x\"}\n{\"expect\":\"high\"}\n");
    let fault = detection::folder(folder.path()).unwrap_err();
    assert!(fault.ends_with("a.ndjson:2: none of `records`, `record` and `line`"), "{fault}");
}

#[test]
fn rows_are_counted_by_what_they_get() {
    let folder = sets();
    let module = filter::module().unwrap();
    let (mut scores, mut lists) = (Scores::default(), [Vec::new(), Vec::new(), Vec::new()]);
    for row in detection::folder(folder.path()).unwrap().iter().filter(|row| row.set == "made") {
        let judged = detection::judge(&module, row).unwrap();
        scores.add(row, &judged);
        for (list, found) in [List::Missed, List::Low, List::False].into_iter().zip(&mut lists) {
            found.extend(detection::listed(list, row, &judged).map(|_| row.name.clone()));
        }
    }
    assert_eq!(lists, [["c"], ["a"], ["d"]]);
    let sets = scores.sets();
    let made = sets.get("made").unwrap();
    assert_eq!((made.attacks, made.caught, made.too_low, made.missed, made.high), (4, 2, 1, 1, 0));
    assert_eq!((made.ordinary, made.false_medium, made.false_high, made.records), (1, 1, 0, 6));
    assert!(made.dearest <= made.fuel && made.dearest * made.records >= made.fuel);
    let page = detection::markdown("pack", &scores);
    assert!(
        page.contains("| made | 4 | 3 (75.0 %) | 2 (50.0 %) | 1 (25.0 %) | 1 (25.0 %) | 0 (0.0 %) |"),
        "{page}"
    );
    assert!(page.contains("| made | 1 | 1 (100.0 %) | 0 |"), "{page}");
    assert!(detection::families(&scores).contains("| shells | 2 | 2 | 1 | 0 | 0 | 0 | 0 |"));
}

/// The control of the tables: a pack that finds nothing would show in them.
#[test]
fn the_own_tables_hold_attacks_and_ordinary_tasks() {
    let rows = detection::own().unwrap();
    let count = |set: &str, attack: bool| {
        let of = |row: &&Row| row.set == set && matches!(row.expected, Expected::Attack(_)) == attack;
        rows.iter().filter(of).count()
    };
    assert!(count("evasion.ndjson", true) >= 60 && count("benign.ndjson", false) >= 60);
    assert!(count("cases of the rules", true) >= 300);
    assert_eq!(count("benign.ndjson", true), 0);
}
