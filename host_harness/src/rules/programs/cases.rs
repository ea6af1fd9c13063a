//! Runs the cases of an entry.
use super::error::{Problem, ProgramError};
use super::parse::{Case, FACTS, Program};
use schtag::command;
use schtag::command::programs::{Kind, Programs};
use schtag::task::Exec;
use schtag::work::Work;

/// The errors of an entry's cases.
pub(super) fn run(program: &Program, programs: &Programs) -> Vec<ProgramError> {
    let failed = |case: &Case| Some(program.error_at(case.at, problem(program, case, programs)?));
    program.cases.iter().filter_map(failed).collect()
}

fn problem(program: &Program, case: &Case, programs: &Programs) -> Option<Problem> {
    let exec =
        Exec { command: Some(case.line.clone()), arguments: None, working_directory: case.folder.clone() };
    let processes = command::read(&exec, programs, &Work::unlimited());
    let process = processes.list.first()?;
    let name = process.image_name.strip_suffix(".exe").unwrap_or(&process.image_name);
    if !program.source.names.iter().any(|own| name.starts_with(own.as_str())) {
        return Some(Problem::OtherProgram(case.line.clone()));
    }
    let shown = |kind: Kind| FACTS.iter().any(|(_, known)| *known == kind);
    let facts = process.facts.list.iter().filter(|fact| shown(fact.kind));
    let mut found: Vec<(Kind, String)> = facts.map(|fact| (fact.kind, fact.value.clone())).collect();
    let mut expected = case.facts.clone();
    // The order of the options is the line's own.
    found.sort();
    expected.sort();
    (found != expected).then(|| Problem::Case {
        line: case.line.clone(),
        expected: in_words(&expected),
        found: in_words(&found),
    })
}

fn in_words(facts: &[(Kind, String)]) -> String {
    let key = |kind: Kind| FACTS.iter().find(|(_, known)| *known == kind).map_or("", |(key, _)| key);
    let words: Vec<String> = facts.iter().map(|(kind, value)| format!("{} `{value}`", key(*kind))).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}
