//! Lines of `Key=Value` that end with the message: Splunk's classic rendering and Fluent Bit's
//! `render_event_as_text`. Their documentation is in [`splunk`](super::splunk) and
//! [`winevtlog`](super::winevtlog).

use std::borrow::Cow;

use super::message;
use super::partial_event::{PartialEvent, Rank, Slot};

/// The most lines that are searched for the one that begins the message.
const LINES: usize = 64;

/// Reads the fields of the lines. The message is read for what nothing else has, so it is read last:
/// [`message_of`].
pub(super) fn read(reading: &mut PartialEvent<'_, '_>, text: &str, rank: Rank) {
    let text = message::granted(text, reading.work);
    for line in text.split('\n').take(LINES) {
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let slot = match name.trim() {
            "Channel" | "LogName" => Slot::Channel,
            "ProviderName" | "SourceName" => Slot::Provider,
            "Computer" | "ComputerName" => Slot::Computer,
            "TimeCreated" => Slot::Time,
            "Message" => return,
            _ => continue,
        };
        reading.set(slot, rank, Cow::Owned(value.trim().to_owned()));
    }
}

/// Reads the message after the lines.
pub(super) fn read_message(reading: &mut PartialEvent<'_, '_>, text: &str) {
    let text = message::granted(text, reading.work);
    if let Some((_, message)) = text.split_once("Message=") {
        message::read(reading, message);
    }
}
