//! SEKOIA.IO: its endpoint agent, and events of others as its intakes rewrite them. The event data is in
//! `action.properties`. (HarfangLab's agent writes Winlogbeat 6's members: [`winlogbeat`](super::winlogbeat).)
//!
//! ```json
//! {"event": {"code": "4698", "provider": "Microsoft-Windows-Security-Auditing"}, "log": {"hostname": "ws17"},
//!  "action": {"id": 4698, "type": "Security", "properties": {"TaskName": "\\x", "TaskContent": "<?xml …"}}}
//! ```
//!
//! Source: <https://github.com/SEKOIA-IO/intake-formats>, `HarfangLab/harfanglab/tests/wineventlog.json`.

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "sekoia",
    channel: &["winlog.channel"],
    provider: &["event.provider"],
    computer: &["winlog.computer_name", "host.name", "host.hostname", "log.hostname"],
    time: &["@timestamp"],
    data: &["action.properties", "winlog.event_data"],
    ..Shape::NONE
};
