//! The task definition, freed from what shippers put around it.

use std::borrow::Cow;

use super::entities;
use crate::bytes;
use crate::event::Note;
use crate::work::Work;

/// The most bytes of a definition that are kept, as shipped. Windows itself keeps at most 3,499 UTF-16 units less the
/// task's name.
pub(super) const LIMIT: usize = 64 * 1024;

/// Units of work for a byte that is looked at for white space, several times.
const BLANK: usize = 60;
/// Units of work for a byte of a text that is rewritten.
const BYTE: usize = 12;
/// Units of work for a reference.
const REFERENCE: usize = 220;
/// Units of work for a byte of a text whose backslashes are looked at or removed.
const CHARACTER: usize = 40;

/// The number of layers of XML escaping that are removed.
const LAYERS: usize = 3;

/// The mark that Vector leaves where it cut a value.
const CUT_MARK: &str = "...[truncated]";

/// Removes from a definition what shippers added, and says whether it was XML-escaped (by NXLog, Wazuh and
/// others). `None` when nothing is left. `doubled`: whether the shipper doubled the task name's backslashes.
pub(super) fn unescape<'a>(
    text: Cow<'a, str>,
    doubled: bool,
    work: &Work,
    notes: &mut Vec<Note>,
) -> (Option<Cow<'a, str>>, bool) {
    let mut text = without_cut_mark(limited(text, notes));
    if let Some(plain) = as_utf8(&text, work) {
        text = Cow::Owned(plain);
    }
    if !work.walk(text.len().saturating_sub(start(&text).len()), BLANK) {
        return (None, false);
    }
    let mut escaped = false;
    for _ in 0..LAYERS {
        if !is_escaped(&text) {
            break;
        }
        text = Cow::Owned(resolved(&text, work));
        escaped = true;
    }
    if is_escaped(&text) {
        notes.push(Note::ContentEscaped);
    }
    let looks_at_backslashes = doubled || has_escaped_quotes(&text);
    if looks_at_backslashes
        && work.walk(text.len(), CHARACTER)
        && (has_escaped_quotes(&text) || has_escapes_only(&text))
    {
        text = Cow::Owned(without_backslashes(&text));
    }
    (Some(text).filter(|text| !is_blank(text)), escaped)
}

/// A text with its references resolved, as far as the work for it suffices.
pub(super) fn resolved(text: &str, work: &Work) -> String {
    let references = bytes::count(text.as_bytes(), b'&').saturating_mul(REFERENCE);
    let a_byte = references.checked_div(text.len()).unwrap_or(0).saturating_add(BYTE);
    let granted = text.floor_char_boundary(work.walk_part(text.len(), a_byte));
    let mut plain = String::with_capacity(granted);
    entities::unescape(&mut plain, text.get(..granted).unwrap_or(text));
    plain
}

/// The most white space that says nothing, in bytes.
const MAX_BLANK: usize = 4096;

/// Returns whether a value says nothing. Windows writes `-` for what is not there.
pub(super) fn is_blank(text: &str) -> bool {
    text.len() <= MAX_BLANK && matches!(start(text).trim_end_matches([' ', '\t', '\r', '\n', '\0']), "" | "-")
}

/// The text after white space and byte order marks.
fn start(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}', '\0'])
}

/// Returns whether a text begins with an escaped `<`, however many times escaped.
pub(super) fn is_escaped(text: &str) -> bool {
    let Some(mut name) = start(text).strip_prefix('&') else {
        return false;
    };
    while let Some(rest) = name.strip_prefix("amp;") {
        name = rest;
    }
    ["lt;", "#60;", "#x3c;", "#x3C;"].iter().any(|escaped| name.starts_with(escaped))
}

/// The text that was written in one of UTF-8 and UTF-16 and read as the other, `None` where it was not: two ASCII
/// characters are one of another script, or behind each one stands a zero.
fn as_utf8(text: &str, work: &Work) -> Option<String> {
    let mut start = text.trim_start_matches('\u{feff}').chars();
    let (first, second) = (start.next()?, start.next());
    // `<?` and `<T`, in either order of bytes.
    let is_wide = matches!(first, '\u{3f3c}' | '\u{543c}' | '\u{3c3f}' | '\u{3c54}');
    if !(is_wide || first == '<' && second == Some('\0')) || !work.walk(text.len(), CHARACTER) {
        return None;
    }
    if !is_wide {
        return Some(text.replace('\0', ""));
    }
    let is_little = u32::from(first) & 0xff == 0x3c;
    let mut out = Vec::with_capacity(text.len());
    for unit in text.encode_utf16().filter(|unit| *unit != 0xfeff) {
        out.extend(if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() });
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

fn limited<'a>(text: Cow<'a, str>, notes: &mut Vec<Note>) -> Cow<'a, str> {
    if text.len() <= LIMIT {
        return text;
    }
    let end = text.floor_char_boundary(LIMIT);
    notes.push(Note::ContentCut { bytes: end });
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..end).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.truncate(end);
            Cow::Owned(text)
        }
    }
}

fn without_cut_mark(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix(CUT_MARK).unwrap_or(text)),
        Cow::Owned(mut text) => {
            if let Some(kept) = text.strip_suffix(CUT_MARK).map(str::len) {
                text.truncate(kept);
            }
            Cow::Owned(text)
        }
    }
}

/// Returns whether the XML was written as the inside of a string of some programming language and never read back:
/// `<?xml version=\"1.0\"`.
fn has_escaped_quotes(text: &str) -> bool {
    let text = start(text);
    let quoted = |head: &str| head.contains("=\\\"");
    text.starts_with('<') && text.split_once('>').is_some_and(|(head, _)| quoted(head))
}

/// Returns whether every backslash of a text begins an escape that such a string would have.
fn has_escapes_only(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'\\' && !matches!(bytes.next(), Some(b'\\' | b'"' | b'/' | b'r' | b'n' | b't')) {
            return false;
        }
    }
    true
}

/// The text that the inside of such a string stands for.
pub(super) fn without_backslashes(text: &str) -> String {
    let known = [(b'r', b'\r'), (b'n', b'\n'), (b't', b'\t'), (b'"', b'"'), (b'\\', b'\\'), (b'/', b'/')];
    resolve_escapes(text, &known)
}

/// A text with the escapes resolved that are known: the byte after a backslash, and what both stand for.
#[inline(never)]
pub(super) fn resolve_escapes(text: &str, known: &[(u8, u8)]) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((plain, escape)) = bytes::find(rest, b'\\').and_then(|at| rest.split_at_checked(at)) {
        out.extend_from_slice(plain);
        let escaped = known.iter().find(|(letter, _)| escape.get(1) == Some(letter));
        out.push(escaped.map_or(b'\\', |(_, byte)| *byte));
        rest = escape.get(if escaped.is_some() { 2 } else { 1 }..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    // All that is added or left out is ASCII.
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TASK: &str = "<?xml version=\"1.0\"?>\r\n<Task><Author>R&amp;D</Author></Task>";

    fn read(text: &str) -> (Option<String>, bool, Vec<Note>) {
        let mut notes = Vec::new();
        let (text, escaped) = unescape(Cow::Borrowed(text), false, &Work::unlimited(), &mut notes);
        (text.map(Cow::into_owned), escaped, notes)
    }

    fn escape(text: &str) -> String {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
    }

    #[test]
    fn up_to_three_layers_of_escaping_are_removed_and_not_one_more() {
        let mut text = TASK.to_owned();
        for layers in 0..=4 {
            let (content, escaped, notes) = read(&text);
            if layers <= 3 {
                assert_eq!((content.as_deref(), notes.len()), (Some(TASK), 0), "{layers} layers");
            } else {
                assert_eq!(notes, [Note::ContentEscaped]);
            }
            assert_eq!(escaped, layers > 0);
            text = escape(&text);
        }
    }

    #[test]
    fn only_what_is_escaped_is_unescaped() {
        for text in [TASK, "text &lt;", "&amp;", "&quot;&lt;"] {
            assert_eq!(read(text), (Some(text.to_owned()), false, vec![]));
        }
        assert_eq!(read("\u{feff} \r\n&#60;Task>").0.as_deref(), Some("\u{feff} \r\n<Task>"));
    }

    #[test]
    fn blank_content_is_none() {
        for text in ["", " \r\n\t", "\u{feff}", "-", "...[truncated]"] {
            assert_eq!(read(text).0, None, "{text:?}");
        }
    }

    #[test]
    fn vectors_mark_is_removed() {
        assert_eq!(read("<Task><Exec...[truncated]").0.as_deref(), Some("<Task><Exec"));
    }

    #[test]
    fn text_that_was_read_in_the_wrong_encoding_is_put_right() {
        let xml = "<?xml version='1.0'?><Task>ü</Task>";
        let units = |order: fn([u8; 2]) -> u16| {
            let pairs: Vec<u16> = xml.as_bytes().chunks(2).map(|pair| order([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&pairs)
        };
        assert_eq!(read(&units(u16::from_le_bytes)).0.as_deref(), Some(xml));
        assert_eq!(read(&units(u16::from_be_bytes)).0.as_deref(), Some(xml));
        let zeros: String = xml.chars().flat_map(|c| [c, '\0']).collect();
        assert_eq!(read(&zeros).0.as_deref(), Some(xml));
        assert_eq!(read("????????").0.as_deref(), Some("????????"));
    }

    #[test]
    fn quotes_behind_backslashes_are_freed() {
        let text = r#"<?xml version=\"1.0\"?>\r\n<Command>C:\\x.exe</Command>"#;
        let wanted = "<?xml version=\"1.0\"?>\r\n<Command>C:\\x.exe</Command>";
        assert_eq!(read(text).0.as_deref(), Some(wanted));
        let plain = r#"<Task><Arguments>-a=\"b\" C:\new</Arguments></Task>"#;
        assert_eq!(read(plain).0.as_deref(), Some(plain));
    }

    #[test]
    fn doubled_backslashes_are_halved_only_where_all_are_doubled() {
        for (text, wanted) in
            [(r"<Task>C:\\x</Task>", r"<Task>C:\x</Task>"), (r"<Task>C:\a</Task>", r"<Task>C:\a</Task>")]
        {
            let (content, _) = unescape(Cow::Borrowed(text), true, &Work::unlimited(), &mut Vec::new());
            assert_eq!(content.as_deref(), Some(wanted));
            assert_eq!(read(text).0.as_deref(), Some(text));
        }
    }

    #[test]
    fn long_content_is_cut_between_characters_and_noted() {
        let text = format!("<{}", "é".repeat(LIMIT));
        let (content, _, notes) = read(&text);
        assert_eq!(content.map(|text| text.len()), Some(LIMIT - 1));
        assert_eq!(notes, [Note::ContentCut { bytes: LIMIT - 1 }]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[&<>a-z;#\\\\\" =]*") {
            let (content, _, notes) = read(&text);
            prop_assert!(notes.len() <= 1);
            prop_assert!(content.is_none_or(|content| content.len() <= text.len()));
        }
    }
}
