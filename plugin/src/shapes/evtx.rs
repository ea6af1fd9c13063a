//! Event XML turned into JSON member by member: `evtx_dump` and its users, Chainsaw (`_attributes`),
//! Velociraptor (`{"Value": 4698}`), Tenzir's `parse_winlog`, and common XML converters (`@Name`, `#text`).
//!
//! ```json
//! {"Event": {"System": {"Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}}, "EventID": 4698,
//!            "Channel": "Security", "Computer": "ws17"}, "EventData": {"TaskName": "\\x", "TaskContent": "<?xml …"}}}
//! {"System": {"EventID": {"Value": 4698}, …}, "EventData": {…}}
//! ```
//!
//! Source: <https://github.com/omerbenamram/evtx>.

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "evtx",
    channel: &["System.Channel", "Event.System.Channel"],
    provider: &[
        "System.Provider.attributes.Name",
        "System.Provider.Name",
        "System.Provider_attributes.Name",
        "Event.System.Provider.attributes.Name",
        "Event.System.Provider.Name",
        "Event.System.Provider_attributes.Name",
    ],
    computer: &["System.Computer", "Event.System.Computer"],
    time: &[
        "System.TimeCreated.attributes.SystemTime",
        "System.TimeCreated.SystemTime",
        "System.TimeCreated_attributes.SystemTime",
        "System.TimeCreated",
        "Event.System.TimeCreated.attributes.SystemTime",
        "Event.System.TimeCreated.SystemTime",
        "Event.System.TimeCreated_attributes.SystemTime",
    ],
    data: &["EventData", "Event.EventData", "EventData.Data", "Event.EventData.Data"],
    message: &["Message", "RenderingInfo.Message", "Event.RenderingInfo.Message"],
    ..Shape::NONE
};
