//! Counts the filter's answers to rows.

use super::sets::{Expected, Level, Row};
use super::techniques;
use crate::engines::filter::Filter;
use schtag_host::run::wasmtime::Module;
use serde_json::Value;
use std::collections::BTreeMap;

/// The filter's answer to a row.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The highest level of an alert on one of its records.
    pub level: Level,
    /// The tag of that alert, or the last tag of another kind; null without one.
    pub tag: Value,
    /// The fuel of each record.
    pub fuel: Vec<u64>,
}

/// Passes the records of a row through a new instance of the filter.
///
/// # Errors
/// When a call fails.
pub fn judge(module: &Module, row: &Row) -> Result<Judged, String> {
    let mut filter = Filter::new(module)?;
    let mut judged = Judged { level: Level::None, tag: Value::Null, fuel: Vec::new() };
    for arrival in &row.records {
        let (tag, _) = filter
            .judge(&arrival.record, arrival.seconds)
            .map_err(|fault| format!("{}: {fault}", row.name))?;
        judged.fuel.push(filter.fuel());
        let text = |name: &str| tag.get(name).and_then(Value::as_str).unwrap_or_default();
        let level = if text("verdict") == "alert" { Level::of(text("severity")) } else { Level::None };
        if level > judged.level || judged.tag.is_null() {
            judged.level = level;
            judged.tag = tag;
        }
    }
    Ok(judged)
}

/// Sums over rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attacks.
    pub attacks: u64,
    /// Attacks with an alert of at least the level that the label asks for.
    pub caught: u64,
    /// Attacks with an alert below it.
    pub too_low: u64,
    /// Attacks without an alert.
    pub missed: u64,
    /// Attacks with an alert of high or above.
    pub high: u64,
    /// Ordinary tasks.
    pub ordinary: u64,
    /// Ordinary tasks with an alert of medium or above.
    pub false_medium: u64,
    /// Ordinary tasks with an alert of high or above.
    pub false_high: u64,
    /// Alerts on single records.
    pub alerts: u64,
    /// Those that name a technique of which the task shows no sign.
    pub not_shown: u64,
    /// Techniques that the program of an alert is known for.
    pub due: u64,
    /// Those that the alert does not name.
    pub lacking: u64,
    /// Records.
    pub records: u64,
    /// Their fuel.
    pub fuel: u64,
    /// The fuel of the most expensive.
    pub dearest: u64,
}

impl Tally {
    /// Counts a row.
    pub fn add(&mut self, row: &Row, judged: &Judged) {
        let high = u64::from(judged.level >= Level::High);
        match row.expected {
            Expected::Ordinary => {
                self.ordinary += 1;
                self.false_medium += u64::from(judged.level >= Level::Medium);
                self.false_high += high;
            }
            Expected::Attack(level) => {
                self.attacks += 1;
                self.high += high;
                match judged.level {
                    Level::None => self.missed += 1,
                    found if found < level => self.too_low += 1,
                    _ => self.caught += 1,
                }
            }
        }
        if judged.level > Level::None && row.records.len() == 1 {
            let said = techniques::said(&judged.tag);
            self.alerts += 1;
            self.not_shown += u64::from(!techniques::not_shown(&judged.tag, &said).is_empty());
            let due = techniques::due(&judged.tag);
            self.lacking += due.iter().filter(|technique| !said.contains(technique)).count() as u64;
            self.due += due.len() as u64;
        }
        self.records += judged.fuel.len() as u64;
        self.fuel += judged.fuel.iter().sum::<u64>();
        self.dearest = judged.fuel.iter().copied().fold(self.dearest, u64::max);
    }

    fn plus(&mut self, other: &Self) {
        let Self { attacks, caught, too_low, missed, high, ordinary, false_medium, false_high, .. } = other;
        self.attacks += attacks;
        self.caught += caught;
        self.too_low += too_low;
        self.missed += missed;
        self.high += high;
        self.ordinary += ordinary;
        self.false_medium += false_medium;
        self.false_high += false_high;
        self.alerts += other.alerts;
        self.not_shown += other.not_shown;
        self.due += other.due;
        self.lacking += other.lacking;
        self.records += other.records;
        self.fuel += other.fuel;
        self.dearest = self.dearest.max(other.dearest);
    }
}

/// The sums by set and family.
#[derive(Debug, Clone, Default)]
pub struct Scores {
    /// By set and family, in order.
    pub families: BTreeMap<(String, String), Tally>,
}

impl Scores {
    /// Counts a row in its family.
    pub fn add(&mut self, row: &Row, judged: &Judged) {
        self.families.entry((row.set.clone(), row.family.clone())).or_default().add(row, judged);
    }

    /// The sums by set.
    pub fn sets(&self) -> BTreeMap<&str, Tally> {
        let mut sets: BTreeMap<&str, Tally> = BTreeMap::new();
        for ((set, _), tally) in &self.families {
            sets.entry(set).or_default().plus(tally);
        }
        sets
    }
}
