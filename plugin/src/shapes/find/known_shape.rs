//! Tries what stands around an id, or a text with one, for a known shape.

use super::finder::Finder;
use super::layer::Layer;
use super::parts::missing;
use super::words::SURE;
use crate::event::Note;
use crate::json::{self, Object, Scanner, Value};
use crate::shapes::by_table::{Read, read_within};
use crate::shapes::glance;
use crate::shapes::id::change;
use crate::shapes::place::Place;

/// Objects and texts that are tried for a known shape, and how many objects around an id.
const TRIES: usize = 16;
/// Units for a byte of an object or a text that is tried for a known shape.
const TRIED: usize = 60;

impl Finder<'_> {
    /// Tries the objects around an id or a text for a known shape, the inner ones first.
    #[inline(never)]
    pub(super) fn try_around(&mut self, layer: &Layer<'_>, depth: usize, around: usize) {
        let objects = layer.frames.iter().enumerate().rev().filter(|(_, frame)| !frame.is_array);
        for (level, frame) in objects.take(around) {
            // Of the record itself the tables had their say.
            let is_record = depth == 1 && level == 0;
            if is_record || self.tries >= TRIES || self.is_done() {
                continue;
            }
            let container = layer.container(frame.start);
            self.tries = self.tries.saturating_add(1);
            if self.work.walk(container.len(), TRIED)
                && let Some(object) = Value::new(container).as_object()
            {
                self.try_shape(&object, layer.is_known_to(level.saturating_add(1)));
                self.note_others(layer);
            }
        }
    }

    /// Says that more events follow in the list that the event which was found is in.
    #[inline(never)]
    fn note_others(&mut self, layer: &Layer<'_>) {
        if !self.is_done() {
            return;
        }
        let list = layer.frames.iter().position(|frame| frame.is_array).and_then(|at| at.checked_add(1));
        let Some(element) = list.and_then(|at| layer.frames.get(at)) else { return };
        let rest = layer.behind(element.start);
        let shows = glance::shows(rest, glance::DEFINITION | glance::PROVIDER) && glance::says_id(rest);
        if shows {
            self.note(Note::TooMany { what: "events in one record", kept: 1 });
        }
    }

    /// Takes the event that an object is by a known shape; `is_known`: whether it stands where such an object may.
    fn try_shape(&mut self, object: &Object<'_>, is_known: bool) {
        let Some(candidate) = change(object).filter(|candidate| candidate.place != Place::Anywhere) else {
            return;
        };
        match read_within(object, candidate, self.work) {
            Read::Event(event) => {
                let is_better = self.event.as_ref().is_none_or(|held| missing(&event) < missing(held));
                if is_better && !(self.event.is_some() && !self.is_inner && event.content.is_none()) {
                    self.change = Some((event.change, SURE));
                    self.event = Some(event.into_owned());
                    self.is_inner = true;
                    self.is_known = is_known;
                }
            }
            Read::Denied => self.denied |= self.event.is_none(),
            Read::Unclear => {}
        }
    }

    /// Takes the event that a text is by a known shape.
    #[inline(never)]
    pub(super) fn try_text(&mut self, text: &str, is_known: bool) {
        if self.tries >= TRIES || !self.work.walk(text.len(), TRIED) {
            return;
        }
        self.tries = self.tries.saturating_add(1);
        let mut record = b"{\"message\":".to_vec();
        json::write_string(&mut record, text);
        record.push(b'}');
        let mut scanner = Scanner::default();
        if let Ok(object) = scanner.scan(&record) {
            self.try_shape(&object, is_known);
        }
    }
}
