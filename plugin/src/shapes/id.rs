//! The question asked of every record: does it hold the id of a scheduled-task event?
//!
//! Almost every record is not ours, so the answer costs little: each member is looked at once, by the length
//! and first letter of its key; a nested object is walked only if its key can hold an event, and only as far
//! as the id; text is searched only where no member holds an id, at its beginning, for one word. Nothing is
//! allocated, unless an id or a key is written with escapes.

use super::glance;
use super::key;
use super::place::{Place, SMALL};
use super::role::{Role, Within, may_hold, role};
use super::text_id;
use super::walk::wrapped;
use crate::event::Change;
use crate::json::{Kind, Object, Value};

/// A record that holds the id of a scheduled-task event, and where.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The change to the task; `None` where nothing has said it yet.
    pub(super) change: Option<Change>,
    pub(super) place: Place,
    /// The object that is the event's record, where the record given merely wraps it.
    pub(super) inner: Option<Value<'a>>,
    /// The text that holds the event, where no member of its own holds the id.
    pub(super) text: Option<Value<'a>>,
}

/// Objects within objects that are looked into: `data`, `win`, `system`, or a wrapper more than that.
const DEPTH: u8 = 4;
/// Objects of one record that are looked into.
const NESTED: usize = 8;
/// Texts of one record that are looked into.
const TEXTS: usize = 6;

/// Returns whether a record has few members. Objects do not count: a tag of our own from a filter before this one is
/// one, and must not change what the record is taken for.
fn is_small(record: &Object<'_>) -> bool {
    record.len().saturating_sub(record.objects()) <= SMALL
}

/// Returns whether `record` holds the id of a scheduled-task event at any place where a known shipper puts it.
/// `None` settles it. Otherwise [`read`](super::read) says whether it is such an event. Of the record no more
/// members have to be known than [`sieve`](super::sieve) holds back.
#[inline]
pub fn change<'a>(record: &Object<'a>) -> Option<Candidate<'a>> {
    let mut ids = Ids::default();
    if !record.has_escaped_keys() {
        for (role, value) in top(record) {
            if let Role::Id(place) = role {
                ids.see(value, place, Nested::TOP);
            }
        }
        // Most records are settled here, before there is need to remember anything.
        match ids.seen.map(|(id, place)| (candidate(id, place, None), place)) {
            Some((Some(candidate), _)) => return Some(candidate),
            Some((None, place)) if place.settles() => return None,
            _ => {}
        }
    }
    change_within(record, ids)
}

/// The same of a record that its own members do not settle, which hold these ids; or of which the keys have escapes: to
/// resolve them costs so much that it is done once.
#[inline(never)]
fn change_within<'a>(record: &Object<'a>, mut ids: Ids<'a>) -> Option<Candidate<'a>> {
    let mut search = Search::default();
    for (role, value) in top(record) {
        match role {
            Role::Id(place) if record.has_escaped_keys() => ids.see(value, place, Nested::TOP),
            Role::Nested(within) => search.push(value, within, Nested::TOP),
            _ => {}
        }
    }
    match search.step(&ids, Nested::TOP) {
        Step::Found(candidate) => return Some(candidate),
        Step::Settled => return None,
        Step::Nothing => {}
    }
    let mut next = 0_usize;
    while let Some(nested) = search.nested.get(next).copied().flatten() {
        next = next.saturating_add(1);
        match search.look(within(nested), nested) {
            Step::Found(candidate) => return Some(candidate),
            Step::Settled => return None,
            Step::Nothing => {}
        }
    }
    if search.another_event {
        // What such a record says of the provider is about its own event.
        return anywhere(record, glance::DEFINITION);
    }
    if is_small(record) {
        search.take_any_text(record);
    }
    let mut settled = false;
    for text in search.texts.iter().flatten() {
        let Some(found) = text_id::find(text.value.bytes()) else { continue };
        if let Some(candidate) = text.candidate(found) {
            return Some(candidate);
        }
        settled |= found.settles;
    }
    match search.last_resort {
        None if !settled => anywhere(record, glance::DEFINITION | glance::PROVIDER),
        found => found,
    }
}

/// A record of no known shape that may hold an event all the same: it shows one of `signs`, and one of the ids.
#[inline(never)]
fn anywhere<'a>(record: &Object<'a>, signs: u8) -> Option<Candidate<'a>> {
    let text = record.text();
    let is_ours = glance::shows(text, signs) && glance::says_id(text);
    is_ours.then_some(Candidate { change: None, place: Place::Anywhere, inner: None, text: None })
}

/// The members of the record that can hold something. The others cost a look at their keys and no more.
fn top<'a>(record: &Object<'a>) -> impl Iterator<Item = (Role, Value<'a>)> {
    let text = record.text();
    let escaped = record.has_escaped_keys();
    record.members().iter().filter_map(move |member| {
        let name = text.get(member.key_start as usize..member.key_end as usize)?;
        if !escaped && !may_hold(name) {
            return None;
        }
        let value = Value::new(text.get(member.value_start as usize..member.value_end as usize)?);
        let role = if escaped { role(&key::plain(name), Within::Record) } else { role(name, Within::Record) };
        Some((role, value))
    })
}

/// The members of a nested object.
fn within(nested: Nested<'_>) -> impl Iterator<Item = (Role, Value<'_>)> {
    nested.value.members().map(move |(name, value)| (role(&key::plain(name), nested.within), value))
}

#[derive(Debug)]
enum Step<'a> {
    Found(Candidate<'a>),
    /// Another event.
    Settled,
    Nothing,
}

/// An object to look into.
#[derive(Debug, Clone, Copy)]
struct Nested<'a> {
    value: Value<'a>,
    within: Within,
    /// The record that the object is part of, if not the one given.
    record: Option<Value<'a>>,
    depth: u8,
}

impl<'a> Nested<'a> {
    /// The record given.
    const TOP: Self = Self { value: Value::new(b""), within: Within::Record, record: None, depth: 0 };

    /// The record that what stands in this object belongs to. `event` is part of a record to ECS, and one of
    /// its own to those who wrap events.
    fn record_of(&self, place: Option<Place>) -> Option<Value<'a>> {
        match self.within {
            Within::Event if place != Some(Place::EcsCode) => Some(self.value),
            _ => self.record,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Text<'a> {
    value: Value<'a>,
    record: Option<Value<'a>>,
    /// True if its key is `System`, as only Fluent Bit writes it.
    system: bool,
}

impl<'a> Text<'a> {
    fn candidate(&self, found: text_id::Found) -> Option<Candidate<'a>> {
        Some(Candidate {
            change: Some(Change::from_event_id(found.id)?),
            place: Place::Text(found.form, self.system),
            inner: self.record,
            text: Some(self.value),
        })
    }
}

/// The ids in one object, of which the last counts, as everywhere in schtag.
#[derive(Debug, Default)]
struct Ids<'a> {
    seen: Option<(u64, Place)>,
    /// One under the key `Id`, if it is that of a task event.
    last_resort: Option<Candidate<'a>>,
}

impl<'a> Ids<'a> {
    fn see(&mut self, value: Value<'a>, place: Place, object: Nested<'a>) {
        let Some((id, place)) = number(value, place) else {
            return;
        };
        if place == Place::Id {
            self.last_resort = candidate(id, place, object.record_of(Some(place)));
        } else if self.seen.is_none_or(|(_, held)| place.is_windows() || !held.is_windows()) {
            self.seen = Some((id, place));
        }
    }
}

#[derive(Debug, Default)]
struct Search<'a> {
    nested: [Option<Nested<'a>>; NESTED],
    texts: [Option<Text<'a>>; TEXTS],
    /// An id under a key so common that anything else comes first.
    last_resort: Option<Candidate<'a>>,
    /// True if the record seems to be another event, so that its texts are that event's.
    another_event: bool,
}

impl<'a> Search<'a> {
    /// Looks at the members of a nested object, of which the first id counts, so that the rest need not be
    /// walked.
    fn look(&mut self, members: impl Iterator<Item = (Role, Value<'a>)>, object: Nested<'a>) -> Step<'a> {
        let mut ids = Ids::default();
        for (role, value) in members {
            match role {
                Role::None => {}
                Role::Id(place) => {
                    ids.see(value, place, object);
                    if ids.seen.is_some() {
                        break;
                    }
                }
                Role::Nested(within) => self.push(value, within, object),
            }
        }
        self.step(&ids, object)
    }

    /// Returns what the ids of an object say.
    fn step(&mut self, ids: &Ids<'a>, object: Nested<'a>) -> Step<'a> {
        if ids.last_resort.is_some() {
            self.last_resort = ids.last_resort;
        }
        let Some((id, place)) = ids.seen else {
            return Step::Nothing;
        };
        match candidate(id, place, object.record_of(Some(place))) {
            Some(candidate) => Step::Found(candidate),
            None if place.settles() => Step::Settled,
            None => {
                self.another_event = true;
                Step::Nothing
            }
        }
    }

    /// Remembers the texts of a small record, if none has a key that texts have.
    fn take_any_text(&mut self, record: &Object<'a>) {
        if self.texts.iter().all(Option::is_none) {
            // Of a record of other members than these the sieve holds back only some.
            for (_, value) in Value::new(record.text().trim_ascii_start()).members() {
                if value.kind() == Kind::String {
                    self.push(value, Within::Record, Nested::TOP);
                }
            }
        }
    }

    /// Remembers a value to look into.
    fn push(&mut self, value: Value<'a>, within: Within, holder: Nested<'a>) {
        let record = holder.record_of(None);
        match value.kind() {
            Kind::String | Kind::Object if value.kind() == Kind::String || within == Within::Otlp => {
                if let Some(free) = self.texts.iter_mut().find(|text| text.is_none()) {
                    *free = Some(Text { value, record, system: within == Within::System });
                }
            }
            Kind::Object if holder.depth < DEPTH => {
                // What may be a record of its own is one to what stands in it.
                let record = if within == Within::Record { Some(value) } else { record };
                let nested = Nested { value, within, record, depth: holder.depth.saturating_add(1) };
                if let Some(free) = self.nested.iter_mut().find(|nested| nested.is_none()) {
                    *free = Some(nested);
                }
            }
            _ => {}
        }
    }
}

fn candidate(id: u64, place: Place, inner: Option<Value<'_>>) -> Option<Candidate<'_>> {
    Some(Candidate { change: Some(Change::from_event_id(id)?), place, inner, text: None })
}

/// The number that an id member holds: bare, in a string, or wrapped in an object.
fn number(value: Value<'_>, place: Place) -> Option<(u64, Place)> {
    match value.kind() {
        Kind::Number | Kind::String => Some((value.as_u64()?, place)),
        Kind::Object => {
            let place = if place == Place::Snake { Place::Otel } else { place };
            Some((wrapped(value)?.as_u64()?, place))
        }
        Kind::Array => {
            let mut elements = value.as_array()?;
            Some((elements.next().filter(|_| elements.next().is_none())?.as_u64()?, place))
        }
        Kind::Bool | Kind::Null => None,
    }
}
