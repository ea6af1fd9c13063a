//! `schtag check`.
use super::excerpt::excerpt;
use super::failure::{Exit, Failure};
use super::output;
use super::terminal::{Style, Terminal, row as on_one_line};
use super::{module, say};
use crate::author::check::junit::junit;
use crate::author::check::{CheckError, ProgramsReport, Report, RuleReport, check};
use crate::rules::programs;
use clap::Args;
use schtag::rules::Level;
use std::fs;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  schtag check
  schtag check my-rules/
  schtag check --programs my-programs/ my-rules/
  schtag check --junit report.xml my-rules/
  schtag check --module-fuel my-rules/ | sort -k 7 -n
  schtag check --json my-rules/ | jq '.rules[] | select(.cases | map(.passed) | all | not)'";

/// Check rules: what each says about itself, and its test cases (NAME/cases.ndjson)
///
/// A rule has its cases under the key `cases` of its own file, or, in a folder of its own (NAME/rule.yml), in
/// NAME/cases.ndjson, one a line:
/// {"case": "what it shows", "matches": true, "command": "powershell.exe"}.
/// A rule with a section `ads` (the ten parts of an Alerting and Detection Strategy, docs/sigma.md) is held to them, and to
/// two cases of each kind. Rules from elsewhere only get warnings. A document that is no
/// rule or cannot be compiled fails the check; one for other events only where the rule is ours. So does a folder without
/// any rule.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    /// Folders of Sigma rules, searched for .yml and .yaml, or single files; without any, the default rules
    #[arg(value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// A folder of programs, or a single file, to check with its cases and to add to the default ones; give --programs once
    /// for each
    #[arg(long, value_name = "DIR")]
    programs: Vec<PathBuf>,
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
        let mut compiled = module::compile(&self.rules, self.settings.as_deref())?;
        let checked = if self.programs.is_empty() {
            programs::load_default()
        } else {
            // One with an error is in the report; the rules are checked with the others.
            let loaded = programs::load(&self.programs);
            compiled.pack.programs =
                programs::compile(&loaded.programs).map_err(|error| Failure::new(Exit::Input, error))?;
            loaded
        };
        let program_errors = programs::check(&checked, &compiled.pack.programs);
        let mut report = check(&compiled, base.as_deref()).map_err(|error| {
            let exit = if matches!(error, CheckError::Fuel(_)) { Exit::Module } else { Exit::Fault };
            Failure::new(exit, error)
        })?;
        report.programs = ProgramsReport::of(&checked, &program_errors);
        if let Some(path) = &self.junit {
            fs::write(path, junit(&report)).map_err(|error| Failure::of_file(Exit::Output, path, error))?;
        }
        if self.json {
            output::write_json(&report)?;
        } else {
            let terminal = Terminal::of_standard_output();
            output::print(terminal, &in_words(&report, terminal))?;
        }
        for problem in &report.unreadable {
            say(problem);
        }
        if report.rules.is_empty() {
            say("there is no rule in what was named, and nothing was checked");
        }
        Ok(match (report.unreadable.is_empty(), report.failed() || report.rules.is_empty()) {
            (false, _) => Exit::Input,
            (true, true) => Exit::Fault,
            (true, false) => Exit::Done,
        })
    }
}

fn in_words(report: &Report, terminal: Terminal) -> String {
    let rows: Vec<_> = report.rules.iter().map(row).collect();
    let heading = ["rule", "level", "techniques", "cases", "lints", "fuel/case"];
    let mut out = if rows.is_empty() { String::new() } else { terminal.table(&heading, &rows, &[3, 5]) };
    let failed = terminal.paint(Style::Red, "failed");
    let warning = terminal.paint(Style::Yellow, "warning");
    for rule in &report.rules {
        for (lint, problem) in rule.problems() {
            let word = if lint.fatal { &failed } else { &warning };
            let line = format!("{word}: {}: {}: {problem}", rule.path.display(), lint.name);
            out.push_str(&(on_one_line(&line) + "\n"));
            let spot = rule.spots.iter().find(|(said, _)| said == problem).map(|(_, spot)| spot);
            out.push_str(&excerpt(&rule.path, spot));
        }
        for case in &rule.cases {
            if let Some(decided) = &case.decided {
                let must = if case.matches { "must match" } else { "must not match" };
                let (place, name) = (&case.place, &case.name);
                let line = format!("{failed}: {place}: \"{name}\" {must}, but {decided}");
                out.push_str(&(on_one_line(&line) + "\n"));
            }
        }
    }
    for refused in &report.refused {
        let word = if refused.fatal { &failed } else { &warning };
        out.push_str(&(on_one_line(&format!("{word}: not compiled: {}", refused.problem)) + "\n"));
        out.push_str(&excerpt(&refused.path, refused.spot.as_ref()));
    }
    for error in &report.programs.errors {
        out.push_str(&(on_one_line(&format!("{failed}: {error}")) + "\n"));
    }
    out.push_str(&summary(report));
    out
}

fn row(rule: &RuleReport) -> Vec<(Style, String)> {
    let style = match rule.level {
        Level::Critical | Level::High => Style::Red,
        Level::Medium => Style::Yellow,
        Level::Low | Level::Informational => Style::Dim,
    };
    let cases = match rule.cases.len() {
        0 => (Style::Dim, "-".to_owned()),
        total if rule.passed() < total => (Style::Red, format!("{}/{total}", rule.passed())),
        total => (Style::Green, format!("{total}/{total}")),
    };
    let failures = rule.problems().filter(|(lint, _)| lint.fatal).count();
    let warnings = rule.problems().count().saturating_sub(failures);
    let lints = match (failures, warnings) {
        (0, 0) => (Style::Green, "ok".to_owned()),
        (0, warnings) => (Style::Yellow, counted(warnings, "warning")),
        (failures, 0) => (Style::Red, format!("{failures} failed")),
        (failures, warnings) => (Style::Red, format!("{failures} failed, {}", counted(warnings, "warning"))),
    };
    vec![
        (Style::Plain, rule.name.clone()),
        (style, rule.level.as_str().to_owned()),
        (Style::Plain, techniques(&rule.techniques)),
        cases,
        lints,
        (Style::Plain, rule.fuel_per_case().map_or_else(|| "-".into(), |fuel| fuel.to_string())),
    ]
}

/// The first techniques, and the number of the others: a row should fit a terminal.
fn techniques(techniques: &[String]) -> String {
    const SHOWN: usize = 2;
    let first: Vec<&str> = techniques.iter().take(SHOWN).map(String::as_str).collect();
    match techniques.len().saturating_sub(SHOWN) {
        0 => first.join(" "),
        more => format!("{} +{more}", first.join(" ")),
    }
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
    ) + &format!(
        "{}: {} failed; {}\n",
        counted(report.programs.entries, "program"),
        report.programs.errors.len(),
        counted(report.programs.cases, "case")
    )
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
