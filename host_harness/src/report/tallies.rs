//! Counts by name.
use schtag::rules::Level;
use std::collections::BTreeMap;

/// The number of names that are kept. Findings with later names are counted without a name.
const MOST: usize = 20_000;

/// Counts of findings by name.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    by_name: BTreeMap<String, Tally>,
    /// Findings of names that are not kept.
    pub(super) others: u64,
}

/// The count of one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) count: u64,
    /// The most severe.
    pub(super) level: Level,
    /// Something more about the name.
    pub(super) about: String,
}

impl Tallies {
    pub(super) fn add(&mut self, name: &str, about: &str, level: Level) {
        if !self.by_name.contains_key(name) && self.by_name.len() >= MOST {
            self.others = self.others.saturating_add(1);
            return;
        }
        let tally = self.by_name.entry(name.to_owned()).or_default();
        tally.count = tally.count.saturating_add(1);
        tally.level = tally.level.max(level);
        if tally.about.is_empty() || tally.about == "unknown" {
            about.clone_into(&mut tally.about);
        }
    }

    /// Returns whether a name is among those that are kept.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// The names, those with the most severe findings first, then those with the most.
    pub(super) fn ranked(&self) -> Vec<(&str, &Tally)> {
        let mut ranked: Vec<(&str, &Tally)> =
            self.by_name.iter().map(|(name, tally)| (name.as_str(), tally)).collect();
        ranked.sort_by_key(|(_, tally)| std::cmp::Reverse((tally.level, tally.count)));
        ranked
    }
}
