//! Events made for rules: each aims at one rule, hits or narrowly misses its patterns, and holds words of others.
use super::engines::{Record, Rules, has};
use regex_syntax::hir::{Class, Hir, HirKind};
use rsigma_parser::SigmaValue;
use rsigma_parser::ast::Modifier;
use schtag::fields::{Field, View};
use schtag::rules::{Comparison, Glob, GlobPart, Op, Relation, Target, Test};
use schtag_tests::random::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

fn filler(random: &mut Random) -> &'static str {
    random.pick::<&str>(&FILLER)
}

/// A condition as a tree.
enum Tree {
    Pattern(u32),
    Constant,
    Not(Box<Self>),
    AtLeast(usize, Vec<Self>),
}

impl Tree {
    fn of(condition: &[Op]) -> Self {
        let mut stack: Vec<Self> = Vec::new();
        for op in condition {
            let tree = match *op {
                Op::Pattern(pattern) => Self::Pattern(pattern),
                Op::Constant(_) => Self::Constant,
                Op::Not => Self::Not(Box::new(stack.pop().unwrap())),
                Op::AtLeast { least, of } => {
                    Self::AtLeast(least as usize, stack.split_off(stack.len() - of as usize))
                }
            };
            stack.push(tree);
        }
        stack.pop().unwrap()
    }
}

/// A text to plant in a field.
struct Piece {
    text: String,
    /// True if nothing may stand before it, or after it.
    first: bool,
    last: bool,
}

/// The contents that an event should have.
#[derive(Default)]
struct Plan {
    pieces: BTreeMap<Field, Vec<Piece>>,
    references: Vec<(Field, Field, Relation)>,
    present: BTreeSet<Field>,
    absent: BTreeSet<Field>,
}

/// Makes events for the rules of a set.
pub(crate) struct Generator<'r> {
    rules: &'r Rules,
    trees: Vec<Tree>,
    /// By rule: its regular expressions, each with the name of its field.
    regexes: Vec<Vec<(Option<String>, Hir)>>,
    /// Literals of all patterns.
    words: Vec<String>,
    random: Random,
}

const FILLER: [&str; 12] = ["", " ", "x", "-", "/", "\\", ".", "0", "ü", "\"", " -q ", "*?"];
const IDS: [&str; 5] = ["4698", "4699", "4700", "4701", "4702"];

impl<'r> Generator<'r> {
    pub(crate) fn new(rules: &'r Rules, seed: u64) -> Self {
        let mut words: BTreeSet<String> = ["C:\\Windows\\System32\\", "svchost.exe", "true", "5", "-1"]
            .map(str::to_owned)
            .into_iter()
            .collect();
        for pattern in &rules.pack.patterns {
            if let Test::Text(glob) = &pattern.test {
                words.extend(glob.parts.iter().filter_map(|part| match part {
                    GlobPart::Literal(text) => Some(text.clone()),
                    _ => None,
                }));
            }
        }
        let regexes = rules.items.iter().map(|items| {
            let items = items.iter().filter(|item| has(item, Modifier::Re));
            let values =
                items.flat_map(|item| item.values.iter().map(|value| (item.field.name.clone(), value)));
            values
                .filter_map(|(field, value)| match value {
                    SigmaValue::String(text) => Some((field, regex_syntax::parse(&text.original).ok()?)),
                    _ => None,
                })
                .collect()
        });
        Self {
            rules,
            trees: rules.pack.rules.iter().map(|rule| Tree::of(&rule.condition)).collect(),
            regexes: regexes.collect(),
            words: words.into_iter().collect(),
            random: Random::new(seed),
        }
    }

    /// An event that aims at a rule, or at barely missing it.
    pub(crate) fn event(&mut self, rule: usize) -> Record {
        let mut plan = Plan::default();
        let trees = std::mem::take(&mut self.trees);
        let want = self.random.percent(75);
        self.aim(rule, &trees[rule], want, &mut plan);
        self.trees = trees;
        let view = self.rules.pack.rules[rule].view;
        let mut record = self.noise(view);
        for (field, pieces) in std::mem::take(&mut plan.pieces) {
            let mut values = self.assemble(pieces);
            if self.random.percent(10) {
                values.push(self.phrase());
            }
            record.values.insert(field, values);
        }
        for field in &plan.present {
            if !record.values.contains_key(field) {
                let value = if self.random.percent(20) { String::new() } else { self.phrase() };
                record.values.insert(*field, vec![value]);
            }
        }
        for (left, right, relation) in plan.references {
            self.relate(&mut record, left, right, relation);
        }
        for field in plan.absent {
            record.values.remove(&field);
        }
        self.mutate(&mut record);
        if view == View::ProcessCreation && !record.is_process() {
            record.values.insert(Field::Image, vec![self.phrase()]);
        }
        record
    }

    /// Fields with words of any rule.
    fn noise(&mut self, view: View) -> Record {
        let mut record = Record::default();
        let with_action = view == View::ProcessCreation || self.random.percent(70);
        for &field in Field::ALL {
            let visible = field.visible_in(View::Security) || field.visible_in(view);
            if visible && self.random.percent(25) && (with_action || !field.per_action()) {
                record.values.insert(field, vec![self.phrase()]);
            }
        }
        record.values.insert(Field::EventId, vec![(*self.random.pick(&IDS)).to_owned()]);
        record
    }

    /// One to three words.
    fn phrase(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..=self.random.below(3) {
            let word = self.random.below(self.words.len());
            text.push_str(&self.words[word]);
            text.push_str(filler(&mut self.random));
        }
        text
    }

    /// Plans what makes a condition true, or false.
    fn aim(&mut self, rule: usize, tree: &Tree, want: bool, plan: &mut Plan) {
        match tree {
            Tree::Constant => {}
            Tree::Not(inner) => self.aim(rule, inner, !want, plan),
            Tree::AtLeast(least, of) => {
                let needed = if want { *least } else { of.len() + 1 - least };
                let mut order: Vec<&Tree> = of.iter().collect();
                for index in (1..order.len()).rev() {
                    order.swap(index, self.random.below(index + 1));
                }
                for (index, inner) in order.into_iter().enumerate() {
                    if index < needed {
                        self.aim(rule, inner, want, plan);
                    } else if of.len() < 6 {
                        let other = self.random.percent(50);
                        self.aim(rule, inner, other, plan);
                    }
                }
            }
            Tree::Pattern(index) => self.aim_at_pattern(rule, *index, want, plan),
        }
    }

    fn aim_at_pattern(&mut self, rule: usize, index: u32, want: bool, plan: &mut Plan) {
        let rules = self.rules;
        let pattern = &rules.pack.patterns[index as usize];
        let field = match pattern.target {
            Target::Field(field) => field,
            Target::Anywhere(view) => {
                let fields: Vec<Field> = Field::ALL.iter().copied().filter(|f| f.visible_in(view)).collect();
                *self.random.pick(&fields)
            }
        };
        if let Test::Exists(expected) = pattern.test {
            if expected == want {
                plan.present.insert(field)
            } else {
                plan.absent.insert(field)
            };
            return;
        }
        if !want {
            return;
        }
        let whole = |text: String| Piece { text, first: true, last: true };
        let piece = match &pattern.test {
            Test::Text(glob) => self.fitting(glob),
            Test::Regex(_) => {
                let fitting = self.regexes_for(rule, pattern.target, field);
                if fitting.is_empty() {
                    return;
                }
                let hir = self.random.pick(&fitting).clone();
                let mut text = String::new();
                self.sample(&hir, &mut text);
                let anchored = |look| hir.properties().look_set().contains(look);
                Piece {
                    text,
                    first: anchored(regex_syntax::hir::Look::Start),
                    last: anchored(regex_syntax::hir::Look::End),
                }
            }
            Test::Number(comparison, number) => whole(self.number(*comparison, *number)),
            Test::Cidr(cidr) => whole(self.address(cidr.network)),
            Test::FieldRef { field: other, relation, .. } => {
                plan.references.push((field, *other, *relation));
                return;
            }
            Test::Exists(_) => return,
        };
        plan.pieces.entry(field).or_default().push(piece);
    }

    fn regexes_for(&self, rule: usize, target: Target, field: Field) -> Vec<Hir> {
        let fits = |name: &Option<String>| match (target, name) {
            (Target::Anywhere(_), None) => true,
            (Target::Field(_), Some(name)) => {
                Field::resolve(self.rules.pack.rules[rule].view, name) == Some(field)
            }
            _ => false,
        };
        self.regexes[rule].iter().filter(|(name, _)| fits(name)).map(|(_, hir)| hir.clone()).collect()
    }

    fn fitting(&mut self, glob: &Glob) -> Piece {
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
    fn sample(&mut self, hir: &Hir, out: &mut String) {
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
    fn member(&mut self, class: &Class) -> char {
        let members: Vec<char> = match class {
            Class::Unicode(class) => (' '..='~')
                .filter(|c| class.ranges().iter().any(|range| range.start() <= *c && *c <= range.end()))
                .collect(),
            Class::Bytes(_) => Vec::new(),
        };
        if members.is_empty() { 'x' } else { *self.random.pick(&members) }
    }

    fn number(&mut self, comparison: Comparison, number: f64) -> String {
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

    fn address(&mut self, network: IpAddr) -> String {
        let low = self.random.number() & 0xff;
        match network {
            IpAddr::V4(network) => IpAddr::from((network.to_bits() | low as u32).to_be_bytes()).to_string(),
            IpAddr::V6(network) => {
                std::net::Ipv6Addr::from_bits(network.to_bits() | u128::from(low)).to_string()
            }
        }
    }

    /// Copies one field's value into another so that they relate.
    fn relate(&mut self, record: &mut Record, left: Field, right: Field, relation: Relation) {
        let filler = filler(&mut self.random);
        let words = self.phrase();
        let known = record.values.entry(right).or_insert_with(|| vec![words]);
        known.truncate(1);
        let value = known.first().cloned().unwrap_or_default();
        let value = match relation {
            Relation::Equals => value,
            Relation::StartsWith => value + filler,
            Relation::EndsWith => filler.to_owned() + &value,
            Relation::Contains => format!("{filler}{value}{filler}"),
        };
        let value = if self.random.percent(30) { self.recase(&value) } else { value };
        record.values.insert(left, vec![value]);
    }

    /// Puts pieces together: in one value where they can stand together, else in several.
    fn assemble(&mut self, pieces: Vec<Piece>) -> Vec<String> {
        let mut values = Vec::new();
        let mut start = None;
        let mut middle = Vec::new();
        let mut end = None;
        for piece in pieces {
            match (piece.first, piece.last) {
                (true, true) => values.push(piece.text),
                (true, false) => start = Some(piece.text),
                (false, true) => end = Some(piece.text),
                (false, false) => middle.push(piece.text),
            }
        }
        if start.is_some() || end.is_some() || !middle.is_empty() {
            let mut text = start.unwrap_or_default();
            for word in middle {
                text.push_str(filler(&mut self.random));
                text.push_str(&word);
                text.push_str(filler(&mut self.random));
            }
            text.push_str(&end.unwrap_or_default());
            values.push(text);
        }
        values
    }

    /// Small damage to some of the values.
    fn mutate(&mut self, record: &mut Record) {
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
    fn recase(&mut self, text: &str) -> String {
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
