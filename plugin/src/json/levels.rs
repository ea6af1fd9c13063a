//! Which containers are open, one bit a level.

/// The deepest nesting that is read. Fluent Bit itself stops at 64 levels (its msgpack unpacker,
/// `MSGPACK_EMBED_STACK_SIZE`); the rest is room for other hosts, at 8 KiB of memory.
pub(super) const MAX_DEPTH: u32 = 65_536;

/// Levels of one word.
const WORD: u32 = u32::BITS;
/// Full words at the deepest nesting, besides the innermost one.
const MAX_WORDS: usize = (MAX_DEPTH / WORD) as usize - 1;

/// The innermost levels: after two bits that mark the beginning, one for each level, the innermost one last. It is set
/// for an object, clear for an array. At most 32 levels; those around them are in a list of full words.
///
/// A number by itself, so that a scan can hold it in a register, and ordinary records allocate nothing:
///
/// ```text
///   {"a":[{ …      1 0 1 0 1
///                  └┬┘ { [ {
///         beginning ┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Innermost(u64);

impl Innermost {
    /// No level is open.
    pub(super) const NONE: Self = Self(0b10);
    /// The innermost word has no level, and there are others around it.
    const EMPTY: Self = Self(0b11);
    /// One level is open, an object: its members are those of the record.
    pub(super) const RECORD: Self = Self(0b101);

    /// Returns whether the innermost level is an object; false where none is open.
    #[inline(always)]
    pub(super) const fn is_object(self) -> bool {
        self.0 & 1 == 1
    }

    /// Opens a level; `around` holds the full words. `None` when there are [`MAX_DEPTH`] already.
    #[inline(always)]
    pub(super) fn open(self, object: bool, around: &mut Vec<u32>) -> Option<Self> {
        let levels = if self.0 >> (WORD + 1) == 0 { self } else { self.spill(around)? };
        Some(Self(levels.0 << 1 | u64::from(object)))
    }

    /// Closes the innermost level; nothing where none is open.
    #[inline(always)]
    pub(super) fn close(self, around: &mut Vec<u32>) -> Self {
        let levels = Self(self.0 >> 1);
        if levels.0 > Self::EMPTY.0 { levels } else { levels.refill(around) }
    }

    #[cold]
    #[inline(never)]
    fn spill(self, around: &mut Vec<u32>) -> Option<Self> {
        if around.len() >= MAX_WORDS || around.try_reserve(1).is_err() {
            return None;
        }
        around.push(self.0 as u32);
        Some(Self::EMPTY)
    }

    /// The levels of the next word, where a word is left that has none.
    #[cold]
    #[inline(never)]
    fn refill(self, around: &mut Vec<u32>) -> Self {
        if self != Self::EMPTY {
            return Self::NONE;
        }
        let word = around.pop().unwrap_or(0);
        let mark = if around.is_empty() { Self::NONE } else { Self::EMPTY };
        Self(mark.0 << WORD | u64::from(word))
    }
}

/// All levels that are open, in one value.
#[derive(Debug)]
pub(super) struct Levels {
    innermost: Innermost,
    around: Vec<u32>,
}

impl Default for Levels {
    fn default() -> Self {
        Self { innermost: Innermost::NONE, around: Vec::new() }
    }
}

impl Levels {
    /// Returns whether the innermost level is an object; false where none is open.
    pub(super) const fn in_object(&self) -> bool {
        self.innermost.is_object()
    }

    /// Opens a level. False when there are [`MAX_DEPTH`] already.
    pub(super) fn push(&mut self, object: bool) -> bool {
        let opened = self.innermost.open(object, &mut self.around);
        self.innermost = opened.unwrap_or(self.innermost);
        opened.is_some()
    }

    /// Closes the innermost level; nothing where none is open.
    pub(super) fn pop(&mut self) {
        self.innermost = self.innermost.close(&mut self.around);
    }
}

/// A list with room for as many words as there may be, so that opening a level never fails for want of memory.
pub(super) fn room_around() -> Vec<u32> {
    Vec::with_capacity(MAX_WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_every_level_across_words() {
        let kinds: Vec<bool> = (0..MAX_DEPTH).map(|level| level % 3 == 0 || level % 7 == 0).collect();
        let mut levels = Levels::default();
        assert!(!levels.in_object());
        for &kind in &kinds {
            assert!(levels.push(kind));
            assert_eq!(levels.in_object(), kind);
        }
        assert!(!levels.push(true), "one level too many");
        for &kind in kinds.iter().rev() {
            assert_eq!(levels.in_object(), kind);
            levels.pop();
        }
        assert_eq!(levels.innermost, Innermost::NONE);
        levels.pop();
        assert!(!levels.in_object() && levels.innermost == Innermost::NONE);
    }

    #[test]
    fn only_the_first_object_is_the_record() {
        for depth in 0..200_u32 {
            for first in [true, false] {
                let mut levels = Levels::default();
                for level in 0..depth {
                    levels.push(level > 0 || first);
                }
                assert_eq!(levels.innermost == Innermost::RECORD, depth == 1 && first, "{depth} {first}");
                assert_eq!(levels.innermost == Innermost::NONE, depth == 0);
                for _ in 1..depth {
                    levels.pop();
                }
                assert_eq!(levels.innermost == Innermost::RECORD, depth > 0 && first, "{depth} {first}");
            }
        }
    }
}
