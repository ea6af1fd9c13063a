use super::*;
use crate::rules::catalogue::Catalogue;
use serde_json::json;

const ENCODED: &str = "f6f75093-f4e7-4d7c-9361-9b49c0f78998";

fn tag(name: &str, severity: &str) -> Value {
    json!({
        "schema": "1", "verdict": "alert", "severity": severity, "title": format!("Encoded: {name} created"),
        "rules": [{"id": ENCODED, "title": "Encoded", "level": "high"}], "techniques": ["T1053.005", "T1027.010"],
        "action": "created", "host": {"name": "ws-1", "role": "endpoint"}, "actor": {"user": "CORP\\alice"},
        "task": {"name": name, "commands": ["powershell -enc AAAA"], "decoded": ["iex $a"],
            "runs": ["c:\\a\\iex.ps1"], "address": ["198.51.100.7"], "triggers": ["logon"]},
        "evidence": [{"rule": ENCODED, "field": "task.decoded", "match": "IEX"}], "notes": ["a note"], "pack": "b07e33d1f1cf",
    })
}

fn record(time: &str) -> Vec<u8> {
    json!({"EventID": 4698, "Channel": "Security", "TimeCreated": time, "TaskName": "\\X", "Computer": "ws-1"})
        .to_string()
        .into_bytes()
}

fn report(limit: usize) -> Report {
    let heading = Heading {
        title: "Findings".into(),
        sources: vec!["a.ndjson".into()],
        module: "schtag 0.1.0".into(),
        made: String::new(),
    };
    Report::new(heading, limit)
}

/// Names of elements that are opened and closed, so that nothing of a record closes one of ours.
fn balanced(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    for part in html.split('<').skip(1) {
        let name = part.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap();
        match part.strip_prefix('/') {
            Some(rest) => assert_eq!(open.pop(), rest.split('>').next(), "{part:.80}"),
            None if part.starts_with('!') || ["meta", "link", "br", "path", "rect"].contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_page_says_what_was_found() {
    let mut report = report(10);
    for _ in 0..5 {
        report.count();
    }
    report.add(&tag("\\X", "high"), &record("2026-03-02 09:14:07 +0100"), "a.ndjson:2");
    report.add(&tag("\\X", "high"), &record("2026-03-02 10:14:07 +0100"), "a.ndjson:3");
    report.add(&json!({"verdict": "allowlisted", "title": "Allowed", "allowlist": [{"name": "backup", "reason": "ours"}]}), b"{}", "a.ndjson:4");
    report.add(
        &json!({"verdict": "unreadable", "title": "Cut", "notes": ["truncated"]}),
        b"{}",
        "a.ndjson:5",
    );
    report.add(&json!({"verdict": "observed", "title": "Seen"}), b"{}", "a.ndjson:6");
    report.add(
        &json!({"verdict": "passed_on", "severity": "informational", "title": "Passed on",
            "passed_on": {"verdict": "alert", "rules": [{"title": "Created and deleted"}], "notes": ["mended"]}}),
        b"{}",
        "a.ndjson:7",
    );
    report.set_troubles(Troubles { bad_lines: 1, faults: 2, ..Troubles::default() });
    let html = report.html(&Catalogue::embedded());
    balanced(&html);
    for part in [
        "<h1>Findings</h1>",
        "Read from a.ndjson.",
        "<b>5</b>records read",
        "<b>2</b>alerts",
        "<b>1</b>allowlisted",
        "<b>1</b>unreadable",
        "<b>1</b>passed on",
        "<h4>By an earlier filter, not verified</h4><p>Created and deleted<br>mended</p>",
        "Alerts from 2026-03-02 08:14:07 to 2026-03-02 09:14:07 (UTC).",
        "<b>1 line</b> left out",
        "<b>2 records</b> could not be judged",
        "2 times · 2026-03-02 08:14:07 to 2026-03-02 09:14:07 · ws-1 (2)",
        "<mark title=\"Encoded\">iex</mark> $a",
        "<h4>Files that it executes or loads</h4>\n<pre dir=\"ltr\">c:\\a\\<mark title=\"Encoded\">iex</mark>.ps1</pre>",
        "<h4>Addresses that it contacts</h4>\n<pre dir=\"ltr\">198.51.100.7</pre>",
        "task.decoded: IEX",
        "<a href=\"https://attack.mitre.org/techniques/T1053/005/\" rel=\"noreferrer noopener\">T1053.005</a> Scheduled Task</li>",
        "a.ndjson:2, a.ndjson:3",
        "backup: ours",
        "truncated",
        "<h4>False positives</h4><p>Management tools encode",
        "/docs/rules/powershell-encoded-command.md",
        "<span><a href=\"#rule-f6f75093-f4e7-4d7c-9361-9b49c0f78998\">",
        "<svg class=\"wide\"",
        "<title>2026-03-02 08:10: 1 high</title>",
    ] {
        assert!(html.contains(part), "the page lacks {part:?}");
    }
    assert!(!html.contains("Seen") && !html.contains("Made "));
    assert_eq!(html, report.html(&Catalogue::embedded()));
}

#[test]
fn nothing_found_is_a_page_too() {
    let html = report(10).html(&Catalogue::default());
    balanced(&html);
    assert!(html.contains("No rule matched") && !html.contains("<svg") && !html.contains("<nav"));
}

#[test]
fn what_is_left_out_is_said() {
    let mut report = report(3);
    for number in 0..1_000 {
        let severity = if number % 100 == 0 { "critical" } else { "low" };
        report.add(&tag(&format!("\\{number}"), severity), &record("2026-03-02 09:14:07 +0100"), "f:1");
    }
    let html = report.html(&Catalogue::embedded());
    assert!(html.contains("<b>1,000</b>alerts"));
    assert!(html.contains("3 alerts of 1,000 in 3 groups, most severe first"), "{html:.9000}");
    // An index by group leads to the cards.
    for number in 1..=3 {
        assert_eq!(html.matches(&format!("<a href=\"#finding-{number}\">")).count(), 1);
        assert_eq!(html.matches(&format!("id=\"finding-{number}\"")).count(), 1);
    }
    assert!(html.contains("997 alerts of less severe groups are left out here"), "{html:.9000}");
    assert_eq!(html.matches("<span class=\"badge full critical\">").count(), 3);
}

#[test]
fn hostile_text_is_only_text() {
    let mut report = report(10);
    let evil = "</style></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\u{202e}\u{7}\u{0}\u{2028}";
    report.heading.title = evil.into();
    report.heading.sources = vec![evil.into()];
    let strings = |value: &mut Value| {
        let mut stack = vec![value];
        while let Some(value) = stack.pop() {
            match value {
                Value::String(text)
                    if !["alert", "high", "allowlisted", "unreadable", "passed_on"]
                        .contains(&text.as_str()) =>
                {
                    evil.clone_into(text)
                }
                Value::Array(values) => stack.extend(values),
                Value::Object(members) => stack.extend(members.values_mut()),
                _ => {}
            }
        }
    };
    for verdict in ["alert", "allowlisted", "unreadable", "passed_on"] {
        let mut tag = tag("x", "high");
        strings(&mut tag);
        tag["verdict"] = json!(verdict);
        tag["allowlist"] = json!([{"name": evil, "reason": evil}]);
        tag["passed_on"] = json!({"rules": [{"title": evil}], "notes": [evil]});
        report.add(&tag, &record(evil), evil);
    }
    let html = report.html(&Catalogue::embedded());
    balanced(&html);
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("onerror=alert(1)>\""));
    assert!(!html.contains(|c: char| c.is_control() && c != '\n' || "\u{202e}\u{2028}".contains(c)));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && html.contains("\\u{202e}"));
    for odd in
        [json!(null), json!([]), json!({"verdict": "alert", "rules": {}, "task": 7, "evidence": [1, {}]})]
    {
        report.add(&odd, b"not JSON", "f:1");
    }
    balanced(&report.html(&Catalogue::default()));
}
