//! Graylog's Beats input: Winlogbeat's fields flattened with underscores behind the name of the beat, a prefix
//! that can be switched off. (GELF made by NXLog is [`flat`](super::flat).)
//!
//! ```json
//! {"winlogbeat_winlog_event_id": "4698", "winlogbeat_winlog_channel": "Security", "source": "ws17",
//!  "winlogbeat_winlog_event_data_TaskName": "\\x", "winlogbeat_winlog_event_data_TaskContent": "<?xml …"}
//! ```
//!
//! Source: <https://go2docs.graylog.org/current/getting_in_log_data/beats_kafka_input.html>.

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "graylog",
    channel: &["winlogbeat.winlog.channel", "filebeat.winlog.channel", "winlogbeat.log_name"],
    provider: &[
        "winlogbeat.winlog.provider_name",
        "filebeat.winlog.provider_name",
        "winlogbeat.event.provider",
        "winlogbeat.source_name",
    ],
    computer: &[
        "winlogbeat.winlog.computer_name",
        "filebeat.winlog.computer_name",
        "winlogbeat.computer_name",
        "source",
    ],
    time: &["winlogbeat.@timestamp", "timestamp"],
    data: &["winlogbeat.winlog.event_data", "filebeat.winlog.event_data", "winlogbeat.event_data"],
    message: &["message", "full_message"],
    ..Shape::NONE
};
