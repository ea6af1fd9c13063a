//! Every truth of an evaluation, for explanations. Only the host asks; the linker leaves it out of the guest.
use super::{Matcher, Order, Scratch};
use crate::fields::{Field, Fields};
use crate::rules::Op;
use crate::rules::condition::Run;
use crate::rules::short_circuit::{Asked, Patterns, ShortCircuits};
use crate::work::Work;

/// The result of every pattern and rule for one action, or for the event where it has no action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The index of the action's table; `None` when the event has none.
    pub action: Option<usize>,
    /// For each pattern of the pack, whether it holds.
    pub patterns: Vec<bool>,
    /// Where patterns that found something found it first. A pattern that asks for absence has no place.
    pub places: Vec<Place>,
    /// For each rule of the pack, whether its condition holds; `None` for a rule that is not decided here: one
    /// about processes where there is none, or one that looks at no action and was decided on the first.
    pub rules: Vec<Option<bool>>,
}

/// Where a pattern matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The pattern's index in the pack.
    pub pattern: u32,
    /// The field.
    pub field: Field,
    /// Which of the field's values.
    pub value: u32,
}

impl Trace {
    /// The truth of a part of a rule's condition that leaves one value.
    pub fn truth(&self, ops: &[Op]) -> bool {
        let mut conditions = ShortCircuits::default();
        let mut asked = self;
        conditions.push(ops, &Undecided).is_ok() && conditions.holds(0, &mut asked, &mut Vec::new()).0
    }

    fn holds(&self, pattern: u32) -> bool {
        self.patterns.get(pattern as usize).copied().unwrap_or(false)
    }
}

impl Asked for &Trace {
    fn hit(&self, pattern: u32) -> bool {
        self.holds(pattern)
    }

    fn run(&self, run: Run) -> bool {
        let mut patterns = run.first..run.first.saturating_add(run.count);
        if run.all { patterns.all(|p| self.holds(p)) } else { patterns.any(|p| self.holds(p)) }
    }

    fn open(&mut self, pattern: u32) -> bool {
        self.holds(pattern)
    }
}

/// Of no pattern anything is known beforehand.
struct Undecided;

impl Patterns for Undecided {
    fn is_decided(&self, _: u32) -> bool {
        false
    }

    fn is_common(&self, _: u32) -> bool {
        false
    }
}

impl Matcher {
    /// Evaluates as [`Self::evaluate`] does, and keeps every truth on the way: one trace for each action, in
    /// order, or one for an event without actions.
    pub fn trace<F: Fields>(&self, event: &F, actions: &[F], scratch: &mut Scratch) -> Vec<Trace> {
        let mut traces = Vec::new();
        let order: Vec<usize> = (0..actions.len()).collect();
        let order = Order { rows: &order, first: 0 };
        self.each_row(event, actions, order, &Work::unlimited(), scratch, |row, scratch| {
            let Scratch { hits, counts, .. } = scratch;
            // An explanation shows what `evaluate` need not look at.
            for (index, _) in (0_u32..).zip(&self.rules) {
                self.search_deferred(index, &row, hits);
            }
            let count = u32::try_from(self.tests.len()).unwrap_or(u32::MAX);
            let rules = (0_u32..).zip(&self.rules).map(|(index, rule)| {
                row.asks(rule).then(|| self.holds_on(&self.conditions, index, &row, hits, counts))
            });
            let rules = rules.collect();
            traces.push(Trace {
                action: row.index,
                rules,
                patterns: (0..count).map(|pattern| self.holds(pattern, hits)).collect(),
                places: hits
                    .list
                    .iter()
                    .map(|hit| Place { pattern: hit.pattern, field: hit.field, value: hit.value })
                    .collect(),
            });
            hits.forget_tries();
        });
        traces
    }
}
