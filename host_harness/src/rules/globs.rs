//! Text patterns: Sigma strings with wildcards and escapes, and the globs that they become.
//!
//! Source: Sigma specification 2.1.0, "Escaping" and "Wildcards": `*` and `?` are wildcards, a backslash
//! escapes `*`, `?` and `\` and is itself before anything else.

use rsigma_parser::{SigmaString, SpecialChar, StringPart};
use schtag::rules::{Glob, GlobPart, fold};

/// The most parts of a glob.
const MAX_PARTS: usize = 256;
/// The most bytes of text in a glob.
const MAX_LITERALS: usize = 16 << 10;

/// A pattern that is refused because matching it would cost too much.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pattern is too long: at most {MAX_PARTS} parts and {MAX_LITERALS} bytes")]
pub(crate) struct GlobError;

/// A text pattern that is still being put together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text {
    parts: Vec<GlobPart>,
}

impl Text {
    /// A Sigma string: wildcards and escapes are read.
    pub(crate) fn parse(sigma: &str) -> Self {
        let parts = SigmaString::new(sigma).parts.into_iter().map(|part| match part {
            StringPart::Plain(text) => GlobPart::Literal(text),
            StringPart::Special(SpecialChar::WildcardMulti) => GlobPart::Any,
            StringPart::Special(SpecialChar::WildcardSingle) => GlobPart::One,
        });
        Self { parts: parts.collect() }
    }

    /// Exactly this text.
    pub(crate) fn literal(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { parts: if text.is_empty() { Vec::new() } else { vec![GlobPart::Literal(text)] } }
    }

    /// The text, when there are no wildcards in it.
    pub(crate) fn as_literal(&self) -> Option<String> {
        self.parts
            .iter()
            .map(|part| match part {
                GlobPart::Literal(text) => Some(text.as_str()),
                GlobPart::Any | GlobPart::One => None,
            })
            .collect()
    }

    /// The parts as they were written; neighbours may be alike.
    pub(crate) fn parts(&self) -> &[GlobPart] {
        &self.parts
    }

    /// This and then that.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.parts.append(&mut other.parts);
    }

    /// Any text before it.
    pub(crate) fn after_anything(mut self) -> Self {
        self.parts.insert(0, GlobPart::Any);
        self
    }

    /// Any text after it.
    pub(crate) fn before_anything(mut self) -> Self {
        self.parts.push(GlobPart::Any);
        self
    }

    /// The glob, in its normal form: neighbouring literals joined, runs of `*` made one, lower case unless
    /// case counts.
    pub(crate) fn into_glob(self, cased: bool) -> Result<Glob, GlobError> {
        let mut parts: Vec<GlobPart> = Vec::with_capacity(self.parts.len());
        let mut length = 0_usize;
        for part in self.parts {
            match (parts.last_mut(), part) {
                (Some(GlobPart::Any), GlobPart::Any) => {}
                (Some(GlobPart::Literal(before)), GlobPart::Literal(text)) => {
                    length = length.saturating_add(text.len());
                    before.push_str(&text);
                }
                (_, GlobPart::Literal(text)) => {
                    length = length.saturating_add(text.len());
                    parts.push(GlobPart::Literal(text));
                }
                (_, part) => parts.push(part),
            }
        }
        if parts.len() > MAX_PARTS || length > MAX_LITERALS {
            return Err(GlobError);
        }
        if !cased {
            for part in &mut parts {
                if let GlobPart::Literal(text) = part {
                    *text = fold(text).into_owned();
                }
            }
        }
        Ok(Glob { cased, parts })
    }
}

impl From<GlobPart> for Text {
    fn from(part: GlobPart) -> Self {
        Self { parts: vec![part] }
    }
}

/// The glob of a pattern in the settings: `*` and `?` are wildcards, a backslash is only ever a backslash
/// (Windows paths are full of them, and hold neither `*` nor `?`), and case does not count.
///
/// # Errors
/// When the pattern is too long.
pub(crate) fn path_glob(pattern: &str) -> Result<Glob, GlobError> {
    let mut text = Text::default();
    for piece in pattern.split_inclusive(['*', '?']) {
        let (literal, wildcard) = match piece.char_indices().next_back() {
            Some((at, '*')) => (piece.get(..at), Some(GlobPart::Any)),
            Some((at, '?')) => (piece.get(..at), Some(GlobPart::One)),
            _ => (Some(piece), None),
        };
        text.append(Text::literal(literal.unwrap_or_default()));
        text.parts.extend(wildcard);
    }
    text.into_glob(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn literal(text: &str) -> GlobPart {
        GlobPart::Literal(text.into())
    }

    #[test]
    fn wildcards_and_escapes_as_the_specification_has_them() {
        use GlobPart::{Any, One};
        let cases: &[(&str, &[GlobPart])] = &[
            ("", &[]),
            ("*", &[Any]),
            ("**", &[Any]),
            ("*?*", &[Any, One, Any]),
            ("a*b?c", &[literal("a"), Any, literal("b"), One, literal("c")]),
            (r"C:\Windows\System32", &[literal(r"c:\windows\system32")]),
            (r"\*", &[literal("*")]),
            (r"\?", &[literal("?")]),
            (r"\\*", &[literal(r"\"), Any]),
            (r"\\\*", &[literal(r"\*")]),
            (r"\\\\*", &[literal(r"\\"), Any]),
            (r"\\server", &[literal(r"\server")]),
            (r"\\\\server", &[literal(r"\\server")]),
            (r"trailing\", &[literal(r"trailing\")]),
            (r"trailing\\", &[literal(r"trailing\")]),
            ("ÄÖÜ", &[literal("äöü")]),
            ("ΔΟΣ", &[literal("δοσ")]),
        ];
        for (sigma, parts) in cases {
            assert_eq!(&Text::parse(sigma).into_glob(false).unwrap().parts, parts, "{sigma}");
        }
        assert_eq!(Text::parse("AbC").into_glob(true).unwrap().parts, [literal("AbC")]);
        assert_eq!(path_glob(r"\Backup\*").unwrap().parts, [literal(r"\backup\"), Any]);
        assert_eq!(path_glob(r"dc??").unwrap().parts, [literal("dc"), One, One]);
        assert!(Text::parse(&"?".repeat(1000)).into_glob(false).is_err());
    }

    /// The specification's rules, read backwards: does the pattern (from its start) fit the whole value? Slow
    /// and obvious; it knows nothing of globs.
    fn fits(pattern: &[char], value: &[char]) -> bool {
        match pattern {
            [] => value.is_empty(),
            ['\\', escaped @ ('*' | '?' | '\\'), rest @ ..] => {
                value.first() == Some(escaped) && fits(rest, &value[1..])
            }
            ['*', rest @ ..] => (0..=value.len()).any(|skipped| fits(rest, &value[skipped..])),
            ['?', rest @ ..] => !value.is_empty() && fits(rest, &value[1..]),
            [other, rest @ ..] => value.first() == Some(other) && fits(rest, &value[1..]),
        }
    }

    fn fits_parts(parts: &[GlobPart], value: &str) -> bool {
        match parts {
            [] => value.is_empty(),
            [GlobPart::Literal(text), rest @ ..] => {
                value.strip_prefix(text.as_str()).is_some_and(|value| fits_parts(rest, value))
            }
            [GlobPart::One, rest @ ..] => {
                let mut chars = value.chars();
                chars.next().is_some() && fits_parts(rest, chars.as_str())
            }
            [GlobPart::Any, rest @ ..] => {
                let mut ends = value.char_indices().map(|(at, _)| at).chain([value.len()]);
                ends.any(|at| value.get(at..).is_some_and(|value| fits_parts(rest, value)))
            }
        }
    }

    proptest! {
        #[test]
        fn a_glob_fits_what_its_pattern_fits(pattern in r"[ab*?\\]{0,8}", value in r"[ab*?\\]{0,8}") {
            let glob = Text::parse(&pattern).into_glob(true).unwrap();
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(fits_parts(&glob.parts, &value), fits(&chars(&pattern), &chars(&value)));
        }

        #[test]
        fn a_glob_is_in_normal_form(pattern in r"[aÄ*?\\]{0,20}") {
            let glob = Text::parse(&pattern).after_anything().before_anything().into_glob(false).unwrap();
            for pair in glob.parts.windows(2) {
                let alike = matches!(
                    pair,
                    [GlobPart::Any, GlobPart::Any] | [GlobPart::Literal(_), GlobPart::Literal(_)]
                );
                prop_assert!(!alike, "{:?}", glob.parts);
            }
            for part in &glob.parts {
                if let GlobPart::Literal(text) = part {
                    prop_assert_eq!(text.as_str(), fold(text));
                    prop_assert!(!text.is_empty());
                }
            }
        }

        #[test]
        fn every_literal_can_be_written_escaped(text in r"[a-z*?\\ ]{0,12}") {
            let escaped: String =
                text.chars().flat_map(|c| if "*?\\".contains(c) { vec!['\\', c] } else { vec![c] }).collect();
            prop_assert_eq!(Text::parse(&escaped).as_literal(), Some(text));
        }
    }
}
