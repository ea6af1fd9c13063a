//! docs/programs.md: the programs whose arguments are understood.
use super::MARK;
use super::markdown::{cell, code, link};
use crate::rules::attack;
use crate::rules::programs::{Loaded, Program};
use schtag::command::programs::{Argument, Condition, FormSource, OptionSource, Role};
use std::collections::BTreeMap;

const BEFORE: &str = "\
# Programs

What schtag knows of programs and their arguments. Each entry gives facts, which rules see as `task.runs`, `task.address`,
`task.writes` and the other fields that [fields.md](fields.md) lists after `task.runs`. A program that does not stand here
gives only `task.runs`: itself. [writing_programs.md](writing_programs.md) says how to add one.

A row is a way to use the program: the words and options that must stand on the line, the ATT&CK technique of using it so,
and the role of each argument and option. Roles of the first row of a program hold in all its rows.
";

/// The page.
pub fn programs(loaded: &Loaded) -> String {
    let mut out = format!("{MARK}\n{BEFORE}");
    let mut files: BTreeMap<String, Vec<&Program>> = BTreeMap::new();
    for program in &loaded.programs {
        let name = program.path.file_stem().unwrap_or_default().to_string_lossy().replace('_', " ");
        files.entry(name).or_default().push(program);
    }
    for (name, programs) in files {
        let mut heading = name.chars();
        let first = heading.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
        out.push_str(&format!("\n## {first}{}\n\n", heading.as_str()));
        out.push_str("| program | used with | ATT&CK | arguments | options |\n|---|---|---|---|---|\n");
        for program in programs {
            rows(&mut out, program);
        }
    }
    out
}

fn rows(out: &mut String, program: &Program) {
    let names: Vec<String> = program.source.names.iter().map(|name| code(name)).collect();
    let address = program.references.first().map_or("", String::as_str);
    let name = format!("{} {}", names.join(", "), link("source", address));
    row(out, &name, &program.source.common);
    for form in &program.source.forms {
        row(out, "", form);
    }
}

fn row(out: &mut String, name: &str, form: &FormSource) {
    let conditions: Vec<String> = form.conditions.iter().map(condition).collect();
    let technique = match form.technique.as_str() {
        "" => String::new(),
        technique => link(technique, &attack::technique_url(technique)),
    };
    let arguments: Vec<String> = form.arguments.iter().map(|value| cell(&role(*value))).collect();
    out.push_str(&format!(
        "| {name} | {} | {technique} | {} | {} |\n",
        conditions.join(" "),
        arguments.join(", "),
        options(&form.options)
    ));
}

fn condition(condition: &Condition) -> String {
    let text = match condition {
        Condition::Word(text) | Condition::Like(text) => text.clone(),
        Condition::Option(text) => format!("-{text}"),
        Condition::Holds(text) => format!("…{text}…"),
    };
    // A bar ends a cell, also within code.
    code(&text.replace('|', " or "))
}

/// The names of the options of each role.
fn options(options: &[OptionSource]) -> String {
    let mut by_role: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for option in options.iter().filter(|option| !matches!(option.value.role, Role::Text | Role::Flag)) {
        by_role.entry(role(option.value)).or_default().push(code(&option.name.replace('|', " or ")));
    }
    let roles = by_role.iter().map(|(role, names)| format!("{}: {}", cell(role), names.join(" ")));
    roles.collect::<Vec<_>>().join("; ")
}

fn role(value: Argument) -> String {
    let name = Role::ALL.iter().find(|(_, role)| *role == value.role).map_or("", |(name, _)| *name);
    let more = match (value.is_repeated, value.is_rest) {
        (_, true) => ": the rest of the line",
        (true, _) => "s",
        _ => "",
    };
    name.replace('_', " ") + more
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::programs;

    #[test]
    fn every_program_has_a_row() {
        let loaded = programs::load_default();
        let page = programs(&loaded);
        for name in loaded.programs.iter().flat_map(|program| &program.source.names) {
            assert!(page.contains(&code(name)), "{name}");
        }
        let columns = |line: &&str| line.starts_with('|') && line.matches(" |").count() != 5;
        assert_eq!(page.lines().find(|line| columns(line) && !line.starts_with("|---")), None);
    }
}
