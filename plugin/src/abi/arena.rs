//! Memory for the host's copies of tags and records.

/// Block that is kept from record to record, in bytes. Almost every record fits.
const KEPT: usize = 64 * 1024;
/// The largest block that is kept for a stream of larger records, in bytes.
const KEPT_AT_MOST: usize = 1024 * 1024;

/// An arena: copies are handed out one after the other and all given back at once.
#[derive(Debug)]
pub(super) struct Arena {
    block: Vec<u8>,
    used: usize,
    /// Copies that did not fit into the block, each in its own allocation.
    large: Vec<Vec<u8>>,
    /// The bytes that all copies since the last reset needed.
    needed: usize,
}

impl Arena {
    pub(super) const fn new() -> Self {
        Self { block: Vec::new(), used: 0, large: Vec::new(), needed: 0 }
    }

    /// `size` bytes, or null when memory cannot be grown. A size of 0 gives a valid address, too.
    pub(super) fn allocate(&mut self, size: usize) -> *mut u8 {
        let Some(size) = size.max(1).checked_next_multiple_of(8) else { return std::ptr::null_mut() };
        self.needed = self.needed.saturating_add(size);
        if self.block.capacity() == 0 && self.block.try_reserve_exact(KEPT).is_err() {
            return std::ptr::null_mut();
        }
        let end = self.used.saturating_add(size);
        if end <= self.block.capacity() {
            let address = self.block.as_mut_ptr().wrapping_add(self.used);
            self.used = end;
            return address;
        }
        self.allocate_large(size)
    }

    #[cold]
    fn allocate_large(&mut self, size: usize) -> *mut u8 {
        let mut copy = Vec::new();
        if copy.try_reserve_exact(size).is_err() || self.large.try_reserve(1).is_err() {
            return std::ptr::null_mut();
        }
        let address = copy.as_mut_ptr();
        self.large.push(copy);
        address
    }

    /// Gives back every copy, and then `size` bytes that begin with `text`; null as [`Self::allocate`].
    #[cold]
    pub(super) fn restart_with(&mut self, text: &[u8], size: usize) -> *mut u8 {
        self.reset();
        let mut copy = Vec::new();
        if copy.try_reserve_exact(size.max(text.len())).is_err() || self.large.try_reserve(1).is_err() {
            return std::ptr::null_mut();
        }
        copy.extend_from_slice(text);
        let address = copy.as_mut_ptr();
        self.large.push(copy);
        address
    }

    /// Returns whether the `size` bytes at an address are of one block, and were handed out.
    pub(super) fn holds(&self, address: *const u8, size: usize) -> bool {
        let within = |block: &Vec<u8>, used: usize| {
            let start = block.as_ptr() as usize;
            let end = (address as usize).checked_add(size);
            address as usize >= start && end.is_some_and(|end| end <= start.saturating_add(used))
        };
        within(&self.block, self.used) || self.large.iter().any(|copy| within(copy, copy.capacity()))
    }

    /// Gives back every copy. Memory for unusually large ones is freed; a stream of moderately large ones
    /// gets a larger block.
    pub(super) fn reset(&mut self) {
        self.used = 0;
        if !self.large.is_empty() {
            self.large.clear();
            if self.needed <= KEPT_AT_MOST {
                self.block = Vec::new();
                // When this fails, the next allocation tries again with the usual size.
                let _ = self.block.try_reserve_exact(self.needed.next_power_of_two());
            }
        }
        self.needed = 0;
    }

    /// Gives back everything, the kept block too.
    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_do_not_overlap() {
        let mut arena = Arena::new();
        let mut spans: Vec<(usize, usize)> = Vec::new();
        for size in [0, 1, 7, 8, 9, 60_000, 5_000, 100_000, 3] {
            let start = arena.allocate(size) as usize;
            assert_ne!(start, 0);
            for &(other, length) in &spans {
                assert!(start + size.max(1) <= other || other + length <= start);
            }
            spans.push((start, size.max(1)));
        }
    }

    #[test]
    fn a_reset_gives_the_same_memory_again() {
        let mut arena = Arena::new();
        let first = arena.allocate(100);
        arena.allocate(3_000);
        arena.reset();
        assert_eq!(arena.allocate(100), first);
    }

    #[test]
    fn a_stream_of_large_records_settles_in_one_block() {
        let mut arena = Arena::new();
        arena.allocate(300_000);
        arena.reset();
        let capacity = arena.block.capacity();
        for _ in 0..1_000 {
            arena.allocate(300_000);
            assert!(arena.large.is_empty());
            arena.reset();
        }
        assert_eq!(arena.block.capacity(), capacity);
    }

    #[test]
    fn the_memory_of_a_huge_record_is_given_back() {
        let mut arena = Arena::new();
        arena.allocate(32 << 20);
        arena.reset();
        assert!(arena.large.is_empty() && arena.block.capacity() <= KEPT);
    }

    #[test]
    fn it_knows_what_it_handed_out() {
        let mut arena = Arena::new();
        for size in [10, 100, 200_000] {
            let copy = arena.allocate(size).cast_const();
            assert!(arena.holds(copy, size) && arena.holds(copy, 0));
            assert!(!arena.holds(copy, size + 16) && !arena.holds(copy, usize::MAX));
        }
        assert!(!arena.holds(std::ptr::null(), 1));
    }

    #[test]
    fn a_restart_holds_the_text_and_nothing_else() {
        let mut arena = Arena::new();
        for size in [0, 3, 100_000] {
            arena.allocate(200_000);
            arena.restart_with(b"text", size);
            let [copy] = arena.large.as_slice() else { panic!("{} copies", arena.large.len()) };
            assert!(copy == b"text" && copy.capacity() >= size);
        }
    }

    #[test]
    fn what_cannot_be_had_is_null() {
        let mut arena = Arena::new();
        assert!(arena.restart_with(b"text", usize::MAX).is_null());
        assert!(arena.allocate(usize::MAX).is_null());
        assert!(arena.allocate(isize::MAX as usize).is_null());
        assert!(!arena.allocate(10).is_null());
    }
}
