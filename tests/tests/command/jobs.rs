//! `schtag tag --jobs` with the built filter: every record as one worker gives it, sequences among them.

use schtag_tests::samples::{Sample, Shape};
use schtag_tests::stream::{Form, Stream};
use schtag_tests::{command, hostile, project, workload};
use std::path::PathBuf;
use std::process::Command;

fn tag(schtag: &PathBuf, input: &PathBuf, jobs: &str) -> (Vec<u8>, Option<i32>) {
    let output = Command::new(schtag)
        .args(["tag", "--quiet", "--at", "1772000000", "--jobs", jobs, "--module"])
        .arg(project::module().unwrap())
        .arg(input)
        .output()
        .unwrap();
    (output.stdout, output.status.code())
}

#[test]
fn every_fixture_and_hostile_record_comes_out_as_with_one_worker() {
    let Some(schtag) = command::find("every_fixture_and_hostile_record_comes_out_as_with_one_worker") else {
        return;
    };
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut other = Stream::new(Form::Flat);
    let mut between =
        |lines: &mut Vec<Vec<u8>>| lines.extend(other.by_ref().take(40).map(String::into_bytes));
    for shape in Shape::ALL {
        // Created and deleted: an alert that needs both, with other records between them.
        for id in [4698, 4700, 4702, 4701, 4699] {
            lines.push(
                Sample::new(id, "powershell.exe", "-w hidden -enc SQBFAFgA").record(shape).into_bytes(),
            );
            between(&mut lines);
        }
    }
    for (_, record) in hostile::inputs() {
        lines.push(record.into_iter().filter(|byte| *byte != b'\n').collect());
        between(&mut lines);
    }
    for input in workload::inputs() {
        lines.push(input.record.into_bytes());
    }
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input.ndjson");
    std::fs::write(&input, lines.join(&b'\n')).unwrap();
    let (one, code) = tag(&schtag, &input, "1");
    let text = String::from_utf8_lossy(&one);
    assert!(text.contains("\"schtag\":") && text.contains("deleted"), "nothing was tagged");
    for jobs in ["2", "4"] {
        let (several, several_code) = tag(&schtag, &input, jobs);
        assert!(one == several, "{jobs} workers");
        assert_eq!(code, several_code);
    }
}
