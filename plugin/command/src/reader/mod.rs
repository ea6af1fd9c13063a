//! Reads an action: joins its parts, follows its wrappers, and decodes what they run.

mod hidden;
mod line;
mod powershell;

use schtag_task::case;
use std::collections::VecDeque;

use hidden::decodable;
use line::{Line, arguments_cost, join, normal_form};
use powershell::read_powershell;

use super::cmd::{Started, Starts};
use super::decoder::Decoder;
use super::programs::{self, Kind, Programs};
use super::wrappers;
use super::{Layer, PowerShell, Process, Processes};
use super::{cmd, environment, path, powershell as shell, selection, tokens, unicode};
use crate::bytes;
use crate::event::Note;
use crate::task::Exec;
use crate::work::Work;

/// Most bytes of an element that are read.
const MAX_ELEMENT: usize = 64 * 1024;
/// Most bytes of an element after its variables are expanded.
const MAX_EXPANDED: usize = 128 * 1024;
/// Units that looking up what stands between two percent signs costs at most.
const REFERENCE: usize = 900;
/// Units that a replacement in one of Windows' variables costs at most.
const MODIFIER: usize = 5_000;
/// Units that looking for signs of a script costs for each byte of arguments.
const HINTS_BYTE: usize = 50;
/// Says that the work did not suffice for facts.
const UNREAD_FACTS: Note = Note::WorkSpent { unread: "what programs do with their arguments" };
/// Most processes for an action.
const MAX_PROCESSES: usize = 16;
/// Most wrappers, one inside the other.
const MAX_WRAPPERS: usize = 8;
/// Most bytes in the command lines of all processes that wrappers start.
const MAX_STARTED: usize = 256 * 1024;

/// Reads an `Exec` action. Work and memory are bounded whatever it holds; what was not looked at is noted.
///
/// An element is read to its first 64 KiB; wrappers are followed 8 deep, to at most 16 processes; for the
/// limits of decoding see the module `decoder`. In all, at most 512 KiB of text are read, started and decoded,
/// and each text is passed over at most 40 times.
///
/// The entries of `programs` say what each process does with its arguments.
pub fn read(exec: &Exec, programs: &Programs, work: &Work) -> Processes {
    read_action(exec, programs, work, false)
}

/// Reads an `Exec` action as [`read`] does, and writes down the steps of each interpreter.
pub fn trace(exec: &Exec, programs: &Programs, work: &Work) -> Processes {
    read_action(exec, programs, work, true)
}

fn read_action(exec: &Exec, programs: &Programs, work: &Work, records: bool) -> Processes {
    let mut reader = Reader::new(programs, work);
    reader.records = records;
    let command = reader.expanded(exec.command.as_deref());
    let arguments = reader.expanded(exec.arguments.as_deref());
    let folder = reader.expanded(exec.working_directory.as_deref());
    if command.is_empty() && arguments.is_empty() {
        return Processes { list: reader.list, notes: reader.notes };
    }
    let folder = Some(folder).filter(|folder| !folder.is_empty());
    reader.queue.push_back(Pending { line: join(&command, &arguments), folder, ..Pending::default() });
    reader.follow();
    reader.note_letters(exec);
    reader.decode();
    Processes { list: reader.list, notes: reader.notes }
}

/// A process that is still to be read.
#[derive(Debug, Clone, Default)]
struct Pending {
    line: Line,
    folder: Option<String>,
    parent: Option<usize>,
    depth: usize,
    /// Where it is looked for first: a cmd.exe starts it.
    by_shell: bool,
    started: Started,
}

struct Reader<'w> {
    programs: &'w Programs,
    work: &'w Work,
    list: Vec<Process>,
    notes: Vec<Note>,
    queue: VecDeque<Pending>,
    /// The encoded command of each process, where it has one.
    encoded: Vec<Option<String>>,
    /// The script of each process with its string tricks folded, where that was done, and whether the work did not
    /// suffice.
    folded: Vec<Option<(Option<String>, bool)>>,
    /// Bytes of started command lines so far.
    started: usize,
    /// True if the steps of interpreters are written down.
    records: bool,
}

impl<'w> Reader<'w> {
    const fn new(programs: &'w Programs, work: &'w Work) -> Self {
        Self {
            programs,
            work,
            list: Vec::new(),
            notes: Vec::new(),
            queue: VecDeque::new(),
            encoded: Vec::new(),
            folded: Vec::new(),
            started: 0,
            records: false,
        }
    }

    fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// An element, cut to its limit, with its variables expanded.
    fn expanded(&mut self, element: Option<&str>) -> String {
        let element = element.unwrap_or_default().trim();
        let text = element.get(..element.floor_char_boundary(MAX_ELEMENT)).unwrap_or_default();
        let count = |sign: u8| bytes::count(text.as_bytes(), sign);
        let references = count(b'%');
        let modifiers = if references == 0 { 0 } else { count(b':') };
        let cost = modifiers.saturating_mul(MODIFIER).saturating_add(references.saturating_mul(REFERENCE));
        // It is copied some times until it is a process.
        let cost = cost.saturating_add(text.len().saturating_mul(35));
        if !self.work.spend(cost) {
            self.note(Note::WorkSpent { unread: "variables" });
            return text.to_owned();
        }
        let (text_out, grown) = environment::expand_percent(text, MAX_EXPANDED);
        if grown || text.len() < element.len() {
            self.note(Note::CommandCut { bytes: MAX_ELEMENT });
        }
        text_out
    }

    /// Reads what is waiting, and what that starts.
    fn follow(&mut self) {
        while let Some(pending) = self.queue.pop_front() {
            if self.list.len() >= MAX_PROCESSES {
                self.note(Note::TooMany { what: "started processes", kept: MAX_PROCESSES });
                break;
            }
            let index = self.list.len();
            let depth = pending.depth;
            let shell = cmd::Shell {
                delayed: false,
                environment: pending.started.environment.clone(),
                folder: pending.folder.clone(),
                records: self.records,
            };
            let arguments = self.take(pending);
            self.queue_started(index, depth, &arguments, shell);
        }
    }

    /// Adds a process to the list, and returns its arguments as written.
    #[inline(never)]
    fn take(&mut self, pending: Pending) -> String {
        let Pending { line, folder, parent, by_shell, started, .. } = pending;
        let stdin = started.stdin;
        let mut image = path::program(&line.program);
        if by_shell && let Some(found) = found_in(folder.as_deref(), &image) {
            image = found;
        }
        let mut process = Process {
            image_name: case::to_lowercase(&unicode::fold(path::file_name(&image))),
            ..Process::default()
        };
        let spaced = if line.arguments.is_empty() || line.program.is_empty() { "" } else { " " };
        process.command_line = [line.program.as_str(), spaced, line.arguments.as_str()].concat();
        process.image = image;
        process.working_directory = folder;
        process.parent = parent;
        process.runs_output_of = started.input_from;
        if !self.work.spend(arguments_cost(&line.arguments)) {
            self.note(Note::WorkSpent { unread: "command lines" });
            process.arguments = line.arguments;
            process.normalized = process.command_line.clone();
            self.encoded.push(None);
            self.folded.push(None);
            self.list.push(process);
            return String::new();
        }
        process.argv = tokens::split_arguments(&line.arguments);
        normal_form(&mut process, &line.arguments);
        if process.argv.len() > tokens::MAX_ARGUMENTS {
            self.note(Note::TooMany { what: "arguments", kept: tokens::MAX_ARGUMENTS });
        }
        let encoded = read_powershell(&mut process, &line.arguments, stdin, self.work);
        self.read_facts(&mut process, &line.arguments);
        self.encoded.push(encoded);
        self.folded.push(None);
        self.list.push(process);
        line.arguments
    }

    #[inline(never)]
    fn read_facts(&mut self, process: &mut Process, arguments: &str) {
        let (facts, complete) = programs::read(self.programs, process, arguments, self.work);
        process.facts = facts;
        if !complete {
            self.note(UNREAD_FACTS);
        }
    }

    /// Queues what a process starts.
    #[inline(never)]
    fn queue_started(&mut self, index: usize, depth: usize, arguments: &str, shell: cmd::Shell) {
        let (folder, inherits) = (shell.folder.clone(), shell.environment.is_some());
        let Some(started) = self.started_by(index, arguments, shell) else { return };
        self.queue_all(index, depth, folder, inherits, started);
    }

    /// Returns what a process starts. It is a function of its own so that little is on the stack while an interpreter
    /// runs.
    #[inline(never)]
    fn started_by(&mut self, index: usize, arguments: &str, shell: cmd::Shell) -> Option<Starts> {
        let process = self.list.get(index)?;
        let Some(PowerShell { script: Some(script), .. }) = &process.powershell else {
            let mut starts =
                wrappers::started(&process.image_name, arguments, &process.argv, shell, self.work);
            if starts.list.is_empty() {
                starts.list.extend(process.facts.of(Kind::Command).map(Started::new));
            }
            return Some(starts);
        };
        let folded = shell::folded(script, self.work);
        let starts = started_by_script(folded.0.as_deref().unwrap_or(script), self.work);
        if let Some(place) = self.folded.get_mut(index) {
            *place = Some(folded);
        }
        Some(starts)
    }

    /// Queues what was read of a process's line.
    #[inline(never)]
    fn queue_all(
        &mut self,
        index: usize,
        depth: usize,
        folder: Option<String>,
        inherits: bool,
        mut started: Starts,
    ) {
        let Some(process) = self.list.get_mut(index) else { return };
        let by_shell = process.image_name == "cmd.exe";
        process.obfuscation = std::mem::take(&mut started.obfuscation);
        process.steps = std::mem::take(&mut started.steps);
        if inherits || !process.obfuscation.is_empty() {
            let commands = std::mem::take(&mut started.commands);
            process.decoded.extend(commands.into_iter().map(|text| Layer { how: "cmd".into(), text }));
        }
        let (builtins, outputs) = (&started.builtins, &started.outputs);
        let complete = programs::add_of_shell(self.programs, process, builtins, outputs, self.work);
        started.spent |= !complete;
        let unread = started.cut || started.spent || started.list.iter().any(|one| one.input_from.is_some());
        if unread && !process.obfuscation.is_empty() {
            process.obfuscation.push("unread");
        }
        if started.cut {
            self.note(Note::TooMany { what: "commands of a cmd.exe line", kept: started.read });
        }
        if started.spent {
            self.note(Note::WorkSpent { unread: "a cmd.exe line" });
        }
        let mut started = started.list;
        if depth >= MAX_WRAPPERS && !started.is_empty() {
            self.note(Note::NestedDeeper { what: "wrappers", depth: MAX_WRAPPERS });
            return;
        }
        let taken = self.list.len().saturating_add(self.queue.len());
        let room = MAX_PROCESSES.saturating_sub(taken);
        // Those that are left out leave something for what the others start.
        let most = if selection::nests(&started) { room.saturating_sub(room >> 2) } else { room };
        if started.len() > most {
            self.note(Note::TooMany { what: "started processes", kept: MAX_PROCESSES });
            selection::keep(&mut started, most);
        }
        for one in started {
            self.started = self.started.saturating_add(one.line.len());
            if self.started > MAX_STARTED {
                self.note(Note::TooMany { what: "started processes", kept: MAX_PROCESSES });
                return;
            }
            self.queue.push_back(Pending {
                line: join(&one.line, ""),
                folder: one.folder.clone().or_else(|| folder.clone()),
                parent: Some(index),
                depth: depth.saturating_add(1),
                by_shell,
                started: one,
            });
        }
    }

    /// Notes letters that are picked out of Windows' variables in the action itself, which are in place already.
    fn note_letters(&mut self, exec: &Exec) {
        let elements = [exec.command.as_deref(), exec.arguments.as_deref()];
        let picked: usize =
            elements.into_iter().flatten().map(|text| environment::picked(text, self.work)).sum();
        if let Some(first) = self.list.first_mut().filter(|_| picked >= 2)
            && !first.obfuscation.contains(&"substrings")
        {
            first.obfuscation.push("substrings");
        }
    }

    /// Decodes what the processes run. A wrapper's line holds what it starts, which is decoded there.
    #[inline(never)]
    fn decode(&mut self) {
        let mut decoder = Decoder::new(self.work);
        let mut complete = true;
        let wraps: Vec<usize> = self.list.iter().filter_map(|process| process.parent).collect();
        for (index, process) in self.list.iter_mut().enumerate() {
            let encoded = self.encoded.get_mut(index).and_then(Option::take);
            let mut layers = std::mem::take(&mut process.decoded);
            if let (Some(value), Some(powershell)) = (encoded, process.powershell.as_mut()) {
                powershell.script = decoder.encoded_command(&value, &mut layers);
                powershell.file =
                    powershell.script.as_deref().and_then(|script| shell::called_file(script, self.work));
                decoder.search(None, None, &mut layers);
            } else if (process.powershell.is_some() || !wraps.contains(&index))
                && decoder.pays(process.arguments.len(), HINTS_BYTE)
                && let Some(text) = decodable(process, wraps.contains(&index))
            {
                let folded = self.folded.get_mut(index).and_then(Option::take);
                decoder.search(Some(&text), folded, &mut layers);
            }
            let script = process.powershell.as_ref().and_then(|powershell| powershell.script.as_deref());
            let words = script.map(|script| shell::obfuscation(script, self.work)).unwrap_or_default();
            process.obfuscation.extend(words);
            // A path that the script puts together.
            if let Some(powershell) =
                process.powershell.as_mut().filter(|powershell| powershell.file.is_none())
            {
                let folded = layers.iter().find(|layer| layer.how == "folded");
                powershell.file = folded.and_then(|layer| shell::called_file(&layer.text, self.work));
            }
            process.decoded = layers;
            complete &= programs::finish(self.programs, process, self.work);
        }
        self.notes.extend(decoder.notes());
        if !complete {
            self.note(UNREAD_FACTS);
        }
    }
}

/// The path of a program that cmd.exe finds in its current folder, where it looks first. Windows' own programs keep their
/// bare names.
fn found_in(folder: Option<&str>, image: &str) -> Option<String> {
    let unknown = image.is_empty() || image.starts_with(['%', '$', '@']) || image.contains('!');
    if unknown || path::is_absolute(image) || image.get(1..2) == Some(":") {
        return None;
    }
    let bare = !image.contains('\\');
    if bare && cmd::is_system_program(&image.to_ascii_lowercase()) {
        return None;
    }
    path::joined(folder, image)
}

/// Returns what a PowerShell script starts.
#[inline(never)]
fn started_by_script(script: &str, work: &Work) -> Starts {
    let lines = shell::started(script, work);
    lines.into_iter().map(Started::new).collect::<Vec<_>>().into()
}
