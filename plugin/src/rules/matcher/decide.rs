//! Decides the rules that may match on a row, and searches the regular expressions that they ask for.

use super::hits::Hits;
use super::rows::Row;
use super::{Deferred, Matched, Matcher, PART, Prepared, Scratch};
use crate::fields::{Field, Fields};
use crate::rules::compact::Folded;
use crate::rules::condition::Run;
use crate::rules::short_circuit::{Asked, ShortCircuits};

/// Units of work for a step of a condition.
const STEP: usize = 110;
/// Units of work for a candidate.
const CANDIDATE: usize = 1_500;
/// Units of work for a regular expression that may have to be searched.
const SEARCHED: usize = 100;

impl Matcher {
    /// Adds the rules that match on what was collected. A rule that an action further behind has matched is decided
    /// again, since the first one's match counts.
    pub(super) fn decide<'t, F: Fields>(
        &self,
        row: &Row<'t, '_, F>,
        scratch: &mut Scratch,
        found: &mut Vec<Matched<'t>>,
    ) {
        let Scratch { hits, counts, speaking, rules, .. } = scratch;
        for index in rules.iter() {
            let Some(prepared) = self.rules.get(index as usize) else { continue };
            if !row.asks(prepared) {
                continue;
            }
            let known = found.iter().position(|earlier| earlier.rule == index);
            let is_first =
                known.and_then(|known| found.get(known)).is_none_or(|known| row.index < known.action);
            if !is_first {
                continue;
            }
            if !row.work.spend(CANDIDATE) {
                return;
            }
            if !self.holds_on(&self.conditions, index, row, hits, counts) {
                continue;
            }
            self.search_deferred(index, row, hits);
            let evidence = self.evidence(index, hits, row, speaking);
            let action = row.index.filter(|_| prepared.per_action);
            let branches = self.branches_that_hold(prepared, row, hits, counts);
            let matched = Matched { rule: index, action, evidence, branches };
            match known.and_then(|known| found.get_mut(known)) {
                Some(known) => *known = matched,
                None => found.push(matched),
            }
        }
        hits.forget_tries();
    }

    /// Returns whether a condition holds on a row.
    pub(super) fn holds_on<F: Fields>(
        &self,
        conditions: &ShortCircuits,
        condition: u32,
        row: &Row<'_, '_, F>,
        hits: &mut Hits,
        counts: &mut Vec<u32>,
    ) -> bool {
        let (holds, made) = conditions.holds(condition, &mut AskedHits { matcher: self, row, hits }, counts);
        // A condition has a bounded number of steps: what this one took is taken from those that follow it.
        let _ = row.work.spend(made.saturating_mul(STEP));
        holds
    }

    /// The branches of a rule that hold, as far as the work suffices.
    fn branches_that_hold<F: Fields>(
        &self,
        rule: &Prepared,
        row: &Row<'_, '_, F>,
        hits: &mut Hits,
        counts: &mut Vec<u32>,
    ) -> Vec<u32> {
        let holds = |branch: &u32| {
            let condition = rule.first_branch.saturating_add(*branch);
            self.holds_on(&self.branches, condition, row, hits, counts)
        };
        (0..rule.branches).filter(holds).collect()
    }

    pub(super) fn deferred(&self, pattern: u32) -> Option<Deferred> {
        self.deferred.get(pattern as usize).copied().flatten()
    }

    /// The field in which a pattern has still to be searched.
    pub(super) fn open(&self, pattern: u32, hits: &Hits) -> Option<Field> {
        let deferred = self.deferred(pattern)?;
        let may_match = !deferred.has_literals || hits.is_suggested(pattern);
        (may_match && !hits.has(pattern) && !hits.was_tried(pattern)).then_some(deferred.field)
    }

    /// Searches the regular expressions of a rule.
    pub(super) fn search_deferred<F: Fields>(&self, rule: u32, row: &Row<'_, '_, F>, hits: &mut Hits) {
        let patterns = self.searched.of(rule as usize);
        if !row.work.spend(patterns.len().saturating_mul(SEARCHED)) {
            return;
        }
        for pattern in patterns {
            self.search(pattern, row, hits);
        }
    }

    /// Searches a regular expression, unless that was done or it cannot be found.
    fn search<F: Fields>(&self, pattern: u32, row: &Row<'_, '_, F>, hits: &mut Hits) {
        let Some(field) = self.open(pattern, hits) else { return };
        hits.is_first_try(pattern);
        let table = if field.per_action() { row.own } else { row.shared };
        for (index, value) in (0_u32..).zip(table.values(field)) {
            // A long value leaves something for other expressions and rules.
            let part = row.work.lend(row.work.left().checked_div(PART).unwrap_or(0));
            let tables = (table, row.shared);
            self.try_one(pattern, (field, index), &Folded::new(value), tables, &part, hits);
            hits.incomplete |= part.is_spent();
            row.work.take_back(&part);
        }
    }

    /// Returns whether a pattern holds, given the hits. Patterns that ask for absence hold without a hit.
    pub(super) fn holds(&self, pattern: u32, hits: &Hits) -> bool {
        hits.has(pattern) != self.tests.asks_absence(pattern)
    }
}

/// Answers which patterns of a matcher hold on a row, and searches those that are asked for.
struct AskedHits<'m, 't, 'w, F> {
    matcher: &'m Matcher,
    row: &'m Row<'t, 'w, F>,
    hits: &'m mut Hits,
}

impl<F: Fields> Asked for AskedHits<'_, '_, '_, F> {
    #[inline(always)]
    fn hit(&self, pattern: u32) -> bool {
        self.hits.has(pattern)
    }

    #[inline(always)]
    fn run(&self, run: Run) -> bool {
        self.hits.has_run(run)
    }

    fn open(&mut self, pattern: u32) -> bool {
        self.matcher.search(pattern, self.row, self.hits);
        self.matcher.holds(pattern, self.hits)
    }
}
