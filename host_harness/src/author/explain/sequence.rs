//! The state of a correlation: the events that its rules matched, each with its group.
use schtag::fields::{Field, Table};
use schtag::rules::{Comparison, Correlation, CorrelationKind, Matched, Pack};
use serde::Serialize;

/// A correlation and what it has seen, up to the explained event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SequenceView {
    /// The condition, in words.
    pub asks: String,
    /// The events that one of its rules matched, in order.
    pub seen: Vec<SeenView>,
}

/// An event that a rule of a correlation matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SeenView {
    /// The number of seconds before the explained event; 0 is that event, or one at the same time.
    pub seconds_before: u32,
    /// The rule's title.
    pub rule: String,
    /// The values by which events are grouped. Only events of one group count together.
    pub group: Vec<String>,
}

/// An event and the rules that it matches.
pub(super) struct Event<'e> {
    pub(super) fields: &'e Table<'e>,
    pub(super) actions: &'e [Table<'e>],
    pub(super) matched: &'e [Matched<'e>],
    pub(super) seconds_before: u32,
}

/// Returns the entries that an event adds to those that a correlation has seen.
pub(super) fn seen(correlation: &Correlation, pack: &Pack, event: &Event<'_>) -> Vec<SeenView> {
    let mut seen = Vec::new();
    for matched in event.matched {
        let Some(place) = correlation.rules.iter().position(|rule| *rule == matched.rule) else { continue };
        let value = |field: Field| {
            let action = matched.action.and_then(|action| event.actions.get(action));
            let table = if field.per_action() { action } else { Some(event.fields) };
            table.and_then(|table| table.first(field)).unwrap_or("(not there)").to_owned()
        };
        let group = correlation.group_by.iter().filter_map(|fields| fields.get(place).copied().map(value));
        let rule = pack.rules.get(matched.rule as usize).map(|rule| rule.title.clone()).unwrap_or_default();
        let view = SeenView { seconds_before: event.seconds_before, rule, group: group.collect() };
        if !seen.contains(&view) {
            seen.push(view);
        }
    }
    seen
}

/// Returns the condition of a correlation, in words.
pub(super) fn asks(correlation: &Correlation, pack: &Pack) -> String {
    let titles: Vec<String> = correlation
        .rules
        .iter()
        .filter_map(|rule| pack.rules.get(*rule as usize))
        .map(|rule| format!("`{}`", rule.title))
        .collect();
    let counts: Vec<String> = correlation
        .condition
        .iter()
        .map(|(comparison, count)| {
            let words = match comparison {
                Comparison::Eq => "exactly",
                Comparison::Neq => "not",
                Comparison::Lt => "less than",
                Comparison::Lte => "at most",
                Comparison::Gt => "more than",
                Comparison::Gte => "at least",
            };
            format!("{words} {count}")
        })
        .collect();
    let counts = counts.join(" and ");
    let what = match correlation.kind {
        CorrelationKind::EventCount => format!("{counts} events of {}", titles.join(" or ")),
        CorrelationKind::ValueCount => {
            let field = correlation.value_field.map(Field::name).unwrap_or_default();
            format!("{counts} values of `{field}` in events of {}", titles.join(" or "))
        }
        CorrelationKind::Temporal => format!("{} in any order", titles.join(" and ")),
        CorrelationKind::TemporalOrdered => format!("{} in this order", titles.join(", then ")),
    };
    let fields: Vec<&str> =
        correlation.group_by.iter().filter_map(|fields| fields.first().map(|field| field.name())).collect();
    let group =
        if fields.is_empty() { String::new() } else { format!(", with the same {}", fields.join(", ")) };
    format!("{what}, within {} seconds{group}", correlation.timespan)
}
