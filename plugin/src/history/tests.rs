//! Tests of the memory for correlations.

use super::*;
use crate::rules::{Comparison, Level};
use proptest::prelude::*;
use std::collections::HashSet;

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

fn matched(rule: u32) -> Matched<'static> {
    Matched { rule, action: None, evidence: Vec::new(), branches: Vec::new() }
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
    assert!(run(&ordered, &[(1, "A", "\\t", "u", 10), (0, "A", "\\t", "u", 11)]).is_empty(), "wrong order");
    assert!(run(&ordered, &[(0, "A", "\\t", "u", 10), (1, "B", "\\t", "u", 11)]).is_empty(), "other host");
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
    assert_eq!(history.memory.len(), 0);
}

#[test]
fn no_clock_takes_away_what_others_brought() {
    let ordered = correlation(CorrelationKind::TemporalOrdered, vec![0, 1], Vec::new());
    const NOW: u64 = 1_772_000_000;
    const DAYS: u64 = 3 * 24 * 60 * 60;
    for odd in [NOW + DAYS, NOW - DAYS, 0, u64::from(u32::MAX), u64::MAX] {
        let created = (0, "A", "\\t", "u", NOW);
        let other = (0, "B", "\\x", "u", odd);
        let deleted = (1, "A", "\\t", "u", NOW + 1);
        assert_eq!(run(&ordered, &[created, other, deleted]), [2], "between, at {odd}");
        assert_eq!(run(&ordered, &[other, created, other, other, deleted]), [4], "first, at {odd}");
        let others = (1, "B", "\\x", "u", odd);
        assert_eq!(run(&ordered, &[created, other, others, deleted]), [2, 3], "{odd} is a time of its own");
    }
}

#[test]
fn a_stream_may_jump_for_months() {
    let ordered = correlation(CorrelationKind::TemporalOrdered, vec![0, 1], Vec::new());
    let month = 30 * 24 * 60 * 60;
    let matches: Vec<_> = (0..24)
        .flat_map(|number| {
            let at = number * month;
            [(1, "A", "\\t", "u", at), (0, "A", "\\t", "u", at + 1), (1, "A", "\\t", "u", at + 2)]
        })
        .collect();
    let found = run(&ordered, &matches);
    assert_eq!(found, (0..24).map(|number| number * 3 + 2).collect::<Vec<_>>(), "of one month each");
}

#[test]
fn one_host_does_not_take_the_room_of_another() {
    let ordered = correlation(CorrelationKind::TemporalOrdered, vec![0, 1], Vec::new());
    let mut history = History::with_room();
    let mut observe = |rule, computer, name: &str| {
        let mut table = Table::new();
        table.push(Field::Computer, computer);
        table.push(Field::TaskName, name);
        history.observe(std::slice::from_ref(&ordered), &[matched(rule)], &table, &[], 10).len()
    };
    assert_eq!(observe(0, "A", "\\t"), 0);
    for filler in 0..20_000 {
        observe(0, "B", &format!("\\{filler}"));
    }
    assert_eq!(observe(1, "A", "\\t"), 1, "20,000 matches of another host are not in its way");
    assert_eq!(observe(1, "B", "\\19000"), 1, "its own are remembered");
}

#[test]
fn the_thousandth_equal_match_is_found_as_fast_as_the_first() {
    for (kind, most) in [
        (CorrelationKind::EventCount, 1_000),
        (CorrelationKind::ValueCount, 1),
        (CorrelationKind::Temporal, 1_000),
    ] {
        let correlation = correlation(kind, vec![0], vec![(Comparison::Gte, 10)]);
        let mut history = History::with_room();
        let table = event("A", "\\t", "u");
        for at in 0..1_000 {
            history.observe(std::slice::from_ref(&correlation), &[matched(0)], &table, &[], at);
        }
        assert_eq!(history.memory.len(), most, "{kind:?}");
    }
}

/// The definition: all matches are kept, and all of those in the window are looked at.
fn by_definition(correlation: &Correlation, all: &[(u32, &str, &str, &str, u64)]) -> bool {
    let newest = all.last().unwrap();
    let mut near: Vec<_> = all
        .iter()
        .filter(|m| {
            (m.1, m.2) == (newest.1, newest.2) && m.4.abs_diff(newest.4) <= u64::from(correlation.timespan)
        })
        .collect();
    let count = match correlation.kind {
        CorrelationKind::EventCount => near.len(),
        CorrelationKind::ValueCount => near.iter().map(|m| m.3).collect::<HashSet<_>>().len(),
        CorrelationKind::Temporal => {
            return (0..correlation.rules.len()).all(|rule| near.iter().any(|m| m.0 as usize == rule));
        }
        CorrelationKind::TemporalOrdered => {
            near.sort_by_key(|m| m.4);
            let mut wanted = 0;
            near.iter().for_each(|m| wanted += usize::from(m.0 as usize == wanted));
            return wanted == correlation.rules.len();
        }
    };
    correlation.condition.iter().all(|(comparison, bound)| comparison.holds(count as u64, *bound))
}

fn kinds() -> impl Strategy<Value = Correlation> {
    let comparison = prop_oneof![
        Just(Comparison::Gte),
        Just(Comparison::Gt),
        Just(Comparison::Lt),
        Just(Comparison::Lte),
        Just(Comparison::Eq),
        Just(Comparison::Neq),
    ];
    let kind = prop_oneof![
        Just(CorrelationKind::EventCount),
        Just(CorrelationKind::ValueCount),
        Just(CorrelationKind::Temporal),
        Just(CorrelationKind::TemporalOrdered),
    ];
    (kind, 1..4_u32, proptest::collection::vec((comparison, 1..12_u64), 1..3))
        .prop_map(|(kind, rules, condition)| correlation(kind, (0..rules).collect(), condition))
}

proptest! {
    #[test]
    fn what_is_completed_is_what_the_definition_says(
        correlation in kinds(),
        // The rule, the host, the task, the user, the step of time and how late the record is, in seconds.
        steps in proptest::collection::vec(
            (0..3_u32, 0..2_usize, 0..2_usize, 0..12_usize, 0..40_u64, 0..60_u64), 1..200
        ),
    ) {
        const USERS: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
        let mut now = 1_000_000;
        let mut all = Vec::new();
        let mut expected = Vec::new();
        for (rule, host, task, user, step, late) in steps {
            now += step;
            let rule = rule % u32::try_from(correlation.rules.len()).unwrap();
            all.push((rule, ["A", "B"][host], ["\\s", "\\t"][task], USERS[user], now - late));
            if by_definition(&correlation, &all) {
                expected.push(all.len() - 1);
            }
        }
        prop_assert_eq!(run(&correlation, &all), expected);
    }
}
