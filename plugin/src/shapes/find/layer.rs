//! The members of JSON at any depth, one after the other, each with the words that it stands under.
//!
//! The JSON may be cut, may stand among other text, and may be no JSON at all: what is read moves on, whatever it is.

use std::borrow::Cow;

use super::{known, words};
use crate::json::container_len;
use crate::shapes::key;

/// Open objects and arrays whose keys are remembered. What is nested deeper is passed over.
const MAX_FRAMES: usize = 48;

/// The beginning of a tag of ours. The words of an earlier filter are not read.
const TAG: &[u8] = br#"{"schema":"1","verdict":"#;

/// Where something stands in the text of a layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Span {
    const fn is_empty(self) -> bool {
        self.from >= self.to
    }
}

/// An open object or array.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frame {
    /// Where it begins.
    pub(super) start: usize,
    /// Its key: in an array that of the array.
    pub(super) key: Span,
    pub(super) is_array: bool,
    /// True if its key, or one around it, names a section of a task definition.
    pub(super) in_section: bool,
    /// The name that it gives its value, as in `{"@Name": "TaskName", "#text": …}`.
    name: Span,
    /// That value and its own key, until the object ends.
    value: Span,
    value_key: Span,
}

/// A value that is no object and no array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf {
    /// The word that says what it is.
    pub(super) key: Span,
    /// The value as written.
    pub(super) value: Span,
}

/// A text in which members are read.
#[derive(Debug)]
pub(super) struct Layer<'t> {
    text: Cow<'t, str>,
    at: usize,
    key: Option<Span>,
    pub(super) frames: Vec<Frame>,
    /// True if something was nested too deep.
    pub(super) passed_over: bool,
    /// True if the text stands where a known tool puts one.
    pub(super) is_known: bool,
    /// The last values, the newest first.
    pub(super) recent: [Span; 4],
    /// The place of the next value among the event data in the manifest's order, where that is known.
    pub(super) position: Option<usize>,
}

impl<'t> Layer<'t> {
    /// The members of a text from an offset on.
    pub(super) fn new(text: Cow<'t, str>, at: usize) -> Self {
        Self {
            text,
            at,
            key: None,
            frames: Vec::new(),
            passed_over: false,
            is_known: true,
            recent: [Span::default(); 4],
            position: None,
        }
    }

    /// The kind of text at a place.
    pub(super) fn bytes(&self, span: Span) -> &[u8] {
        self.text.as_bytes().get(span.from..span.to).unwrap_or_default()
    }

    /// The object or array that begins at an offset, as far as it goes.
    pub(super) fn container(&self, start: usize) -> &[u8] {
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        rest.get(..container_len(rest)).unwrap_or(rest)
    }

    /// Returns the bytes after the object or array that begins at an offset.
    pub(super) fn behind(&self, start: usize) -> &[u8] {
        let end = start.saturating_add(self.container(start).len());
        self.text.as_bytes().get(end..).unwrap_or_default()
    }

    /// Returns whether the objects that are open stand where a known tool puts a record, the first so many of them.
    pub(super) fn is_known_to(&self, level: usize) -> bool {
        let frames = self.frames.iter().take(level);
        self.is_known && frames.into_iter().all(|frame| known::is_wrapper(self.bytes(frame.key)))
    }

    /// The length of the text.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// The next value.
    pub(super) fn next(&mut self) -> Option<Leaf> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            let found = match byte {
                b'"' => self.string(),
                b'{' | b'[' => {
                    self.open(byte == b'[');
                    None
                }
                b'}' | b']' => self.close(),
                b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => self.literal(),
                _ => {
                    self.at = self.at.saturating_add(1);
                    None
                }
            };
            if found.is_some() {
                return found;
            }
        }
    }

    /// A string: a key, or a value.
    fn string(&mut self) -> Option<Leaf> {
        let bytes = self.text.as_bytes();
        let span = Span { from: self.at, to: string_end(bytes, self.at) };
        self.at = span.to;
        let in_object = self.frames.last().is_some_and(|frame| !frame.is_array);
        if in_object && self.key.is_none() {
            let rest = bytes.get(span.to..).unwrap_or_default();
            let blanks = rest.len().saturating_sub(rest.trim_ascii_start().len());
            if rest.get(blanks) == Some(&b':') {
                self.at = span.to.saturating_add(blanks).saturating_add(1);
                let to = span.to.saturating_sub(1);
                self.key = Some(Span { from: span.from.saturating_add(1), to });
                return None;
            }
        }
        self.leaf(span)
    }

    /// A number or a word without quotes, which outside of JSON is other text.
    fn literal(&mut self) -> Option<Leaf> {
        let from = self.at;
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let length = rest.iter().take_while(|byte| is_part(byte)).count();
        self.at = from.saturating_add(length.max(1));
        let expected = self.key.is_some() || self.frames.last().is_some_and(|frame| frame.is_array);
        if expected { self.leaf(Span { from, to: self.at }) } else { None }
    }

    fn open(&mut self, is_array: bool) {
        let key = self.take_key();
        let is_tag = self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(TAG));
        if is_tag || self.frames.len() >= MAX_FRAMES {
            let length = self.container(self.at).len();
            self.at = self.at.saturating_add(length.max(1));
            self.passed_over |= !is_tag;
            return;
        }
        let is_within = self.frames.last().is_some_and(|frame| frame.in_section);
        let in_section = is_within || words::names_section(self.bytes(key));
        self.frames.push(Frame { start: self.at, key, is_array, in_section, ..Frame::default() });
        self.at = self.at.saturating_add(1);
    }

    /// The key of what begins: its own, or that of the array it is in.
    fn take_key(&mut self) -> Span {
        let array = self.frames.last().filter(|frame| frame.is_array).map(|frame| frame.key);
        self.key.take().or(array).unwrap_or_default()
    }

    /// Ends the innermost object; what it gave a name is a value of that name.
    fn close(&mut self) -> Option<Leaf> {
        self.at = self.at.saturating_add(1);
        self.key = None;
        let frame = self.frames.pop()?;
        if frame.value.is_empty() {
            if let Some(outer) = self.frames.last_mut()
                && key::same(
                    self.text.as_bytes().get(frame.key.from..frame.key.to).unwrap_or_default(),
                    b"attributes",
                )
            {
                outer.name = frame.name;
            }
            return None;
        }
        let written = self.bytes(frame.key);
        let is_inner = frame.name.is_empty() && is_value_key(written);
        if is_inner
            && let Some(outer) = self.frames.last_mut()
            && outer.value.is_empty()
            && !outer.is_array
        {
            // `{"key": …, "value": {"stringValue": …}}`.
            outer.value = frame.value;
            outer.value_key = frame.key;
            return None;
        }
        let key = if !frame.name.is_empty() {
            frame.name
        } else if is_bare(self.bytes(frame.value_key)) {
            frame.key
        } else {
            frame.value_key
        };
        Some(Leaf { key, value: frame.value })
    }

    /// A value with its key, unless it is one that belongs to a name.
    fn leaf(&mut self, value: Span) -> Option<Leaf> {
        let key = self.take_key();
        let written = self.text.as_bytes().get(key.from..key.to).unwrap_or_default();
        let in_array = self.frames.last().is_some_and(|frame| frame.is_array);
        if !in_array && is_value_key(written) {
            let frame = self.frames.last_mut()?;
            let earlier = Leaf { key: frame.value_key, value: frame.value };
            (frame.value, frame.value_key) = (value, key);
            return Some(earlier).filter(|leaf| !leaf.value.is_empty());
        }
        if !in_array && (key::same(written, b"name") || key::same(written, b"key")) {
            let inside = Span { from: value.from.saturating_add(1), to: value.to.saturating_sub(1) };
            let name = self.text.as_bytes().get(inside.from..inside.to).unwrap_or_default();
            let names = !name.contains(&b'\\');
            if let Some(frame) = self.frames.last_mut().filter(|_| names) {
                frame.name = inside;
            }
        }
        Some(Leaf { key, value })
    }
}

/// Returns whether a key says only that this is the value of something.
fn is_value_key(key: &[u8]) -> bool {
    is_bare(key) || key::same(key, b"content")
}

fn is_bare(key: &[u8]) -> bool {
    matches!(key, b"$" | b"" | b"stringValue" | b"intValue")
        || key::same(key, b"text")
        || key::same(key, b"value")
}

/// Where a string ends that begins at an offset: behind its closing quote, or at the end of the text.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start.saturating_add(1);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(next) = crate::bytes::find_either(rest, b'"', b'\\') else { return text.len() };
        let is_end = rest.get(next) == Some(&b'"');
        at = at.saturating_add(next).saturating_add(if is_end { 1 } else { 2 });
        if is_end {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(text: &str) -> Vec<(String, String)> {
        let mut layer = Layer::new(Cow::Borrowed(text), 0);
        let mut found = Vec::new();
        while let Some(leaf) = layer.next() {
            let of = |span| String::from_utf8_lossy(layer.bytes(span)).into_owned();
            found.push((of(leaf.key), of(leaf.value)));
        }
        found
    }

    #[test]
    fn every_value_comes_with_the_word_it_stands_under() {
        for (text, wanted) in [
            (r#"{"a":1,"b":{"c":"x"},"d":[true,{"e":null}]}"#, "a=1 c=\"x\" d=true e=null"),
            (r##"[{"@Name":"TaskName","#text":"x"}]"##, "@Name=\"TaskName\" TaskName=\"x\""),
            (r#"{"key":"k","value":{"stringValue":"x"}}"#, "key=\"k\" k=\"x\""),
            (r##"{"EventID":{"#attributes":{"Qualifiers":0},"#text":4698}}"##, "Qualifiers=0 EventID=4698"),
            (r#"{"Details":{"Name":"\\x","Content":"y"}}"#, r#"Name="\\x" Content="y""#),
            (r#"{"data":[{"":"x"},{"":"y"}]}"#, "data=\"x\" data=\"y\""),
            (r#"header {"a":"x"} then {"b":2} tail"#, "a=\"x\" b=2"),
            (r#"{"a":"x","b":"cut"#, "a=\"x\" b=\"cut"),
            (r#"}]{"a" : "q\"x\\"}"#, r#"a="q\"x\\""#),
            (r#"{"t":{"schema":"1","verdict":"alert","a":{"b":1}},"c":2}"#, "c=2"),
            ("no JSON, 4698 times", ""),
        ] {
            let found: Vec<String> =
                leaves(text).iter().map(|(key, value)| format!("{key}={value}")).collect();
            assert_eq!(found.join(" "), wanted, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}\"x\"{},\"y\"", "[".repeat(500), "]".repeat(500));
        let mut layer = Layer::new(Cow::Owned(deep), 0);
        while layer.next().is_some() {}
        assert!(layer.passed_over && layer.frames.capacity() <= 2 * MAX_FRAMES);
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "[\\[\\]{}\":,\\\\ a1é-]{0,60}") {
            prop_assert!(leaves(&text).len() <= text.len());
        }
    }
}
