//! Texts of which every match of a regular expression holds at least one, so that an automaton need not be run
//! over values that hold none.
//!
//! They are found by all literals of a field's patterns being searched at once, in folded case; so they are in
//! folded case, too, whether or not the expression ignores case.

use regex_syntax::hir::{Class, Hir, HirKind};
use schtag::rules::fold;
use std::cmp::Reverse;

/// The most texts of an expression.
const MAX_TEXTS: usize = 8;
/// Shorter texts are in too many values to be of use.
const MIN_LENGTH: usize = 2;
/// Characters of a class that are looked at.
const MAX_CLASS: usize = 64;
/// Longer texts are no rarer.
const MAX_LENGTH: usize = 64;

/// The texts of an expression; `None` when nothing of use is known.
pub(super) fn of(hir: &Hir) -> Option<Vec<String>> {
    required(hir).filter(|texts| is_useful(texts))
}

/// Every match holds one of the result, which may be any texts. Recursion is bounded by the parser's nesting limit.
fn required(hir: &Hir) -> Option<Vec<String>> {
    if let Some(texts) = exact(hir) {
        return Some(texts);
    }
    match hir.kind() {
        HirKind::Concat(parts) => in_sequence(parts),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(required(part).filter(|texts| is_useful(texts))?);
            }
            limited(all)
        }
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Capture(capture) => required(&capture.sub),
        _ => None,
    }
}

/// The best of what the parts of a sequence require: parts that have few texts are joined.
fn in_sequence(parts: &[Hir]) -> Option<Vec<String>> {
    let mut best: Option<Vec<String>> = None;
    let mut consider = |texts: Vec<String>| {
        if is_useful(&texts) && best.as_ref().is_none_or(|best| worth(&texts) > worth(best)) {
            best = Some(texts);
        }
    };
    let mut run = vec![String::new()];
    for part in parts {
        let Some(texts) = exact(part) else {
            consider(std::mem::replace(&mut run, vec![String::new()]));
            if let Some(texts) = required(part) {
                consider(texts);
            }
            continue;
        };
        run = product(&run, &texts).unwrap_or_else(|| {
            consider(std::mem::take(&mut run));
            texts
        });
    }
    consider(run);
    best
}

/// All texts that an expression matches, when they are few.
fn exact(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(vec![String::new()]),
        HirKind::Literal(literal) => Some(vec![fold(std::str::from_utf8(&literal.0).ok()?).into_owned()]),
        HirKind::Class(class) => characters(class),
        HirKind::Capture(capture) => exact(&capture.sub),
        HirKind::Repetition(repetition) if repetition.max == Some(repetition.min) => {
            let texts = exact(&repetition.sub)?;
            let mut all = vec![String::new()];
            for _ in 0..repetition.min {
                all = product(&all, &texts)?;
            }
            Some(all)
        }
        HirKind::Repetition(repetition) if (repetition.min, repetition.max) == (0, Some(1)) => {
            let mut all = exact(&repetition.sub)?;
            all.push(String::new());
            limited(all)
        }
        HirKind::Repetition(_) => None,
        HirKind::Concat(parts) => {
            let mut all = vec![String::new()];
            for part in parts {
                all = product(&all, &exact(part)?)?;
            }
            Some(all)
        }
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(exact(part)?);
            }
            limited(all)
        }
    }
}

fn characters(class: &Class) -> Option<Vec<String>> {
    let characters: Vec<char> = match class {
        Class::Unicode(class) => {
            class.iter().flat_map(|range| range.start()..=range.end()).take(MAX_CLASS).collect()
        }
        Class::Bytes(class) => {
            let bytes = class.iter().flat_map(|range| range.start()..=range.end()).take(MAX_CLASS);
            bytes.map(|byte| byte.is_ascii().then_some(char::from(byte))).collect::<Option<_>>()?
        }
    };
    if characters.is_empty() || characters.len() == MAX_CLASS {
        return None;
    }
    limited(characters.iter().map(|c| fold(c.encode_utf8(&mut [0; 4])).into_owned()).collect())
}

/// Returns every text of the one followed by every text of the other.
fn product(one: &[String], other: &[String]) -> Option<Vec<String>> {
    if one.len().checked_mul(other.len())? > MAX_TEXTS {
        return None;
    }
    let joined: Vec<String> = one.iter().flat_map(|a| other.iter().map(move |b| format!("{a}{b}"))).collect();
    if joined.iter().any(|text| text.len() > MAX_LENGTH) { None } else { limited(joined) }
}

/// Each text once, if they are few enough.
fn limited(mut texts: Vec<String>) -> Option<Vec<String>> {
    texts.sort_unstable();
    texts.dedup();
    (texts.len() <= MAX_TEXTS).then_some(texts)
}

fn is_useful(texts: &[String]) -> bool {
    !texts.is_empty() && texts.iter().all(|text| text.len() >= MIN_LENGTH)
}

/// Longer texts are rarer, and fewer are better.
fn worth(texts: &[String]) -> (usize, Reverse<usize>) {
    let shortest = texts.iter().map(String::len).min().unwrap_or_default();
    (shortest.min(6), Reverse(texts.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals(pattern: &str) -> Option<Vec<String>> {
        of(&regex_syntax::parse(pattern).unwrap())
    }

    #[test]
    fn every_match_holds_one_of_the_texts() {
        for (pattern, expected) in [
            (r"powershell", Some(&["powershell"][..])),
            (r"(?i)PowerShell", Some(&["powershell", "power\u{17f}hell"])),
            (r"-e(nc|c)?\s+[A-Za-z0-9+/=]{20,}", Some(&["-e", "-ec", "-enc"])),
            (r"\d+\.exe", Some(&[".exe"])),
            (r"(foo|bar)\d", Some(&["bar", "foo"])),
            (r"(foo|\d)", None),
            (r"a\w+bcd", Some(&["bcd"])),
            (r"(abc)+", Some(&["abc"])),
            (r"(abc)*x", None),
            (r"[0-9a-f]{8}", None),
            (r"\\Windows\\(Temp|Tasks)\\", Some(&[r"\windows\tasks\", r"\windows\temp\"])),
            (r"x{3}", Some(&["xxx"])),
            (r"^.$", None),
            (r"\bcmd\b", Some(&["cmd"])),
            (r"ÉTÉ", Some(&["été"])),
        ] {
            let expected = expected.map(|texts| texts.iter().map(ToString::to_string).collect());
            assert_eq!(literals(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn large_products_are_cut_into_parts() {
        let texts = literals(r"[abc][def][ghi]xyz[abc][def][ghi]").unwrap();
        assert!(texts.len() <= MAX_TEXTS && texts.iter().all(|text| text.len() >= MIN_LENGTH), "{texts:?}");
        assert_eq!(literals(r"[^a]bc[^a]"), Some(vec!["bc".into()]));
    }
}
