//! The record of an input that a person who names one file means.

use super::input::{Found, Input, Opened, Records};
use super::ndjson::{DEFAULT_LINE_LIMIT, InputError, Lines, Piece};
use schtag::json::Scanner;
use schtag::shapes;
use std::io::Read;
use std::path::Path;

/// The first record of an input in any form that [`Opened`] knows. Of an event log and of XML it is the first that may be a
/// scheduled-task event, and where none is, the first of all. `None` where there is none.
///
/// # Errors
/// When the input cannot be read, or holds no records.
pub(crate) fn record(input: impl Read, path: Option<&Path>) -> Result<Option<Vec<u8>>, InputError> {
    match Opened::new(input, DEFAULT_LINE_LIMIT, path, true)?.input {
        Input::Lines(lines) => of_lines(lines),
        Input::Records(records) => of_records(records),
        Input::EventLog(mut log) => {
            let mut first = None;
            loop {
                // An event of interest ends the search.
                let more = log.next_chunk(|found| match found {
                    Ok(event) if is_task_event(&event.json) => Err(event.json),
                    Ok(event) => {
                        first.get_or_insert(event.json);
                        Ok(())
                    }
                    Err(_) => Ok(()),
                })?;
                match more {
                    Err(json) => return Ok(Some(json)),
                    Ok(true) => {}
                    Ok(false) => return Ok(first),
                }
            }
        }
    }
}

fn is_task_event(record: &[u8]) -> bool {
    let mut scanner = Scanner::default();
    scanner.scan(record).is_ok_and(|object| shapes::change(&object).is_some())
}

fn of_records(mut records: Records<'_>) -> Result<Option<Vec<u8>>, InputError> {
    let any = !records.is_xml();
    let mut first = None;
    while let Some(found) = records.next_record()? {
        let Found::Record { json, .. } = found else { continue };
        if any || is_task_event(&json) {
            return Ok(Some(json));
        }
        first.get_or_insert(json);
    }
    Ok(first)
}

/// The first line that is a whole object; else everything, which may be one object over several lines. Nothing more
/// than needed is read.
fn of_lines(mut lines: Lines<'_>) -> Result<Option<Vec<u8>>, InputError> {
    let mut all: Vec<u8> = Vec::new();
    while let Some(piece) = lines.next_piece()? {
        match piece {
            Piece::Line { text, end } => {
                let text_only = text.trim_ascii();
                if all.is_empty() && is_json(text_only) {
                    return Ok(Some(text_only.to_vec()));
                }
                if !all.is_empty() || !text_only.is_empty() {
                    all.extend_from_slice(text);
                    all.extend_from_slice(end);
                }
            }
            Piece::Oversized { bytes, .. } => all.extend_from_slice(bytes),
            Piece::ByteOrderMark(_) => {}
        }
        if all.len() > DEFAULT_LINE_LIMIT {
            break;
        }
    }
    Ok(Some(all.trim_ascii().to_vec()).filter(|all| !all.is_empty()))
}

fn is_json(line: &[u8]) -> bool {
    line.starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &[u8]) -> Option<String> {
        record(text, None).unwrap().map(|record| String::from_utf8(record).unwrap())
    }

    #[test]
    fn the_first_record_may_be_a_line_or_stand_on_several() {
        assert_eq!(first(b"\n {\"a\":1}\r\n{\"b\":2}\n").as_deref(), Some("{\"a\":1}"));
        let several = first("\u{feff}{\n \"a\": 1\n}\n".as_bytes()).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&several).unwrap(), serde_json::json!({"a": 1}));
        assert_eq!(
            first(b"nope\n{}").as_deref(),
            Some("nope\n{}"),
            "a bad first line is not skipped in silence"
        );
        assert_eq!(first(b" \n\n"), None);
    }

    #[test]
    fn every_form_has_a_record() {
        assert_eq!(first(b"[{\"a\":1},{\"b\":2}]").as_deref(), Some("{\"a\":1}"));
        let event = |id: u32| format!("<Event><System><EventID>{id}</EventID></System></Event>");
        let xml = format!("<Events>{}{}</Events>", event(4624), event(4698));
        assert!(first(xml.as_bytes()).unwrap().contains("4698"));
        assert!(first(format!("<Events>{}</Events>", event(1)).as_bytes()).unwrap().contains(">1<"));
        let task = b"<Task><Actions><Exec><Command>x</Command></Exec></Actions></Task>";
        assert!(first(task).unwrap().contains("4698"));
        let wide: Vec<u8> = "\u{feff}{\"a\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(first(&wide).as_deref(), Some("{\"a\":1}"));
        assert!(record(&b"\x89PNG\r\n\x1a\n\0\0\0"[..], None).is_err());
    }
}
