//! Stores the patterns of a pack in a form that needs little memory.
use super::glob;
use super::needles::{Literal, Says};
use super::{Dfa, LoadError, Pack, Test};
use crate::fields::Fields;
use crate::work::Work;
use std::borrow::Cow;
use std::cell::OnceCell;

/// Every pattern's test, by the pattern's index.
#[derive(Debug)]
pub(super) struct Tests {
    tests: Vec<Compact>,
    /// The encoded globs, one behind the other.
    globs: Vec<u8>,
    regexes: Vec<Dfa>,
    /// The tests of the rarer kinds.
    rare: Vec<Test>,
}

#[derive(Debug, Clone, Copy)]
enum Compact {
    /// A glob, by its place.
    Text {
        start: u32,
        end: u32,
        cased: bool,
    },
    Regex(u32),
    Exists(bool),
    Rare(u32),
}

/// Units of work for a byte that a regular expression walks.
const STEP: usize = 30;
/// Units of work for a byte that is read as a number or an address.
const NUMBER: usize = 40;
/// Units of work for a byte of two values that are compared.
const COMPARED: usize = 12;

/// A value, also in the case that most patterns compare in, once that is asked for.
pub(super) struct Folded<'v> {
    pub(super) value: &'v str,
    folded: OnceCell<Cow<'v, str>>,
}

impl<'v> Folded<'v> {
    pub(super) const fn new(value: &'v str) -> Self {
        Self { value, folded: OnceCell::new() }
    }

    /// The value in folded case. `None` where `work` does not suffice to fold it.
    pub(super) fn folded(&self, work: &Work) -> Option<&str> {
        if self.folded.get().is_none() && !work.spend(glob::folding(self.value)) {
            return None;
        }
        Some(self.folded.get_or_init(|| glob::fold(self.value)))
    }

    /// The value in a form in which only the case of ASCII letters may differ from the folded one.
    pub(super) fn searchable(&self, work: &Work) -> Option<&str> {
        if self.value.is_ascii() { Some(self.value) } else { self.folded(work) }
    }
}

impl Tests {
    /// Takes the automata out of the pack, so that they are not in memory twice.
    pub(super) fn new(pack: &mut Pack) -> Result<Self, LoadError> {
        let regexes: Vec<Dfa> =
            pack.regexes.iter_mut().map(|regex| std::mem::take(&mut regex.automaton)).collect();
        if !regexes.iter().all(Dfa::is_sound) {
            return Err(LoadError::Unusable("the automaton of a regular expression has no end"));
        }
        let mut tests = Self { tests: Vec::new(), globs: Vec::new(), regexes, rare: Vec::new() };
        for pattern in &pack.patterns {
            let compact = tests.compact(&pattern.test)?;
            tests.tests.push(compact);
        }
        tests.tests.shrink_to_fit();
        tests.globs.shrink_to_fit();
        Ok(tests)
    }

    fn compact(&mut self, test: &Test) -> Result<Compact, LoadError> {
        let place = |length: usize| u32::try_from(length).map_err(|_| LoadError::Unusable("it is too large"));
        Ok(match test {
            Test::Text(glob) => {
                let start = place(self.globs.len())?;
                glob.encode(&mut self.globs);
                Compact::Text { start, end: place(self.globs.len())?, cased: glob.cased }
            }
            Test::Regex(index) if (*index as usize) < self.regexes.len() => Compact::Regex(*index),
            Test::Regex(_) => {
                return Err(LoadError::Unusable("a pattern names a regular expression that is not there"));
            }
            Test::Exists(expected) => Compact::Exists(*expected),
            rare => {
                self.rare.push(rare.clone());
                Compact::Rare(place(self.rare.len().saturating_sub(1))?)
            }
        })
    }

    /// Returns how many patterns there are.
    pub(super) const fn len(&self) -> usize {
        self.tests.len()
    }

    fn get(&self, pattern: u32) -> Option<Compact> {
        self.tests.get(pattern as usize).copied()
    }

    fn glob(&self, start: u32, end: u32) -> &[u8] {
        self.globs.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Returns whether the pattern asks for the absence of its field.
    pub(super) fn asks_absence(&self, pattern: u32) -> bool {
        matches!(self.get(pattern), Some(Compact::Exists(false)))
    }

    /// The literal by which a text pattern is searched, in the case that is searched; `None` when it has none,
    /// or is no text pattern.
    pub(super) fn literal(&self, pattern: u32) -> Option<Literal> {
        match self.get(pattern)? {
            Compact::Text { start, end, cased } => {
                let glob = self.glob(start, end);
                let literal = glob::rarest_literal(glob)?;
                let says = if cased { Says::MayFit } else { glob::meaning(glob) };
                Some(Literal { text: glob::fold(literal).into_owned(), pattern, says })
            }
            _ => None,
        }
    }

    /// Returns whether a value passes a test. `own` and `other` are the tables in which field references look. False,
    /// too, where `work` does not suffice to tell.
    pub(super) fn passes<F: Fields>(
        &self,
        pattern: u32,
        value: &Folded<'_>,
        own: &F,
        other: &F,
        work: &Work,
    ) -> bool {
        match self.get(pattern) {
            Some(Compact::Text { start, end, cased }) => {
                let text = if cased { Some(value.value) } else { value.folded(work) };
                text.is_some_and(|text| glob::fits(self.glob(start, end), text, work))
            }
            Some(Compact::Regex(index)) => {
                work.walk(value.value.len(), STEP)
                    && self.regexes.get(index as usize).is_some_and(|dfa| dfa.is_found(value.value))
            }
            Some(Compact::Exists(expected)) => expected,
            Some(Compact::Rare(index)) => match self.rare.get(index as usize) {
                Some(test) => passes_rare(test, value, own, other, work),
                None => false,
            },
            None => false,
        }
    }

    /// The part of a value that a pattern is about. `at` is where its literal first stands, if that is known.
    pub(super) fn excerpt<'v>(&self, pattern: u32, value: &'v str, at: Option<u32>) -> &'v str {
        match self.get(pattern) {
            Some(Compact::Text { start, end, cased }) => {
                // A place in a folded value is the same one only where folding moves nothing.
                let at = at.filter(|_| value.is_ascii()).map(|at| at as usize);
                glob::excerpt(self.glob(start, end), value, cased, at)
            }
            _ => value,
        }
    }
}

fn passes_rare<F: Fields>(test: &Test, value: &Folded<'_>, own: &F, other: &F, work: &Work) -> bool {
    match test {
        Test::Number(comparison, number) => {
            work.walk(value.value.len(), NUMBER) && comparison.matches(value.value, *number)
        }
        Test::Cidr(cidr) => work.walk(value.value.len(), NUMBER) && cidr.matches(value.value),
        Test::FieldRef { field, relation, cased } => {
            own.values(*field).iter().chain(other.values(*field)).any(|referred| {
                if !work.walk(value.value.len().saturating_add(referred.len()), COMPARED) {
                    return false;
                }
                if *cased {
                    return relation.holds(value.value, referred);
                }
                value.folded(work).is_some_and(|value| {
                    work.spend(glob::folding(referred)) && relation.holds(value, &glob::fold(referred))
                })
            })
        }
        Test::Text(_) | Test::Regex(_) | Test::Exists(_) => false,
    }
}
