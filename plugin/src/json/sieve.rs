//! Which members of a record are worth remembering?

/// Finds the keys that may be asked for, by their length and first letter, at next to no cost.
///
/// Nearly all records are passed on after a look at a few of their members, if they have them at all. Only the
/// members that the sieve holds back are remembered. It holds back every wanted key, and a few others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sieve {
    /// For each length the first letters of the wanted keys, by their last five bits, so that case makes no
    /// difference. The last is for all longer keys, too.
    letters: [u32; LENGTHS],
    /// The number of a record's first members that are remembered whatever their keys, objects aside.
    first: usize,
}

const LENGTHS: usize = 32;

impl Sieve {
    /// Holds back every member.
    pub(crate) const ALL: Self = Self { letters: [u32::MAX; LENGTHS], first: 0 };

    /// Holds back the first members of a record that are no objects, and nothing else but objects among them.
    pub(crate) const fn new(first: usize) -> Self {
        Self { letters: [0; LENGTHS], first }
    }

    /// Holds back members with this key, too, in any case; an empty key is never wanted.
    #[must_use]
    pub(crate) const fn with(mut self, key: &[u8]) -> Self {
        if let Some(letters) = self.letters.split_at_mut(slot(key.len())).1.first_mut()
            && let Some(letter) = key.first()
        {
            *letters |= 1 << (*letter & 31);
        }
        self
    }

    /// Returns whether the member is to be remembered whose key, of `len` bytes, `text` begins with. It is number
    /// `count` of its record's, from 1, if those before it are left out that are objects.
    #[inline(always)]
    pub(super) fn holds(&self, text: &[u8], len: usize, count: usize) -> bool {
        let letters = self.letters.get(slot(len)).copied().unwrap_or_default();
        let letter = text.first().copied().unwrap_or_default();
        letters >> (letter & 31) & 1 != 0 || count <= self.first
    }
}

const fn slot(len: usize) -> usize {
    if len < LENGTHS { len } else { LENGTHS.wrapping_sub(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(sieve: &Sieve, key: &str, count: usize) -> bool {
        sieve.holds(format!("{key}\":1}}").as_bytes(), key.len(), count)
    }

    #[test]
    fn wanted_keys_are_held_back_in_any_case() {
        let long = "x".repeat(100);
        let sieve = Sieve::new(0).with(b"EventID").with(b"_raw").with(long.as_bytes());
        for key in ["EventID", "eventid", "evasion", "_raw", &long, &"x".repeat(31)] {
            assert!(holds(&sieve, key, 1), "{key}");
        }
        for key in ["", "EventIDs", "Event", "Channel", "raw_", &"y".repeat(100)] {
            assert!(!holds(&sieve, key, 1), "{key}");
        }
    }

    #[test]
    fn the_first_members_are_held_back_whatever_their_keys() {
        let sieve = Sieve::new(2);
        assert_eq!([1, 2, 3].map(|count| holds(&sieve, "a", count)), [true, true, false]);
        assert!(holds(&Sieve::ALL, "a", 3) && holds(&Sieve::ALL, "", 3));
    }
}
