//! Checks rules as their authors left them: what each says about itself ([`Lint`]), and its cases.
//!
//! Rules with a section `ads` or a folder of their own (`<name>/rule.yml`) are held to everything. Rules from
//! elsewhere, such as SigmaHQ's, get warnings only: that they lack what this project asks for is no fault.

pub mod ads;
pub mod attack;
pub mod cases;
mod fuel;
mod judge;
pub mod junit;
mod lint;
mod report;

pub use fuel::FuelError;
pub(crate) use fuel::tagger;
pub use lint::{Lint, has_own_folder};
pub use report::{CaseReport, RefusedReport, Report, RuleReport};

use crate::sigma::{Compilation, Reason, Refusal, RuleInfo, Subject};
use cases::Case;
use judge::{Judge, Judged};
use schtag::rules::LoadError;
use std::collections::HashMap;
use std::fs;
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
    let mut judge = Judge::new(compiled.pack.clone())?;
    let mut meter = base.map(|base| fuel::Meter::new(base, &compiled.pack.settings)).transpose()?;
    let mut report = Report { rules: Vec::new(), refused: Vec::new(), unreadable: Vec::new() };
    for refusal in &compiled.refused {
        if is_unreadable(refusal) {
            report.unreadable.push(refusal.to_string());
        } else {
            report.refused.push(refused(refusal));
        }
    }
    let mut files = Files::default();
    for (info, name) in compiled.rules.iter().zip(names(&compiled.rules)) {
        let cases = files.cases(&info.path, &mut report.unreadable);
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
        };
        // A correlation is about several events; a case is one.
        if let (Subject::Rule(index), Some(cases)) = (info.subject, cases) {
            rule.cases = cases.iter().map(|case| run(&mut judge, compiled, index, case)).collect();
            if let Some(meter) = meter.as_mut().filter(|_| !cases.is_empty()) {
                rule.fuel = Some(meter.measure(&compiled.pack, index, cases)?);
            }
        }
        report.rules.push(rule);
    }
    Ok(report)
}

fn is_unreadable(refusal: &Refusal) -> bool {
    matches!(refusal.reason, Reason::Unreadable(_) | Reason::FileTooLarge(_) | Reason::TooManyFiles(_))
}

fn refused(refusal: &Refusal) -> RefusedReport {
    let has_ads =
        || fs::read_to_string(&refusal.path).is_ok_and(|text| text.lines().any(|l| l.starts_with("ads:")));
    RefusedReport {
        path: refusal.path.clone(),
        problem: refusal.to_string(),
        fatal: has_own_folder(&refusal.path) || has_ads(),
    }
}

/// The cases of each folder, read once.
#[derive(Default)]
struct Files(HashMap<PathBuf, Option<Vec<Case>>>);

impl Files {
    /// The cases beside a rule. Only a rule with a folder of its own has any: of others nobody could tell whose
    /// they are.
    fn cases(&mut self, rule: &Path, unreadable: &mut Vec<String>) -> Option<&[Case]> {
        if !has_own_folder(rule) {
            return None;
        }
        let path = rule.with_file_name(cases::FILE);
        let read = self.0.entry(path).or_insert_with_key(|path| match cases::read(path) {
            Ok((cases, errors)) => {
                unreadable.extend(errors);
                Some(cases)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                unreadable.push(format!("{}: {error}", path.display()));
                None
            }
        });
        read.as_deref()
    }
}

fn run(judge: &mut Judge, compiled: &Compilation, rule: usize, case: &Case) -> CaseReport {
    let judged = judge.judge(&case.record);
    let own = match &judged {
        Judged::NoTaskEvent => None,
        Judged::Matched(matched) => matched.iter().find(|matched| matched.rule as usize == rule),
    };
    let passed = own.is_some() == case.matches;
    let decided = match (own, &judged) {
        _ if passed => None,
        (Some(own), _) => {
            let evidence = own.evidence.iter().map(|e| format!("{} `{}`", e.field.name(), cut(&e.matched)));
            let evidence: Vec<String> = evidence.collect();
            Some(format!(
                "it matched, on {}",
                if evidence.is_empty() { "what is absent".into() } else { evidence.join(", ") }
            ))
        }
        (None, Judged::NoTaskEvent) => Some("the record was not read as a scheduled-task event".into()),
        (None, Judged::Matched(others)) => {
            let titles = others.iter().filter_map(|other| compiled.pack.rules.get(other.rule as usize));
            let titles: Vec<&str> = titles.map(|rule| rule.title.as_str()).collect();
            Some(if titles.is_empty() {
                "no rule matched".into()
            } else {
                format!("it did not match; these did: {}", titles.join("; "))
            })
        }
    };
    CaseReport { name: case.name.clone(), line: case.line, matches: case.matches, passed, decided }
}

fn cut(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// A short name for each rule: its folder, if it has its own, else its file. Where several have the same, all but
/// the first get a number.
pub fn names(rules: &[RuleInfo]) -> Vec<String> {
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut name = |info: &RuleInfo| {
        let folder = info.path.parent().and_then(Path::file_name).filter(|_| has_own_folder(&info.path));
        let name =
            folder.or_else(|| info.path.file_stem()).unwrap_or_default().to_string_lossy().into_owned();
        let count = taken.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 { name } else { format!("{name}-{count}") }
    };
    rules.iter().map(&mut name).collect()
}

#[cfg(test)]
mod tests;
