//! Fluent Bit's `in_winevtlog` (`plugins/in_winevtlog/pack.c`), in each of its four forms.
//!
//! By default the event data has no names: version 0 of the events has six inserts and version 1 eleven,
//! numbers as numbers.
//!
//! ```json
//! {"ProviderName": "Microsoft-Windows-Security-Auditing", "EventID": 4698, "Version": 1, "Channel": "Security",
//!  "Computer": "ws17", "Message": "…", "StringInserts": ["S-1-5-18", "alice", "CORP", "0x3144c", "\\x", "<?xml …", 225179]}
//! ```
//!
//! `event_data_as_map true` adds `EventData`, an object. `render_event_as_xml true` puts the whole Event XML,
//! not only its System part, in `System`. `render_event_as_text true` puts lines in `log`, or in the key that
//! `render_event_text_key` names; the message is the last of them.
//!
//! ```json
//! {"System": "<Event xmlns=…><System>…<EventID>4698</EventID>…</Event>", "Message": "…", "StringInserts": […]}
//! {"log": "ProviderName=Microsoft-Windows-Security-Auditing\nEventID=4698\nChannel=Security\n…Message=…", "StringInserts": […]}
//! ```

use super::shape::Shape;

/// The default form, with or without `EventData`.
pub(super) static SHAPE: Shape = Shape {
    name: "winevtlog",
    channel: &["Channel"],
    provider: &["ProviderName"],
    computer: &["Computer"],
    time: &["TimeCreated"],
    data: &["EventData", "StringInserts"],
    message: &["Message"],
    ..Shape::NONE
};

/// `render_event_as_xml`: what the XML lacks stands beside it.
pub(super) static XML: Shape = Shape { name: "winevtlog_xml", ..SHAPE_OF_REST };

/// `render_event_as_text`: names and times are in the lines.
pub(super) static TEXT: Shape = Shape { name: "winevtlog_text", ..SHAPE_OF_REST };

const SHAPE_OF_REST: Shape =
    Shape { data: &["EventData", "StringInserts"], message: &["Message"], ..Shape::NONE };
