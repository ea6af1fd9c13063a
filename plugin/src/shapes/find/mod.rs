//! The last resort: a task event wherever it stands in a record.
//!
//! Tables of shapes give full fidelity for the shippers that are known; there will always be others. Here every
//! member at any depth is looked at, and every text in which there may be members, XML or lines, up to some texts
//! within texts. Where an event of a known shape stands in there, it is read by its table. Otherwise the event is put
//! together: one of the five ids, a task definition (under any escaping, or decoded into members), and what stands
//! beside it under the usual words or in the manifest's order.
//!
//! An id alone proves nothing, and neither does a definition. Without a definition the record must name the provider
//! or the channel of the Security log.

mod known;
mod layer;
mod text;
mod tree;
mod words;

use std::borrow::Cow;

use super::by_table::{Read, is_auditing_provider, is_security_channel, read_within};
use super::content;
use super::definition;
use super::event_xml;
use super::evtxecmd;
use super::glance;
use super::header;
use super::id::change;
use super::message;
use super::place::Place;
use super::reading::{Rank, Reading, Slot};
use super::walk;
use crate::bytes;
use crate::event::{Change, Note, TaskEvent};
use crate::json::{self, Kind, Object, Scanner, Value};
use crate::work::Work;
use layer::{Layer, Leaf};
use tree::Tree;
use words::{Folded, PLACED, SURE, USUAL};

/// Texts within texts that are looked into.
const LAYERS: usize = 6;
/// The most layers of escapes that are taken off a text.
const ESCAPES: usize = 3;
/// Objects and texts that are tried for a known shape, and how many objects around an id.
const TRIES: usize = 16;
const AROUND: usize = 8;
/// The most of a text that is read, in bytes: more than a definition has that is read to its end.
const MAX_TEXT: usize = 96 * 1024;
/// Longer values are no names, in bytes as written.
const NAME: usize = 1024;

/// Units of work for a byte of a layer, and for a value in it.
const BYTE: usize = 30;
const LEAF: usize = 4_000;
/// Units for a value that may be part of a definition.
const PART: usize = 25_000;
/// Units for a byte of an object or a text that is tried for a known shape.
const TRIED: usize = 60;
/// Units for a word with its value in a text.
const PAIR: usize = 12_000;
/// Units for a byte of a text that is searched for words.
const WORDS: usize = 60;

/// Finds the event of a record. `known` is what a table had of it already.
pub(super) fn event(
    record: &Object<'_>,
    known: Option<TaskEvent<'static>>,
    work: &Work,
) -> Option<TaskEvent<'static>> {
    let text = std::str::from_utf8(record.text()).ok()?;
    let mut finder = Finder::new(known, work);
    let mut layers = Vec::with_capacity(LAYERS);
    if work.walk(text.len(), BYTE) {
        layers.push(Layer::new(Cow::Borrowed(text), 0));
    }
    while let Some(layer) = layers.last_mut() {
        if finder.is_done() || !work.spend(LEAF) {
            break;
        }
        let Some(leaf) = layer.next() else {
            finder.passed_over |= layer.passed_over;
            layers.pop();
            continue;
        };
        let depth = layers.len();
        let Some(layer) = layers.last_mut() else { break };
        let Some(inner) = finder.take(layer, leaf, depth) else { continue };
        if layers.len() >= LAYERS {
            finder.note(Note::NestedDeeper { what: "texts within texts", depth: LAYERS });
        } else if work.walk(inner.len(), BYTE) {
            layers.push(inner);
        }
    }
    finder.finish(record.text())
}

/// The findings, value by value.
struct Finder<'w> {
    work: &'w Work,
    /// An event that a table has read: of the record, or of something in it.
    event: Option<TaskEvent<'static>>,
    /// True if that is an event of something in the record.
    is_inner: bool,
    /// True if it stands where a known tool puts one.
    is_known: bool,
    /// The shape of a text that has a header of a known shape.
    header: Option<&'static str>,
    /// The values in the record under the usual words.
    beside: Reading<'static, 'w>,
    /// The change to the task, and how sure that is.
    change: Option<(Change, Rank)>,
    tree: Tree,
    tries: usize,
    /// True if something in the record says that it is an event of another log.
    denied: bool,
    passed_over: bool,
}

impl<'w> Finder<'w> {
    fn new(known: Option<TaskEvent<'static>>, work: &'w Work) -> Self {
        let change = known.as_ref().map_or(Change::Created, |event| event.change);
        Self {
            work,
            change: known.as_ref().map(|event| (event.change, SURE)),
            event: known,
            is_inner: false,
            is_known: false,
            header: None,
            beside: Reading::new(change, "found", work),
            tree: Tree::default(),
            tries: 0,
            denied: false,
            passed_over: false,
        }
    }

    fn note(&mut self, note: Note) {
        if !self.beside.event.notes.contains(&note) {
            self.beside.event.notes.push(note);
        }
    }

    /// Returns whether nothing is to be added to what was found.
    fn is_done(&self) -> bool {
        self.denied || self.event.as_ref().is_some_and(is_whole)
    }

    /// Takes a value; the text that stands in it, if that has members of its own.
    #[inline(never)]
    fn take(&mut self, layer: &mut Layer<'_>, leaf: Leaf, depth: usize) -> Option<Layer<'static>> {
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

    fn saw_id(&mut self, change: Change, rank: Rank) {
        if rank > 0 && self.change.is_none_or(|(_, held)| rank > held) {
            self.change = Some((change, rank));
        }
    }

    /// Takes a value by what the word that it stands under says of it.
    fn take_word(&mut self, word: Option<(Slot, Rank)>, text: &str) {
        let text = text.trim_ascii();
        let Some((slot, rank)) = word else { return };
        if words::fits(slot, text) && !(rank == USUAL && self.beside.has(slot)) {
            self.beside.set(slot, rank, Cow::Owned(text.to_owned()));
        }
    }

    /// Takes a value by its place among the event data: a task's path after a SID, two names and a logon id begins it.
    fn take_place(&mut self, layer: &mut Layer<'_>, text: &str) {
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

    /// Tries the objects around an id or a text for a known shape, the inner ones first.
    #[inline(never)]
    fn try_around(&mut self, layer: &Layer<'_>, depth: usize, around: usize) {
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

    /// Takes what a text says; the text, if it has members.
    #[inline(never)]
    fn take_text(&mut self, mut text: String, is_known: bool) -> Option<Layer<'static>> {
        for _ in 0..=ESCAPES {
            if !self.work.walk(text.len(), WORDS) {
                return None;
            }
            let markup = has_any(&text, &["<Task", "<Event", "<Data"]);
            match text::json_start(&text) {
                Some((at, false)) => return Some(Layer::new(Cow::Owned(text), at)),
                Some((_, true)) => {
                    text = content::without_backslashes(&text);
                    continue;
                }
                None if !markup && has_any(&text, &["\\u003c", "\\u003C"]) => {
                    text = json::unescape(text.as_bytes()).into_owned();
                    continue;
                }
                None => {}
            }
            let is_escaped = has_any(&text, &["&lt;", "&quot;", "&#"]);
            if !markup && is_escaped {
                text = content::resolved(&text, self.work);
                continue;
            }
            break;
        }
        self.read_text(&text, is_known);
        None
    }

    /// Takes what a text without members says.
    #[inline(never)]
    fn read_text(&mut self, text: &str, is_known: bool) {
        let header = header::read(&mut self.beside, text);
        let found = text::id(text.as_bytes());
        if let Some((shape, change)) = header {
            self.saw_id(change, SURE);
            self.header = Some(shape);
        } else if let Some((change, rank)) = found {
            self.saw_id(change, rank);
            self.try_text(text, is_known);
        }
        if self.is_done() || !self.work.walk(text.len(), WORDS) {
            return;
        }
        if has_any(text, &["<Data"]) {
            event_xml::read(&mut self.beside, text, SURE);
        }
        let (head, content, tail) = definition::split(text);
        if let Some(content) = content
            && !self.beside.has(Slot::Content)
        {
            self.beside.set(Slot::Content, SURE, Cow::Owned(content.to_owned()));
        }
        if content.is_none() && found.is_none() && header.is_none() {
            return;
        }
        // Words of a message may be wrong (Windows labels the locality `FQDN`); after a header its order is known.
        let has_words = header.is_none() || has_any(text, &[" | "]);
        for part in [head, tail].into_iter().filter(|_| has_words) {
            for (word, value) in text::pairs(part) {
                if !self.work.spend(PAIR) {
                    return;
                }
                self.take_word(words::slot(&word), value);
            }
        }
        message::read_beside(&mut self.beside, head, tail);
    }

    /// Takes the event that a text is by a known shape.
    #[inline(never)]
    fn try_text(&mut self, text: &str, is_known: bool) {
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

    /// The event, if there is one.
    #[inline(never)]
    fn finish(mut self, record: &[u8]) -> Option<TaskEvent<'static>> {
        if self.denied {
            return None;
        }
        if self.passed_over {
            self.note(Note::NestedDeeper { what: "members", depth: LAYERS });
        }
        let decoded = std::mem::take(&mut self.tree).finish();
        let from_tree = !self.beside.has(Slot::Content) && decoded.is_some();
        if let Some(xml) = decoded.filter(|_| from_tree) {
            self.beside.set(Slot::Content, USUAL, Cow::Owned(xml));
        }
        if self.change.is_none() && self.work.is_spent() {
            return unread(record);
        }
        let (change, rank) = self.change?;
        let is_known = self.event.is_some() && !self.is_inner;
        if self.event.is_none() && !self.is_proven(rank, change, record) {
            return None;
        }
        let is_in_place = match &self.event {
            Some(_) if self.is_inner => self.is_known,
            Some(event) => known::is_searched(event.shape),
            None => self.header.is_some(),
        };
        let is_escaped = self.event.as_ref().is_some_and(|event| event.shape == evtxecmd::SHAPE.name);
        let had_content = self.event.as_ref().is_some_and(|event| event.content.is_some());
        let event =
            self.event.take().unwrap_or_else(|| TaskEvent::new(change, self.header.unwrap_or("found")));
        let mut reading = Reading::resume(event, self.work);
        reading.fill_from(&mut self.beside);
        let found = !had_content && reading.has(Slot::Content);
        if is_in_place {
            // All of it stands where it should.
        } else if self.is_inner {
            reading.event.notes.push(Note::Found("read from a record within it"));
        } else if found && from_tree {
            reading.event.notes.push(Note::Found("definition put together from its members"));
        } else if found || !is_known {
            reading.event.notes.push(Note::Found("read from what stands beside the task"));
        }
        reading.event.notes.append(&mut self.beside.event.notes);
        Some(reading.finish(is_escaped))
    }

    /// Returns whether what was found is an event of ours.
    fn is_proven(&mut self, rank: Rank, change: Change, record: &[u8]) -> bool {
        self.beside.event.change = change;
        let channel = self.beside.event.channel.as_deref();
        let provider = self.beside.event.provider.as_deref();
        // A word such as `provider` is used by others, too; what it says counts where it is Windows'.
        let is_other_channel =
            channel.is_some_and(|channel| !is_security_channel(channel) && is_windows_channel(channel));
        let is_other_provider =
            provider.is_some_and(|provider| !is_auditing_provider(provider) && is_windows_provider(provider));
        if is_other_channel || is_other_provider {
            return false;
        }
        let is_security =
            channel.is_some_and(is_security_channel) || provider.is_some_and(is_auditing_provider);
        if !channel.is_some_and(is_security_channel) {
            self.beside.event.channel = None;
        }
        if !self.beside.event.provider.as_deref().is_some_and(is_auditing_provider) {
            self.beside.event.provider = None;
        }
        let is_audit =
            || is_security || (self.work.walk(record.len(), 3) && glance::shows(record, glance::PROVIDER));
        if self.beside.has(Slot::Content) { rank > 1 || is_audit() } else { rank > 1 && is_audit() }
    }
}

/// The event of a record that was not read to its end, where the number and the provider's name are all that is known.
fn unread(record: &[u8]) -> Option<TaskEvent<'static>> {
    let (_, id) = glance::next_id(record, 0).filter(|_| glance::shows(record, glance::PROVIDER))?;
    let mut event = TaskEvent::new(Change::from_event_id(id)?, "found");
    event.notes.push(Note::NameMissing);
    Some(event)
}

/// Returns whether a text has one of some others in it.
fn has_any(text: &str, wanted: &[&str]) -> bool {
    bytes::find_any(text.as_bytes(), wanted).is_some()
}

/// Returns whether an event has all that it should.
fn is_whole(event: &TaskEvent<'_>) -> bool {
    missing(event) == 0
}

/// The number of parts that an event lacks.
fn missing(event: &TaskEvent<'_>) -> u8 {
    let content = event.content.is_none() && event.change.has_content();
    let lacks = [event.task_name.is_none(), event.computer.is_none()];
    let others = lacks.iter().map(|lacks| u8::from(*lacks)).fold(0, u8::saturating_add);
    others.saturating_add(if content { 4 } else { 0 })
}

/// Returns whether a name is that of another log of Windows.
fn is_windows_channel(channel: &str) -> bool {
    ["application", "system", "setup", "windows powershell"]
        .iter()
        .any(|other| channel.eq_ignore_ascii_case(other))
        || channel.contains('/') && channel.contains('-')
}

fn is_windows_provider(provider: &str) -> bool {
    provider.get(..18).is_some_and(|start| start.eq_ignore_ascii_case("Microsoft-Windows-"))
}

/// Keeps a value for those that follow it.
fn remember(layer: &mut Layer<'_>, leaf: Leaf) {
    let [first, second, third, _] = layer.recent;
    layer.recent = [leaf.value, first, second, third];
}
