//! Decides the verdict and the severity on this host from the matched rules.
use super::allowlist::{self, Subject};
use super::branches;
use super::earlier::Earlier;
use super::finding::Finding;
use super::role::HostRole;
use super::words::Verdict;
use crate::event::{Note, TaskEvent};
use crate::fields::{ContentState, Field, Fields as _, Table};
use crate::history::Completed;
use crate::order;
use crate::rules::{Allow, Evidence, Level, Matched, Pack, Role, Rule};
use crate::task::Task;
use crate::work::Work;

/// An event with all that is known of it.
pub struct Case<'a> {
    /// The rules' pack.
    pub pack: &'a Pack,
    /// The event.
    pub event: &'a TaskEvent<'a>,
    /// The task in it.
    pub task: &'a Task,
    /// The part of the task that was read.
    pub state: ContentState,
    /// The fields that all actions share.
    pub fields: &'a Table<'a>,
    /// The fields of each action and of each process that it starts.
    pub actions: &'a [Table<'a>],
    /// The rules that matched.
    pub matched: &'a [Matched<'a>],
    /// The correlations that this event completes.
    pub completed: &'a [Completed],
    /// The part that the host plays.
    pub role: HostRole,
    /// The limits that the reading met.
    pub notes: &'a [Note],
    /// The content of the tag that came with the record.
    pub earlier: &'a Earlier,
    /// Unix time of the record, in seconds.
    pub now: u64,
}

/// A verdict and what it rests on.
#[derive(Debug, PartialEq)]
pub struct Decision<'a> {
    /// The verdict.
    pub verdict: Verdict,
    /// The urgency on this host.
    pub severity: Level,
    /// The findings to report, most severe first.
    pub reported: Vec<Finding<'a>>,
    /// The findings that allowlist entries cover, most severe first.
    pub covered: Vec<Finding<'a>>,
    /// The allowlist entries that cover a match.
    pub allowed: Vec<&'a Allow>,
    /// Of an alert: the hashes by which an allowlist entry would name the command lines of its actions, each once.
    pub command_hashes: Vec<String>,
    /// The correlations that only an earlier filter saw completed, most severe first. They are not verified, and have
    /// no say in the verdict and the severity.
    pub passed_on: Vec<Finding<'a>>,
}

/// Decides a case; `None` when there is nothing to say. An allowlist entry for which `work` does not suffice covers
/// nothing.
pub fn decide<'a>(case: &Case<'a>, work: &Work) -> Option<Decision<'a>> {
    let Split { mut reported, mut covered, allowed } = split(case, findings(case), work);
    let mut passed_on = split(case, passed_on(case), work).reported;
    let verdict = if !reported.is_empty() {
        Verdict::Alert
    } else if !allowed.is_empty() {
        Verdict::Allowlisted
    } else if case.notes.iter().any(Note::limits_reading) {
        Verdict::Unreadable
    } else if case.pack.settings.observe_all {
        Verdict::Observed
    } else if !passed_on.is_empty() || case.earlier.handling.is_some() {
        Verdict::PassedOn
    } else {
        return None;
    };
    for findings in [&mut reported, &mut covered, &mut passed_on] {
        order::sort_by(findings, |left, right| right.level.cmp(&left.level));
    }
    let severity = match reported.first() {
        Some(finding) => on_host(case, finding.level),
        // Who exceeds a limit does so to hide: that is more than a definition that was cut on the way.
        None if verdict == Verdict::Unreadable && exceeds_limit(case.notes) => Level::Medium,
        None => Level::Informational,
    };
    let command_hashes = match verdict {
        Verdict::Alert => allowlist::command_hashes(case.actions, work),
        _ => Vec::new(),
    };
    Some(Decision { verdict, severity, reported, covered, allowed, command_hashes, passed_on })
}

/// Returns whether a limit was met that no ordinary task meets.
fn exceeds_limit(notes: &[Note]) -> bool {
    notes.iter().any(|note| note.limit().is_some())
}

/// The findings that are to be reported, and those that the allowlist covers.
struct Split<'a> {
    reported: Vec<Finding<'a>>,
    covered: Vec<Finding<'a>>,
    allowed: Vec<&'a Allow>,
}

fn split<'a>(case: &Case<'a>, findings: Vec<Finding<'a>>, work: &Work) -> Split<'a> {
    let subject = Subject {
        event: case.fields,
        actions: case.actions,
        now: case.now,
        complete: (case.state == ContentState::Complete || !case.event.change.has_content())
            && !exceeds_limit(case.notes),
        work,
    };
    let (mut reported, mut covered) = (Vec::new(), Vec::new());
    let mut allowed: Vec<&Allow> = Vec::new();
    for finding in findings {
        if on_host(case, finding.level) < case.pack.settings.minimum_level {
            continue;
        }
        let entries = &case.pack.settings.allowlist;
        match entries.iter().find(|allow| allowlist::covers(allow, finding.id, &subject)) {
            Some(allow) => {
                covered.push(finding);
                if !allowed.iter().any(|other| std::ptr::eq(*other, allow)) {
                    allowed.push(allow);
                }
            }
            None => reported.push(finding),
        }
    }
    Split { reported, covered, allowed }
}

/// The rules that matched and are reported by themselves, and the correlations that were completed.
fn findings<'a>(case: &Case<'a>) -> Vec<Finding<'a>> {
    let mut findings = Vec::new();
    for matched in case.matched {
        if let Some(rule) = case.pack.rules.get(matched.rule as usize).filter(|rule| rule.reported) {
            findings.push(Finding {
                number: matched.rule as usize,
                id: &rule.id,
                title: branches::title(rule, &matched.branches),
                level: rule.level,
                techniques: techniques(case, rule, matched),
                in_common: Vec::new(),
                evidence: &matched.evidence,
            });
        }
    }
    for completed in case.completed {
        if let Some(correlation) = case.pack.correlations.get(completed.correlation as usize) {
            let in_common =
                completed.group.iter().map(|(field, value)| Evidence { field: *field, matched: value });
            let last = case.matched.get(completed.matched);
            findings.push(Finding {
                number: case.pack.rules.len().saturating_add(completed.correlation as usize),
                id: &correlation.id,
                title: &correlation.title,
                level: correlation.level,
                techniques: correlation.techniques.iter().map(String::as_str).collect(),
                in_common: in_common.collect(),
                evidence: last.map_or(&[], |matched| &matched.evidence),
            });
        }
    }
    findings
}

/// The techniques that a rule claims for a match, and those of the program that it matched on: what that program does
/// with its arguments.
fn techniques<'a>(case: &Case<'a>, rule: &'a Rule, matched: &Matched<'_>) -> Vec<&'a str> {
    let mut techniques = branches::techniques(rule, &matched.branches);
    let on_action = matched.evidence.iter().any(|evidence| evidence.field.per_action());
    let action = matched.action.filter(|_| on_action).and_then(|action| case.actions.get(action));
    for technique in action.into_iter().flat_map(|action| action.values(Field::TaskProgramTechnique)) {
        if !techniques.contains(&technique.as_ref()) {
            techniques.push(technique);
        }
    }
    techniques
}

/// The correlations that an earlier filter saw completed, and this one did not.
fn passed_on<'a>(case: &Case<'a>) -> Vec<Finding<'a>> {
    let is_own = |index: &u32| case.completed.iter().any(|completed| completed.correlation == *index);
    let others = case.earlier.fitting(case.pack, case.matched).filter(|index| !is_own(index));
    others
        .filter_map(|index| {
            let correlation = case.pack.correlations.get(index as usize)?;
            Some(Finding {
                number: case.pack.rules.len().saturating_add(index as usize),
                id: &correlation.id,
                title: &correlation.title,
                level: correlation.level,
                techniques: correlation.techniques.iter().map(String::as_str).collect(),
                in_common: Vec::new(),
                evidence: &[],
            })
        })
        .collect()
}

/// A rule's level on this host: the founding strategy asks for medium on endpoints and high on servers.
const fn on_host(case: &Case<'_>, level: Level) -> Level {
    match case.role.role {
        Role::Server | Role::DomainController if case.pack.settings.raise_on_servers => level.raised(),
        _ => level,
    }
}
