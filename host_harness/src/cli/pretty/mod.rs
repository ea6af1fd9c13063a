//! Records before and after, for people to read: `schtag tag --pretty`.
mod facts;

use super::terminal::{Style, Terminal, cut, visible, wrap};
use crate::run::wasmtime::CallError;
use facts::Facts;
use schtag::json::{Scanner, repair};
use schtag::shapes;
use schtag::work::{self, Work};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

/// Columns in front of what a block says: the line number and a gap.
const INDENT: usize = 6;
/// Columns of a label such as `before`, its gap included.
const LABEL: usize = 12;
/// The most lines that one text may take.
const LINES: usize = 6;
/// The most texts of a kind that are shown.
const ITEMS: usize = 8;

/// The fate of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate<'a> {
    /// It has a tag, which is this.
    Tagged(&'a Value),
    /// It is as it was.
    Unchanged,
    /// It came with a member of the tag's name that the filter did not write, and leaves without.
    Cleared,
    /// It is as it was, since the guest failed.
    Fault(&'a CallError),
    /// It is as it was, since it is not a JSON object.
    NotARecord,
    /// It is as it was, since it is too long.
    TooLong,
}

/// Writes what becomes of each line.
#[derive(Debug)]
pub(crate) struct Pretty {
    terminal: Terminal,
    scanner: Scanner,
    /// The height of the last thing written: a block or one line. `None` before the first.
    last: Option<Height>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Height {
    Block,
    Line,
}

impl Pretty {
    pub(crate) fn new(terminal: Terminal) -> Self {
        Self { terminal, scanner: Scanner::default(), last: None }
    }

    /// The terminal that it writes for.
    pub(crate) const fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// The heading over the lines of a file, one of several.
    pub(crate) fn heading(&mut self, file: &Path) -> String {
        let gap = if self.last.is_some() { "\n" } else { "" };
        self.last = Some(Height::Block);
        let name = visible(&file.display().to_string());
        format!("{gap}{}\n", self.terminal.paint(Style::Bold, &name))
    }

    /// Line `number`, which was `record` before.
    pub(crate) fn line(&mut self, number: u64, record: &[u8], fate: Fate<'_>) -> String {
        let mut mended = Vec::new();
        let mut facts = Facts::default();
        if !matches!(fate, Fate::NotARecord | Fate::TooLong) {
            let mut scanned = self.scanner.scan(record);
            // What arrives damaged is judged as mended.
            if scanned.is_err() && repair(&mut mended, record).is_ok() {
                scanned = self.scanner.scan(&mended);
            }
            if let Ok(object) = scanned
                && let Some(candidate) = shapes::change(&object)
                && let Some(event) = shapes::read(&object, candidate, &Work::new(work::RECORD))
            {
                facts = Facts::of(&event);
            }
        }
        let height = if matches!(fate, Fate::Tagged(_)) { Height::Block } else { Height::Line };
        let mut text = String::new();
        if self.last.is_some_and(|last| last == Height::Block || height == Height::Block) {
            text.push('\n');
        }
        self.last = Some(height);
        match fate {
            Fate::Tagged(tag) => self.block(&mut text, number, &facts, tag),
            other => self.one_line(&mut text, number, &facts, other),
        }
        text
    }

    fn one_line(&self, out: &mut String, number: u64, facts: &Facts, fate: Fate<'_>) {
        let (style, fate) = match fate {
            Fate::Fault(error) => (Style::Red, format!("passed through, fault: {error}")),
            Fate::NotARecord => (Style::Yellow, "passed through, not a JSON object".into()),
            Fate::TooLong => (Style::Yellow, "passed through, too long".into()),
            Fate::Cleared => (Style::Yellow, "removed a tag that another program wrote".into()),
            Fate::Unchanged | Fate::Tagged(_) => (Style::Dim, "unchanged".into()),
        };
        let mut line = format!("{number:>4}  ");
        if let Some(event) = &facts.event {
            let _ = write!(line, "{event:13}  ");
        }
        let _ = write!(line, "{}", visible(&fate));
        match (&facts.event, &facts.name) {
            (Some(_), Some(name)) => {
                let _ = write!(line, "  {name}");
                if let Some(action) = facts.actions.first() {
                    let _ = write!(line, ": {action}");
                }
            }
            (None, _) if style == Style::Dim => line.push_str("  not a scheduled-task event"),
            _ => {}
        }
        out.push_str(&self.terminal.paint(style, &cut(&line, self.terminal.width)));
        out.push('\n');
    }

    fn block(&self, out: &mut String, number: u64, facts: &Facts, tag: &Value) {
        let event = facts.event.as_deref().unwrap_or("not a task event");
        let or_tag = |fact: &Option<String>, path| fact.clone().or_else(|| text(tag, path));
        let name = or_tag(&facts.name, "/task/name").unwrap_or_else(|| "(no task name)".into());
        let header = cut(&format!("{number:>4}  {event}  {name}"), self.terminal.width);
        let _ = writeln!(out, "{}", self.terminal.paint(Style::Bold, &header));
        let mut place = Vec::new();
        for (word, fact, path) in [
            ("on ", &facts.host, "/host/name"),
            ("by ", &facts.user, "/actor/user"),
            ("at ", &facts.time, ""),
        ] {
            if let Some(fact) = or_tag(fact, path) {
                place.push(format!("{word}{fact}"));
            }
        }
        if let Some(role) = text(tag, "/host/role").filter(|role| role != "unknown")
            && let Some(host) = place.first_mut()
        {
            let _ = write!(host, " ({role})");
        }
        if !place.is_empty() {
            let place = cut(&place.join("  "), self.terminal.width.saturating_sub(INDENT));
            let _ = writeln!(out, "{:INDENT$}{}", "", self.terminal.paint(Style::Dim, &place));
        }
        self.labelled(out, "before", &facts.actions, 1);
        self.after(out, tag);
        let whole = |value: &Value| text(value, "");
        let rule = |rule: &Value| Some(format!("{:8}  {}", text(rule, "/level")?, text(rule, "/title")?));
        let evidence =
            |entry: &Value| Some(format!("{}: {}", text(entry, "/field")?, text(entry, "/match")?));
        let allow = |entry: &Value| Some(format!("{}: {}", text(entry, "/name")?, text(entry, "/reason")?));
        let techniques = list(tag, "/techniques", whole).join(", ");
        for (label, texts, lines) in [
            ("rules", list(tag, "/rules", rule), LINES),
            ("decoded", list(tag, "/task/decoded", whole), LINES),
            ("evidence", list(tag, "/evidence", evidence), 1),
            ("allowlist", list(tag, "/allowlist", allow), LINES),
            ("techniques", vec![techniques], LINES),
            ("passed on", list(tag, "/passed_on/rules", rule), LINES),
            ("", list(tag, "/passed_on/notes", whole), LINES),
            ("notes", list(tag, "/notes", whole), LINES),
        ] {
            self.labelled(out, label, &texts, lines);
        }
    }

    /// The verdict, the severity and the title.
    fn after(&self, out: &mut String, tag: &Value) {
        let verdict = text(tag, "/verdict").unwrap_or_else(|| "no verdict".into());
        let severity = text(tag, "/severity").unwrap_or_default();
        let style = match (&*verdict, &*severity) {
            ("alert", "critical" | "high") => Style::Red,
            ("alert", _) | ("unreadable" | "repaired" | "passed_on", _) => Style::Yellow,
            ("allowlisted", _) => Style::Green,
            _ => Style::Bold,
        };
        let judged = format!("{} {severity}", verdict.to_uppercase());
        let judged = judged.trim_end();
        let title = text(tag, "/title").unwrap_or_default();
        let mut after = String::new();
        self.labelled(&mut after, "after", &[format!("{judged}  {title}")], LINES);
        out.push_str(&after.replacen(judged, &self.terminal.paint(style, judged), 1));
    }

    fn label(&self, out: &mut String, label: &str) {
        let _ = write!(out, "{:INDENT$}{}", "", self.terminal.paint(Style::Dim, &format!("{label:LABEL$}")));
    }

    /// A label, and beside it the texts that are not empty, one below the other.
    fn labelled(&self, out: &mut String, label: &str, texts: &[String], lines: usize) {
        let room = self.terminal.width.saturating_sub(INDENT + LABEL);
        let mut label = label;
        let shown = texts.iter().filter(|text| !text.is_empty());
        for line in shown.clone().take(ITEMS).flat_map(|text| wrap(text, room, lines)) {
            self.label(out, label);
            let _ = writeln!(out, "{line}");
            label = "";
        }
        let more = shown.skip(ITEMS).count();
        if more > 0 {
            self.label(out, label);
            let _ = writeln!(out, "and {more} more");
        }
    }
}

/// A string in the tag, by JSON pointer (RFC 6901), safe to print.
fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().map(visible)
}

/// Collects the results of `shown` for the entries of a list in the tag, each result only once.
fn list(tag: &Value, pointer: &str, shown: impl Fn(&Value) -> Option<String>) -> Vec<String> {
    let entries = tag.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let mut texts: Vec<String> = Vec::new();
    for text in entries.filter_map(shown) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pretty(width: usize) -> Pretty {
        Pretty::new(Terminal::new(width, false))
    }

    fn record(arguments: &str) -> Vec<u8> {
        let content = format!(
            "<Task><Actions><Exec><Command>powershell.exe</Command><Arguments>{arguments}</Arguments></Exec>\
             <ComHandler><ClassId>{{0F87369F-A4E5-4CFC-BD3E-73E6154572DD}}</ClassId></ComHandler></Actions></Task>"
        );
        let record = json!({
            "EventID": 4698, "Channel": "Security", "Computer": "ws-1", "TimeCreated": "2026-03-02 09:14:07 +0100",
            "SubjectUserName": "alice", "SubjectDomainName": "CORP", "TaskName": "\\Work\\Report",
            "TaskContent": content,
        });
        serde_json::to_vec(&record).unwrap()
    }

    fn tag() -> Value {
        json!({
            "verdict": "alert", "severity": "high", "title": "PowerShell in a task: \\Work\\Report created",
            "rules": [{"id": "1", "title": "PowerShell", "level": "medium"}, {"title": "Hidden", "level": "high"}],
            "techniques": ["T1053.005", "T1059.001"],
            "host": {"name": "ws-1", "role": "endpoint"},
            "task": {"decoded": ["iex $a\r\n\u{1b}[2J"]},
            "evidence": [
                {"rule": "1", "field": "task.decoded", "match": "iex"},
                {"rule": "2", "field": "task.decoded", "match": "iex"}
            ],
            "notes": ["task content truncated at 10 characters"],
        })
    }

    #[test]
    fn a_tagged_record_is_shown_before_and_after() {
        assert_eq!(
            pretty(100).line(7, &record("-enc aQBlAHgA"), Fate::Tagged(&tag())),
            "   7  4698 created  \\Work\\Report
      on ws-1 (endpoint)  by CORP\\alice  at 2026-03-02 09:14:07 +0100
      before      powershell.exe -enc aQBlAHgA
                  ComHandler {0F87369F-A4E5-4CFC-BD3E-73E6154572DD}
      after       ALERT high  PowerShell in a task: \\Work\\Report created
      rules       medium    PowerShell
                  high      Hidden
      decoded     iex $a⏎\\u{1b}[2J
      evidence    task.decoded: iex
      techniques  T1053.005, T1059.001
      notes       task content truncated at 10 characters
"
        );
    }

    #[test]
    fn what_is_not_tagged_takes_one_line() {
        let mut pretty = pretty(60);
        for (record, fate, line) in [
            (
                record("-f daily.ps1"),
                Fate::Unchanged,
                "   1  4698 created   unchanged  \\Work\\Report: powershell.ex…\n",
            ),
            (b"{}".to_vec(), Fate::Unchanged, "   1  unchanged  not a scheduled-task event\n"),
            (b"nope".to_vec(), Fate::NotARecord, "   1  passed through, not a JSON object\n"),
            (Vec::new(), Fate::TooLong, "   1  passed through, too long\n"),
            (b"{}".to_vec(), Fate::Fault(&CallError::Empty), "   1  passed through, fault: "),
            (b"{}".to_vec(), Fate::Cleared, "   1  removed a tag that another program wrote"),
        ] {
            let shown = pretty.line(1, &record, fate);
            assert!(shown.starts_with(line), "{shown}");
            assert_eq!(shown.lines().count(), 1, "{shown}");
        }
    }

    #[test]
    fn blocks_stand_apart_and_lines_together() {
        let mut pretty = pretty(100);
        let tag = tag();
        let fates =
            [Fate::Unchanged, Fate::Unchanged, Fate::Tagged(&tag), Fate::Tagged(&tag), Fate::Unchanged];
        let gaps = fates.map(|fate| pretty.line(1, b"{}", fate).starts_with('\n'));
        assert_eq!(gaps, [false, false, true, true, true]);
        assert_eq!(pretty.heading(Path::new("b.ndjson")), "\nb.ndjson\n");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_no_control_reaches_it() {
        let long = record(&"A\u{202e}B 表".repeat(500));
        let mut tag = tag();
        tag["task"]["decoded"] = json!(["\u{7}x".repeat(5000)]);
        tag["rules"][0]["title"] = json!("word ".repeat(100));
        for width in [0, 1, 20, 41, 100, 250] {
            for fate in [Fate::Tagged(&tag), Fate::Unchanged] {
                let shown = pretty(width).line(1, &long, fate);
                for line in shown.lines() {
                    assert!(console::measure_text_width(line) <= width.max(40), "{width}: {line}");
                    assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
                }
            }
        }
    }

    #[test]
    fn damaged_records_and_odd_tags_are_shown_as_far_as_they_go() {
        let mut damaged = record("-enc aQBlAHgA");
        damaged.splice(..1, *b"{\"ratio\":nan,");
        let shown = pretty(100).line(1, &damaged, Fate::Tagged(&tag()));
        assert!(shown.contains("before      powershell.exe -enc"), "{shown}");
        for tag in [json!(null), json!("x"), json!({"rules": {"a": 1}, "task": [], "notes": [1, {}]})] {
            let shown = pretty(100).line(1, b"{", Fate::Tagged(&tag));
            assert!(shown.contains("NO VERDICT"), "{shown}");
        }
        let many = json!({"notes": (0..20).map(|n| n.to_string()).collect::<Vec<_>>()});
        assert!(
            pretty(100).line(1, b"{}", Fate::Tagged(&many)).ends_with(" 7\n                  and 12 more\n")
        );
    }
}
