//! Flat records under Windows' own field names: NXLog's `im_msvistalog` with `to_json`, GELF made of it
//! (`_EventID`, `_TaskName`, `full_message`), Security Datasets, HELK, Microsoft's and home-made exporters.
//!
//! ```json
//! {"EventID": 4698, "Channel": "Security", "SourceName": "Microsoft-Windows-Security-Auditing",
//!  "Hostname": "ws17", "SubjectUserName": "alice", "TaskName": "\\x", "TaskContent": "&lt;?xml …"}
//! ```
//!
//! NXLog XML-escapes values and drops a key whose value is empty; others do neither.
//!
//! A top-level `task_name` can be the category of the event (Vector), so a record with `event_id` in small
//! letters is [`vector`](super::vector)'s affair, not this shape's.
//!
//! Source: <https://docs.nxlog.co/refman/current/im/msvistalog.html>.

use super::shape::Shape;

/// Any flat record but NXLog's.
pub(super) static SHAPE: Shape = FLAT;

/// NXLog escapes names even where there is no content to show it.
pub(super) static NXLOG: Shape = Shape { name: "nxlog", escapes: true, ..FLAT };

const FLAT: Shape = Shape {
    name: "flat",
    channel: &["Channel", "LogName", "EventLog"],
    provider: &["SourceName", "ProviderName", "Provider.Name", "Provider"],
    computer: &["Computer", "ComputerName", "Hostname", "MachineName", "host.name", "host", "source"],
    time: &["EventTime", "TimeCreated.SystemTime", "TimeCreated", "TimeGenerated", "UtcTime", "@timestamp"],
    data: &["", "EventData", "StringInserts", "EventXml", "EventData_Xml"],
    message: &["Message", "full_message", "log"],
    ..Shape::NONE
};
