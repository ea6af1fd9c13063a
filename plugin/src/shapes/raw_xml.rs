//! A record that is, or holds, a string of Event XML, which [`event_xml`](super::event_xml) reads.

use super::shape::Shape;

/// The record is, or holds, a string of Event XML.
pub(super) static SHAPE: Shape = Shape {
    name: "event_xml",
    computer: &["host.name", "hostname", "host"],
    time: &["time", "@timestamp"],
    ..Shape::NONE
};
