//! Predicts what an action will run: the process it becomes, its command line in one normal form, the processes that it
//! starts in turn where a wrapper such as `cmd /c` is plain, the scripts hidden in it, and what each does with its
//! arguments.
//!
//! No module knows those after it:
//!
//! 1. [`number`], [`names`], [`path`], [`unicode`] and [`decode`] read small things: numbers, names, paths, look-alike
//!    letters, codecs.
//! 2. [`environment`] and [`tokens`] know variables, and how a line splits into arguments.
//! 3. [`normalize`] takes out what only hides words.
//! 4. [`cmd`], [`powershell`], [`script_calls`] and [`shell_open`] say what a line of each starts.
//! 5. [`decoder`] finds the texts hidden in a line.
//! 6. [`programs`] says what each program does with its arguments.
//! 7. [`wrappers`] names the programs that start another, and [`selection`] those that are read where there are many.
//! 8. [`reader`] joins them.
//!
//! It is a crate of its own so that it alone is compiled for size: it is half of the code, and only task events run it.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod cmd;
mod decode;
mod decoder;
mod environment;
mod names;
mod normalize;
mod number;
mod path;
mod powershell;
pub mod programs;
mod reader;
mod script_calls;
mod selection;
mod shell_open;
mod tokens;
mod unicode;
mod wrappers;

pub use reader::{read, trace};

use schtag_task::event::Note;
use schtag_task::{bytes, event, order, task, work};

/// A process that an action will become, before it ever runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Process {
    /// The program's path with variables expanded and the path cleaned, for example
    /// `C:\Windows\System32\cmd.exe`; a bare file name where the task gives no folder.
    pub image: String,
    /// The program's file name: lower case, with `.exe` where the task left it out.
    pub image_name: String,
    /// `Command` and `Arguments` joined as Windows would join them, with variables expanded and otherwise
    /// as written: the `CommandLine` that a process-creation event would show.
    pub command_line: String,
    /// The command line in normal form: variables expanded, carets, quotes and backticks that only hide
    /// words removed, one kind of dash and of slash, single blanks. Case is kept.
    pub normalized: String,
    /// The arguments (everything after the program) in the same normal form.
    pub arguments: String,
    /// The arguments, split as the program would receive them.
    pub argv: Vec<String>,
    /// The working directory, expanded.
    pub working_directory: Option<String>,
    /// Index, in the same list, of the wrapper that starts this process; `None` for the action itself.
    pub parent: Option<usize>,
    /// The command line as PowerShell would read it, when the program is a PowerShell.
    pub powershell: Option<PowerShell>,
    /// The texts found by decoding, outermost first.
    pub decoded: Vec<Layer>,
    /// The command line or the file whose output the process runs as commands, where that is not known here:
    /// `finger u@host` for `finger u@host | cmd`.
    pub runs_output_of: Option<String>,
    /// The signs that the command line was written to be unreadable: `carets`, `commas`, `substrings`, ...
    pub obfuscation: Vec<&'static str>,
    /// The facts about its arguments, read by its program's entry.
    pub facts: programs::Facts,
    /// The steps in which a cmd.exe would read its line. Only [`trace`] fills it.
    pub steps: Vec<Step>,
}

/// A step of an interpreter, for a person who wants to see how a command came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The kind of step: `variables`, `set`, `call`, `echo`, `starts`, ...
    pub how: &'static str,
    /// The text after it.
    pub text: String,
}

impl Process {
    /// About how much memory it takes, in bytes.
    pub fn size(&self) -> usize {
        const EACH: usize = 32;
        let powershell = self.powershell.as_ref();
        let parameters = powershell.map_or(&[] as &[String], |powershell| &powershell.parameters);
        let script = powershell.and_then(|powershell| powershell.script.as_ref());
        let layers = self.decoded.iter().map(|layer| &layer.text);
        [&self.image, &self.image_name, &self.command_line, &self.normalized, &self.arguments]
            .into_iter()
            .chain(&self.argv)
            .chain(parameters)
            .chain(script)
            .chain(layers)
            .chain(&self.runs_output_of)
            .chain(self.facts.list.iter().map(|fact| &fact.value))
            .fold(0, |sum, text| sum.saturating_add(text.len()).saturating_add(EACH))
    }
}

/// A text that was hidden in a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The steps that revealed it, for example `base64 utf-16le` or `gzip`.
    pub how: String,
    /// The text.
    pub text: String,
}

/// A PowerShell command line as PowerShell itself would read it.
///
/// Source: `CommandLineParameterParser.cs` of PowerShell, and about_PowerShell_exe for Windows PowerShell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PowerShell {
    /// The parameters used, each by its full name in lower case and its value in lower case after a blank
    /// where it has one: `encodedcommand`, `windowstyle hidden`, `executionpolicy bypass`, `noprofile`,
    /// `file`, `command`, `version 2`, ...
    pub parameters: Vec<String>,
    /// The script file that `-File` names, or that is called by its path.
    pub file: Option<String>,
    /// The script text that `-Command`, `-EncodedCommand` (decoded) or the rest of the line gives.
    pub script: Option<String>,
    /// True if the script is read from standard input (`-Command -`, `-File -`).
    pub from_stdin: bool,
}

/// The processes of one action: the action itself first, then what its wrappers start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Processes {
    /// At least one entry when the action names a program.
    pub list: Vec<Process>,
    /// The limits that the reading met.
    pub notes: Vec<Note>,
}

#[cfg(test)]
mod tests;
