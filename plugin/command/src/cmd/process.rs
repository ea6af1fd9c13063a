//! Programs that a line runs: what they write, and the processes that they become.

use super::machine::{Input, Machine, Waiting};
use super::outer::{read as outer, unquoted as without_outer_quotes};
use super::starts::{Started, Stdin};
use super::variables::Value;
use super::{filter, output};
use crate::path;
use schtag_task::byte_set::ByteSet;
use std::rc::Rc;

/// Signs that may stand before the name of a program.
const BEFORE_NAME: ByteSet = ByteSet::of(b" \"\t@(");

/// A command with what it reads and where it writes.
pub(super) struct Call<'a> {
    /// The whole line.
    pub(super) line: &'a str,
    pub(super) name: &'a str,
    pub(super) arguments: &'a str,
    pub(super) input: &'a Input,
    pub(super) output: Option<&'a (String, bool)>,
}

/// Runs a program.
#[inline(never)]
pub(super) fn run(machine: &mut Machine<'_>, call: &Call<'_>, name: &str) {
    let stem = path::file_name(name);
    let stem = stem.strip_suffix(".exe").unwrap_or(stem);
    if !hands_on(machine, call, stem) {
        start_process(machine, call, name, stem);
    }
}

/// Writes what a program writes, as far as that is known. Returns true for a program of Windows that only hands on text
/// that is known: it is not shown as a process.
#[inline(never)]
fn hands_on(machine: &mut Machine<'_>, call: &Call<'_>, stem: &str) -> bool {
    match (stem, call.input) {
        ("find" | "findstr", Input::Text(text)) if machine.is_captured() => {
            let picked = filter::filtered(text, stem, call.arguments, machine.work);
            machine.write(&picked.unwrap_or_else(|| text.to_string()), call.output, true);
            return true;
        }
        ("more" | "sort", Input::Text(text)) if machine.is_captured() => {
            machine.write(text, call.output, false);
            return true;
        }
        ("find" | "findstr" | "more" | "sort", Input::From(origin)) => {
            let origin = Rc::clone(origin);
            machine.write_unknown(&origin, call.output);
        }
        ("where", _) if machine.is_captured() && machine.work.spend(20_000) => {
            return is_found(machine, call);
        }
        // What another cmd.exe writes is known as far as its line is.
        ("cmd", _) if machine.is_captured() && outer(call.arguments).line.is_some() => {}
        _ => machine.write_unknown(&Rc::from(call.line.trim()), call.output),
    }
    false
}

/// `where pattern`: writes the paths of Windows' own programs that fit. Returns false when none does.
#[inline(never)]
fn is_found(machine: &mut Machine<'_>, call: &Call<'_>) -> bool {
    let pattern = call.arguments.split([' ', ',', ';']).rfind(|word| !word.is_empty());
    let pattern = pattern.unwrap_or_default().trim_matches('"');
    let found = match output::full_path(pattern) {
        Some(path) => vec![path],
        None => output::matching(pattern, true),
    };
    if found.is_empty() {
        machine.write_unknown(&Rc::from(""), call.output);
        return false;
    }
    machine.write(&(found.join("\n") + "\n"), call.output, true);
    true
}

/// Notes the process that a command becomes, and reads what it is given to run.
#[inline(never)]
fn start_process(machine: &mut Machine<'_>, call: &Call<'_>, name: &str, stem: &str) {
    let call = &Call { line: without_self(machine, call.line), ..*call };
    let of_shell = stem == "cmd";
    let inside = of_shell.then(|| outer(call.arguments));
    let alone = inside.as_ref().is_some_and(|outer| outer.line.is_none());
    let (stdin, from) = match call.input {
        Input::Inherited => (Stdin::Inherited, None),
        Input::Text(text) => (Stdin::Pipe(Some(text.to_string())), None),
        Input::From(origin) => (Stdin::Pipe(None), Some(origin)),
    };
    let behind = inside.as_ref().and_then(|outer| outer.line).unwrap_or_default();
    let behind = BEFORE_NAME.trim_start(behind);
    let named = machine.unknown.iter().find(|(written, _)| {
        call.name.contains(written.as_str()) || (of_shell && behind.starts_with(written.as_str()))
    });
    let runs = named
        .map(|(_, origin)| origin)
        .or_else(|| from.filter(|_| alone || reads_input(stem, call.arguments)));
    let mut started = Started::new(shown(call));
    started.input_from = runs.filter(|origin| !origin.is_empty()).map(|origin| origin.to_string());
    started.stdin = stdin;
    started.folder.clone_from(&machine.folder);
    machine.starts(started);
    if let Some(inside) = &inside
        && let Some(line) = inside.line.filter(|_| machine.is_captured())
    {
        let line = without_outer_quotes(line, inside.strips);
        machine.run_within(&line, inside.delayed, call.input.clone());
    }
    // A batch file that the line itself has written is read as well, and so is what is piped into a shell.
    let script = match call.input {
        Input::Text(text) if alone => Some(Rc::clone(text)),
        _ => machine.file(call.name).filter(|_| name.ends_with(".bat") || name.ends_with(".cmd")),
    };
    if let Some(script) = script {
        machine.step("standard input", &script);
        machine.wait_for(Waiting { text: script.to_string(), computed: true, ..Waiting::default() });
    }
}

/// A line without the reference that a variable begins with when it is built from nothing, `set x=!x!text`, and that its
/// author forgot to take off.
fn without_self<'a>(machine: &Machine<'_>, line: &'a str) -> &'a str {
    let behind = line.strip_prefix('!').and_then(|rest| rest.split_once('!'));
    behind
        .filter(|(name, _)| matches!(machine.variables.own(name), Some(Value::Known(_))))
        .map_or(line, |(_, behind)| behind)
}

/// The line as other splitters read it: cmd.exe ends a name at a comma or a slash, they would not.
fn shown(call: &Call<'_>) -> String {
    let arguments = call.arguments;
    if arguments.is_empty() || arguments.starts_with(char::is_whitespace) {
        call.line.trim().to_owned()
    } else {
        [call.name, " ", arguments.trim_end()].concat()
    }
}

/// Returns whether an interpreter reads its commands from standard input.
fn reads_input(stem: &str, arguments: &str) -> bool {
    let mut words = arguments.split_whitespace();
    match stem {
        "powershell" | "pwsh" => {
            let names_script = |word: &str| {
                let lower = word.to_ascii_lowercase();
                ["-c", "-e", "-f", "/c", "/e", "/f"].iter().any(|start| lower.starts_with(start))
                    && !lower.starts_with("-ex")
                    && !lower.starts_with("-ep")
            };
            arguments.trim_end().ends_with('-') || !words.any(names_script)
        }
        "python" | "python3" | "py" | "perl" | "ruby" | "php" | "node" | "bash" | "sh" | "wsl" => {
            words.all(|word| word == "-" || word == "-s")
        }
        _ => false,
    }
}
