//! `schtag tag` on Windows event logs.
#![allow(clippy::indexing_slicing, reason = "a failing helper fails its test")]
use super::{Folder, stderr};
use schtag_test_files::event_log::{Event, file, file_of_templates};
use schtag_test_files::gzip;

/// An event on which the small guest does nothing.
fn event(number: u64) -> Event {
    Event { number, id: 4698, at: 1_700_000_000, data: vec![("TaskName", format!("\\Täsk {number}"))] }
}

fn log() -> Vec<u8> {
    file(&[vec![event(7), event(8)], vec![event(9)]])
}

/// The numbers of the records in an output.
fn numbers(output: &[u8]) -> Vec<String> {
    let number = |line: &str| -> String {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let system = &record["Event"]["System"];
        assert_eq!(system["Provider"]["#attributes"]["Name"], "Microsoft-Windows-Security-Auditing");
        let number = match &system["EventRecordID"] {
            serde_json::Value::String(number) => number.clone(),
            number => number.to_string(),
        };
        assert_eq!(record["Event"]["EventData"]["TaskName"], format!("\\Täsk {number}"));
        number
    };
    std::str::from_utf8(output).unwrap().lines().map(number).collect()
}

#[test]
fn each_event_is_a_line() {
    let folder = Folder::new();
    folder.write("a.evtx", &log());
    let assert = folder.schtag("tag a.evtx").assert().success();
    assert_eq!(numbers(&assert.get_output().stdout), ["7", "8", "9"]);
    assert!(stderr(&assert).contains("3 lines, 0 tagged"), "{}", stderr(&assert));
    folder.write("a.evtx", &file_of_templates(&[vec![event(7), event(8)], vec![event(9)]]));
    let assert = folder.schtag("tag a.evtx").assert().success();
    assert_eq!(numbers(&assert.get_output().stdout), ["7", "8", "9"]);
    // The same from a pipe, and compressed.
    for input in [log(), gzip(&log())] {
        let assert = folder.schtag("tag").write_stdin(input).assert().success();
        assert_eq!(numbers(&assert.get_output().stdout), ["7", "8", "9"]);
    }
}

#[test]
fn logs_and_lines_may_be_mixed() {
    let folder = Folder::new();
    folder.write("a.evtx", &log());
    folder.write("b.ndjson", b"{\"a\":1}");
    folder.write("empty.evtx", &file(&[]));
    folder.write("unused.evtx", &[file(&[vec![event(1)]]), vec![0; 65_536]].concat());
    let assert = folder.schtag("tag b.ndjson a.evtx empty.evtx unused.evtx b.ndjson").assert().success();
    let output = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(output.starts_with("{\"a\":1}\n{\"Event\""));
    assert!(output.ends_with("}\n{\"a\":1}"));
    assert_eq!(output.lines().count(), 6);
}

/// The damage, the file, the words that must be printed, and the records that are read nevertheless.
type Case<'a> = (&'a str, &'a [u8], &'a [&'a str], &'a [&'a str]);

#[test]
fn what_is_damaged_is_told_and_the_rest_is_read() {
    let folder = Folder::new();
    let whole = log();
    let first = 4096;
    let mut bad_chunk = whole.clone();
    bad_chunk[first] = b'X';
    let mut bad_checksum = whole.clone();
    bad_checksum[first + 60] ^= 1;
    let mut bad_record = whole.clone();
    // The first token after the first record's header.
    bad_record[first + 512 + 24] = 0xff;
    let mut bad_name = whole.clone();
    let computer: Vec<u8> = "Computer".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let place = whole.windows(computer.len()).position(|bytes| bytes == computer).unwrap();
    bad_name[place] = b'\n';
    let mut bad_header = whole.clone();
    bad_header[100] ^= 1;
    let cases: [Case<'_>; 7] = [
        ("chunk", &bad_chunk, &["chunk 1: "], &["9"]),
        ("checksum", &bad_checksum, &["chunk 1: its checksum is wrong"], &["7", "8", "9"]),
        ("record", &bad_record, &["chunk 1: ", "7"], &["8", "9"]),
        ("name", &bad_name, &["chunk 1: record 7: ", "mended"], &["7", "8", "9"]),
        (
            "cut between records",
            &whole[..first + 65_536 + 300],
            &["chunk 2: cut after 300 bytes"],
            &["7", "8"],
        ),
        ("cut within a record", &whole[..first + 700], &["chunk 1: cut after 700 bytes"], &[]),
        ("cut in the header", &whole[..60], &["file header: cut after 60 bytes"], &[]),
    ];
    for (case, bytes, words, read) in cases {
        folder.write("bad.evtx", bytes);
        let assert = folder.schtag("tag bad.evtx").assert().code(3);
        let said = stderr(&assert);
        for word in words {
            assert!(said.contains(word), "{case}: {said}");
        }
        assert_eq!(numbers(&assert.get_output().stdout), read, "{case}: {said}");
    }
    folder.write("header.evtx", &bad_header);
    let assert = folder.schtag("tag header.evtx").assert().success();
    assert_eq!(numbers(&assert.get_output().stdout), ["7", "8", "9"]);
}
