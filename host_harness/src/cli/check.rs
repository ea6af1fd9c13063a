//! `schtag check`.
use super::failure::{Exit, Failure};
use super::output::Output;
use super::style::{Style, Tone};
use super::{module, say};
use clap::Args;
use schtag::rules::Level;
use schtag_host::check::junit::junit;
use schtag_host::check::{CheckError, Report, RuleReport, check};
use schtag_host::rule_files;
use std::fs;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  schtag check plugin/rules
  schtag check --junit report.xml plugin/rules
  schtag check --module-fuel my-rules/ | sort -k 7 -n
  schtag check --json plugin/rules | jq '.rules[] | select(.cases | map(.passed) | all | not)'";

/// Check rules: what each says about itself, and the cases beside it
///
/// A rule in a folder of its own (NAME/rule.yml) has its cases in NAME/cases.ndjson, one a line:
/// {\"case\": \"what it shows\", \"matches\": true, \"record\": {...}}.
/// It must have a section `ads` and two cases of each kind. Rules from elsewhere only get warnings.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    /// Folders of Sigma rules, searched for .yml and .yaml, or single files
    #[arg(value_name = "DIR", required = true)]
    rules: Vec<PathBuf>,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Write the result as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Bake a module for each rule, and measure what its cases cost in fuel: about one unit an instruction
    #[arg(long)]
    module_fuel: bool,
    /// The base module to measure with; the one inside this executable, if not given
    #[arg(long, value_name = "FILE", requires = "module_fuel")]
    base: Option<PathBuf>,
}

impl Check {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let base = if self.module_fuel { Some(module::require_base(self.base.as_deref())?) } else { None };
        let compiled = rule_files::compile(&self.rules, self.settings.as_deref())
            .map_err(|error| Failure::new(Exit::Input, error))?;
        let report = check(&compiled, base.as_deref()).map_err(|error| {
            let exit = if matches!(error, CheckError::Fuel(_)) { Exit::Module } else { Exit::Fault };
            Failure::new(exit, error)
        })?;
        if let Some(path) = &self.junit {
            fs::write(path, junit(&report)).map_err(|error| Failure::of_file(Exit::Output, path, error))?;
        }
        let text = if self.json {
            let json =
                serde_json::to_string_pretty(&report).map_err(|error| Failure::new(Exit::Output, error))?;
            json + "\n"
        } else {
            in_words(&report, Style::of_stdout())
        };
        let mut output = Output::new();
        output.write(text.as_bytes())?;
        output.flush()?;
        for problem in &report.unreadable {
            say(problem);
        }
        Ok(match (report.unreadable.is_empty(), report.failed()) {
            (false, _) => Exit::Input,
            (true, true) => Exit::Fault,
            (true, false) => Exit::Done,
        })
    }
}

fn in_words(report: &Report, style: Style) -> String {
    let rows: Vec<_> = report.rules.iter().map(row).collect();
    let heading = ["rule", "level", "techniques", "cases", "lints", "fuel/case"];
    let mut out = if rows.is_empty() { String::new() } else { style.table(&heading, &rows, &[3, 5]) };
    let failed = style.paint(Tone::Bad, "failed");
    let warning = style.paint(Tone::Warning, "warning");
    for rule in &report.rules {
        for (lint, problem) in rule.problems() {
            let word = if lint.fatal { &failed } else { &warning };
            out.push_str(&format!("{word}: {}: {}: {problem}\n", rule.path.display(), lint.name));
        }
        for case in &rule.cases {
            if let Some(decided) = &case.decided {
                let place = rule.path.with_file_name(schtag_host::check::cases::FILE);
                let must = if case.matches { "must match" } else { "must not match" };
                let (place, line, name) = (place.display(), case.line, &case.name);
                out.push_str(&format!("{failed}: {place}:{line}: \"{name}\" {must}, but {decided}\n"));
            }
        }
    }
    for refused in &report.refused {
        let word = if refused.fatal { &failed } else { &warning };
        out.push_str(&format!("{word}: not compiled: {}\n", refused.problem));
    }
    out.push_str(&summary(report));
    out
}

fn row(rule: &RuleReport) -> Vec<(Tone, String)> {
    let level = match rule.level {
        Level::Critical | Level::High => Tone::Bad,
        Level::Medium => Tone::Warning,
        Level::Low | Level::Informational => Tone::Faint,
    };
    let cases = match rule.cases.len() {
        0 => (Tone::Faint, "-".to_owned()),
        total if rule.passed() < total => (Tone::Bad, format!("{}/{total}", rule.passed())),
        total => (Tone::Good, format!("{total}/{total}")),
    };
    let failures = rule.problems().filter(|(lint, _)| lint.fatal).count();
    let warnings = rule.problems().count().saturating_sub(failures);
    let lints = match (failures, warnings) {
        (0, 0) => (Tone::Good, "ok".to_owned()),
        (0, warnings) => (Tone::Warning, counted(warnings, "warning")),
        (failures, 0) => (Tone::Bad, format!("{failures} failed")),
        (failures, warnings) => (Tone::Bad, format!("{failures} failed, {}", counted(warnings, "warning"))),
    };
    vec![
        (Tone::Plain, rule.name.clone()),
        (level, rule.level.as_str().to_owned()),
        (Tone::Plain, rule.techniques.join(" ")),
        cases,
        lints,
        (Tone::Plain, rule.fuel_per_case().map_or_else(|| "-".into(), |fuel| fuel.to_string())),
    ]
}

fn summary(report: &Report) -> String {
    let cases: usize = report.rules.iter().map(|rule| rule.cases.len()).sum();
    let passed: usize = report.rules.iter().map(RuleReport::passed).sum();
    let failed = report.rules.iter().filter(|rule| rule.failed()).count();
    format!(
        "{}: {failed} failed; {passed} of {} passed; {} not compiled\n",
        counted(report.rules.len(), "rule"),
        counted(cases, "case"),
        counted(report.refused.len(), "document")
    )
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
