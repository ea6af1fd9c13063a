//! Is this one JSON object?
//!
//! Every record of a stream passes through here, and nearly all leave unchanged, so this is where the
//! filter's time goes.
mod record;
#[cfg(test)]
pub(super) mod reference;
mod state;
mod tokens;

use super::levels::room_around;
use super::pairs;
use super::sieve::Sieve;
use super::stop::Invalid;
use super::window::Tail;
use super::{Member, Object};
use state::Scan;
use std::borrow::Cow;

/// Members that a [`Scanner`] keeps room for from one record to the next.
const KEPT_MEMBERS: usize = 4096;
/// Members that there is room for from the start, where that is asked for.
const ROOM: usize = 512;

/// A validator that keeps its memory from one record to the next.
///
/// The memory is 16 bytes for each top-level member of the record that is remembered, which is at most 3.2
/// times the record's length; of more than 4,096 members it is given back with the next record.
#[derive(Debug)]
pub struct Scanner {
    members: Vec<Member>,
    /// The levels around the innermost ones.
    around: Vec<u32>,
    /// Room for the end of a record.
    tail: Tail,
    /// For the members of objects within the record.
    nothing: Sieve,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::with(Vec::new(), Vec::new())
    }
}

impl Scanner {
    /// A scanner that holds from the start what it needs for records of ordinary form, so that it reads them
    /// even where memory has run out.
    pub(crate) fn with_room() -> Self {
        Self::with(Vec::with_capacity(ROOM), room_around())
    }

    fn with(members: Vec<Member>, around: Vec<u32>) -> Self {
        Self { members, around, tail: Tail::new(), nothing: Sieve::new() }
    }

    /// Checks that `text` is one JSON object, with nothing but white space around it, and remembers its
    /// members.
    ///
    /// Where memory does not suffice for all members, the object [says so](Object::is_complete).
    ///
    /// This is RFC 8259 to the letter: escapes of lone surrogates (`"\ud800"`) and duplicate keys pass,
    /// a byte order mark does not. Its own limits are 65,536 levels of nesting and 4 GiB.
    ///
    /// # Errors
    /// [`Invalid`] says what was expected where.
    pub fn scan<'a>(&'a mut self, text: &'a [u8]) -> Result<Object<'a>, Invalid> {
        self.sift(text, &Sieve::ALL)
    }

    /// The same, but of the members only those are remembered that the sieve holds back; or all, where one of these has a
    /// value that the sieve is asked for. The object's [`len`](Object::len) is that of all of them.
    ///
    /// # Errors
    /// [`Invalid`] says what was expected where.
    pub(crate) fn sift<'a>(&'a mut self, text: &'a [u8], sieve: &Sieve) -> Result<Object<'a>, Invalid> {
        pairs::prepare();
        self.around.clear();
        self.members.clear();
        if self.members.capacity() > KEPT_MEMBERS {
            // Shrinking would end the program where memory has run out.
            self.members = Vec::new();
            let _ = self.members.try_reserve_exact(KEPT_MEMBERS);
        }
        if u32::try_from(text.len()).is_err() {
            return Err(Invalid { at: 0, expected: "less than 4 GiB" });
        }
        let Self { members, around, tail, nothing } = self;
        let mut scan = Scan::new(text, sieve, nothing, members, around, tail);
        scan.record()?;
        if scan.seen.wants_all {
            around.clear();
            members.clear();
            scan = Scan::new(text, &Sieve::ALL, nothing, members, around, tail);
            scan.record()?;
        }
        let seen = scan.seen;
        let object =
            Object::new(text, Cow::Borrowed(&*members), (seen.count, seen.objects), seen.has_escaped_keys);
        Ok(if seen.is_complete { object } else { object.incomplete() })
    }
}

#[cfg(test)]
mod tests;
