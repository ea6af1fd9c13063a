//! The state of the module behind its exports, without raw memory.
use super::allocator;
use super::arena::Arena;
use super::buffers::{Buffer, Buffers};
use super::row_binary::{BlockError, map_rows, push_row};
use crate::engine::{At, Engine, Outcome};
use crate::rules::{LoadError, Packed};
use crate::verdict;

/// The answer of every function but the filter to a host that has handed over copies, as only Fluent Bit does: its
/// `function_name` is wrong. It takes an answer for a C string and logs one that is not JSON. Answers that are JSON now
/// and then would make it free memory twice (5.1.1, `plugins/filter_wasm/filter_wasm.c`).
const WRONG_FUNCTION: &[u8] = b"set function_name: schtag_filter\0";
/// The copies that a host makes for a call of the filter: a tag and a record.
const COPIES: u8 = 2;

/// An output buffer larger than this is given back after use, in bytes.
const OUTPUT_KEPT: usize = 1024 * 1024;

pub(super) struct Guest {
    arena: Arena,
    /// The copies that were handed out since the last call of the filter.
    copies: u8,
    engine: Option<Engine>,
    output: Vec<u8>,
    buffers: Buffers,
}

impl Guest {
    pub(super) const fn new() -> Self {
        Self { arena: Arena::new(), copies: 0, engine: None, output: Vec::new(), buffers: Buffers::new() }
    }

    /// Memory for a copy of the host's, with room after it for the tag of a record that there was no memory
    /// to judge.
    pub(super) fn malloc(&mut self, size: u32) -> *mut u8 {
        let size = (size as usize).saturating_add(self.room_behind());
        match self.copies {
            0 => self.arena.reset(),
            COPIES.. => return self.arena.restart_with(WRONG_FUNCTION, size),
            _ => {}
        }
        self.copies = self.copies.saturating_add(1);
        self.arena.allocate(size)
    }

    fn room_behind(&self) -> usize {
        self.engine.as_ref().map_or(0, Engine::room_behind)
    }

    /// Judges the record; `None` where [`Self::mark`] has to make what replaces it.
    pub(super) fn filter(
        &mut self,
        record: &[u8],
        address: *const u8,
        sec: u32,
        nsec: u32,
    ) -> Option<*const u8> {
        self.copies = 0;
        if self.output.capacity() > OUTPUT_KEPT {
            self.output = Vec::new();
        }
        let engine = self.engine.get_or_insert_with(Engine::unbaked);
        if address.is_null() {
            return Some(engine.lost_copy().as_ptr());
        }
        match engine.process(record, At { seconds: sec, nanoseconds: nsec }, &mut self.output) {
            Outcome::Unchanged => Some(address),
            Outcome::Replaced => Some(self.terminated()),
            Outcome::NoMemory => None,
        }
    }

    /// Returns the number of bytes after a record of `len` bytes at `address` that [`Self::mark`] may use: none where
    /// the address is not one that [`Self::malloc`] gave.
    pub(super) fn room(&self, address: *const u8, len: u32) -> usize {
        let room = self.room_behind();
        if self.arena.holds(address, (len as usize).saturating_add(room)) { room } else { 0 }
    }

    /// Marks the record of `len` bytes that `copy` begins with as one that there was no memory to judge; gives the
    /// address of the result.
    pub(super) fn mark(&mut self, copy: &mut [u8], len: u32) -> *const u8 {
        let engine = self.engine.get_or_insert_with(Engine::unbaked);
        // The last byte is for the NUL.
        let room = copy.len().saturating_sub(1);
        let marked = copy.get_mut(..room).and_then(|copy| engine.mark(copy, len as usize));
        match marked.and_then(|end| copy.get_mut(end)) {
            Some(nul) => {
                *nul = 0;
                copy.as_ptr()
            }
            None => engine.lost_copy().as_ptr(),
        }
    }

    /// Ends the output with a NUL and returns its address. The engine leaves room for it.
    fn terminated(&mut self) -> *const u8 {
        self.output.push(0);
        self.output.as_ptr()
    }

    /// The answer to a host that is not ClickHouse, which never asks for the memory of a copy.
    fn refusal(&self) -> Option<*const Buffer> {
        (self.copies > 0).then_some(WRONG_FUNCTION.as_ptr().cast())
    }

    pub(super) fn create_buffer(&mut self, size: u32) -> *const Buffer {
        if let Some(refusal) = self.refusal() {
            return refusal;
        }
        self.buffers.create(size as usize)
    }

    pub(super) fn destroy_buffer(&mut self, handle: *const Buffer) {
        self.buffers.destroy(handle);
    }

    /// Judges a block of rows, each by itself; gives the handle of a block with a tag for each.
    pub(super) fn tag_rows(&mut self, handle: *const Buffer, rows: u32) -> *const Buffer {
        if let Some(refusal) = self.refusal() {
            return refusal;
        }
        let engine = self.engine.get_or_insert_with(Engine::unbaked);
        let block = self.buffers.get(handle).ok_or(BlockError::Malformed);
        let mut tags = Vec::new();
        let answered = block.and_then(|block| {
            map_rows(block, rows, |record, seconds| {
                push_row(&mut tags, engine.tag(record, At { seconds, nanoseconds: 0 }))
            })
        });
        if answered == Err(BlockError::Malformed) {
            let mut complaint = Vec::new();
            verdict::write_misread_rows(&mut complaint);
            tags.clear();
            if push_row(&mut tags, &complaint).is_err() {
                return std::ptr::null();
            }
        } else if answered.is_err() {
            return std::ptr::null();
        }
        self.buffers.keep(tags)
    }

    pub(super) fn load(&mut self, bytes: &[u8]) -> u32 {
        let loaded = Packed::from_bytes(bytes).and_then(Engine::new);
        let code = match loaded {
            Ok(engine) => {
                self.engine = Some(engine);
                0
            }
            Err(LoadError::NotAPack) => 1,
            Err(LoadError::OtherFormat) => 2,
            Err(LoadError::Unusable(_)) => 3,
        };
        self.arena.clear();
        self.copies = 0;
        allocator::finish_baking();
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a block of rows stands, as the host would write it.
    fn written(guest: &mut Guest, records: &[&str]) -> *const Buffer {
        let mut block = Vec::new();
        for record in records {
            push_row(&mut block, record.as_bytes()).unwrap();
            block.extend(0_u32.to_le_bytes());
        }
        guest.buffers.keep(block)
    }

    #[test]
    fn each_row_gets_an_answer() {
        let mut guest = Guest::new();
        let records = [r#"{"a":1}"#, r#"{"EventID":4698,"TaskName":"\\T","TaskContent":"<Task/>"}"#, ""];
        let handle = written(&mut guest, &records);
        let result = guest.tag_rows(handle, 3);
        let block = guest.buffers.get(result).unwrap();
        assert_eq!(block[0], 0, "nothing to say of the first");
        let text = String::from_utf8_lossy(block);
        assert!(text.contains("no rules") && text.contains("repaired"), "{text}");
        assert!(text.contains("not judged, for want of rules"), "the title does not blame the event: {text}");
    }

    #[test]
    fn a_block_that_cannot_be_read_is_one_row_that_says_so() {
        let mut guest = Guest::new();
        let handle = written(&mut guest, &[r#"{"a":1}"#]);
        for (handle, rows) in [(handle, 2), (handle, 0), (handle.wrapping_add(1), 1), (std::ptr::null(), 9)] {
            let result = guest.tag_rows(handle, rows);
            let block = guest.buffers.get(result).unwrap();
            let text = String::from_utf8_lossy(block);
            assert!(text.contains("unreadable") && text.contains("(String, DateTime)"), "{text}");
            guest.destroy_buffer(result);
        }
        assert!(guest.buffers.get(handle).is_some());
    }

    #[test]
    fn a_host_with_a_wrong_function_name_always_gets_the_same_text() {
        type Function = fn(&mut Guest, u32) -> *const u8;
        let functions: [(&str, Function); 3] = [
            ("malloc", |guest, size| guest.malloc(size).cast_const()),
            ("create_buffer", |guest, size| guest.create_buffer(size).cast()),
            ("tag_rows", |guest, size| guest.tag_rows(std::ptr::null(), size).cast()),
        ];
        for (name, function) in functions {
            let mut guest = Guest::new();
            for record in 0..1_000 {
                for _ in 0..COPIES {
                    assert!(!guest.malloc(1_000).is_null());
                }
                let answer = function(&mut guest, 1_300_000);
                // SAFETY: every answer has at least as many bytes as the text, and the guest is not used meanwhile.
                let text = unsafe { std::slice::from_raw_parts(answer, WRONG_FUNCTION.len()) };
                assert_eq!(text, WRONG_FUNCTION, "{name}, record {record}");
            }
            assert!(!guest.buffers.create(1).is_null(), "a slot is free");
        }
    }

    #[test]
    fn a_copy_too_many_does_not_change_what_the_filter_says() {
        let record = b"{\"a\":1}";
        let mut guest = Guest::new();
        for extra in 0..5 {
            for _ in 0..extra {
                guest.malloc(100);
            }
            let address = guest.malloc(10).cast_const();
            assert_eq!(guest.filter(record, address, 0, 0), Some(address), "{extra}");
            assert!(!guest.create_buffer(1).is_null());
            guest.buffers = Buffers::new();
        }
    }

    #[test]
    fn without_a_slot_for_the_result_it_is_null() {
        let mut guest = Guest::new();
        let handle = written(&mut guest, &[]);
        while !guest.create_buffer(1).is_null() {}
        assert!(guest.tag_rows(handle, 0).is_null());
    }
}
