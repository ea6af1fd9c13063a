//! Applies the effects of a command: variables, output, files, started programs, and the steps for a person to read.

use std::rc::Rc;

use super::{Input, Machine};
use crate::Step;
use crate::bytes;
use crate::cmd::starts::{Started, Starts};
use crate::cmd::variables::Value;

/// Most different command lines that are kept.
const MAX_STARTED: usize = 256;
/// Most bytes of what a command writes.
const MAX_OUTPUT: usize = 64 * 1024;
/// Most files whose content the line itself writes.
const MAX_FILES: usize = 16;

impl Machine<'_> {
    /// Returns whether steps are written down.
    pub(in crate::cmd) const fn records(&self) -> bool {
        self.records
    }

    /// Writes a step down, if asked to.
    pub(in crate::cmd) fn step(&mut self, how: &'static str, text: &str) {
        /// Most steps from the beginning, and as many from the end.
        const KEPT: usize = 12;
        if !self.records || text.trim().is_empty() {
            return;
        }
        let steps = &mut self.starts.steps;
        if steps.last().is_some_and(|last| last.text == text) {
            return;
        }
        if steps.len() >= KEPT.saturating_add(4) {
            steps.remove(KEPT);
        }
        steps.push(Step { how, text: text.to_owned() });
    }

    /// Writes down what a loop adds to a variable: one step for all its rounds.
    pub(in crate::cmd) fn step_of_round(&mut self, variable: &str, tail: &str) {
        if !self.records {
            return;
        }
        let Some(Value::Known(value)) = self.variables.own(variable) else { return };
        let text = [variable, "=", value, tail].concat();
        match self.starts.steps.last_mut() {
            Some(last) if last.how == "for" => last.text = text,
            _ => self.step("for", &text),
        }
    }

    /// Keeps a built-in command that came out of variables or a pipe: it becomes no process, and stands nowhere else.
    pub(in crate::cmd) fn shows(&mut self, line: &str) {
        /// Most such commands.
        const MOST: usize = 8;
        if self.work.walk(line.len(), 20) {
            Starts::place(&mut self.starts.builtins, line, self.folder.as_deref());
        }
        let line = self.written.as_deref().unwrap_or(line).trim().to_owned();
        if self.computed && self.starts.commands.len() < MOST && !self.starts.commands.contains(&line) {
            self.step("runs", &line);
            self.starts.commands.push(line);
        }
    }

    /// Notes that a loop adds to a variable: one character, or more.
    pub(in crate::cmd) fn collected(&mut self, is_one: bool) {
        if is_one {
            self.facts.collected = self.facts.collected.saturating_add(1);
            self.facts.backwards = self.facts.backwards.saturating_add(usize::from(self.backwards));
        }
        self.shared = None;
    }

    /// Notes variables side by side, and replacements in them.
    pub(in crate::cmd) fn note_pieces(&mut self, text: &str, mark: char) {
        if bytes::find(text.as_bytes(), mark as u8).is_none() {
            return;
        }
        let (mut joined, mut before) = (1_usize, false);
        for byte in text.bytes() {
            let is_second = before && char::from(byte) == mark;
            joined = joined.saturating_add(usize::from(is_second));
            before = !is_second && char::from(byte) == mark;
        }
        self.facts.joined = self.facts.joined.max(joined);
        let own = |part: &str| {
            part.split_once(':').is_some_and(|(name, modifier)| {
                modifier.contains('=') && !modifier.starts_with('~') && self.variables.own(name).is_some()
            })
        };
        let replaced = text.split(mark).skip(1).take(64).filter(|part| own(part)).count();
        self.facts.replaced = self.facts.replaced.saturating_add(replaced);
    }

    pub(in crate::cmd) fn set(&mut self, name: &str, value: Value) {
        self.shared = None;
        self.variables.set(name, value);
    }

    pub(in crate::cmd) fn variables_changed(&mut self) {
        self.shared = None;
    }

    /// Returns whether what a command writes is read by another.
    pub(in crate::cmd) fn is_captured(&self) -> bool {
        !self.captures.is_empty()
    }

    /// Takes what a command writes: for the next command, or into a file.
    pub(in crate::cmd) fn write(&mut self, text: &str, output: Option<&(String, bool)>, constant: bool) {
        let Some((file, append)) = output else {
            if let Some(capture) = self.captures.last_mut() {
                let room = MAX_OUTPUT.saturating_sub(capture.text.len());
                capture.text.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
                capture.constant |= constant;
            }
            return;
        };
        if file.eq_ignore_ascii_case("nul") {
            return;
        }
        let room = self.files.len() < MAX_FILES && text.len() <= MAX_OUTPUT;
        match self.files.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(file)) {
            Some((_, content)) => {
                if !append {
                    content.clear();
                }
                if content.len().saturating_add(text.len()) <= MAX_OUTPUT {
                    content.push_str(text);
                }
            }
            None if room => self.files.push((file.clone(), text.to_owned())),
            None => {}
        }
    }

    /// Keeps the file that output goes to.
    pub(in crate::cmd) fn goes_to(&mut self, output: Option<&(String, bool)>) {
        if let Some((file, _)) = output.filter(|(file, _)| !file.eq_ignore_ascii_case("nul")) {
            Starts::place(&mut self.starts.outputs, file.trim_matches('"'), self.folder.as_deref());
        }
    }

    /// Says that a command writes what is not known, and where that comes from.
    pub(in crate::cmd) fn write_unknown(&mut self, origin: &Rc<str>, output: Option<&(String, bool)>) {
        if let Some((file, _)) = output {
            self.files.retain(|(known, _)| !known.eq_ignore_ascii_case(file));
        } else if let Some(capture) = self.captures.last_mut() {
            capture.origin.get_or_insert_with(|| Rc::clone(origin));
        }
    }

    /// The content of a file that the line itself has written.
    pub(in crate::cmd) fn file(&self, name: &str) -> Option<Rc<str>> {
        let name = name.trim_matches('"');
        self.files
            .iter()
            .find(|(known, _)| known.trim_matches('"').eq_ignore_ascii_case(name))
            .map(|(_, text)| Rc::from(text.as_str()))
    }

    pub(in crate::cmd) fn input_from_file(&self, name: &str) -> Input {
        if name.eq_ignore_ascii_case("nul") {
            return Input::Inherited;
        }
        match self.file(name) {
            Some(text) => Input::Text(text),
            None => Input::From(Rc::from(name.trim_matches('"'))),
        }
    }

    /// Adds a program that the line starts. The same line counts once.
    pub(in crate::cmd) fn starts(&mut self, mut started: Started) {
        if started.line.trim().is_empty() || self.within > 0 {
            return;
        }
        let list = &self.starts.list;
        let compared = list.len().saturating_mul(started.line.len().saturating_add(20));
        // It is looked at once more where there are too many.
        let long = started.line.len().saturating_sub(2_048).saturating_mul(150);
        let kept = started.line.len().saturating_mul(30).saturating_add(4_000).saturating_add(long);
        if !self.work.spend(compared.saturating_add(kept)) {
            return;
        }
        started.fingerprint = fingerprint(&started.line);
        // Lines that a loop starts have long beginnings in common: they are compared by their fingerprints first.
        let same = |known: &Started| {
            known.fingerprint == started.fingerprint
                && known.line == started.line
                && known.stdin == started.stdin
                && known.folder == started.folder
        };
        if list.iter().any(same) {
            return;
        }
        if list.len() >= MAX_STARTED {
            self.starts.cut = true;
            // The last one is kept, too.
            self.starts.list.pop();
        }
        if !self.variables.is_empty() && (self.shared.is_some() || self.work.spend(self.variables.copying()))
        {
            let shared = self.shared.get_or_insert_with(|| Rc::new(self.variables.clone()));
            started.environment = Some(Rc::clone(shared));
        }
        self.step("starts", &started.line);
        self.starts.list.push(started);
    }
}

/// Returns a number made of a text, eight bytes at a time.
fn fingerprint(text: &str) -> u64 {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    words.chain(rest.iter().map(|byte| u64::from(*byte))).fold(text.len() as u64, bytes::mix)
}
