//! Filters: conditions of an operator's own, put on rules of others.
//!
//! Source: Sigma specification 2.1.0, "Filters".

use super::refusal::{Fault, Refusal};
use super::regex::Regexes;
use super::rule::{self, Compiled, Draft};
use crate::rules::settings::Placeholders;
use crate::rules::yaml::Node;
use schtag::fields::View;
use std::collections::HashSet;

/// A filter, the rules that it is for, and those that it met.
pub(super) struct Filter {
    pub(super) draft: Draft,
    /// Ids and names; `None` is every rule.
    pub(super) targets: Option<Vec<String>>,
    /// The targets that were found.
    pub(super) met: HashSet<String>,
    /// The targets that were found, but have another log source.
    pub(super) elsewhere: HashSet<String>,
    refused: bool,
}

impl Filter {
    pub(super) fn read(draft: Draft) -> Result<Self, Box<Refusal>> {
        let targets = match targets(&draft) {
            Ok(targets) => targets,
            Err(fault) => return Err(Box::new(fault.of(&draft))),
        };
        Ok(Self { draft, targets, met: HashSet::new(), elsewhere: HashSet::new(), refused: false })
    }

    /// Puts the filter on a rule, if it is for it. Returns whether it is.
    ///
    /// # Errors
    /// When the filter itself does not compile; said once.
    pub(super) fn apply(
        &mut self,
        rule: &Draft,
        view: View,
        compiled: &mut Compiled,
        placeholders: &Placeholders,
        regexes: &mut Regexes,
    ) -> Result<bool, Box<Refusal>> {
        let covers = self.draft.logsource.covers(&rule.logsource);
        if let Some(targets) = &self.targets {
            let names = [Some(&rule.metadata.id), rule.metadata.name.as_ref()];
            let Some(target) = targets.iter().find(|target| names.contains(&Some(target))) else {
                return Ok(false);
            };
            if covers { &mut self.met } else { &mut self.elsewhere }.insert(target.clone());
        }
        if !covers || self.refused {
            return Ok(false);
        }
        match rule::compile(&self.draft, "filter", view, placeholders, regexes) {
            Ok(filter) => {
                compiled.and(filter);
                Ok(true)
            }
            Err(fault) => {
                self.refused = true;
                Err(Box::new(fault.of(&self.draft)))
            }
        }
    }
}

/// The rules that a filter is for.
fn targets(draft: &Draft) -> Result<Option<Vec<String>>, Fault> {
    let node = Node::root(&draft.document).require("filter")?.require("rules")?;
    match node.value().as_str() {
        Some(text) if text.eq_ignore_ascii_case("any") => Ok(None),
        _ => Ok(Some(node.texts()?)),
    }
}

impl Fault {
    /// The refusal of a document.
    pub(super) fn of(self, draft: &Draft) -> Refusal {
        Refusal {
            path: draft.path.clone(),
            id: Some(draft.metadata.id.clone()),
            title: Some(draft.metadata.title.clone()),
            place: self.place,
            reason: self.reason,
        }
    }
}
