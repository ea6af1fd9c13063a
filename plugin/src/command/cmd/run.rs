//! The machine: it goes through a parsed line with a stack of its own.

use std::rc::Rc;

use super::builtins;
use super::condition::Kind as Condition;
use super::expand::{Expansion, LoopVariable, Unknown, loop_values};
use super::facts::Facts;
use super::for_loop::{self, Head, Kind, Source, Values};
use super::lexer::{Lexed, Lexer, text_of};
use super::parse::{Item, Node, Program, Simple, parse};
use super::split_name;
use super::variables::{Value, Variables};
use crate::command::Step;
use crate::command::wrappers::{Started, Starts};
use crate::work::Work;

/// Most commands that are run, loops unrolled.
const MAX_COMMANDS: usize = 1 << 16;
/// Most frames on the stack.
const MAX_FRAMES: usize = 512;
/// Most different command lines that are kept.
const MAX_STARTED: usize = 256;
/// Most bytes of what a command writes.
const MAX_OUTPUT: usize = 64 * 1024;
/// Most files whose content the line itself writes.
const MAX_FILES: usize = 16;
/// Longest command that is shown as it stood before its variables were put in.
const MAX_WRITTEN: usize = 4096;
/// Units that one line may cost at most.
const LINE: usize = 5_000_000;

/// cmd.exe before it reads its line.
#[derive(Debug, Clone, Default)]
pub(in crate::command) struct Shell {
    /// Whether `!name!` is expanded.
    pub(in crate::command) delayed: bool,
    /// The variables that the program before it has set.
    pub(in crate::command) environment: Option<Rc<Variables>>,
    /// The current folder, where it is known.
    pub(in crate::command) folder: Option<String>,
    /// Whether each step is written down.
    pub(in crate::command) records: bool,
}

/// Where the input of a command comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Input {
    #[default]
    Inherited,
    Text(Rc<str>),
    /// What this program writes, or what is in this file.
    From(Rc<str>),
}

/// What a command wrote for the next one.
#[derive(Debug, Default)]
struct Capture {
    text: String,
    origin: Option<Rc<str>>,
    /// Whether it is the constant output of a command of Windows.
    constant: bool,
}

/// Where a frame stands: a tree, what its commands read, and whether a pipe has them parsed once more.
#[derive(Clone)]
struct Place {
    program: Rc<Program>,
    input: Input,
    child: bool,
    /// Whether the text came out of variables or a pipe.
    computed: bool,
    /// The text of its only command, as it stood before its variables were put in.
    written: Option<Rc<str>>,
}

enum Frame {
    Text(Box<Waiting>),
    /// The end of a cmd.exe that runs within this one.
    Leave {
        delayed: bool,
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
    /// Whether it came out of variables or a pipe.
    pub(super) computed: bool,
    /// Whether its variables are put in.
    pub(super) expanded: bool,
}

struct Round {
    values: Values,
    variable: char,
    body: usize,
    /// How many variables of loops there were before it.
    outside: usize,
    /// Where its share of the work ends.
    floor: usize,
    last_command: usize,
    constant: bool,
    backwards: bool,
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
    /// How many cmd.exe run within this one.
    within: usize,
    /// Whether the command at hand came out of variables or a pipe.
    computed: bool,
    /// The command at hand before its variables were put in, where that differs.
    written: Option<Rc<str>>,
}

/// What the line of a `cmd /c` starts, in order.
pub(in crate::command) fn started(line: &str, shell: Shell, work: &Work) -> Starts {
    // What a line may cost leaves something for what it starts.
    let lent = work.lend(LINE.min(work.left() - (work.left() >> 2)));
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
    if lent.walk(line.len(), 6) {
        starts.obfuscation = machine.facts.words(line);
    }
    starts.cut |= machine.variables.full;
    starts.spent = lent.is_spent();
    work.take_back(&lent);
    starts
}

impl Machine<'_> {
    fn run_line(&mut self, line: &str) {
        self.wait_for(Waiting { text: line.to_owned(), ..Waiting::default() });
        while let Some(frame) = self.frames.pop() {
            if self.frames.len() > MAX_FRAMES || self.commands > MAX_COMMANDS {
                self.starts.cut = true;
                return;
            }
            if !self.work.spend(150) {
                return;
            }
            match frame {
                Frame::Text(waiting) => self.text(*waiting),
                Frame::Leave { delayed } => {
                    self.delayed = delayed;
                    self.within = self.within.saturating_sub(1);
                }
                Frame::Node(place, node) => self.node(place, node),
                Frame::Items(place, list, next) => self.items(place, list, next),
                Frame::Lines(place, head, body) => self.lines(place, &head, body),
                Frame::Round(place, round) => self.round(place, round),
            }
        }
    }

    /// Writes a step down, if asked to.
    pub(super) fn step(&mut self, how: &'static str, text: &str) {
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
    fn step_of_round(&mut self, variable: &str, tail: &str) {
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

    /// Puts the variables of cmd.exe into a line that is read.
    pub(super) fn percent(&mut self, text: &str) -> String {
        if memchr::memchr(b'%', text.as_bytes()).is_none() {
            return text.to_owned();
        }
        self.expansion().percent(text)
    }

    pub(super) fn expand_delayed(&mut self, text: &str) -> String {
        if !self.delayed || memchr::memchr(b'!', text.as_bytes()).is_none() {
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
        self.frames.push(Frame::Leave { delayed: self.delayed });
        self.delayed = delayed;
        self.within = self.within.saturating_add(1);
        self.wait_for(Waiting { text: line.to_owned(), input, ..Waiting::default() });
    }

    /// Keeps a built-in command that came out of variables or a pipe: it becomes no process, and stands nowhere else.
    pub(super) fn shows(&mut self, line: &str) {
        /// Most such commands.
        const MOST: usize = 8;
        let line = self.written.as_deref().unwrap_or(line).trim().to_owned();
        if self.computed && self.starts.commands.len() < MOST && !self.starts.commands.contains(&line) {
            self.step("runs", &line);
            self.starts.commands.push(line);
        }
    }

    fn text(&mut self, waiting: Waiting) {
        let Waiting { text, input, computed, expanded: is_expanded } = waiting;
        let text = text.as_str();
        if !self.work.walk(text.len(), 40) {
            return;
        }
        // The lines of a text are read one by one, but a caret joins two.
        let (first, rest) = match text.split_once('\n') {
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
            });
        }
        let expanded = if is_expanded { first.to_owned() } else { self.percent(first) };
        if expanded != first {
            self.step("variables", &expanded);
        }
        let computed = computed || (expanded != first && !self.variables.is_empty());
        let program = parse(&expanded);
        self.starts.cut |= program.cut;
        let single = matches!(program.root.as_slice(), [only] if matches!(program.nodes.get(only.node), Some(Node::Simple(_))));
        let own = |part: &str| self.variables.own(part.split(':').next().unwrap_or_default()).is_some();
        let of_windows = expanded != first && !first.split('%').skip(1).take(64).any(own);
        let written = (computed && single && of_windows).then(|| Rc::from(first));
        let place = Place { program: Rc::new(program), input, child: false, computed, written };
        self.frames.push(Frame::Items(place, None, 0));
    }

    fn items(&mut self, mut place: Place, list: Option<usize>, next: usize) {
        let program = Rc::clone(&place.program);
        let items: &[Item] = match list {
            None => &program.root,
            Some(list) => match program.nodes.get(list) {
                Some(Node::List(items)) => items,
                _ => return,
            },
        };
        let Some(item) = items.get(next) else { return };
        let behind = next.saturating_add(1);
        let mut inner = place.clone();
        if item.piped {
            let capture = self.captures.pop().unwrap_or_default();
            inner.input = input_of(capture);
        }
        let pipes = items.get(behind).is_some_and(|item| item.piped);
        inner.child |= item.piped || pipes;
        if behind < items.len() {
            if item.piped {
                place.input = Input::Inherited;
            }
            self.frames.push(Frame::Items(place, list, behind));
        }
        if pipes {
            self.captures.push(Capture::default());
        }
        self.frames.push(Frame::Node(inner, item.node));
    }

    #[inline(never)]
    fn node(&mut self, place: Place, node: usize) {
        let program = Rc::clone(&place.program);
        match program.nodes.get(node) {
            Some(Node::Simple(simple)) => self.simple(simple, place),
            Some(Node::List(_)) => self.frames.push(Frame::Items(place, Some(node), 0)),
            Some(Node::For(head, body)) => self.enter(place, head, *body),
            Some(Node::If(test, then, otherwise)) => {
                let put_in = |machine: &mut Self, text: &str| {
                    let text = loop_values(text, &machine.loops, &mut machine.unknown)
                        .unwrap_or_else(|| text.to_owned());
                    machine.expand_delayed(&text)
                };
                let test = match &test.kind {
                    Condition::Compare(left, operator, right) => {
                        let kind =
                            Condition::Compare(put_in(self, left), operator.clone(), put_in(self, right));
                        test.with(kind)
                    }
                    Condition::Defined(name) => test.with(Condition::Defined(put_in(self, name))),
                    Condition::Machine => test.with(Condition::Machine),
                };
                let variables = &self.variables;
                let holds = test.holds(|name| match variables.own(name) {
                    Some(_) => Some(true),
                    None if crate::command::environment::any_value(name).is_some() => Some(true),
                    None => None,
                });
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

    /// Begins a loop.
    fn enter(&mut self, place: Place, head: &Head, body: usize) {
        let Some(variable) = head.variable else {
            self.frames.push(Frame::Node(place, body));
            return;
        };
        if !self.work.walk(head.set.len(), 12) {
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
    fn lines(&mut self, place: Place, head: &Head, body: usize) {
        let capture = self.captures.pop().unwrap_or_default();
        if !self.work.walk(capture.text.len(), 12) {
            return;
        }
        let values = for_loop::lines(&capture.text, &head.options, capture.origin.as_ref());
        if let Some(variable) = head.variable {
            self.start_rounds(place, values, variable, body, capture.constant);
        }
    }

    fn start_rounds(&mut self, place: Place, values: Values, variable: char, body: usize, constant: bool) {
        let left = MAX_COMMANDS.saturating_sub(self.commands);
        let backwards = matches!(values, Values::Counter { step, .. } if step < 0);
        let round = Round {
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

    fn round(&mut self, place: Place, mut round: Box<Round>) {
        self.loops.truncate(round.outside);
        let values = round.values.next();
        let Some(values) = values else { return };
        if self.work.left() < round.floor || self.commands > round.last_command {
            // A loop must not keep the machine from what stands behind it.
            self.starts.cut = true;
            return;
        }
        self.backwards = round.backwards;
        let mut name = u32::from(round.variable);
        for value in values {
            if let Some(letter) = char::from_u32(name) {
                self.loops.push(LoopVariable { name: letter, value, constant: round.constant });
            }
            name = name.saturating_add(1);
        }
        let body = round.body;
        self.frames.push(Frame::Round(place.clone(), round));
        self.frames.push(Frame::Node(place, body));
    }

    /// A command by itself.
    #[inline(never)]
    fn simple(&mut self, simple: &Simple, place: Place) {
        let Place { input, child, computed, written, .. } = place;
        self.commands = self.commands.saturating_add(1);
        if !self.work.walk(simple.text.len(), 14) {
            return;
        }
        self.unknown.clear();
        let mut text = match loop_values(&simple.text, &self.loops, &mut self.unknown) {
            Some(text) => text,
            None => simple.text.clone(),
        };
        self.note_launcher(&simple.text);
        let input = match &simple.input {
            Some(file) => self.input_from_file(file),
            None => input,
        };
        if !child && self.appended(&text) {
            return;
        }
        if self.delayed && text.contains('!') {
            self.note_pieces(&text, '!');
            text = self.expand_delayed(&text);
        }
        if child && text.contains(['^', '&', '|', '<', '>', '%', '(']) {
            // Each side of a pipe is a cmd.exe of its own, which parses once more.
            self.note_pieces(&text, '%');
            let computed = computed || text != simple.text;
            if computed && text.contains('%') {
                self.computed = true;
                self.written = None;
                self.shows(&text);
            }
            self.wait_for(Waiting { text, input, computed, expanded: false });
            return;
        }
        let before = |c: char| matches!(c, '@' | ' ' | '\t' | ',' | ';' | '=' | '\r' | '\n');
        let mut line = text.trim_start_matches(before);
        let late;
        if line.starts_with('%') && !self.variables.is_empty() {
            late = self.percent(line);
            line = late.trim_start_matches(before);
        }
        let (name, arguments) = split_name(line);
        if name.is_empty() {
            return;
        }
        self.written = written.filter(|written| written.len() < MAX_WRITTEN);
        self.computed = computed || (name.contains(['!', '%']) || !simple.text.contains(name));
        builtins::run(self, &builtins::Call { line, name, arguments, input, output: simple.output.as_ref() });
    }

    /// Adds to a variable in place: `set x=!x!text`. A loop that builds a long text stays linear by that.
    fn appended(&mut self, text: &str) -> bool {
        if !self.delayed {
            return false;
        }
        let (name, arguments) = split_name(text.trim_start_matches([' ', '@', ',', ';', '=']));
        if !name.eq_ignore_ascii_case("set") {
            return false;
        }
        let Some((variable, value)) = builtins::trimmed(arguments).split_once('=') else { return false };
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
        if tail.chars().nth(1).is_none() {
            self.facts.collected = self.facts.collected.saturating_add(1);
            self.facts.backwards = self.facts.backwards.saturating_add(usize::from(self.backwards));
        }
        self.shared = None;
        self.variables.append(variable, &tail)
    }

    /// Notes a program whose name comes out of the output of a command of Windows.
    fn note_launcher(&mut self, text: &str) {
        let mut chars = text.trim_start_matches([' ', '@', ',', ';', '=', '"']).chars();
        if chars.next() == Some('%')
            && let Some(name) = chars.find(|&c| c != '%' && c != '~')
            && self.loops.iter().any(|variable| variable.constant && variable.name == name)
        {
            self.facts.launcher = true;
        }
    }

    /// Notes variables side by side, and replacements in them.
    pub(super) fn note_pieces(&mut self, text: &str, mark: char) {
        let doubled = if mark == '!' { "!!" } else { "%%" };
        let joined = text.matches(doubled).count().saturating_add(1);
        self.facts.joined = self.facts.joined.max(joined);
        let own = |part: &str| {
            part.split_once(':').is_some_and(|(name, modifier)| {
                modifier.contains('=') && !modifier.starts_with('~') && self.variables.own(name).is_some()
            })
        };
        let replaced = text.split(mark).skip(1).take(64).filter(|part| own(part)).count();
        self.facts.replaced = self.facts.replaced.saturating_add(replaced);
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.shared = None;
        self.variables.set(name, value);
    }

    pub(super) fn variables_changed(&mut self) {
        self.shared = None;
    }

    /// Whether what a command writes is read by another.
    pub(super) fn is_captured(&self) -> bool {
        !self.captures.is_empty()
    }

    /// Takes what a command writes: for the next command, or into a file.
    pub(super) fn write(&mut self, text: &str, output: Option<&(String, bool)>, constant: bool) {
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

    /// Says that a command writes what is not known, and where that comes from.
    pub(super) fn write_unknown(&mut self, origin: &Rc<str>, output: Option<&(String, bool)>) {
        if let Some((file, _)) = output {
            self.files.retain(|(known, _)| !known.eq_ignore_ascii_case(file));
        } else if let Some(capture) = self.captures.last_mut() {
            capture.origin.get_or_insert_with(|| Rc::clone(origin));
        }
    }

    /// The content of a file that the line itself has written.
    pub(super) fn file(&self, name: &str) -> Option<Rc<str>> {
        let name = name.trim_matches('"');
        self.files
            .iter()
            .find(|(known, _)| known.trim_matches('"').eq_ignore_ascii_case(name))
            .map(|(_, text)| Rc::from(text.as_str()))
    }

    fn input_from_file(&self, name: &str) -> Input {
        if name.eq_ignore_ascii_case("nul") {
            return Input::Inherited;
        }
        match self.file(name) {
            Some(text) => Input::Text(text),
            None => Input::From(Rc::from(name.trim_matches('"'))),
        }
    }

    /// Adds a program that the line starts. The same line counts once.
    pub(super) fn starts(&mut self, mut started: Started) {
        if started.line.trim().is_empty() || self.within > 0 {
            return;
        }
        let list = &self.starts.list;
        if !self.work.spend(list.len().saturating_mul(8)) {
            return;
        }
        let same = |known: &Started| {
            known.line == started.line && known.stdin == started.stdin && known.folder == started.folder
        };
        if list.iter().any(same) {
            return;
        }
        if list.len() >= MAX_STARTED {
            self.starts.cut = true;
            // The last one is kept, too.
            self.starts.list.pop();
        }
        if !self.variables.is_empty() {
            let shared = self.shared.get_or_insert_with(|| Rc::new(self.variables.clone()));
            started.environment = Some(Rc::clone(shared));
        }
        self.step("starts", &started.line);
        self.starts.list.push(started);
    }
}

fn input_of(capture: Capture) -> Input {
    let text = capture.text.trim_end();
    match capture.origin {
        Some(origin) => Input::From(origin),
        None => Input::Text(Rc::from(text)),
    }
}

/// Whether no group is open at the end of a line.
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
