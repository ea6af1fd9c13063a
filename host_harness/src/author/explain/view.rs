//! The explanation of a rule, as it is shown and serialized.
use super::SequenceView;
use schtag::rules::Level;
use serde::Serialize;
use std::path::PathBuf;

/// A rule and what each part of it came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RuleView {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its own level.
    pub level: Level,
    /// Its file.
    pub path: PathBuf,
    /// The outcome.
    pub outcome: Outcome,
    /// The process or action that decided, or that came closest: an index into the tables of all actions, as
    /// [`super::Explanation::rows`] lists them. `null` for an event without actions, and for rules that look at
    /// none.
    pub row: Option<usize>,
    /// The condition, as written.
    pub condition: String,
    /// The reasons why the condition does not hold; empty when it holds.
    pub reasons: Vec<Reason>,
    /// The named detections that the condition joins, in the order of the document.
    pub detections: Vec<DetectionView>,
    /// The condition of a correlation and the events that it has seen; `null` of other rules.
    pub sequence: Option<SequenceView>,
}

/// The outcome of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// It matched, and is in the tag.
    Reported,
    /// It matched, and the allowlist covers it.
    Allowlisted,
    /// It matched, and its level on this host is below the settings' `minimum_level`.
    BelowMinimumLevel,
    /// It matched, and only feeds correlations.
    FeedsCorrelation,
    /// It did not match.
    NotMatched,
    /// It is about processes, and the task starts none.
    NoProcess,
    /// It is about several events, which one event does not show.
    Correlation,
}

impl Outcome {
    /// Returns true if the condition held.
    pub(crate) const fn matched(self) -> bool {
        matches!(self, Self::Reported | Self::Allowlisted | Self::BelowMinimumLevel | Self::FeedsCorrelation)
    }
}

/// A reason why a condition does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// A detection that it needs does not hold.
    Lacks {
        /// The detections of which one would do.
        one_of: Vec<String>,
    },
    /// A detection that it excludes holds.
    Excluded {
        /// The detections that hold.
        by: Vec<String>,
    },
}

/// A named detection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct DetectionView {
    /// Its name; for what a filter brought in, after the filter's title and a colon.
    pub name: String,
    /// Its truth.
    pub truth: Truth,
    /// Its items.
    pub items: Vec<ItemView>,
}

/// An item of a detection: `Field|modifiers: values`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ItemView {
    /// Which of the detection's alternatives it belongs to, from 0: a list of mappings holds when one of them does.
    pub alternative: usize,
    /// The field and modifiers; empty for keywords.
    pub name: String,
    /// Its truth.
    pub truth: Truth,
    /// The tests, one for each value that it asks for.
    pub tests: Vec<TestView>,
    /// The values that the field has; empty for keywords.
    pub values: Vec<String>,
}

/// A test of one value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TestView {
    /// The question, in words.
    pub asks: String,
    /// True if it holds.
    pub holds: bool,
    /// The field and the value in which it was found.
    pub found: Option<Found>,
}

/// Where a test found what it asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Found {
    /// The field.
    pub field: &'static str,
    /// Its value.
    pub value: String,
}

/// The truth of a part of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Truth {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It holds on every scheduled-task event, and was left out of the compiled rule.
    AlwaysHolds,
    /// It holds on no scheduled-task event, and was left out of the compiled rule.
    NeverHolds,
    /// The condition does not use it, or what it says decides nothing.
    Unused,
}

impl Truth {
    pub(super) const fn of(value: bool) -> Self {
        if value { Self::Holds } else { Self::Fails }
    }
}
