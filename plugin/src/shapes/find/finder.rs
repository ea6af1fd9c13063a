//! The findings in a record, value by value.

use super::known;
use super::layer::{Layer, Leaf};
use super::parts::is_whole;
use super::tree::{self, Tree};
use super::words::{self, Folded, PLACED, SURE, USUAL};
use crate::bytes;
use crate::event::{Change, Note, TaskEvent};
use crate::json::{Kind, Value};
use crate::shapes::partial_event::{PartialEvent, Rank, Slot};
use crate::shapes::{glance, walk};
use crate::work::Work;
use std::borrow::Cow;

/// The most of a text that is read, in bytes: more than a definition has that is read to its end.
const MAX_TEXT: usize = 96 * 1024;
/// Longer values are no names, in bytes as written.
const NAME: usize = 1024;
/// Units for a value that may be part of a definition.
const PART: usize = 25_000;
const AROUND: usize = 8;

/// The findings, value by value.
pub(super) struct Finder<'w> {
    pub(super) work: &'w Work,
    /// An event that a table has read: of the record, or of something in it.
    pub(super) event: Option<TaskEvent<'static>>,
    /// True if that is an event of something in the record.
    pub(super) is_inner: bool,
    /// True if it stands where a known tool puts one.
    pub(super) is_known: bool,
    /// The shape of a text that has a header of a known shape.
    pub(super) header: Option<&'static str>,
    /// The values in the record under the usual words.
    pub(super) beside: PartialEvent<'static, 'w>,
    /// The change to the task, and how sure that is.
    pub(super) change: Option<(Change, Rank)>,
    pub(super) tree: Tree,
    pub(super) tries: usize,
    /// True if something in the record says that it is an event of another log.
    pub(super) denied: bool,
    pub(super) passed_over: bool,
}

impl<'w> Finder<'w> {
    pub(super) fn new(known: Option<TaskEvent<'static>>, work: &'w Work) -> Self {
        let change = known.as_ref().map_or(Change::Created, |event| event.change);
        Self {
            work,
            change: known.as_ref().map(|event| (event.change, SURE)),
            event: known,
            is_inner: false,
            is_known: false,
            header: None,
            beside: PartialEvent::new(change, "found", work),
            tree: Tree::default(),
            tries: 0,
            denied: false,
            passed_over: false,
        }
    }

    pub(super) fn note(&mut self, note: Note) {
        if !self.beside.event.notes.contains(&note) {
            self.beside.event.notes.push(note);
        }
    }

    /// Returns whether nothing is to be added to what was found.
    pub(super) fn is_done(&self) -> bool {
        self.denied || self.event.as_ref().is_some_and(is_whole)
    }

    /// Takes a value; the text that stands in it, if that has members of its own.
    #[inline(never)]
    pub(super) fn take(&mut self, layer: &mut Layer<'_>, leaf: Leaf, depth: usize) -> Option<Layer<'static>> {
        let raw = layer.bytes(leaf.value);
        let value = Value::new(raw);
        let is_string = value.kind() == Kind::String;
        let may_hold =
            is_string && raw.len() > 16 && (glance::says_id(raw) || bytes::find_text(raw, "Task").is_some());
        if raw.len() > NAME && !may_hold {
            remember(layer, leaf);
            return None;
        }
        let key = self.key(layer, leaf);
        let text = if is_string { self.string(value) } else { value.as_text() };
        let text = text.unwrap_or_default().into_owned();
        if raw.len() <= 16
            && let Some(change) = value.as_u64().and_then(Change::from_event_id)
        {
            self.saw_id(change, words::id_rank(&key));
            self.try_around(layer, depth, AROUND);
        }
        if may_hold && glance::says_id(layer.bytes(leaf.value)) {
            self.try_around(layer, depth, 1);
        }
        if tree::may_be_part(layer, leaf) && self.work.spend(PART) {
            self.tree.take(layer, leaf, &text);
        }
        let word = words::slot(&key).or_else(|| words::slot(&Folded::of(layer.bytes(leaf.key))));
        self.take_word(word, &text);
        self.take_place(layer, &text);
        remember(layer, leaf);
        if !may_hold {
            return None;
        }
        let is_known = layer.is_known_to(usize::MAX) && known::is_wrapper(layer.bytes(leaf.key));
        let mut inner = self.take_text(text, is_known)?;
        inner.is_known = is_known;
        Some(inner)
    }

    /// The words of a value's key, with those of its object where they say little.
    fn key(&self, layer: &Layer<'_>, leaf: Leaf) -> Folded {
        let mut key = Folded::of(layer.bytes(leaf.key));
        let alone = matches!(key.as_bytes(), b"name" | b"id" | b"code" | b"hostname" | b"domain" | b"");
        if alone
            && let Some(frame) = layer.frames.last()
            && !frame.is_array
        {
            key.prepend(layer.bytes(frame.key));
        }
        key
    }

    fn string<'v>(&self, value: Value<'v>) -> Option<Cow<'v, str>> {
        let text = walk::string(value, self.work)?;
        if text.len() <= MAX_TEXT {
            return Some(text);
        }
        Some(Cow::Owned(text.get(..text.floor_char_boundary(MAX_TEXT))?.to_owned()))
    }

    pub(super) fn saw_id(&mut self, change: Change, rank: Rank) {
        if rank > 0 && self.change.is_none_or(|(_, held)| rank > held) {
            self.change = Some((change, rank));
        }
    }

    /// Takes a value by what the word that it stands under says of it.
    pub(super) fn take_word(&mut self, word: Option<(Slot, Rank)>, text: &str) {
        let text = text.trim_ascii();
        let Some((slot, rank)) = word else { return };
        if words::fits(slot, text) && !(rank == USUAL && self.beside.has(slot)) {
            self.beside.set(slot, rank, Cow::Owned(text.to_owned()));
        }
    }

    /// Takes a value by its place among the event data: a task's path after a SID, two names and a logon id begins it.
    pub(super) fn take_place(&mut self, layer: &mut Layer<'_>, text: &str) {
        if text.starts_with('\\') {
            let before = [Slot::LogonId, Slot::Domain, Slot::User, Slot::Sid].into_iter().zip(layer.recent);
            let before = before
                .map(|(slot, span)| (slot, Value::new(layer.bytes(span)).as_text().unwrap_or_default()));
            if before.clone().all(|(slot, value)| words::fits(slot, &value)) {
                for (slot, value) in before {
                    self.beside.set(slot, PLACED, Cow::Owned(value.into_owned()));
                }
                self.beside.set(Slot::TaskName, PLACED, Cow::Owned(text.to_owned()));
                layer.position = Some(5);
            }
            return;
        }
        let Some(position) = layer.position else { return };
        layer.position = position.checked_add(1).filter(|next| *next < 11);
        if position > 5
            && let Some(slot) = Slot::at(position)
            && words::fits(slot, text)
        {
            self.beside.set(slot, PLACED, Cow::Owned(text.to_owned()));
        }
    }
}

/// Keeps a value for those that follow it.
fn remember(layer: &mut Layer<'_>, leaf: Leaf) {
    let [first, second, third, _] = layer.recent;
    layer.recent = [leaf.value, first, second, third];
}
