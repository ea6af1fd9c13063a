//! Replaces the variables in a text by their values: `%name%`, `!name!`, and the variables of loops, `%a`.
//!
//! Source: `set /?`, `for /?`, and phases 1, 4 and 5 of the parser as
//! <https://ss64.com/nt/delayedexpansion.html> and <https://ss64.com/nt/syntax-substring.html> describe them.

use schtag_task::byte_set::ByteSet;
use std::rc::Rc;

use super::variables::{Found, MAX_VALUE, Value, Variables};
use crate::bytes;
use crate::work::Work;
use crate::{environment, path};

/// The letters of a modifier that name parts of a path.
const PATH_PARTS: ByteSet = ByteSet::of(b"dpnx");

/// Most references to unknown values that are remembered.
const MAX_UNKNOWN: usize = 16;

/// Longest modifier of a reference, in bytes.
const MAX_MODIFIER: usize = 4096;

/// A reference whose value comes from outside, as it is written, and where it comes from.
pub(super) type Unknown = (String, Rc<str>);

/// The state that expansion reads.
pub(super) struct Expansion<'a> {
    pub(super) variables: &'a Variables,
    /// The current folder, where it is known.
    pub(super) folder: Option<&'a str>,
    pub(super) work: &'a Work,
    /// References to what comes from outside.
    pub(super) unknown: &'a mut Vec<Unknown>,
    /// The number of letters that were picked out of a variable of Windows.
    pub(super) picked: &'a mut usize,
}

impl Expansion<'_> {
    /// Puts `%name%` in; `None` where nothing is put in. On a command line, other than in a batch file, what is not set
    /// stays as it is written.
    pub(super) fn percent(&mut self, text: &str) -> Option<String> {
        self.marked(text, b'%')
    }

    /// Puts `!name!` in: what is not set stays, and a caret makes the next character plain.
    pub(super) fn delayed(&mut self, text: &str) -> String {
        self.marked(text, b'!').unwrap_or_else(|| text.to_owned())
    }

    /// Puts in what stands between two marks. `None` where the text stays as it is.
    fn marked(&mut self, text: &str, mark: u8) -> Option<String> {
        let delayed = mark == b'!';
        let mut changed = false;
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = next_mark(rest, mark) {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            out.push_str(before);
            let after = from.get(1..).unwrap_or_default();
            if delayed && from.starts_with('^') {
                let mut chars = after.chars();
                out.extend(chars.next());
                rest = chars.as_str();
                changed = true;
                continue;
            }
            rest = after;
            match self.reference(after, mark, out.len()) {
                Some((value, length)) => {
                    out.push_str(&value);
                    rest = after.get(length..).unwrap_or_default();
                    changed = true;
                }
                // The sign that ends an unknown name may begin a known one.
                None => out.push(char::from(mark)),
            }
        }
        out.push_str(rest);
        changed.then_some(out)
    }

    /// Reads the reference that a text begins with: what it stands for, and its length.
    fn reference(&mut self, after: &str, mark: u8, so_far: usize) -> Option<(String, usize)> {
        let delayed = mark == b'!';
        let end = bytes::find_either(after.as_bytes(), mark, b':')?;
        let modifier_end = match after.as_bytes().get(end) {
            Some(b':') => {
                let from = end.saturating_add(1);
                let written =
                    after.get(from..after.floor_char_boundary(from.saturating_add(MAX_MODIFIER)))?;
                // What is searched for may hold the sign; it ends at `=`.
                let own = !written.starts_with('~') && self.variables.own(after.get(..end)?).is_some();
                let replaces = if own {
                    let equals = bytes::find(written.as_bytes(), b'=');
                    // The walk has a limit of its own, so that it may be charged when it is done.
                    let _ = self.work.walk(equals.unwrap_or(written.len()), 4);
                    equals
                } else {
                    None
                };
                let sign = replaces.unwrap_or(0);
                let length = bytes::find(written.as_bytes().get(sign..)?, mark)?;
                Some(from.saturating_add(sign).saturating_add(length))
            }
            _ => None,
        };
        let name = after.get(..end)?;
        let modifier = modifier_end.and_then(|stop| after.get(end.saturating_add(1)..stop));
        let length = modifier_end.unwrap_or(end).saturating_add(1);
        let written = || {
            let sign = if delayed { "!" } else { "%" };
            [sign, after.get(..length).unwrap_or_default()].concat()
        };
        if !self.work.spend(self.variables.cost().saturating_add(length.saturating_mul(4))) {
            return Some((written(), length));
        }
        if name.eq_ignore_ascii_case("cd") && self.variables.own(name).is_none() {
            let folder = self.folder?.to_owned();
            return Some((folder, length));
        }
        match self.variables.find(name, modifier.is_some()) {
            Found::Known(value, ascii) => {
                let value = match modifier {
                    Some(modifier) => {
                        if self.variables.own(name).is_none() {
                            *self.picked = self.picked.saturating_add(1);
                        }
                        if !self.work.spend(environment::cost(value, modifier, ascii, self.work)) {
                            return Some((written(), length));
                        }
                        environment::modified(value, modifier, ascii)
                    }
                    None => Some(value.to_owned()),
                };
                match value {
                    Some(value) if so_far.saturating_add(value.len()) <= MAX_VALUE => {
                        // It is copied some times on its way.
                        let _ = self.work.spend(value.len().saturating_mul(3));
                        Some((value, length))
                    }
                    Some(_) => Some((String::new(), length)),
                    None => None,
                }
            }
            Found::Unknown(origin) => {
                let written = written();
                if self.unknown.len() < MAX_UNKNOWN
                    && !self.unknown.iter().any(|(known, _)| *known == written)
                {
                    self.unknown.push((written.clone(), Rc::clone(origin)));
                }
                Some((written, length))
            }
            Found::Elsewhere => Some((written(), length)),
            Found::Nothing => None,
        }
    }
}

/// Where the next sign is that means something.
fn next_mark(text: &str, mark: u8) -> Option<usize> {
    if mark == b'!' {
        bytes::find_either(text.as_bytes(), mark, b'^')
    } else {
        bytes::find(text.as_bytes(), mark)
    }
}

/// A variable of a loop.
#[derive(Debug, Clone)]
pub(super) struct LoopVariable {
    pub(super) name: char,
    pub(super) value: Value,
    /// True if it comes out of the constant output of a command of Windows.
    pub(super) constant: bool,
}

/// Puts the variables of loops in: `%a`, `%%a`, and `%~dpnxa` with its parts of a path. What is not known stays as it is
/// written. `None` where there is none in the text.
pub(super) fn loop_values(
    text: &str,
    variables: &[LoopVariable],
    unknown: &mut Vec<Unknown>,
) -> Option<String> {
    if variables.is_empty() {
        return None;
    }
    bytes::find(text.as_bytes(), b'%')?;
    let mut out = String::with_capacity(text.len());
    let mut found = false;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let named = after.strip_prefix('%').unwrap_or(after);
        let Some((variable, parts, behind)) = named_variable(named, variables) else {
            out.push('%');
            rest = after;
            continue;
        };
        match &variable.value {
            Value::Known(value) if out.len().saturating_add(value.len()) <= MAX_VALUE => match parts {
                None => out.push_str(value),
                Some(parts) => out.push_str(&path_parts(value, parts)),
            },
            Value::Known(_) => {}
            Value::Unknown(origin) => {
                let length = after.len().saturating_sub(behind.len());
                let written = ["%", after.get(..length).unwrap_or_default()].concat();
                out.push_str(&written);
                if unknown.len() < MAX_UNKNOWN && !unknown.iter().any(|(known, _)| *known == written) {
                    unknown.push((written, Rc::clone(origin)));
                }
            }
        }
        found = true;
        rest = behind;
    }
    out.push_str(rest);
    found.then_some(out)
}

/// Reads the name of a variable after a percent sign, the letters of its modifier, and the text that follows.
fn named_variable<'a, 't>(
    text: &'t str,
    variables: &'a [LoopVariable],
) -> Option<(&'a LoopVariable, Option<&'t str>, &'t str)> {
    let find = |name: char| variables.iter().rev().find(|variable| variable.name == name);
    let Some(modified) = text.strip_prefix('~') else {
        let mut chars = text.chars();
        return Some((find(chars.next()?)?, None, chars.as_str()));
    };
    // The longest run of modifiers that a variable follows.
    let list =
        if modified.starts_with('$') { modified.find(':').map_or(0, |at| at.saturating_add(1)) } else { 0 };
    let mut best = None;
    for (at, c) in modified.char_indices().skip_while(|&(at, _)| at < list).take(10) {
        if let Some(variable) = find(c) {
            let parts = modified.get(..at)?;
            best = Some((variable, Some(parts), modified.get(at.saturating_add(c.len_utf8())..)?));
        }
        if !"fdpnxsatzFDPNXSATZ".contains(c) {
            break;
        }
    }
    best
}

/// The parts of a path that the letters of `%~dpnx` name; without letters, the value without its quotes.
fn path_parts(value: &str, parts: &str) -> String {
    let value = value.trim_matches('"');
    if parts.starts_with('$') {
        return super::output::full_path(value).unwrap_or_else(|| value.to_owned());
    }
    let parts = parts.to_ascii_lowercase();
    if !PATH_PARTS.is_in(&parts) {
        return value.to_owned();
    }
    let name = path::file_name(value);
    let folder = value.get(..value.len().saturating_sub(name.len())).unwrap_or_default();
    let (drive, folder) = match folder.split_once(':') {
        Some((letter, folder)) => (letter, folder),
        None => ("", folder),
    };
    let (stem, extension) = match name.rfind('.') {
        Some(at) => name.split_at_checked(at).unwrap_or((name, "")),
        None => (name, ""),
    };
    let mut out = String::new();
    if parts.contains('d') && !drive.is_empty() {
        out.push_str(drive);
        out.push(':');
    }
    for (letter, part) in [('p', folder), ('n', stem), ('x', extension)] {
        if parts.contains(letter) {
            out.push_str(part);
        }
    }
    out
}
