//! Sigma's text patterns.
//!
//! A [`Glob`] is kept as one run of bytes, its literals in UTF-8 with two bytes that never occur in UTF-8 for
//! the wildcards: thousands of patterns then take little more than their text.
use super::needles::{Needles, Says, rarity};
use super::{Glob, GlobPart};
use crate::bytes::{self, find_either};
use crate::work::Work;
use schtag_task::case;
use std::borrow::Cow;

/// `*` in an encoded pattern.
const ANY: u8 = 0xfe;
/// `?` in an encoded pattern.
const ONE: u8 = 0xfd;

impl Glob {
    /// Returns whether the whole value fits. False, too, where `work` does not suffice to tell.
    pub fn matches(&self, value: &str, work: &Work) -> bool {
        let mut encoded = Vec::new();
        self.encode(&mut encoded);
        if self.cased {
            return fits(&encoded, value, work);
        }
        work.spend(folding(value)) && fits(&encoded, &fold(value), work)
    }

    /// Appends the encoded form.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                GlobPart::Literal(text) => out.extend_from_slice(text.as_bytes()),
                GlobPart::Any => out.push(ANY),
                GlobPart::One => out.push(ONE),
            }
        }
    }
}

/// Units of work for a byte of a value that a pattern walks.
const BYTE: usize = 5;
/// Units of work for each place that is tried: a search is set up for it.
const PLACE: usize = 500;

/// Returns whether a whole value fits an encoded pattern, in the case in which the pattern is kept. False, too, where
/// `work` does not suffice to tell.
pub(super) fn fits(pattern: &[u8], value: &str, work: &Work) -> bool {
    // A literal that is anchored walks no more than its own length.
    let walked = if is_anchored(pattern) { pattern.len() } else { value.len() };
    if !work.walk(walked, BYTE) {
        return false;
    }
    if let [ANY, byte, ANY] = *pattern
        && !is_wildcard(byte)
    {
        return bytes::find(value.as_bytes(), byte).is_some();
    }
    let mut position = Position { pattern, rest: value.as_bytes() };
    // Where to go on after the last `*` when what follows it does not fit.
    let mut retry: Option<Position<'_>> = None;
    loop {
        match position.step() {
            Step::Fits => return true,
            Step::Never => return false,
            Step::On(next) => position = next,
            Step::Star(next) => {
                position = next;
                retry = Some(next);
            }
            Step::Back => {
                if !work.spend(PLACE) {
                    return false;
                }
                let Some(next) = retry.and_then(Position::later) else { return false };
                position = next;
                retry = Some(next);
            }
        }
    }
}

/// The rest of a pattern and of a value.
#[derive(Clone, Copy)]
struct Position<'p> {
    pattern: &'p [u8],
    rest: &'p [u8],
}

enum Step<'p> {
    Fits,
    Never,
    On(Position<'p>),
    Star(Position<'p>),
    Back,
}

impl<'p> Position<'p> {
    fn step(self) -> Step<'p> {
        let Self { pattern, rest } = self;
        match pattern.split_first() {
            None if rest.is_empty() => Step::Fits,
            None => Step::Back,
            Some((&ANY, [])) => Step::Fits,
            // The last literal can only be at the end.
            Some((&ANY, last)) if !last.iter().any(|&byte| is_wildcard(byte)) => {
                if rest.ends_with(last) {
                    Step::Fits
                } else {
                    Step::Never
                }
            }
            Some((&ANY, pattern)) => Step::Star(Self { pattern, rest }),
            Some((&ONE, pattern)) => match skip_character(rest) {
                Some(rest) => Step::On(Self { pattern, rest }),
                None => Step::Never,
            },
            Some(_) => {
                let literal = literal(pattern);
                match (pattern.strip_prefix(literal), rest.strip_prefix(literal)) {
                    (Some(pattern), Some(rest)) => Step::On(Self { pattern, rest }),
                    _ => Step::Back,
                }
            }
        }
    }

    /// The next place after a `*` at which its successor may stand.
    fn later(self) -> Option<Self> {
        let rest = skip_character(self.rest)?;
        let literal = literal(self.pattern);
        let skip = if literal.is_empty() { 0 } else { find(rest, literal)? };
        Some(Self { pattern: self.pattern, rest: rest.get(skip..)? })
    }
}

/// Where a literal first stands. What `memmem` prepares is worth it in long texts only.
fn find(text: &[u8], literal: &[u8]) -> Option<usize> {
    const SHORT: usize = 128;
    if text.len() > SHORT {
        return memchr::memmem::find(text, literal);
    }
    let first = *literal.first()?;
    let mut at = 0_usize;
    loop {
        at = at.saturating_add(bytes::find(text.get(at..)?, first)?);
        if text.get(at..)?.starts_with(literal) {
            return Some(at);
        }
        at = at.saturating_add(1);
    }
}

/// Returns whether a pattern is a literal, or one with a `*` at one of its ends.
fn is_anchored(pattern: &[u8]) -> bool {
    let literal = match pattern {
        [ANY, literal @ ..] | [literal @ .., ANY] => literal,
        literal => literal,
    };
    !literal.iter().any(|&byte| is_wildcard(byte))
}

const fn is_wildcard(byte: u8) -> bool {
    matches!(byte, ANY | ONE)
}

/// The literal that a pattern begins with.
fn literal(pattern: &[u8]) -> &[u8] {
    let end = pattern.iter().position(|&byte| is_wildcard(byte)).unwrap_or(pattern.len());
    pattern.get(..end).unwrap_or_default()
}

/// Returns what follows the first character.
fn skip_character(text: &[u8]) -> Option<&[u8]> {
    let (_, rest) = text.split_first()?;
    let next = rest.iter().position(|byte| byte & 0xc0 != 0x80).unwrap_or(rest.len());
    rest.get(next..)
}

/// The longest literal of an encoded pattern, which every value that fits contains.
pub(super) fn longest_literal(pattern: &[u8]) -> Option<&str> {
    let literals = pattern.split(|&byte| is_wildcard(byte));
    let longest = literals.max_by_key(|literal| literal.len()).filter(|literal| !literal.is_empty())?;
    std::str::from_utf8(longest).ok()
}

/// The literal of an encoded pattern that is likely to stand in the fewest values.
pub(super) fn rarest_literal(pattern: &[u8]) -> Option<&str> {
    let literals =
        pattern.split(|&byte| is_wildcard(byte)).filter(|literal| literal.len() >= Needles::SHORTEST);
    let rarest = literals.min_by_key(|literal| (is_common(literal), rarity(literal)));
    rarest.map_or_else(|| longest_literal(pattern), |literal| std::str::from_utf8(literal).ok())
}

/// Returns whether a literal stands in the path of most programs.
fn is_common(literal: &[u8]) -> bool {
    [&b".exe"[..], b"c:\\program files", b"c:\\windows", b"system32"]
        .iter()
        .any(|common| literal.starts_with(common))
}

/// Returns what it says of a value that the only literal of an encoded pattern stands in it.
pub(super) fn meaning(pattern: &[u8]) -> Says {
    let (literal, says) = match pattern {
        [ANY, literal @ .., ANY] => (literal, Says::Fits),
        [ANY, literal @ ..] => (literal, Says::FitsAtEnd),
        [literal @ .., ANY] => (literal, Says::FitsAtStart),
        literal => (literal, Says::FitsAlone),
    };
    if literal.iter().any(|&byte| is_wildcard(byte)) { Says::MayFit } else { says }
}

/// The words of a value that a pattern is about: the place of the longest literal where the pattern has room
/// around it, else the whole value. `at` is where that literal first stands, if that is known.
pub(super) fn excerpt<'v>(pattern: &[u8], value: &'v str, cased: bool, at: Option<usize>) -> &'v str {
    let open = pattern.first() == Some(&ANY) || pattern.last() == Some(&ANY);
    let place = || {
        let literal = longest_literal(pattern)?;
        let find = || if cased { value.find(literal) } else { find_folded(value, literal) };
        let start = at.or_else(find)?;
        value.get(start..start.saturating_add(literal.len()))
    };
    if open { place().unwrap_or(value) } else { value }
}

/// Where a text in folded case first stands in a value that is not; `None`, too, where folding would make another
/// place of it.
fn find_folded(value: &str, text: &str) -> Option<usize> {
    if !value.is_ascii() {
        let folded = fold(value);
        return if folded.len() == value.len() { folded.find(text) } else { None };
    }
    let (value, text) = (value.as_bytes(), text.as_bytes());
    let first = *text.first()?;
    let mut at = 0_usize;
    loop {
        let rest = value.get(at..)?;
        let found = find_either(rest, first, first.to_ascii_uppercase())?;
        let stands = rest.get(found..)?.get(..text.len())?;
        at = at.saturating_add(found);
        if stands.eq_ignore_ascii_case(text) {
            return Some(at);
        }
        at = at.saturating_add(1);
    }
}

/// The units of work that [`fold`] costs.
pub(super) fn folding(text: &str) -> usize {
    let units = if text.is_ascii() { 6 } else { 60 };
    text.len().saturating_mul(units)
}

/// A text in the case in which patterns compare: lower case, character by character.
///
/// Unlike with [`str::to_lowercase`], a capital sigma becomes the same letter wherever it stands, as does the small
/// one that ends a word: what is part of a text is then still part of it.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        bytes::to_lower_case(text)
    } else {
        let mut lower = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                // Most letters need no table.
                '\0'..='\u{7f}' => lower.push(c.to_ascii_lowercase()),
                'ς' => lower.push('σ'),
                _ => lower.push(case::lower(c)),
            }
        }
        Cow::Owned(lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn glob(pattern: &str) -> Glob {
        let pattern = fold(pattern);
        let mut parts: Vec<GlobPart> = Vec::new();
        for c in pattern.chars() {
            match (c, parts.last_mut()) {
                ('*', Some(GlobPart::Any)) => {}
                ('*', _) => parts.push(GlobPart::Any),
                ('?', _) => parts.push(GlobPart::One),
                (c, Some(GlobPart::Literal(text))) => text.push(c),
                (c, _) => parts.push(GlobPart::Literal(c.to_string())),
            }
        }
        Glob { cased: false, parts }
    }

    #[test]
    fn whole_values_fit_or_do_not() {
        for (pattern, value, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("abc", "ABC", true),
            ("abc", "abcd", false),
            ("*ΔΟΣ*", "ΟΔΟΣΑ", true),
            ("*δος", "ΟΔΟΣ", true),
            ("Ä*", "äb", true),
            ("abc*", "abcd", true),
            ("*abc", "xabc", true),
            ("*abc", "xabcabc", true),
            ("*abc*", "xxABCxx", true),
            ("*ab*cd*", "xabxcdx", true),
            ("*cd*ab*", "xabxcdx", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("?", "é", true),
            ("?*", "", false),
            ("*a?", "aab", true),
            ("*a?b", "aaxb", true),
            ("*aab", "aaab", true),
            ("*ab*ab", "ab", false),
            ("*\\powershell.exe", "C:\\Windows\\PowerShell.EXE", true),
        ] {
            assert_eq!(
                glob(pattern).matches(value, &Work::unlimited()),
                expected,
                "{pattern:?} on {value:?}"
            );
        }
    }

    #[test]
    fn case_counts_only_when_asked() {
        let cased = Glob { cased: true, parts: vec![GlobPart::Literal("IEX".into())] };
        assert!(cased.matches("IEX", &Work::unlimited()) && !cased.matches("iex", &Work::unlimited()));
        assert!(glob("straße").matches("STRAßE", &Work::unlimited()));
    }

    #[test]
    fn the_excerpt_is_what_the_pattern_names() {
        let value = "C:\\x\\PowerShell.exe -nop";
        let about = |pattern: &str| {
            let mut encoded = Vec::new();
            glob(pattern).encode(&mut encoded);
            excerpt(&encoded, value, false, None).to_owned()
        };
        assert_eq!(about("*powershell*"), "PowerShell");
        assert_eq!(about("c:\\x*"), "C:\\x");
        assert_eq!(about("c:\\x\\powershell.exe -nop"), value);
    }

    /// The obvious, exponential matcher.
    fn naive(pattern: &[char], value: &[char]) -> bool {
        match pattern.split_first() {
            None => value.is_empty(),
            Some(('*', rest)) => (0..=value.len()).any(|skip| naive(rest, &value[skip..])),
            Some(('?', rest)) => !value.is_empty() && naive(rest, &value[1..]),
            Some((c, rest)) => value.first() == Some(c) && naive(rest, &value[1..]),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_obvious_matcher(pattern in "[ab?*]{0,8}", value in "[abc]{0,12}") {
            let (p, v): (Vec<char>, Vec<char>) = (pattern.chars().collect(), value.chars().collect());
            prop_assert_eq!(glob(&pattern).matches(&value, &Work::unlimited()), naive(&p, &v));
        }
    }
}
