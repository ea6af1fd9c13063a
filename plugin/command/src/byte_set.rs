//! A set of bytes.

/// A bit for each byte.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByteSet([u64; 4]);

impl ByteSet {
    /// Returns a set of no bytes.
    pub(crate) const fn new() -> Self {
        Self([0; 4])
    }

    /// Returns the set with one byte more.
    pub(crate) const fn with(self, byte: u8) -> Self {
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
    pub(crate) const fn contains(self, byte: u8) -> bool {
        let [one, two, three, four] = self.0;
        let word = match byte >> 6 {
            0 => one,
            1 => two,
            2 => three,
            _ => four,
        };
        word >> (byte & 63) & 1 == 1
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
}
