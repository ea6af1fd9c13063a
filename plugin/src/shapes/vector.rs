//! Vector's `windows_event_log` source, and other records that spell the same fields in small letters.
//!
//! ```json
//! {"event_id": 4698, "channel": "Security", "provider_name": "Microsoft-Windows-Security-Auditing", "computer": "ws17",
//!  "task_name": "Other Object Access Events", "event_data": {"TaskName": "\\x", "TaskContent": "<?xml …"}}
//! ```
//!
//! The `task_name` at the top is the category of the event and is never looked at. `include_xml` adds `xml`,
//! cut at 32,768 bytes; `max_event_data_length` cuts values; both leave `...[truncated]`.
//!
//! Source: <https://vector.dev/docs/reference/configuration/sources/windows_event_log/>.

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "vector",
    channel: &["channel"],
    provider: &["provider_name", "provider.name", "provider", "source_name"],
    computer: &["computer", "computer_name", "hostname", "host.name", "host"],
    time: &["timestamp", "time_created", "@timestamp"],
    data: &["event_data", "string_inserts", "xml"],
    message: &["message"],
    ..Shape::NONE
};
