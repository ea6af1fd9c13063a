//! The state of a cmd.exe that goes through a line, with a stack of its own.

mod effects;

use super::collector::Collector;
use super::expand::{Expansion, LoopVariable, Unknown, loop_values};
use super::facts::Facts;
use super::for_loop::{Head, Values};
use super::parse::Program;
use super::starts::Starts;
use super::variables::Variables;
use crate::bytes;
use crate::work::Work;
use std::borrow::Cow;
use std::rc::Rc;

/// cmd.exe before it reads its line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shell {
    /// True if `!name!` is expanded.
    pub(crate) delayed: bool,
    /// The variables that the program before it has set.
    pub(crate) environment: Option<Rc<Variables>>,
    /// The current folder, where it is known.
    pub(crate) folder: Option<String>,
    /// True if each step is written down.
    pub(crate) records: bool,
}

/// Where the input of a command comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Input {
    #[default]
    Inherited,
    Text(Rc<str>),
    /// The output of this program, or the content of this file.
    From(Rc<str>),
}

/// The text that a command wrote for the next one.
#[derive(Debug, Default)]
pub(super) struct Capture {
    pub(super) text: String,
    pub(super) origin: Option<Rc<str>>,
    /// True if it is the constant output of a command of Windows.
    pub(super) constant: bool,
}

/// Where a frame stands: a tree, what its commands read, and whether a pipe has them parsed once more.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) program: Rc<Program>,
    pub(super) input: Input,
    pub(super) child: bool,
    /// True if the text came out of variables or a pipe.
    pub(super) computed: bool,
    /// The text of its only command, as it stood before its variables were put in.
    pub(super) written: Option<Rc<str>>,
    pub(super) settled: bool,
}

pub(super) enum Frame {
    Text(Box<Waiting>),
    /// The end of a cmd.exe that runs within this one.
    Leave {
        delayed: bool,
        loops: Vec<LoopVariable>,
    },
    Node(Place, usize),
    /// The commands of a list from one on; `None` for the root's.
    Items(Place, Option<usize>, usize),
    /// A loop over what the command before wrote.
    Lines(Place, Box<Head>, usize),
    Round(Place, Box<Round>),
}

/// A text that is to be read as a line.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) text: String,
    pub(super) input: Input,
    /// True if it came out of variables or a pipe.
    pub(super) computed: bool,
    /// True if its variables are put in.
    pub(super) expanded: bool,
    /// True if delayed expansion is over: `call` does it once, and the sides of a pipe have it off.
    pub(super) settled: bool,
}

pub(super) struct Round {
    pub(super) values: Values,
    pub(super) variable: char,
    pub(super) body: usize,
    /// The number of loop variables before it.
    pub(super) outside: usize,
    /// Where its share of the work ends.
    pub(super) floor: usize,
    pub(super) last_command: usize,
    pub(super) constant: bool,
    pub(super) backwards: bool,
    /// The body, where it only takes a character a round.
    pub(super) collector: Option<Collector>,
}

/// cmd.exe as it goes through a line.
pub(super) struct Machine<'w> {
    pub(super) work: &'w Work,
    pub(super) variables: Variables,
    pub(super) delayed: bool,
    pub(super) folder: Option<String>,
    /// The folders that `popd` goes back to.
    pub(super) folders: Vec<Option<String>>,
    pub(super) facts: Facts,
    /// References in the command at hand to what comes from outside.
    pub(super) unknown: Vec<Unknown>,
    pub(super) starts: Starts,
    pub(super) loops: Vec<LoopVariable>,
    pub(super) frames: Vec<Frame>,
    pub(super) captures: Vec<Capture>,
    pub(super) files: Vec<(String, String)>,
    pub(super) commands: usize,
    pub(super) records: bool,
    /// The variables as the last started program got them; `None` when they have changed since.
    pub(super) shared: Option<Rc<Variables>>,
    pub(super) backwards: bool,
    /// The number of cmd.exe that run within this one.
    pub(super) within: usize,
    /// True if the command at hand came out of variables or a pipe.
    pub(super) computed: bool,
    /// The command at hand before its variables were put in, where that differs.
    pub(super) written: Option<Rc<str>>,
}

impl Machine<'_> {
    /// Puts the variables of cmd.exe into a line that is read.
    pub(super) fn percent<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        if bytes::find(text.as_bytes(), b'%').is_none() {
            return Cow::Borrowed(text);
        }
        let expanded = self.expansion().percent(text).filter(|expanded| expanded != text);
        expanded.map_or(Cow::Borrowed(text), Cow::Owned)
    }

    pub(super) fn expand_delayed(&mut self, text: &str) -> String {
        if !self.delayed || bytes::find(text.as_bytes(), b'!').is_none() {
            return text.to_owned();
        }
        self.expansion().delayed(text)
    }

    fn expansion(&mut self) -> Expansion<'_> {
        Expansion {
            variables: &self.variables,
            folder: self.folder.as_deref(),
            work: self.work,
            unknown: &mut self.unknown,
            picked: &mut self.facts.picked,
        }
    }

    /// A word of a condition with what its variables stand for.
    pub(super) fn put_in<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        let text = match loop_values(text, &self.loops, &mut self.unknown) {
            Some(text) => Cow::Owned(text),
            None => Cow::Borrowed(text),
        };
        if self.delayed && text.contains('!') { Cow::Owned(self.expand_delayed(&text)) } else { text }
    }

    /// Puts a text at the top of the stack, to be read as a line.
    pub(super) fn wait_for(&mut self, waiting: Waiting) {
        self.frames.push(Frame::Text(Box::new(waiting)));
    }

    /// Runs the line of another cmd.exe for what it writes. What it starts is read when that cmd.exe is.
    pub(super) fn run_within(&mut self, line: &str, delayed: bool, input: Input) {
        let loops = std::mem::take(&mut self.loops);
        self.frames.push(Frame::Leave { delayed: self.delayed, loops });
        self.delayed = delayed;
        self.within = self.within.saturating_add(1);
        self.wait_for(Waiting { text: line.to_owned(), input, ..Waiting::default() });
    }
}
