//! Sigma's text patterns.
use super::{Glob, GlobPart};
use std::borrow::Cow;

impl Glob {
    /// Whether the whole value fits.
    pub fn matches(&self, value: &str) -> bool {
        if self.cased { self.fits(value) } else { self.fits(&value.to_lowercase()) }
    }

    /// Whether the whole value fits, in the case in which the literals are stored.
    pub(super) fn fits(&self, folded: &str) -> bool {
        let mut position = Position { part: 0, rest: folded };
        // Where to go on after the last `*` when what follows it does not fit.
        let mut retry: Option<Position<'_>> = None;
        loop {
            match self.step(position) {
                Step::Fits => return true,
                Step::Never => return false,
                Step::On(next) => position = next,
                Step::Star(next) => {
                    position = next;
                    retry = Some(next);
                }
                Step::Back => {
                    let Some(next) = retry.and_then(|star| self.after(star)) else { return false };
                    position = next;
                    retry = Some(next);
                }
            }
        }
    }

    fn step<'v>(&self, at: Position<'v>) -> Step<'v> {
        match self.parts.get(at.part) {
            None if at.rest.is_empty() => Step::Fits,
            None => Step::Back,
            Some(GlobPart::Any) => match self.parts.get(at.part.saturating_add(1)..) {
                None | Some([]) => Step::Fits,
                // The last literal can only be at the end.
                Some([GlobPart::Literal(last)]) => {
                    if at.rest.ends_with(last.as_str()) {
                        Step::Fits
                    } else {
                        Step::Never
                    }
                }
                Some(_) => Step::Star(Position { part: at.part.saturating_add(1), rest: at.rest }),
            },
            Some(GlobPart::One) => at
                .skip_character()
                .map_or(Step::Never, |rest| Step::On(Position { part: at.part.saturating_add(1), rest })),
            Some(GlobPart::Literal(text)) => at
                .rest
                .strip_prefix(text.as_str())
                .map_or(Step::Back, |rest| Step::On(Position { part: at.part.saturating_add(1), rest })),
        }
    }

    /// The next place after a `*` at which its successor may stand.
    fn after<'v>(&self, star: Position<'v>) -> Option<Position<'v>> {
        let rest = star.skip_character()?;
        let skip = match self.parts.get(star.part) {
            Some(GlobPart::Literal(text)) => rest.find(text.as_str())?,
            _ => 0,
        };
        Some(Position { part: star.part, rest: rest.get(skip..)? })
    }

    /// The longest literal, which every value that fits contains.
    pub(super) fn longest_literal(&self) -> Option<&str> {
        self.literals().max_by_key(|text| text.len())
    }

    fn literals(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            GlobPart::Literal(text) => Some(text.as_str()),
            GlobPart::Any | GlobPart::One => None,
        })
    }

    /// The words of a value that the pattern is about: the place of the longest literal where the pattern
    /// has room around it, else the whole value.
    pub(super) fn excerpt<'v>(&self, value: &'v str, folded: &str) -> &'v str {
        let open = matches!(self.parts.first(), Some(GlobPart::Any))
            || matches!(self.parts.last(), Some(GlobPart::Any));
        if !open || folded.len() != value.len() {
            return value;
        }
        let Some(literal) = self.longest_literal() else { return value };
        let Some(start) = folded.find(literal) else { return value };
        value.get(start..start.saturating_add(literal.len())).unwrap_or(value)
    }
}

/// A value in the case that a pattern compares in.
pub(super) fn fold(value: &str) -> Cow<'_, str> {
    if value.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(value)
    } else {
        Cow::Owned(value.to_lowercase())
    }
}

#[derive(Clone, Copy)]
struct Position<'v> {
    part: usize,
    rest: &'v str,
}

impl<'v> Position<'v> {
    fn skip_character(self) -> Option<&'v str> {
        let mut characters = self.rest.chars();
        characters.next().map(|_| characters.as_str())
    }
}

enum Step<'v> {
    Fits,
    Never,
    On(Position<'v>),
    Star(Position<'v>),
    Back,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn glob(pattern: &str) -> Glob {
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
            assert_eq!(glob(pattern).matches(value), expected, "{pattern:?} on {value:?}");
        }
    }

    #[test]
    fn case_counts_only_when_asked() {
        let cased = Glob { cased: true, parts: vec![GlobPart::Literal("IEX".into())] };
        assert!(cased.matches("IEX") && !cased.matches("iex"));
        assert!(glob("straße").matches("STRAßE"));
    }

    #[test]
    fn the_excerpt_is_what_the_pattern_names() {
        let value = "C:\\x\\PowerShell.exe -nop";
        assert_eq!(glob("*powershell*").excerpt(value, &fold(value)), "PowerShell");
        assert_eq!(glob("c:\\x*").excerpt(value, &fold(value)), "C:\\x");
        let whole = "powershell";
        assert_eq!(glob("powershell").excerpt(whole, &fold(whole)), "powershell");
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
            prop_assert_eq!(glob(&pattern).matches(&value), naive(&p, &v));
        }
    }
}
