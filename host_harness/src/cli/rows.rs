//! Findings as rows: CSV for a spreadsheet, a table for a terminal.
use super::terminal::{Style, Terminal, cut, row};
use crate::records::mapping::{Facts, text, texts};
use crate::text::time::rfc3339;
use serde_json::Value;

/// The columns of CSV.
const COLUMNS: [&str; 13] = [
    "time",
    "severity",
    "verdict",
    "host",
    "account",
    "event_id",
    "action",
    "task",
    "title",
    "rules",
    "techniques",
    "command",
    "place",
];

/// The first line of CSV, with its end.
pub(crate) fn csv_heading() -> String {
    COLUMNS.join(",") + "\r\n"
}

/// A finding as a line of CSV (RFC 4180), with its end. `place` says where its record is.
pub(crate) fn csv(record: &[u8], tag: &Value, place: &str) -> String {
    let values = Values::of(record, tag);
    let list = |pointer| texts(tag, pointer).collect::<Vec<_>>().join("; ");
    let rules = crate::records::mapping::entries(tag, "/rules").filter_map(|rule| text(rule, "/id"));
    let said = |pointer| text(tag, pointer).unwrap_or_default().to_owned();
    let fields = [
        values.time,
        said("/severity"),
        said("/verdict"),
        values.host,
        values.account,
        values.event_id,
        said("/action"),
        values.task,
        said("/title"),
        rules.collect::<Vec<_>>().join("; "),
        list("/techniques"),
        list("/task/commands"),
        place.to_owned(),
    ];
    fields.map(|field| quoted(&field)).join(",") + "\r\n"
}

/// A field of CSV. A spreadsheet would run what begins with one of these signs, and events hold what an attacker wrote: such a
/// field gets an apostrophe before it (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn quoted(field: &str) -> String {
    let guard = if field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { "'" } else { "" };
    if guard.is_empty() && !field.contains(['"', ',', '\r', '\n']) {
        return field.to_owned();
    }
    format!("\"{guard}{}\"", field.replace('"', "\"\""))
}

/// Widths of the table's columns but the last, which takes what is left.
const WIDTHS: [(&str, usize); 5] =
    [("time (UTC)", 19), ("severity", 13), ("host", 16), ("account", 18), ("task", 24)];

/// The heading of the table.
pub(crate) fn table_heading(terminal: Terminal) -> String {
    let names = WIDTHS.map(|(name, _)| name.to_owned());
    line(terminal, names, Style::Bold, Style::Bold, "title")
}

/// A finding as a line of the table.
pub(crate) fn table(terminal: Terminal, record: &[u8], tag: &Value) -> String {
    let values = Values::of(record, tag);
    let time = values.time.get(..19).unwrap_or(&values.time).replace('T', " ");
    let severity = match text(tag, "/verdict") {
        Some("alert") => text(tag, "/severity"),
        verdict => verdict,
    }
    .unwrap_or_default();
    let style = match severity {
        "critical" | "high" => Style::Red,
        "medium" => Style::Yellow,
        _ => Style::Plain,
    };
    let host = values.host.split('.').next().unwrap_or_default().to_owned();
    let cells = [time, severity.to_owned(), host, values.account, values.task];
    line(terminal, cells, Style::Plain, style, text(tag, "/title").unwrap_or_default())
}

fn line(terminal: Terminal, cells: [String; 5], style: Style, severity: Style, last: &str) -> String {
    let mut out = String::new();
    let mut used = 0;
    for (column, (cell, (_, width))) in cells.iter().zip(WIDTHS).enumerate() {
        let shown = cut(&row(cell), width);
        let padding = " ".repeat(width.saturating_sub(console::measure_text_width(&shown)) + 2);
        out.push_str(&terminal.paint(if column == 1 { severity } else { style }, &shown));
        out.push_str(&padding);
        used += width + 2;
    }
    let left = terminal.width.saturating_sub(used).max(30);
    out.push_str(&terminal.paint(style, &cut(&row(last), left)));
    out.push('\n');
    out
}

/// The fields that both have.
struct Values {
    time: String,
    event_id: String,
    host: String,
    account: String,
    task: String,
}

impl Values {
    fn of(record: &[u8], tag: &Value) -> Self {
        let facts = Facts::of(record);
        let said = |pointer| text(tag, pointer).unwrap_or_default().to_owned();
        let time = facts.milliseconds.map(rfc3339).or(facts.time).unwrap_or_default();
        Self {
            time,
            event_id: facts.event_id.map(|id| id.to_string()).unwrap_or_default(),
            host: said("/host/name"),
            account: said("/actor/user"),
            task: said("/task/name"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn finding() -> (Value, &'static [u8]) {
        let tag = json!({"verdict": "alert", "severity": "high", "title": "a \"b\", c", "action": "created",
            "host": {"name": "WS1.corp.example"}, "actor": {"user": "=cmd|x"}, "techniques": ["T1", "T2"],
            "rules": [{"id": "x"}], "task": {"name": "\\A\u{1b}[2J\nB", "commands": ["-c 1"]}});
        (tag, br#"{"EventID":4698,"Channel":"Security","TaskName":"\\A","TaskContent":"<Task/>","TimeCreated":"2026-03-02 09:14:07 +0100"}"#)
    }

    #[test]
    fn csv_is_quoted_and_starts_no_formula() {
        let (tag, record) = finding();
        assert_eq!(csv_heading().split(',').count(), 13);
        assert_eq!(
            csv(record, &tag, "f:1"),
            "2026-03-02T08:14:07Z,high,alert,WS1.corp.example,\"'=cmd|x\",4698,created,\"\\A\u{1b}[2J\nB\",\
             \"a \"\"b\"\", c\",x,T1; T2,\"'-c 1\",f:1\r\n"
        );
    }

    #[test]
    fn the_table_fits_and_shows_what_is_not_seen() {
        let (tag, record) = finding();
        let terminal = Terminal::new(120, false);
        let shown = terminal.rendered(&table(terminal, record, &tag));
        assert_eq!(
            shown,
            "2026-03-02 08:14:07  high           WS1               =cmd|x              \\A\\u{1b}[2J⏎B             a \"b\", c\n"
        );
        let heading = terminal.rendered(&table_heading(terminal));
        assert_eq!(heading.find("title"), shown.find("a \"b\"").map(|at| at - "⏎".len() + 1));
    }
}
