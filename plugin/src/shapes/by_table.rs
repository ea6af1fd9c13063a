//! Reads the event of a record by the table of its shape.

use std::borrow::Cow;

use memchr::memmem;

use super::beside::Beside;
use super::id::{Candidate, change};
use super::partial_event::{PartialEvent, Rank, Slot};
use super::place::Place;
use super::shape::Shape;
use super::text_id::Form;
use super::{
    azure, cef, content, event_xml, evtx, evtxecmd, flat, get_winevent, graylog, hayabusa, key, key_value,
    osquery, otel, otlp, raw_xml, sekoia, shape, snare, splunk, vector, walk, wazuh, winevtlog, winlog,
    winlogbeat,
};
use crate::event::{Note, TaskEvent};
use crate::json::{Kind, Object, Scanner, Value};
use crate::work::Work;

/// The outcome of reading a record by its shape.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for one step, and a box would be an allocation for each event"
)]
pub(super) enum Read<'a> {
    Event(TaskEvent<'a>),
    /// It says that it is an event of another log or provider.
    Denied,
    /// Nothing shows that it is an event of ours.
    Unclear,
}

impl<'a> Read<'a> {
    fn into_owned(self) -> Read<'static> {
        match self {
            Self::Event(event) => Read::Event(event.into_owned()),
            Self::Denied => Read::Denied,
            Self::Unclear => Read::Unclear,
        }
    }

    /// The event that something is, where it was too large to be read.
    fn or_unread(self, candidate: Candidate<'a>, value: Value<'a>, work: &Work) -> Self {
        match self {
            Self::Unclear => unread(candidate, value, work),
            read => read,
        }
    }
}

/// Reads a record by the table of its shape.
pub(super) fn read_within<'a>(object: &Object<'a>, candidate: Candidate<'a>, work: &Work) -> Read<'a> {
    let Some(change) = candidate.change else { return Read::Unclear };
    match (candidate.place, candidate.text) {
        (Place::Text(Form::Json, _), Some(text)) => {
            let read = walk::string(text, work).map_or(Read::Unclear, |text| read_json(&text, work));
            return read.or_unread(candidate, text, work);
        }
        (Place::Text(Form::Otlp, _), Some(text)) => {
            return read_otlp(text, work).or_unread(candidate, text, work);
        }
        _ => {}
    }
    let inner;
    let record = match candidate.inner {
        Some(value) => match walk::object_of(value, work) {
            Some(object) => {
                inner = object;
                &inner
            }
            None => return unread(candidate, value, work),
        },
        None => object,
    };
    let shape = shape_of(candidate.place, record, work);
    let mut reading = PartialEvent::new(change, shape.name, work);
    let text = candidate.text.and_then(|text| walk::string(text, work));
    if let (Place::Text(form, _), Some(text)) = (candidate.place, text.as_deref()) {
        read_text(&mut reading, form, text);
    }
    shape.read(&mut reading, record);
    if candidate.inner.is_some() && !reading.has(Slot::Computer) {
        // Splunk's HEC and the like name the host beside the event that they wrap.
        let host = walk::find(object, "host.name", work).or_else(|| walk::find(object, "host", work));
        let host = host.and_then(|host| walk::text(host, work));
        reading.set(Slot::Computer, Rank::MIN, host.unwrap_or(Cow::Borrowed("")));
    }
    if !is_security(&reading.event, shape) {
        return Read::Denied;
    }
    if let (Place::Text(form, _), Some(text)) = (candidate.place, text.as_deref()) {
        read_text_message(&mut reading, form, text);
    }
    shape.read_message(&mut reading, record);
    let event = reading.finish(shape.escapes);
    if candidate.place.is_windows() || is_proven(&event) { Read::Event(event) } else { Read::Unclear }
}

/// Returns whether something in the event besides its number shows that it is one of ours.
fn is_proven(event: &TaskEvent<'_>) -> bool {
    event.channel.is_some()
        || event.provider.is_some()
        || event.task_name.as_deref().is_some_and(|name| name.starts_with('\\'))
        || event.content.as_deref().is_some_and(|text| text.contains("<Task"))
}

/// Says that the record's members were not all read.
pub(super) const UNREAD: Note = Note::WorkSpent { unread: "record" };
/// Units of work for a byte of a record in a text: it is scanned and searched anew.
const TEXT_BYTE: usize = 40;
/// Units of work for a byte of an OTLP list, each level of which is stepped over.
const OTLP_BYTE: usize = 150;

/// The event of a record that arrives as the text of another, unparsed. Such text in such text is not read.
fn read_json(text: &str, work: &Work) -> Read<'static> {
    if !work.walk(text.len(), TEXT_BYTE) {
        return Read::Unclear;
    }
    let mut scanner = Scanner::default();
    let Ok(object) = scanner.scan(text.as_bytes()) else { return Read::Unclear };
    match change(&object) {
        None | Some(Candidate { place: Place::Text(Form::Json, _), .. }) => Read::Unclear,
        Some(Candidate { place: Place::Text(Form::Otlp, _), text: Some(list), .. }) => read_otlp(list, work),
        Some(candidate) => read_within(&object, candidate, work).into_owned(),
    }
}

/// The event of a record that says the type of each value. Such a list in such a list is not read.
fn read_otlp(list: Value<'_>, work: &Work) -> Read<'static> {
    if !work.walk(list.bytes().len(), OTLP_BYTE) {
        return Read::Unclear;
    }
    let Some(text) = otlp::plain(list) else { return Read::Unclear };
    let mut scanner = Scanner::default();
    let Ok(object) = scanner.scan(text.as_bytes()) else { return Read::Unclear };
    match change(&object) {
        None | Some(Candidate { place: Place::Text(Form::Json | Form::Otlp, _), .. }) => Read::Unclear,
        Some(candidate) => read_within(&object, candidate, work).into_owned(),
    }
}

/// The event of a record that is too large to be read, where something in it shows that it is one: all that is known is
/// that it was there.
fn unread<'a>(candidate: Candidate<'a>, value: Value<'a>, work: &Work) -> Read<'a> {
    let shows = |word: &[u8]| memmem::find(value.bytes(), word).is_some();
    let is_too_large = work.is_spent() || value.bytes().len() > walk::STRING;
    let is_ours =
        is_too_large && [&b"Security-Auditing"[..], b"TaskContent", b"<Task"].into_iter().any(shows);
    match candidate.change {
        Some(change) if is_ours => {
            let mut event = TaskEvent::new(change, Shape::NOWHERE.name);
            event.notes.extend([Note::NameMissing, UNREAD]);
            Read::Event(event)
        }
        _ => Read::Unclear,
    }
}

/// The shape of a record, by where its id stands and what stands beside it.
fn shape_of(place: Place, record: &Object<'_>, work: &Work) -> &'static Shape {
    let beside = Beside::of(record, work);
    let has = |name: &str| beside.kind(name).is_some();
    match place {
        Place::EventId if has("StringInserts") && has("ComputerName") => &winlog::SHAPE,
        Place::EventId if has("ProviderName") && (has("StringInserts") || has("EventData")) => {
            &winevtlog::SHAPE
        }
        Place::EventId if beside.is_azure() => &azure::SHAPE,
        Place::EventId if has("SourceModuleType") || has("SourceModuleName") => &flat::NXLOG,
        Place::EventId if has("RuleTitle") => &hayabusa::SHAPE,
        Place::EventId if beside.kind("Payload") == Some(Kind::String) => &evtxecmd::SHAPE,
        Place::EventId if has("provider_guid") && beside.kind("data") == Some(Kind::String) => {
            &osquery::SHAPE
        }
        Place::EventId => &flat::SHAPE,
        Place::System => &evtx::SHAPE,
        Place::EcsCode if beside.kind("action") == Some(Kind::Object) => &sekoia::SHAPE,
        Place::Winlog | Place::EcsCode => &winlogbeat::SHAPE,
        Place::Win => &wazuh::SHAPE,
        Place::Graylog => &graylog::SHAPE,
        Place::Snake if has("log_name") || has("beat") => &winlogbeat::LEGACY,
        Place::Snake => &vector::SHAPE,
        Place::Otel => &otel::SHAPE,
        Place::EventCode | Place::Text(Form::EventCodeLine, _) => &splunk::SHAPE,
        Place::Id => &get_winevent::SHAPE,
        Place::Text(Form::Xml, true) => &winevtlog::XML,
        Place::Text(Form::Xml, false) => &raw_xml::SHAPE,
        Place::Text(Form::EventIdLine, _) => &winevtlog::TEXT,
        Place::Text(Form::Snare, _) => &snare::SHAPE,
        Place::Text(Form::Cef, _) => &cef::SHAPE,
        Place::Anywhere | Place::Text(Form::Json | Form::Otlp, _) => Shape::NOWHERE,
    }
}

/// Reads the fields that a text has.
fn read_text(reading: &mut PartialEvent<'_, '_>, form: Form, text: &str) {
    match form {
        Form::Xml if content::is_escaped(text) => {
            let plain = content::resolved(text, reading.work);
            event_xml::read(reading, &plain, Rank::MAX);
        }
        Form::Xml => event_xml::read(reading, text, Rank::MAX),
        Form::EventIdLine | Form::EventCodeLine => key_value::read(reading, text, Rank::MAX),
        Form::Snare => snare::read(reading, text, Rank::MAX),
        Form::Cef => cef::read(reading, text, Rank::MAX),
        Form::Json | Form::Otlp => {}
    }
}

/// Reads the message that a text has, for what nothing else said.
fn read_text_message(reading: &mut PartialEvent<'_, '_>, form: Form, text: &str) {
    if !shape::wants_message(reading) {
        return;
    }
    match form {
        Form::Xml | Form::Json | Form::Otlp => {}
        Form::EventIdLine | Form::EventCodeLine => key_value::read_message(reading, text),
        Form::Snare => snare::read_message(reading, text),
        Form::Cef => cef::read_message(reading, text),
    }
}

/// Returns whether what the record says of its channel and provider, if anything, is right.
fn is_security(event: &TaskEvent<'_>, shape: &Shape) -> bool {
    let channel = event.channel.as_deref();
    channel.is_none_or(is_security_channel)
        && event.provider.as_deref().is_none_or(|provider| {
            // A display name is in the machine's language; a name has no blanks.
            let displayed = shape.displays_provider && provider.contains(' ') && channel.is_some();
            displayed || is_auditing_provider(provider)
        })
}

/// `Security`, also as `WinEventLog:Security` or as Hayabusa's `Sec`, or the log that collects forwarded events.
pub(super) fn is_security_channel(channel: &str) -> bool {
    let channel = channel.trim();
    let name = channel.rsplit(':').next().unwrap_or(channel);
    ["Security", "Sec", "ForwardedEvents"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// `Microsoft-Windows-Security-Auditing`, also by its display name `Microsoft Windows security auditing.`, by
/// its GUID, as the `Security` of the classic API, or as Hayabusa's `Sec`.
pub(super) fn is_auditing_provider(provider: &str) -> bool {
    let provider = provider.trim().trim_matches(['{', '}', '.']);
    key::same(provider.as_bytes(), b"MicrosoftWindowsSecurityAuditing")
        || key::same(provider.as_bytes(), b"54849625-5478-4994-A5BA-3E3B0328C30D")
        || ["Security", "Sec"].iter().any(|known| provider.eq_ignore_ascii_case(known))
}
