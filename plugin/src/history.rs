//! A bounded memory of what matched lately, for Sigma correlations.
//!
//! Source: the Sigma Correlation Rules Specification 2.1. What is remembered is an improvement and never a
//! need: hosts that make a new instance for each chunk see sequences within that chunk only, and when the
//! memory is full the oldest entry goes first.

use crate::fields::{Field, Fields, Table};
use crate::rules::{Correlation, CorrelationKind, Matched};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many matches are remembered; each takes 40 bytes.
const KEPT: usize = 4096;
/// In how many chains they are found; each takes 4 bytes.
const CHAINS: usize = 2048;
/// Times further ahead than this many seconds of the newest one are taken for a broken clock and not kept.
const MAX_SKEW: u64 = 24 * 60 * 60;

/// The memory.
#[derive(Debug, Default)]
pub struct History {
    seen: VecDeque<Seen>,
    /// The number of the oldest match; those behind it follow, and begin again behind the highest.
    oldest: u32,
    /// By a part of the group's hash: the number of the newest match of such a group. It may be forgotten already.
    newest: Vec<u32>,
}

/// A match that a correlation may need later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// Index of the correlation.
    correlation: u32,
    /// Position of the rule in the correlation.
    rule: u32,
    /// The number of the match before it in its chain. It may be forgotten already.
    before: u32,
    /// Hash of the values that group matches.
    group: u64,
    /// Hash of the value that is counted.
    value: u64,
    /// Unix time of the record, in seconds.
    at: u64,
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
    pub fn with_room() -> Self {
        Self { seen: VecDeque::with_capacity(KEPT), oldest: 0, newest: vec![0; CHAINS] }
    }

    /// Remembers the matches of an event and gives the correlations that they complete.
    ///
    /// `now` is the record's time; records may come out of order. `event` and `actions` are the tables that the
    /// rules were evaluated on.
    pub fn observe(
        &mut self,
        correlations: &[Correlation],
        matched: &[Matched],
        event: &Table<'_>,
        actions: &[Table<'_>],
        now: u64,
    ) -> Vec<Completed> {
        let mut completed = Vec::new();
        for (index, correlation) in (0_u32..).zip(correlations) {
            for (position, rule) in (0_u32..).zip(&correlation.rules) {
                let Some(found) = matched.iter().position(|m| m.rule == *rule) else { continue };
                let action = matched.get(found).and_then(|m| m.action).and_then(|action| actions.get(action));
                let Some(group) = group(correlation, position, event, action) else { continue };
                let value = match correlation.value_field.map(|field| first(field, event, action)) {
                    // A match without the value that is counted counts for nothing.
                    Some(None) => continue,
                    value => value.flatten().unwrap_or_default().to_lowercase(),
                };
                let seen = Seen {
                    correlation: index,
                    rule: position,
                    before: 0,
                    group: hash(group.iter().map(|(_, value)| value.as_str())),
                    value: hash(std::iter::once(value.as_str())),
                    at: now,
                };
                self.remember(seen);
                let is_new = !completed.iter().any(|c: &Completed| c.correlation == index);
                if is_new && self.completes(correlation, &seen) {
                    completed.push(Completed { correlation: index, matched: found, group });
                }
            }
        }
        completed
    }

    fn remember(&mut self, mut seen: Seen) {
        // A full memory makes room; so does time, for what no window can reach any more.
        if self.seen.len() >= KEPT {
            self.forget();
        }
        while self.seen.front().is_some_and(|oldest| oldest.at.abs_diff(seen.at) > MAX_SKEW) {
            self.forget();
        }
        let number = self.oldest.wrapping_add(u32::try_from(self.seen.len()).unwrap_or(u32::MAX));
        if let Some(newest) = self.newest.get_mut(chain(seen.group)) {
            seen.before = std::mem::replace(newest, number);
        }
        self.seen.push_back(seen);
    }

    fn forget(&mut self) {
        if self.seen.pop_front().is_some() {
            self.oldest = self.oldest.wrapping_add(1);
        }
    }

    /// The matches of a group's chain that are remembered, from the newest on: those of the group, and some others.
    fn chain(&self, group: u64) -> impl Iterator<Item = &Seen> {
        let place = |number: u32| number.wrapping_sub(self.oldest) as usize;
        let mut next = self.newest.get(chain(group)).map(|number| place(*number));
        // Whatever was forgotten is not there, or not before what led to it.
        std::iter::from_fn(move || {
            let at = next.take()?;
            let seen = self.seen.get(at)?;
            next = Some(place(seen.before)).filter(|before| *before < at);
            Some(seen)
        })
    }

    /// Whether a correlation is satisfied by what is remembered, the newest match included.
    fn completes(&self, correlation: &Correlation, newest: &Seen) -> bool {
        let window = u64::from(correlation.timespan);
        let near = |other: &&Seen| {
            other.correlation == newest.correlation
                && other.group == newest.group
                && other.at.abs_diff(newest.at) <= window
        };
        let mut near: Vec<&Seen> = self.chain(newest.group).filter(near).collect();
        // In the order of their arrival.
        near.reverse();
        match correlation.kind {
            CorrelationKind::EventCount => holds(correlation, near.len()),
            CorrelationKind::ValueCount => {
                near.sort_by_key(|seen| seen.value);
                near.dedup_by_key(|seen| seen.value);
                holds(correlation, near.len())
            }
            CorrelationKind::Temporal => {
                (0_u32..).zip(&correlation.rules).all(|(rule, _)| near.iter().any(|seen| seen.rule == rule))
            }
            CorrelationKind::TemporalOrdered => {
                // Stable: matches of one second stay in the order of their arrival.
                near.sort_by_key(|seen| seen.at);
                let mut wanted = 0_usize;
                for seen in near {
                    if seen.rule as usize == wanted {
                        wanted = wanted.saturating_add(1);
                    }
                }
                wanted == correlation.rules.len()
            }
        }
    }
}

/// The chain of a group.
const fn chain(group: u64) -> usize {
    group as usize % CHAINS
}

fn holds(correlation: &Correlation, count: usize) -> bool {
    correlation.condition.iter().all(|(comparison, bound)| comparison.holds(count as u64, *bound))
}

/// The grouping values of a match; `None` when one is missing, since such a match belongs to no group.
fn group(
    correlation: &Correlation,
    position: u32,
    event: &Table<'_>,
    action: Option<&Table<'_>>,
) -> Option<Vec<(Field, String)>> {
    let fields = correlation.group_by.iter().map(|by_rule| by_rule.get(position as usize).copied());
    fields.map(|field| field.and_then(|f| first(f, event, action).map(|v| (f, v.to_lowercase())))).collect()
}

fn first<'t>(field: Field, event: &'t Table<'_>, action: Option<&'t Table<'_>>) -> Option<&'t str> {
    let table = if field.per_action() { action? } else { event };
    table.values(field).first().map(AsRef::as_ref)
}

/// Fields of different names may group two rules, so only values count.
fn hash<'v>(values: impl Iterator<Item = &'v str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    values.for_each(|value| value.hash(&mut hasher));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Comparison, Level};

    fn correlation(kind: CorrelationKind, rules: Vec<u32>, condition: Vec<(Comparison, u64)>) -> Correlation {
        Correlation {
            id: "c".into(),
            title: "c".into(),
            level: Level::High,
            techniques: Vec::new(),
            kind,
            group_by: vec![vec![Field::Computer; rules.len()], vec![Field::TaskName; rules.len()]],
            rules,
            timespan: 300,
            condition,
            value_field: (kind == CorrelationKind::ValueCount).then_some(Field::SubjectUserName),
        }
    }

    fn event(computer: &'static str, name: &'static str, user: &'static str) -> Table<'static> {
        let mut table = Table::new();
        table.push(Field::Computer, computer);
        table.push(Field::TaskName, name);
        table.push(Field::SubjectUserName, user);
        table
    }

    fn matched(rule: u32) -> Matched {
        Matched { rule, action: None, evidence: Vec::new() }
    }

    /// Feeds matches of (rule, host, task, user, time) and says at which the correlation was completed.
    fn run(
        correlation: &Correlation,
        matches: &[(u32, &'static str, &'static str, &'static str, u64)],
    ) -> Vec<usize> {
        let mut history = History::with_room();
        let mut completed = Vec::new();
        for (index, &(rule, computer, name, user, at)) in matches.iter().enumerate() {
            let table = event(computer, name, user);
            let found = history.observe(std::slice::from_ref(correlation), &[matched(rule)], &table, &[], at);
            if !found.is_empty() {
                completed.push(index);
            }
        }
        completed
    }

    #[test]
    fn created_then_deleted_on_one_host() {
        let ordered = correlation(CorrelationKind::TemporalOrdered, vec![0, 1], Vec::new());
        assert_eq!(run(&ordered, &[(0, "A", "\\t", "u", 10), (1, "a", "\\T", "u", 10)]), [1]);
        assert!(
            run(&ordered, &[(1, "A", "\\t", "u", 10), (0, "A", "\\t", "u", 11)]).is_empty(),
            "wrong order"
        );
        assert!(
            run(&ordered, &[(0, "A", "\\t", "u", 10), (1, "B", "\\t", "u", 11)]).is_empty(),
            "other host"
        );
        assert!(run(&ordered, &[(0, "A", "\\t", "u", 10), (1, "A", "\\t", "u", 311)]).is_empty(), "too late");
        assert_eq!(run(&ordered, &[(1, "A", "\\t", "u", 20), (0, "A", "\\t", "u", 10)]), [1], "late arrival");
    }

    #[test]
    fn temporal_asks_for_all_in_any_order() {
        let temporal = correlation(CorrelationKind::Temporal, vec![0, 1], Vec::new());
        assert_eq!(run(&temporal, &[(1, "A", "\\t", "u", 10), (0, "A", "\\t", "u", 11)]), [1]);
        assert!(run(&temporal, &[(1, "A", "\\t", "u", 10), (1, "A", "\\t", "u", 11)]).is_empty());
    }

    #[test]
    fn counts_of_events_and_of_values() {
        let events = correlation(CorrelationKind::EventCount, vec![0], vec![(Comparison::Gte, 3)]);
        let same = (0, "A", "\\t", "u", 10);
        assert_eq!(run(&events, &[same, same, same, same]), [2, 3]);
        let values = correlation(CorrelationKind::ValueCount, vec![0], vec![(Comparison::Gte, 2)]);
        assert!(run(&values, &[same, same, same]).is_empty());
        assert_eq!(run(&values, &[same, same, (0, "A", "\\t", "v", 11)]), [2]);
    }

    #[test]
    fn what_lacks_a_grouping_value_belongs_to_no_group() {
        let ordered = correlation(CorrelationKind::Temporal, vec![0, 1], Vec::new());
        let mut history = History::with_room();
        for rule in [0, 1] {
            assert!(
                history
                    .observe(std::slice::from_ref(&ordered), &[matched(rule)], &Table::new(), &[], 1)
                    .is_empty()
            );
        }
        assert!(history.seen.is_empty());
    }

    #[test]
    fn memory_is_bounded_in_entries_and_age() {
        let events = correlation(CorrelationKind::EventCount, vec![0], vec![(Comparison::Gte, u64::MAX)]);
        let mut history = History::with_room();
        let room = history.seen.capacity();
        let table = event("A", "\\t", "u");
        for at in 0..20_000 {
            history.observe(std::slice::from_ref(&events), &[matched(0)], &table, &[], at);
        }
        assert!(history.seen.len() <= KEPT && history.seen.capacity() == room);
        history.observe(&[events], &[matched(0)], &table, &[], 20_000 + 2 * MAX_SKEW);
        assert_eq!(history.seen.len(), 1);
    }
}
