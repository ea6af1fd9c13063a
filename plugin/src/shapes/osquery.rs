//! osquery's tables `windows_events` and `windows_eventlog`: a row stands in `columns`, or in the list `snapshot`; the event
//! data is JSON in a text.
//!
//! The table has the envelope; [`find`](super::find) reads the event data by its names.
//!
//! ```json
//! {"name": "pack/windows_events", "hostIdentifier": "ws17", "columns": {"eventid": "4698", "source": "Security", "computer_name": "ws17",
//!  "provider_name": "Microsoft-Windows-Security-Auditing", "provider_guid": "{…}", "datetime": "2026-03-01T09:22:33Z",
//!  "data": "{\"EventData\":{\"TaskName\":\"\\\\x\", …}}"}, "action": "added"}
//! ```
//!
//! Source: <https://github.com/osquery/osquery>, `specs/windows/windows_events.table`.

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "osquery",
    channel: &["source", "channel"],
    provider: &["provider_name"],
    computer: &["computer_name"],
    time: &["datetime", "time"],
    ..Shape::NONE
};
