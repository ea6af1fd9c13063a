//! The buffers through which ClickHouse passes blocks of rows.
//!
//! Source: ClickHouse's `src/Functions/UserDefined/UserDefinedWebAssembly.cpp` (`WasmMemoryManagerV01`,
//! `UserDefinedWebAssemblyFunctionBufferedV1`): a handle is the address of a pointer and a size; the host writes
//! through the pointer and never changes the pair. It has one buffer for its input and one for the result.

/// The most buffers in use at a time.
const SLOTS: usize = 8;

/// The memory that a handle points to. The host reads the first two members.
#[repr(C)]
#[derive(Debug)]
pub struct Buffer {
    data: *const u8,
    size: usize,
    /// Owns what the pair above describes; `None` in a slot that is free.
    bytes: Option<Vec<u8>>,
}

impl Buffer {
    const FREE: Self = Self { data: std::ptr::null(), size: 0, bytes: None };
}

/// The buffers, in slots that never move: a handle is valid while it is the address of a slot in use.
#[derive(Debug)]
pub(super) struct Buffers([Buffer; SLOTS]);

impl Buffers {
    pub(super) const fn new() -> Self {
        Self([Buffer::FREE; SLOTS])
    }

    /// A buffer of `size` zeros for the host to write to, or null when there is no more room.
    pub(super) fn create(&mut self, size: usize) -> *const Buffer {
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(size).is_err() {
            return std::ptr::null();
        }
        bytes.resize(size, 0);
        self.keep(bytes)
    }

    /// Makes a buffer of `bytes`; null when all slots are in use.
    pub(super) fn keep(&mut self, mut bytes: Vec<u8>) -> *const Buffer {
        let Some(slot) = self.0.iter_mut().find(|slot| slot.bytes.is_none()) else {
            return std::ptr::null();
        };
        // Mutable, since the host may write there.
        slot.data = bytes.as_mut_ptr();
        slot.size = bytes.len();
        slot.bytes = Some(bytes);
        slot
    }

    /// Returns what the host wrote; `None` for a handle that is not in use.
    pub(super) fn get(&self, handle: *const Buffer) -> Option<&[u8]> {
        self.0.iter().find(|slot| std::ptr::eq(*slot, handle))?.bytes.as_deref()
    }

    /// Gives a buffer's memory back. A handle that is not in use is tolerated.
    pub(super) fn destroy(&mut self, handle: *const Buffer) {
        if let Some(slot) = self.0.iter_mut().find(|slot| std::ptr::eq(*slot, handle)) {
            *slot = Buffer::FREE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_lives_from_create_to_destroy() {
        let mut buffers = Buffers::new();
        let handle = buffers.create(5);
        assert_eq!(buffers.get(handle), Some([0; 5].as_slice()));
        buffers.destroy(handle);
        assert_eq!(buffers.get(handle), None);
        buffers.destroy(handle);
        let empty = buffers.create(0);
        assert_eq!(buffers.get(empty), Some([].as_slice()));
    }

    #[test]
    fn the_pair_describes_the_bytes() {
        let mut buffers = Buffers::new();
        buffers.keep(b"first".to_vec());
        buffers.keep(b"second".to_vec());
        for (slot, expected) in buffers.0.iter().zip([b"first".as_slice(), b"second"]) {
            let bytes = slot.bytes.as_deref().unwrap();
            assert_eq!((slot.data, slot.size), (bytes.as_ptr(), expected.len()));
            assert_eq!(bytes, expected);
        }
    }

    #[test]
    fn unknown_handles_are_tolerated() {
        let mut buffers = Buffers::new();
        let handle = buffers.create(8);
        for unknown in [std::ptr::null(), handle.wrapping_byte_add(4), handle.wrapping_add(SLOTS)] {
            assert_eq!(buffers.get(unknown), None);
            buffers.destroy(unknown);
        }
        assert!(buffers.get(handle).is_some());
    }

    #[test]
    fn there_is_an_end_to_slots_and_memory() {
        let mut buffers = Buffers::new();
        assert!(buffers.create(usize::MAX).is_null());
        let handles: Vec<_> = (0..SLOTS).map(|size| buffers.create(size)).collect();
        assert!(handles.iter().all(|handle| !handle.is_null()));
        assert!(buffers.create(1).is_null());
        buffers.destroy(handles[3]);
        assert_eq!(buffers.create(1), handles[3]);
    }
}
