//! Values that fit a pattern, and small damage to them.

use super::engines::Record;
use super::events::{Generator, filler};
use regex_syntax::hir::{Class, Hir, HirKind};
use schtag::fields::Field;
use schtag::rules::{Comparison, Glob, GlobPart};
use schtag_tests::random::Random;
use std::net::IpAddr;

/// A text to plant in a field.
pub(super) struct Piece {
    pub(super) text: String,
    /// True if nothing may stand before it, or after it.
    pub(super) first: bool,
    pub(super) last: bool,
}

impl Generator<'_> {
    pub(super) fn fitting(&mut self, glob: &Glob) -> Piece {
        let mut text = String::new();
        let mut parts = glob.parts.as_slice();
        let first = !matches!(parts.first(), Some(GlobPart::Any));
        let last = !matches!(parts.last(), Some(GlobPart::Any));
        if let [GlobPart::Any, rest @ ..] = parts {
            parts = rest;
        }
        if let [rest @ .., GlobPart::Any] = parts {
            parts = rest;
        }
        for part in parts {
            match part {
                GlobPart::Literal(literal) => text.push_str(literal),
                GlobPart::Any => text.push_str(filler(&mut self.random)),
                GlobPart::One => text.push(*self.random.pick(&['a', 'Z', '*', '?', '\\', 'ü', '5'])),
            }
        }
        if !glob.cased && self.random.percent(40) {
            text = self.recase(&text);
        }
        Piece { text, first, last }
    }

    /// A text that a regular expression finds, its assertions aside.
    pub(super) fn sample(&mut self, hir: &Hir, out: &mut String) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(class) => out.push(self.member(class)),
            HirKind::Repetition(repetition) => {
                let most = repetition.max.unwrap_or(u32::MAX).min(repetition.min.saturating_add(3));
                let count = repetition.min as usize + self.random.below((most - repetition.min) as usize + 1);
                for _ in 0..count {
                    self.sample(&repetition.sub, out);
                }
            }
            HirKind::Capture(capture) => self.sample(&capture.sub, out),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.sample(part, out)),
            HirKind::Alternation(parts) => {
                let part = self.random.pick(parts);
                self.sample(part, out);
            }
        }
    }

    /// A character of a class, ASCII if it has such.
    pub(super) fn member(&mut self, class: &Class) -> char {
        let members: Vec<char> = match class {
            Class::Unicode(class) => (' '..='~')
                .filter(|c| class.ranges().iter().any(|range| range.start() <= *c && *c <= range.end()))
                .collect(),
            Class::Bytes(_) => Vec::new(),
        };
        if members.is_empty() { 'x' } else { *self.random.pick(&members) }
    }

    pub(super) fn number(&mut self, comparison: Comparison, number: f64) -> String {
        let near = match comparison {
            Comparison::Lt => number - 1.0,
            Comparison::Gt => number + 1.0,
            _ => number,
        };
        match self.random.below(4) {
            0 => number.to_string(),
            1 => format!("{near:.3}"),
            _ => near.to_string(),
        }
    }

    pub(super) fn address(&mut self, network: IpAddr) -> String {
        let low = self.random.number() & 0xff;
        match network {
            IpAddr::V4(network) => IpAddr::from((network.to_bits() | low as u32).to_be_bytes()).to_string(),
            IpAddr::V6(network) => {
                std::net::Ipv6Addr::from_bits(network.to_bits() | u128::from(low)).to_string()
            }
        }
    }

    /// Small damage to some of the values.
    pub(super) fn mutate(&mut self, record: &mut Record) {
        let mut random = Random::new(self.random.number());
        for value in record.values.iter_mut().filter(|(f, _)| **f != Field::EventId).flat_map(|(_, v)| v) {
            if !random.percent(12) {
                continue;
            }
            let mut chars: Vec<char> = value.chars().collect();
            match random.below(6) {
                0 => drop(chars.pop()),
                1 if !chars.is_empty() => drop(chars.remove(0)),
                2 => chars.push('x'),
                3 => chars.insert(0, ' '),
                4 if !chars.is_empty() => drop(chars.remove(random.below(chars.len()))),
                _ => {
                    *value = self.recase(value);
                    continue;
                }
            }
            *value = chars.into_iter().collect();
        }
    }

    /// The text with the case of some letters changed.
    pub(super) fn recase(&mut self, text: &str) -> String {
        let all = self.random.percent(40);
        text.chars()
            .map(|c| {
                let mut upper = c.to_uppercase();
                match (upper.next(), upper.next()) {
                    (Some(upper), None) if all || self.random.percent(30) => upper,
                    _ => c,
                }
            })
            .collect()
    }
}
