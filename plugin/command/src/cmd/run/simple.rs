//! A command by itself: its variables are put in, and it is run.

use crate::cmd::lexer::{BEFORE_COMMAND, REFERENCES};
use schtag_task::byte_set::ByteSet;
use std::borrow::Cow;

use crate::bytes;
use crate::cmd::builtins;
use crate::cmd::expand::loop_values;
use crate::cmd::machine::{Machine, Place, Waiting};
use crate::cmd::name::{split_name, trimmed};
use crate::cmd::parse::Simple;
use crate::cmd::process::Call;

/// Signs that may stand before a command that came out of variables.
const BEFORE_LINE: ByteSet = ByteSet::of(b"@ \t,;=\r\n");
/// Signs that another cmd.exe reads once more.
const SPECIALS: ByteSet = ByteSet::of(b"^&|<>%(");
/// Signs that may stand before the name of a program.
const BEFORE_PROGRAM: ByteSet = ByteSet::of(b" @,;=\"");

/// Longest command that is shown as it stood before its variables were put in.
const MAX_WRITTEN: usize = 4096;
/// Work of a command beside its bytes, in bytes.
const COMMAND: usize = 120;
/// Units for a byte of a command.
const BYTE: usize = 20;
/// Units of a percent sign that may name the variable of a loop.
const REFERENCE: usize = 700;
/// Units for a byte of a command that came out of variables.
const EXPANDED_BYTE: usize = 10;
/// Units of what a command does, besides those for its bytes, and for a byte of its name: it is folded, compared, and
/// looked for in what was written.
const EFFECT: usize = 2_000;
const NAME_BYTE: usize = 200;

impl Machine<'_> {
    /// A command by itself.
    #[inline(never)]
    pub(super) fn simple(&mut self, simple: &Simple, place: &Place) {
        let &Place { child, computed, settled, .. } = place;
        self.commands = self.commands.saturating_add(1);
        if !self.work.walk(simple.text.len().saturating_add(COMMAND), BYTE) {
            return;
        }
        self.unknown.clear();
        let references = if self.loops.is_empty() { 0 } else { bytes::count(simple.text.as_bytes(), b'%') };
        if !self.work.walk(references, REFERENCE) {
            return;
        }
        let mut text = match loop_values(&simple.text, &self.loops, &mut self.unknown) {
            Some(text) => Cow::Owned(text),
            None => Cow::Borrowed(simple.text.as_str()),
        };
        self.note_launcher(&simple.text);
        let input = match &simple.input {
            Some(file) => Cow::Owned(self.input_from_file(file)),
            None => Cow::Borrowed(&place.input),
        };
        if !child && !settled && self.appended(&text) {
            return;
        }
        if self.delayed && !settled && text.contains('!') {
            self.note_pieces(&text, '!');
            text = Cow::Owned(self.expand_delayed(&text));
        }
        if child && SPECIALS.is_in(&text) {
            // Each side of a pipe is a cmd.exe of its own, which parses once more.
            self.note_pieces(&text, '%');
            let computed = computed || text != simple.text;
            let written = BEFORE_COMMAND.trim_start(&text);
            if computed && text.contains('%') && split_name(written).0.eq_ignore_ascii_case("echo") {
                self.computed = true;
                self.written = None;
                self.shows(&text);
            }
            let text = text.into_owned();
            let input = input.into_owned();
            self.wait_for(Waiting { text, input, computed, expanded: false, settled: true });
            return;
        }
        // What came out of variables and loops is copied and looked through a few times.
        if !self.work.walk(text.len().saturating_sub(simple.text.len()), EXPANDED_BYTE) {
            return;
        }
        let mut line = BEFORE_LINE.trim_start(&text);
        let late;
        let is_late = line.starts_with('%') && !self.variables.is_empty();
        if is_late {
            late = self.percent(line);
            line = BEFORE_LINE.trim_start(&late);
        }
        let (name, arguments) = split_name(line);
        if name.is_empty() || !self.work.walk(name.len(), NAME_BYTE) || !self.work.spend(EFFECT) {
            return;
        }
        self.written = place.written.clone().filter(|written| written.len() < MAX_WRITTEN);
        let is_written = matches!(text, Cow::Borrowed(_)) && !is_late || simple.text.contains(name);
        self.computed = computed || REFERENCES.is_in(name) || !is_written;
        let output = simple.output.as_ref();
        builtins::run(self, &Call { line, name, arguments, input: &input, output });
    }

    /// Adds to a variable in place: `set x=!x!text`. A loop that builds a long text stays linear by that.
    pub(super) fn appended(&mut self, text: &str) -> bool {
        if !self.delayed {
            return false;
        }
        let (name, arguments) = split_name(BEFORE_COMMAND.trim_start(text));
        if !name.eq_ignore_ascii_case("set") {
            return false;
        }
        let Some((variable, value)) = trimmed(arguments).split_once('=') else { return false };
        let tail = value
            .strip_prefix('!')
            .and_then(|rest| rest.split_at_checked(variable.len()))
            .filter(|(known, _)| known.eq_ignore_ascii_case(variable))
            .and_then(|(_, tail)| tail.strip_prefix('!'));
        let Some(tail) = tail.filter(|_| !variable.starts_with(['"', '/'])) else { return false };
        if self.variables.own(variable).is_none() {
            return false;
        }
        let tail = self.expand_delayed(tail);
        self.step_of_round(variable, &tail);
        self.collected(tail.chars().nth(1).is_none());
        self.variables.append(variable, &tail)
    }

    /// Notes a program whose name comes out of the output of a command of Windows.
    pub(super) fn note_launcher(&mut self, text: &str) {
        let mut chars = BEFORE_PROGRAM.trim_start(text).chars();
        if chars.next() == Some('%')
            && let Some(name) = chars.find(|&c| c != '%' && c != '~')
            && self.loops.iter().any(|variable| variable.constant && variable.name == name)
        {
            self.facts.launcher = true;
        }
    }
}
