//! One pass over one record.
use super::state::{NOTHING, Scan};
use super::tokens::{
    COMMA_AND_STRING, KEY_AND_OBJECT, KEY_AND_STRING, KEY_AND_VALUE, THREE, TWO, TWO_STRINGS, blanks,
    literal, skip_blanks,
};
use crate::json::levels::Innermost;
use crate::json::scan_number::number;
use crate::json::stop::{Expected, Invalid, Stop};
use crate::json::string_end::string_end;
use crate::json::window::{WINDOW, half_word, key_end, number_end, string_stop};

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

impl<'a> Scan<'a, '_> {
    /// Reads the whole text, which is one object with nothing but white space around it; or up to a value for which the
    /// sieve asks for all members. What was seen is in [`Scan::seen`].
    #[inline(never)]
    pub(super) fn record(&mut self) -> Result<(), Invalid> {
        self.run().map_err(|stop| stop.invalid(self.text, self.padding))
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
                                    if self
                                        .remember(wanted, self.offset(rest).wrapping_add(end).wrapping_add(1))
                                    {
                                        return Ok(());
                                    }
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
                                        if self.remember(
                                            wanted,
                                            self.offset(rest).wrapping_add(end).wrapping_add(1),
                                        ) {
                                            return Ok(());
                                        }
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
                                if self.remember(wanted, self.offset(rest).wrapping_add(end)) {
                                    return Ok(());
                                }
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
                        if self.remember(wanted, self.offset(rest)) {
                            return Ok(());
                        }
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
                        if self.remember(wanted, self.offset(rest)) {
                            return Ok(());
                        }
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
}
