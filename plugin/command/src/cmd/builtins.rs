//! The built-in commands of cmd.exe.
//!
//! Source: `help` and `/?` of each command.

use super::lexer::{DELIMITERS, REFERENCES, WILDCARDS};
use super::machine::{Input, Machine, Waiting};
use super::name::{split_name, trimmed};
use super::process::{self, Call};
use super::variables::Value;
use super::{arithmetic, output, start};
use crate::path;
use std::borrow::Cow;
use std::rc::Rc;

/// Built-in commands that start nothing and write nothing that is run.
const SILENT: &[&str] = &[
    "break", "cls", "color", "copy", "date", "del", "endlocal", "erase", "exit", "goto", "md", "mkdir",
    "mklink", "move", "path", "pause", "prompt", "rd", "rem", "ren", "rename", "rmdir", "setlocal", "shift",
    "time", "title", "verify", "vol",
];

/// Built-in commands that a dot, a backslash or the like may follow without a blank.
const GLUED: [&str; 5] = ["assoc", "cd", "chdir", "dir", "echo"];

/// Units for a byte that `call` reads once more, before it is parsed.
const CALLED_BYTE: usize = 15;

/// Runs a command.
pub(super) fn run(machine: &mut Machine<'_>, call: &Call<'_>) {
    machine.goes_to(call.output);
    if call.name.eq_ignore_ascii_case("set") {
        return set(machine, call);
    }
    let name = call.name.trim_matches('"').to_ascii_lowercase();
    if let Some((stem, _)) =
        name.split_once(['.', '\\', ':', '+', '[', ']']).filter(|(stem, _)| GLUED.contains(stem))
    {
        let (name, arguments) = call.line.split_at_checked(stem.len()).unwrap_or((call.line, ""));
        // `echo.` drops the dot; `assoc.cmd` and `cd..` do not.
        let call = Call { name, arguments, ..*call };
        return dispatch(machine, &call, stem);
    }
    dispatch(machine, call, &name);
}

fn dispatch(machine: &mut Machine<'_>, call: &Call<'_>, name: &str) {
    if is_silent(name) || matches!(name, "dir" | "type" | "assoc" | "ftype" | "ver") {
        machine.shows(call.line);
    }
    match name {
        "set" => set(machine, call),
        "call" => call_again(machine, call),
        "echo" => echo(machine, call, call.arguments),
        "cd" | "chdir" => change_folder(machine, call.arguments, false),
        "pushd" => change_folder(machine, call.arguments, true),
        "popd" => {
            if let Some(folder) = machine.folders.pop() {
                machine.folder = folder;
            }
        }
        "start" => start_program(machine, call),
        "type" => type_file(machine, call),
        "assoc" | "ftype" | "ver" => constant(machine, call, name),
        "dir" => listing(machine, call),
        _ if name.starts_with(':') || is_silent(name) => {}
        _ if is_drive(name) => {
            machine.folder = Some([call.name.trim_matches('"'), "\\"].concat());
        }
        _ => process::run(machine, call, name),
    }
}

fn is_silent(name: &str) -> bool {
    SILENT.contains(&name)
}

fn is_drive(name: &str) -> bool {
    name.len() == 2 && name.ends_with(':') && name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// `set name=value`, `set /a`, `set /p`, and `set` that shows variables.
#[inline(never)]
fn set(machine: &mut Machine<'_>, call: &Call<'_>) {
    let arguments = trimmed(call.arguments);
    let switch = arguments.get(..2).unwrap_or_default();
    if switch.eq_ignore_ascii_case("/a") {
        let text = arguments.get(2..).unwrap_or_default();
        if !machine.work.walk(text.len(), 40) {
            return;
        }
        if let Some(value) = arithmetic::evaluate(text, &mut machine.variables) {
            let value = value.to_string();
            machine.write(&value, call.output, false);
        }
        machine.variables_changed();
        return;
    }
    if switch.eq_ignore_ascii_case("/p") {
        prompt(machine, call, arguments.get(2..).unwrap_or_default());
        return;
    }
    let assignment = match arguments.strip_prefix('"') {
        Some(rest) => rest.rsplit_once('"').map_or(rest, |(inside, _)| inside),
        None => arguments,
    };
    match assignment.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            let value = match machine.unknown.iter().find(|(written, _)| *written == value.trim()) {
                Some((_, origin)) => Value::Unknown(Rc::clone(origin)),
                None => Value::Known(value.to_owned()),
            };
            if let Value::Known(text) = &value
                && machine.records()
            {
                machine.step("set", &[name, "=", text].concat());
            }
            machine.set(name, value);
        }
        Some(_) => {}
        None => {
            if machine.is_captured() {
                let mut text = machine.variables.shown(assignment.trim()).join("\n");
                text.push('\n');
                if machine.work.walk(text.len(), 4) {
                    machine.write(&text, call.output, true);
                }
            }
        }
    }
}

/// `set /p name=text`: writes the text, and reads a line.
#[inline(never)]
fn prompt(machine: &mut Machine<'_>, call: &Call<'_>, arguments: &str) {
    let arguments = arguments.trim();
    let assignment = arguments.strip_prefix('"').map_or(arguments, |inside| inside.trim_end_matches('"'));
    let Some((name, text)) = assignment.split_once('=') else { return };
    machine.write(text.trim_matches('"'), call.output, false);
    if name.trim().is_empty() {
        return;
    }
    let value = match call.input {
        Input::Text(text) => Value::Known(text.lines().next().unwrap_or_default().to_owned()),
        Input::From(origin) => Value::Unknown(Rc::clone(origin)),
        Input::Inherited => Value::Unknown(Rc::from("")),
    };
    machine.set(name, value);
}

/// `call command`: the command is read once more, with its variables.
#[inline(never)]
fn call_again(machine: &mut Machine<'_>, call: &Call<'_>) {
    let arguments = DELIMITERS.trim_start(call.arguments);
    if arguments.is_empty() || arguments.starts_with(':') {
        return;
    }
    if !machine.work.walk(arguments.len(), CALLED_BYTE) {
        return;
    }
    machine.note_pieces(arguments, '%');
    // What stood in the line keeps its carets; those that a variable brings escape.
    let doubled = arguments.replace('^', "^^");
    let expanded = machine.percent(&doubled);
    let computed = matches!(expanded, Cow::Owned(_));
    if computed {
        machine.step("call", &expanded);
        let name = split_name(arguments).0;
        let whole =
            name.starts_with('%') && split_name(expanded.trim_start()).0.len() < expanded.trim().len();
        machine.facts.called |= whole && !split_name(arguments).1.contains(|c: char| c.is_alphanumeric());
    }
    machine.wait_for(Waiting {
        text: expanded.into_owned(),
        input: call.input.clone(),
        computed,
        expanded: true,
        settled: true,
    });
}

#[inline(never)]
fn echo(machine: &mut Machine<'_>, call: &Call<'_>, arguments: &str) {
    // The character after the name is dropped, whatever it is.
    let mut chars = arguments.chars();
    chars.next();
    let text = chars.as_str();
    let word = text.trim();
    if word.eq_ignore_ascii_case("on") || word.eq_ignore_ascii_case("off") {
        return;
    }
    if machine.is_captured() {
        machine.step("echo", text);
    } else {
        machine.shows(call.line);
    }
    match machine.unknown.iter().find(|(written, _)| text.contains(written.as_str())) {
        Some((_, origin)) if word.len() < 64 => {
            let origin = Rc::clone(origin);
            machine.write_unknown(&origin, call.output);
        }
        _ => machine.write(&[text, "\n"].concat(), call.output, false),
    }
}

/// `cd`, `pushd`: the folder that what follows starts in.
#[inline(never)]
fn change_folder(machine: &mut Machine<'_>, arguments: &str, pushes: bool) {
    let mut arguments = DELIMITERS.trim(arguments);
    if let Some(rest) =
        arguments.get(..2).filter(|switch| switch.eq_ignore_ascii_case("/d")).and(arguments.get(2..))
    {
        arguments = rest.trim();
    }
    let folder = path::unquoted(arguments);
    let folder = folder.trim();
    if folder.is_empty() {
        return;
    }
    if pushes && machine.folders.len() < 16 {
        machine.folders.push(machine.folder.clone());
    }
    let known = !REFERENCES.is_in(folder) || folder.contains("%USERNAME%");
    machine.folder = known.then(|| path::joined(machine.folder.as_deref(), folder)).flatten();
    if let Some(folder) = machine.folder.clone() {
        machine.step("folder", &folder);
    }
}

#[inline(never)]
fn start_program(machine: &mut Machine<'_>, call: &Call<'_>) {
    let start = start(call.arguments);
    if start.line.is_empty() {
        return;
    }
    let outside = machine.folder.clone();
    if let Some(folder) = start.folder {
        machine.folder = path::joined(outside.as_deref(), folder);
    }
    let (name, arguments) = split_name(start.line);
    let lower = name.trim_matches('"').to_ascii_lowercase();
    let inner = Call { line: start.line, name, arguments, input: call.input, output: call.output };
    process::run(machine, &inner, &lower);
    machine.folder = outside;
}

#[inline(never)]
fn type_file(machine: &mut Machine<'_>, call: &Call<'_>) {
    let file = call.arguments.trim();
    match machine.file(file) {
        Some(text) => machine.write(&text, call.output, false),
        None => machine.write_unknown(&Rc::from(call.line.trim()), call.output),
    }
}

#[inline(never)]
fn constant(machine: &mut Machine<'_>, call: &Call<'_>, name: &str) {
    if !machine.is_captured() {
        return;
    }
    let text = match name {
        "assoc" => output::assoc(call.arguments),
        "ftype" => output::ftype(call.arguments),
        _ => Some(output::VERSION.to_owned()),
    };
    if let Some(text) = text.filter(|text| machine.work.walk(text.len(), 8)) {
        machine.write(&text, call.output, true);
    }
}

/// `dir` of a pattern that names a system program; else what is in a folder is not known.
#[inline(never)]
fn listing(machine: &mut Machine<'_>, call: &Call<'_>) {
    if !machine.is_captured() || !machine.work.spend(20_000) {
        return;
    }
    let lower = call.arguments.to_ascii_lowercase();
    let pattern = call.arguments.split([' ', ',', ';']).find(|word| WILDCARDS.is_in(word));
    let programs = pattern.map(|pattern| output::matching(pattern.trim_matches('"'), lower.contains("/s")));
    match programs.filter(|programs| !programs.is_empty() && lower.contains("/b")) {
        Some(programs) => machine.write(&(programs.join("\n") + "\n"), call.output, true),
        // The names of files are no commands.
        None => machine.write_unknown(&Rc::from(""), call.output),
    }
}
