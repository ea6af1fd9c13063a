//! Names the defects of a record that was mended, for the note in the tag.
use std::fmt::Write as _;

/// Counts each kind of defect.
#[derive(Debug, Default)]
pub(super) struct Defects {
    pub(super) byte_escapes: u32,
    pub(super) other_escapes: u32,
    pub(super) controls: u32,
    pub(super) not_utf8: u32,
    pub(super) not_numbers: u32,
    pub(super) keys: u32,
}

/// The names of the defects that are counted, singular and plural.
const DEFECTS: [(&str, &str); 6] = [
    ("value that JSON has no word for (nan, inf)", "values that JSON has no word for (nan, inf)"),
    ("key that was not a string", "keys that were not strings"),
    ("\\x escape", "\\x escapes"),
    ("other invalid escape", "other invalid escapes"),
    ("raw control character in a string", "raw control characters in strings"),
    ("sequence of bytes that is not UTF-8", "sequences of bytes that are not UTF-8"),
];

/// The message for a record whose text was kept as one string.
pub(super) const NOT_MENDED: &str = "the record is not a JSON object and could not be mended";

/// Returns whether a text is one of those that [`Repaired::what`](super::Repaired::what) can be, apart from the order of its parts.
pub(crate) fn is_description(text: &str) -> bool {
    // The longest has all parts and the highest counts.
    text == NOT_MENDED
        || text.len() <= 512
            && text.split("; ").all(|part| {
                part.split_once(' ').is_some_and(|(count, what)| {
                    count.len() <= 10
                        && !count.is_empty()
                        && count.bytes().all(|byte| byte.is_ascii_digit())
                        && DEFECTS.iter().any(|(one, many)| what == *one || what == *many)
                })
            })
}

/// Returns whether this describes a record that could not be mended.
pub(crate) fn is_kept_as_text(what: &str) -> bool {
    what == NOT_MENDED
}

impl Defects {
    /// Them in words: counts and what is counted, joined by semicolons.
    pub(super) fn describe(&self) -> String {
        let mut text = String::new();
        let counts = [
            self.not_numbers,
            self.keys,
            self.byte_escapes,
            self.other_escapes,
            self.controls,
            self.not_utf8,
        ];
        for (count, (one, many)) in counts.into_iter().zip(DEFECTS) {
            if count == 0 {
                continue;
            }
            let separator = if text.is_empty() { "" } else { "; " };
            // Writing to a string cannot fail.
            let _ = write!(text, "{separator}{count} {}", if count == 1 { one } else { many });
        }
        text
    }
}

pub(super) fn count(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}
