//! EvtxECmd's JSON (`--json`): the event data is JSON in a text, its values XML-escaped, line ends replaced by `, `. Its XML
//! (`--xml`) is [`event_xml`](super::event_xml), with the content escaped once more.
//!
//! The table has the envelope; [`find`](super::find) reads the event data by its names.
//!
//! ```json
//! {"EventId": 4698, "Channel": "Security", "Provider": "Microsoft-Windows-Security-Auditing", "Computer": "ws17",
//!  "TimeCreated": "2026-03-01T09:22:33.123+00:00", "Payload": "{\"EventData\":{\"Data\":[{\"@Name\":\"TaskName\",\"#text\":\"\\\\x\"}, …]}}"}
//! ```
//!
//! Source: <https://github.com/EricZimmerman/evtx>, `evtx/Maps/Security_Microsoft-Windows-Security-Auditing_4698.map`.

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "evtxecmd",
    channel: &["Channel"],
    provider: &["Provider"],
    computer: &["Computer"],
    time: &["TimeCreated"],
    escapes: true,
    ..Shape::NONE
};
