//! Goes through a parsed line: lists, conditions and loops.

mod collect;
mod loops;
mod simple;
mod text;

use super::condition::{Kind as Condition, Test};
use super::facts::Facts;
use super::machine::{Capture, Frame, Input, Machine, Place, Shell, Waiting};
use super::parse::{Item, Node};
use super::starts::Starts;
use crate::work::Work;
use std::rc::Rc;

/// Most commands that are run, loops unrolled.
const MAX_COMMANDS: usize = 1 << 16;
/// Most frames on the stack.
const MAX_FRAMES: usize = 512;
/// Units that a frame costs: it is taken from the stack, and what it holds is counted and given back.
const FRAME: usize = 500;
/// Units that one line may cost at most.
const LINE: usize = 6_100_000;

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
}

fn input_of(capture: Capture) -> Input {
    let text = capture.text.trim_end();
    match capture.origin {
        Some(origin) => Input::From(origin),
        None => Input::Text(Rc::from(text)),
    }
}
