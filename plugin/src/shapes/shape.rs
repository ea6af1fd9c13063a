//! Defines a shape: the places where a shipper puts each part of an event.

use std::borrow::Cow;

use super::partial_event::{PartialEvent, Rank, Slot};
use super::walk::{find, looking_at_keys, string, text};
use super::{event_xml, key, message};
use crate::json::{Kind, Object, Value};

/// Where a shipper puts each part of an event. Every list holds paths as [`find`] reads them, the best first;
/// `""` is the record itself.
#[derive(Debug)]
pub(super) struct Shape {
    /// The shape's name in [`crate::event::TaskEvent::shape`].
    pub(super) name: &'static str,
    pub(super) channel: &'static [&'static str],
    pub(super) provider: &'static [&'static str],
    /// True if that is the provider's display name, in the machine's language.
    pub(super) displays_provider: bool,
    pub(super) computer: &'static [&'static str],
    pub(super) time: &'static [&'static str],
    /// The event data: an object of names, an array (of objects with one name each, of name and value pairs,
    /// or of values in the manifest's order), or a string of XML.
    pub(super) data: &'static [&'static str],
    /// The rendered message.
    pub(super) message: &'static [&'static str],
    /// True if values are XML-escaped, names included, even where no content shows it.
    pub(super) escapes: bool,
}

/// The most elements of an array of event data that are read; the events have eleven.
const ELEMENTS: usize = 64;

/// Units of work for a member whose key may be a name of event data.
const NAMED: usize = 150;
/// Units of work for a byte of event data, which is stepped over several times.
const LISTED: usize = 40;

/// The ranks of two paths of a list are so far apart that preferring one name of the content over the other
/// within a source never reaches the next.
const STEP: Rank = 2;

impl Shape {
    /// [`Self::NONE`], to refer to.
    pub(super) const NOWHERE: &'static Self = &Self::NONE;

    /// A shape that keeps nothing anywhere.
    pub(super) const NONE: Self = Self {
        name: "",
        channel: &[],
        provider: &[],
        displays_provider: false,
        computer: &[],
        time: &[],
        data: &[],
        message: &[],
        escapes: false,
    };

    /// Takes from a record what this shape keeps in its members.
    pub(super) fn read<'a>(&self, reading: &mut PartialEvent<'a, '_>, record: &Object<'a>) {
        for (slot, paths) in [
            (Slot::Channel, self.channel),
            (Slot::Provider, self.provider),
            (Slot::Computer, self.computer),
            (Slot::Time, self.time),
        ] {
            first(reading, record, slot, paths);
        }
        let mut rank = Rank::MAX;
        for path in self.data {
            rank = rank.saturating_sub(STEP);
            read_data(reading, record, path, rank);
        }
    }

    /// Takes from the rendered message what the rest of the record did not have.
    pub(super) fn read_message(&self, reading: &mut PartialEvent<'_, '_>, record: &Object<'_>) {
        for path in self.message {
            if !wants_message(reading) {
                return;
            }
            let work = reading.work;
            let message = find(record, path, work).filter(|value| value.kind() == Kind::String);
            if let Some(text) = message.and_then(|value| text(value, work)) {
                message::read(reading, &text);
            }
        }
    }
}

/// Returns whether the message could still add something that matters.
pub(super) fn wants_message(reading: &mut PartialEvent<'_, '_>) -> bool {
    let content = reading.has(Slot::Content) || !reading.event.change.has_content();
    !(content && reading.has(Slot::TaskName) && reading.has(Slot::User))
}

/// Takes a field from the first path that has it.
fn first<'a>(reading: &mut PartialEvent<'a, '_>, record: &Object<'a>, slot: Slot, paths: &[&str]) {
    for path in paths {
        if reading.has(slot) {
            return;
        }
        let work = reading.work;
        if let Some(text) = find(record, path, work).and_then(|value| text(value, work)) {
            reading.set(slot, Rank::MAX, text);
        }
    }
}

fn read_data<'a>(reading: &mut PartialEvent<'a, '_>, record: &Object<'a>, path: &str, rank: Rank) {
    let work = reading.work;
    if path.is_empty() {
        if !work.spend(looking_at_keys(record).saturating_add(record.members().len().saturating_mul(NAMED))) {
            return;
        }
        for (name, value) in record.iter() {
            let name = key::plain(name);
            // Beside the event, `task_name` may be its category.
            let sure = name.as_ref() == b"TaskName" || Slot::named(&name) != Some(Slot::TaskName);
            reading
                .set_named(&name, rank, || text(value, work).filter(|text| sure || text.starts_with('\\')));
        }
        return;
    }
    let Some(value) = find(record, path, work) else {
        if !work.spend(looking_at_keys(record).saturating_add(record.members().len().saturating_mul(NAMED))) {
            return;
        }
        for (name, value) in record.iter() {
            if key::may_spell(name, path.as_bytes())
                && let Some(name) = key::after(&key::plain(name), path.as_bytes())
            {
                reading.set_named(name, rank, || text(value, work));
            }
        }
        return;
    };
    if matches!(value.kind(), Kind::Object | Kind::Array) && !work.walk(value.bytes().len(), LISTED) {
        return;
    }
    match value.kind() {
        Kind::Object => {
            for (name, value) in value.members() {
                reading.set_named(&key::plain(name), rank, || text(value, work));
                // OpenTelemetry, and converters of XML: `{"data": [{"TaskName": …}, …]}`.
                if value.kind() == Kind::Array && key::same(name, b"data") {
                    read_list(reading, value, rank);
                }
            }
        }
        Kind::Array => read_list(reading, value, rank),
        Kind::String => {
            if let Some(xml) = string(value, work) {
                event_xml::read(reading, &xml, rank);
            }
        }
        _ => {}
    }
}

fn read_list<'a>(reading: &mut PartialEvent<'a, '_>, list: Value<'a>, rank: Rank) {
    let work = reading.work;
    let Some(elements) = list.as_array() else {
        return;
    };
    for (position, element) in elements.take(ELEMENTS).enumerate() {
        if let Some((name, value)) = pair(element) {
            reading.set_named(name.as_bytes(), rank, || text(value, work));
        } else if !single_names(reading, element, rank)
            && let (Some(slot), Some(text)) = (Slot::at(position), text(element, work))
        {
            reading.set(slot, rank, text);
        }
    }
}

/// The name and value of `{"@Name": "TaskName", "#text": …}` and its relatives.
fn pair(element: Value<'_>) -> Option<(Cow<'_, str>, Value<'_>)> {
    let mut name = None;
    let mut value = None;
    for (key, inner) in element.members().take(8) {
        if key::same(key, b"name") || key::same(key, b"key") {
            name = inner.as_str();
        } else if key::same(key, b"attributes") {
            name =
                inner.members().find(|(key, _)| key::same(key, b"name")).and_then(|(_, name)| name.as_str());
        } else if ["text", "value", "content"].iter().any(|word| key::same(key, word.as_bytes())) {
            value = Some(inner);
        }
    }
    Some((name?, value?))
}

/// Returns whether an element is an object that has event data under its own names; takes it.
fn single_names<'a>(reading: &mut PartialEvent<'a, '_>, element: Value<'a>, rank: Rank) -> bool {
    let work = reading.work;
    let mut found = false;
    for (name, value) in element.members().take(ELEMENTS) {
        found |= Slot::named(name).is_some();
        reading.set_named(name, rank, || text(value, work));
    }
    found
}
