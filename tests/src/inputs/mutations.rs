//! Changes of inputs as a fuzzer makes them, the same in every run.

use crate::inputs::random::Random;

/// Words that the code looks for, so that changes get past the first comparison.
const WORDS: [&str; 28] = [
    "\"schtag\":",
    "\"\\u0073chtag\":",
    "\"EventID\":4698",
    "4698.0",
    "4.698e3",
    "\\u0000",
    "\\ud800",
    "\\x4f",
    "nan",
    "-inf",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ",",
    "<Exec><Command>",
    "</Task>",
    "<![CDATA[",
    "&lt;",
    "&#x26;",
    "^",
    "%a:~0,1%",
    " -enc ",
    "\u{2013}",
    "'+'",
    "\u{fffd}\u{10ffff}",
];

/// A source of changes.
#[derive(Debug)]
pub struct Mutations(Random);

impl Mutations {
    /// The changes of one run.
    pub const fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit)
    }

    /// A seed with one to four changes; some of them take from `other`.
    pub fn of(&mut self, seed: &[u8], other: &[u8]) -> Vec<u8> {
        let mut input = seed.to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut input, other);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(input.len().saturating_add(1));
        let end = at.saturating_add(self.below(32)).min(input.len());
        match self.below(7) {
            0 => drop(input.drain(at..end)),
            1 => input.truncate(at),
            2 => {
                let byte = u8::try_from(self.below(256)).unwrap_or(0);
                input.insert(at, byte);
            }
            3 => {
                let bit = self.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            4 => {
                let again = input.get(at..end).unwrap_or_default().repeat(self.below(6).saturating_add(1));
                drop(input.splice(at..at, again));
            }
            5 => {
                let from = self.below(other.len());
                let part = other.get(from..).unwrap_or_default();
                let length = self.below(part.len().min(256).saturating_add(1));
                drop(input.splice(at..end, part.iter().take(length).copied()));
            }
            _ => {
                let word = WORDS.get(self.below(WORDS.len())).copied().unwrap_or_default();
                drop(input.splice(at..end, word.bytes()));
            }
        }
    }
}
