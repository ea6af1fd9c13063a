//! JSON written straight into a buffer.
use super::scan_string::plain;
use super::text::write_escape;

/// Appends JSON to a buffer with a limit in bytes. What does not fit is left out, and the end says so.
///
/// ```
/// # use schtag::json::Writer;
/// let mut out = Vec::new();
/// let mut json = Writer::new(&mut out, 100);
/// json.open('{');
/// json.key("task");
/// json.string("\\Nightly");
/// json.list("triggers", ["boot", "logon"]);
/// json.close('}');
/// assert!(json.fits());
/// assert_eq!(out, br#"{"task":"\\Nightly","triggers":["boot","logon"]}"#);
/// ```
#[derive(Debug)]
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
    most: usize,
    fits: bool,
}

impl<'o> Writer<'o> {
    /// Appends to a buffer until it has `most` bytes.
    pub const fn new(out: &'o mut Vec<u8>, most: usize) -> Self {
        Self { out, most, fits: true }
    }

    /// Returns whether all that was written found room.
    pub fn fits(&self) -> bool {
        self.fits && self.out.len() <= self.most
    }

    /// Begins an object with `{`, or an array with `[`.
    pub fn open(&mut self, bracket: char) {
        self.separate();
        self.out.push(bracket as u8);
    }

    /// Ends an object with `}`, or an array with `]`.
    pub fn close(&mut self, bracket: char) {
        self.out.push(bracket as u8);
    }

    /// Begins a member. `key` is written as it is, so it must need no escapes.
    pub fn key(&mut self, key: &str) {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// Writes a text as a value. Escaped is what RFC 8259 demands.
    pub fn string(&mut self, text: &str) {
        self.separate();
        if !self.fits || self.out.len().saturating_add(text.len()) > self.most {
            self.fits = false;
            return;
        }
        self.out.push(b'"');
        let mut rest = text.as_bytes();
        loop {
            let special = plain::<false>(rest);
            let before = rest.len().wrapping_sub(special.len());
            self.out.extend_from_slice(rest.get(..before).unwrap_or_default());
            let Some((&byte, after)) = special.split_first() else { break };
            write_escape(self.out, byte);
            rest = after;
        }
        self.out.push(b'"');
    }

    /// Writes a member that is a text.
    pub(crate) fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        self.string(text);
    }

    /// The same where there is one.
    pub(crate) fn some(&mut self, key: &str, text: Option<impl AsRef<str>>) {
        if let Some(text) = text {
            self.text(key, text.as_ref());
        }
    }

    /// Writes a member that is a truth value.
    pub fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// Writes a member that is an array of texts, unless there are none.
    pub fn list<T: AsRef<str>>(&mut self, key: &str, texts: impl IntoIterator<Item = T>) {
        let mut texts = texts.into_iter().peekable();
        if texts.peek().is_none() {
            return;
        }
        self.key(key);
        self.open('[');
        texts.for_each(|text| self.string(text.as_ref()));
        self.close(']');
    }

    /// Puts a comma behind what ends with a value.
    fn separate(&mut self) {
        if let Some(b'"' | b'}' | b']' | b'e') = self.out.last() {
            self.out.push(b',');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_does_not_fit_is_left_out_and_known() {
        let write = |most: usize| {
            let mut out = Vec::new();
            let mut json = Writer::new(&mut out, most);
            json.open('{');
            json.text("a", "\\\\");
            json.some("b", None::<&str>);
            json.some("c", Some("x"));
            json.list("d", [] as [&str; 0]);
            json.close('}');
            let fits = json.fits();
            (fits, String::from_utf8(out).unwrap())
        };
        let whole = r#"{"a":"\\\\","c":"x"}"#;
        assert_eq!(write(usize::MAX), (true, whole.to_owned()));
        assert_eq!(write(whole.len()), (true, whole.to_owned()));
        for most in 0..whole.len() {
            let (fits, written) = write(most);
            assert!(!fits, "{most}");
            assert!(written.len() <= most + whole.len(), "no more than a key and a text are too much");
        }
    }

    proptest! {
        #[test]
        fn texts_are_written_as_serde_json_writes_them(text: String, ascii in "[ -~\\x00-\\x1f\\x7f]{0,80}") {
            for text in [text, ascii] {
                let mut out = b":".to_vec();
                Writer::new(&mut out, usize::MAX).string(&text);
                prop_assert_eq!(String::from_utf8(out.split_off(1)).unwrap(), serde_json::to_string(&text).unwrap());
            }
        }
    }
}
