//! The compiler as a whole, on rules of our own.

mod correlations;
mod detections;
mod documents;
mod hostile;

use super::*;
use crate::rules::settings::Configuration;
use schtag::rules::{Glob, GlobPart, Op, Pack, Pattern, Target, Test};

/// Compiles texts as files `0.yml`, `1.yml`, ... with the placeholder `admins`.
fn compile_texts(texts: &[&str]) -> Compilation {
    let mut configuration = Configuration::default();
    configuration.placeholders.insert("admins".into(), vec!["alice".into(), "adm_*".into()]);
    let sources: Vec<Source> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| Source { path: format!("{index}.yml").into(), text: (*text).to_owned() })
        .collect();
    compile(&sources, &configuration)
}

const SECURITY: &str = "{product: windows, service: security}";
const PROCESS: &str = "{product: windows, category: process_creation}";

/// A rule about a log source, its detection in flow style.
fn rule(id: &str, logsource: &str, detection: &str) -> String {
    format!("title: The rule {id}\nid: {id}\nlogsource: {logsource}\ndetection: {detection}\n")
}

/// The refusals, as the user reads them.
fn refusals(compilation: &Compilation) -> Vec<String> {
    compilation.refused.iter().map(ToString::to_string).collect()
}

/// The remarks, as the user reads them.
fn remarks(compilation: &Compilation) -> Vec<String> {
    compilation.remarks.iter().map(ToString::to_string).collect()
}

/// A rule's condition in infix notation.
fn infix(pack: &Pack, condition: &[Op]) -> String {
    let mut stack: Vec<String> = Vec::new();
    for op in condition {
        let text = match *op {
            Op::Pattern(index) => pattern(&pack.patterns[index as usize]),
            Op::Constant(value) => value.to_string(),
            Op::Not => format!("!{}", stack.pop().unwrap()),
            Op::AtLeast { least, of } => {
                let of = stack.split_off(stack.len() - of as usize);
                match least {
                    1 => format!("({})", of.join(" | ")),
                    n if n as usize == of.len() => format!("({})", of.join(" & ")),
                    n => format!("{n} of ({})", of.join(", ")),
                }
            }
        };
        stack.push(text);
    }
    assert_eq!(stack.len(), 1, "a condition leaves one value: {condition:?}");
    stack.pop().unwrap()
}

fn pattern(pattern: &Pattern) -> String {
    let target = match pattern.target {
        Target::Field(field) => field.name().to_owned(),
        Target::Anywhere(_) => "anywhere".to_owned(),
    };
    match &pattern.test {
        Test::Text(text) => format!("{target}{}\"{}\"", if text.cased { "==" } else { "=" }, glob(text)),
        Test::Regex(_) => format!("{target}~"),
        Test::Exists(true) => format!("{target}?"),
        Test::Exists(false) => format!("no {target}"),
        Test::Number(comparison, number) => format!("{target} {comparison:?} {number}"),
        Test::Cidr(cidr) => format!("{target} in {}/{}", cidr.network, cidr.prefix),
        Test::FieldRef { field, relation, cased } => {
            format!("{target} {relation:?}{} {}", if *cased { "Cased" } else { "" }, field.name())
        }
    }
}

/// A glob with its literal `*` and `?` in brackets.
fn glob(glob: &Glob) -> String {
    let part = |part: &GlobPart| match part {
        GlobPart::Literal(text) => text.replace('*', "[*]").replace('?', "[?]"),
        GlobPart::Any => "*".into(),
        GlobPart::One => "?".into(),
    };
    glob.parts.iter().map(part).collect()
}
