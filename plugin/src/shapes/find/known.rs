//! The members in which known tools put a record, so that it is of a known shape there.

use crate::shapes::{evtxecmd, hayabusa, osquery};

/// Their names in lower case, from the tools' documentation: Elasticsearch (`hits`, `_source`, `fields`), Splunk (`result`,
/// `results`, `event`, `_raw`), Chainsaw (`document`, `documents`, `data`), osquery (`columns`, `snapshot`), Azure and AWS
/// (`records`), Graylog, syslog relays and agents (`message`, `log`, `msg`, `full_log`, `raw`, `payload`, `body`, `record`).
const NAMES: [&str; 22] = [
    "hits",
    "_source",
    "fields",
    "result",
    "results",
    "event",
    "events",
    "_raw",
    "document",
    "documents",
    "data",
    "columns",
    "snapshot",
    "records",
    "record",
    "message",
    "full_log",
    "log",
    "msg",
    "raw",
    "payload",
    "body",
];

/// Returns whether a shape's table has the envelope only, and the event data, which is under names, is always searched.
pub(super) fn is_searched(shape: &str) -> bool {
    [evtxecmd::SHAPE.name, hayabusa::SHAPE.name, osquery::SHAPE.name].contains(&shape)
}

/// Returns whether a key is such a name; no key is one.
pub(super) fn is_wrapper(key: &[u8]) -> bool {
    key.is_empty() || NAMES.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(key))
}
