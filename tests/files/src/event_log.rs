//! Writes small Windows event logs (.evtx), so that tests need none that somebody else wrote.
//!
//! The smallest that is valid: a file header, chunks of 64 KiB, and records in binary XML, each in full or as the values
//! of a template that the first record of a chunk defines, which is how Windows writes them.
//! Source: [MS-EVEN6] 2.2.12 (binary XML), and the description of the file format by the libevtx project
//! (<https://github.com/libyal/libevtx/blob/main/documentation/Windows%20XML%20Event%20Log%20(EVTX).asciidoc>).

#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a failing helper fails its test"
)]

const HEADER_BLOCK: usize = 4096;
const CHUNK: usize = 64 << 10;
const CHUNK_HEADER: usize = 512;
/// Seconds from 1601, where Windows begins to count, to 1970.
const EPOCH: u64 = 11_644_473_600;
const NAMESPACE: &str = "http://schemas.microsoft.com/win/2004/08/events/event";
const PROVIDER: &str = "Microsoft-Windows-Security-Auditing";
const COMPUTER: &str = "ws17.corp.example";
/// The first bytes of a piece of binary XML.
const FRAGMENT: [u8; 4] = [0x0f, 1, 1, 0];

/// Types of values.
const STRING: u8 = 0x01;
const UINT16: u8 = 0x06;
const UINT64: u8 = 0x0a;
const GUID: u8 = 0x0f;
const FILETIME: u8 = 0x11;
const SID: u8 = 0x13;
const HEX64: u8 = 0x15;

/// An event to write.
#[derive(Debug, Clone)]
pub struct Event {
    /// `EventRecordID`.
    pub number: u64,
    /// `EventID`.
    pub id: u32,
    /// When, in Unix seconds.
    pub at: u64,
    /// The members of `EventData`.
    pub data: Vec<(&'static str, String)>,
}

/// A log of chunks with these events, each written in full.
///
/// # Panics
/// When the events of a chunk need more than 64 KiB.
#[must_use]
pub fn file(chunks: &[Vec<Event>]) -> Vec<u8> {
    written(chunks, false)
}

/// A log of chunks with these events as values of a template. Those of one chunk have data of the same names.
///
/// # Panics
/// When the events of a chunk need more than 64 KiB.
#[must_use]
pub fn file_of_templates(chunks: &[Vec<Event>]) -> Vec<u8> {
    written(chunks, true)
}

/// A log as it is when copying was cut short in its last chunk, and without the block that follows the file's header
/// for nothing: for a fuzzer, which should not have to change bytes that mean nothing.
#[must_use]
pub fn shortened(log: &[u8]) -> Vec<u8> {
    let end = log.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1).max(HEADER_BLOCK);
    let mut out = log[..128].to_vec();
    put(&mut out, 40, &128_u16.to_le_bytes());
    out.extend(&log[HEADER_BLOCK..end]);
    out
}

fn written(chunks: &[Vec<Event>], templates: bool) -> Vec<u8> {
    let mut out = vec![0; HEADER_BLOCK];
    let next = chunks.iter().flatten().map(|event| event.number + 1).max().unwrap_or(1);
    put(&mut out, 0, b"ElfFile\0");
    put(&mut out, 16, &(chunks.len().saturating_sub(1) as u64).to_le_bytes());
    put(&mut out, 24, &next.to_le_bytes());
    put(&mut out, 32, &128_u32.to_le_bytes());
    put(&mut out, 36, &[1, 0, 3, 0]);
    put(&mut out, 40, &(HEADER_BLOCK as u16).to_le_bytes());
    put(&mut out, 42, &(chunks.len() as u16).to_le_bytes());
    let crc = crc_32(&[&out[..120]]);
    put(&mut out, 124, &crc.to_le_bytes());
    for events in chunks {
        out.extend(chunk(events, templates));
    }
    out
}

fn chunk(events: &[Event], templates: bool) -> Vec<u8> {
    let mut out = vec![0; CHUNK_HEADER];
    let mut last = CHUNK_HEADER;
    let mut template = None;
    for event in events {
        last = out.len();
        record(&mut out, event, templates.then_some(&mut template));
    }
    let free = out.len();
    assert!(free <= CHUNK, "the events of a chunk need {free} bytes");
    out.resize(CHUNK, 0);
    let first_number = events.first().map_or(0, |event| event.number);
    let last_number = events.last().map_or(0, |event| event.number);
    put(&mut out, 0, b"ElfChnk\0");
    for (at, number) in [(8, first_number), (16, last_number), (24, first_number), (32, last_number)] {
        put(&mut out, at, &number.to_le_bytes());
    }
    put(&mut out, 40, &128_u32.to_le_bytes());
    put(&mut out, 44, &(last as u32).to_le_bytes());
    put(&mut out, 48, &(free as u32).to_le_bytes());
    let crc = crc_32(&[&out[CHUNK_HEADER..free]]);
    put(&mut out, 52, &crc.to_le_bytes());
    let crc = crc_32(&[&out[..120], &out[128..CHUNK_HEADER]]);
    put(&mut out, 124, &crc.to_le_bytes());
    out
}

/// A record, in full or, with a place for the chunk's template, as values for that.
fn record(out: &mut Vec<u8>, event: &Event, template: Option<&mut Option<u32>>) {
    let start = out.len();
    out.extend(b"\x2a\x2a\0\0");
    out.extend([0; 4]);
    out.extend(event.number.to_le_bytes());
    out.extend(filetime(event).to_le_bytes());
    out.extend(FRAGMENT);
    match template {
        None => in_full(out, event),
        Some(template) => instance(out, event, template),
    }
    out.push(0);
    let size = (out.len() - start + 4) as u32;
    put(out, start + 4, &size.to_le_bytes());
    out.extend(size.to_le_bytes());
}

fn filetime(event: &Event) -> u64 {
    (event.at + EPOCH) * 10_000_000
}

fn in_full(out: &mut Vec<u8>, event: &Event) {
    let place = Place::Record;
    element(out, place, "Event", &[("xmlns", Value::Text(NAMESPACE))], |out| {
        element(out, place, "System", &[], |out| {
            element(out, place, "Provider", &[("Name", Value::Text(PROVIDER))], |_| {});
            element(out, place, "EventID", &[], |out| value(out, &event.id.to_string()));
            element(out, place, "EventRecordID", &[], |out| value(out, &event.number.to_string()));
            element(out, place, "Channel", &[], |out| value(out, "Security"));
            element(out, place, "Computer", &[], |out| value(out, COMPUTER));
        });
        element(out, place, "EventData", &[], |out| {
            for (name, text) in &event.data {
                element(out, place, "Data", &[("Name", Value::Text(name))], |out| value(out, text));
            }
        });
    });
}

/// An instance of the chunk's template, which the first one defines.
fn instance(out: &mut Vec<u8>, event: &Event, template: &mut Option<u32>) {
    out.extend([0x0c, 0x01]);
    out.extend(1_u32.to_le_bytes());
    let here = out.len() as u32 + 4;
    out.extend(template.unwrap_or(here).to_le_bytes());
    if template.is_none() {
        *template = Some(here);
        definition(out, event);
    }
    let mut values: Vec<(u8, Vec<u8>)> = vec![
        (UINT16, (event.id as u16).to_le_bytes().to_vec()),
        (FILETIME, filetime(event).to_le_bytes().to_vec()),
        (UINT64, event.number.to_le_bytes().to_vec()),
        (HEX64, 0x8020_0000_0000_0000_u64.to_le_bytes().to_vec()),
        (GUID, (1..=16).collect()),
        (SID, [&[1, 1, 0, 0, 0, 0, 0, 5][..], &18_u32.to_le_bytes()].concat()),
    ];
    values.extend(event.data.iter().map(|(_, text)| (STRING, utf_16(text))));
    out.extend((values.len() as u32).to_le_bytes());
    for (kind, bytes) in &values {
        out.extend((bytes.len() as u16).to_le_bytes());
        out.extend([*kind, 0]);
    }
    values.iter().for_each(|(_, bytes)| out.extend(bytes));
}

fn definition(out: &mut Vec<u8>, event: &Event) {
    out.extend([0; 4]);
    out.extend(17..=32);
    let size_at = out.len();
    out.extend([0; 4]);
    out.extend(FRAGMENT);
    let place = Place::Template;
    element(out, place, "Event", &[("xmlns", Value::Text(NAMESPACE))], |out| {
        element(out, place, "System", &[], |out| {
            let provider = [("Name", Value::Text(PROVIDER)), ("Guid", Value::Given(4, GUID))];
            element(out, place, "Provider", &provider, |_| {});
            element(out, place, "EventID", &[], |out| given(out, 0, UINT16));
            element(out, place, "Keywords", &[], |out| given(out, 3, HEX64));
            element(out, place, "TimeCreated", &[("SystemTime", Value::Given(1, FILETIME))], |_| {});
            element(out, place, "EventRecordID", &[], |out| given(out, 2, UINT64));
            element(out, place, "Channel", &[], |out| value(out, "Security"));
            element(out, place, "Computer", &[], |out| value(out, COMPUTER));
            element(out, place, "Security", &[("UserID", Value::Given(5, SID))], |_| {});
        });
        element(out, place, "EventData", &[], |out| {
            for ((name, _), index) in event.data.iter().zip(6..) {
                element(out, place, "Data", &[("Name", Value::Text(name))], |out| given(out, index, STRING));
            }
        });
    });
    out.push(0);
    let size = (out.len() - size_at - 4) as u32;
    put(out, size_at, &size.to_le_bytes());
}

/// Where an element stands: in a template it says what it depends on.
#[derive(Clone, Copy)]
enum Place {
    Record,
    Template,
}

/// The value of an attribute.
enum Value<'t> {
    Text(&'t str),
    /// The instance's value of that index and type.
    Given(u16, u8),
}

fn element(
    out: &mut Vec<u8>,
    place: Place,
    tag: &str,
    attributes: &[(&str, Value<'_>)],
    content: impl FnOnce(&mut Vec<u8>),
) {
    out.push(if attributes.is_empty() { 0x01 } else { 0x41 });
    if matches!(place, Place::Template) {
        out.extend([0xff; 2]);
    }
    let size_at = out.len();
    out.extend([0; 4]);
    name(out, tag);
    if !attributes.is_empty() {
        let list_at = out.len();
        out.extend([0; 4]);
        for (index, (key, held)) in attributes.iter().enumerate() {
            out.push(if index + 1 == attributes.len() { 0x06 } else { 0x46 });
            name(out, key);
            match held {
                Value::Text(text) => value(out, text),
                Value::Given(index, kind) => given(out, *index, *kind),
            }
        }
        let size = (out.len() - list_at - 4) as u32;
        put(out, list_at, &size.to_le_bytes());
    }
    out.push(0x02);
    content(out);
    out.push(0x04);
    let size = (out.len() - size_at - 4) as u32;
    put(out, size_at, &size.to_le_bytes());
}

/// The instance's value of that index and type, if there is one.
fn given(out: &mut Vec<u8>, index: u16, kind: u8) {
    out.push(0x0e);
    out.extend(index.to_le_bytes());
    out.push(kind);
}

/// A name, written where it is used.
fn name(out: &mut Vec<u8>, text: &str) {
    let place = out.len() as u32 + 4;
    let units: Vec<u16> = text.encode_utf16().collect();
    let hash = units.iter().fold(0_u32, |hash, &unit| hash.wrapping_mul(65_599).wrapping_add(unit.into()));
    out.extend(place.to_le_bytes());
    out.extend([0; 4]);
    out.extend((hash as u16).to_le_bytes());
    out.extend((units.len() as u16).to_le_bytes());
    out.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    out.extend([0; 2]);
}

/// A text in UTF-16.
fn value(out: &mut Vec<u8>, text: &str) {
    let units: Vec<u16> = text.encode_utf16().collect();
    out.extend([0x05, 0x01]);
    out.extend((units.len() as u16).to_le_bytes());
    out.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}

fn crc_32(parts: &[&[u8]]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in parts.iter().copied().flatten() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}
