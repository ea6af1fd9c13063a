//! Reads what a text says of an event: ids, words with values, JSON.

use crate::bytes;
use crate::event::Change;
use crate::shapes::glance;
use crate::shapes::partial_event::Rank;

use super::words::{Folded, id_rank};

/// The most braces that are tried for one that begins an object.
const TRIES: usize = 64;
/// The most words with values that are looked at.
const PAIRS: usize = 96;
/// The number of bytes before and after a definition that are searched for words.
const HEAD: usize = 8 * 1024;
/// The longest word, and the longest value that is no definition, in bytes.
const WORD: usize = 32;
const VALUE: usize = 256;

/// Where JSON begins in a text, and whether its quotes stand behind backslashes.
pub(super) fn json_start(text: &str) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    let before = bytes.get(..bytes::find_any(bytes, &["<Task", "<Event"]).unwrap_or(bytes.len()))?;
    let mut from = 0_usize;
    for _ in 0..TRIES {
        let at = from.checked_add(bytes::find(before.get(from..)?, b'{')?)?;
        from = at.checked_add(1)?;
        let mut inside = bytes.get(from..)?.trim_ascii_start();
        let is_plain = inside.starts_with(b"\"");
        while let Some(rest) = inside.strip_prefix(b"\\n").or_else(|| inside.strip_prefix(b"\\r")) {
            inside = rest.trim_ascii_start();
        }
        if is_plain || inside.starts_with(b"\\\"") {
            return Some((at, !is_plain));
        }
    }
    None
}

/// The id of a task event in a text, by what stands around it, and how sure it is.
pub(super) fn id(text: &[u8]) -> Option<(Change, Rank)> {
    let mut best: Option<(Change, Rank)> = None;
    let mut from = 0;
    for _ in 0..TRIES {
        let Some((at, id)) = glance::next_id(text, from) else { break };
        from = at.saturating_add(4);
        let rank = rank(text.get(..at).unwrap_or_default(), text.get(from..).unwrap_or_default());
        if let Some(change) = Change::from_event_id(id)
            && rank > best.map_or(0, |(_, held)| held)
        {
            best = Some((change, rank));
        }
    }
    best
}

/// Returns how surely a number between two texts is an id.
fn rank(before: &[u8], after: &[u8]) -> Rank {
    let after = after.trim_ascii_start().first();
    if after.is_some_and(|byte| matches!(byte, b'-' | b'/' | b'.' | b'%') || byte.is_ascii_digit()) {
        return 0;
    }
    let is_around = |byte: &u8| matches!(byte, b' ' | b'\t' | b'"' | b'\'');
    let label = trimmed(before, is_around);
    let Some(separator) = label.last() else { return 1 };
    let is_wide_colon = label.ends_with("：".as_bytes());
    let word = match label.strip_suffix("：".as_bytes()) {
        Some(word) => word_before(word),
        None => {
            word_before(trimmed(label, |byte| matches!(byte, b' ' | b':' | b'=' | b'(' | b'>' | 0xa0 | 0xc2)))
        }
    };
    match separator {
        // A query asks for an event, it is none.
        b'=' if label.ends_with(b"==") => 0,
        _ if is_wide_colon || matches!(separator, b'=' | b':' | b'>' | b'(') => {
            let known = id_rank(&word);
            // `Microsoft-Windows-Security-Auditing: 4698:`
            if known == 1 && word.ends_with(b"auditing") { 3 } else { known }
        }
        _ if word.ends_with(b"eventid") => 3,
        b'|' | b',' | b';' => 1,
        _ => 0,
    }
}

/// A text without the bytes at its end that are of a kind.
fn trimmed(text: &[u8], kind: impl Fn(&u8) -> bool) -> &[u8] {
    let length = text.iter().rev().take_while(|byte| kind(byte)).count();
    text.get(..text.len().saturating_sub(length)).unwrap_or_default()
}

/// The word or words that a text ends with.
fn word_before(text: &[u8]) -> Folded {
    let near = text.get(text.len().saturating_sub(WORD)..).unwrap_or_default();
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"_.- @".contains(&byte);
    let length = near.iter().rev().take_while(|byte| is_part(**byte)).count();
    Folded::of(near.get(near.len().saturating_sub(length)..).unwrap_or_default())
}

/// The words of a text that have a value (`Name: value`, `Name=value`), one by one.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (Folded, &str)> {
    let mut from = 0_usize;
    let mut left = PAIRS;
    std::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        let bytes = text.as_bytes().get(..text.len().min(HEAD))?;
        let separator = bytes::find_either(bytes.get(from..)?, b':', b'=')?;
        let at = from.checked_add(separator)?;
        from = at.checked_add(1)?;
        let value = text.get(from..)?.trim_ascii_start();
        let value = value.strip_prefix(['"', '\'']).unwrap_or(value);
        let near = value.as_bytes().get(..VALUE).unwrap_or(value.as_bytes());
        let ends = |at: &usize| ends_value(near.get(*at..).unwrap_or_default());
        let end = (0..near.len()).find(ends).unwrap_or(near.len());
        let value = value.get(..value.floor_char_boundary(end)).unwrap_or_default();
        Some((word_before(bytes.get(..at)?), value.trim_ascii_end()))
    })
}

/// Returns whether what stands here ends a value.
fn ends_value(text: &[u8]) -> bool {
    matches!(text, [b'\n' | b'\r' | b'\t' | b';' | b'|' | b'"' | b'<', ..] | [b' ' | b',', b' ', ..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_are_known_by_what_stands_around_them() {
        for (text, wanted) in [
            ("Event ID:      4698\nTask Category", Some((Change::Created, 3))),
            ("WinEvtLog: Security: AUDIT_SUCCESS(4702): x", Some((Change::Updated, 3))),
            ("h Security-Auditing: 4699: A scheduled task", Some((Change::Deleted, 3))),
            ("<EventID>4700</EventID>", Some((Change::Enabled, 3))),
            ("EventID=4701\n", Some((Change::Disabled, 3))),
            ("Ereignis-ID:     4698\r\n", Some((Change::Created, 2))),
            ("イベント ID：4698\n", Some((Change::Created, 2))),
            ("a|4698|b", Some((Change::Created, 1))),
            ("order 4698 shipped", None),
            ("pid=4698 x", None),
            ("EventID == 4698", None),
            ("port: 4698, Event ID: 4702", Some((Change::Updated, 3))),
        ] {
            assert_eq!(id(text.as_bytes()), wanted, "{text}");
        }
    }

    #[test]
    fn words_with_values() {
        let text = "SubjectUserName: alice; TaskName: \\x | LogonId=0x1\tAccount Name:\t\tbob\n";
        let found: Vec<_> = pairs(text)
            .map(|(word, value)| format!("{}={value}", String::from_utf8_lossy(word.as_bytes())))
            .collect();
        assert_eq!(found, ["subjectusername=alice", "taskname=\\x", "logonid=0x1", "accountname=bob"]);
    }

    #[test]
    fn json_in_a_text() {
        for (text, wanted) in [
            (r#"<13>Mar 1 h x: { "a":1}"#, Some((15, false))),
            (r#"{\"a\":1}"#, Some((0, true))),
            ("{54849625} {", None),
            (r#"<Task>{"a":1}"#, None),
        ] {
            assert_eq!(json_start(text), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(<|Task|>|4698|:|=|：|é| |\\?xml|\\{|\"|\\\\){0,40}") {
            let _ = (id(text.as_bytes()), pairs(&text).count(), json_start(&text));
        }
    }
}
