//! A bounded memory of what matched lately, for Sigma correlations.
//!
//! Source: the Sigma Correlation Rules Specification 2.1. What is remembered is an improvement and never a
//! need: hosts that make a new instance for each chunk see sequences within that chunk only, and when the
//! memory is full, some matches leave (see `memory`).
//!
//! The time of a record is what its host or its shipper claims. So it decides only which matches are near enough to
//! each other, and never what is forgotten: a wrong clock cannot take away what other records brought.

mod folded;
mod list;
mod memory;

use crate::fields::{Field, Fields, Table};
use crate::order;
use crate::rules::{Correlation, CorrelationKind, Matched};
use folded::{Folded, join};
use memory::{KEPT, Memory, Seen};
use schtag_task::case;
use std::cmp::Reverse;

/// The newest matches of a group that are looked at beyond the number that a condition counts: some may have come late or
/// with a wrong time. It bounds the cost of the thousandth equal event.
const SLACK: usize = 64;

/// The memory.
#[derive(Debug, Default)]
pub(crate) struct History {
    memory: Memory,
}

/// A correlation that an event completes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// Its index in the pack.
    pub correlation: u32,
    /// Index, among the matches of the event, of the one that completed it.
    pub matched: usize,
    /// The values that the matches have in common.
    pub group: Vec<(Field, String)>,
}

impl History {
    /// A memory that takes all of its room at once, so that it never grows.
    pub(crate) fn with_room() -> Self {
        Self { memory: Memory::with_room() }
    }

    /// Remembers the matches of an event and gives the correlations that they complete.
    ///
    /// `now` is the record's time; records may come out of order. `event` and `actions` are the tables that the
    /// rules were evaluated on.
    pub(crate) fn observe(
        &mut self,
        correlations: &[Correlation],
        matched: &[Matched<'_>],
        event: &Table<'_>,
        actions: &[Table<'_>],
        now: u64,
    ) -> Vec<Completed> {
        let mut completed = Vec::new();
        if matched.is_empty() {
            return completed;
        }
        let mut folded = Folded::default();
        let host = event.values(Field::Computer).first().map_or(0, |host| folded.hash(host));
        for (index, correlation) in (0_u32..).zip(correlations) {
            for (position, rule) in (0_u32..).zip(&correlation.rules) {
                let Some(found) = matched.iter().position(|m| m.rule == *rule) else { continue };
                let action = matched.get(found).and_then(|m| m.action).and_then(|action| actions.get(action));
                let Some(group) = group(correlation, position, event, action, &mut folded) else { continue };
                let value = match correlation.value_field.map(|field| first(field, event, action)) {
                    None => 0,
                    Some(Some(value)) => folded.hash(value),
                    // A match without the value that is counted counts for nothing.
                    Some(None) => continue,
                };
                let group = join(group, u64::from(index));
                let key = key(correlation, group, position);
                let at = u32::try_from(now).unwrap_or(u32::MAX);
                // Of equal values the newest one counts for all.
                let window =
                    (correlation.kind == CorrelationKind::ValueCount).then_some(correlation.timespan);
                let seen = Seen { key, value, at, number: 0 };
                let seen = self.memory.remember(seen, join(host, u64::from(index)), window, SLACK);
                let is_new = !completed.iter().any(|c: &Completed| c.correlation == index);
                if is_new && self.completes(correlation, group, &seen) {
                    let group = in_common(correlation, position, event, action);
                    completed.push(Completed { correlation: index, matched: found, group });
                }
            }
        }
        completed
    }

    /// Returns whether a correlation is satisfied by what is remembered, the newest match included.
    fn completes(&self, correlation: &Correlation, group: u64, newest: &Seen) -> bool {
        match correlation.kind {
            CorrelationKind::EventCount => {
                let enough = enough(correlation);
                holds(correlation, self.near(correlation, newest.key, newest).take(enough).count())
            }
            CorrelationKind::ValueCount => {
                let most = enough(correlation).saturating_add(SLACK);
                let near = self.near(correlation, newest.key, newest);
                let mut values: Vec<u64> = near.take(most).map(|seen| seen.value).collect();
                order::sort_by_key(&mut values, |value| *value);
                values.dedup();
                holds(correlation, values.len())
            }
            CorrelationKind::Temporal => (0_u32..).zip(&correlation.rules).all(|(position, _)| {
                self.near(correlation, key(correlation, group, position), newest).next().is_some()
            }),
            CorrelationKind::TemporalOrdered => self.is_in_order(correlation, group, newest),
        }
    }

    /// Returns whether there are matches of the rules in their order: backwards, of each rule the last one before that
    /// of the next rule.
    fn is_in_order(&self, correlation: &Correlation, group: u64, newest: &Seen) -> bool {
        // Matches of one second are in the order of their arrival. The numbers may have begun again.
        let order = |seen: &Seen| (seen.at, Reverse(newest.number.wrapping_sub(seen.number)));
        let mut before = None;
        (0..correlation.rules.len()).rev().all(|position| {
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            let near = self.near(correlation, key(correlation, group, position), newest).map(order);
            let last = near.filter(|seen| before.is_none_or(|before| *seen < before)).max();
            before = last;
            last.is_some()
        })
    }

    /// The matches with a key that are in the window around the newest one, the newest to arrive first.
    fn near(&self, correlation: &Correlation, key: u64, newest: &Seen) -> impl Iterator<Item = &Seen> {
        let reach = enough(correlation).saturating_add(SLACK);
        let window = correlation.timespan;
        self.memory.chain(key).take(reach).filter(move |seen| seen.is_near(newest, window))
    }
}

/// The count at which it is certain whether a correlation's condition holds, whatever more there is.
fn enough(correlation: &Correlation) -> usize {
    let bound = correlation.condition.iter().map(|(_, bound)| *bound).max().unwrap_or_default();
    usize::try_from(bound).unwrap_or(KEPT).min(KEPT).saturating_add(1)
}

/// The key under which a match of a group is found: where each rule must have one, by the rule.
const fn key(correlation: &Correlation, group: u64, position: u32) -> u64 {
    match correlation.kind {
        CorrelationKind::EventCount | CorrelationKind::ValueCount => group,
        CorrelationKind::Temporal | CorrelationKind::TemporalOrdered => join(group, position as u64),
    }
}

fn holds(correlation: &Correlation, count: usize) -> bool {
    correlation.condition.iter().all(|(comparison, bound)| comparison.holds(count as u64, *bound))
}

/// The fields that group the matches of a rule.
fn grouping(correlation: &Correlation, position: u32) -> impl Iterator<Item = Option<Field>> {
    correlation.group_by.iter().map(move |by_rule| by_rule.get(position as usize).copied())
}

/// Hash of the grouping values of a match; `None` when one is missing, since such a match belongs to no group. Fields
/// of different names may group two rules, so only values count.
fn group<'t>(
    correlation: &Correlation,
    position: u32,
    event: &'t Table<'_>,
    action: Option<&'t Table<'_>>,
    folded: &mut Folded<'t>,
) -> Option<u64> {
    grouping(correlation, position)
        .try_fold(0, |hash, field| Some(join(hash, folded.hash(first(field?, event, action)?))))
}

/// The grouping values of a match that belongs to a group, as they are shown.
fn in_common(
    correlation: &Correlation,
    position: u32,
    event: &Table<'_>,
    action: Option<&Table<'_>>,
) -> Vec<(Field, String)> {
    let fields = grouping(correlation, position).flatten();
    fields.filter_map(|field| Some((field, case::to_lowercase(first(field, event, action)?)))).collect()
}

fn first<'t>(field: Field, event: &'t Table<'_>, action: Option<&'t Table<'_>>) -> Option<&'t str> {
    let table = if field.per_action() { action? } else { event };
    table.values(field).first().map(AsRef::as_ref)
}

#[cfg(test)]
mod tests;
