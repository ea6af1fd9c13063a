//! Snare agents (syslog): fields between tabs after `MSWinEventLog`. Tabs within the message become blanks;
//! relays write a tab as `#011`.
//!
//! ```text
//! <13>Mar  1 10:22:33 ws17 MSWinEventLog⇥1⇥Security⇥123⇥Sun Mar 01 10:22:33 2026⇥4698⇥Microsoft-Windows-Security-Auditing⇥
//! CORP\alice⇥N/A⇥Success Audit⇥ws17⇥Other Object Access Events⇥⇥A scheduled task was created.    Subject: …⇥456
//! ```
//!
//! Source: Snare's "Snare for Windows Agent guide", appendix "Event output format".

use std::borrow::Cow;

use super::message;
use super::partial_event::{PartialEvent, Rank, Slot};
use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape { name: "snare", computer: &["hostname", "host"], ..Shape::NONE };

/// The text that every line of Snare has.
pub(super) const MARK: &str = "MSWinEventLog";

/// The fields, from the mark on, by their index.
const CHANNEL: usize = 2;
const TIME: usize = 4;
/// The index of the event id.
pub(super) const EVENT_ID: usize = 5;
const PROVIDER: usize = 6;
const COMPUTER: usize = 10;
const MESSAGE: usize = 13;

/// Reads the fields before the message.
pub(super) fn read(reading: &mut PartialEvent<'_, '_>, text: &str, rank: Rank) {
    let text = message::granted(text, reading.work);
    for (slot, index) in
        [(Slot::Channel, CHANNEL), (Slot::Time, TIME), (Slot::Provider, PROVIDER), (Slot::Computer, COMPUTER)]
    {
        if let Some(value) = fields(text).nth(index) {
            reading.set(slot, rank, Cow::Owned(value.trim().to_owned()));
        }
    }
}

/// Reads the message.
pub(super) fn read_message(reading: &mut PartialEvent<'_, '_>, text: &str) {
    let text = message::granted(text, reading.work);
    // A message in which a relay left tabs is several fields.
    let mut message = String::new();
    for field in fields(text).skip(MESSAGE) {
        message.push_str(field);
        message.push('\t');
    }
    message::read(reading, &message);
}

fn fields(text: &str) -> impl Iterator<Item = &str> {
    let line = text.find(MARK).and_then(|at| text.get(at..)).unwrap_or_default();
    line.split('\t').flat_map(|field| field.split("#011"))
}
