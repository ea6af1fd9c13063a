//! The event id at the beginning of a text that may be an event.

use memchr::memmem;

use super::{cef, snare};
use crate::bytes;

/// The form of an event in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `<EventID>4698</EventID>`.
    Xml,
    /// `EventID=4698`: Fluent Bit.
    EventIdLine,
    /// `EventCode=4698`: Splunk.
    EventCodeLine,
    /// Fields between tabs after `MSWinEventLog`.
    Snare,
    /// CEF or LEEF.
    Cef,
    /// No text, but a `kvlistValue`. The id is any number like one of ours.
    Otlp,
    /// A record as JSON, which nobody has parsed. The id is any number like one of ours.
    Json,
}

/// The bytes at the start of a text in which the id is looked for, as they stand in the JSON. In an event it is within
/// the first few hundred, and a relay may put a header before.
const HEAD: usize = 1024;

/// The most places that look like an id and are tried.
const TRIES: usize = 8;

/// The most bytes of the attributes of `<EventID …>`.
const ATTRIBUTES: usize = 64;

/// The number of bytes of a text in which an id settles what event it is: nothing that a person chose stands before it.
const NEAR: usize = 256;

/// An event id in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) id: u64,
    pub(super) form: Form,
    /// True if it settles what event the text is.
    pub(super) settles: bool,
}

/// The first event id in a text, given as the bytes of its JSON string, and how it stands there.
pub(super) fn find(string: &[u8]) -> Option<Found> {
    let found = |id: u64, form: Form, settles: bool| Some(Found { id, form, settles });
    if string.starts_with(b"{") {
        return json_id(string).filter(|_| whole_id(string)).and_then(|id| found(id, Form::Otlp, false));
    }
    if is_json(string) {
        vent(string)?;
        return json_id(string).and_then(|id| found(id, Form::Json, false));
    }
    if let Some(id) = cef::id(string) {
        return found(id, Form::Cef, true).filter(|_| !holds_json(string));
    }
    let head = string.get(..HEAD).unwrap_or(string);
    let mut rest = head;
    for _ in 0..TRIES {
        let at = vent(rest)?;
        let (before, from) = rest.split_at_checked(at)?;
        rest = from.get(b"vent".len()..)?;
        if let Some((id, form)) = before.strip_suffix(b"E").and_then(|before| id_after(before, rest)) {
            let at = head.len().saturating_sub(rest.len());
            return found(id, form, at < NEAR).filter(|_| !holds_json(head.get(..at).unwrap_or(head)));
        }
    }
    None
}

/// Returns whether JSON begins in a text, escaped as it may be: what follows is in one of its strings.
fn holds_json(text: &[u8]) -> bool {
    let near = text.get(..HEAD).unwrap_or(text);
    bytes::find_any(near, &["{\\\"", "{&quot;", "{ \\\"", "{&#34;"]).is_some()
}

/// Where `vent` stands, the part of `Event` and `event` that has the rarest letter. This is asked of every
/// line of text, and three times as fast as a general search.
fn vent(text: &[u8]) -> Option<usize> {
    let mut from = 0_usize;
    loop {
        let at = from.checked_add(bytes::find_far(text.get(from..)?, b'v')?)?;
        if text.get(at..)?.starts_with(b"vent") {
            return Some(at);
        }
        from = at.checked_add(1)?;
    }
}

/// Returns whether the text seems to be an object with members.
fn is_json(string: &[u8]) -> bool {
    let text = string.strip_prefix(b"\"").unwrap_or(string).trim_ascii_start();
    text.strip_prefix(b"{").is_some_and(|text| text.trim_ascii_start().starts_with(b"\\"))
}

/// The ids of task events, as digits and as numbers.
const IDS: [(&[u8], u64); 5] =
    [(b"4698", 4698), (b"4702", 4702), (b"4699", 4699), (b"4700", 4700), (b"4701", 4701)];

/// A number in the text that could be the id of a task event.
fn json_id(string: &[u8]) -> Option<u64> {
    IDS.iter().find(|(digits, _)| memmem::find(string, digits).is_some()).map(|(_, id)| *id)
}

/// Returns whether one of those numbers stands in the text as a whole value.
fn whole_id(string: &[u8]) -> bool {
    IDS.iter().any(|(digits, _)| {
        memmem::find_iter(string, digits).any(|at| {
            let before = at.checked_sub(1).and_then(|before| string.get(before));
            let after = string.get(at.saturating_add(digits.len()));
            [before, after].iter().all(|byte| matches!(byte, Some(b'"' | b':' | b',' | b'}' | b' ')))
        })
    })
}

/// The id where `Event` stands between `before` and `after`.
fn id_after(before: &[u8], after: &[u8]) -> Option<(u64, Form)> {
    if let Some(rest) = after.strip_prefix(b"ID") {
        if let Some(rest) = rest.strip_prefix(b"=") {
            return Some((digits(rest)?, Form::EventIdLine));
        }
        return Some((digits(after_tag(rest)?)?, Form::Xml));
    }
    if let Some(rest) = after.strip_prefix(b"Code=") {
        return Some((digits(rest)?, Form::EventCodeLine));
    }
    if before.ends_with(b"MSWin") {
        return Some((digits(snare_id(after.strip_prefix(b"Log")?)?)?, Form::Snare));
    }
    None
}

/// Returns what follows the end of a tag, also where `>` is escaped: by JSON writers that protect HTML, or because
/// the whole XML was escaped.
fn after_tag(rest: &[u8]) -> Option<&[u8]> {
    let near = rest.get(..ATTRIBUTES).unwrap_or(rest);
    for end in [&b">"[..], b"\\u003e", b"\\u003E", b"&gt;"] {
        if let Some(at) = memmem::find(near, end) {
            return rest.get(at.checked_add(end.len())?..);
        }
    }
    None
}

/// Returns what follows the fifth tab of a Snare line. A tab is `\t` in JSON, or `#011` from a relay.
fn snare_id(after_mark: &[u8]) -> Option<&[u8]> {
    let tab = if after_mark.starts_with(b"#011") { &b"#011"[..] } else { b"\\t" };
    let mut rest = after_mark;
    for _ in 0..snare::EVENT_ID {
        let at = memmem::find(rest, tab)?;
        rest = rest.get(at.checked_add(tab.len())?..)?;
    }
    Some(rest)
}

/// The decimal number that a text begins with, blanks aside.
fn digits(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_start();
    let end = text.iter().take(10).position(|byte| !byte.is_ascii_digit())?;
    let mut number = 0_u64;
    for digit in text.get(..end).filter(|digits| !digits.is_empty())? {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0')));
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_text() {
        for (text, wanted) in [
            (r#""<Event xmlns='x'><EventID>4698</EventID>""#, Some((4698, Form::Xml))),
            (r#""<Event><EventID Qualifiers=\"0\">4702</EventID>""#, Some((4702, Form::Xml))),
            (r#""\u003cEventID\u003e4698\u003c/EventID\u003e""#, Some((4698, Form::Xml))),
            (r#""&lt;EventID&gt;4698&lt;/EventID&gt;""#, Some((4698, Form::Xml))),
            (r#""<Events> \n <EventID> 4698 </EventID>""#, Some((4698, Form::Xml))),
            (r#""ProviderName=x\nEventID=4699\nVersion=0""#, Some((4699, Form::EventIdLine))),
            (r#""03/01/2026\nLogName=Security\nEventCode=4700\n""#, Some((4700, Form::EventCodeLine))),
            (r#""<13>Mar 1 h MSWinEventLog\t1\tSecurity\t12\tSun Mar\t4701\tx""#, Some((4701, Form::Snare))),
            (r#""h MSWinEventLog#0111#011Security#01112#011Sun#0114701#011x""#, Some((4701, Form::Snare))),
            (r#""{\"EventID\": 4698}""#, Some((4698, Form::Json))),
            (r#"" {\n \"winlog\":{\"event_id\":\"4702\"}}""#, Some((4702, Form::Json))),
            (r#""{\"EventID\": 4624}""#, None),
            (r#""{\"id\": 4698}""#, None),
            (r#""<w>{&quot;a&quot;:&quot;<EventID>4698<""#, None),
            (r#""x {\"a\": \"CEF:0|M|W|1|4698|x|1|\"}""#, None),
            (r#""<EventID>4698""#, Some((4698, Form::Xml))),
            (r#""<EventID>46980000000</EventID>""#, None),
            (r#""<EventID></EventID>""#, None),
            (r#""Event ID 4698""#, None),
            (r#""Events 4698 EventIDs EventCode 4698""#, None),
            (r#""4698""#, None),
            ("\"\"", None),
        ] {
            let found = find(text.as_bytes()).map(|found| (found.id, found.form));
            assert_eq!(found, wanted, "{text}");
        }
    }

    #[test]
    fn an_id_settles_the_event_only_where_nobody_can_write_before_it() {
        let settles = |text: String| find(text.as_bytes()).map(|found| found.settles);
        assert_eq!(settles(r#""<Event><System><EventID>4624</EventID>""#.to_owned()), Some(true));
        assert_eq!(settles(format!("\"{} EventID=1\n\"", "x".repeat(NEAR))), Some(false));
        assert_eq!(
            settles(format!("\"<Event><EventID>4624</EventID>{}\"", "x".repeat(4 * HEAD))),
            Some(true)
        );
        assert_eq!(settles(r#""{\"EventID\": 4698}""#.to_owned()), Some(false));
    }

    #[test]
    fn the_search_is_bounded() {
        let far = format!("\"{}<EventID>4698<\"", " ".repeat(HEAD));
        assert_eq!(find(far.as_bytes()), None);
        let many = format!("\"{}<EventID>4698<\"", "Event".repeat(TRIES));
        assert_eq!(find(many.as_bytes()), None);
    }
}
