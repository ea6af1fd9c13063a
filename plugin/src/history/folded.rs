//! Hashes of texts in lower case, made without a copy of the text.

/// The constants of FNV-1a for 64 bits.
///
/// Source: <http://www.isthe.com/chongo/tech/comp/fnv/>.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

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
    if text.is_ascii() {
        return text.bytes().fold(BASIS, |hash, byte| step(hash, byte.to_ascii_lowercase()));
    }
    let mut buffer = [0; 4];
    text.chars()
        .flat_map(char::to_lowercase)
        .fold(BASIS, |hash, character| character.encode_utf8(&mut buffer).bytes().fold(hash, step))
}

const fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(PRIME)
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
        for (one, other) in [("WS17", "ws17"), ("ÄÖ\\Σ", "äö\\σ"), ("", "")] {
            assert_eq!(hash(one), hash(other), "{one}");
        }
        for (one, other) in [("a", "b"), ("ab", "ba"), ("", "\0"), ("é", "e")] {
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
