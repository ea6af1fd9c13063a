//! Events made for rules: each aims at one rule, hits or narrowly misses its patterns, and holds words of others.
use super::engines::{Record, Rules, has};
use super::tree::Tree;
use super::values::Piece;
use regex_syntax::hir::Hir;
use rsigma_parser::SigmaValue;
use rsigma_parser::ast::Modifier;
use schtag::fields::{Field, View};
use schtag::rules::{GlobPart, Relation, Target, Test};
use schtag_tests::random::Random;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn filler(random: &mut Random) -> &'static str {
    random.pick::<&str>(&FILLER)
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
    pub(super) random: Random,
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
}
