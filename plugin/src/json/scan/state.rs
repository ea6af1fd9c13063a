//! The state of one pass over one record, and its rarer steps.
use super::tokens::skip_blanks;
use crate::json::Member;
use crate::json::scan_string::{odd_string, other_characters, skip_escapes};
use crate::json::sieve::Sieve;
use crate::json::stop::{Expected, Rest, Stop};
use crate::json::string_end::string_end;
use crate::json::window::{Tail, WINDOW};

/// The facts that a pass has seen of a record, besides its members.
pub(super) struct Seen {
    /// The number of members of the top level.
    pub(super) count: usize,
    /// The number of them that are objects.
    pub(super) objects: usize,
    /// True if a key of the top level has an escape.
    pub(super) has_escaped_keys: bool,
    /// True if there was memory to remember every member that is wanted.
    pub(super) is_complete: bool,
    /// True if a member was met whose value asks for all members, and the rest was not read.
    pub(super) wants_all: bool,
}

/// One pass over one text. Its steps are one loop, so that what they need is in registers, where an interpreter is
/// fastest. What hosts write is tried first everywhere, and white space, of which they write none, only when that fails.
pub(super) struct Scan<'a, 's> {
    pub(super) text: &'a [u8],
    /// Bytes after the text: none, until its end is read from a copy with zeros after it.
    pub(super) padding: usize,
    /// Room for that copy, until it is made.
    tail: Option<&'a mut Tail>,
    pub(super) sieve: &'s Sieve,
    /// Holds back nothing. Not a constant: the compiler would ask each time which of the sieves it is.
    pub(super) nothing: &'s Sieve,
    members: &'s mut Vec<Member>,
    pub(super) around: &'s mut Vec<u32>,
    pub(super) seen: Seen,
}

/// The member of the top level whose value is being read, if it is wanted.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// Where its key begins, after the quote.
    pub(super) key_start: usize,
    pub(super) key_end: usize,
    pub(super) value_start: usize,
}

/// Stands for a member before there is one.
pub(super) const NOTHING: Wanted = Wanted { key_start: 0, key_end: 0, value_start: 0 };

/// So many parts of a string are told apart before it is read in a way that is slower, but the same for all texts.
const FEW: u32 = 8;

impl<'a, 's> Scan<'a, 's> {
    pub(super) fn new(
        text: &'a [u8],
        sieve: &'s Sieve,
        nothing: &'s Sieve,
        members: &'s mut Vec<Member>,
        around: &'s mut Vec<u32>,
        tail: &'a mut Tail,
    ) -> Self {
        let seen =
            Seen { count: 0, objects: 0, has_escaped_keys: false, is_complete: true, wants_all: false };
        Self { text, padding: 0, tail: Some(tail), sieve, nothing, members, around, seen }
    }

    /// The same bytes with zeros after them, where there are fewer than a window has. `None` where that is done already.
    #[inline(never)]
    pub(super) fn padded(&mut self, rest: &[u8]) -> Option<&'a [u8]> {
        let tail = self.tail.take()?;
        self.padding = WINDOW;
        Some(tail.copy(self.text, rest))
    }

    /// Skips a string, from anywhere in it but after a backslash.
    #[inline(never)]
    pub(super) fn string(&mut self, rest: &'a [u8]) -> Rest<'a> {
        let mut rest = rest;
        for _ in 0..FEW {
            if rest.len() < WINDOW {
                rest = self.padded(rest).unwrap_or(rest);
            }
            rest = match rest.first() {
                Some(0x80..) => other_characters(rest)?,
                Some(b'\\') => skip_escapes(rest)?,
                _ => rest,
            };
            rest = rest.get(string_end(rest)..).unwrap_or_default();
            match rest.split_first() {
                Some((b'"', after)) => return Ok(after),
                Some((0x80.. | b'\\', _)) => {}
                _ if rest.len() < WINDOW => {}
                _ => break,
            }
        }
        odd_string(rest)
    }

    /// Skips a key of any form, from after its opening quote, and the colon.
    #[cold]
    #[inline(never)]
    pub(super) fn odd_key(&mut self, rest: &'a [u8]) -> Result<(Wanted, &'a [u8]), Stop<'a>> {
        let key_start = self.offset(rest);
        let after = self.string(rest)?;
        let key_end = self.offset(after).wrapping_sub(1);
        let rest = skip_blanks(after);
        let Some((b':', after)) = rest.split_first() else {
            return Err(Stop { rest, expected: Expected::Colon });
        };
        Ok((Wanted { key_start, key_end, value_start: self.offset(after) }, after))
    }

    /// Adds a member, if there is memory for it. Returns whether its value asks for all members.
    #[inline(never)]
    pub(super) fn remember(&mut self, wanted: Wanted, value_end: usize) -> bool {
        let Wanted { key_start, key_end, value_start } = wanted;
        let value = self.text.get(value_start..value_end).unwrap_or_default();
        if self.sieve.asks_for_all(value) {
            self.seen.wants_all = true;
            return true;
        }
        if self.members.len() == self.members.capacity() && self.members.try_reserve(1).is_err() {
            self.seen.is_complete = false;
            return false;
        }
        self.members.push(Member {
            key_start: key_start as u32,
            key_end: key_end as u32,
            value_start: value_start as u32,
            value_end: value_end as u32,
        });
        false
    }

    /// The member that begins with a key of `len` bytes and a colon.
    #[inline(always)]
    pub(super) fn member(&self, rest: &[u8], len: usize) -> Wanted {
        let key_start = self.offset(rest);
        let key_end = key_start.wrapping_add(len);
        Wanted { key_start, key_end, value_start: key_end.wrapping_add(2) }
    }

    /// Where in the text `rest` begins.
    #[inline(always)]
    pub(super) fn offset(&self, rest: &[u8]) -> usize {
        self.text.len().wrapping_add(self.padding).wrapping_sub(rest.len())
    }
}
