//! Memory set aside for the small allocations that cannot report a failure.
use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering};

/// Size of a slot, in bytes. Whatever the filter allocates before it has made sure of its memory, and cannot do
/// without, is smaller: an unescaped key or number, the words of a note.
const SIZE: usize = 1024;
/// The number of slots.
const COUNT: usize = 32;

/// Blocks of one size, each free or taken.
#[repr(C, align(16))]
pub(super) struct Slots {
    bytes: UnsafeCell<[u8; SIZE * COUNT]>,
    /// A bit for each slot, set while it is taken.
    taken: AtomicU32,
}

// SAFETY: `taken` decides who owns which part of `bytes`, and is only changed by whoever enters the module, one at
// a time (see `super::Single`).
unsafe impl Sync for Slots {}

impl Slots {
    pub(super) const fn new() -> Self {
        Self { bytes: UnsafeCell::new([0; SIZE * COUNT]), taken: AtomicU32::new(0) }
    }

    fn start(&self) -> *mut u8 {
        self.bytes.get().cast()
    }

    /// A free slot, or null where none is free or the layout is of something larger.
    #[cold]
    pub(super) fn take(&self, layout: Layout) -> *mut u8 {
        let taken = self.taken.load(Ordering::Relaxed);
        let slot = taken.trailing_ones();
        if layout.size() > SIZE || layout.align() > 16 || slot as usize >= COUNT {
            return null_mut();
        }
        self.taken.store(taken | 1 << slot, Ordering::Relaxed);
        self.start().wrapping_add(slot as usize * SIZE)
    }

    /// Returns whether an address is one of a slot.
    pub(super) fn holds(&self, address: *const u8) -> bool {
        (address as usize).wrapping_sub(self.start() as usize) < SIZE * COUNT
    }

    /// Frees the slot at an address that [`Self::take`] gave.
    #[cold]
    pub(super) fn give_back(&self, address: *const u8) {
        let slot = (address as usize).wrapping_sub(self.start() as usize) / SIZE;
        let bit = 1_u32.checked_shl(u32::try_from(slot).unwrap_or(u32::MAX)).unwrap_or(0);
        self.taken.store(self.taken.load(Ordering::Relaxed) & !bit, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_is_given_once_until_it_comes_back() {
        let slots = Slots::new();
        let layout = Layout::from_size_align(SIZE, 16).unwrap();
        let mut given: Vec<*mut u8> = (0..COUNT).map(|_| slots.take(layout)).collect();
        assert!(
            given
                .iter()
                .all(|slot| !slot.is_null() && slots.holds(*slot) && (*slot as usize).is_multiple_of(16))
        );
        given.sort_unstable();
        given.dedup();
        assert_eq!(given.len(), COUNT);
        assert!(slots.take(layout).is_null());
        slots.give_back(given[7]);
        assert_eq!(slots.take(layout), given[7]);
        assert!(slots.take(layout).is_null());
    }

    #[test]
    fn what_is_larger_gets_none() {
        let slots = Slots::new();
        assert!(slots.take(Layout::from_size_align(SIZE + 1, 1).unwrap()).is_null());
        assert!(slots.take(Layout::from_size_align(8, 32).unwrap()).is_null());
        assert!(!slots.holds(std::ptr::null()));
    }
}
