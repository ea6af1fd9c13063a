//! `if`: its condition, and whether it holds.
//!
//! Source: `if /?`.

use super::lexer::REFERENCES;
use std::cmp::Ordering;

use super::lexer::{Lexed, Lexer, is_delimiter, text_of};

/// A condition as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Test {
    negated: bool,
    any_case: bool,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// `left operator right`
    Compare(String, String, String),
    /// `defined name`
    Defined(String),
    /// A test that depends on the machine: `exist`, `errorlevel`, `cmdextversion`.
    #[default]
    Machine,
}

/// Reads a condition after `if`, up to the command.
pub(super) fn read(lexer: &mut Lexer<'_>) -> Test {
    let mut test = Test::default();
    loop {
        lexer.skip_delimiters();
        if lexer.keyword("/i") {
            test.any_case = true;
        } else if lexer.keyword("not") {
            test.negated = !test.negated;
        } else {
            break;
        }
    }
    if lexer.keyword("defined") {
        test.kind = Kind::Defined(lexer.word());
        return test;
    }
    if ["exist", "errorlevel", "cmdextversion"].iter().any(|known| lexer.keyword(known)) {
        lexer.word();
        return test;
    }
    let left = side(lexer);
    skip_blanks(lexer);
    let operator = if let Some(length) = equals(lexer) {
        lexer.skip(length);
        "==".to_owned()
    } else {
        lexer.word().to_ascii_lowercase()
    };
    let right = lexer.word();
    test.kind = Kind::Compare(left, operator, right);
    test
}

/// The length of the operator `==`, with carets in it, where it comes next.
fn equals(lexer: &Lexer<'_>) -> Option<usize> {
    let rest = lexer.rest();
    ["==", "=^=", "^==", "^=^="]
        .iter()
        .find(|written| rest.starts_with(**written))
        .map(|written| written.len())
}

/// Passes over delimiters that are not the operator.
fn skip_blanks(lexer: &mut Lexer<'_>) {
    loop {
        match lexer.peek() {
            _ if equals(lexer).is_some() => return,
            Some(byte) if is_delimiter(byte) => lexer.skip(1),
            Some(b'^') if lexer.peek_second().is_some_and(is_delimiter) => lexer.skip(2),
            _ => return,
        }
    }
}

/// The left side of a comparison, which may stand right at the operator. A word with brackets is one.
fn side(lexer: &mut Lexer<'_>) -> String {
    skip_blanks(lexer);
    let mut out = Vec::new();
    let mut quoted = false;
    loop {
        let before = *lexer;
        match lexer.next() {
            Lexed::Plain(byte) if quoted || !is_delimiter(byte) => {
                quoted ^= byte == b'"';
                out.push(byte);
            }
            Lexed::Escaped(byte) if !is_delimiter(byte) => out.push(byte),
            Lexed::Special(byte @ (b'(' | b')')) => out.push(byte),
            _ => {
                *lexer = before;
                return text_of(out);
            }
        }
    }
}

/// A comparison of the number of a round with a number.
#[derive(Debug)]
pub(super) struct OfRounds {
    number: i64,
    /// The orders in which it holds.
    when: &'static [Ordering],
    negated: bool,
}

impl OfRounds {
    pub(super) fn holds(&self, number: i64) -> bool {
        self.when.contains(&number.cmp(&self.number)) != self.negated
    }
}

impl Test {
    /// Returns whether a comparison of these texts holds. `None` where they are not known.
    pub(super) fn holds(&self, left: &str, operator: &str, right: &str) -> Option<bool> {
        let known = |text: &str| !REFERENCES.is_in(text);
        let holds = if known(left) && known(right) { self.compare(left, operator, right) } else { None };
        holds.map(|holds| holds != self.negated)
    }

    /// Returns whether the condition holds about a variable that is set; one that is not may be set elsewhere.
    pub(super) fn known(&self, defined: bool) -> Option<bool> {
        defined.then_some(!self.negated)
    }

    /// Reads a comparison with a number on its left once for the rounds of a loop. `None` where it is of another kind.
    pub(super) fn of_rounds(&self) -> Option<OfRounds> {
        let Kind::Compare(_, operator, right) = &self.kind else { return None };
        let number = crate::number::number(right);
        let written = number.is_some_and(|number| number.to_string() == *right);
        let when: &'static [Ordering] = match operator.as_str() {
            // Texts are compared, and a number is written in one way.
            "==" if written => &[Ordering::Equal],
            "equ" => &[Ordering::Equal],
            "neq" => &[Ordering::Less, Ordering::Greater],
            "lss" => &[Ordering::Less],
            "leq" => &[Ordering::Less, Ordering::Equal],
            "gtr" => &[Ordering::Greater],
            "geq" => &[Ordering::Greater, Ordering::Equal],
            _ => return None,
        };
        Some(OfRounds { number: number?, when, negated: self.negated })
    }

    fn compare(&self, left: &str, operator: &str, right: &str) -> Option<bool> {
        let same = if self.any_case { left.eq_ignore_ascii_case(right) } else { left == right };
        if operator == "==" {
            return Some(same);
        }
        let order = match (crate::number::number(left), crate::number::number(right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ if same => Ordering::Equal,
            _ => left.cmp(right),
        };
        Some(match operator {
            "equ" => order.is_eq(),
            "neq" => order.is_ne(),
            "lss" => order.is_lt(),
            "leq" => order.is_le(),
            "gtr" => order.is_gt(),
            "geq" => order.is_ge(),
            _ => return None,
        })
    }
}
