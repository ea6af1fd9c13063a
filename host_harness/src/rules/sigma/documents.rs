//! The documents of a rule file: what kind each is, and the collection actions.
//!
//! Source: Sigma specification 2.1.0 (rules, correlations, filters), and for `action: global`, `reset` and
//! `repeat`, which Sigma 2 no longer describes but rule collections still use, pySigma's `SigmaCollection`.

use super::refusal::{Fault, Reason};
use crate::rules::yaml::documents;
use yaml_serde::Value;

/// The memory, roughly, that one file's documents may take once each is merged with the global document.
const MAX_UNFOLDED: usize = 64 << 20;

/// The kind of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rule,
    Correlation,
    Filter,
}

impl Kind {
    /// The kind of a document. Sigma tells them apart by their sections.
    pub(super) fn of(document: &Value) -> Self {
        if document.get("correlation").is_some() {
            Self::Correlation
        } else if document.get("filter").is_some() {
            Self::Filter
        } else {
            Self::Rule
        }
    }
}

/// Splits a file into its Sigma documents, the collection actions carried out.
pub(super) fn split(text: &str) -> Vec<Result<Value, Fault>> {
    let (read, error) = documents(text);
    let mut found = Vec::with_capacity(read.len());
    let mut global: Option<Value> = None;
    let mut previous: Option<Value> = None;
    let mut budget = MAX_UNFOLDED;
    for mut document in read {
        let action = document.as_mapping_mut().and_then(|mapping| mapping.remove("action"));
        let repeated = match action.as_ref().map(|action| action.as_str()) {
            None => false,
            Some(Some("global")) => {
                global = Some(document);
                continue;
            }
            Some(Some("reset")) => {
                global = None;
                continue;
            }
            Some(Some("repeat")) => true,
            Some(other) => {
                let other = other.unwrap_or("something that is not text").to_owned();
                found.push(Err(Fault::new("action", Reason::UnknownAction(other))));
                continue;
            }
        };
        if repeated {
            let Some(previous) = previous.clone() else {
                found.push(Err(Fault::new("action", Reason::NothingToRepeat)));
                continue;
            };
            document = merge(previous, document);
        }
        if let Some(global) = global.clone() {
            document = merge(global, document);
        }
        let Some(rest) = budget.checked_sub(weight(&document)) else {
            found.push(Err(Fault::new("", Reason::FileUnfolds(MAX_UNFOLDED))));
            return found;
        };
        budget = rest;
        previous = Some(document.clone());
        found.push(Ok(document));
    }
    if let Some(error) = error {
        found.push(Err(Fault::new("", error)));
    }
    found
}

/// Roughly how many bytes of memory a value takes.
fn weight(value: &Value) -> usize {
    let below: usize = match value {
        Value::Mapping(mapping) => {
            mapping.iter().map(|(key, value)| weight(key).saturating_add(weight(value))).sum()
        }
        Value::Sequence(values) => values.iter().map(weight).sum(),
        Value::String(text) => text.len(),
        _ => 0,
    };
    below.saturating_add(size_of::<Value>())
}

/// Lays a document over another: mappings are merged, anything else is replaced. As deep as YAML may be nested.
fn merge(below: Value, above: Value) -> Value {
    match (below, above) {
        (Value::Mapping(mut below), Value::Mapping(above)) => {
            for (key, value) in above {
                let merged = match below.remove(&key) {
                    Some(under) => merge(under, value),
                    None => value,
                };
                below.insert(key, merged);
            }
            Value::Mapping(below)
        }
        (_, above) => above,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<Result<String, Reason>> {
        split(text)
            .into_iter()
            .map(|part| match part {
                Ok(value) => Ok(yaml_serde::to_string(&value).unwrap().trim().replace('\n', ", ")),
                Err(fault) => Err(fault.reason),
            })
            .collect()
    }

    #[test]
    fn actions_are_carried_out() {
        assert_eq!(
            parts(
                "action: global\na: 1\n---\nb: 2\n---\naction: repeat\nc: 3\n---\naction: reset\n---\nd: 4\n---\naction: fly\n"
            ),
            [
                Ok("a: 1, b: 2".into()),
                Ok("a: 1, b: 2, c: 3".into()),
                Ok("d: 4".into()),
                Err(Reason::UnknownAction("fly".into())),
            ]
        );
        assert_eq!(parts("action: repeat\na: 1\n"), [Err(Reason::NothingToRepeat)]);
    }

    #[test]
    fn a_large_global_document_is_not_laid_under_many() {
        let text = format!("action: global\na: {}\n{}", "x".repeat(500_000), "---\nb: 1\n".repeat(10_000));
        let parts = split(&text);
        assert!(parts.len() < 200);
        assert_eq!(parts.last().unwrap().as_ref().unwrap_err().reason, Reason::FileUnfolds(MAX_UNFOLDED));
    }

    #[test]
    fn kinds_are_told_apart_by_their_sections() {
        for (text, kind) in [
            ("detection: {}", Kind::Rule),
            ("correlation: {}", Kind::Correlation),
            ("filter: {}", Kind::Filter),
            ("3", Kind::Rule),
        ] {
            assert_eq!(Kind::of(&yaml_serde::from_str(text).unwrap()), kind, "{text}");
        }
    }
}
