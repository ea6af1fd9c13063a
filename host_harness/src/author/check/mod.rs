//! Checks rules as their authors left them: what each says about itself (`lint`), and its cases.
//!
//! Rules with a section `ads` or a folder of their own (`<name>/rule.yml`) are held to everything. Rules from
//! elsewhere, such as SigmaHQ's, get warnings only: that they lack what this project asks for is no fault, and neither
//! that they are for other events. A document that is no rule, or that does not compile, is a fault wherever it is.

mod attack;
pub mod cases;
mod fuel;
mod judge;
pub(crate) mod junit;
mod lint;
mod report;
pub mod samples;
pub mod table;

pub use fuel::FuelError;
pub(crate) use fuel::module;
pub use lint::Lint;
pub(crate) use lint::has_own_folder;
pub use report::{CaseReport, ProgramsReport, RefusedReport, Report, RuleReport};

use crate::rules::default_rules;
use crate::rules::sigma::{self, Compilation, CorrelationReason, PackIndex, Reason, Refusal, RuleInfo};
use crate::rules::yaml::Spot;
use crate::text::files;
use cases::Case;
use judge::{Judge, Judged};
use schtag::rules::LoadError;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a check could not be made.
#[derive(Debug, Error)]
pub enum CheckError {
    /// The compiled pack does not load.
    #[error("{0}, which is a defect in `schtag`; please report it with the rules")]
    Load(#[from] LoadError),
    /// The fuel could not be measured.
    #[error("the fuel cannot be measured: {0}")]
    Fuel(#[from] FuelError),
}

/// Checks compiled rules. With a base module, each rule's fuel is measured as well, which bakes one module a rule.
///
/// # Errors
/// When the engine does not take the rules, or the fuel cannot be measured.
pub fn check(compiled: &Compilation, base: Option<&[u8]>) -> Result<Report, CheckError> {
    let mut judge = Judge::new(&compiled.pack)?;
    let meter = base.map(|base| fuel::Meter::new(base, &compiled.pack.settings)).transpose()?;
    let mut report = Report::default();
    for refusal in &compiled.refused {
        if is_unreadable(refusal) {
            report.unreadable.push(refusal.to_string());
        } else {
            report.refused.push(refused(refusal));
        }
    }
    let mut files = Files::default();
    for (info, name) in compiled.rules.iter().zip(names(compiled)) {
        let beside =
            if compiled.owns_cases(info) { files.cases(&info.path, &mut report.unreadable) } else { None };
        let within = info.document.get("cases").map(|list| cases::in_rule(&info.path, list));
        let (within, errors) = within.map_or((None, Vec::new()), |(cases, errors)| (Some(cases), errors));
        report.unreadable.extend(errors);
        let both: Vec<Case>;
        let cases = match (beside, within) {
            (beside, None) => beside,
            (None, Some(within)) => {
                both = within;
                Some(&*both)
            }
            (Some(beside), Some(within)) => {
                report.unreadable.push(format!(
                    "{}: there are `cases` in it, and {} beside it; keep one of them",
                    info.path.display(),
                    cases::FILE
                ));
                both = beside.iter().cloned().chain(within).collect();
                Some(&*both)
            }
        };
        let place = |case: &Case| match info.document.get("cases") {
            Some(_) => format!("{}: cases[{}]", info.path.display(), case.line),
            None => format!("{}:{}", info.path.with_file_name(cases::FILE).display(), case.line),
        };
        let mut rule = RuleReport {
            name,
            id: info.metadata.id.clone(),
            title: info.metadata.title.clone(),
            path: info.path.clone(),
            level: info.metadata.level,
            techniques: info.metadata.techniques.clone(),
            lints: lint::lints(info, compiled, cases),
            cases: Vec::new(),
            fuel: None,
            spots: spots(info, compiled),
        };
        if let Some(cases) = cases {
            let run = cases.iter().map(|case| run(&mut judge, info.index, case, place(case)));
            rule.cases = run.collect::<Result<_, LoadError>>()?;
            if let Some(meter) = meter.as_ref().filter(|_| !cases.is_empty()) {
                rule.fuel = Some(meter.measure(&compiled.pack, info.index, cases)?);
            }
        }
        report.rules.push(rule);
    }
    // Correlations are compiled after all rules; a reader looks for them where they are written.
    report.rules.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(report)
}

fn is_unreadable(refusal: &Refusal) -> bool {
    matches!(refusal.reason, Reason::Unreadable(_) | Reason::FileTooLarge(_) | Reason::TooManyFiles(_))
}

fn refused(refusal: &Refusal) -> RefusedReport {
    RefusedReport {
        path: refusal.path.clone(),
        problem: refusal.to_string(),
        fatal: is_fault(refusal),
        spot: refusal_spot(refusal),
    }
}

/// Where in its file the reason of a refusal is.
pub(crate) fn refusal_spot(refusal: &Refusal) -> Option<Spot> {
    refusal.spot(&files::read_text(&refusal.path, sigma::MAX_FILE).ok()?)
}

/// The remarks on a rule that have a place, with that place in its file.
fn spots(info: &RuleInfo, compiled: &Compilation) -> Vec<(String, Spot)> {
    let remarks = compiled
        .remarks
        .iter()
        .filter(|remark| remark.path.as_deref() == Some(&*info.path) && remark.title == info.metadata.title);
    let placed: Vec<_> =
        remarks.filter_map(|remark| Some((&remark.warning, remark.warning.place()?))).collect();
    if placed.is_empty() {
        return Vec::new();
    }
    let Ok(text) = files::read_text(&info.path, sigma::MAX_FILE) else { return Vec::new() };
    let (id, title) = (info.metadata.id.as_str(), info.metadata.title.as_str());
    let spots = placed.into_iter().filter_map(|(warning, place)| {
        Some((warning.to_string(), sigma::spot(&text, Some(id), Some(title), place)?))
    });
    spots.collect()
}

/// Returns whether a document that was not compiled is a fault, and not a rule from elsewhere for other events.
pub(crate) fn is_fault(refusal: &Refusal) -> bool {
    let has_ads = || {
        files::read_text(&refusal.path, sigma::MAX_FILE)
            .is_ok_and(|text| text.lines().any(|line| line.starts_with("ads:")))
    };
    !is_for_others(&refusal.reason) || has_own_folder(&refusal.path) || has_ads()
}

/// Tells a rule that is as it should be, but for other events or other tools. In a collection from elsewhere that is no
/// fault.
const fn is_for_others(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::LogSource(_)
            | Reason::NeverMatches(_)
            | Reason::UnsupportedStatus
            | Reason::SigmaVersion(_)
            | Reason::Correlation(CorrelationReason::Kind(_) | CorrelationReason::RefusedRule(_))
    )
}

/// The cases of each folder, read once.
#[derive(Default)]
struct Files(HashMap<PathBuf, Option<Vec<Case>>>);

impl Files {
    /// The cases beside a rule.
    fn cases(&mut self, rule: &Path, unreadable: &mut Vec<String>) -> Option<&[Case]> {
        let path = rule.with_file_name(cases::FILE);
        let read = self.0.entry(path).or_insert_with_key(|path| {
            let (cases, errors) = match cases::read(path) {
                Ok(read) => read,
                Err(error) if error.is_missing() => cases::of(path, default_rules::text(path)?.as_bytes()),
                Err(error) => {
                    unreadable.push(error.to_string());
                    return None;
                }
            };
            unreadable.extend(errors);
            Some(cases)
        });
        read.as_deref()
    }
}

fn run(judge: &mut Judge, index: PackIndex, case: &Case, place: String) -> Result<CaseReport, LoadError> {
    let judged = judge.judge(index, case)?;
    let passed = matches!(judged, Judged::Matched(_)) == case.matches;
    let decided = match judged {
        Judged::NoTaskEvent => "the record was not read as a scheduled-task event".to_owned(),
        Judged::Matched(evidence) if evidence.is_empty() => "it matched, on what is absent".to_owned(),
        Judged::Matched(evidence) => format!("it matched, on {}", evidence.join(", ")),
        Judged::NotMatched(others) if others.is_empty() => "no rule matched".to_owned(),
        Judged::NotMatched(others) => format!("it did not match; these did: {}", others.join("; ")),
    };
    let decided = Some(decided).filter(|_| !passed);
    Ok(CaseReport { name: case.name.clone(), line: case.line, place, matches: case.matches, passed, decided })
}

fn cut(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// A short name for each rule, in the order of [`Compilation::rules`]: its folder, if it has its own, else its
/// file; where several have the same, all but the first get a number. What only feeds correlations has its own
/// `name` or id after that, with a slash between.
pub(crate) fn names(compiled: &Compilation) -> Vec<String> {
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut name = |info: &RuleInfo| {
        let folder = info.path.parent().and_then(Path::file_name).filter(|_| has_own_folder(&info.path));
        let name =
            folder.or_else(|| info.path.file_stem()).unwrap_or_default().to_string_lossy().into_owned();
        if compiled.feeds_only(info) {
            return format!("{name}/{}", info.metadata.name.as_ref().unwrap_or(&info.metadata.id));
        }
        let count = taken.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 { name } else { format!("{name}-{count}") }
    };
    compiled.rules.iter().map(&mut name).collect()
}

#[cfg(test)]
mod tests;
