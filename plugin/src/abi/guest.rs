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

    pub(super) fn malloc(&mut self, size: u32) -> *mut u8 {
        if self.finished {
            self.finished = false;
            self.arena.reset();
        }
        self.arena.allocate(size as usize)
    }

    /// Judges the record that stands at `address`; gives the address of what replaces it.
    pub(super) fn filter(&mut self, record: &[u8], address: *const u8, sec: u32, nsec: u32) -> *const u8 {
        self.finished = true;
        if self.output.capacity() > OUTPUT_KEPT {
            self.output = Vec::new();
        }
        let engine = self.engine.get_or_insert_with(Engine::unbaked);
        if address.is_null() {
            engine.describe_lost_copy(&mut self.output);
            return self.terminated();
        }
        match engine.process(record, At { seconds: sec, nanoseconds: nsec }, &mut self.output) {
            Outcome::Unchanged => address,
            Outcome::Replaced => self.terminated(),
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
