//! Small blocks by size. Nine of ten allocations are of at most 256 bytes, and the standard allocator takes ten times as
//! long for each.
use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::ptr::null_mut;

/// Step between the sizes of blocks, and their alignment, in bytes.
const STEP: usize = 16;
/// The number of sizes.
const SIZES: usize = 16;
/// Room for the blocks of each size, in bytes: enough for those of almost every record at a time.
const ROOM: usize = 3 * 1024;

/// Blocks of some sizes, each size with a room of its own, so that what one record leaves cannot be in the way of another.
#[repr(C, align(16))]
pub(super) struct Small {
    bytes: UnsafeCell<[u8; ROOM * SIZES]>,
    rooms: UnsafeCell<[Room; SIZES]>,
}

/// The state of one size.
#[derive(Clone, Copy)]
struct Room {
    /// The block that was given back last; each such block begins with the address of the one before.
    free: *mut u8,
    /// The bytes that were handed out at least once.
    used: usize,
}

// SAFETY: `bytes` and `rooms` are only touched in `take` and `give_back`, by whoever enters the module, one at a time (see
// `super::Single`). Native tests have one of their own each.
unsafe impl Sync for Small {}

impl Small {
    pub(super) const fn new() -> Self {
        let room = Room { free: null_mut(), used: 0 };
        Self { bytes: UnsafeCell::new([0; ROOM * SIZES]), rooms: UnsafeCell::new([room; SIZES]) }
    }

    /// Returns the number of the size that a layout takes; [`SIZES`] or more where there is none.
    fn size(layout: Layout) -> usize {
        if layout.align() > STEP { SIZES } else { layout.size().wrapping_sub(1) / STEP }
    }

    /// Returns whether two layouts take the same size.
    pub(super) fn is_same(layout: Layout, new_size: usize) -> bool {
        layout.size().wrapping_sub(1) / STEP == new_size.wrapping_sub(1) / STEP
    }

    /// A block, or null where none is free or the layout is of something larger.
    #[inline]
    pub(super) fn take(&self, layout: Layout) -> *mut u8 {
        let size = Self::size(layout);
        // SAFETY: one caller at a time, and the reference ends with this call.
        let Some(room) = (unsafe { &mut *self.rooms.get() }).get_mut(size) else { return null_mut() };
        if !room.free.is_null() {
            let block = room.free;
            // SAFETY: a block that was given back begins with an address, which `give_back` wrote; it is aligned to `STEP`.
            room.free = unsafe { block.cast::<*mut u8>().read() };
            return block;
        }
        let bytes = (size + 1) * STEP;
        if room.used + bytes > ROOM {
            return null_mut();
        }
        let block = self.start().wrapping_add(size * ROOM + room.used);
        room.used += bytes;
        block
    }

    fn start(&self) -> *mut u8 {
        self.bytes.get().cast()
    }

    /// Returns whether an address is one of a block.
    #[inline]
    pub(super) fn holds(&self, address: *const u8) -> bool {
        (address as usize).wrapping_sub(self.start() as usize) < ROOM * SIZES
    }

    /// Takes back a block.
    ///
    /// # Safety
    /// [`Self::take`] gave the block for the same layout, and nobody uses it any more.
    #[inline]
    pub(super) unsafe fn give_back(&self, block: *mut u8, layout: Layout) {
        // SAFETY: one caller at a time, and the reference ends with this call.
        let rooms = unsafe { &mut *self.rooms.get() };
        if let Some(room) = rooms.get_mut(Self::size(layout)) {
            // SAFETY: the block is the caller's to give, has room for an address, and is aligned to `STEP`.
            unsafe { block.cast::<*mut u8>().write(room.free) };
            room.free = block;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Size of the largest blocks, in bytes.
    const LARGEST: usize = STEP * SIZES;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap()
    }

    #[test]
    fn no_two_blocks_overlap_and_each_is_given_again() {
        let small = Small::new();
        for size in [1, 16, 17, 100, 256] {
            let mut given = Vec::new();
            loop {
                let block = small.take(layout(size));
                if block.is_null() {
                    break;
                }
                assert!(small.holds(block) && (block as usize).is_multiple_of(STEP));
                given.push(block);
            }
            given.sort_unstable();
            assert!(given.windows(2).all(|pair| pair[1] as usize - pair[0] as usize >= size), "{size}");
            assert!(given.len() >= ROOM / LARGEST, "{size}");
            // SAFETY: the blocks were given for this layout.
            given.iter().for_each(|&block| unsafe { small.give_back(block, layout(size)) });
            let mut again: Vec<*mut u8> = given.iter().map(|_| small.take(layout(size))).collect();
            again.sort_unstable();
            assert_eq!(again, given, "{size}");
            // SAFETY: as before.
            again.iter().for_each(|&block| unsafe { small.give_back(block, layout(size)) });
        }
    }

    #[test]
    fn what_is_larger_gets_none() {
        let small = Small::new();
        assert!(small.take(layout(LARGEST + 1)).is_null());
        assert!(small.take(Layout::from_size_align(16, 32).unwrap()).is_null());
        assert!(!small.holds(std::ptr::null()));
    }

    #[test]
    fn sizes_are_told_apart() {
        for (one, other, same) in [(1, 16, true), (16, 17, false), (17, 32, true), (256, 257, false)] {
            assert_eq!(Small::is_same(layout(one), other), same, "{one} and {other}");
        }
    }
}
