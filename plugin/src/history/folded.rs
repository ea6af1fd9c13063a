//! Hashes of texts in lower case, made without a copy of the text.

use crate::bytes::{lower_case, mix};
use schtag_task::case;

/// Hashes of the values of one event. A value that several correlations ask for is hashed once.
#[derive(Debug, Default)]
pub(super) struct Folded<'t> {
    known: Vec<(&'t str, u64)>,
}

impl<'t> Folded<'t> {
    /// Returns the hash of a value, in which case does not count.
    pub(super) fn hash(&mut self, value: &'t str) -> u64 {
        if let Some((_, hash)) = self.known.iter().find(|(known, _)| std::ptr::eq(*known, value)) {
            return *hash;
        }
        let hash = hash(value);
        self.known.push((value, hash));
        hash
    }
}

/// Returns the hash of a text, in which case does not count.
fn hash(text: &str) -> u64 {
    let mut hasher = Hasher::default();
    if text.is_ascii() {
        let (words, rest) = text.as_bytes().as_chunks::<8>();
        words.iter().for_each(|word| hasher.mix(lower_case(u64::from_le_bytes(*word))));
        rest.iter().for_each(|byte| hasher.push(byte.to_ascii_lowercase()));
    } else {
        let mut buffer = [0; 4];
        for character in text.chars().map(case::lower) {
            character.encode_utf8(&mut buffer).bytes().for_each(|byte| hasher.push(byte));
        }
    }
    hasher.finish()
}

/// A hash in the making: the bytes are mixed in eight at a time.
#[derive(Debug, Default)]
struct Hasher {
    hash: u64,
    /// Bytes that are not mixed in yet, the last one in front, and how many those are.
    word: u64,
    bytes: u32,
}

impl Hasher {
    fn push(&mut self, byte: u8) {
        self.word = self.word >> 8 | u64::from(byte) << 56;
        self.bytes = self.bytes.wrapping_add(1);
        if self.bytes == 8 {
            self.mix(self.word);
            (self.word, self.bytes) = (0, 0);
        }
    }

    fn mix(&mut self, word: u64) {
        self.hash = mix(self.hash, word);
    }

    fn finish(self) -> u64 {
        join(self.hash ^ u64::from(self.bytes), self.word)
    }
}

/// Returns a hash of two hashes, in which their order counts and every bit of both.
pub(super) const fn join(one: u64, other: u64) -> u64 {
    // The last steps of MurmurHash3 for 64 bits.
    let mut mixed = one.rotate_left(23) ^ other;
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_count() {
        for (one, other) in [
            ("WS17", "ws17"),
            ("ÄÖ\\Σ", "äö\\σ"),
            ("", ""),
            ("C:\\Windows\\[@`{", "c:\\wINDOWS\\[@`{"),
            // The Kelvin sign is a capital k, too.
            ("\u{212a}ELVIN OF 1848", "kelvin of 1848"),
        ] {
            assert_eq!(hash(one), hash(other), "{one}");
        }
        for (one, other) in
            [("a", "b"), ("ab", "ba"), ("", "\0"), ("é", "e"), ("12345678", "12345678\0"), ("[", "{")]
        {
            assert_ne!(hash(one), hash(other), "{one}");
        }
    }

    #[test]
    fn a_value_is_hashed_once() {
        let mut folded = Folded::default();
        let (text, equal) = (String::from("A"), String::from("a"));
        assert_eq!(folded.hash(&text), folded.hash(&text));
        assert_eq!(folded.known.len(), 1);
        assert_eq!(folded.hash(&text), folded.hash(&equal));
    }

    #[test]
    fn order_counts() {
        assert_ne!(join(1, 2), join(2, 1));
        assert_ne!(join(0, 1), join(0, 2));
    }
}
