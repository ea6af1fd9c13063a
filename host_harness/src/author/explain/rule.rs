//! Why a rule matched, or did not.
use super::event::values;
use super::reasons::reasons;
use super::view::{DetectionView, Found, ItemView, Reason, TestView, Truth};
use super::words::in_words;
use crate::rules::sigma::{Part, RuleInfo};
use schtag::fields::{Field, Fields, Table};
use schtag::rules::{Op, Pattern, Rule, Target, Trace};
use yaml_serde::Value;

/// The patterns, tables and traces from which a rule's result is explained.
pub(super) struct Evidence<'a> {
    pub(super) patterns: &'a [Pattern],
    pub(super) regexes: &'a [String],
    pub(super) shared: &'a Table<'a>,
    pub(super) actions: &'a [Table<'a>],
    pub(super) traces: &'a [Trace],
}

impl Evidence<'_> {
    /// The trace on which to explain a rule: the first that decided for it, else the one on which most of its
    /// detections hold.
    pub(super) fn best(&self, index: usize, rule: &Rule, info: &RuleInfo) -> Option<&Trace> {
        let decided = |trace: &&Trace| trace.rules.get(index).copied().flatten();
        let matching = self.traces.iter().find(|trace| decided(trace) == Some(true));
        matching.or_else(|| {
            let score = |trace: &&Trace| {
                let holding = |part: &&Part| matches!(truth(part, rule, trace), Truth::Holds);
                info.parts.iter().filter(holding).count()
            };
            // The first of several that are equally close.
            self.traces.iter().rev().filter(|trace| decided(trace).is_some()).max_by_key(score)
        })
    }

    /// The named detections of a rule and their items, on a trace, and why the condition does not hold.
    pub(super) fn detections(
        &self,
        rule: &Rule,
        info: &RuleInfo,
        trace: &Trace,
    ) -> (Vec<DetectionView>, Vec<Reason>) {
        let mut views: Vec<DetectionView> = Vec::new();
        let mut named: Vec<&Part> = Vec::new();
        let mut parts = info.parts.iter().peekable();
        while let Some(part) = parts.next() {
            let prefix = format!("{}.", part.name);
            let mut items = Vec::new();
            let mut alternatives = alternatives(&info.document, &part.name).into_iter();
            while let Some(item) = parts.next_if(|item| item.name.starts_with(&prefix)) {
                let name = item.name.strip_prefix(&prefix).unwrap_or_default();
                let alternative = alternatives.next().unwrap_or(0);
                items.push(ItemView { alternative, ..self.item(name, item, rule, trace) });
            }
            if items.is_empty() {
                items.push(self.item("", part, rule, trace));
            }
            views.push(DetectionView { name: part.name.clone(), truth: truth(part, rule, trace), items });
            named.push(part);
        }
        let reasons = reasons(&rule.condition, &named, &views, trace);
        (views, reasons)
    }

    fn item(&self, name: &str, part: &Part, rule: &Rule, trace: &Trace) -> ItemView {
        let mut numbers: Vec<u32> = Vec::new();
        for op in ops(part, rule).into_iter().flatten() {
            if let Op::Pattern(number) = op
                && !numbers.contains(number)
            {
                numbers.push(*number);
            }
        }
        let tests: Vec<TestView> = numbers.iter().filter_map(|number| self.test(*number, trace)).collect();
        let target = numbers.first().and_then(|number| self.patterns.get(*number as usize)).map(|p| p.target);
        let values = match target {
            Some(Target::Field(field)) => values(self.table(field, trace), field),
            _ => Vec::new(),
        };
        ItemView { alternative: 0, name: name.to_owned(), truth: truth(part, rule, trace), tests, values }
    }

    fn test(&self, number: u32, trace: &Trace) -> Option<TestView> {
        let pattern = self.patterns.get(number as usize)?;
        let place = trace.places.iter().find(|place| place.pattern == number);
        let found = place.and_then(|place| {
            let value = self.table(place.field, trace).values(place.field).get(place.value as usize)?;
            Some(Found { field: place.field.name(), value: value.as_ref().to_owned() })
        });
        Some(TestView {
            asks: in_words(pattern, self.regexes),
            holds: trace.patterns.get(number as usize).copied().unwrap_or(false),
            found,
        })
    }

    /// Where a field's values are.
    fn table(&self, field: Field, trace: &Trace) -> &Table<'_> {
        match trace.action.and_then(|index| self.actions.get(index)) {
            Some(own) if field.per_action() => own,
            _ => self.shared,
        }
    }
}

/// The operations of a part's first use.
fn ops<'r>(part: &Part, rule: &'r Rule) -> Option<&'r [Op]> {
    rule.condition.get(part.ops.first()?.clone())
}

fn truth(part: &Part, rule: &Rule, trace: &Trace) -> Truth {
    match (part.constant, ops(part, rule)) {
        (Some(true), _) => Truth::AlwaysHolds,
        (Some(false), _) => Truth::NeverHolds,
        (None, Some(ops)) => Truth::of(trace.truth(ops)),
        (None, None) => Truth::Unused,
    }
}

/// For each item of a detection, the alternative that it belongs to.
fn alternatives(document: &Value, name: &str) -> Vec<usize> {
    let detection = document.get("detection").and_then(|detection| detection.get(name));
    let Some(Value::Sequence(elements)) = detection else { return Vec::new() };
    let count = |element: &Value| element.as_mapping().map_or(0, yaml_serde::Mapping::len);
    let counted = (0..).zip(elements);
    counted.flat_map(|(index, element)| std::iter::repeat_n(index, count(element))).collect()
}

/// The condition of a document, as written.
pub(super) fn condition(document: &Value) -> String {
    match document.get("detection").and_then(|detection| detection.get("condition")) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Sequence(several)) => {
            several.iter().filter_map(Value::as_str).map(str::trim).collect::<Vec<_>>().join(" | ")
        }
        _ => String::new(),
    }
}
