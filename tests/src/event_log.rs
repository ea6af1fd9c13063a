//! Writes small Windows event logs (.evtx), so that tests need none that somebody else wrote.
//!
//! The smallest that is valid: a file header, chunks of 64 KiB, and records in binary XML without templates.
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

/// A log of chunks with these events.
///
/// # Panics
/// When the events of a chunk need more than 64 KiB.
#[must_use]
pub fn file(chunks: &[Vec<Event>]) -> Vec<u8> {
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
        out.extend(chunk(events));
    }
    out
}

fn chunk(events: &[Event]) -> Vec<u8> {
    let mut out = vec![0; CHUNK_HEADER];
    let mut last = CHUNK_HEADER;
    for event in events {
        last = out.len();
        record(&mut out, event);
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

fn record(out: &mut Vec<u8>, event: &Event) {
    let start = out.len();
    out.extend(b"\x2a\x2a\0\0");
    out.extend([0; 4]);
    out.extend(event.number.to_le_bytes());
    out.extend(((event.at + EPOCH) * 10_000_000).to_le_bytes());
    out.extend([0x0f, 1, 1, 0]);
    element(out, "Event", &[("xmlns", "http://schemas.microsoft.com/win/2004/08/events/event")], |out| {
        element(out, "System", &[], |out| {
            element(out, "Provider", &[("Name", "Microsoft-Windows-Security-Auditing")], |_| {});
            element(out, "EventID", &[], |out| value(out, &event.id.to_string()));
            element(out, "EventRecordID", &[], |out| value(out, &event.number.to_string()));
            element(out, "Channel", &[], |out| value(out, "Security"));
            element(out, "Computer", &[], |out| value(out, "ws17.corp.example"));
        });
        element(out, "EventData", &[], |out| {
            for (name, text) in &event.data {
                element(out, "Data", &[("Name", name)], |out| value(out, text));
            }
        });
    });
    out.push(0);
    let size = (out.len() - start + 4) as u32;
    put(out, start + 4, &size.to_le_bytes());
    out.extend(size.to_le_bytes());
}

fn element(out: &mut Vec<u8>, tag: &str, attributes: &[(&str, &str)], content: impl FnOnce(&mut Vec<u8>)) {
    out.push(if attributes.is_empty() { 0x01 } else { 0x41 });
    let size_at = out.len();
    out.extend([0; 4]);
    name(out, tag);
    if !attributes.is_empty() {
        let list_at = out.len();
        out.extend([0; 4]);
        for (index, (key, text)) in attributes.iter().enumerate() {
            out.push(if index + 1 == attributes.len() { 0x06 } else { 0x46 });
            name(out, key);
            value(out, text);
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
