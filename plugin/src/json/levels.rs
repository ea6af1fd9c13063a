//! Which containers are open, one bit a level.

/// The deepest nesting that is read. Fluent Bit itself stops at 64 levels (its msgpack unpacker,
/// `MSGPACK_EMBED_STACK_SIZE`); the rest is room for other hosts, at 8 KiB of memory.
pub(super) const MAX_DEPTH: u32 = 65_536;

/// A stack of bits: set for an object, clear for an array. The top 64 levels are in a register, so that
/// ordinary records allocate nothing.
#[derive(Debug, Default)]
pub(super) struct Levels {
    top: u64,
    depth: u32,
    /// Full words below `top`, at most 1,024.
    below: Vec<u64>,
}

impl Levels {
    /// With room for as many levels as there may be, so that opening one never fails for want of memory.
    pub(super) fn with_room() -> Self {
        Self { top: 0, depth: 0, below: Vec::with_capacity(MAX_DEPTH as usize / 64) }
    }

    /// Closes all levels and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.top = 0;
        self.depth = 0;
        self.below.clear();
    }

    /// Returns how many levels are open.
    pub(super) const fn depth(&self) -> u32 {
        self.depth
    }

    /// Returns whether the innermost level is an object; false where none is open.
    pub(super) const fn in_object(&self) -> bool {
        self.top & 1 == 1
    }

    /// Opens a level. False when there are [`MAX_DEPTH`] already.
    pub(super) fn push(&mut self, object: bool) -> bool {
        if self.depth & 63 == 0 && self.depth > 0 && !self.spill() {
            return false;
        }
        self.top = self.top << 1 | u64::from(object);
        self.depth = self.depth.wrapping_add(1);
        true
    }

    /// Closes the innermost level; nothing where none is open.
    pub(super) fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.top >>= 1;
        if self.depth & 63 == 0 {
            self.top = self.below.pop().unwrap_or(0);
        }
    }

    #[cold]
    fn spill(&mut self) -> bool {
        if self.depth >= MAX_DEPTH || self.below.try_reserve(1).is_err() {
            return false;
        }
        self.below.push(self.top);
        true
    }
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
        assert_eq!(levels.depth(), 0);
        levels.pop();
        assert_eq!((levels.depth(), levels.in_object()), (0, false));
    }

    #[test]
    fn a_cleared_stack_is_empty() {
        let mut levels = Levels::default();
        for _ in 0..200 {
            levels.push(true);
        }
        levels.clear();
        assert_eq!((levels.depth(), levels.in_object()), (0, false));
    }
}
