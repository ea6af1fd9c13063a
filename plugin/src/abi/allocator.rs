//! The global allocator: small blocks by size, and the standard one for the others. It wipes what it hands out and what it
//! frees while the module is being baked, so that the baked module holds no leftovers of the building of its automata,
//! and has something set aside for small allocations when the host gives no more memory: most code cannot report that
//! an allocation failed, and would trap, which loses the record.
#[cfg(any(target_arch = "wasm32", test))]
use super::slots::Slots;
#[cfg(any(target_arch = "wasm32", test))]
use super::small::Small;
#[cfg(any(target_arch = "wasm32", test))]
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(any(target_arch = "wasm32", test))]
struct Wiping;

/// True until the pack is loaded.
static BAKING: AtomicBool = AtomicBool::new(true);

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

/// The pack is loaded: from now on freeing is just freeing.
pub(super) fn finish_baking() {
    #[cfg(target_arch = "wasm32")]
    wipe_stack();
    BAKING.store(false, Ordering::Relaxed);
}

/// Wipes what calls have left on the shadow stack.
#[cfg(target_arch = "wasm32")]
#[inline(never)]
fn wipe_stack() {
    std::hint::black_box(&mut [0_u8; 64 << 10]);
}

/// For when memory has run out.
#[cfg(any(target_arch = "wasm32", test))]
static SLOTS: Slots = Slots::new();

/// For most allocations of a record.
#[cfg(any(target_arch = "wasm32", test))]
static SMALL: Small = Small::new();

#[cfg(any(target_arch = "wasm32", test))]
// SAFETY: a block is a small one, `System`'s or a slot, and goes back to where it came from with the caller's own arguments.
// `alloc` and `dealloc` write zeros to a block of `System`'s while the module is being baked; the caller owns it until it is
// freed. `realloc` is the trait's default form, but for the case that `System` does it. `alloc_zeroed` keeps the
// default form, which is made of `alloc`.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let is_baking = BAKING.load(Ordering::Relaxed);
        if !is_baking {
            let block = SMALL.take(layout);
            if !block.is_null() {
                return block;
            }
        }
        // SAFETY: the caller's promises are passed on.
        let block = unsafe { System.alloc(layout) };
        if block.is_null() {
            return SLOTS.take(layout);
        }
        if is_baking {
            // A large block that is not yet filled holds headers of the small blocks that were freed there.
            // SAFETY: the block was just allocated with `layout.size()` bytes.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if SMALL.holds(block) {
            // SAFETY: the block was given for the layout, and the caller frees it.
            unsafe { SMALL.give_back(block, layout) };
            return;
        }
        if SLOTS.holds(block) {
            SLOTS.give_back(block);
            return;
        }
        if BAKING.load(Ordering::Relaxed) {
            // SAFETY: the block has `layout.size()` bytes and belongs to the caller.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if SMALL.holds(block) {
            if Small::is_same(layout, new_size) {
                return block;
            }
        } else if !BAKING.load(Ordering::Relaxed) && !SLOTS.holds(block) {
            // SAFETY: the caller's promises are passed on; the block is no other's, so it is `System`'s.
            let new_block = unsafe { System.realloc(block, layout, new_size) };
            if !new_block.is_null() {
                return new_block;
            }
        }
        // SAFETY: the trait promises that `new_size`, rounded up to the alignment, fits `isize`.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: the caller's promises are passed on.
        let new_block = unsafe { self.alloc(new_layout) };
        if !new_block.is_null() {
            // SAFETY: both blocks hold at least the smaller of the two sizes, and they are distinct.
            unsafe { new_block.copy_from_nonoverlapping(block, layout.size().min(new_size)) };
            // SAFETY: the block was the caller's, allocated with this layout.
            unsafe { self.dealloc(block, layout) };
        }
        new_block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_keeps_the_contents_while_baking() {
        let layout = Layout::from_size_align(16, 8).unwrap();
        // SAFETY: the layout has a size, the block is checked, written before it is read, and freed once.
        unsafe {
            let block = Wiping.alloc(layout);
            assert!(!block.is_null());
            block.write_bytes(7, 16);
            let grown = Wiping.realloc(block, layout, 64);
            assert!(!grown.is_null());
            assert_eq!(std::slice::from_raw_parts(grown, 16), [7; 16]);
            Wiping.dealloc(grown, Layout::from_size_align(64, 8).unwrap());
        }
    }
}
