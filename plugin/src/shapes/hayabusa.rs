//! Hayabusa's timelines (`json-timeline`, with `-L` a record a line): names of its own in `Details`, the other event data
//! in `ExtraFieldInfo`, or all of it in `AllFieldInfo`; channel and provider abbreviated, line ends as letters.
//!
//! The table has the envelope and Windows' own names; [`find`](super::find) reads the others.
//!
//! ```json
//! {"Timestamp": "2026-03-01 10:22:33.123 +01:00", "RuleTitle": "Task Created", "Computer": "ws17", "Channel": "Sec", "EventID": 4698,
//!  "Details": {"Name": "\\x", "Content": "<?xml …", "User": "alice", "LID": "0x3144c"}, "ExtraFieldInfo": {"FQDN": "ws17"}}
//! ```
//!
//! Source: <https://github.com/Yamato-Security/hayabusa-rules>, `config/default_details.txt` and `provider_abbreviations.txt`.

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "hayabusa",
    channel: &["Channel"],
    provider: &["Provider"],
    computer: &["Computer"],
    time: &["Timestamp"],
    data: &["Details", "ExtraFieldInfo", "AllFieldInfo"],
    ..Shape::NONE
};
