//! Reads the header before the rendered message where an event is a text: host, log and time, by their places.
//!
//! ```text
//! 2026 Mar 01 10:22:33 WinEvtLog: Security: AUDIT_SUCCESS(4698): Microsoft-Windows-Security-Auditing: (no user): no domain: ws17: …
//! <13>Mar  1 10:22:33 ws17 Security-Auditing: 4698: A scheduled task was created. | SubjectUserName=alice | …
//!
//! Log Name:      Security
//! Source:        Microsoft-Windows-Security-Auditing
//! Date:          3/1/2026 10:22:33 AM
//! Event ID:      4698
//! …
//! Computer:      ws17
//! Description:
//! ```
//!
//! Sources: OSSEC and Wazuh (<https://github.com/ossec/ossec-hids>, `src/logcollector/read_win_el.c`); Eventlog to Syslog
//! (<https://github.com/sherwind/eventlog-to-syslog>), also with fields between bars; Event Viewer's "Copy details as text" and
//! `wevtutil qe /f:text` (<https://learn.microsoft.com/windows-server/administration/windows-commands/wevtutil>). The last two
//! are in the machine's language, so no label is looked at: four lines with a log, its provider, a time and an id begin
//! them, and the computer is the last value before a label without one.

use std::borrow::Cow;

use super::by_table::{is_auditing_provider, is_security_channel};
use super::glance;
use super::partial_event::{PartialEvent, Rank, Slot};
use crate::bytes;
use crate::event::Change;

/// The trust in a header: more than in common words elsewhere, less than in names of the event data.
const RANK: Rank = 2;
/// The number of bytes in which a header begins, and of lines that it has.
const HEAD: usize = 2048;
const LINES: usize = 24;

/// Reads a header; the shape that it is of, and the change that it names.
#[inline(never)]
pub(super) fn read(reading: &mut PartialEvent<'_, '_>, text: &str) -> Option<(&'static str, Change)> {
    let head = text.get(..text.floor_char_boundary(HEAD.min(text.len())))?;
    ossec(reading, head).or_else(|| evtsys(reading, head)).or_else(|| viewer(reading, head))
}

/// The text that stands before a mark, and after it.
#[inline(never)]
fn around<'t>(text: &'t str, mark: &str) -> Option<(&'t str, &'t str)> {
    let (before, from) = text.split_at_checked(bytes::find_text(text.as_bytes(), mark)?)?;
    Some((before, from.get(mark.len()..)?))
}

fn ossec(reading: &mut PartialEvent<'_, '_>, head: &str) -> Option<(&'static str, Change)> {
    let (time, mut rest) = around(head, "WinEvtLog: ")?;
    let mut fields = [""; 6];
    for field in &mut fields {
        (*field, rest) = around(rest, ": ")?;
    }
    let [channel, category, provider, _, _, computer] = fields;
    let change = change(around(category, "(")?.1.strip_suffix(')')?)?;
    envelope(reading, [time, channel, provider, computer]);
    Some(("ossec", change))
}

fn evtsys(reading: &mut PartialEvent<'_, '_>, head: &str) -> Option<(&'static str, Change)> {
    let (before, rest) = around(head, "Security-Auditing: ")?;
    let change = change(around(rest, ":")?.0)?;
    let before = before.strip_suffix("Microsoft-Windows-").unwrap_or(before).trim_ascii_end();
    let (time, computer) = before.split_at_checked(before.rfind(' ')?)?;
    envelope(reading, [time, "", "", computer.trim_ascii()]);
    Some(("evtsys", change))
}

fn viewer(reading: &mut PartialEvent<'_, '_>, head: &str) -> Option<(&'static str, Change)> {
    let (mut rest, mut last) = (head, ["", "", ""]);
    let mut found: Option<(Change, [&str; 3])> = None;
    for _ in 0..LINES {
        let (line, after) = around(rest, "\n")?;
        rest = after;
        let Some(value) = value(line) else { continue };
        match found {
            None if is_security_channel(last[0]) && is_auditing_provider(last[1]) => {
                found = Some((change(value)?, last));
            }
            // The description, which has no value on its line.
            Some((change, [channel, provider, time])) if value.is_empty() => {
                envelope(reading, [time, channel, provider, last[2]]);
                return Some(("event_viewer", change));
            }
            _ => {}
        }
        last = [last[1], last[2], value];
    }
    None
}

/// The value of a line with a label.
fn value(line: &str) -> Option<&str> {
    let colon = bytes::find_any(line.as_bytes(), &[":", "："])?;
    let (_, value) = line.split_at_checked(colon)?;
    Some(value.strip_prefix([':', '：']).unwrap_or(value).trim_ascii())
}

/// The change whose id a text is.
fn change(id: &str) -> Option<Change> {
    let id = id.trim_ascii().as_bytes();
    let (at, number) = glance::next_id(id, 0)?;
    Change::from_event_id(number).filter(|_| at == 0 && id.len() == 4)
}

#[inline(never)]
fn envelope(reading: &mut PartialEvent<'_, '_>, values: [&str; 4]) {
    let slots = [Slot::Time, Slot::Channel, Slot::Provider, Slot::Computer];
    for (slot, value) in slots.into_iter().zip(values) {
        reading.set(slot, RANK, Cow::Owned(value.trim_ascii().to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::Work;
    use proptest::prelude::*;

    fn header(text: &str) -> Option<(&'static str, u64, Option<String>)> {
        let work = Work::unlimited();
        let mut reading = PartialEvent::new(Change::Created, "test", &work);
        let (shape, change) = read(&mut reading, text)?;
        Some((shape, change.event_id().into(), reading.event.computer.map(Cow::into_owned)))
    }

    #[test]
    fn headers() {
        let viewer = |log: &str, provider: &str, id: &str| {
            format!(
                "L :{log}\r\nS : {provider}\r\nD： 1:2:3\r\nI:\t{id}\r\nT: x\r\nC: ws17\r\nD:\r\nmore: y\r\n"
            )
        };
        for (text, wanted) in [
            (
                "t WinEvtLog: Security: AUDIT_SUCCESS(4698): P: u: d: ws17: A task",
                Some(("ossec", 4698, Some("ws17"))),
            ),
            ("t WinEvtLog: Security: AUDIT_SUCCESS(4624): P: u: d: ws17: A task", None),
            ("Mar 1 ws17 Security-Auditing: 4702: A task", Some(("evtsys", 4702, Some("ws17")))),
            ("Security-Auditing: 4702: A task", None),
            (
                &viewer("Security", "Microsoft-Windows-Security-Auditing", "4700"),
                Some(("event_viewer", 4700, Some("ws17"))),
            ),
            (&viewer("System", "Microsoft-Windows-Security-Auditing", "4700"), None),
            (&viewer("Security", "Microsoft-Windows-Security-Auditing", "4624"), None),
            ("", None),
        ] {
            assert_eq!(
                header(text),
                wanted.map(|(shape, id, host)| (shape, id, host.map(str::to_owned))),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(WinEvtLog: |Security|-Auditing: |: |4698|\\(|\\)|\\r\\n|\\||=|é|：){0,30}") {
            let _ = header(&text);
        }
    }
}
