//! Wazuh archives and alerts: lower camel case under `data.win`, ids as strings, values XML-escaped and
//! their backslashes doubled.
//!
//! ```json
//! {"data": {"win": {"system": {"providerName": "Microsoft-Windows-Security-Auditing", "eventID": "4698", "channel": "Security",
//!           "computer": "ws17"}, "eventdata": {"taskName": "\\\\x", "taskContent": "&lt;?xml …"}}}}
//! ```
//!
//! Source: <https://documentation.wazuh.com/current/user-manual/capabilities/log-data-collection/>.

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "wazuh",
    channel: &["win.system.channel", "data.win.system.channel"],
    provider: &["win.system.providerName", "data.win.system.providerName"],
    computer: &["win.system.computer", "data.win.system.computer", "agent.name"],
    time: &["win.system.systemTime", "data.win.system.systemTime", "timestamp"],
    data: &["win.eventdata", "data.win.eventdata"],
    message: &["win.system.message", "data.win.system.message"],
    escapes: true,
    ..Shape::NONE
};
