//! Findings that say the same, as one.
use super::severity;
use crate::records::mapping::{Facts, entries, text, texts};
use crate::text::digest::sha256_hex;
use schtag::rules::Level;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The number of hosts, accounts and places of a group that are kept by name.
const NAMES: usize = 50;

/// Groups of equal findings, the most severe ones when there are too many.
#[derive(Debug)]
pub(super) struct Groups {
    limit: usize,
    /// The number of findings.
    pub(super) total: u64,
    /// True if some group was not kept.
    pub(super) dropped: bool,
    by_key: HashMap<String, Group>,
    /// The keys, in the order in which groups are given up from the end: most severe and oldest first.
    order: BTreeSet<(std::cmp::Reverse<Level>, u64, String)>,
}

/// Findings that differ in nothing but time, host and account.
#[derive(Debug)]
pub(super) struct Group {
    /// The tag of the first.
    pub(super) tag: Value,
    pub(super) severity: Level,
    pub(super) count: u64,
    /// The first and the last time, in milliseconds since 1970.
    pub(super) range: Option<(i64, i64)>,
    pub(super) hosts: Names,
    pub(super) accounts: Names,
    pub(super) places: Names,
    /// Which group it was.
    number: u64,
}

/// Some names, and how often there was one that is not kept.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) kept: BTreeMap<String, u64>,
    pub(super) others: u64,
}

impl Names {
    fn add(&mut self, name: &str) {
        if let Some(count) = self.kept.get_mut(name) {
            *count = count.saturating_add(1);
        } else if self.kept.len() < NAMES {
            self.kept.insert(name.to_owned(), 1);
        } else {
            self.others = self.others.saturating_add(1);
        }
    }
}

impl Groups {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, total: 0, dropped: false, by_key: HashMap::new(), order: BTreeSet::new() }
    }

    pub(super) fn add(&mut self, tag: &Value, facts: &Facts, place: &str) {
        let number = self.total;
        self.total = self.total.saturating_add(1);
        let key = key(tag);
        if !self.by_key.contains_key(&key) {
            let severity = severity(tag);
            let position = (std::cmp::Reverse(severity), number, key.clone());
            if self.by_key.len() >= self.limit {
                self.dropped = true;
                match self.order.last() {
                    Some(last) if *last > position => {
                        if let Some((_, _, key)) = self.order.pop_last() {
                            self.by_key.remove(&key);
                        }
                    }
                    _ => return,
                }
            }
            let group = Group {
                tag: tag.clone(),
                severity,
                count: 0,
                range: None,
                hosts: Names::default(),
                accounts: Names::default(),
                places: Names::default(),
                number,
            };
            self.order.insert(position);
            self.by_key.insert(key.clone(), group);
        }
        let Some(group) = self.by_key.get_mut(&key) else { return };
        group.count = group.count.saturating_add(1);
        if let Some(time) = facts.milliseconds {
            group.range =
                Some(group.range.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        }
        group.hosts.add(text(tag, "/host/name").unwrap_or("(not said)"));
        group.accounts.add(text(tag, "/actor/user").unwrap_or("(not said)"));
        group.places.add(place);
    }

    /// The groups, most severe first, then by their first time.
    pub(super) fn ranked(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.by_key.values().collect();
        let first = |group: &Group| group.range.map_or(i64::MAX, |(first, _)| first);
        groups.sort_by(|a, b| {
            b.severity.cmp(&a.severity).then(first(a).cmp(&first(b))).then(a.number.cmp(&b.number))
        });
        groups
    }

    /// Findings in the groups that are kept.
    pub(super) fn listed(&self) -> u64 {
        self.by_key.values().fold(0, |sum, group| sum.saturating_add(group.count))
    }
}

/// Returns what findings of a group have in common.
fn key(tag: &Value) -> String {
    let mut parts: Vec<&str> =
        ["/verdict", "/severity", "/action", "/task/name", "/task/run_as", "/task/hidden"]
            .into_iter()
            .map(|pointer| text(tag, pointer).unwrap_or_default())
            .collect();
    for pointer in ["/task/triggers", "/task/commands", "/task/decoded", "/notes"] {
        parts.extend(texts(tag, pointer));
        parts.push("\u{0}");
    }
    for list in ["/rules", "/allowlist"] {
        parts.extend(
            entries(tag, list).filter_map(|entry| text(entry, "/id").or_else(|| text(entry, "/name"))),
        );
        parts.push("\u{0}");
    }
    sha256_hex(parts.join("\u{1}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tag(severity: &str, name: &str, host: &str) -> Value {
        json!({"verdict": "alert", "severity": severity, "task": {"name": name}, "host": {"name": host}})
    }

    #[test]
    fn equal_findings_are_one_group_whatever_their_host() {
        let mut groups = Groups::new(10);
        for (host, time) in [("a", 3), ("b", 1), ("a", 2)] {
            let facts = Facts { milliseconds: Some(time), ..Facts::default() };
            groups.add(&tag("high", "\\X", host), &facts, "f:1");
        }
        groups.add(&tag("high", "\\Y", "a"), &Facts::default(), "f:2");
        let ranked = groups.ranked();
        assert_eq!(ranked.iter().map(|group| group.count).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(ranked[0].range, Some((1, 3)));
        assert_eq!(ranked[0].hosts.kept.get("a"), Some(&2));
    }

    #[test]
    fn the_most_severe_groups_are_kept() {
        let mut groups = Groups::new(3);
        for (index, severity) in
            ["low", "high", "low", "medium", "critical", "low", "high"].into_iter().enumerate()
        {
            groups.add(&tag(severity, &format!("\\{index}"), "h"), &Facts::default(), "f:1");
        }
        let kept: Vec<&str> =
            groups.ranked().iter().filter_map(|group| text(&group.tag, "/task/name")).collect();
        assert_eq!(kept, ["\\4", "\\1", "\\6"]);
        assert!(groups.dropped);
        assert_eq!((groups.total, groups.listed()), (7, 3));
        let mut none = Groups::new(0);
        none.add(&tag("high", "\\", "h"), &Facts::default(), "f:1");
        assert_eq!((none.total, none.listed(), none.dropped), (1, 0, true));
    }

    #[test]
    fn names_are_bounded() {
        let mut names = Names::default();
        for number in 0..80 {
            names.add(&number.to_string());
        }
        assert_eq!((names.kept.len(), names.others), (NAMES, 30));
    }
}
