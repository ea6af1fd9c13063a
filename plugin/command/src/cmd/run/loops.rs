//! Loops: their values, and their rounds.

use super::MAX_COMMANDS;
use crate::cmd::collector::Collector;
use crate::cmd::expand::{LoopVariable, loop_values};
use crate::cmd::for_loop::{self, Head, Kind, Source, Values};
use crate::cmd::lexer::{Lexed, Lexer, text_of};
use crate::cmd::machine::{Capture, Frame, Machine, Place, Round, Waiting};
use crate::cmd::variables::Value;
use std::rc::Rc;

/// Units of a loop before its first round.
const LOOP: usize = 4_000;

impl Machine<'_> {
    /// Begins a loop.
    #[inline(never)]
    pub(super) fn enter(&mut self, place: Place, head: &Head, body: usize) {
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
    pub(super) fn lines(&mut self, place: Place, head: &Head, body: usize) {
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
            collector: if place.child || place.settled {
                None
            } else {
                Collector::of(&place.program, body, variable)
            },
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
    pub(super) fn round(&mut self, place: Place, mut round: Box<Round>) {
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
