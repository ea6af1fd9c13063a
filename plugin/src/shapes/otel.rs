//! The OpenTelemetry Collector's `windowseventlogreceiver`. The event data was an array of objects with one
//! name each from late 2023, and is one object by default in 2026; the record is the log body, or has it under
//! `body`. With `raw: true` the body is a string of [Event XML](super::event_xml).
//!
//! ```json
//! {"event_id": {"qualifiers": 0, "id": 4698}, "provider": {"name": "Microsoft-Windows-Security-Auditing"},
//!  "channel": "Security", "computer": "ws17", "event_data": {"data": [{"TaskName": "\\x"}, {"TaskContent": "<?xml …"}]}}
//! ```
//!
//! Old versions parse the message of Security events into `{"message": …, "details": {…}}`, which leaves the
//! event data as it is.
//!
//! Source: <https://github.com/open-telemetry/opentelemetry-collector-contrib>, `pkg/stanza/operator/input/windows`.

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "otel",
    channel: &["channel"],
    provider: &["provider.name", "provider"],
    computer: &["computer"],
    time: &["system_time"],
    data: &["event_data", "event_data.data"],
    message: &["message", "message.message"],
    ..Shape::NONE
};
