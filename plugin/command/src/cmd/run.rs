//! The machine: it goes through a parsed line with a stack of its own.

mod collect;
mod effects;
mod simple;

use std::borrow::Cow;
use std::rc::Rc;

use super::condition::{Kind as Condition, Test};
use super::expand::{Expansion, LoopVariable, Unknown, loop_values};
use super::facts::Facts;
use super::for_loop::{self, Head, Kind, Source, Values};
use super::lexer::{Lexed, Lexer, text_of};
use super::parse::{Item, Node, Program, parse};
use super::variables::{Value, Variables};
use crate::bytes;
use crate::work::Work;
use crate::wrappers::Starts;
use schtag_task::byte_set::ByteSet;

/// Most commands that are run, loops unrolled.
const MAX_COMMANDS: usize = 1 << 16;
/// Most frames on the stack.
const MAX_FRAMES: usize = 512;
/// Units that a frame costs: it is taken from the stack, and what it holds is counted and given back.
const FRAME: usize = 500;
/// Units for a byte of a line that is parsed, and for an operator or a parenthesis in it.
const TEXT_BYTE: usize = 40;
const COMMAND: usize = 900;
/// Units of a loop before its first round.
const LOOP: usize = 4_000;
/// Units that one line may cost at most.
const LINE: usize = 5_400_000;

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
struct Capture {
    text: String,
    origin: Option<Rc<str>>,
    /// True if it is the constant output of a command of Windows.
    constant: bool,
}

/// Where a frame stands: a tree, what its commands read, and whether a pipe has them parsed once more.
#[derive(Clone)]
struct Place {
    program: Rc<Program>,
    input: Input,
    child: bool,
    /// True if the text came out of variables or a pipe.
    computed: bool,
    /// The text of its only command, as it stood before its variables were put in.
    written: Option<Rc<str>>,
    settled: bool,
}

enum Frame {
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

struct Round {
    values: Values,
    variable: char,
    body: usize,
    /// The number of loop variables before it.
    outside: usize,
    /// Where its share of the work ends.
    floor: usize,
    last_command: usize,
    constant: bool,
    backwards: bool,
    /// The body, where it only takes a character a round.
    collector: Option<collect::Collector>,
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
    loops: Vec<LoopVariable>,
    frames: Vec<Frame>,
    captures: Vec<Capture>,
    files: Vec<(String, String)>,
    commands: usize,
    records: bool,
    /// The variables as the last started program got them; `None` when they have changed since.
    shared: Option<Rc<Variables>>,
    backwards: bool,
    /// The number of cmd.exe that run within this one.
    within: usize,
    /// True if the command at hand came out of variables or a pipe.
    computed: bool,
    /// The command at hand before its variables were put in, where that differs.
    written: Option<Rc<str>>,
}

/// Returns what the line of a `cmd /c` starts, in order.
pub(crate) fn started(line: &str, shell: Shell, work: &Work) -> Starts {
    // What a line may cost leaves something for what it starts.
    let lent = work.lend(LINE.min(work.left().saturating_sub(work.left() >> 3)));
    let mut machine = Machine {
        work: &lent,
        variables: shell.environment.as_deref().cloned().unwrap_or_default(),
        delayed: shell.delayed,
        folder: shell.folder,
        folders: Vec::new(),
        facts: Facts::default(),
        unknown: Vec::new(),
        starts: Starts::default(),
        loops: Vec::new(),
        frames: Vec::new(),
        captures: Vec::new(),
        files: Vec::new(),
        commands: 0,
        records: shell.records,
        shared: shell.environment,
        backwards: false,
        within: 0,
        computed: false,
        written: None,
    };
    machine.run_line(line);
    let mut starts = std::mem::take(&mut machine.starts);
    if lent.walk(line.len(), 15) {
        starts.obfuscation = machine.facts.words(line);
    }
    starts.cut |= machine.variables.full;
    starts.read = machine.commands;
    starts.spent = lent.is_spent();
    work.take_back(&lent);
    starts
}

impl Machine<'_> {
    #[inline(never)]
    fn run_line(&mut self, line: &str) {
        self.wait_for(Waiting { text: line.to_owned(), ..Waiting::default() });
        while let Some(frame) = self.frames.pop() {
            if self.frames.len() > MAX_FRAMES || self.commands > MAX_COMMANDS {
                self.starts.cut = true;
                return;
            }
            if !self.work.spend(FRAME) {
                return;
            }
            match frame {
                Frame::Text(waiting) => self.text(*waiting),
                Frame::Leave { delayed, loops } => {
                    self.delayed = delayed;
                    self.loops = loops;
                    self.within = self.within.saturating_sub(1);
                }
                Frame::Node(place, node) => self.node(place, node),
                Frame::Items(place, list, next) => self.items(place, list, next),
                Frame::Lines(place, head, body) => self.lines(place, &head, body),
                Frame::Round(place, round) => self.round(place, round),
            }
        }
    }

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

    #[inline(never)]
    fn text(&mut self, waiting: Waiting) {
        let Waiting { text, input, computed, expanded: is_expanded, settled } = waiting;
        let text = text.as_str();
        let specials = operators(text);
        if !self.work.walk(text.len(), TEXT_BYTE) || !self.work.walk(specials, COMMAND) {
            return;
        }
        // The lines of a text are read one by one, but a caret joins two.
        let (first, rest) = match bytes::split_once(text, b'\n') {
            Some((first, rest)) if !first.trim_end_matches('\r').ends_with('^') && balanced(first) => {
                (first, Some(rest))
            }
            _ => (text, None),
        };
        if let Some(rest) = rest.filter(|rest| !rest.trim().is_empty()) {
            self.wait_for(Waiting {
                text: rest.to_owned(),
                input: input.clone(),
                computed,
                expanded: is_expanded,
                settled,
            });
        }
        let expanded = if is_expanded { Cow::Borrowed(first) } else { self.percent(first) };
        let differs = matches!(expanded, Cow::Owned(_));
        if differs {
            self.step("variables", &expanded);
        }
        let computed = computed || (differs && !self.variables.is_empty());
        let program = parse(&expanded);
        self.starts.cut |= program.cut;
        let single = matches!(program.root.as_slice(), [only] if matches!(program.nodes.get(only.node), Some(Node::Simple(_))));
        let own = |part: &str| self.variables.own(part.split(':').next().unwrap_or_default()).is_some();
        let of_windows = differs && !first.split('%').skip(1).take(64).any(own);
        let written = (computed && single && of_windows).then(|| Rc::from(first));
        let place = Place { program: Rc::new(program), input, child: false, computed, written, settled };
        self.frames.push(Frame::Items(place, None, 0));
    }

    #[inline(never)]
    fn items(&mut self, mut place: Place, list: Option<usize>, mut next: usize) {
        let program = Rc::clone(&place.program);
        let items: &[Item] = match list {
            None => &program.root,
            Some(list) => match program.nodes.get(list) {
                Some(Node::List(items)) => items,
                _ => return,
            },
        };
        let below = self.frames.len();
        while let Some(item) = items.get(next) {
            next = next.saturating_add(1);
            let pipes = items.get(next).is_some_and(|item| item.piped);
            if let Some(Node::Simple(simple)) = program.nodes.get(item.node).filter(|_| !pipes && !item.piped)
            {
                // The usual case needs no frame, unless the command leaves one.
                self.simple(simple, &place);
                if self.work.is_spent() || self.commands > MAX_COMMANDS {
                    return;
                }
                if self.frames.len() > below {
                    if next < items.len() {
                        self.frames.insert(below, Frame::Items(place, list, next));
                    }
                    return;
                }
                continue;
            }
            let mut inner = place.clone();
            if item.piped {
                let capture = self.captures.pop().unwrap_or_default();
                inner.input = input_of(capture);
                place.input = Input::Inherited;
            }
            inner.child |= item.piped || pipes;
            if next < items.len() {
                self.frames.push(Frame::Items(place, list, next));
            }
            if pipes {
                self.captures.push(Capture::default());
            }
            self.frames.push(Frame::Node(inner, item.node));
            return;
        }
    }

    #[inline(never)]
    fn node(&mut self, place: Place, node: usize) {
        let program = Rc::clone(&place.program);
        match program.nodes.get(node) {
            Some(Node::Simple(simple)) => self.simple(simple, &place),
            Some(Node::List(_)) => self.frames.push(Frame::Items(place, Some(node), 0)),
            Some(Node::For(head, body)) => self.enter(place, head, *body),
            Some(Node::If(test, then, otherwise)) => {
                let holds = self.holds(test);
                if holds != Some(true)
                    && let Some(otherwise) = otherwise
                {
                    self.frames.push(Frame::Node(place.clone(), *otherwise));
                }
                if holds != Some(false) {
                    self.frames.push(Frame::Node(place, *then));
                }
            }
            None => {}
        }
    }

    /// Returns whether a condition holds, with the values of its variables. `None` where that is not known.
    #[inline(never)]
    fn holds(&mut self, test: &Test) -> Option<bool> {
        /// Units of the words of a condition.
        const WORDS: usize = 900;
        if !self.work.spend(WORDS) {
            return None;
        }
        match &test.kind {
            Condition::Compare(left, operator, right) => {
                let (left, right) = (self.put_in(left), self.put_in(right));
                test.holds(&left, operator, &right)
            }
            Condition::Defined(name) => {
                let name = self.put_in(name);
                let own = self.variables.own(&name).is_some();
                test.known(own || crate::environment::any_value(&name).is_some())
            }
            Condition::Machine => None,
        }
    }

    /// A word of a condition with what its variables stand for.
    fn put_in<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        let text = match loop_values(text, &self.loops, &mut self.unknown) {
            Some(text) => Cow::Owned(text),
            None => Cow::Borrowed(text),
        };
        if self.delayed && text.contains('!') { Cow::Owned(self.expand_delayed(&text)) } else { text }
    }

    /// Begins a loop.
    #[inline(never)]
    fn enter(&mut self, place: Place, head: &Head, body: usize) {
        let Some(variable) = head.variable else {
            self.frames.push(Frame::Node(place, body));
            return;
        };
        if !self.work.walk(head.set.len(), 80) || !self.work.spend(LOOP) {
            return;
        }
        let mut set = match loop_values(&head.set, &self.loops, &mut self.unknown) {
            Some(set) => set,
            None => head.set.clone(),
        };
        set = self.expand_delayed(&set);
        if place.child {
            set = unescaped(&set);
        }
        let values = match head.kind {
            Kind::Counter => for_loop::counter(&set),
            Kind::Words => Some(for_loop::words(&set, false)),
            Kind::Files => Some(for_loop::words(&set, true)),
            Kind::Lines => match for_loop::source(&set, &head.options) {
                Source::Text(text) => Some(for_loop::lines(text, &head.options, None)),
                Source::Command(line) => {
                    let line = line.trim_start_matches('@').to_owned();
                    self.step("for /f runs", &line);
                    let inside = place.input.clone();
                    self.frames.push(Frame::Lines(place, Box::new(head.clone()), body));
                    self.captures.push(Capture::default());
                    self.wait_for(Waiting { text: line, input: inside, ..Waiting::default() });
                    return;
                }
                Source::File(file) => Some(match self.file(file) {
                    Some(text) => for_loop::lines(&text, &head.options, None),
                    None => for_loop::lines("", &head.options, Some(&Rc::from(file))),
                }),
            },
        };
        if let Some(values) = values {
            self.start_rounds(place, values, variable, body, false);
        } else {
            self.frames.push(Frame::Node(place, body));
        }
    }

    /// Goes on with a loop when its command has run.
    #[inline(never)]
    fn lines(&mut self, place: Place, head: &Head, body: usize) {
        let capture = self.captures.pop().unwrap_or_default();
        if !self.work.walk(capture.text.len(), 30) {
            return;
        }
        let values = for_loop::lines(&capture.text, &head.options, capture.origin.as_ref());
        if let Some(variable) = head.variable {
            self.start_rounds(place, values, variable, body, capture.constant);
        }
    }

    #[inline(never)]
    fn start_rounds(&mut self, place: Place, values: Values, variable: char, body: usize, constant: bool) {
        let left = MAX_COMMANDS.saturating_sub(self.commands);
        let backwards = matches!(values, Values::Counter { step, .. } if step < 0);
        let round = Round {
            collector: collect::Collector::of(&place, body, variable),
            values,
            variable,
            body,
            outside: self.loops.len(),
            floor: self.work.left() >> 2,
            last_command: self.commands.saturating_add(left >> 1),
            constant,
            backwards,
        };
        self.frames.push(Frame::Round(place, Box::new(round)));
    }

    #[inline(never)]
    fn round(&mut self, place: Place, mut round: Box<Round>) {
        self.loops.truncate(round.outside);
        self.backwards = round.backwards;
        let taken = match &round.collector {
            Some(collector) => self.collect(collector, &mut round.values, round.floor),
            None => None,
        };
        let values = match taken {
            Some(number) => Some(vec![Value::Known(number.to_string())]),
            None => round.values.next(),
        };
        let Some(values) = values else { return };
        if self.work.left() < round.floor || self.commands > round.last_command {
            // A loop must not keep the machine from the commands after it.
            self.starts.cut = true;
            return;
        }
        let mut name = u32::from(round.variable);
        for value in values {
            if let Some(letter) = char::from_u32(name) {
                self.loops.push(LoopVariable { name: letter, value, constant: round.constant });
            }
            name = name.saturating_add(1);
        }
        let body = round.body;
        let list = round.collector.as_ref().and_then(|collector| collector.list);
        self.frames.push(Frame::Round(place.clone(), round));
        match list.filter(|_| taken.is_some()) {
            // The first command of the list is done.
            Some(list) => self.frames.push(Frame::Items(place, Some(list), 1)),
            None => self.frames.push(Frame::Node(place, body)),
        }
    }
}

fn input_of(capture: Capture) -> Input {
    let text = capture.text.trim_end();
    match capture.origin {
        Some(origin) => Input::From(origin),
        None => Input::Text(Rc::from(text)),
    }
}

/// Returns how many operators and parentheses there are outside quotes, about.
fn operators(text: &str) -> usize {
    const SIGNS: ByteSet = ByteSet::of(b"\"&|<>()");
    let (mut count, mut rest) = (0_usize, text);
    while let Some(from) = SIGNS.find(rest).and_then(|at| rest.get(at..)) {
        let Some(inside) = from.strip_prefix('"') else {
            count = count.saturating_add(1);
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        rest = bytes::split_once(inside, b'"').unwrap_or_default().1;
    }
    count
}

/// Returns whether no group is open at the end of a line.
fn balanced(line: &str) -> bool {
    line.matches('(').count() <= line.matches(')').count()
}

/// A text once more without its carets.
fn unescaped(text: &str) -> String {
    if !text.contains('^') {
        return text.to_owned();
    }
    let mut lexer = Lexer::new(text);
    let mut out = Vec::new();
    loop {
        match lexer.next() {
            Lexed::Plain(byte) | Lexed::Escaped(byte) | Lexed::Special(byte) => out.push(byte),
            Lexed::End => return text_of(out),
        }
    }
}
