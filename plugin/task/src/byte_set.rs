//! A set of bytes, and the places in a text where one of them stands.
//!
//! The patterns of the standard library, such as `text.find([' ', '\t'])`, cost about 100 instructions of WebAssembly for
//! each character, and code of their own for each length of the list. A set costs about ten.

/// A bit for each byte.
#[derive(Debug, Clone, Copy)]
pub struct ByteSet([u64; 4]);

impl Default for ByteSet {
    fn default() -> Self {
        Self::new()
    }
}

impl ByteSet {
    /// Returns a set of no bytes.
    pub const fn new() -> Self {
        Self([0; 4])
    }

    /// Returns the set of these ASCII characters.
    ///
    /// ```
    /// # use schtag_task::byte_set::ByteSet;
    /// const BLANKS: ByteSet = ByteSet::of(b" \t");
    /// assert_eq!(BLANKS.trim_start(" \ta "), "a ");
    /// assert_eq!(BLANKS.find("a b"), Some(1));
    /// ```
    pub const fn of(mut characters: &[u8]) -> Self {
        let mut set = Self::new();
        while let Some((&byte, rest)) = characters.split_first() {
            // In a text of UTF-8, other bytes are parts of characters.
            assert!(byte.is_ascii(), "a character of the set is not ASCII");
            set = set.with(byte);
            characters = rest;
        }
        set
    }

    /// Returns the set with one byte more.
    pub const fn with(self, byte: u8) -> Self {
        let bit = 1_u64 << (byte & 63);
        let [one, two, three, four] = self.0;
        Self(match byte >> 6 {
            0 => [one | bit, two, three, four],
            1 => [one, two | bit, three, four],
            2 => [one, two, three | bit, four],
            _ => [one, two, three, four | bit],
        })
    }

    /// Returns whether a byte is in the set.
    #[inline(always)]
    pub fn contains(&self, byte: u8) -> bool {
        let word = self.0.get(usize::from(byte >> 6)).copied().unwrap_or_default();
        word >> (byte & 63) & 1 == 1
    }

    /// Returns how many bytes of the set a text begins with.
    #[inline(never)]
    pub fn run(&self, text: &[u8]) -> usize {
        text.iter().position(|byte| !self.contains(*byte)).unwrap_or(text.len())
    }

    /// Returns the place of the first byte of the set in a text.
    pub fn find(&self, text: &str) -> Option<usize> {
        self.find_in(text.as_bytes())
    }

    /// Returns the place of the first byte of the set among some bytes.
    #[inline(never)]
    pub fn find_in(&self, bytes: &[u8]) -> Option<usize> {
        bytes.iter().position(|byte| self.contains(*byte))
    }

    /// Returns true when a byte of the set stands in a text.
    pub fn is_in(&self, text: &str) -> bool {
        self.find(text).is_some()
    }

    /// Returns true when a text begins with a byte of the set.
    pub fn begins(&self, text: &str) -> bool {
        text.bytes().next().is_some_and(|byte| self.contains(byte))
    }

    /// Returns a text without the bytes of the set at its beginning.
    #[inline(never)]
    pub fn trim_start<'a>(&self, text: &'a str) -> &'a str {
        let start = text.bytes().position(|byte| !self.contains(byte)).unwrap_or(text.len());
        text.get(start..).unwrap_or_default()
    }

    /// Returns a text without the bytes of the set at its end.
    #[inline(never)]
    pub fn trim_end<'a>(&self, text: &'a str) -> &'a str {
        let end = text.bytes().rposition(|byte| !self.contains(byte)).map_or(0, |at| at.saturating_add(1));
        text.get(..end).unwrap_or_default()
    }

    /// Returns a text without the bytes of the set at its ends.
    pub fn trim<'a>(&self, text: &'a str) -> &'a str {
        self.trim_end(self.trim_start(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_added_and_nothing_else() {
        let added = [0, 63, 64, b'a', 127, 128, 191, 192, 255];
        let set = added.into_iter().fold(ByteSet::new(), ByteSet::with);
        for byte in 0..=u8::MAX {
            assert_eq!(set.contains(byte), added.contains(&byte), "{byte}");
        }
    }

    #[test]
    fn texts_are_searched_as_the_standard_library_does() {
        const SIGNS: [char; 3] = [' ', '\\', '='];
        let set = ByteSet::of(b" \\=");
        for text in ["", " ", "a", " =a", "a\\ ", "\u{e9} = \u{1f600}", "=\u{e9}= ", "  \\"] {
            assert_eq!(set.find(text), text.find(SIGNS), "{text}");
            assert_eq!(set.is_in(text), text.contains(SIGNS), "{text}");
            assert_eq!(set.begins(text), text.starts_with(SIGNS), "{text}");
            assert_eq!(set.trim_start(text), text.trim_start_matches(SIGNS), "{text}");
            assert_eq!(set.trim_end(text), text.trim_end_matches(SIGNS), "{text}");
            assert_eq!(set.trim(text), text.trim_matches(SIGNS), "{text}");
            assert_eq!(set.run(text.as_bytes()), text.len() - text.trim_start_matches(SIGNS).len(), "{text}");
        }
    }
}
