//! The bytes that all requests hold together, within one limit.
//!
//! A request has one [`Share`]. It charges each buffer before the buffer is allocated, by capacity, and gives the
//! bytes back when it is dropped: together with the body that it pays for.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use thiserror::Error;

/// The smallest buffer, in bytes.
const LEAST: usize = 4 << 10;

/// A limit in bytes, and how many of them are held.
#[derive(Debug)]
pub(super) struct Memory {
    limit: usize,
    held: AtomicUsize,
}

/// Why a share does not grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Short {
    /// Other requests hold what is missing: later there will be room.
    #[error("the requests at work hold all of --max-memory")]
    Busy,
    /// This request alone needs more than the limit.
    #[error("the request needs more than --max-memory")]
    Never,
}

impl Memory {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, held: AtomicUsize::new(0) })
    }

    /// The limit in bytes.
    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// The bytes that are held now.
    pub(super) fn held(&self) -> usize {
        self.held.load(Relaxed)
    }

    /// A share that holds nothing yet.
    pub(super) fn share(self: &Arc<Self>) -> Share {
        Share { memory: Arc::clone(self), bytes: 0 }
    }
}

/// The bytes that one request holds.
#[derive(Debug)]
pub(super) struct Share {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Share {
    /// Charges bytes that are about to be allocated.
    ///
    /// # Errors
    /// When the limit does not allow it. The share is then as it was.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), Short> {
        let wanted = self.bytes.saturating_add(bytes);
        if wanted > self.memory.limit {
            return Err(Short::Never);
        }
        let within = |held: usize| held.checked_add(bytes).filter(|held| *held <= self.memory.limit);
        self.memory.held.fetch_update(Relaxed, Relaxed, within).map_err(|_| Short::Busy)?;
        self.bytes = wanted;
        Ok(())
    }

    /// Gives back all but `bytes` bytes.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        let back = self.bytes.saturating_sub(bytes);
        self.memory.held.fetch_sub(back, Relaxed);
        self.bytes = self.bytes.saturating_sub(back);
    }

    /// Appends to a buffer, and charges the capacity that this adds.
    ///
    /// # Errors
    /// When the limit does not allow it. The buffer is then as it was.
    pub(super) fn extend(&mut self, buffer: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Short> {
        let needed = buffer.len().saturating_add(bytes.len());
        if needed > buffer.capacity() {
            let generous = buffer.capacity().saturating_add(buffer.capacity() / 2).max(needed).max(LEAST);
            // Near the limit, what is needed is enough.
            self.reserve(buffer, generous).or_else(|_| self.reserve(buffer, needed))?;
        }
        buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Gives a buffer this capacity, and charges what that adds.
    ///
    /// # Errors
    /// When the limit does not allow it. The buffer is then as it was.
    pub(super) fn reserve(&mut self, buffer: &mut Vec<u8>, capacity: usize) -> Result<(), Short> {
        let added = capacity.saturating_sub(buffer.capacity());
        if added > 0 {
            self.grow(added)?;
            buffer.reserve_exact(capacity.saturating_sub(buffer.len()));
        }
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_grow_within_the_limit_and_give_back_what_they_held() {
        let memory = Memory::new(100);
        let (mut one, mut other) = (memory.share(), memory.share());
        assert_eq!(one.grow(60), Ok(()));
        assert_eq!(other.grow(41), Err(Short::Busy), "one holds what is missing");
        assert_eq!(other.grow(40), Ok(()));
        assert_eq!(one.grow(41), Err(Short::Never), "101 bytes never fit");
        one.shrink_to(10);
        assert_eq!((memory.held(), other.grow(51)), (50, Err(Short::Busy)));
        drop(one);
        assert_eq!((memory.held(), other.grow(60)), (40, Ok(())));
        drop(other);
        assert_eq!(memory.held(), 0);
    }

    #[test]
    fn a_buffer_is_charged_by_its_capacity() {
        let memory = Memory::new(20_000);
        let mut share = memory.share();
        let mut buffer = Vec::new();
        while share.extend(&mut buffer, &[0; 100]).is_ok() {
            assert_eq!(memory.held(), buffer.capacity());
        }
        assert_eq!(buffer.len(), 20_000, "the last step takes what is left");
        assert_eq!(share.extend(&mut buffer, &[0]), Err(Short::Never));
    }
}
