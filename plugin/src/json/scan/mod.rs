//! Is this one JSON object?
//!
//! Every record of a stream passes through here, and nearly all leave unchanged, so this is where the
//! filter's time goes.
use super::levels::Levels;
use super::scan_number::number;
use super::scan_string::{not_ascii, plain, skip_escapes, skip_last_escapes};
use super::sieve::Sieve;
use super::stop::{Expected, Invalid, Rest, Stop, first_error};
use super::{Member, Object};
use std::borrow::Cow;

/// Members that a [`Scanner`] keeps room for from one record to the next.
const KEPT_MEMBERS: usize = 4096;
/// Members that there is room for from the start, where that is asked for.
const ROOM: usize = 512;

/// A validator that keeps its memory from one record to the next.
///
/// The memory is 16 bytes for each top-level member of the record that is remembered, which is at most 3.2
/// times the record's length; of more than 4,096 members it is given back with the next record.
#[derive(Debug, Default)]
pub struct Scanner {
    members: Vec<Member>,
    levels: Levels,
}

impl Scanner {
    /// A scanner that holds from the start what it needs for records of ordinary form, so that it reads them
    /// even where memory has run out.
    pub(crate) fn with_room() -> Self {
        Self { members: Vec::with_capacity(ROOM), levels: Levels::with_room() }
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

    /// The same, but of the members only those are remembered that the sieve holds back. The object's
    /// [`len`](Object::len) is that of all of them.
    ///
    /// # Errors
    /// [`Invalid`] says what was expected where.
    pub(crate) fn sift<'a>(&'a mut self, text: &'a [u8], sieve: &Sieve) -> Result<Object<'a>, Invalid> {
        self.levels.clear();
        self.members.clear();
        if self.members.capacity() > KEPT_MEMBERS {
            // Shrinking would end the program where memory has run out.
            self.members = Vec::new();
            let _ = self.members.try_reserve_exact(KEPT_MEMBERS);
        }
        if u32::try_from(text.len()).is_err() {
            return Err(Invalid { at: 0, expected: "less than 4 GiB" });
        }
        let mut scan = Scan {
            text,
            sieve,
            members: &mut self.members,
            levels: &mut self.levels,
            member: NO_MEMBER,
            count: 0,
            objects: 0,
            escaped_keys: false,
            forgotten: false,
        };
        match scan.document() {
            Ok(()) => {
                let (count, objects) = (scan.count, scan.objects);
                let (escaped_keys, forgotten) = (scan.escaped_keys, scan.forgotten);
                let object = Object::new(text, Cow::Borrowed(&self.members), (count, objects), escaped_keys);
                Ok(if forgotten { object.incomplete() } else { object })
            }
            Err(stop) => Err(first_error(text, stop)),
        }
    }
}

/// One pass over one text. The steps take and return what is left of the text, and are inlined into one
/// loop: so its state stays in registers, where an interpreter is fastest. What hosts write is tried first
/// everywhere, and white space, of which they write none, only when that fails.
struct Scan<'a, 's> {
    text: &'a [u8],
    sieve: &'s Sieve,
    members: &'s mut Vec<Member>,
    levels: &'s mut Levels,
    /// The member of the top level whose value is being read.
    member: Member,
    /// The number of members of the top level until now.
    count: usize,
    /// The number of them that are objects.
    objects: usize,
    /// True if a key of the top level has an escape.
    escaped_keys: bool,
    /// True if there was no memory to remember some member.
    forgotten: bool,
}

/// The next expected part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Key,
    Value,
    /// After a value: a comma, or the end of the container.
    Comma,
    Nothing,
}

/// A mask that keeps the first three of four bytes.
const THREE: u32 = 0x00ff_ffff;
/// A mask that keeps the first two of four bytes.
const TWO: u32 = 0xffff;
/// Between a key and its value, if that is a string, too.
const KEY_AND_STRING: u32 = u32::from_le_bytes(*b"\":\"\0");
/// Between a key and its value.
const KEY_AND_VALUE: u32 = u32::from_le_bytes(*b"\":\0\0");
/// Between two strings in a row.
const TWO_STRINGS: u32 = u32::from_le_bytes(*b"\",\"\0");
/// Between a number and a key.
const NUMBER_AND_KEY: u16 = u16::from_le_bytes(*b",\"");

impl<'a> Scan<'a, '_> {
    fn document(&mut self) -> Result<(), Stop<'a>> {
        let mut rest = blanks(self.text);
        if rest.first() != Some(&b'{') {
            return Err(Stop { rest, expected: Expected::Object });
        }
        let mut next = Next::Value;
        loop {
            let (start, is_key) = match next {
                Next::Key => (quote(rest)?, true),
                Next::Value => match rest.split_first() {
                    Some((b'"', after)) => (after, false),
                    _ => {
                        (rest, next) = self.other_value(rest)?;
                        continue;
                    }
                },
                Next::Comma => {
                    (rest, next) = self.comma(rest)?;
                    continue;
                }
                Next::Nothing => {
                    rest = blanks(rest);
                    return if rest.is_empty() {
                        Ok(())
                    } else {
                        Err(Stop { rest, expected: Expected::End })
                    };
                }
            };
            (rest, next) = self.strings(start, is_key)?;
        }
    }

    /// Skips a string, from after its opening quote, and all strings and numbers that follow it at once.
    #[inline(always)]
    fn strings(&mut self, mut start: &'a [u8], mut is_key: bool) -> Result<(&'a [u8], Next), Stop<'a>> {
        let object = self.levels.in_object();
        let top = self.levels.depth() == 1;
        let mut escapes = false;
        let mut rest = start;
        loop {
            rest = plain::<true>(rest);
            if let Some(token) = rest.first_chunk() {
                let token = u32::from_le_bytes(*token);
                let behind = rest.get(3..).unwrap_or_default();
                if token & THREE == if is_key { KEY_AND_STRING } else { TWO_STRINGS } {
                    if is_key {
                        self.key(top, start, rest, behind.len().wrapping_add(1), escapes);
                        is_key = false;
                    } else {
                        self.value_ended(top, behind.len().wrapping_add(2));
                        is_key = object;
                        start = behind;
                    }
                    escapes = false;
                    rest = behind;
                    continue;
                }
                if token & 0xff == b'\\' as u32 {
                    escapes = true;
                    rest = skip_escapes(rest)?;
                    continue;
                }
                if is_key && token & TWO == KEY_AND_VALUE && ((token >> 16) as u8).is_ascii_digit() {
                    let value = rest.get(2..).unwrap_or_default();
                    self.key(top, start, rest, value.len(), escapes);
                    rest = number(value)?;
                    let Some((next, after)) = rest.split_first_chunk() else {
                        return Ok((rest, Next::Comma));
                    };
                    if u16::from_le_bytes(*next) != NUMBER_AND_KEY {
                        return Ok((rest, Next::Comma));
                    }
                    self.value_ended(top, rest.len());
                    escapes = false;
                    start = after;
                    rest = after;
                    continue;
                }
            }
            match rest.split_first() {
                Some((b'"', after)) if is_key => {
                    let value = colon(after)?;
                    self.key(top, start, rest, value.len(), escapes);
                    return Ok((value, Next::Value));
                }
                Some((b'"', after)) => return Ok((after, Next::Comma)),
                Some((b'\\', _)) => {
                    escapes = true;
                    rest = skip_last_escapes(rest)?;
                }
                Some((0x80.., _)) => {
                    let more_escapes;
                    (rest, more_escapes) = not_ascii(rest)?;
                    escapes |= more_escapes;
                }
                Some(_) => return Err(Stop { rest, expected: Expected::NoControl }),
                None => return Err(Stop { rest, expected: Expected::Quote }),
            }
        }
    }

    /// Skips a value that is no string; of a container, only its opening bracket.
    #[inline(always)]
    fn other_value(&mut self, rest: &'a [u8]) -> Result<(&'a [u8], Next), Stop<'a>> {
        match rest.split_first() {
            Some((&bracket @ (b'{' | b'['), after)) => {
                let object = bracket == b'{';
                if object && self.levels.depth() == 1 {
                    self.objects = self.objects.wrapping_add(1);
                }
                if !self.levels.push(object) {
                    return Err(Stop { rest, expected: Expected::LessNesting });
                }
                let rest = blanks(after);
                // In ASCII, a closing bracket comes two after its opening one.
                if rest.first() == Some(&bracket.wrapping_add(2)) {
                    return Ok((rest, Next::Comma));
                }
                Ok((rest, if object { Next::Key } else { Next::Value }))
            }
            Some((b'-' | b'0'..=b'9', _)) => Ok((number(rest)?, Next::Comma)),
            _ => Ok((literal(rest)?, Next::Comma)),
        }
    }

    /// Skips the comma or closing bracket after a value.
    #[inline(always)]
    fn comma(&mut self, rest: &'a [u8]) -> Result<(&'a [u8], Next), Stop<'a>> {
        self.value_ended(self.levels.depth() == 1, rest.len());
        let object = self.levels.in_object();
        let rest = blanks(rest);
        match rest.split_first() {
            Some((b',', after)) if object => Ok((after, Next::Key)),
            Some((b',', after)) => Ok((blanks(after), Next::Value)),
            Some((b'}', after)) if object => {
                self.levels.pop();
                Ok((after, if self.levels.depth() == 0 { Next::Nothing } else { Next::Comma }))
            }
            Some((b']', after)) if !object => {
                self.levels.pop();
                Ok((after, Next::Comma))
            }
            _ if object => Err(Stop { rest, expected: Expected::CommaOrBrace }),
            _ => Err(Stop { rest, expected: Expected::CommaOrBracket }),
        }
    }

    /// Notes the key that begins at `start`, with its closing quote at `end`, and with `value` bytes of the text
    /// from its value on, if it is one of the top level.
    #[inline(always)]
    fn key(&mut self, top: bool, start: &[u8], end: &[u8], value: usize, escapes: bool) {
        if !top {
            return;
        }
        self.count = self.count.wrapping_add(1);
        self.escaped_keys |= escapes;
        let values = self.count.wrapping_sub(self.objects);
        if escapes || self.sieve.holds(start, start.len().wrapping_sub(end.len()), values) {
            self.member = Member {
                key_start: self.offset(start.len()),
                key_end: self.offset(end.len()),
                value_start: self.offset(value),
                value_end: 0,
            };
        }
    }

    /// Notes the end of a value with `rest` bytes of the text after it: the member is remembered, if it is of
    /// the top level and wanted.
    #[inline(always)]
    fn value_ended(&mut self, top: bool, rest: usize) {
        if self.member.key_start > 0 && top {
            let member = Member { value_end: self.offset(rest), ..self.member };
            self.member = NO_MEMBER;
            self.forgotten |= !remember(self.members, member);
        }
    }

    /// Where in the text its last `rest` bytes begin.
    fn offset(&self, rest: usize) -> u32 {
        self.text.len().wrapping_sub(rest) as u32
    }
}

/// Adds a member, without taking a reference to the state of the scan, which would then be in memory. False
/// when there is none for it.
#[inline(never)]
fn remember(members: &mut Vec<Member>, member: Member) -> bool {
    let room = members.len() < members.capacity() || members.try_reserve(1).is_ok();
    if room {
        members.push(member);
    }
    room
}

/// Stands for a member before there is one. No key begins where the object does.
const NO_MEMBER: Member = Member { key_start: 0, key_end: 0, value_start: 0, value_end: 0 };

/// Skips white space.
#[inline(always)]
fn blanks(rest: &[u8]) -> &[u8] {
    match rest.first() {
        Some(0..=b' ') => skip_blanks(rest),
        _ => rest,
    }
}

#[cold]
#[inline(never)]
fn skip_blanks(mut rest: &[u8]) -> &[u8] {
    while let Some((b' ' | b'\t' | b'\n' | b'\r', after)) = rest.split_first() {
        rest = after;
    }
    rest
}

/// Skips the opening quote of a key, and the white space before it.
#[inline(always)]
fn quote(rest: &[u8]) -> Rest<'_> {
    match rest.split_first() {
        Some((b'"', after)) => Ok(after),
        _ => quote_behind_blanks(rest),
    }
}

#[cold]
#[inline(never)]
fn quote_behind_blanks(rest: &[u8]) -> Rest<'_> {
    let rest = skip_blanks(rest);
    rest.strip_prefix(b"\"").ok_or(Stop { rest, expected: Expected::Key })
}

/// Skips a colon and the white space around it.
#[inline(always)]
fn colon(rest: &[u8]) -> Rest<'_> {
    match rest.split_first() {
        Some((b':', after)) => Ok(blanks(after)),
        _ => colon_behind_blanks(rest),
    }
}

#[cold]
#[inline(never)]
fn colon_behind_blanks(rest: &[u8]) -> Rest<'_> {
    let rest = skip_blanks(rest);
    match rest.split_first() {
        Some((b':', after)) => Ok(skip_blanks(after)),
        _ => Err(Stop { rest, expected: Expected::Colon }),
    }
}

#[inline(always)]
fn literal(rest: &[u8]) -> Rest<'_> {
    let after = match rest.first() {
        Some(b't') => rest.strip_prefix(b"true"),
        Some(b'f') => rest.strip_prefix(b"false"),
        Some(b'n') => rest.strip_prefix(b"null"),
        _ => None,
    };
    after.ok_or(Stop { rest, expected: Expected::Value })
}

#[cfg(test)]
mod tests;
