//! `find` and `findstr`, which pick lines.
//!
//! Source: `find /?`, `findstr /?`.

use crate::work::Work;
use schtag_task::byte_set::ByteSet;

/// Signs that may stand around an argument.
const COMMAS: ByteSet = ByteSet::of(b",;");
/// Signs of a regular expression.
const PATTERN_SIGNS: ByteSet = ByteSet::of(b".*[^$");

/// The lines of a text that `find` or `findstr` picks. `None` where its arguments are not understood, or name files.
#[inline(never)]
pub(super) fn filtered(text: &str, program: &str, arguments: &str, work: &Work) -> Option<String> {
    let pattern = Pattern::read(program, arguments)?;
    if !work.walk(text.len(), pattern.cost()) {
        return None;
    }
    let mut out = String::new();
    for line in text.split('\n').filter(|line| !line.is_empty()) {
        if pattern.fits(line) != pattern.inverted {
            out.push_str(line);
            out.push('\n');
        }
    }
    Some(out)
}

/// The pattern that `find` and `findstr` look for.
#[derive(Default)]
struct Pattern {
    any_case: bool,
    inverted: bool,
    begins: bool,
    ends: bool,
    /// Texts, any of which may be in a line.
    texts: Vec<Vec<Atom>>,
}

/// A character of an expression of findstr.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Atom {
    kind: Kind,
    repeated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Any,
    One(u8),
    /// The bytes of a class, with its ranges written out.
    Class(Vec<u8>, bool),
    Start,
    End,
}

impl Pattern {
    fn read(program: &str, arguments: &str) -> Option<Self> {
        /// Most characters of one expression.
        const LONGEST: usize = 60;
        let mut pattern = Self::default();
        let mut expressions: Vec<String> = Vec::new();
        let mut literal = None;
        // Delimiters of cmd.exe around the arguments are no part of them.
        let spaced: String =
            arguments.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';')).to_owned();
        for argument in crate::tokens::split_arguments(&spaced) {
            let argument = COMMAS.trim(&argument).to_owned();
            if argument.is_empty() {
                continue;
            }
            let switch = argument.strip_prefix('/').or_else(|| argument.strip_prefix('-'));
            let lower = switch.unwrap_or_default().to_ascii_lowercase();
            if let Some(text) = switch.filter(|_| lower.starts_with("c:")).and_then(|switch| switch.get(2..))
            {
                expressions.push(text.trim_matches('"').to_owned());
                continue;
            }
            match switch {
                Some(_) if lower.len() <= 8 && lower.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                    for letter in lower.chars() {
                        match letter {
                            'i' => pattern.any_case = true,
                            'v' => pattern.inverted = true,
                            'b' => pattern.begins = true,
                            'e' => pattern.ends = true,
                            'x' => (pattern.begins, pattern.ends) = (true, true),
                            'l' => literal = Some(true),
                            'r' => literal = Some(false),
                            'n' => return None,
                            _ => {}
                        }
                    }
                }
                _ if expressions.is_empty() => {
                    if program == "findstr" {
                        expressions
                            .extend(argument.split(' ').filter(|part| !part.is_empty()).map(str::to_owned));
                    } else {
                        expressions.push(argument);
                    }
                }
                // A file.
                _ => return None,
            }
        }
        if expressions.is_empty() || expressions.iter().any(|text| text.len() > LONGEST) {
            return None;
        }
        for text in &expressions {
            let plain = program == "find" || literal.unwrap_or(!PATTERN_SIGNS.is_in(text));
            pattern.texts.push(if plain { literal_atoms(text) } else { atoms(text) });
        }
        Some(pattern)
    }

    fn cost(&self) -> usize {
        self.texts.iter().map(|text| text.len().saturating_mul(2).saturating_add(8)).sum()
    }

    fn fits(&self, line: &str) -> bool {
        self.texts.iter().any(|text| self.one_fits(text, line.as_bytes()))
    }

    /// Goes over the line once; each bit says how much of the expression may be passed.
    fn one_fits(&self, text: &[Atom], line: &[u8]) -> bool {
        let all = text.len();
        // Where only the beginning is looked for, this atom takes the first character.
        let first = text.first().filter(|atom| !self.begins && !atom.repeated && !atom.is_place());
        let mut reached = 0_u64;
        let mut at = 0_usize;
        loop {
            if at == 0 || !self.begins {
                reached |= 1;
            }
            if let Some(first) = first.filter(|_| reached == 1) {
                let mut rest = line.get(at..).into_iter().flatten();
                let Some(skipped) = rest.position(|&byte| self.takes(&first.kind, byte)) else {
                    return false;
                };
                at = at.saturating_add(skipped);
            }
            // What takes no character.
            let mut places = reached;
            while let Some(place) = taken_off(&mut places) {
                let passes = text.get(place).is_some_and(|atom| match atom.kind {
                    Kind::Start => at == 0,
                    Kind::End => at == line.len(),
                    _ => atom.repeated,
                });
                if passes {
                    reached |= 2 << place;
                    places |= 2 << place;
                }
            }
            if reached >> all & 1 == 1 && (!self.ends || at == line.len()) {
                return true;
            }
            let Some(&byte) = line.get(at) else { return false };
            let mut next = 0_u64;
            while let Some(place) = taken_off(&mut reached) {
                if let Some(atom) = text.get(place).filter(|atom| self.takes(&atom.kind, byte)) {
                    next |= if atom.repeated { 1 << place } else { 2 << place };
                }
            }
            reached = next;
            at = at.saturating_add(1);
        }
    }

    fn takes(&self, kind: &Kind, byte: u8) -> bool {
        let same = |wanted: u8| wanted == byte || (self.any_case && wanted.eq_ignore_ascii_case(&byte));
        match kind {
            Kind::Any => true,
            Kind::One(wanted) => same(*wanted),
            Kind::Class(list, inverted) => list.iter().any(|&wanted| same(wanted)) != *inverted,
            Kind::Start | Kind::End => false,
        }
    }
}

impl Atom {
    /// Returns whether it stands for a place, not for a character.
    const fn is_place(&self) -> bool {
        matches!(self.kind, Kind::Start | Kind::End)
    }
}

/// Takes the lowest bit off, and returns its place.
fn taken_off(bits: &mut u64) -> Option<usize> {
    let place = bits.trailing_zeros();
    *bits &= bits.checked_sub(1)?;
    usize::try_from(place).ok()
}

fn literal_atoms(text: &str) -> Vec<Atom> {
    text.bytes().map(|byte| Atom { kind: Kind::One(byte), repeated: false }).collect()
}

/// An expression of findstr: `.`, `*`, `^`, `$`, `[class]`, `\x`.
fn atoms(text: &str) -> Vec<Atom> {
    let mut list: Vec<Atom> = Vec::new();
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let kind = match byte {
            b'.' => Kind::Any,
            b'^' if list.is_empty() => Kind::Start,
            b'$' if bytes.peek().is_none() => Kind::End,
            b'*' => {
                if let Some(last) = list.last_mut() {
                    last.repeated = true;
                }
                continue;
            }
            b'\\' => Kind::One(bytes.next().unwrap_or(byte)),
            b'[' => {
                let inverted = bytes.next_if_eq(&b'^').is_some();
                let mut class = Vec::new();
                while let Some(member) = bytes.next().filter(|&member| member != b']') {
                    let ranged = bytes.peek() == Some(&b'-');
                    if ranged {
                        bytes.next();
                        class.extend(member..=bytes.next().unwrap_or(member));
                    } else {
                        class.push(member);
                    }
                }
                Kind::Class(class, inverted)
            }
            _ => Kind::One(byte),
        };
        list.push(Atom { kind, repeated: false });
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pattern_picks() {
        let text = "cmdfile=\"%1\" %*\nSHCmdFile=x\nPowerShell\\v1.0=y\n";
        for (program, arguments, lines) in [
            ("find", " \"mdf\"", "cmdfile=\"%1\" %*\n"),
            ("find", " /i \"CMDF\"", "cmdfile=\"%1\" %*\nSHCmdFile=x\n"),
            ("find", " /v \"md\"", "PowerShell\\v1.0=y\n"),
            ("findstr", " l\\v", "PowerShell\\v1.0=y\n"),
            ("findstr", " v1.0", "PowerShell\\v1.0=y\n"),
            ("findstr", " ^c.*file", "cmdfile=\"%1\" %*\n"),
            ("findstr", " [HX]Cm", "SHCmdFile=x\n"),
            ("findstr", " /c:\"e=x\"", "SHCmdFile=x\n"),
            ("findstr", " /e =y", "PowerShell\\v1.0=y\n"),
            ("findstr", " \"zz HC\"", "SHCmdFile=x\n"),
            ("findstr", " , ;mdfi", "cmdfile=\"%1\" %*\n"),
            ("find", " \"zz\"", ""),
        ] {
            assert_eq!(
                filtered(text, program, arguments, &Work::unlimited()).as_deref(),
                Some(lines),
                "{arguments}"
            );
        }
        assert_eq!(filtered(text, "find", " \"a\" b.txt", &Work::unlimited()), None);
    }
}
