//! Correlations: rules over several events.
//!
//! Source: Sigma specification 2.1.0, "Correlation rules".

use super::metadata::Metadata;
use super::refusal::{CorrelationReason, Fault};
use crate::rules::yaml::Node;
use rsigma_parser::Timespan;
use rsigma_parser::ast::ConditionExpr;
use schtag::fields::{Field, View};
use schtag::rules::{Comparison, Correlation, CorrelationKind};
use std::collections::HashMap;
use yaml_serde::Value;

/// Longest timespan, in seconds: a day. Past events are kept in bounded memory.
pub(crate) const MAX_TIMESPAN: u64 = 86_400;
/// The most rules that a correlation may name, and the most fields by which it may group.
pub(super) const MAX_RULES: usize = 16;
/// See [`MAX_RULES`].
pub(super) const MAX_GROUP_BY: usize = 8;
/// The most events that a correlation may count.
pub(crate) const MAX_COUNT: u64 = 1_000;

/// The rule or correlation that a name or id refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Referent {
    Rule { index: usize, view: View },
    Correlation,
    Refused,
    Ambiguous,
}

/// The rules and correlations by their ids and names.
pub(super) type Referents = HashMap<String, Referent>;

/// The counts that must hold, and the field whose values are counted.
type Threshold = (Vec<(Comparison, u64)>, Option<Field>);

/// A correlation's section, read as far as is possible without knowing the rules.
pub(super) struct Draft<'a> {
    node: Node<'a>,
    /// The rules it names.
    pub(super) rules: Vec<String>,
    /// True if matches of these rules are reported as well.
    pub(super) generate: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn read(root: &Node<'a>) -> Result<Self, Fault> {
        let node = root.require("correlation")?;
        node.only(&[
            "type",
            "rules",
            "group-by",
            "timespan",
            "timeframe",
            "condition",
            "aliases",
            "generate",
        ])?;
        // Sigma has `generate` at the document's root; older rules have it in the section.
        let generate = match root.get("generate")? {
            Some(node) => node.boolean()?,
            None => node.get("generate")?.map_or(Ok(false), |node| node.boolean())?,
        };
        Ok(Self { rules: node.require("rules")?.texts()?, generate, node })
    }

    pub(super) fn compile(&self, metadata: &Metadata, referents: &Referents) -> Result<Correlation, Fault> {
        let node = &self.node;
        let kind_node = node.require("type")?;
        let kind = match kind_node.text()? {
            "event_count" => CorrelationKind::EventCount,
            "value_count" => CorrelationKind::ValueCount,
            "temporal" => CorrelationKind::Temporal,
            "temporal_ordered" => CorrelationKind::TemporalOrdered,
            other => {
                return Err(Fault::new(kind_node.place(), CorrelationReason::Kind(other.to_owned())));
            }
        };
        let temporal = matches!(kind, CorrelationKind::Temporal | CorrelationKind::TemporalOrdered);
        let rules = self.resolve(temporal, referents)?;
        let aliases = Aliases::read(node)?;
        let group_by = match node.get("group-by")? {
            Some(fields) => self.group_by(&fields, &rules, &aliases)?,
            None => Vec::new(),
        };
        let (condition, value_field) = if temporal {
            self.temporal_condition()?;
            (Vec::new(), None)
        } else {
            self.threshold(kind, &rules, &aliases)?
        };
        Ok(Correlation {
            id: metadata.id.clone(),
            title: metadata.title.clone(),
            level: metadata.level,
            techniques: metadata.techniques.clone(),
            kind,
            rules: rules.iter().map(|&(index, _)| u32::try_from(index).unwrap_or(u32::MAX)).collect(),
            group_by,
            timespan: self.timespan()?,
            condition,
            value_field,
        })
    }

    /// The index and view of each rule that is named.
    fn resolve(&self, temporal: bool, referents: &Referents) -> Result<Vec<(usize, View)>, Fault> {
        let place = format!("{}.rules", self.node.place());
        let fault = |reason| Fault::new(place.as_str(), reason);
        let least = if temporal { 2 } else { 1 };
        if self.rules.len() < least || self.rules.len() > MAX_RULES {
            return Err(fault(CorrelationReason::RuleCount {
                found: self.rules.len(),
                least,
                most: MAX_RULES,
            }));
        }
        let mut found = Vec::new();
        for name in &self.rules {
            let rule = match referents.get(name) {
                Some(&Referent::Rule { index, view }) => (index, view),
                Some(Referent::Correlation) => return Err(fault(CorrelationReason::Chained(name.clone()))),
                Some(Referent::Refused) => return Err(fault(CorrelationReason::RefusedRule(name.clone()))),
                Some(Referent::Ambiguous) => {
                    return Err(fault(CorrelationReason::AmbiguousRule(name.clone())));
                }
                None => return Err(fault(CorrelationReason::UnknownRule(name.clone()))),
            };
            if found.contains(&rule) {
                return Err(fault(CorrelationReason::RuleTwice(name.clone())));
            }
            found.push(rule);
        }
        Ok(found)
    }

    /// For each field to group by, the field of each rule.
    fn group_by(
        &self,
        node: &Node<'_>,
        rules: &[(usize, View)],
        aliases: &Aliases,
    ) -> Result<Vec<Vec<Field>>, Fault> {
        let names = node.texts()?;
        if names.len() > MAX_GROUP_BY {
            return Err(Fault::new(node.place(), CorrelationReason::GroupBy(MAX_GROUP_BY)));
        }
        names.iter().map(|name| self.fields(name, node, rules, aliases)).collect()
    }

    /// The field of each rule that a name means.
    fn fields(
        &self,
        name: &str,
        node: &Node<'_>,
        rules: &[(usize, View)],
        aliases: &Aliases,
    ) -> Result<Vec<Field>, Fault> {
        let fields = self.rules.iter().zip(rules).map(|(rule, &(_, view))| {
            let field = aliases.field(name, rule);
            Field::resolve(view, field).ok_or_else(|| {
                let reason = CorrelationReason::Field { rule: rule.clone(), field: field.to_owned() };
                Fault::new(node.place(), reason)
            })
        });
        fields.collect()
    }

    fn timespan(&self) -> Result<u32, Fault> {
        let node = match self.node.get("timespan")? {
            Some(node) => node,
            None => match self.node.get("timeframe")? {
                Some(node) => node,
                None => self.node.require("timespan")?,
            },
        };
        let text = node.text()?;
        let timespan = Timespan::parse(text)
            .map_err(|_| Fault::new(node.place(), CorrelationReason::TimespanSyntax(text.to_owned())))?;
        u32::try_from(timespan.seconds)
            .ok()
            .filter(|&seconds| seconds > 0 && u64::from(seconds) <= MAX_TIMESPAN)
            .ok_or_else(|| Fault::new(node.place(), CorrelationReason::Timespan(MAX_TIMESPAN)))
    }

    /// A temporal correlation needs every rule; its condition may say just that.
    fn temporal_condition(&self) -> Result<(), Fault> {
        let Some(node) = self.node.get("condition")? else { return Ok(()) };
        let refused = CorrelationReason::Condition(
            "a temporal correlation needs all its rules; leave the condition out or join all of them by `and`",
        );
        let says_all = match node.value() {
            Value::String(text) => match super::condition::parse(text) {
                Ok(ConditionExpr::And(of)) => {
                    let names: Vec<&str> = of
                        .iter()
                        .filter_map(|part| match part {
                            ConditionExpr::Identifier(name) => Some(name.as_str()),
                            _ => None,
                        })
                        .collect();
                    names.len() == of.len()
                        && self.rules.iter().all(|rule| names.contains(&rule.as_str()))
                        && names.iter().all(|name| self.rules.iter().any(|rule| rule == name))
                }
                _ => false,
            },
            Value::Mapping(counts) => {
                counts.len() == 1
                    && counts.get("gte").and_then(Value::as_u64) == Some(self.rules.len() as u64)
            }
            _ => false,
        };
        if says_all { Ok(()) } else { Err(Fault::new(node.place(), refused)) }
    }

    /// The counts of `event_count` and `value_count`, and the field that the latter counts.
    fn threshold(
        &self,
        kind: CorrelationKind,
        rules: &[(usize, View)],
        aliases: &Aliases,
    ) -> Result<Threshold, Fault> {
        let node = self.node.require("condition")?;
        let fault = |reason| Fault::new(node.place(), CorrelationReason::Condition(reason));
        let mut counts = Vec::new();
        let mut value_field = None;
        let mut awaits_events = false;
        for (key, value) in node.entries()? {
            let comparison = match key {
                "lt" => Comparison::Lt,
                "lte" => Comparison::Lte,
                "gt" => Comparison::Gt,
                "gte" => Comparison::Gte,
                "eq" => Comparison::Eq,
                "neq" => Comparison::Neq,
                "field" if kind == CorrelationKind::ValueCount => {
                    let fields = self.fields(value.text()?, &value, rules, aliases)?;
                    let first = fields.first().copied();
                    if fields.iter().any(|field| Some(*field) != first) {
                        return Err(Fault::new(value.place(), CorrelationReason::ValueField));
                    }
                    value_field = first;
                    continue;
                }
                "field" => return Err(fault("only `value_count` counts the values of a field")),
                _ => {
                    node.only(&["lt", "lte", "gt", "gte", "eq", "neq", "field"])?;
                    continue;
                }
            };
            let count = value.value().as_u64().filter(|&count| count <= MAX_COUNT);
            let count = count.ok_or_else(|| value.expected(format!("a count of at most {MAX_COUNT}")))?;
            awaits_events |= match comparison {
                Comparison::Gt => true,
                Comparison::Gte | Comparison::Eq => count > 0,
                _ => false,
            };
            counts.push((comparison, count));
        }
        if kind == CorrelationKind::ValueCount && value_field.is_none() {
            return Err(fault("`value_count` needs the `field` whose values it counts"));
        }
        if !awaits_events {
            return Err(fault(
                "needs a least count (`gt`, `gte` or `eq`): whether fewer events come can only be known later",
            ));
        }
        Ok((counts, value_field))
    }
}

/// Names that stand for another field of each rule.
struct Aliases(HashMap<String, HashMap<String, String>>);

impl Aliases {
    fn read(section: &Node<'_>) -> Result<Self, Fault> {
        let mut read = HashMap::new();
        if let Some(node) = section.get("aliases")? {
            for (alias, fields) in node.entries()? {
                let mut of_rules = HashMap::new();
                for (rule, field) in fields.entries()? {
                    of_rules.insert(rule.to_owned(), field.text()?.to_owned());
                }
                read.insert(alias.to_owned(), of_rules);
            }
        }
        Ok(Self(read))
    }

    /// The field of a rule that a name means: the name itself where there is no alias.
    fn field<'n>(&'n self, name: &'n str, rule: &str) -> &'n str {
        self.0.get(name).and_then(|of_rules| of_rules.get(rule)).map_or(name, String::as_str)
    }
}
