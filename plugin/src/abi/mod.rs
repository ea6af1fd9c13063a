//! The functions that hosts call: Fluent Bit `schtag_filter`, `malloc` and `free`; ClickHouse `clickhouse_tag` and the two
//! functions for its buffers; and `schtag_load` before the module is baked.
//!
//! Source for the first: Fluent Bit's `src/wasm/flb_wasm.c` (`flb_wasm_call_function_format_json`) and
//! `plugins/filter_wasm/filter_wasm.c`. For each record the host
//!
//! 1. copies the tag and the record, both with a NUL after them, to addresses that `malloc` gives,
//! 2. calls the filter, 3. copies the C string at the address that it returns, 4. calls `free` for the
//!    record and the tag, except in versions that never do.
//!
//! `malloc` and `free` are exported because a module that lacks either gets a host-managed heap of 8 KiB,
//! in which one large event fails.
//!
//! Source for the second: ClickHouse's documentation of WebAssembly functions, `ABI BUFFERED_V1`. For each block
//! of rows the host creates a buffer, writes the rows there, calls the function, reads the buffer that it
//! returns, and destroys both.
//!
//! This is the only module with `unsafe` code.
#![allow(unsafe_code, reason = "the boundary to the host: raw addresses in linear memory")]

mod allocator;
mod arena;
mod buffers;
mod guest;
mod row_binary;
#[cfg(any(target_arch = "wasm32", test))]
mod slots;
#[cfg(any(target_arch = "wasm32", test))]
mod small;

use buffers::Buffer;
use guest::Guest;
use std::cell::UnsafeCell;

/// The module's state. WebAssembly without threads has one caller at a time.
struct Single(UnsafeCell<Guest>);

// SAFETY: wasm32-unknown-unknown is built without threads, and the host enters an instance once at a time
// (Fluent Bit holds a lock for each filter). The exports are compiled for wasm32 alone, so no native thread
// can reach this.
unsafe impl Sync for Single {}

static GUEST: Single = Single(UnsafeCell::new(Guest::new()));

/// Runs `f` with the module's state.
fn with_guest<T>(f: impl FnOnce(&mut Guest) -> T) -> T {
    // SAFETY: see `Single`: there is one caller, and no export calls another, so this is the only reference.
    f(unsafe { &mut *GUEST.0.get() })
}

/// The bytes at an address that the host filled, empty for a null address.
///
/// # Safety
/// `len` bytes at `start` must be initialised memory that nobody writes to while the result is in use.
unsafe fn host_bytes<'a>(start: *const u8, len: u32) -> &'a [u8] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise; the host got the address from `malloc` and wrote `len` bytes there.
    unsafe { std::slice::from_raw_parts(start, len as usize) }
}

/// The filter: a record in, the address of a record out.
///
/// `tag` has `tag_len` bytes and may lack its NUL; `sec` and `nsec` are the record's time; `record` is a JSON
/// object of `record_len` bytes with a NUL after it, or null when the host could not allocate the copy.
///
/// Returns `record` itself when nothing is to be changed, else the address of a NUL-terminated JSON object
/// that stays until the next call. Never null, never empty, never invalid JSON: each of these makes Fluent
/// Bit drop the record.
///
/// # Safety
/// `record` is null, or `record_len` bytes that nobody writes to during the call.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub unsafe extern "C" fn schtag_filter(
    _tag: *const u8,
    _tag_len: u32,
    sec: u32,
    nsec: u32,
    record: *const u8,
    record_len: u32,
) -> *const u8 {
    // SAFETY: the host wrote `record_len` bytes and a NUL at `record`, an address from `malloc`, and waits for
    // this call to return.
    let bytes = unsafe { host_bytes(record, record_len) };
    with_guest(|guest| match guest.filter(bytes, record, sec, nsec) {
        Some(address) => address,
        None => {
            let room = guest.room(record, record_len);
            // SAFETY: the record is not looked at from here on but through this slice, and the arena says that
            // the bytes after it belong to the same copy.
            let copy = unsafe { host_copy(record.cast_mut(), record_len as usize, room) };
            guest.mark(copy, record_len)
        }
    })
}

/// Returns the host's copy of `len` bytes with the room after it, which is wiped.
///
/// # Safety
/// `len` initialised bytes and `room` more at `start` must be memory of one block that nobody else uses while the
/// result is in use.
unsafe fn host_copy<'a>(start: *mut u8, len: usize, room: usize) -> &'a mut [u8] {
    // SAFETY: the caller's promise.
    unsafe {
        start.add(len).write_bytes(0, room);
        std::slice::from_raw_parts_mut(start, len.saturating_add(room))
    }
}

/// Memory for one copy of the host's, or null when there is no more.
///
/// The first call after a finished [`schtag_filter`] gives back every earlier copy, since several versions of
/// Fluent Bit never call [`free`].
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn malloc(size: u32) -> *mut u8 {
    with_guest(|guest| guest.malloc(size))
}

/// Does nothing: copies live until the first [`malloc`] after the call that they were made for. Any address
/// is tolerated.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn free(_address: *mut u8) {}

/// A buffer of `size` bytes for the host to fill, as the address of a pointer and a size; null when there is no
/// memory, or eight are in use.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn clickhouse_create_buffer(size: u32) -> *const Buffer {
    with_guest(|guest| guest.create_buffer(size))
}

/// Gives a buffer's memory back. Any address is tolerated: it is compared, never followed.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn clickhouse_destroy_buffer(handle: *const Buffer) {
    with_guest(|guest| guest.destroy_buffer(handle));
}

/// The tag of each record in a block of rows.
///
/// `handle` is a buffer of `rows` rows (record String, time DateTime) in `RowBinary`; the result is one of as
/// many rows (String): the tag's JSON object, empty for a record of which there is nothing to say. Each row is
/// judged by itself, without rules over several events, so that equal arguments give equal results.
///
/// Input that is not such a block gives one row that says so, which ClickHouse refuses where it expects another
/// number; null when there is no memory for the result, which it refuses, too.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn clickhouse_tag(handle: *const Buffer, rows: u32) -> *const Buffer {
    with_guest(|guest| guest.tag_rows(handle, rows))
}

/// Loads a pack, before the module is baked; the export is gone afterwards.
///
/// `pack` is a [`Packed`](crate::rules::Packed) in postcard form. Returns 0 when it is loaded, 1 when it is
/// not a pack, 2 when it is of another format, 3 when one of its parts cannot be used.
///
/// # Safety
/// `pack` is null, or `len` bytes that nobody writes to during the call.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub unsafe extern "C" fn schtag_load(pack: *const u8, len: u32) -> u32 {
    // SAFETY: the baking host wrote `len` bytes at `pack`, an address from `malloc`.
    let bytes = unsafe { host_bytes(pack, len) };
    with_guest(|guest| guest.load(bytes))
}
