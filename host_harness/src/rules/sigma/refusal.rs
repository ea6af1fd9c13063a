//! Reports rules that are not compiled, with the reason and the place.

use crate::rules::yaml::{self, SchemaError, Spot, YamlError};
use std::fmt;
use std::path::PathBuf;
use yaml_serde::Value;

/// A document or file that did not make it into the pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The file.
    pub path: PathBuf,
    /// The rule's id, where it got so far.
    pub id: Option<String>,
    /// The rule's title, where it got so far.
    pub title: Option<String>,
    /// Where in the document, for example `detection.selection.Image|re`; empty for all of it.
    pub place: String,
    /// Why.
    pub reason: Reason,
}

impl Refusal {
    /// Where in the text of the file it is, where that is known.
    pub(crate) fn spot(&self, text: &str) -> Option<Spot> {
        let place = match &self.reason {
            Reason::Yaml(error) => {
                let (line, column) = error.at()?;
                return Spot::at(text, line, column, Some(1));
            }
            Reason::Schema(SchemaError::Unknown { place, key, .. }) if place.is_empty() => key.clone(),
            Reason::Schema(SchemaError::Unknown { place, key, .. }) => format!("{place}.{key}"),
            _ => self.place.clone(),
        };
        spot(text, self.id.as_deref(), self.title.as_deref(), &place)
    }
}

/// Finds a place of the document with this id and title, as far as they are known.
pub(crate) fn spot(text: &str, id: Option<&str>, title: Option<&str>, place: &str) -> Option<Spot> {
    let is = |document: &Value, key: &str, known: Option<&str>| {
        let written = document.get(key).and_then(Value::as_str);
        // An id may have been made from the title.
        known.is_none_or(|known| written.is_none_or(|written| written.trim() == known))
    };
    yaml::find(text, |document| is(document, "title", title) && is(document, "id", id), place)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(name) = self.title.as_ref().or(self.id.as_ref()) {
            write!(f, " ({name})")?;
        }
        if !self.place.is_empty() {
            write!(f, ": {}", self.place)?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// A reason and the place that it is about, on their way to a [`Refusal`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) place: String,
    pub(crate) reason: Reason,
}

impl Fault {
    pub(crate) fn new(place: impl Into<String>, reason: impl Into<Reason>) -> Self {
        Self { place: place.into(), reason: reason.into() }
    }
}

impl From<SchemaError> for Fault {
    fn from(error: SchemaError) -> Self {
        Self { place: error.place().to_owned(), reason: Reason::Schema(error) }
    }
}

/// Why something is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The file or folder cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// A folder without rule files.
    #[error("there is no .yml or .yaml file in or below this folder; name a folder of Sigma rules")]
    NoRules,
    /// A rule file without a document.
    #[error("there is no rule in this file: it is empty, or has only comments")]
    NoDocument,
    /// The file is too large to be a rule.
    #[error("larger than {0} bytes")]
    FileTooLarge(u64),
    /// `action: global` and `repeat` make too much of a file.
    #[error(
        "its documents, with what `action: global` and `repeat` lay under them, take more than {0} bytes"
    )]
    FileUnfolds(usize),
    /// There are too many files or folders.
    #[error("more than {0} rule files; give fewer folders")]
    TooManyFiles(usize),
    /// It is not YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// It is not of a Sigma document's form.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A text is longer than any sensible one.
    #[error("longer than {0} bytes")]
    TextTooLong(usize),
    /// `action:` that is not `global`, `reset` or `repeat`.
    #[error("unknown action `{0}`; Sigma has `global`, `reset` and `repeat`")]
    UnknownAction(String),
    /// `action: repeat` in a file's first document.
    #[error("`action: repeat` without a document before it")]
    NothingToRepeat,
    /// A rule for a later Sigma.
    #[error("written for Sigma {0}; this compiler knows Sigma 2")]
    SigmaVersion(String),
    /// `status: unsupported`.
    #[error("its status is `unsupported`: no Sigma 2 tool can express it")]
    UnsupportedStatus,
    /// The log source has no scheduled-task events.
    #[error(
        "log source {0} does not occur on scheduled-task events; use `product: windows` with `service: \
         security` or with `category: process_creation`"
    )]
    LogSource(String),
    /// The condition cannot be read.
    #[error("the condition cannot be read: {0}")]
    Condition(String),
    /// The condition is too long or too deeply nested.
    #[error("the condition is too complex: {0}")]
    ConditionTooComplex(&'static str),
    /// An aggregation of Sigma 1.
    #[error("aggregations after `|` ended with Sigma 1; write a correlation rule instead")]
    Aggregation,
    /// The condition names a detection that is not there.
    #[error("the condition names `{name}`, which is not in the detection{}", crate::rules::yaml::hint(.nearest.as_deref()))]
    UnknownDetection {
        /// The name.
        name: String,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
    /// `N of pattern` with fewer detections than that.
    #[error("`{selector}` needs {needed} detections, but {found} fit")]
    TooFewDetections {
        /// As written.
        selector: String,
        /// The number that it needs.
        needed: u64,
        /// The number that there are.
        found: usize,
    },
    /// Nothing to look for.
    #[error("there is nothing to look for")]
    Empty,
    /// A field name or modifier that Sigma does not have.
    #[error("{0}")]
    Modifier(String),
    /// A modifier that Sigma does not have.
    #[error("there is no modifier `|{name}`{}", crate::rules::yaml::hint(.nearest.as_deref()))]
    UnknownModifier {
        /// The name, without `|`.
        name: String,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
    /// Modifiers that do not go together.
    #[error("`|{first}` does not go with `|{second}`")]
    ModifierCombination {
        /// One.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A modifier that needs another.
    #[error("`|{modifier}` needs {needs}")]
    ModifierNeeds {
        /// The modifier.
        modifier: &'static str,
        /// The thing that it needs, in words.
        needs: &'static str,
    },
    /// `minute` … `year`.
    #[error("`|{0}` compares a part of a time; the fields of these events hold none")]
    TimeModifier(&'static str),
    /// A value that its modifiers cannot take.
    #[error("{value}: {problem}")]
    Value {
        /// The value, cut if long.
        value: String,
        /// The problem, and how to solve it.
        problem: String,
    },
    /// A value that stands for too many.
    #[error("{value}: stands for more than {limit} values")]
    TooManyVariants {
        /// The value, cut if long.
        value: String,
        /// The limit.
        limit: usize,
    },
    /// A placeholder that the settings do not give.
    #[error("the placeholder `%{0}%` has no values; give it some under `placeholders` in the settings")]
    Placeholder(String),
    /// A regular expression that cannot be compiled.
    #[error("the regular expression {pattern}: {problem}")]
    Regex {
        /// The pattern, cut if long.
        pattern: String,
        /// The problem, and how to solve it.
        problem: String,
    },
    /// A `task.*` field that is not documented.
    #[error("there is no field `{name}` (docs/fields.md){}", crate::rules::yaml::hint(.nearest.as_deref()))]
    UnknownTaskField {
        /// The name.
        name: String,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
    /// No scheduled-task event can match.
    #[error("can never match{}", because(.0))]
    NeverMatches(Vec<String>),
    /// Every scheduled-task event matches.
    #[error("matches every event; nothing that it looks at decides anything{}", because(.0))]
    MatchesEverything(Vec<String>),
    /// Another rule has the same id.
    #[error("has the same id as `{title}` in {path}; ids must be unique")]
    DuplicateId {
        /// The other rule's title.
        title: String,
        /// The other rule's file.
        path: String,
    },
    /// The pack is full.
    #[error("the pack is full: at most {limit} {what}; give fewer rules")]
    PackFull {
        /// The things of which there are too many.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A technique or title for a selection that decides nothing.
    #[error(
        "the condition uses no selection `{0}`, so that nothing of it can be shown; name one that it uses"
    )]
    NoSuchSelection(String),
    /// A selection is given a tag that the rule does not have.
    #[error("`{0}` is no ATT&CK technique among the rule's `tags`; add it there")]
    NoTagOfRule(String),
    /// A rule that is too large.
    #[error("the rule is too large: more than {0} tests")]
    RuleTooLarge(usize),
    /// Something about a correlation.
    #[error(transparent)]
    Correlation(#[from] CorrelationReason),
}

fn because(reasons: &[String]) -> String {
    if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) }
}

/// Why a correlation is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CorrelationReason {
    /// A kind that is not evaluated in the pipeline.
    #[error(
        "correlations of type `{0}` are not evaluated in the pipeline; there are `event_count`, \
         `value_count`, `temporal` and `temporal_ordered`"
    )]
    Kind(String),
    /// It names a rule that is not there.
    #[error("no rule has the id or name `{0}`")]
    UnknownRule(String),
    /// It names a rule that several have.
    #[error("more than one rule has the name `{0}`; refer to it by id")]
    AmbiguousRule(String),
    /// It names a rule that was refused.
    #[error("the rule `{0}` was refused")]
    RefusedRule(String),
    /// It names another correlation.
    #[error("`{0}` is a correlation; correlations of correlations are not evaluated")]
    Chained(String),
    /// It names a rule twice.
    #[error("the rule `{0}` is named twice")]
    RuleTwice(String),
    /// It names too few or too many rules.
    #[error("names {found} rules; {least} to {most} are possible")]
    RuleCount {
        /// The number of rules that it names.
        found: usize,
        /// At least.
        least: usize,
        /// At most.
        most: usize,
    },
    /// A field that events of a rule do not have.
    #[error("events of the rule `{rule}` have no field `{field}`")]
    Field {
        /// The rule as named.
        rule: String,
        /// The field.
        field: String,
    },
    /// `value_count` whose field differs between rules.
    #[error("the counted field must be the same field of every rule")]
    ValueField,
    /// A window that is not kept.
    #[error("the timespan must be 1 second to {0} seconds: the memory of past events is bounded")]
    Timespan(u64),
    /// A timespan that cannot be read.
    #[error("`{0}` is not a timespan such as `15m`")]
    TimespanSyntax(String),
    /// Too many fields to group by.
    #[error("groups by more than {0} fields")]
    GroupBy(usize),
    /// A condition that is not for this type.
    #[error("{0}")]
    Condition(&'static str),
}

/// A value as shown in a complaint.
pub(crate) fn shown(value: &str) -> String {
    const MAX: usize = 80;
    let mut chars = value.chars();
    let start: String = chars.by_ref().take(MAX).collect();
    if chars.next().is_some() { format!("`{start}…`") } else { format!("`{start}`") }
}
