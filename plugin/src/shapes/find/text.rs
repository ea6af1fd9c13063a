//! What a text says of an event: ids, words with values, a task definition.

use crate::event::Change;
use crate::shapes::glance;
use crate::shapes::reading::Rank;

use super::words::{Folded, id_rank};

/// How many braces are tried for one that begins an object.
const TRIES: usize = 64;
/// How many words with values are looked at.
const PAIRS: usize = 96;
/// How much of a text before and after a definition is searched for words, in bytes.
pub(super) const HEAD: usize = 8 * 1024;
/// The longest word, and the longest value that is no definition, in bytes.
const WORD: usize = 32;
const VALUE: usize = 512;

/// Where JSON begins in a text, and whether its quotes stand behind backslashes.
pub(super) fn json_start(text: &str) -> Option<(usize, bool)> {
    let markup = ["<Task", "<Event"].iter().filter_map(|tag| text.find(tag)).min();
    let before = text.get(..markup.unwrap_or(text.len())).unwrap_or(text);
    before.match_indices('{').take(TRIES).find_map(|(at, _)| {
        let inside = text.get(at..)?.strip_prefix('{')?.trim_start();
        let quoted = inside.trim_start_matches("\\n").trim_start_matches("\\r").trim_start();
        if inside.starts_with('"') {
            Some((at, false))
        } else if quoted.starts_with("\\\"") {
            Some((at, true))
        } else {
            None
        }
    })
}

/// The parts of a text: what stands before the task definition, the definition, however escaped, and what stands after
/// it.
pub(super) fn split(text: &str) -> (&str, Option<&str>, &str) {
    let start = text.match_indices("Task").take(TRIES).find_map(|(at, _)| start_of_tag(text, at));
    let Some((head, rest)) = start.and_then(|at| text.split_at_checked(at)) else {
        return (text, None, "");
    };
    let end = rest.rmatch_indices("/Task").take(TRIES).find_map(|(at, _)| end_of_tag(rest, at));
    let (content, tail) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
    (head, Some(content), tail)
}

/// Where the tag begins whose name is at an offset, or the declaration before it; `None` where that is no tag.
fn start_of_tag(text: &str, at: usize) -> Option<usize> {
    let after = text.as_bytes().get(at.checked_add(4)?);
    if after.is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let before = text.get(..at)?;
    // `<t:Task`.
    let name = before.strip_suffix(':').map_or(before, |before| {
        before.trim_end_matches(|c: char| c.is_ascii_alphanumeric())
    });
    let open = opening(name)?;
    // The declaration stands right before it.
    let head = text.get(open.saturating_sub(160)..open).or_else(|| text.get(..open))?;
    let from = open.saturating_sub(head.len());
    let declared = head.rfind("?xml").filter(|declaration| {
        !head.get(*declaration..).unwrap_or_default().contains("Task")
    });
    let declared = declared.and_then(|declaration| opening(text.get(..from.checked_add(declaration)?)?));
    Some(declared.unwrap_or(open))
}

/// Where `<` begins that a text ends with, however escaped.
fn opening(text: &str) -> Option<usize> {
    if let Some(before) = text.strip_suffix('<') {
        return Some(before.len());
    }
    if let Some(before) = ["\\u003c", "\\u003C", "\\x3c", "%3C", "%3c"].iter().find_map(|open| text.strip_suffix(open)) {
        return Some(before.len());
    }
    let mut before = ["lt;", "#60;", "#x3c;", "#x3C;"].iter().find_map(|open| text.strip_suffix(open))?;
    while let Some(outer) = before.strip_suffix("amp;") {
        before = outer;
    }
    Some(before.strip_suffix('&')?.len())
}

/// Where the tag ends whose slash is at an offset.
fn end_of_tag(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?.strip_prefix("/Task")?;
    if rest.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let near = rest.get(..rest.floor_char_boundary(24)).unwrap_or(rest);
    let length = [">", "gt;", "#62;", "u003e", "u003E"]
        .iter()
        .filter_map(|end| near.find(end).and_then(|at| at.checked_add(end.len())))
        .min()
        .unwrap_or(0);
    text.len().checked_sub(rest.len())?.checked_add(length)
}

/// The id of a task event in a text, by what stands around it, and how sure it is.
pub(super) fn id(text: &str) -> Option<(Change, Rank)> {
    let bytes = text.as_bytes();
    let mut best: Option<(Change, Rank)> = None;
    let mut from = 0;
    for _ in 0..TRIES {
        let Some((at, id)) = glance::next_id(bytes, from) else { break };
        from = at.saturating_add(4);
        let rank = rank(text.get(..at).unwrap_or_default(), bytes.get(from..).unwrap_or_default());
        if let Some(change) = Change::from_event_id(id)
            && best.is_none_or(|(_, held)| rank > held)
        {
            best = Some((change, rank));
        }
    }
    best.filter(|(_, rank)| *rank > 0)
}

/// How sure it is that a number between two texts is an id.
fn rank(before: &str, after: &[u8]) -> Rank {
    let after = after.trim_ascii_start().first();
    if !after.is_none_or(|byte| matches!(byte, b')' | b':' | b'|' | b',' | b'<' | b';' | b'"' | b'\'' | b'&') || byte.is_ascii_alphabetic()) {
        return 0;
    }
    let label = before.trim_end_matches([' ', '\t', '"', '\'']);
    let Some(separator) = label.chars().next_back() else { return 1 };
    let word = Folded::of(word_before(label.trim_end_matches([' ', ':', '：', '=', '(', '>', '\u{a0}'])));
    match separator {
        // A query asks for an event, it is none.
        '=' if label.ends_with("==") => 0,
        '=' | '：' | ':' | '>' | '(' if word.as_bytes().is_empty() => 1,
        '=' | '：' | ':' | '>' | '(' => {
            let known = id_rank(&word);
            // `Microsoft-Windows-Security-Auditing: 4698:`
            if known == 1 && word.ends_with(b"auditing") { 3 } else { known }
        }
        _ if word.ends_with(b"eventid") => 3,
        '|' | ',' | ';' => 1,
        _ => 0,
    }
}

/// The word or words that a text ends with.
fn word_before(text: &str) -> &[u8] {
    let from = text.floor_char_boundary(text.len().saturating_sub(WORD));
    let near = text.get(from..).unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ' ' | '@');
    near.get(near.trim_end_matches(is_part).len()..).unwrap_or_default().as_bytes()
}

/// The words of a text that have a value: `Name: value`, `Name=value`, one by one.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (Folded, &str)> {
    let text = text.get(..text.floor_char_boundary(HEAD)).unwrap_or(text);
    text.match_indices([':', '=', '：']).take(PAIRS).filter_map(move |(at, separator)| {
        let word = word_before(text.get(..at)?);
        let value = text.get(at.checked_add(separator.len())?..)?;
        let value = value.trim_start_matches([' ', '\t', '"', '\'']);
        let value = value.get(..value.floor_char_boundary(VALUE)).unwrap_or(value);
        let end = ["\n", "\r", "\t", ";", "|", "\"", "  ", ", ", "<", "\\n", "\\r"]
            .iter()
            .filter_map(|end| value.find(end))
            .min()
            .unwrap_or(value.len());
        Some((Folded::of(word), value.get(..end)?.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_definition_is_found_under_any_escaping() {
        for (text, wanted) in [
            ("a <Task/>", Some("<Task/>")),
            ("a <?xml version='1.0'?>\n<Task>x</Task> b", Some("<?xml version='1.0'?>\n<Task>x</Task>")),
            ("&lt;?xml?&gt; &lt;Task a&gt;x&lt;/Task&gt;, b", Some("&lt;?xml?&gt; &lt;Task a&gt;x&lt;/Task&gt;")),
            ("&amp;amp;lt;Task&amp;amp;gt;&amp;amp;lt;/Task&amp;amp;gt;.", Some("&amp;amp;lt;Task&amp;amp;gt;&amp;amp;lt;/Task&amp;amp;gt;")),
            ("\\u003cTask\\u003e\\u003c/Task\\u003e,", Some("\\u003cTask\\u003e\\u003c/Task\\u003e")),
            ("x <t:Task>cut", Some("<t:Task>cut")),
            ("Task Name: <TaskName>x</TaskName> Task", None),
            ("", None),
        ] {
            assert_eq!(split(text).1, wanted, "{text}");
        }
    }

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
            assert_eq!(id(text), wanted, "{text}");
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
        fn any_text_is_read(text in "(<|&lt;|&amp;|Task|/Task|>|&gt;|4698|:|=|：|é| |\\?xml|\\{|\"|\\\\){0,40}") {
            let (head, content, tail) = split(&text);
            prop_assert_eq!(head.len() + content.map_or(0, str::len) + tail.len(), text.len());
            let _ = (id(&text), pairs(&text).count(), json_start(&text));
        }
    }
}
