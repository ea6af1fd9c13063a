//! Splunk's classic rendering of Windows events (`WinEventLog:Security`): lines of `Key=Value`, then the
//! message. (XmlWinEventLog is [`event_xml`](super::event_xml).) Read also where the fields were extracted.
//!
//! ```text
//! 03/01/2026 10:22:33 AM
//! LogName=Security
//! EventCode=4698
//! ComputerName=ws17
//! SourceName=Microsoft Windows security auditing.
//! Message=A scheduled task was created.
//! ```
//!
//! ```json
//! {"EventCode": "4698", "LogName": "Security", "ComputerName": "ws17", "Task_Name": "\\x", "Task_Content": "<?xml …"}
//! ```
//!
//! The message is in the machine's language, and so is the source's name. `Account_Name` can have several values and is not used; the
//! message has the same words.
//!
//! Source: <https://docs.splunk.com/Documentation/Splunk/latest/Data/MonitorWindowseventlogdata>.

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "splunk",
    channel: &["LogName", "Channel"],
    provider: &["SourceName"],
    displays_provider: true,
    computer: &["ComputerName", "dvc", "host.name", "host"],
    time: &["_time", "time"],
    data: &["", "EventData_Xml"],
    message: &["Message", "_raw"],
    ..Shape::NONE
};
