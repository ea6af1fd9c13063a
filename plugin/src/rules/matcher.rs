//! A pack made ready, and its evaluation on one event.
use super::compact::{Folded, Tests};
use super::condition::{self, Conditions, Known, Run, Step, Truth};
use super::groups::Groups;
use super::needles::Needles;
use super::{LoadError, Pack, Rule};
use crate::fields::{Field, Fields, View};

mod hits;
mod prepare;
mod trace;

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

/// What is known of a rule before any event.
#[derive(Debug, Clone, Copy)]
struct Prepared {
    /// Looks at a field of one action.
    per_action: bool,
    /// Has a regular expression on a field.
    searches: bool,
    /// Can match although none of its patterns has so far, so that it is always evaluated.
    always: bool,
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
    conditions: Conditions,
    rules: Vec<Prepared>,
    /// By pattern: the rules that are decided when it matches, or may match.
    triggered: Groups,
    /// By field number; `None` where no rule looks.
    fields: Vec<Option<FieldPatterns>>,
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
    stack: Vec<Truth>,
    rules: Vec<u32>,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// The rule's index in the pack.
    pub rule: u32,
    /// The action that it matched on, by the index of its table; `None` for a rule that looks at no action.
    pub action: Option<usize>,
    /// The values that decided, one for each pattern that speaks for the match.
    pub evidence: Vec<Evidence>,
}

/// A value that a rule's pattern matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The field.
    pub field: Field,
    /// The words of the value that matched, or the whole value where the pattern is about the whole.
    pub matched: String,
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
        let is_decided = |pattern: u32| {
            !tests.asks_absence(pattern) && matches!(deferred.get(pattern as usize), Some(None))
        };
        let mut conditions = Conditions::default();
        for rule in &pack.rules {
            conditions.push(&rule.condition, is_decided)?;
        }
        conditions.shrink_to_fit();
        let matcher = Self {
            rules,
            triggered: prepare::triggered(&pack),
            fields: prepare::fields(&pack, &tests)?,
            deferred,
            crossing: prepare::crossing(&pack),
            anywhere: [View::Security, View::ProcessCreation].map(|view| prepare::keywords(&pack, view)),
            conditions,
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
    pub fn evaluate<F: Fields>(&self, event: &F, actions: &[F], scratch: &mut Scratch) -> Vec<Matched> {
        let mut found: Vec<Matched> = Vec::new();
        self.each_row(event, actions, scratch, |row, scratch| self.decide(&row, scratch, &mut found));
        found.sort_by_key(|matched| matched.rule);
        found
    }

    /// Collects the hits on the event and each action in turn, and hands them on.
    fn each_row<F: Fields>(
        &self,
        event: &F,
        actions: &[F],
        scratch: &mut Scratch,
        mut use_row: impl FnMut(Row<'_, F>, &mut Scratch),
    ) {
        scratch.hits.reset(self.tests.len());
        self.collect(event, event, &mut scratch.hits);
        let shared = scratch.hits.mark();
        if actions.is_empty() {
            use_row(Row { shared: event, own: event, processes: false, index: None }, scratch);
        }
        for (index, action) in actions.iter().enumerate() {
            scratch.hits.return_to(shared);
            self.collect(action, event, &mut scratch.hits);
            self.cross(event, action, &mut scratch.hits);
            let processes = !action.values(Field::Image).is_empty();
            use_row(Row { shared: event, own: action, processes, index: Some(index) }, scratch);
        }
    }

    /// Tries every pattern on the values of one table. `other` is where field references look next.
    fn collect<F: Fields>(&self, table: &F, other: &F, hits: &mut Hits) {
        for (&field, patterns) in Field::ALL.iter().zip(&self.fields) {
            let values = table.values(field);
            if let Some(patterns) = patterns
                && !values.is_empty()
            {
                for &pattern in &patterns.presence {
                    hits.note(pattern, (field, 0), None);
                }
                for (index, value) in (0_u32..).zip(values) {
                    self.try_value(patterns, (field, index), &Folded::new(value), (table, other), hits);
                }
            }
            if self.anywhere.iter().all(Vec::is_empty) {
                continue;
            }
            for (view, keywords) in [View::Security, View::ProcessCreation].into_iter().zip(&self.anywhere) {
                if keywords.is_empty() || !field.visible_in(view) {
                    continue;
                }
                for (index, value) in (0_u32..).zip(values) {
                    let value = Folded::new(value);
                    for &pattern in keywords {
                        self.try_one(pattern, (field, index), &value, (table, other), hits);
                    }
                }
            }
        }
    }

    /// Tries the patterns of the event's fields that refer to a field of the action.
    fn cross<F: Fields>(&self, event: &F, action: &F, hits: &mut Hits) {
        for &(field, pattern) in &self.crossing {
            for (index, value) in (0_u32..).zip(event.values(field)) {
                self.try_one(pattern, (field, index), &Folded::new(value), (action, event), hits);
            }
        }
    }

    fn try_value<F: Fields>(
        &self,
        patterns: &FieldPatterns,
        place: (Field, u32),
        value: &Folded<'_>,
        tables: (&F, &F),
        hits: &mut Hits,
    ) {
        if let Some(needles) = &patterns.needles {
            needles.search(value.searchable(), |pattern, fits_at| {
                if self.deferred(pattern).is_some() {
                    hits.suggest(pattern);
                } else if let Some(at) = fits_at {
                    hits.note(pattern, place, u32::try_from(at).ok());
                } else if hits.is_first_try(pattern) {
                    self.try_one(pattern, place, value, tables, hits);
                }
            });
            hits.forget_tries();
        }
        for &pattern in &patterns.each {
            self.try_one(pattern, place, value, tables, hits);
        }
    }

    fn try_one<F: Fields>(
        &self,
        pattern: u32,
        (field, index): (Field, u32),
        value: &Folded<'_>,
        (own, other): (&F, &F),
        hits: &mut Hits,
    ) {
        if !hits.has(pattern) && self.tests.passes(pattern, value, own, other) {
            hits.note(pattern, (field, index), None);
        }
    }

    /// Adds the rules that match on what was collected.
    fn decide<F: Fields>(&self, row: &Row<'_, F>, scratch: &mut Scratch, found: &mut Vec<Matched>) {
        let Scratch { hits, stack, rules } = scratch;
        rules.clear();
        let always = (0_u32..).zip(&self.rules).filter(|(_, rule)| rule.always).map(|(index, _)| index);
        rules.extend(always);
        for pattern in hits.list.iter().map(|hit| hit.pattern).chain(hits.suggestions()) {
            rules.extend(self.triggered.of(pattern as usize));
        }
        rules.sort_unstable();
        rules.dedup();
        for &index in rules.iter() {
            let (Some(rule), Some(prepared)) =
                (self.pack.rules.get(index as usize), self.rules.get(index as usize))
            else {
                continue;
            };
            if !row.asks(rule, prepared) || found.iter().any(|earlier| earlier.rule == index) {
                continue;
            }
            let holds = self.evaluate_condition(index, hits, stack);
            if holds == Some(false) {
                continue;
            }
            if prepared.searches {
                self.search_deferred(index, row, hits);
            }
            if holds == Some(true) || self.evaluate_condition(index, hits, stack) == Some(true) {
                let evidence = self.evidence(index, hits, row);
                let action = row.index.filter(|_| prepared.per_action);
                found.push(Matched { rule: index, action, evidence });
            }
        }
        hits.forget_tries();
    }

    /// Whether a rule's condition holds; `None` where that depends on what was not searched yet.
    fn evaluate_condition(&self, rule: u32, hits: &Hits, stack: &mut Vec<Truth>) -> Option<bool> {
        condition::evaluate(self.conditions.of(rule), &KnownHits { matcher: self, hits }, stack)
    }

    fn deferred(&self, pattern: u32) -> Option<Deferred> {
        self.deferred.get(pattern as usize).copied().flatten()
    }

    /// The field in which a pattern has still to be searched.
    fn open(&self, pattern: u32, hits: &Hits) -> Option<Field> {
        let deferred = self.deferred(pattern)?;
        let may_match = !deferred.has_literals || hits.is_suggested(pattern);
        (may_match && !hits.has(pattern) && !hits.was_tried(pattern)).then_some(deferred.field)
    }

    /// Whether a pattern holds; `None` when it was not searched yet.
    #[inline]
    fn known(&self, pattern: u32, hits: &Hits) -> Option<bool> {
        let is_open = !hits.has(pattern) && self.open(pattern, hits).is_some();
        (!is_open).then(|| self.holds(pattern, hits))
    }

    /// Searches the regular expressions of a rule.
    fn search_deferred<F: Fields>(&self, rule: u32, row: &Row<'_, F>, hits: &mut Hits) {
        for step in self.conditions.of(rule) {
            let Step::Pattern(pattern) = step else { continue };
            let Some(field) = self.open(pattern, hits) else { continue };
            hits.is_first_try(pattern);
            let table = if field.per_action() { row.own } else { row.shared };
            for (index, value) in (0_u32..).zip(table.values(field)) {
                self.try_one(pattern, (field, index), &Folded::new(value), (table, row.shared), hits);
            }
        }
    }

    /// Whether a pattern holds, given the hits. Patterns that ask for absence hold without a hit.
    fn holds(&self, pattern: u32, hits: &Hits) -> bool {
        hits.has(pattern) != self.tests.asks_absence(pattern)
    }

    fn evidence<F: Fields>(&self, rule: u32, hits: &Hits, row: &Row<'_, F>) -> Vec<Evidence> {
        let mut evidence: Vec<Evidence> = Vec::new();
        let known = KnownHits { matcher: self, hits };
        let positive = condition::positive_patterns(self.conditions.of(rule), &known);
        for hit in positive.iter().filter_map(|&p| hits.list.iter().find(|hit| hit.pattern == p)) {
            let table = if hit.field.per_action() { row.own } else { row.shared };
            let Some(value) = table.values(hit.field).get(hit.value as usize) else { continue };
            let entry = Evidence {
                field: hit.field,
                matched: self.tests.excerpt(hit.pattern, value, hit.at).to_owned(),
            };
            if !evidence.contains(&entry) {
                evidence.push(entry);
            }
        }
        evidence
    }
}

/// What is known of the patterns of a matcher.
struct KnownHits<'m> {
    matcher: &'m Matcher,
    hits: &'m Hits,
}

impl Known for KnownHits<'_> {
    fn pattern(&self, pattern: u32) -> Option<bool> {
        self.matcher.known(pattern, self.hits)
    }

    fn run(&self, run: Run) -> bool {
        self.hits.has_run(run)
    }

    fn matching(&self, run: Run, visit: impl FnMut(u32)) {
        let patterns = run.first..run.first.saturating_add(run.count);
        patterns.filter(|&pattern| self.hits.has(pattern)).for_each(visit);
    }
}

/// What the rules are decided on.
struct Row<'r, F> {
    /// The fields that all actions share.
    shared: &'r F,
    /// The fields of this action.
    own: &'r F,
    /// The action will become a process.
    processes: bool,
    /// Its index; rules that look at no action are decided on the first.
    index: Option<usize>,
}

impl<F> Row<'_, F> {
    /// Whether a rule is decided here: on processes only, or on the first row when no action matters.
    fn asks(&self, rule: &Rule, prepared: &Prepared) -> bool {
        (rule.view != View::ProcessCreation || self.processes)
            && (prepared.per_action || self.index.is_none_or(|index| index == 0))
    }
}

#[cfg(test)]
mod tests;
