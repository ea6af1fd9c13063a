//! Tells the kind of an input by its first bytes. Its name decides nothing.

use super::event_log;

/// The kind of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A Windows event log (.evtx).
    EventLog,
    /// One JSON object a line.
    Lines,
    /// JSON objects over several lines, or in arrays.
    Values,
    /// XML with events or task definitions in it.
    Xml,
    /// Text that begins with no JSON. It is read as lines where it is named.
    Text,
    /// There is nothing in it.
    Empty,
    /// An archive, or compressed in a way that is not read. What it is, with advice.
    Archive(&'static str),
    /// Anything else. What it is.
    Other(&'static str),
}

/// The number of first bytes that are looked at.
pub(super) const MOST: usize = 8 << 10;

/// Formats by their first bytes, which may hold records and are not read.
const ARCHIVES: [(&[u8], &str); 12] = [
    (b"PK\x03\x04", "a ZIP archive; unpack it first"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xfd7zXZ\0", "compressed with xz; unpack it first (`xz -dc`)"),
    (b"BZh", "compressed with bzip2; unpack it first (`bzip2 -dc`)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it first"),
    (b"\x04\x22\x4d\x18", "compressed with LZ4; unpack it first (`lz4 -dc`)"),
    (b"LZIP", "compressed with lzip; unpack it first (`lzip -dc`)"),
    (b"\x1f\x9d", "compressed with compress; unpack it first (`gunzip`)"),
    (b"MSCF", "a cabinet archive; unpack it first"),
    (b"PAR1", "a Parquet file; export it as NDJSON"),
    (b"Obj\x01", "an Avro file; export it as NDJSON"),
];

/// Formats by their first bytes that hold no records for this command.
const OTHERS: [(&[u8], &str); 12] = [
    (b"\x30\0\0\0LfLe", "an event log of Windows XP (.evt), whose events are others"),
    (b"regf", "a registry hive"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\0asm", "a WebAssembly module"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0", "a document of Microsoft Office"),
];

/// Returns whether enough of a beginning is there to tell: its first line with something in it, or [`MOST`] bytes.
pub(super) fn is_enough(head: &[u8]) -> bool {
    let binary = head.contains(&0);
    let first = head.iter().position(|byte| !is_blank(*byte));
    let line = || first.is_some_and(|first| head.iter().skip(first).any(|byte| *byte == b'\n'));
    head.len() >= MOST || (!binary && line())
}

/// Returns the kind of an input by its beginning, decompressed and in UTF-8 without a byte-order mark.
pub(super) fn of(head: &[u8]) -> Kind {
    if head.starts_with(event_log::MAGIC) {
        return Kind::EventLog;
    }
    if let Some((_, what)) = ARCHIVES.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Kind::Archive(what);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Kind::Archive("a tar archive; unpack it first");
    }
    if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Kind::Other(what);
    }
    let text = head.trim_ascii_start();
    let (line, more) = match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => (text.get(..end).unwrap_or(text), true),
        None => (text, false),
    };
    match text {
        [] if head.len() >= MOST => Kind::Text,
        [] => Kind::Empty,
        [b'{', ..] if is_part_of_object(line) && more => Kind::Values,
        [b'{', ..] => Kind::Lines,
        [b'[', ..] if is_array(text) => Kind::Values,
        [b'<', b'?' | b'!' | b'A'..=b'Z' | b'a'..=b'z', ..] => {
            let start: Vec<u8> = text.iter().take(14).map(u8::to_ascii_lowercase).collect();
            let html = start.starts_with(b"<html") || start.starts_with(b"<!doctype html");
            if html { Kind::Other("an HTML page") } else { Kind::Xml }
        }
        _ if is_binary(head) => Kind::Other("binary data of an unknown kind"),
        _ => Kind::Text,
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Tells the first line of an object that goes on in the next: it ends where JSON may be broken, and not with the object.
fn is_part_of_object(line: &[u8]) -> bool {
    matches!(line.trim_ascii_end().last(), Some(b'{' | b'[' | b',' | b':'))
}

/// Tells an array of objects from a line that begins with a bracket.
fn is_array(text: &[u8]) -> bool {
    let inside = text.get(1..).unwrap_or_default().trim_ascii_start();
    matches!(inside.first(), None | Some(b'{' | b'[' | b']'))
}

/// Tells what is no text: it has a NUL, or much of it is control characters.
fn is_binary(head: &[u8]) -> bool {
    let control = head.iter().filter(|byte| **byte < 0x20 && !is_blank(**byte) && **byte != 0x1b).count();
    head.contains(&0) || control.saturating_mul(10) > head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_known_by_their_beginnings() {
        let long = [b"{\"a\":\"".to_vec(), vec![b'x'; MOST]].concat();
        let tar = [b"events.ndjson".to_vec(), vec![0; 244], b"ustar\0".to_vec()].concat();
        for (head, kind) in [
            (&b"ElfFile\0\0\0"[..], Kind::EventLog),
            (b"{\"a\":1}\n{", Kind::Lines),
            (b"\n\n  {\"a\":1}", Kind::Lines),
            (b"{\"a\": \n{\"b\":1}\n", Kind::Values),
            (b"{\"cut\":\"x\n", Kind::Lines),
            (&long, Kind::Lines),
            (b"{", Kind::Lines),
            (b"{\n  \"a\": 1\n}\n", Kind::Values),
            (b"{\r\n    \"a\":  1\r\n}\r\n", Kind::Values),
            (b"{\"a\": 1,\n \"b\": 2}\n", Kind::Values),
            (b"[{\"a\":1},{\"b\":2}]", Kind::Values),
            (b"[\n{\"a\":1}\n]", Kind::Values),
            (b"[]", Kind::Values),
            (b"[2026-03-02 09:14] start\n", Kind::Text),
            (b"<?xml version=\"1.0\"?>\n<Events>", Kind::Xml),
            (b"<Event xmlns='x'>", Kind::Xml),
            (b"<!-- \\Updater -->\n", Kind::Xml),
            (b"<!DOCTYPE html>\n", Kind::Other("an HTML page")),
            (b"<13>Mar  2 09:14:07 host app: {}\n", Kind::Text),
            (b"hello\n", Kind::Text),
            (b"", Kind::Empty),
            (b"\r\n \n", Kind::Empty),
            (b"\x01\x02\0\0", Kind::Other("binary data of an unknown kind")),
            (b"MZ\x90\0", Kind::Other("a Windows program")),
            (b"PK\x03\x04\x14", Kind::Archive("a ZIP archive; unpack it first")),
            (&tar, Kind::Archive("a tar archive; unpack it first")),
        ] {
            assert_eq!(of(head), kind, "{:?}", head.escape_ascii().to_string());
        }
    }

    #[test]
    fn no_more_is_asked_for_than_the_first_line() {
        for (head, enough) in [
            (&b""[..], false),
            (b"\n\n", false),
            (b"{\"a\":1}", false),
            (b"{\"a\":1}\n", true),
            (b"\n{\n", true),
            (b"\0\n", false),
        ] {
            assert_eq!(is_enough(head), enough, "{:?}", head.escape_ascii().to_string());
        }
    }
}
