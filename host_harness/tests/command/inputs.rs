//! Tests which inputs `schtag tag` and `schtag report` read besides lines of JSON, which they refuse, and their words on each.
#![allow(clippy::indexing_slicing, reason = "a failing helper fails its test")]
use super::{Folder, stderr, stdout};
use schtag_test_files::event_log::{Event, file};
use schtag_test_files::{gzip, zstd};
use serde_json::Value;
use std::fs;

const ALERT: &str = r#"{"schtag":{"verdict":"alert","severity":"high"}}"#;

fn utf_16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn log() -> Vec<u8> {
    file(&[vec![Event { number: 1, id: 4698, at: 1_700_000_000, data: vec![("TaskName", "\\A".into())] }]])
}

#[test]
fn every_form_of_json_becomes_lines() {
    let folder = Folder::new();
    let lines = format!("{{\"a\":1}}\n{ALERT}\n");
    for (name, bytes, form) in [
        ("lines.ndjson", b"{\"a\":1}\n{\"t\":1}\n".to_vec(), "NDJSON"),
        ("array.json", b"[{\"a\":1},{\"t\":1}]".to_vec(), "JSON"),
        ("pretty.json", b"{\n  \"a\": 1\n}\n{\n  \"t\": 1\n}\n".to_vec(), "JSON"),
        (
            "pretty_array.json",
            b"\xef\xbb\xbf[\r\n  {\r\n    \"a\":  1\r\n  },\r\n  {\"t\": 1}\r\n]\r\n".to_vec(),
            "JSON",
        ),
        ("utf16.ndjson", utf_16("{\"a\":1}\n{\"t\":1}\n"), "NDJSON, UTF-16"),
        ("utf16.json", utf_16("[\r\n{\"a\": 1},\r\n{\"t\": 1}]"), "JSON, UTF-16"),
        ("lines.zst", zstd(b"{\"a\":1}\n{\"t\":1}\n"), "NDJSON, zstd"),
        ("array.gz", gzip(b"[{\"a\":1},{\"t\":1}]"), "JSON, gzip"),
        ("both.gz", gzip(&zstd(&utf_16("{\"a\":1}\n{\"t\":1}\n"))), "NDJSON, gzip, zstd, UTF-16"),
    ] {
        folder.write(name, &bytes);
        let assert = folder.schtag(&format!("tag {name}")).assert().success().stdout(lines.clone());
        let said = format!("schtag: {name}: {form}, 2 records read, 1 tagged\n");
        assert!(stderr(&assert).contains(&said), "{name}: {}", stderr(&assert));
        // From a pipe, too.
        folder.schtag("tag -q").write_stdin(bytes).assert().success().stdout(lines.clone());
    }
}

#[test]
fn what_holds_no_records_is_refused_by_name() {
    let folder = Folder::new();
    folder.write("good.ndjson", b"{\"t\":1}\n");
    for (name, bytes, words) in [
        ("a.zip", &b"PK\x03\x04\x14\0\0\0"[..], "a ZIP archive"),
        ("a.xz", b"\xfd7zXZ\0\0\x04", "compressed with xz"),
        ("a.bz2", b"BZh91AY&SY", "compressed with bzip2"),
        ("a.ndjson", b"\0\x01\x02\x03", "binary data of an unknown kind"),
        ("a.exe", b"MZ\x90\0\x03", "a Windows program"),
        ("a.html", b"<!doctype html>\n<html>", "an HTML page"),
        ("a.xml", b"<?xml version=\"1.0\"?>\n<Objs></Objs>", "XML without an <Event> or a <Task>"),
        ("empty.evtx", b"", "the file is empty"),
        ("empty.gz", b"", "the file is empty"),
        ("text.evtx", b"{\"t\":1}\n", "no event log, though its name says so"),
        ("text.txt", b"one\ntwo\n", "2 of 2 lines are not JSON and not checked"),
        ("cut.json", b"[{\"a\":1},{\"a\":", "one place is damaged"),
    ] {
        folder.write(name, bytes);
        let assert = folder.schtag(&format!("tag {name} good.ndjson")).assert().code(3);
        let (said, out) = (stderr(&assert), stdout(&assert));
        assert!(said.contains(&format!("{name}: ")) && said.contains(words), "{name}: {said}");
        assert!(out.ends_with(&format!("{ALERT}\n")), "{name}: the others are read: {out}");
        assert!(said.contains("inputs not read, or not to the end"), "{said}");
        // The report says it on its first screen, and calls nothing clean.
        let assert = folder.schtag(&format!("report -q {name} -o page.html")).assert().code(3);
        let page = fs::read_to_string(folder.path("page.html")).unwrap();
        let screen = page.split("<h2").next().unwrap();
        let escaped = words.replace('<', "&lt;").replace('>', "&gt;");
        assert!(screen.contains(&escaped), "{name}: {screen} {}", stderr(&assert));
        assert!(page.contains("Not everything was read") && !page.contains("No rule matched in"), "{name}");
    }
    folder.write("empty.ndjson", b"");
    folder.schtag("tag empty.ndjson").assert().success().stdout("");
}

#[test]
fn an_input_that_is_mostly_no_json_is_an_error_unless_asked() {
    let folder = Folder::new();
    folder.write("half.ndjson", b"{\"t\":1}\n\n\n\nnope\n");
    folder.write("most.ndjson", b"{\"t\":1}\nnope\nnope\n");
    let assert = folder.schtag("tag half.ndjson").assert().success();
    assert!(stderr(&assert).contains("1 line is not JSON and not checked"), "{}", stderr(&assert));
    let assert = folder.schtag("tag most.ndjson").assert().code(3).stdout(format!("{ALERT}\nnope\nnope\n"));
    assert!(stderr(&assert).contains("2 of 3 lines are not JSON and not checked"), "{}", stderr(&assert));
    folder.schtag("tag --lenient most.ndjson").assert().success();
    folder.schtag("report --lenient most.ndjson -o page.html").assert().success();
    folder.schtag("report most.ndjson -o page.html").assert().code(3);
}

/// A folder with an input of each form, things that are none, and a broken one.
fn archive() -> Folder {
    let folder = Folder::new();
    for name in ["in/a/b", "in/c"] {
        fs::create_dir_all(folder.path(name)).unwrap();
    }
    folder.write("in/1.ndjson", b"{\"t\":1}\n");
    folder.write("in/a/2.json", b"[{\"t\":1},{\"a\":1}]");
    folder.write("in/a/b/3.evtx", &log());
    folder.write("in/a/b/cut.ndjson.gz", &gzip(b"{\"t\":1}\n{\"a\":2}\n")[..20]);
    folder.write("in/c/4.zst", &zstd(b"{\"t\":1}\n"));
    folder.write("in/c/README", b"What is here\n");
    folder.write("in/c/program.exe", b"MZ\x90\0");
    folder.write("in/no_ending", b"{\"t\":1}\n");
    folder
}

#[test]
fn folders_are_read_whole_and_a_broken_file_hides_no_other() {
    let folder = archive();
    let assert = folder.schtag("tag --only-tagged --stats json in").assert().code(3);
    assert_eq!(stdout(&assert).matches(ALERT).count(), 5);
    let said = stderr(&assert);
    let json = said.lines().find(|line| line.starts_with('{')).unwrap();
    let summary: Value = serde_json::from_str(json).unwrap();
    let inputs = &summary["inputs"];
    assert_eq!(
        (&inputs["read"], &inputs["unread"], &inputs["passed_over"]),
        (&5.into(), &1.into(), &2.into())
    );
    let of = |name: &str| {
        let files = inputs["files"].as_array().unwrap();
        files.iter().find(|file| file["file"].as_str().unwrap().ends_with(name)).unwrap().clone()
    };
    assert_eq!((&of("2.json")["form"], &of("2.json")["records"]), (&"JSON".into(), &2.into()));
    assert_eq!(of("3.evtx")["form"], "event log");
    assert_eq!(of("README")["problem"], "passed over: this is text without JSON");
    assert!(of("cut.ndjson.gz")["problem"].is_string());
    // An archive that is not read is no other thing.
    folder.write("in/c/more.7z", b"7z\xbc\xaf\x27\x1c\0\x04");
    let assert = folder.schtag("tag in").assert().code(3);
    assert!(stderr(&assert).contains("more.7z: not read: this is a 7-Zip archive"), "{}", stderr(&assert));
}

#[test]
fn a_folder_without_records_is_an_error() {
    let folder = Folder::new();
    fs::create_dir(folder.path("none")).unwrap();
    for words in ["tag none", "report none -o page.html"] {
        let assert = folder.schtag(words).assert().code(3);
        assert!(stderr(&assert).contains("there is no file that holds records"), "{}", stderr(&assert));
    }
    folder.write("none/README", b"nothing\n");
    let assert = folder.schtag("tag none").assert().code(3);
    assert!(stderr(&assert).contains("1 files passed over"), "{}", stderr(&assert));
}

#[test]
fn a_report_of_a_folder_says_what_was_not_read_and_writes_over_no_input() {
    let folder = archive();
    let assert = folder.schtag("report in -o in/report.html").assert().code(3);
    assert!(stderr(&assert).contains("in/1.ndjson: NDJSON, 1 record read, 1 tagged"), "{}", stderr(&assert));
    let page = fs::read_to_string(folder.path("in/report.html")).unwrap();
    let screen = page.split("<h2").next().unwrap();
    for part in [
        "<b>1 input</b> could not be read to the end",
        "cut.ndjson.gz: ",
        "<b>2 files</b> in the folders left out",
    ] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    // The page of an earlier run is none of the inputs.
    folder.schtag("report in -o in/report.html").assert().code(3);
    for (words, target) in [
        ("report in/1.ndjson -o in/1.ndjson", "in/1.ndjson"),
        ("report in -o in/1.ndjson", "in/1.ndjson"),
        ("report in/1.ndjson -o in/../in/1.ndjson", "in/1.ndjson"),
    ] {
        let before = fs::read(folder.path(target)).unwrap();
        let assert = folder.schtag(words).assert().code(2);
        assert!(stderr(&assert).contains("one of those that are read"), "{words}: {}", stderr(&assert));
        assert_eq!(fs::read(folder.path(target)).unwrap(), before, "{words}");
    }
}

#[test]
fn findings_are_chosen_by_level_time_host_and_rule() {
    let folder = Folder::new();
    folder.write("a.ndjson", b"{\"t\":1}\n{\"o\":1}\n{\"a\":1}\nnope\n");
    for (words, lines, code) in [
        ("tag -q --min-level low a.ndjson", 1, 0),
        ("tag -q --min-level critical a.ndjson", 0, 0),
        ("tag -q --since 2026-03-02 a.ndjson", 2, 0),
        ("tag -q --host ws17 a.ndjson", 0, 0),
        ("tag -q --rule 7d240724 a.ndjson", 0, 0),
        ("tag -q --fail-on high a.ndjson", 4, 6),
        ("tag -q --fail-on critical a.ndjson", 4, 0),
        ("tag -q --fail-on high --host ws17 a.ndjson", 0, 0),
        // What was found counts for more than what was not read.
        ("tag -q --fail-on high a.ndjson missing.ndjson", 4, 6),
        ("tag -q --fail-on critical a.ndjson missing.ndjson", 4, 3),
        ("report -q -o page.html --fail-on medium a.ndjson", 0, 6),
    ] {
        let assert = folder.schtag(words).assert().code(code);
        assert_eq!(stdout(&assert).lines().count(), lines, "{words}: {}", stdout(&assert));
    }
    let assert = folder.schtag("tag --min-level critical a.ndjson").assert().success();
    assert!(stderr(&assert).contains("2 left out by the options"), "{}", stderr(&assert));
    folder.schtag("report -q -o page.html --min-level critical a.ndjson").assert().success();
    let page = fs::read_to_string(folder.path("page.html")).unwrap();
    assert!(
        page.contains("<b>0</b>alerts") && page.contains("<b>2 findings</b> left out by the options"),
        "{page}"
    );
    for words in
        ["tag --min-level severe", "tag --since yesterday", "tag --fail-on 3", "report x -o y --since z"]
    {
        folder.schtag(words).assert().code(2);
    }
}

#[test]
fn findings_come_as_csv_and_as_a_table() {
    let folder = Folder::new();
    folder.write("a.ndjson", b"{\"a\":1}\n{\"t\":1}\n");
    let assert = folder.schtag("tag -q --format csv a.ndjson").assert().success();
    let csv = stdout(&assert);
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert!(lines[0].starts_with("time,severity,verdict,host,"), "{csv}");
    assert_eq!(lines[1..], [",high,alert,,,,,,,,,,a.ndjson:2", ""]);
    let assert = folder.schtag("tag -q --format table a.ndjson").assert().success();
    let table = stdout(&assert);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("time (UTC)") && lines[1].contains(" high "), "{table}");
}
