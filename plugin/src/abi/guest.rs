//! The state of the module behind its exports, without raw memory.
use super::allocator;
use super::arena::Arena;
use crate::engine::{At, Engine, Outcome};
use crate::rules::{LoadError, Packed};

/// An output buffer larger than this is given back after use, in bytes.
const OUTPUT_KEPT: usize = 1024 * 1024;

pub(super) struct Guest {
    arena: Arena,
    /// A filter call has finished since the last reset of the arena.
    finished: bool,
    engine: Option<Engine>,
    output: Vec<u8>,
}

impl Guest {
    pub(super) const fn new() -> Self {
        Self { arena: Arena::new(), finished: false, engine: None, output: Vec::new() }
    }

    /// Memory for a copy of the host's, with room behind it for what is said of a record that there was no memory
    /// to judge.
    pub(super) fn malloc(&mut self, size: u32) -> *mut u8 {
        if self.finished {
            self.finished = false;
            self.arena.reset();
        }
        self.arena.allocate((size as usize).saturating_add(self.room_behind()))
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
        self.finished = true;
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

    /// How many bytes behind a record of `len` bytes at `address` are [`Self::mark`]'s to use: none where the
    /// address is not one that [`Self::malloc`] gave.
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

    /// The output's address, with a NUL behind it. The engine leaves room for it.
    fn terminated(&mut self) -> *const u8 {
        self.output.push(0);
        self.output.as_ptr()
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
        allocator::finish_baking();
        code
    }
}
