//! One pass over one record.
use super::tokens::{
    COMMA_AND_STRING, KEY_AND_OBJECT, KEY_AND_STRING, KEY_AND_VALUE, THREE, TWO, TWO_STRINGS, blanks,
    literal, skip_blanks,
};
use crate::json::Member;
use crate::json::levels::Innermost;
use crate::json::scan_number::number;
use crate::json::scan_string::{odd_string, other_characters};
use crate::json::sieve::Sieve;
use crate::json::stop::{Expected, Invalid, Rest, Stop};
use crate::json::string_end::string_end;
use crate::json::window::{Tail, WINDOW, half_word, key_end, number_end, string_stop};

/// What a pass has seen of a record, besides its members.
pub(super) struct Seen {
    /// The number of members of the top level.
    pub(super) count: usize,
    /// The number of them that are objects.
    pub(super) objects: usize,
    /// True if a key of the top level has an escape.
    pub(super) has_escaped_keys: bool,
    /// True if there was memory to remember every member that is wanted.
    pub(super) is_complete: bool,
}

/// One pass over one text. Its steps are one loop, so that what they need is in registers, where an interpreter is
/// fastest. What hosts write is tried first everywhere, and white space, of which they write none, only when that fails.
pub(super) struct Scan<'a, 's> {
    text: &'a [u8],
    /// Bytes after the text: none, until its end is read from a copy with zeros after it.
    padding: usize,
    /// Room for that copy, until it is made.
    tail: Option<&'a mut Tail>,
    sieve: &'s Sieve,
    /// Holds back nothing. Not a constant: the compiler would ask each time which of the sieves it is.
    nothing: &'s Sieve,
    members: &'s mut Vec<Member>,
    around: &'s mut Vec<u32>,
    seen: Seen,
}

/// The next expected part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The opening quote of a key.
    Key,
    /// A member, from after the opening quote of its key.
    Member,
    /// The same where the key is not short.
    LongMember,
    /// The same where the key is longer, has escapes or other characters than ASCII, or is not followed by a colon.
    OddMember,
    Value,
    /// A string in an array, from after its opening quote, and those that follow it at once. Also a string that is the
    /// value of an odd member.
    Elements,
    /// After a value: a comma, or the end of the container.
    AfterValue,
    End,
}

/// The member of the top level whose value is being read, if it is wanted.
#[derive(Clone, Copy)]
struct Wanted {
    /// Where its key begins, after the quote.
    key_start: usize,
    key_end: usize,
    value_start: usize,
}

const NOTHING: Wanted = Wanted { key_start: 0, key_end: 0, value_start: 0 };

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
        let seen = Seen { count: 0, objects: 0, has_escaped_keys: false, is_complete: true };
        Self { text, padding: 0, tail: Some(tail), sieve, nothing, members, around, seen }
    }

    /// Reads the whole text, which is one object with nothing but white space around it.
    pub(super) fn record(mut self) -> Result<Seen, Invalid> {
        match self.run() {
            Ok(()) => Ok(self.seen),
            Err(stop) => Err(stop.invalid(self.text, self.padding)),
        }
    }

    #[inline(always)]
    fn run(&mut self) -> Result<(), Stop<'a>> {
        let rest = blanks(self.text);
        let Some((b'{', after)) = rest.split_first() else {
            return Err(Stop { rest, expected: Expected::Object });
        };
        let mut rest = blanks(after);
        let mut next = if rest.first() == Some(&b'}') { Next::AfterValue } else { Next::Key };
        let mut levels = Innermost::RECORD;
        let (mut count, mut objects) = (0_usize, 0_usize);
        // Of the object that is being read: which members are wanted, and 1 if it is the record itself.
        let (mut sieve, mut is_record) = (self.sieve, 1_usize);
        // True while the value of a wanted member is read; or, if that is a container, what is in it.
        let (mut is_wanted, mut is_in_wanted) = (false, false);
        let mut wanted = NOTHING;
        loop {
            match next {
                Next::Member => loop {
                    let Some(window) = rest.first_chunk::<WINDOW>() else {
                        (rest, next) = self.padded(rest).map_or((rest, Next::OddMember), |rest| (rest, next));
                        break;
                    };
                    let Some(key) = key_end(window) else {
                        next = Next::LongMember;
                        break;
                    };
                    let token = half_word(window, key);
                    if token & TWO != KEY_AND_VALUE {
                        next = Next::OddMember;
                        break;
                    }
                    count = count.wrapping_add(is_record);
                    if sieve.holds(window, key) {
                        wanted = self.member(rest, key);
                        is_wanted = true;
                    }
                    let value = key.wrapping_add(2);
                    if token & THREE == KEY_AND_STRING {
                        let start = key.wrapping_add(3);
                        if let Some(end) = string_stop(window, start) {
                            if half_word(window, end) & THREE == TWO_STRINGS {
                                if is_wanted {
                                    self.remember(
                                        wanted,
                                        self.offset(rest).wrapping_add(end).wrapping_add(1),
                                    );
                                    is_wanted = false;
                                }
                                rest = rest.get(end.wrapping_add(3)..).unwrap_or_default();
                                continue;
                            }
                            rest = rest.get(end..).unwrap_or_default();
                        } else {
                            rest = rest.get(start.wrapping_add(32)..).unwrap_or_default();
                            if let Some(window) = rest.first_chunk::<WINDOW>()
                                && let Some(end) = string_stop(window, 0)
                            {
                                if half_word(window, end) & THREE == TWO_STRINGS {
                                    if is_wanted {
                                        self.remember(
                                            wanted,
                                            self.offset(rest).wrapping_add(end).wrapping_add(1),
                                        );
                                        is_wanted = false;
                                    }
                                    rest = rest.get(end.wrapping_add(3)..).unwrap_or_default();
                                    continue;
                                }
                                rest = rest.get(end..).unwrap_or_default();
                            }
                        }
                        if rest.first() != Some(&b'"') {
                            rest = rest.get(string_end(rest)..).unwrap_or_default();
                        }
                        match rest.split_first() {
                            Some((b'"', after)) => rest = after,
                            _ => rest = self.string(rest)?,
                        }
                    } else if token == KEY_AND_OBJECT
                        && let Some(opened) = levels.open(true, self.around)
                    {
                        levels = opened;
                        objects = objects.wrapping_add(is_record);
                        (sieve, is_record) = (self.nothing, 0);
                        (is_wanted, is_in_wanted) = (false, is_in_wanted | is_wanted);
                        rest = rest.get(key.wrapping_add(4)..).unwrap_or_default();
                        continue;
                    } else if let Some(end) = number_end(window, value) {
                        if half_word(window, end) as u16 == COMMA_AND_STRING {
                            if is_wanted {
                                self.remember(wanted, self.offset(rest).wrapping_add(end));
                                is_wanted = false;
                            }
                            rest = rest.get(end.wrapping_add(2)..).unwrap_or_default();
                            continue;
                        }
                        rest = rest.get(end..).unwrap_or_default();
                        next = Next::AfterValue;
                        break;
                    } else {
                        rest = rest.get(value..).unwrap_or_default();
                        next = Next::Value;
                        break;
                    }
                    next = Next::AfterValue;
                    let Some((token, after)) = rest.split_first_chunk() else { break };
                    if u16::from_le_bytes(*token) != COMMA_AND_STRING {
                        break;
                    }
                    if is_wanted {
                        self.remember(wanted, self.offset(rest));
                        is_wanted = false;
                    }
                    rest = after;
                    next = Next::Member;
                },
                Next::Elements => loop {
                    rest = rest.get(string_end(rest)..).unwrap_or_default();
                    match rest.split_first() {
                        Some((b'"', after)) => rest = after,
                        _ => rest = self.string(rest)?,
                    }
                    next = Next::AfterValue;
                    if levels.is_object() {
                        break;
                    }
                    let Some((token, after)) = rest.split_first_chunk() else { break };
                    if u16::from_le_bytes(*token) != COMMA_AND_STRING {
                        break;
                    }
                    rest = after;
                },
                Next::AfterValue => {
                    if is_wanted {
                        self.remember(wanted, self.offset(rest));
                        is_wanted = false;
                    }
                    let object = levels.is_object();
                    match rest.split_first() {
                        Some((b',', after)) => {
                            rest = after;
                            next = if object { Next::Key } else { Next::Value };
                            if let Some((b'"', after)) = rest.split_first() {
                                rest = after;
                                next = if object { Next::Member } else { Next::Elements };
                            }
                        }
                        Some((&bracket @ (b'}' | b']'), after)) if object == (bracket == b'}') => {
                            rest = after;
                            levels = levels.close(self.around);
                            if levels == Innermost::RECORD {
                                (sieve, is_record) = (self.sieve, 1);
                                (is_wanted, is_in_wanted) = (is_in_wanted, false);
                            } else if levels == Innermost::NONE {
                                next = Next::End;
                            }
                        }
                        Some((b' ' | b'\t' | b'\n' | b'\r', _)) => rest = skip_blanks(rest),
                        _ if object => return Err(Stop { rest, expected: Expected::CommaOrBrace }),
                        _ => return Err(Stop { rest, expected: Expected::CommaOrBracket }),
                    }
                }
                Next::Key => match rest.split_first() {
                    Some((b'"', after)) => {
                        rest = after;
                        next = Next::Member;
                    }
                    Some((b' ' | b'\t' | b'\n' | b'\r', _)) => rest = skip_blanks(rest),
                    _ => return Err(Stop { rest, expected: Expected::Key }),
                },
                Next::Value => match rest.split_first() {
                    Some((b'"', after)) => {
                        rest = after;
                        next = Next::Elements;
                    }
                    Some((&bracket @ (b'{' | b'['), after)) => {
                        let object = bracket == b'{';
                        let Some(opened) = levels.open(object, self.around) else {
                            return Err(Stop { rest, expected: Expected::LessNesting });
                        };
                        levels = opened;
                        objects = objects.wrapping_add(if object { is_record } else { 0 });
                        (sieve, is_record) = (self.nothing, 0);
                        (is_wanted, is_in_wanted) = (false, is_in_wanted | is_wanted);
                        rest = blanks(after);
                        // In ASCII, a closing bracket comes two after its opening one.
                        next = match rest.first() {
                            Some(&byte) if byte == bracket.wrapping_add(2) => Next::AfterValue,
                            _ if object => Next::Key,
                            _ => Next::Value,
                        };
                    }
                    Some((b'-' | b'0'..=b'9', _)) => {
                        rest = number(rest)?;
                        next = Next::AfterValue;
                    }
                    Some((b' ' | b'\t' | b'\n' | b'\r', _)) => {
                        rest = skip_blanks(rest);
                        // For an element of an array, nothing is wanted.
                        wanted.value_start = if is_wanted { self.offset(rest) } else { wanted.value_start };
                    }
                    _ => {
                        rest = literal(rest)?;
                        next = Next::AfterValue;
                    }
                },
                Next::LongMember => {
                    next = Next::OddMember;
                    let Some(window) = rest.first_chunk::<WINDOW>() else { continue };
                    let Some(key) = string_stop(window, 24) else { continue };
                    if half_word(window, key) & TWO != KEY_AND_VALUE {
                        continue;
                    }
                    count = count.wrapping_add(is_record);
                    if sieve.holds(window, key) {
                        wanted = self.member(rest, key);
                        is_wanted = true;
                    }
                    rest = rest.get(key.wrapping_add(2)..).unwrap_or_default();
                    next = Next::Value;
                }
                Next::OddMember => {
                    let key;
                    (key, rest) = self.odd_key(rest)?;
                    count = count.wrapping_add(is_record);
                    let name = self.text.get(key.key_start..key.key_end).unwrap_or_default();
                    if is_record != 0 && (name.contains(&b'\\') || sieve.holds(name, name.len())) {
                        self.seen.has_escaped_keys |= name.contains(&b'\\');
                        wanted = key;
                        is_wanted = true;
                    }
                    next = Next::Value;
                }
                Next::End => {
                    rest = blanks(rest);
                    self.seen.count = count;
                    self.seen.objects = objects;
                    return if rest.len() == self.padding {
                        Ok(())
                    } else {
                        Err(Stop { rest, expected: Expected::End })
                    };
                }
            }
        }
    }

    /// The same bytes with zeros after them, where there are fewer than a window has. `None` where that is done already.
    #[inline(never)]
    fn padded(&mut self, rest: &[u8]) -> Option<&'a [u8]> {
        let tail = self.tail.take()?;
        self.padding = WINDOW;
        Some(tail.copy(self.text, rest))
    }

    /// Skips a string, from anywhere in it but after a backslash.
    #[inline(never)]
    fn string(&mut self, rest: &'a [u8]) -> Rest<'a> {
        let mut rest = rest;
        for _ in 0..FEW {
            if rest.len() < WINDOW {
                rest = self.padded(rest).unwrap_or(rest);
            }
            if rest.first().is_some_and(|byte| !byte.is_ascii()) {
                rest = other_characters(rest)?;
            }
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
    fn odd_key(&mut self, rest: &'a [u8]) -> Result<(Wanted, &'a [u8]), Stop<'a>> {
        let key_start = self.offset(rest);
        let after = self.string(rest)?;
        let key_end = self.offset(after).wrapping_sub(1);
        let rest = skip_blanks(after);
        let Some((b':', after)) = rest.split_first() else {
            return Err(Stop { rest, expected: Expected::Colon });
        };
        Ok((Wanted { key_start, key_end, value_start: self.offset(after) }, after))
    }

    /// Adds a member, if there is memory for it.
    #[inline(never)]
    fn remember(&mut self, Wanted { key_start, key_end, value_start }: Wanted, value_end: usize) {
        if self.members.len() == self.members.capacity() && self.members.try_reserve(1).is_err() {
            self.seen.is_complete = false;
            return;
        }
        self.members.push(Member {
            key_start: key_start as u32,
            key_end: key_end as u32,
            value_start: value_start as u32,
            value_end: value_end as u32,
        });
    }

    /// The member that begins with a key of `len` bytes and a colon.
    #[inline(always)]
    fn member(&self, rest: &[u8], len: usize) -> Wanted {
        let key_start = self.offset(rest);
        let key_end = key_start.wrapping_add(len);
        Wanted { key_start, key_end, value_start: key_end.wrapping_add(2) }
    }

    /// Where in the text `rest` begins.
    #[inline(always)]
    fn offset(&self, rest: &[u8]) -> usize {
        self.text.len().wrapping_add(self.padding).wrapping_sub(rest.len())
    }
}
