//! Rules and filters: from their documents to trees of tests.

use super::absent;
use super::branches;
use super::condition::{self, Named};
use super::detection::Compiler;
use super::expression::{Expression, Part};
use super::logsource::LogSource;
use super::metadata::Metadata;
use super::refusal::{Fault, Reason};
use super::regex::Regexes;
use super::warning::Warning;
use crate::rules::settings::Placeholders;
use crate::rules::yaml::Node;
use schtag::fields::View;
use schtag::rules::Op;
use std::path::PathBuf;
use yaml_serde::Value;

/// The facts about a rule that was compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleInfo {
    /// Its file.
    pub path: PathBuf,
    /// Its description of itself.
    pub metadata: Metadata,
    /// Its index in the pack, as a rule or as a correlation.
    pub index: PackIndex,
    /// Its detections and their items, in the order of the document; empty for a correlation.
    pub parts: Vec<Part>,
    /// Fields it looks at that scheduled-task events do not have. Tests of them never hold, except that the field
    /// is absent.
    pub absent_fields: Vec<String>,
    /// Titles of the filters that were applied to it.
    pub filters: Vec<String>,
    /// Its document, the collection actions carried out.
    pub document: Value,
}

/// Where a rule is in the pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackIndex {
    /// The index into [`schtag::rules::Pack::rules`].
    Rule(usize),
    /// The index into [`schtag::rules::Pack::correlations`].
    Correlation(usize),
}

/// A document that passed for a rule or filter, with what is needed to compile it.
pub(super) struct Draft {
    pub(super) path: PathBuf,
    pub(super) document: Value,
    pub(super) metadata: Metadata,
    pub(super) logsource: LogSource,
}

/// A rule's tree and what was noticed on the way.
pub(super) struct Compiled {
    pub(super) expression: Expression,
    pub(super) parts: Vec<Part>,
    pub(super) absent: Vec<String>,
    pub(super) other_events: Vec<String>,
    pub(super) every_event: bool,
    pub(super) view: View,
    pub(super) warnings: Vec<Warning>,
}

/// Compiles a rule's section `detection`, or a filter's section `filter`, for rules of a view.
pub(super) fn compile(
    draft: &Draft,
    section: &str,
    view: View,
    placeholders: &Placeholders,
    regexes: &mut Regexes,
) -> Result<Compiled, Fault> {
    let section_node = Node::root(&draft.document).require(section)?;
    let is_filter = section == "filter";
    let mut parts = Vec::new();
    let mut absent = Vec::new();
    let mut other_events = Vec::new();
    let mut every_event = false;
    let mut warnings = Vec::new();
    let mut named: Vec<Named> = Vec::new();
    let mut compiler = Compiler {
        view,
        placeholders,
        regexes,
        parts: &mut parts,
        absent: &mut absent,
        other_events: &mut other_events,
        every_event: &mut every_event,
        warnings: &mut warnings,
        prefix: if is_filter { &draft.metadata.title } else { "" },
        tests: 0,
    };
    for (name, node) in section_node.entries()? {
        match name {
            "condition" => {}
            "timeframe" => compiler.warnings.push(Warning::Timeframe),
            "rules" if is_filter => {}
            _ => {
                let expression = compiler.named(name, &node)?;
                named.push(Named { name: name.to_owned(), expression, used: false });
            }
        }
    }
    let expression = condition::read(&section_node, &mut named)?;
    warnings.extend(
        named.into_iter().filter(|named| !named.used).map(|named| Warning::UnusedDetection(named.name)),
    );
    Ok(Compiled { expression, parts, absent, other_events, every_event, view, warnings })
}

impl Compiled {
    /// Puts a filter on a rule: both conditions must hold.
    pub(super) fn and(&mut self, mut filter: Self) {
        let shift = self.parts.len();
        shift_parts(&mut filter.expression, shift);
        let rule = std::mem::replace(&mut self.expression, Expression::Constant(true));
        self.expression = Expression::all(vec![rule, filter.expression]);
        self.parts.append(&mut filter.parts);
        self.every_event |= filter.every_event;
        for (own, others) in
            [(&mut self.absent, filter.absent), (&mut self.other_events, filter.other_events)]
        {
            for other in others {
                if !own.contains(&other) {
                    own.push(other);
                }
            }
        }
    }

    /// Folds the tree.
    ///
    /// # Errors
    /// When it is the same for every event.
    pub(super) fn fold(&mut self) -> Result<(), Reason> {
        let tree = std::mem::replace(&mut self.expression, Expression::Constant(true));
        self.expression = tree.fold(&mut self.parts);
        let mut why: Vec<String> = Vec::new();
        if !self.absent.is_empty() {
            why.push(absent::in_words(self.view, &self.absent));
        }
        if !self.other_events.is_empty() {
            why.push(format!("EventID {} is not of a scheduled task", self.other_events.join(", ")));
        }
        if self.every_event {
            why.push("every event has one of these EventIDs".into());
        }
        match self.expression {
            Expression::Constant(false) => Err(Reason::NeverMatches(why)),
            Expression::Constant(true) => Err(Reason::MatchesEverything(why)),
            _ => Ok(()),
        }
    }
}

fn shift_parts(expression: &mut Expression, by: usize) {
    match expression {
        Expression::Constant(_) | Expression::Leaf(_) => {}
        Expression::Not(inner) => shift_parts(inner, by),
        Expression::Part(index, inner) => {
            *index = index.saturating_add(by);
            shift_parts(inner, by);
        }
        Expression::AtLeast { of, .. } => of.iter_mut().for_each(|inner| shift_parts(inner, by)),
    }
}

/// A rule for the pack.
///
/// # Errors
/// When a selection that is given techniques or a title is not there.
pub(super) fn pack(
    metadata: &Metadata,
    view: View,
    parts: &[Part],
    condition: Vec<Op>,
) -> Result<schtag::rules::Rule, Fault> {
    let said = branches::read(metadata, parts, &condition)?;
    Ok(schtag::rules::Rule {
        id: metadata.id.clone(),
        title: metadata.title.clone(),
        level: metadata.level,
        techniques: said.techniques,
        own_techniques: said.own_techniques,
        branches: said.branches,
        view,
        reported: true,
        condition,
    })
}
