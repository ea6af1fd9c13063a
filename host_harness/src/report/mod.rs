//! A page of what was found: one HTML file that needs nothing else, for people to read, print and pass on.
//!
//! [`Report`] takes in tagged records one by one and keeps no more than a page can show; [`Report::html`] writes the
//! page. The same records give the same page.

mod chart;
mod groups;
mod html;
mod page;
mod tallies;
mod timeline;

use crate::records::mapping::{Facts, entries, text, texts};
use crate::rules::catalogue::Catalogue;
use crate::rules::settings;
use groups::Groups;
use schtag::rules::Level;
use serde_json::Value;
use tallies::Tallies;
use timeline::Timeline;

/// The default number of groups of alerts that are listed.
pub(crate) const DEFAULT_LIMIT: usize = 500;
/// The number of groups of other findings that are listed.
const OTHERS: usize = 100;

/// The findings in a set of records.
#[derive(Debug)]
pub struct Report {
    heading: Heading,
    /// Lines read.
    records: u64,
    alerts: Groups,
    allowlisted: Groups,
    unreadable: Groups,
    /// The findings that only an earlier filter knew.
    passed_on: Groups,
    /// Alerts by severity.
    severities: [u64; 5],
    hosts: Tallies,
    accounts: Tallies,
    rules: Tallies,
    techniques: Tallies,
    timeline: Timeline,
    /// Alerts without a time that can be read.
    timeless: u64,
    troubles: Troubles,
}

/// The head of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heading {
    /// The title.
    pub title: String,
    /// The inputs that were read.
    pub sources: Vec<String>,
    /// The module that judged them.
    pub module: String,
    /// When the report was made; not said when empty.
    pub made: String,
}

/// The problems of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Troubles {
    /// Lines that are no JSON object.
    pub bad_lines: u64,
    /// Lines that are too long.
    pub oversized_lines: u64,
    /// Records on which the guest failed.
    pub faults: u64,
    /// Where the first of them are, and what went wrong.
    pub first_faults: Vec<String>,
    /// Faults after which the guest was started anew, and had lost its memory of earlier events.
    pub memory_losses: u64,
    /// Inputs that could not be read to their end.
    pub unreadable_inputs: u64,
    /// The first of them, and why.
    pub first_unreadable: Vec<String>,
    /// Files in folders that hold no records.
    pub passed_over: u64,
    /// Findings that the options leave out.
    pub left_out: u64,
}

impl Report {
    /// An empty report that will list at most `limit` groups of alerts.
    pub fn new(heading: Heading, limit: usize) -> Self {
        Self {
            heading,
            records: 0,
            alerts: Groups::new(limit),
            allowlisted: Groups::new(OTHERS),
            unreadable: Groups::new(OTHERS),
            passed_on: Groups::new(OTHERS),
            severities: [0; 5],
            hosts: Tallies::default(),
            accounts: Tallies::default(),
            rules: Tallies::default(),
            techniques: Tallies::default(),
            timeline: Timeline::default(),
            timeless: 0,
            troubles: Troubles::default(),
        }
    }

    /// Counts a line that was read.
    pub const fn count(&mut self) {
        self.records = self.records.saturating_add(1);
    }

    /// Sets the problems of the run, at its end.
    pub(crate) fn set_troubles(&mut self, troubles: Troubles) {
        self.troubles = troubles;
    }

    /// Takes in a tag. `record` is the record that has it, and `place` where that is to be found.
    pub fn add(&mut self, tag: &Value, record: &[u8], place: &str) {
        let facts = Facts::of(record);
        let groups = match text(tag, "/verdict") {
            Some("alert") => {
                self.tally(tag, &facts);
                &mut self.alerts
            }
            Some("allowlisted") => &mut self.allowlisted,
            Some("unreadable") => &mut self.unreadable,
            Some("passed_on") => &mut self.passed_on,
            _ => return,
        };
        groups.add(tag, &facts, place);
    }

    fn tally(&mut self, tag: &Value, facts: &Facts) {
        let severity = severity(tag);
        if let Some(count) = self.severities.get_mut(severity as usize) {
            *count = count.saturating_add(1);
        }
        self.hosts.add(
            text(tag, "/host/name").unwrap_or("(not said)"),
            text(tag, "/host/role").unwrap_or_default(),
            severity,
        );
        self.accounts.add(text(tag, "/actor/user").unwrap_or("(not said)"), "", severity);
        for rule in entries(tag, "/rules") {
            if let Some(id) = text(rule, "/id") {
                self.rules.add(id, text(rule, "/title").unwrap_or_default(), level(text(rule, "/level")));
            }
        }
        for technique in texts(tag, "/techniques") {
            self.techniques.add(technique, "", severity);
        }
        match facts.milliseconds {
            Some(time) => self.timeline.add(time, severity),
            None => self.timeless = self.timeless.saturating_add(1),
        }
    }

    /// The page. The catalogue says more of the rules.
    pub fn html(&self, catalogue: &Catalogue) -> String {
        page::page(self, catalogue)
    }
}

/// The levels from the most severe.
const LEVELS: [Level; 5] = [Level::Critical, Level::High, Level::Medium, Level::Low, Level::Informational];

/// Returns the severity of a tag; the lowest level where it has none.
pub(crate) fn severity(tag: &Value) -> Level {
    level(text(tag, "/severity"))
}

fn level(name: Option<&str>) -> Level {
    name.and_then(settings::level).unwrap_or_default()
}

#[cfg(test)]
mod tests;
