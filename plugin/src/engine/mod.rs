//! The core as one thing: a record in, the same record or a tagged one out.

mod judge;
mod reading;
mod screen;
mod shortage;

pub use reading::{Reading, Row, read};
pub use screen::Screen;

use crate::json::{self, Object, Scanner};
use crate::rules::{LoadError, Matcher, Packed, Settings, Source};
use crate::shapes;
use crate::verdict;
use judge::{Judge, Judged, Past};
use shortage::Reserve;

/// When a record was taken in, as the host says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct At {
    /// Unix time in seconds.
    pub seconds: u32,
    /// Nanoseconds within that second.
    pub nanoseconds: u32,
}

/// The result of processing a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It is to be passed on byte for byte.
    Unchanged,
    /// The output buffer holds the record that replaces it: one JSON object, with room after it for a NUL.
    Replaced,
    /// Memory did not suffice for the result. The record is to be given to [`Engine::mark`].
    NoMemory,
}

/// The detection core. It keeps its working memory from record to record, and nothing that grows with their
/// number.
#[derive(Debug)]
pub struct Engine {
    judge: Judge,
    scanner: Scanner,
    screen: Screen,
    /// A record that was mended, or from which our own member was taken.
    rewritten: Vec<u8>,
    /// The tag being written.
    tag: Vec<u8>,
    /// The texts for records that cannot be processed because memory has run out.
    reserve: Reserve,
}

/// Working buffers larger than this are given back after use, in bytes.
const KEPT: usize = 256 * 1024;
/// More than the tag of a record that was mended has, in bytes.
const SMALL_TAG: usize = 2048;

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
        let screen = Screen::new(&judge.settings().key);
        let reserve = Reserve::new(judge.settings());
        let scanner = Scanner::with_room();
        Self { judge, scanner, screen, rewritten: Vec::new(), tag: Vec::new(), reserve }
    }

    /// Returns what the operator set.
    pub fn settings(&self) -> &Settings {
        self.judge.settings()
    }

    /// The rules made ready; `None` of an unbaked engine.
    pub const fn matcher(&self) -> Option<&Matcher> {
        self.judge.matcher()
    }

    /// Reads the scheduled-task event in a record; `None` when there is none.
    pub fn read<'a>(&self, object: &Object<'a>) -> Option<Reading<'a>> {
        read(object, self.judge.programs())
    }

    /// Judges one record. Whatever its bytes are, the result is one JSON object: the record itself, or what
    /// is in `out`. (Of [`Source::Winevtlog`] it is the operator who vouches for records of other events.) Where
    /// memory does not suffice for that, [`Self::mark`] makes one of the record's own bytes.
    pub fn process(&mut self, record: &[u8], at: At, out: &mut Vec<u8>) -> Outcome {
        out.clear();
        if self.judge.settings().source == Source::Winevtlog && shapes::begins_as_another_event(record) {
            return Outcome::Unchanged;
        }
        match self.screen.held(&mut self.scanner, record) {
            Ok(None) => Outcome::Unchanged,
            Ok(Some(object)) if object.is_whole() => {
                let Self { judge, rewritten, tag, .. } = self;
                let outcome = replace(judge, &object, at, rewritten, tag, out);
                self.give_back();
                outcome
            }
            Ok(Some(_)) => self.judge(record, at, out),
            Err(_) => {
                let written = self.mend(record, at, out);
                self.give_back();
                if written { Outcome::Replaced } else { Outcome::NoMemory }
            }
        }
    }

    /// The tag that [`Self::process`] gives a record that is alone: rules over several events have no say and do
    /// not remember it, so that the result depends on the arguments only. Empty when there is none. Nobody vouches
    /// for stored records, so every one is read, of whatever [`Source`].
    pub(crate) fn tag(&mut self, record: &[u8], at: At) -> &[u8] {
        self.give_back();
        match self.judge_alone(record, at) {
            Judged::Nothing => &[],
            Judged::Tagged | Judged::PassedOn => &self.tag,
            Judged::NoMemory => self.reserve.tag(),
        }
    }

    #[inline(never)]
    fn judge_alone(&mut self, record: &[u8], at: At) -> Judged {
        let Self { judge, scanner, screen, rewritten, tag, .. } = self;
        match screen.held(scanner, record) {
            Ok(None) => Judged::Nothing,
            Ok(Some(object)) if object.is_whole() => judge.judge(&object, at, Past::Ignored, tag),
            Ok(Some(_)) => match scanner.scan(record) {
                Ok(object) => judge.judge(&object, at, Past::Ignored, tag),
                // It was valid when it was sifted.
                Err(_) => Judged::NoMemory,
            },
            Err(_) => match judge_mended(judge, record, at, Past::Ignored, scanner, rewritten, tag) {
                Some(_) => Judged::Tagged,
                None => Judged::NoMemory,
            },
        }
    }

    /// Judges a valid record, of which not all members are remembered.
    #[inline(never)]
    fn judge(&mut self, record: &[u8], at: At, out: &mut Vec<u8>) -> Outcome {
        let Self { judge, scanner, rewritten, tag, .. } = self;
        // It was valid when it was sifted.
        let Ok(object) = scanner.scan(record) else { return Outcome::NoMemory };
        let outcome = replace(judge, &object, at, rewritten, tag, out);
        self.give_back();
        outcome
    }

    /// Returns what stands for a record whose copy the host could not allocate: all that is left of it is that it was
    /// there. One JSON object with a NUL after it, made beforehand.
    pub fn lost_copy(&self) -> &[u8] {
        &self.reserve.lost_copy
    }

    /// Returns the number of bytes that [`Self::mark`] needs after a record.
    pub fn room_behind(&self) -> usize {
        self.reserve.notice.len().saturating_add(json::MORE)
    }

    /// Makes one valid JSON object of the record of `len` bytes that `copy` begins with, in its own bytes and
    /// the [room behind](Self::room_behind), for when [`Self::process`] had no memory: without any member of
    /// our own key that came with it, and with a tag that says that it was not judged. A record that is no JSON
    /// object becomes the text of one, with what a string may not hold replaced. Allocates nothing.
    ///
    /// The new length; `None` where the room does not suffice.
    #[cold]
    pub fn mark(&mut self, copy: &mut [u8], len: usize) -> Option<usize> {
        let text = copy.get_mut(..len)?;
        if self.scanner.scan(text).is_err() {
            return json::wrap_in_place(copy, len, &self.reserve.notice);
        }
        json::blank_members(text, &self.judge.settings().key);
        json::append_in_place(copy, len, &self.reserve.notice)
    }

    /// Makes a valid record of one that is not, and judges it. False where memory does not suffice.
    #[cold]
    #[inline(never)]
    fn mend(&mut self, record: &[u8], at: At, out: &mut Vec<u8>) -> bool {
        let Self { judge, scanner, rewritten, tag, .. } = self;
        let Some(object) = judge_mended(judge, record, at, Past::Counts, scanner, rewritten, tag) else {
            return false;
        };
        let own = object.get(&judge.settings().key).is_some();
        let mut without = Vec::new();
        write(object.text(), &object, judge, own.then_some(&mut without), Some(tag), out)
    }

    fn give_back(&mut self) {
        for buffer in [&mut self.rewritten, &mut self.tag] {
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
    }
}

/// Judges a valid record with all its members, and writes what replaces it.
#[inline(never)]
fn replace(
    judge: &mut Judge,
    object: &Object<'_>,
    at: At,
    rewritten: &mut Vec<u8>,
    tag: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Outcome {
    let found = match judge.judge(object, at, Past::Counts, tag) {
        Judged::NoMemory => return Outcome::NoMemory,
        judged => judged != Judged::Nothing,
    };
    let own = object.get(&judge.settings().key).is_some();
    if !found && !own {
        return Outcome::Unchanged;
    }
    let written = write(object.text(), object, judge, own.then_some(rewritten), found.then_some(&*tag), out);
    if written { Outcome::Replaced } else { Outcome::NoMemory }
}

/// Makes a valid record of one that is not, in `rewritten`, and writes its tag. `None` where memory does not
/// suffice.
fn judge_mended<'m>(
    judge: &mut Judge,
    record: &[u8],
    at: At,
    past: Past,
    scanner: &'m mut Scanner,
    rewritten: &'m mut Vec<u8>,
    tag: &mut Vec<u8>,
) -> Option<Object<'m>> {
    let repaired = repair(record, rewritten)?;
    // `repair` gives valid objects only.
    let object = scanner.scan(rewritten).ok()?;
    match judge.judge(&object, at, past, tag) {
        Judged::NoMemory => return None,
        Judged::Tagged => {}
        // Whatever an earlier filter said, this one mended the record.
        Judged::Nothing | Judged::PassedOn => {
            tag.try_reserve(SMALL_TAG).ok()?;
            verdict::write_repaired(tag, &repaired.what);
        }
    }
    Some(object)
}

/// A function of its own, so that its frame is gone when the record is judged.
#[inline(never)]
fn repair(record: &[u8], rewritten: &mut Vec<u8>) -> Option<json::Repaired> {
    rewritten.clear();
    json::repair(rewritten, record).ok()
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
