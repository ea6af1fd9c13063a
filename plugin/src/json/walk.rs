//! Steps over JSON that is known to be valid, where only the ends of values matter.
//!
//! On other text the steps go astray but end: each moves on, and none leaves the text.
use super::Member;
use super::string_end::string_end;
use crate::bytes::find_either;

/// A place in the text of a container.
#[derive(Debug, Clone)]
pub(super) struct Walker<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Walker<'a> {
    /// Begins inside the container `text`, after its opening bracket.
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self { text, at: 1 }
    }

    /// Goes on at an offset that [`Self::at`] gave.
    pub(super) const fn resume(text: &'a [u8], at: usize) -> Self {
        Self { text, at }
    }

    /// The offset after the last thing that was stepped over.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// The next member of an object, and whether its key has an escape.
    pub(super) fn member(&mut self) -> Option<(Member, bool)> {
        self.separators(b',');
        if self.peek() != Some(b'"') {
            return None;
        }
        let key_start = self.at.wrapping_add(1);
        let escaped = self.string();
        let key_end = self.at.wrapping_sub(1);
        self.separators(b':');
        let value_start = self.at;
        self.value();
        let offset = |at: usize| u32::try_from(at).ok();
        let member = Member {
            key_start: offset(key_start)?,
            key_end: offset(key_end)?,
            value_start: offset(value_start)?,
            value_end: offset(self.at)?,
        };
        Some((member, escaped))
    }

    /// The next element of an array.
    pub(super) fn element(&mut self) -> Option<&'a [u8]> {
        self.separators(b',');
        let start = self.at;
        self.value();
        self.text.get(start..self.at).filter(|value| !value.is_empty())
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.wrapping_add(1);
    }

    fn separators(&mut self, mark: u8) {
        while self.peek().is_some_and(|byte| byte == mark || matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.step();
        }
    }

    /// Steps over a string that is no key, from its opening quote: where it is long, faster than [`Self::string`].
    fn long_string(&mut self) {
        self.step();
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at = self.at.wrapping_add(string_end(rest));
        if self.peek() == Some(b'"') {
            self.step();
        } else {
            self.rest_of_string();
        }
    }

    /// Steps over a string, from its opening quote. Whether it has an escape.
    fn string(&mut self) -> bool {
        self.step();
        self.rest_of_string()
    }

    /// Steps over the rest of a string, from anywhere but after a backslash. Whether it has an escape.
    fn rest_of_string(&mut self) -> bool {
        let mut escaped = false;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(plain) = find_either(rest, b'"', b'\\') else {
                self.at = self.text.len();
                return escaped;
            };
            let stop = rest.get(plain);
            self.at = self.at.wrapping_add(plain).wrapping_add(1);
            if stop == Some(&b'"') {
                return escaped;
            }
            self.step();
            escaped = true;
        }
    }

    /// Steps over a value: nothing at all where a closing bracket or the end is.
    fn value(&mut self) {
        match self.peek() {
            Some(b'"') => self.long_string(),
            Some(b'{' | b'[') => self.container(),
            _ => {
                while self
                    .peek()
                    .is_some_and(|byte| byte > b' ' && !matches!(byte, b',' | b':' | b']' | b'}'))
                {
                    self.step();
                }
            }
        }
    }

    /// Steps over a container, from its opening bracket past its closing one.
    pub(super) fn container(&mut self) {
        let mut depth = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.long_string();
                    continue;
                }
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.step();
            if depth == 0 {
                return;
            }
        }
    }
}

/// The length of the container that `text` begins with; all of `text` where it does not end.
pub(crate) fn container_len(text: &[u8]) -> usize {
    let mut walker = Walker { text, at: 0 };
    walker.container();
    walker.at.min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::pairs;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn long_strings_end_where_others_do(parts in prop::collection::vec(prop::sample::select(vec![
            "a", "\\", "\"", "\\\"", "\\\\", "\\n", "\\u0041", "\\u00", "é", "\u{1}", "C:\\\\Windows\\\\System32",
            "an ordinary line of text without any escape in it, as long as two windows are or some more of it",
        ]), 0..12)) {
            let text = format!("\"{}", parts.concat());
            pairs::prepare();
            let mut one = Walker { text: text.as_bytes(), at: 0 };
            let mut other = one.clone();
            one.string();
            other.long_string();
            prop_assert_eq!(one.at, other.at, "{}", text);
        }
    }
}
