//! Which members of a record are worth remembering?

/// Finds the keys that may be asked for, by their length and two of their letters, at next to no cost.
///
/// Nearly all records are passed on after a look at a few of their members, if they have them at all. Only the
/// members that the sieve holds back are remembered. It holds back every wanted key, and a few others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sieve {
    /// For each length the first letters of the wanted keys, by their last five bits, so that case makes no
    /// difference. The last is for all longer keys, too.
    firsts: [u32; LENGTHS],
    /// The same of the letters that are third from the end, in which keys differ that begin and end alike.
    thirds: [u32; LENGTHS],
    /// The first and the last value of four characters for which all members of a record are wanted, as big-endian words.
    values: (u32, u32),
}

const LENGTHS: usize = 32;
/// No value is between them.
const NO_VALUES: (u32, u32) = (1, 0);
/// Where the other letter is, counted from the end.
const FROM_END: usize = 3;

impl Sieve {
    /// Holds back every member.
    pub(crate) const ALL: Self =
        Self { firsts: [u32::MAX; LENGTHS], thirds: [u32::MAX; LENGTHS], values: NO_VALUES };

    /// Holds back nothing.
    pub(crate) const fn new() -> Self {
        Self { firsts: [0; LENGTHS], thirds: [0; LENGTHS], values: NO_VALUES }
    }

    /// Holds back members with this key, too, in any case; a dot stands for any separator. An empty key is never wanted.
    #[must_use]
    pub(crate) const fn with(mut self, key: &[u8]) -> Self {
        let at = slot(key.len());
        let thirds = match key.len().checked_sub(FROM_END) {
            Some(third) => bits(key.split_at(third).1),
            None => u32::MAX,
        };
        if let Some(letters) = self.firsts.split_at_mut(at).1.first_mut()
            && let Some(others) = self.thirds.split_at_mut(at).1.first_mut()
        {
            *letters |= bits(key);
            *others |= thirds;
        }
        self
    }

    /// Wants all members of a record in which one that is held back has a value of four characters, with quotes or without,
    /// that is between these in the order of their bytes.
    #[must_use]
    pub(crate) const fn with_values(mut self, from: [u8; 4], to: [u8; 4]) -> Self {
        self.values = (u32::from_be_bytes(from), u32::from_be_bytes(to));
        self
    }

    /// Returns whether all members of the record are wanted, since one that is held back has this value.
    #[inline(always)]
    pub(super) fn asks_for_all(&self, value: &[u8]) -> bool {
        let value = match value.len() {
            4 => value.first_chunk(),
            6 => value.get(1..).and_then(<[u8]>::first_chunk),
            _ => None,
        };
        let (from, to) = self.values;
        value.is_some_and(|value| (from..=to).contains(&u32::from_be_bytes(*value)))
    }

    /// Returns whether the member is to be remembered whose key, of `len` bytes, `text` begins with.
    #[inline(always)]
    pub(super) fn holds(&self, text: &[u8], len: usize) -> bool {
        is_one_of(&self.firsts, len, text.first())
            && is_one_of(&self.thirds, len, text.get(len.wrapping_sub(FROM_END)))
    }
}

/// The bits of the letter that a text begins with: none of an empty one.
const fn bits(text: &[u8]) -> u32 {
    match text.first() {
        Some(b'.') => 1 << (b'.' & 31) | 1 << (b'_' & 31) | 1 << (b'-' & 31),
        Some(letter) => 1 << (*letter & 31),
        None => 0,
    }
}

#[inline(always)]
fn is_one_of(letters: &[u32; LENGTHS], len: usize, letter: Option<&u8>) -> bool {
    let letters = letters.get(slot(len)).copied().unwrap_or_default();
    letters >> (letter.copied().unwrap_or_default() & 31) & 1 != 0
}

const fn slot(len: usize) -> usize {
    if len < LENGTHS { len } else { LENGTHS.wrapping_sub(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(sieve: &Sieve, key: &str) -> bool {
        sieve.holds(format!("{key}\":1}}").as_bytes(), key.len())
    }

    #[test]
    fn wanted_keys_are_held_back_in_any_case() {
        let long = "x".repeat(100);
        let sieve = [b"EventID", &b"_raw"[..], b"id", b"event_id.id", long.as_bytes()]
            .into_iter()
            .fold(Sieve::new(), Sieve::with);
        for key in [
            "EventID",
            "eventid",
            "evaltid",
            "_raw",
            "ID",
            "event_id.id",
            "Event_ID_ID",
            "event-id-id",
            &long,
            &"x".repeat(31),
        ] {
            assert!(holds(&sieve, key) && holds(&Sieve::ALL, key), "{key}");
        }
        for key in [
            "",
            "EventIDs",
            "Event",
            "Evasion",
            "Channel",
            "raw_",
            "_art",
            "x",
            "event_idxid",
            &"y".repeat(100),
        ] {
            assert!(!holds(&sieve, key) && holds(&Sieve::ALL, key), "{key}");
        }
        assert!(!holds(&Sieve::new(), "a"));
    }

    #[test]
    fn a_value_asks_for_all_members() {
        let sieve = Sieve::new().with_values(*b"4698", *b"4702");
        for value in ["4698", "4699", "4701", "4702", "\"4700\""] {
            assert!(
                sieve.asks_for_all(value.as_bytes()) && !Sieve::new().asks_for_all(value.as_bytes()),
                "{value}"
            );
        }
        for value in ["4703", "4697", "46980", "469", "\"4698", "\"4698 \"", "", "\0\0\0\0", "\0\0\0\u{1}"] {
            assert!(
                !sieve.asks_for_all(value.as_bytes()) && !Sieve::new().asks_for_all(value.as_bytes()),
                "{value:?}"
            );
        }
    }
}
