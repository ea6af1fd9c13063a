//! The techniques and titles that a rule gives to its selections.
//!
//! ```yaml
//! techniques:            # beside `tags`
//!   deletes_shadows: [attack.t1490]
//!   dumps_hive: attack.t1003.002
//! titles:
//!   dumps_hive: Scheduled task saves a registry hive
//! ```
//!
//! Sigma's specification lets a rule have keys of its own. A tag that no selection is given is the whole rule's.
use super::expression::Part;
use super::metadata::{Metadata, technique};
use super::refusal::{Fault, Reason};
use crate::rules::yaml::Node;
use schtag::rules::{Branch, Op};
use std::collections::BTreeMap;
use yaml_serde::Value;

/// The techniques and titles that a rule gives to its selections.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The rule's techniques: first those that belong to no selection.
    pub(super) techniques: Vec<String>,
    /// The number of techniques that belong to no selection.
    pub(super) own_techniques: u32,
    /// The selections that have something of their own.
    pub(super) branches: Vec<Branch>,
}

/// Reads the keys `techniques` and `titles` of a rule.
///
/// # Errors
/// When one names a selection that the condition does not use, or a technique that is no tag of the rule.
pub(super) fn read(metadata: &Metadata, parts: &[Part], condition: &[Op]) -> Result<Said, Fault> {
    let mut by_selection: BTreeMap<usize, Branch> = BTreeMap::new();
    let mut given: Vec<(usize, String)> = Vec::new();
    let nothing = Value::Null;
    let section = |key: &str| metadata.attributes.get(key).unwrap_or(&nothing);
    for (name, node) in entries(section("techniques"))? {
        let place = format!("techniques.{name}");
        let index = selection(parts, name, &place)?;
        for tag in node.texts()? {
            let technique = technique(&tag).filter(|technique| metadata.techniques.contains(technique));
            let technique = technique.ok_or_else(|| Fault::new(&*place, Reason::NoTagOfRule(tag)))?;
            given.push((index, technique));
        }
        by_selection.entry(index).or_default();
    }
    for (name, node) in entries(section("titles"))? {
        let index = selection(parts, name, &format!("titles.{name}"))?;
        by_selection.entry(index).or_default().title = Some(node.text()?.trim().to_owned());
    }
    let is_given = |technique: &String| given.iter().any(|(_, other)| other == technique);
    let (theirs, own): (Vec<String>, Vec<String>) = metadata.techniques.iter().cloned().partition(is_given);
    let own_techniques = number(own.len());
    let techniques: Vec<String> = own.into_iter().chain(theirs).collect();
    for (index, branch) in &mut by_selection {
        let ops =
            parts.get(*index).and_then(|part| part.ops.first()).and_then(|ops| condition.get(ops.clone()));
        branch.condition = ops.unwrap_or_default().to_vec();
        let claims = given.iter().filter(|(of, _)| of == index);
        let places =
            claims.filter_map(|(_, technique)| techniques.iter().position(|known| known == technique));
        branch.techniques = places.map(number).collect();
    }
    Ok(Said { techniques, own_techniques, branches: by_selection.into_values().collect() })
}

/// The selections that a key names.
fn entries(value: &Value) -> Result<Vec<(&str, Node<'_>)>, Fault> {
    if value.is_null() { Ok(Vec::new()) } else { Ok(Node::root(value).entries()?.collect()) }
}

/// The part that is a selection of that name and has a say in the condition.
fn selection(parts: &[Part], name: &str, place: &str) -> Result<usize, Fault> {
    let found = parts.iter().position(|part| part.name == name && !part.ops.is_empty());
    found.ok_or_else(|| Fault::new(place, Reason::NoSuchSelection(name.to_owned())))
}

/// A rule has few of anything.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
