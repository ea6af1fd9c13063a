//! The figures as Markdown, and the rows behind them.

use super::score::{Judged, Scores, Tally};
use super::sets::{Expected, Level, Row};
use std::fmt::Write as _;

/// Rows that a reader may want to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Attacks without an alert.
    Missed,
    /// Attacks with an alert below the level that the label asks for.
    Low,
    /// Ordinary tasks with an alert of medium or above.
    False,
}

impl List {
    /// The list of that name.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "missed" => Some(Self::Missed),
            "low" => Some(Self::Low),
            "false" => Some(Self::False),
            _ => None,
        }
    }

    fn holds(self, row: &Row, judged: &Judged) -> bool {
        match (self, row.expected) {
            (Self::Missed, Expected::Attack(_)) => judged.level == Level::None,
            (Self::Low, Expected::Attack(level)) => judged.level > Level::None && judged.level < level,
            (Self::False, Expected::Ordinary) => judged.level >= Level::Medium,
            _ => false,
        }
    }
}

/// The line for a row that is on the list.
pub fn listed(list: List, row: &Row, judged: &Judged) -> Option<String> {
    let title = judged.tag.get("title").and_then(|title| title.as_str()).unwrap_or("no tag");
    list.holds(row, judged).then(|| format!("{}: {} {}: {title}", row.set, row.family, row.name))
}

/// The tables of a pack.
pub fn markdown(pack: &str, scores: &Scores) -> String {
    let sets = scores.sets();
    let mut page = format!(
        "### {pack}\n\n| attacks of | tried | alert | of the level asked for | too low | missed | high or above | fuel a record | at most |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
    );
    let attacks = sets.iter().filter(|(_, tally)| tally.attacks > 0);
    for (set, tally) in attacks {
        page.push_str(&attack_row(set, tally));
    }
    page.push_str("\n| ordinary tasks of | tried | medium or above | high or above | fuel a record | at most |\n|---|--:|--:|--:|--:|--:|\n");
    for (set, tally) in sets.iter().filter(|(_, tally)| tally.ordinary > 0) {
        let Tally { ordinary, false_medium, false_high, .. } = tally;
        let _ = writeln!(
            page,
            "| {set} | {ordinary} | {} | {false_high} | {} | {} |",
            share(*false_medium, *ordinary),
            mean(tally),
            tally.dearest
        );
    }
    page.push_str("\n| techniques of alerts in | alerts | name one that is not shown | of programs' own, not named |\n|---|--:|--:|--:|\n");
    for (set, tally) in sets.iter().filter(|(_, tally)| tally.alerts > 0) {
        let _ = writeln!(
            page,
            "| {set} | {} | {} | {} of {} |",
            tally.alerts,
            share(tally.not_shown, tally.alerts),
            tally.lacking,
            tally.due
        );
    }
    page
}

/// The tables of the families of a pack, for each set that has several.
pub fn families(scores: &Scores) -> String {
    let mut page = String::new();
    for set in scores.sets().keys() {
        let of_set: Vec<_> = scores.families.iter().filter(|((name, _), _)| name == set).collect();
        if of_set.len() < 2 {
            continue;
        }
        let _ = writeln!(
            page,
            "\n| {set} | attacks | alert | too low | missed | ordinary | medium or above | high or above |\n|---|--:|--:|--:|--:|--:|--:|--:|"
        );
        for ((_, family), tally) in of_set {
            let Tally { attacks, too_low, missed, ordinary, false_medium, false_high, .. } = tally;
            let _ = writeln!(
                page,
                "| {family} | {attacks} | {} | {too_low} | {missed} | {ordinary} | {false_medium} | {false_high} |",
                attacks - missed
            );
        }
    }
    page
}

fn attack_row(set: &str, tally: &Tally) -> String {
    let Tally { attacks, caught, too_low, missed, high, .. } = tally;
    format!(
        "| {set} | {attacks} | {} | {} | {} | {} | {} | {} | {} |\n",
        share(attacks - missed, *attacks),
        share(*caught, *attacks),
        share(*too_low, *attacks),
        share(*missed, *attacks),
        share(*high, *attacks),
        mean(tally),
        tally.dearest
    )
}

fn mean(tally: &Tally) -> u64 {
    tally.fuel.checked_div(tally.records).unwrap_or_default()
}

/// A count and its share, with a digit after the point.
fn share(part: u64, whole: u64) -> String {
    let tenths = (part * 1_000 + whole / 2).checked_div(whole).unwrap_or_default();
    format!("{part} ({}.{} %)", tenths / 10, tenths % 10)
}
