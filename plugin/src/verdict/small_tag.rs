//! The tag of a record that no rule was asked about: what the host, the mending or a want of memory did to it.
use super::earlier::Handling;
use super::passed_on;
use super::words::{LOST, NOT_JUDGED, SCHEMA, Verdict};
use crate::event::Note;
use crate::json::{self, Writer, write_string};
use crate::rules::Settings;

/// Adds such a tag.
fn write(out: &mut Vec<u8>, verdict: Verdict, title: &str, note: &str, handling: Option<&Handling>) {
    let mut json = Writer::new(out, usize::MAX);
    json.open('{');
    json.text("schema", SCHEMA);
    json.text("verdict", verdict.as_str());
    json.text("severity", "informational");
    json.text("title", title);
    json.list("notes", [note]);
    passed_on::write(&mut json, &[], handling, 1);
    json.close('}');
}

/// Writes the tag of a record that was mended.
pub(crate) fn write_repaired(out: &mut Vec<u8>, what: &str) {
    let note = Note::Repaired(what.to_owned().into()).to_string();
    out.clear();
    let title = if json::is_kept_as_text(what) {
        "Record was not a JSON object and is kept as one text"
    } else {
        "Record was not valid JSON and was mended"
    };
    write(out, Verdict::Repaired, title, &note, None);
}

/// Writes the tag of a record that is no task event, and of which an earlier filter says what became of it.
pub(crate) fn write_passed_on(out: &mut Vec<u8>, handling: &Handling) {
    let title = "Passed on, not verified: an earlier filter noted how it handled the record";
    let note = "an earlier filter's words are passed on; this filter cannot verify them";
    out.clear();
    write(out, Verdict::PassedOn, title, note, Some(handling));
}

/// Writes the tag of a record that the filter failed on, as the host sees it.
pub fn write_failed(out: &mut Vec<u8>, why: &str) {
    out.clear();
    write(out, Verdict::Unreadable, "Record was not judged: the filter failed on it", why, None);
}

/// Writes the member of a record that there was no memory to judge: key, colon and tag.
pub(crate) fn write_not_judged(out: &mut Vec<u8>, settings: &Settings) {
    out.clear();
    write_string(out, &settings.key);
    out.push(b':');
    write(out, Verdict::Unreadable, "Record not judged: no memory for it", NOT_JUDGED, None);
}

/// Writes the tag that stands for a block of rows that cannot be read.
pub(crate) fn write_misread_rows(out: &mut Vec<u8>) {
    let note = "the function's arguments must be (String, DateTime), its format RowBinary";
    out.clear();
    write(out, Verdict::Unreadable, "Rows not read: they are not what was declared", note, None);
}

/// Writes a whole record in place of one for which there was no memory, in the host's copy or in the mending.
pub fn write_lost_copy(out: &mut Vec<u8>, settings: &Settings) {
    out.clear();
    out.push(b'{');
    write_string(out, &settings.key);
    out.push(b':');
    write(out, Verdict::Unreadable, "Record lost: no memory for it", LOST, None);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_of_a_mended_record_and_of_one_that_was_not() {
        let title = |record: &[u8]| {
            let mut mended = Vec::new();
            let repaired = json::repair(&mut mended, record).ok()?;
            let mut tag = Vec::new();
            write_repaired(&mut tag, &repaired.what);
            Some(String::from_utf8_lossy(&tag).into_owned())
        };
        let mended = title(br#"{"a":nan}"#).unwrap();
        assert!(mended.contains("was not valid JSON and was mended"), "{mended}");
        let kept = title(b"no object").unwrap();
        assert!(kept.contains("is kept as one text") && !kept.contains("mended\","), "{kept}");
    }
}
