//! A pack made ready, and its evaluation on one event.
use super::compact::Tests;
use super::condition::{self, Conditions, Speaking};
use super::groups::Groups;
use super::needles::Needles;
use super::short_circuit::{Patterns as _, ShortCircuits};
use super::{LoadError, Pack};
use crate::fields::{Field, Fields, View};
use crate::order;
use crate::work::Work;

mod candidates;
mod collect;
mod decide;
mod evidence;
mod hits;
mod prepare;
mod rows;
mod trace;

use candidates::Candidates;
use hits::Hits;

pub use trace::{Place, Trace};

/// The patterns of one field, by how they are tried.
#[derive(Debug, Default)]
struct FieldPatterns {
    /// Text patterns, found by their longest literal and then tested whole.
    needles: Option<Needles>,
    /// Patterns that are tried on every value.
    each: Vec<u32>,
    /// Patterns that ask whether the field is there.
    presence: Vec<u32>,
}

/// Facts about a rule that hold before any event.
#[derive(Debug, Clone, Copy)]
struct Prepared {
    /// Looks at a field of one action.
    per_action: bool,
    /// Is about the processes that actions become.
    per_process: bool,
    /// Can match although none of its patterns has so far, so that it is always evaluated.
    always: bool,
    /// The number of its first branch among those of all rules.
    first_branch: u32,
    /// The number of its branches.
    branches: u32,
}

/// A regular expression on a field.
#[derive(Debug, Clone, Copy)]
struct Deferred {
    field: Field,
    /// It is found only in values that hold one of its literals, which are searched with all others.
    has_literals: bool,
}

/// A pack with its automata.
#[derive(Debug)]
pub struct Matcher {
    /// The pack, without what is kept in smaller form in the other members.
    pack: Pack,
    tests: Tests,
    /// The conditions of all rules, by which they are decided.
    conditions: ShortCircuits,
    /// The same for all rules' branches, in order.
    branches: ShortCircuits,
    /// The conditions of all rules, by which is found what speaks for a match.
    written: Conditions,
    /// By rule: its regular expressions.
    searched: Groups,
    rules: Vec<Prepared>,
    /// By pattern: the rules that are decided when it matches, or may match.
    triggered: Groups,
    /// The fields that rules look at, each with its patterns: first those that all actions share, then those of an
    /// action.
    fields: [Vec<(Field, FieldPatterns)>; 2],
    /// By pattern: what is known of those that are searched only when they can decide.
    deferred: Vec<Option<Deferred>>,
    /// Patterns of the event's fields that refer to a field of the action, with their field: they are tried
    /// with each action.
    crossing: Vec<(Field, u32)>,
    /// Keyword patterns, by view: each is tried on every field.
    anywhere: [Vec<u32>; 2],
}

/// Working memory of an evaluation, kept from event to event.
#[derive(Debug, Default)]
pub struct Scratch {
    hits: Hits,
    counts: Vec<u32>,
    speaking: Speaking,
    /// The rules that may match on what all actions share.
    shared: Candidates,
    /// The rules that may match on the row at hand.
    rules: Candidates,
}

/// The order in which the actions of an event are looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Order<'o> {
    /// The indices of the actions' tables.
    pub rows: &'o [usize],
    /// So many of them share the work before any is granted to the others.
    pub first: usize,
}

/// The result of an evaluation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Evaluated<'t> {
    /// The rules that match, in the order of the pack.
    pub matched: Vec<Matched<'t>>,
    /// True if every value was looked at, as far as a rule asks. Else the work did not suffice, and a rule may be
    /// missing.
    pub complete: bool,
}

/// The part of the work that one value may take, and the part that what all actions share may.
const PART: usize = 2;

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched<'t> {
    /// The rule's index in the pack.
    pub rule: u32,
    /// The action that it matched on, by the index of its table; `None` for a rule that looks at no action.
    pub action: Option<usize>,
    /// The values that decided, one for each pattern that speaks for the match.
    pub evidence: Vec<Evidence<'t>>,
    /// The branches of the rule that hold, by their index in [`Rule::branches`].
    pub branches: Vec<u32>,
}

/// A value that a rule's pattern matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence<'t> {
    /// The field.
    pub field: Field,
    /// The words of the value that matched, or the whole value where the pattern is about the whole.
    pub matched: &'t str,
}

impl Matcher {
    /// Makes a pack ready: checks it and builds its automata.
    ///
    /// # Errors
    /// When the pack's parts do not fit together.
    pub fn new(mut pack: Pack) -> Result<Self, LoadError> {
        let tests = Tests::new(&mut pack)?;
        let rules = prepare::rules(&pack)?;
        let deferred = prepare::deferred(&pack);
        let patterns = prepare::Patterns::new(&pack, &tests, &deferred);
        let searched = prepare::searched(&pack, &deferred)?;
        let (mut conditions, mut branches) = (ShortCircuits::default(), ShortCircuits::default());
        let mut written = Conditions::default();
        for rule in &pack.rules {
            conditions.push(&rule.condition, &patterns)?;
            written.push(&condition::steps(&rule.condition, |pattern| patterns.is_decided(pattern)));
            for branch in &rule.branches {
                branches.push(&branch.condition, &patterns)?;
            }
        }
        conditions.shrink_to_fit();
        branches.shrink_to_fit();
        written.shrink_to_fit();
        let matcher = Self {
            rules,
            triggered: prepare::triggered(&pack)?,
            fields: prepare::fields(&pack, &tests)?,
            deferred,
            crossing: prepare::crossing(&pack),
            anywhere: [View::Security, View::ProcessCreation].map(|view| prepare::keywords(&pack, view)),
            conditions,
            branches,
            written,
            searched,
            tests,
            pack: prepare::without_patterns(pack),
        };
        Ok(matcher)
    }

    /// The pack's settings, rules and correlations. Patterns, conditions and regular expressions are gone from
    /// it: the matcher keeps them in smaller forms.
    pub const fn pack(&self) -> &Pack {
        &self.pack
    }

    /// The rules that match an event: `event` holds the fields that all actions share, `actions` those of
    /// each action. Rules about one action are evaluated for each, and count when one of them matches. Each
    /// rule is given once, with the evidence of its first match, in the order of the pack.
    pub fn evaluate<'t, F: Fields>(
        &self,
        event: &'t F,
        actions: &'t [F],
        scratch: &mut Scratch,
    ) -> Vec<Matched<'t>> {
        let rows: Vec<usize> = (0..actions.len()).collect();
        let order = Order { rows: &rows, first: 0 };
        self.evaluate_within(event, actions, order, &Work::unlimited(), scratch).matched
    }

    /// The same within a budget of work. Each action gets a share of what those before it left, so that an expensive one does
    /// not take the others' verdict with it. Where all is looked at, the result does not depend on the order.
    pub(crate) fn evaluate_within<'t, F: Fields>(
        &self,
        event: &'t F,
        actions: &'t [F],
        order: Order<'_>,
        work: &Work,
        scratch: &mut Scratch,
    ) -> Evaluated<'t> {
        let mut matched = Vec::new();
        self.each_row(event, actions, order, work, scratch, |row, scratch| {
            self.decide(&row, scratch, &mut matched);
        });
        order::sort_by_key(&mut matched, |matched| u64::from(matched.rule));
        Evaluated { matched, complete: !scratch.hits.incomplete }
    }

    /// The rules that look at no action and match an event by what all actions share.
    pub(crate) fn evaluate_event<'t, F: Fields>(
        &self,
        event: &'t F,
        work: &Work,
        scratch: &mut Scratch,
    ) -> Vec<Matched<'t>> {
        let mut found = Vec::new();
        self.each_row(event, &[], Order::default(), work, scratch, |row, scratch| {
            self.decide(&row, scratch, &mut found);
        });
        let looks_at_action = |rule: u32| self.rules.get(rule as usize).is_none_or(|rule| rule.per_action);
        found.retain(|matched| !looks_at_action(matched.rule));
        found
    }
}

#[cfg(test)]
mod tests;
