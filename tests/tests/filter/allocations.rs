//! The core, natively, when an allocation fails: every one that is the first to find no memory, in turn.
//!
//! Memory is bounded in bytes, as it is for a module. What is smaller than a slot of the module's reserve
//! (`plugin/src/abi/slots.rs`) always succeeds, as it does there. An allocation that cannot report its failure ends the
//! process, and with it this test.
#![allow(unsafe_code, reason = "an allocator of the test's own, which refuses")]

use schtag::engine::{At, Engine, Outcome};
use schtag_properties::text::{is_key, is_object, members};
use schtag_tests::{hungry, pack};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The size in bytes up to which an allocation always succeeds.
const SMALL: usize = 1024;

thread_local! {
    /// The bytes that this thread may still allocate, while it counts.
    static LEFT: Cell<Option<isize>> = const { Cell::new(None) };
    /// The bytes that were missing for the first allocation that was refused.
    static MISSING: Cell<isize> = const { Cell::new(0) };
    static REFUSED: Cell<usize> = const { Cell::new(0) };
}

struct Bounded;

/// Returns whether `size` bytes may be allocated.
fn granted(size: usize) -> bool {
    let Some(left) = LEFT.get() else { return true };
    let after = left - size as isize;
    if after < 0 && size > SMALL {
        if REFUSED.get() == 0 {
            MISSING.set(-after);
        }
        REFUSED.set(REFUSED.get() + 1);
        return false;
    }
    LEFT.set(Some(after));
    true
}

fn given_back(size: usize) {
    LEFT.set(LEFT.get().map(|left| left + size as isize));
}

// SAFETY: every call goes to `System` with the caller's own arguments, or gives null. `realloc` keeps the trait's
// default form, which is made of the others.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        if granted(layout.size()) { unsafe { System.alloc(layout) } } else { std::ptr::null_mut() }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        given_back(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(block, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

/// Processes a record with `bytes` of memory. What came of it, and how much more the first allocation that was refused
/// would have needed.
fn process(engine: &mut Engine, record: &[u8], bytes: isize) -> (Outcome, Vec<u8>, isize) {
    let mut out = Vec::new();
    REFUSED.set(0);
    MISSING.set(0);
    LEFT.set(Some(bytes));
    let outcome = engine.process(record, At::default(), &mut out);
    LEFT.set(None);
    (outcome, out, MISSING.get())
}

#[test]
fn whichever_allocation_fails_first_the_record_comes_back() {
    let packed = pack::packed().unwrap();
    for (name, record) in hungry::inputs() {
        println!("{name}");
        let mut engine = Engine::new(packed.clone()).unwrap();
        let (whole, expected, _) = process(&mut engine, &record, isize::MAX);
        let mut bytes = 0;
        let mut points = 0;
        loop {
            // What an engine keeps from record to record must not hide an allocation.
            let mut engine = Engine::new(packed.clone()).unwrap();
            let (outcome, out, missing) = process(&mut engine, &record, bytes);
            match outcome {
                Outcome::NoMemory => {
                    let mut copy = record.clone();
                    copy.resize(record.len() + engine.room_behind(), 0);
                    LEFT.set(Some(0));
                    let len = engine.mark(&mut copy, record.len()).unwrap();
                    LEFT.set(None);
                    copy.truncate(len);
                    assert!(is_object(&copy), "{name}, {bytes} bytes");
                    let own = members(&copy).into_iter().filter(|(key, _)| is_key(key, "schtag")).count();
                    assert_eq!(own, 1, "{name}, {bytes} bytes");
                }
                outcome => {
                    assert!((outcome, &out) == (whole, &expected), "{name}, {bytes} bytes: {outcome:?}")
                }
            }
            if missing == 0 {
                assert_eq!(outcome, whole);
                break;
            }
            points += 1;
            bytes += missing;
        }
        println!("  {points} allocations could fail first; {bytes} bytes are enough for {}", record.len());
    }
}
