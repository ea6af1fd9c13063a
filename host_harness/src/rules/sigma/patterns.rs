//! The tests of all rules, each distinct one once.

use super::expression::{Leaf, LeafTest};
use super::refusal::Reason;
use super::regex::Automaton;
use schtag::fields::Field;
use schtag::rules::{Cidr, Comparison, Glob, Pattern, Regex, Relation, Target, Test};
use std::collections::HashMap;

/// The most distinct tests of a pack.
pub(crate) const MAX_PATTERNS: usize = 20_000;
/// The most bytes that a pack's regular expressions may have together.
pub(crate) const MAX_REGEXES: usize = 8 << 20;

/// Numbers tests.
#[derive(Default)]
pub(super) struct Patterns {
    pub(super) patterns: Vec<Pattern>,
    pub(super) regexes: Vec<Regex>,
    numbers: HashMap<Key, u32>,
    regex_numbers: HashMap<Automaton, u32>,
    regex_bytes: usize,
}

/// A leaf in a form that can be looked up: floating-point numbers by their bits.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Text(Target, Glob),
    Regex(Target, Automaton),
    Exists(Target, bool),
    Number(Target, Comparison, u64),
    Cidr(Target, Cidr),
    FieldRef(Target, Field, Relation, bool),
}

impl From<&Leaf> for Key {
    fn from(leaf: &Leaf) -> Self {
        let target = leaf.target;
        match &leaf.test {
            LeafTest::Text(glob) => Self::Text(target, glob.clone()),
            LeafTest::Regex(automaton) => Self::Regex(target, automaton.clone()),
            LeafTest::Exists(exists) => Self::Exists(target, *exists),
            LeafTest::Number(comparison, number) => Self::Number(target, *comparison, number.to_bits()),
            LeafTest::Cidr(cidr) => Self::Cidr(target, *cidr),
            LeafTest::FieldRef { field, relation, cased } => {
                Self::FieldRef(target, *field, *relation, *cased)
            }
        }
    }
}

impl Patterns {
    /// The number of a test.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn number(&mut self, leaf: Leaf) -> Result<u32, Reason> {
        let key = Key::from(&leaf);
        if let Some(number) = self.numbers.get(&key) {
            return Ok(*number);
        }
        if self.patterns.len() >= MAX_PATTERNS {
            return Err(Reason::PackFull { what: "distinct tests", limit: MAX_PATTERNS });
        }
        let test = match leaf.test {
            LeafTest::Text(glob) => Test::Text(glob),
            LeafTest::Regex(automaton) => Test::Regex(self.regex(automaton)?),
            LeafTest::Exists(exists) => Test::Exists(exists),
            LeafTest::Number(comparison, number) => Test::Number(comparison, number),
            LeafTest::Cidr(cidr) => Test::Cidr(cidr),
            LeafTest::FieldRef { field, relation, cased } => Test::FieldRef { field, relation, cased },
        };
        let number = narrow(self.patterns.len());
        self.patterns.push(Pattern { target: leaf.target, test });
        self.numbers.insert(key, number);
        Ok(number)
    }

    fn regex(&mut self, automaton: Automaton) -> Result<u32, Reason> {
        if let Some(number) = self.regex_numbers.get(&automaton) {
            return Ok(*number);
        }
        let bytes = self.regex_bytes.saturating_add(automaton.automaton.size());
        if bytes > MAX_REGEXES {
            return Err(Reason::PackFull { what: "bytes of regular expressions", limit: MAX_REGEXES });
        }
        self.regex_bytes = bytes;
        let number = narrow(self.regexes.len());
        self.regexes.push(Regex::clone(&automaton));
        self.regex_numbers.insert(automaton, number);
        Ok(number)
    }
}

/// Below [`MAX_PATTERNS`], which fits.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
