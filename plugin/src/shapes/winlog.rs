//! Fluent Bit's `in_winlog` (`plugins/in_winlog/pack.c`), which reads the classic event log API. Inserts are
//! strings; `Message` is often empty for the Security log.
//!
//! ```json
//! {"RecordNumber": 918273, "TimeGenerated": "2026-03-01 10:22:33 +0100", "EventID": 4698, "Channel": "Security",
//!  "SourceName": "Microsoft-Windows-Security-Auditing", "ComputerName": "ws17", "Message": "",
//!  "StringInserts": ["S-1-5-18", "alice", "CORP", "0x3144c", "\\x", "<?xml …"]}
//! ```

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "winlog",
    channel: &["Channel"],
    provider: &["SourceName"],
    computer: &["ComputerName"],
    time: &["TimeGenerated", "TimeWritten"],
    data: &["StringInserts"],
    message: &["Message"],
    ..Shape::NONE
};
