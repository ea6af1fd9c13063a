//! Winlogbeat 7 and later, Elastic Agent, Filebeat and Logstash behind them: the Elastic Common Schema, as
//! nested objects or as flat keys with dots. Ids are strings.
//!
//! ```json
//! {"event": {"code": "4698", "provider": "Microsoft-Windows-Security-Auditing"}, "host": {"name": "ws17"},
//!  "winlog": {"channel": "Security", "event_id": "4698", "computer_name": "ws17",
//!             "event_data": {"SubjectUserName": "alice", "TaskName": "\\x", "TaskContent": "<?xml …"}}, "message": "…"}
//! {"winlog.event_id": "4698", "winlog.event_data.TaskName": "\\x"}
//! ```
//!
//! Where the publisher's names cannot be had, the event data is `param1` to `param11`, in the manifest's order.
//!
//! Winlogbeat 5 and 6 had the same members at the top. HarfangLab's agent has them too, with `@event_create_date` for the
//! time of the event (<https://github.com/SEKOIA-IO/intake-formats>, `HarfangLab/harfanglab/tests/wineventlog.json`).
//!
//! ```json
//! {"event_id": 4698, "log_name": "Security", "computer_name": "ws17", "event_data": {"TaskName": "\\x"}}
//! ```
//!
//! Source: <https://www.elastic.co/guide/en/beats/winlogbeat/current/exported-fields-winlog.html>.

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "winlogbeat",
    channel: &["winlog.channel"],
    provider: &["winlog.provider_name", "event.provider"],
    computer: &["winlog.computer_name", "host.name", "host.hostname"],
    time: &["winlog.time_created", "@timestamp", "event.created"],
    data: &["winlog.event_data", "event.original", "winlog.user_data"],
    message: &["message"],
    ..Shape::NONE
};

/// Winlogbeat 5 and 6.
pub(super) static LEGACY: Shape = Shape {
    name: "winlogbeat6",
    channel: &["log_name"],
    provider: &["source_name"],
    computer: &["computer_name", "host.name"],
    time: &["@event_create_date", "@timestamp"],
    data: &["event_data", "user_data", "xml"],
    message: &["message"],
    ..Shape::NONE
};
