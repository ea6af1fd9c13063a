//! The core as one thing: a record in, the same record or a tagged one out.

mod judge;
mod reading;

pub use reading::{Reading, Row, read};

use crate::json::{self, Object, Scanner, Sieve};
use crate::rules::{LoadError, Matcher, Packed, Settings, Source};
use crate::shapes;
use crate::verdict;
use judge::{Judge, Past};
use std::borrow::Cow;

/// When a record was taken in, as the host says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct At {
    /// Unix time in seconds.
    pub seconds: u32,
    /// Nanoseconds within that second.
    pub nanoseconds: u32,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It is to be passed on byte for byte.
    Unchanged,
    /// The output buffer holds what replaces it: one JSON object, with room behind it for a NUL.
    Replaced,
}

/// The detection core. It keeps its working memory from record to record, and nothing that grows with their
/// number.
#[derive(Debug)]
pub struct Engine {
    judge: Judge,
    scanner: Scanner,
    /// Holds back the members that decide whether a record is any of our business.
    sieve: Sieve,
    /// A record that was mended, or from which our own member was taken.
    rewritten: Vec<u8>,
    /// The tag being written.
    tag: Vec<u8>,
}

/// Working buffers larger than this are given back after use, in bytes.
const KEPT: usize = 256 * 1024;

impl Engine {
    /// An engine for a pack.
    ///
    /// # Errors
    /// When the pack's parts do not fit together.
    pub fn new(packed: Packed) -> Result<Self, LoadError> {
        Ok(Self::with(Judge::new(Matcher::new(packed.pack)?, packed.hash)))
    }

    /// An engine without rules. It must not look like one that found nothing, so it marks every task event
    /// with a note.
    pub fn unbaked() -> Self {
        Self::with(Judge::without_rules())
    }

    fn with(judge: Judge) -> Self {
        let sieve = shapes::sieve().with(judge.settings().key.as_bytes());
        Self { judge, scanner: Scanner::default(), sieve, rewritten: Vec::new(), tag: Vec::new() }
    }

    /// What the operator set.
    pub fn settings(&self) -> &Settings {
        self.judge.settings()
    }

    /// The rules made ready; `None` of an unbaked engine.
    pub const fn matcher(&self) -> Option<&Matcher> {
        self.judge.matcher()
    }

    /// Judges one record. Whatever its bytes are, the result is one JSON object: the record itself, or what
    /// is in `out`. (Of [`Source::Winevtlog`] it is the operator who vouches for records of other events.)
    pub fn process(&mut self, record: &[u8], at: At, out: &mut Vec<u8>) -> Outcome {
        out.clear();
        if self.judge.settings().source == Source::Winevtlog && shapes::begins_as_another_event(record) {
            return Outcome::Unchanged;
        }
        match self.look(record) {
            Some(false) => Outcome::Unchanged,
            Some(true) => self.judge(record, at, out),
            None => {
                self.mend(record, at, out);
                self.give_back();
                Outcome::Replaced
            }
        }
    }

    /// The tag that [`Self::process`] gives a record that is alone: rules over several events have no say and do
    /// not remember it, so that the result depends on the arguments only. Empty when there is none. Nobody vouches
    /// for stored records, so every one is read, of whatever [`Source`].
    pub fn tag(&mut self, record: &[u8], at: At) -> &[u8] {
        self.give_back();
        self.tag.clear();
        let concerns_us = self.look(record);
        let Self { judge, scanner, rewritten, tag, .. } = self;
        match concerns_us {
            Some(false) => {}
            // The answer to a row must not be silence for want of memory.
            _ if !reading::has_headroom(record.len()) => verdict::write_lost(tag),
            Some(true) => {
                if let Ok(object) = scanner.scan(record) {
                    judge.judge(&object, at, Past::Ignored, tag);
                }
            }
            None => match mended(record, scanner, rewritten) {
                Some((object, what)) => {
                    if !judge.judge(&object, at, Past::Ignored, tag) {
                        verdict::write_repaired(tag, &what);
                    }
                }
                None => verdict::write_lost(tag),
            },
        }
        tag
    }

    /// Whether a record may be a task event, or carries a member of our own key; `None` when it is not one JSON
    /// object.
    fn look(&mut self, record: &[u8]) -> Option<bool> {
        let sifted = self.scanner.sift(record, &self.sieve).ok()?;
        Some(concerns_us(&sifted, self.judge.settings()))
    }

    /// Judges a valid record with all its members.
    #[inline(never)]
    fn judge(&mut self, record: &[u8], at: At, out: &mut Vec<u8>) -> Outcome {
        let Self { judge, scanner, rewritten, tag, .. } = self;
        let Ok(object) = scanner.scan(record) else { return Outcome::Unchanged };
        let found = judge.judge(&object, at, Past::Counts, tag);
        let own = object.get(&judge.settings().key).is_some();
        if !found && !own {
            return Outcome::Unchanged;
        }
        let written = write(record, &object, judge, own.then_some(rewritten), found.then_some(&*tag), out);
        self.give_back();
        if written { Outcome::Replaced } else { Outcome::Unchanged }
    }

    /// Describes a record whose copy the host could not allocate: all that is left of it is that it was there.
    pub fn describe_lost_copy(&self, out: &mut Vec<u8>) {
        verdict::write_lost_copy(out, self.settings());
        out.reserve(1);
    }

    /// Makes a valid record of one that is not, and judges it.
    #[cold]
    #[inline(never)]
    fn mend(&mut self, record: &[u8], at: At, out: &mut Vec<u8>) {
        let Self { judge, scanner, rewritten, tag, .. } = self;
        let Some((object, what)) = mended(record, scanner, rewritten) else {
            // Not even the wrapped text fits into memory: what is left is to say so.
            verdict::write_lost_copy(out, judge.settings());
            return;
        };
        if !judge.judge(&object, at, Past::Counts, tag) {
            verdict::write_repaired(tag, &what);
        }
        let own = object.get(&judge.settings().key).is_some();
        let mut without = Vec::new();
        if !write(object.text(), &object, judge, own.then_some(&mut without), Some(tag), out) {
            out.clear();
            out.extend_from_slice(object.text());
            out.reserve(1);
        }
    }

    fn give_back(&mut self) {
        for buffer in [&mut self.rewritten, &mut self.tag] {
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
    }
}

/// A valid record made of one that is not, and what was wrong; `None` when there is no memory for it.
fn mended<'m>(
    record: &[u8],
    scanner: &'m mut Scanner,
    rewritten: &'m mut Vec<u8>,
) -> Option<(Object<'m>, Cow<'static, str>)> {
    rewritten.clear();
    let repaired = json::repair(rewritten, record).ok()?;
    // `repair` gives valid objects only.
    let object = scanner.scan(rewritten).ok()?;
    Some((object, repaired.what))
}

/// Whether a record may be a task event, or carries a member of our own key.
fn concerns_us(sifted: &Object<'_>, settings: &Settings) -> bool {
    sifted.get(&settings.key).is_some() || shapes::change(sifted).is_some()
}

/// Writes a record with its own tag and no other: a member of our key that came with it is taken out first
/// (through the buffer `without`), so that nobody but this module speaks in our name. False, and the output
/// empty, when memory does not suffice.
fn write(
    record: &[u8],
    object: &Object<'_>,
    judge: &Judge,
    without: Option<&mut Vec<u8>>,
    tag: Option<&Vec<u8>>,
    out: &mut Vec<u8>,
) -> bool {
    let key = &judge.settings().key;
    let written = match (without, tag) {
        (None, Some(tag)) => json::append_member(out, record, key, tag).is_ok(),
        (Some(without), Some(tag)) => {
            without.clear();
            json::remove_members(without, object, key).is_ok()
                && json::append_member(out, without, key, tag).is_ok()
        }
        (Some(_), None) => json::remove_members(out, object, key).is_ok(),
        (None, None) => false,
    };
    let written = written && out.try_reserve(1).is_ok();
    if !written {
        out.clear();
    }
    written
}
