//! What groups commands: `if`, `else`, and the parentheses around them.
//!
//! Source: `if /?`.

use super::{is_delimiter, split_word};

/// An `if` without its first word.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Condition<'a> {
    /// Whether it holds, where it compares two texts that stand in the line.
    pub(super) holds: Option<bool>,
    /// What follows it.
    pub(super) body: &'a str,
}

/// Reads `exist file`, `defined name`, `errorlevel n`, `a==b` or `a equ b`, with `/i` and `not` before it.
pub(super) fn condition(arguments: &str) -> Condition<'_> {
    let mut rest = arguments;
    let (mut any_case, mut negated) = (false, false);
    loop {
        let (word, behind) = split_word(rest);
        let (is_case, is_not) = (word.eq_ignore_ascii_case("/i"), word.eq_ignore_ascii_case("not"));
        if !(is_case || is_not) || behind.is_empty() {
            break;
        }
        any_case |= is_case;
        negated ^= is_not;
        rest = behind;
    }
    let (word, behind) = split_word(rest);
    let unary = ["exist", "defined", "errorlevel", "cmdextversion"];
    if unary.iter().any(|known| known.eq_ignore_ascii_case(word)) {
        return Condition { holds: None, body: split_word(behind).1 };
    }
    let (left, operator, right, body) = match word.split_once("==") {
        Some((left, "")) => {
            let (right, body) = split_word(behind);
            (left, "==", right, body)
        }
        Some((left, right)) => (left, "==", right, behind),
        None => {
            let (operator, behind) = split_word(behind);
            if let Some(right) = operator.strip_prefix("==").filter(|right| !right.is_empty()) {
                (word, "==", right, behind)
            } else {
                let (right, body) = split_word(behind);
                (word, operator, right, body)
            }
        }
    };
    let is_plain = |text: &str| !text.is_empty() && !text.contains(['%', '!']);
    let same = if any_case { left.eq_ignore_ascii_case(right) } else { left == right };
    let compares = operator == "==" || operator.eq_ignore_ascii_case("equ");
    let holds = (compares && is_plain(left) && is_plain(right)).then_some(same != negated);
    Condition { holds, body }
}

/// Splits a command at the `) else` in it.
pub(super) fn at_else(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        quoted ^= c == '"';
        if c != ')' || quoted {
            continue;
        }
        let behind = text.get(at.saturating_add(1)..)?.trim_start();
        if let Some(body) = keyword(behind, "else") {
            return text.get(..at).map(|before| (before, body));
        }
    }
    None
}

/// What follows a keyword that a text begins with.
pub(super) fn keyword<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (start, behind) = text.split_at_checked(word.len())?;
    let ends = behind.is_empty() || behind.starts_with(|c| is_delimiter(c) || matches!(c, '(' | '@'));
    (start.eq_ignore_ascii_case(word) && ends).then_some(behind)
}

/// Removes the parenthesis that closes a group; one that the command opened itself stays.
pub(super) fn without_closing(text: &str) -> &str {
    let open = text.matches('(').count();
    let text = text.trim_end();
    match text.strip_suffix(')') {
        Some(inner) if inner.matches(')').count() >= open => inner.trim_end(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions() {
        for (arguments, holds, body) in [
            (" exist x a b", None, "a b"),
            (" not defined x a", None, "a"),
            (" 1==1 a", Some(true), "a"),
            (" 1 == 2 a", Some(false), "a"),
            (" a ==a b", Some(true), "b"),
            (" not \"a\"==\"b\" (x)", Some(true), "(x)"),
            (" /i a equ A b", Some(true), "b"),
            (" a equ A b", Some(false), "b"),
            (" %x%==1 a", None, "a"),
            (" 1 lss 2 a", None, "a"),
            ("", None, ""),
        ] {
            assert_eq!(condition(arguments), Condition { holds, body }, "{arguments}");
        }
    }

    #[test]
    fn the_other_branch() {
        assert_eq!(at_else("a x) else (b y)"), Some(("a x", " (b y)")));
        assert_eq!(at_else("a x)ELSE b"), Some(("a x", " b")));
        assert_eq!(at_else("a \") else b\""), None);
        assert_eq!(at_else("a ) elsewhere"), None);
    }
}
