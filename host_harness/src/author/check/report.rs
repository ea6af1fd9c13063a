//! The findings of a check, and their JSON form.
use super::lint::Lint;
use crate::rules::programs::{Loaded, ProgramError};
use crate::rules::yaml::Spot;
use schtag::rules::Level;
use serde::Serialize;
use std::path::PathBuf;

/// The findings of a check. `schtag check --json` prints them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The rules in the order of their files.
    pub rules: Vec<RuleReport>,
    /// Documents that could not be compiled.
    pub refused: Vec<RefusedReport>,
    /// Files, folders and case lines that could not be read, each with its name (and line).
    pub unreadable: Vec<String>,
    /// The entries of programs.
    pub programs: ProgramsReport,
}

/// The entries of programs that were checked: those that were named, else the default ones.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ProgramsReport {
    /// The number of entries that can be used.
    pub entries: usize,
    /// The number of their cases.
    pub cases: usize,
    /// The errors, each with its file and line.
    pub errors: Vec<String>,
}

impl ProgramsReport {
    /// The report on entries and the errors found in them.
    pub(crate) fn of(loaded: &Loaded, errors: &[ProgramError]) -> Self {
        Self {
            entries: loaded.programs.len(),
            cases: loaded.programs.iter().map(|program| program.cases.len()).sum(),
            errors: errors.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A rule, its lints and its cases.
#[derive(Debug, Clone, Serialize)]
pub struct RuleReport {
    /// Its name in tables and file names: its folder, or else its file, without extension.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its file.
    pub path: PathBuf,
    /// Its level.
    pub level: Level,
    /// Its ATT&CK techniques.
    pub techniques: Vec<String>,
    /// The checks of the rule itself.
    pub lints: Vec<Lint>,
    /// Its cases.
    pub cases: Vec<CaseReport>,
    /// The fuel that evaluating its cases takes with this rule alone, beyond what an empty pack takes; `null` when
    /// it was not asked for, or the rule has no cases.
    pub fuel: Option<u64>,
    /// Problems whose place in the file is known, with that place.
    #[serde(skip)]
    pub(crate) spots: Vec<(String, Spot)>,
}

/// A case and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// Its line in the file of cases, or its number in the rule's list.
    pub line: usize,
    /// Its file with that.
    pub place: String,
    /// True if the rule must match.
    pub matches: bool,
    /// True if it was decided so.
    pub passed: bool,
    /// The decision that came instead, in words; `null` when it passed.
    pub decided: Option<String>,
}

/// A document that could not be compiled.
#[derive(Debug, Clone, Serialize)]
pub struct RefusedReport {
    /// Its file.
    pub path: PathBuf,
    /// The problem, with its place in the file.
    pub problem: String,
    /// True if it fails the check; otherwise it is a warning.
    pub fatal: bool,
    /// Where in its file the problem is, where that is known.
    #[serde(skip)]
    pub(crate) spot: Option<Spot>,
}

impl RuleReport {
    /// The problems, and whether each fails the check.
    pub(crate) fn problems(&self) -> impl Iterator<Item = (&Lint, &str)> {
        self.lints.iter().flat_map(|lint| lint.problems.iter().map(move |problem| (lint, problem.as_str())))
    }

    /// Returns how many cases passed.
    pub(crate) fn passed(&self) -> usize {
        self.cases.iter().filter(|case| case.passed).count()
    }

    /// The fuel of an average case, which can be compared between rules.
    pub(crate) fn fuel_per_case(&self) -> Option<u64> {
        self.fuel?.checked_div(u64::try_from(self.cases.len()).ok()?)
    }

    /// Returns whether a case or a lint failed.
    pub(crate) fn failed(&self) -> bool {
        self.passed() < self.cases.len() || self.problems().any(|(lint, _)| lint.fatal)
    }
}

impl Report {
    /// Returns whether any case, lint or entry of a program failed.
    pub(crate) fn failed(&self) -> bool {
        !self.programs.errors.is_empty()
            || self.rules.iter().any(RuleReport::failed)
            || self.refused.iter().any(|refused| refused.fatal)
    }
}
