//! Azure Monitor and Microsoft Sentinel: the tables SecurityEvent (`EventData` is a string of XML),
//! WindowsEvent (`EventData` is an object) and Event (values in order, as XML, in `ParameterXml`).
//!
//! ```json
//! {"TimeGenerated": "2026-03-01T09:22:33Z", "EventID": 4698, "Channel": "Security", "Computer": "ws17", "Type": "SecurityEvent",
//!  "EventData": "<EventData xmlns=…><Data Name=\"TaskName\">\\x</Data><Data Name=\"TaskContent\">&lt;?xml …</Data></EventData>"}
//! ```
//!
//! Source: <https://learn.microsoft.com/azure/azure-monitor/reference/tables/securityevent> and `windowsevent`.

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "azure",
    channel: &["Channel", "EventLog"],
    provider: &["EventSourceName", "Provider", "Source"],
    computer: &["Computer"],
    time: &["TimeGenerated"],
    data: &["EventData", "ParameterXml", "RawEventData", ""],
    message: &["RenderedDescription"],
    ..Shape::NONE
};
