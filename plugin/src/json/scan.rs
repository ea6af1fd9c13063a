//! Is this one JSON object?
use super::{Member, Object};

/// Why a text is not one JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// Byte offset of the first byte that does not fit.
    pub at: usize,
    /// What was expected there, in words.
    pub expected: &'static str,
}

/// A validator that keeps its memory from one record to the next.
#[derive(Debug, Default)]
pub struct Scanner {
    members: Vec<Member>,
}

impl Scanner {
    /// Checks that `text` is one JSON object, with nothing but white space around it, and remembers its
    /// members. On an error the members are those seen so far.
    pub fn scan<'a>(&'a mut self, text: &'a [u8]) -> Result<Object<'a>, Invalid> {
        let _ = text;
        todo!()
    }
}
