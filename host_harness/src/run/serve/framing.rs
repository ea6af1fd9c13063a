//! The layouts of a body's records.

/// The layouts that are read, and written as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// A JSON array of records: what Vector's `http` sink writes by default.
    Array,
    /// A record on each line: `framing.method: newline_delimited`.
    Lines,
    /// One record, over as many lines as it likes.
    Object,
}

impl Framing {
    /// The media type of a body that came without one.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Array | Self::Object => "application/json",
            Self::Lines => "application/x-ndjson",
        }
    }
}

/// The framing of a body; nothing when there is not one record in it that could be read. `says_lines` is whether the
/// sender calls it newline-delimited JSON.
pub(super) fn framing(body: &[u8], says_lines: bool) -> Option<Framing> {
    let text = body.trim_ascii();
    let whole = |end: Option<usize>| end == Some(text.len());
    match text.first() {
        None => Some(Framing::Lines),
        Some(b'[') if whole(value_end(text)) => Some(Framing::Array),
        Some(b'{') if whole(value_end(text)) => Some(Framing::Object),
        // A line that cannot be read loses nothing: the filter wraps it. But when no line can be read, this is
        // something else than lines of JSON.
        Some(_) if says_lines || text.split(|byte| *byte == b'\n').any(is_object) => Some(Framing::Lines),
        Some(_) => None,
    }
}

/// A part of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'b> {
    /// A record, which need not be JSON.
    Record(&'b [u8]),
    /// Bytes between records, which are kept.
    Between(&'b [u8]),
}

/// Takes a body apart, in order. Of an array, white space between elements and empty elements are left out; of lines,
/// empty ones and all line ends stay.
///
/// # Errors
/// The first of `each`.
pub(super) fn for_each_piece<'b, E>(
    framing: Framing,
    body: &'b [u8],
    mut each: impl FnMut(Piece<'b>) -> Result<(), E>,
) -> Result<(), E> {
    match framing {
        Framing::Object => each(Piece::Record(body.trim_ascii())),
        Framing::Array => {
            let mut before = b"[".as_slice();
            for element in elements(body.trim_ascii()) {
                each(Piece::Between(before))?;
                before = b",";
                each(Piece::Record(element))?;
            }
            each(Piece::Between(if before == b"[" { b"[]" } else { b"]" }))
        }
        Framing::Lines => {
            for line in body.split_inclusive(|byte| *byte == b'\n') {
                let text =
                    line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
                let (text, end) = line.split_at_checked(text.len()).unwrap_or((line, &[]));
                let blank = text.trim_ascii().is_empty();
                each(if blank { Piece::Between(text) } else { Piece::Record(text) })?;
                each(Piece::Between(end))?;
            }
            Ok(())
        }
    }
}

fn is_object(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
}

/// The elements of an array of which [`value_end`] has found the end, without the empty ones. They need not be
/// JSON: that is for the filter to mend.
fn elements(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    let inside = array.split_first().and_then(|(_, rest)| rest.split_last()).map(|(_, inside)| inside);
    let mut rest = inside;
    std::iter::from_fn(move || {
        let text = rest?;
        // By the brackets alone the array does not end in here, so that each step is allowed.
        let mut depth = Depth::default();
        let comma = text.iter().position(|byte| (depth.at_top() && *byte == b',') || !depth.step(*byte));
        let (element, after) = text.split_at_checked(comma.unwrap_or(text.len()))?;
        rest = after.split_first().map(|(_, after)| after);
        Some(element.trim_ascii())
    })
    .filter(|element| !element.is_empty())
}

/// The offset after the array or object at the start of a text, by its brackets alone; nothing when it does not
/// end.
fn value_end(text: &[u8]) -> Option<usize> {
    let mut depth = Depth::default();
    let last = text.iter().position(|byte| !depth.step(*byte) || depth.at_top())?;
    depth.at_top().then_some(last.saturating_add(1))
}

/// Where in a JSON text one is, byte by byte, without a stack: only how deep.
#[derive(Debug, Default)]
struct Depth {
    brackets: u64,
    in_string: bool,
    escaped: bool,
}

impl Depth {
    /// Takes one byte; false when it closes what was not open.
    const fn step(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return true;
        }
        match byte {
            b'"' => self.in_string = true,
            b'[' | b'{' => self.brackets = self.brackets.saturating_add(1),
            b']' | b'}' => match self.brackets.checked_sub(1) {
                Some(brackets) => self.brackets = brackets,
                None => return false,
            },
            _ => {}
        }
        true
    }

    const fn at_top(&self) -> bool {
        self.brackets == 0 && !self.in_string
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    /// The framing, and the body with brackets put around each record.
    fn marked(body: &str) -> Option<(Framing, String)> {
        let framing = framing(body.as_bytes(), false)?;
        let mut out = Vec::new();
        for_each_piece(framing, body.as_bytes(), |piece| {
            match piece {
                Piece::Record(record) => out.extend_from_slice(&[b"<", record, b">"].concat()),
                Piece::Between(between) => out.extend_from_slice(between),
            }
            Ok::<(), ()>(())
        })
        .unwrap();
        Some((framing, String::from_utf8(out).unwrap()))
    }

    #[test]
    fn each_framing_is_known_and_kept() {
        use Framing::{Array, Lines, Object};
        for (body, framing, out) in [
            (r#"[{"a":"],["},{"b":{"c":[1,2]}}]"#, Array, r#"[<{"a":"],["}>,<{"b":{"c":[1,2]}}>]"#),
            ("[]", Array, "[]"),
            (" [ ] \n", Array, "[]"),
            ("\n[ {} ,\n {} ]\n", Array, "[<{}>,<{}>]"),
            (r#"[{"a":"\"]\\"},{"b":1},]"#, Array, r#"[<{"a":"\"]\\"}>,<{"b":1}>]"#),
            ("[{},nope,1,\"x\",[{},{}]]", Array, "[<{}>,<nope>,<1>,<\"x\">,<[{},{}]>]"),
            ("[{]}", Array, "[<{]>]"),
            ("{}", Object, "<{}>"),
            ("{\n  \"a\": [\n    1\n  ]\n}\n", Object, "<{\n  \"a\": [\n    1\n  ]\n}>"),
            ("{}\n{}\n", Lines, "<{}>\n<{}>\n"),
            ("{}\r\n\r\n \n{}", Lines, "<{}>\r\n\r\n \n<{}>"),
            ("nope\n{\"a\":1}\n[1]\n{\"b\n", Lines, "<nope>\n<{\"a\":1}>\n<[1]>\n<{\"b>\n"),
            ("[1]\n{}", Lines, "<[1]>\n<{}>"),
            ("", Lines, ""),
            ("\n", Lines, "\n"),
        ] {
            assert_eq!(marked(body), Some((framing, out.to_owned())), "{body:?}");
        }
    }

    #[test]
    fn what_has_no_record_has_no_framing() {
        for body in [
            "nope",
            "1\n2\n",
            "\"a\"",
            "[{\"a\":1},{\"b\":",
            "[{}]]",
            "{\"a\":",
            "[{]},{}]",
            "<xml/>",
            "a=1&b=2",
        ] {
            assert_eq!(framing(body.as_bytes(), false), None, "{body:?}");
        }
        // Who says that these are lines means one that cannot be read.
        assert_eq!(framing(b"nope", true), Some(Framing::Lines));
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("[{}{}]", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(framing(deep.as_bytes(), false), Some(Framing::Array));
    }

    proptest! {
        #[test]
        fn an_array_has_the_elements_that_serde_json_sees(values in proptest::collection::vec(".{0,12}", 0..6)) {
            let array: Vec<Value> =
                values.iter().map(|text| serde_json::json!({ text.as_str(): [text, {"}": text}] })).collect();
            let body = serde_json::to_vec(&array).unwrap();
            prop_assert_eq!(framing(&body, false), Some(Framing::Array));
            let seen: Vec<Value> =
                elements(&body).map(|element| serde_json::from_slice(element).unwrap()).collect();
            prop_assert_eq!(seen, array);
        }

        #[test]
        fn what_is_taken_for_an_array_loses_nothing(body in r#"\[[\[\]\{\},"\\x]{0,12}\]"#) {
            if framing(body.as_bytes(), false) == Some(Framing::Array) {
                let kept: usize = elements(body.as_bytes()).map(<[u8]>::len).sum();
                let commas = body.bytes().filter(|byte| *byte == b',').count();
                prop_assert!(kept + commas + 2 >= body.len(), "{}", body);
            }
        }

        #[test]
        fn lines_keep_every_byte_between_records(body in r"(\{\}|x|\n|\r| ){0,30}") {
            let mut out = Vec::new();
            for_each_piece(Framing::Lines, body.as_bytes(), |piece| {
                let (Piece::Record(bytes) | Piece::Between(bytes)) = piece;
                out.extend_from_slice(bytes);
                Ok::<(), ()>(())
            })
            .unwrap();
            prop_assert_eq!(out, body.into_bytes());
        }
    }
}
