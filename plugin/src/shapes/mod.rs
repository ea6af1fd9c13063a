//! Finds a scheduled-task event in a record of any known shipper.
//!
//! The same Windows event arrives in some twenty shapes, by who read it, who relayed it and who rewrote it.
//! [`change`] asks of every record whether it holds the id of such an event, at next to no cost; [`read`] then
//! takes the event out of the few that do.
//!
//! Each shape has a file: what ships it, an example, the source, and a `SHAPE`, a table of the paths at which
//! it keeps each part of the event. One reader serves them all (`shape`), so a new shape is a new table,
//! and a key for its id in `role` if no other shape has it there. Shapes that are text have a reader of
//! their own. The rendered message comes last, for what nothing else says.

mod azure;
mod beside;
mod by_table;
mod cef;
mod content;
mod definition;
mod entities;
mod event_xml;
mod evtx;
mod evtxecmd;
mod find;
mod flat;
mod get_winevent;
mod glance;
mod graylog;
mod hayabusa;
mod header;
mod id;
mod key;
mod key_value;
mod message;
mod one_line;
mod osquery;
mod otel;
mod otlp;
mod partial_event;
mod place;
mod raw_xml;
mod role;
mod sekoia;
mod shape;
mod snare;
mod splunk;
mod text_id;
mod vector;
mod walk;
mod wazuh;
mod winevtlog;
mod winlog;
mod winlogbeat;

#[cfg(test)]
mod tests;

pub use id::{Candidate, change};
pub(crate) use role::sieve;
pub(crate) use winevtlog::begins_as_another_event;

use crate::event::TaskEvent;
use crate::json::Object;
use crate::work::Work;
use by_table::{Read, UNREAD, read_within};

/// The event of a record that [`change`] found. `None` when the record has such an id but is no event of the
/// Security log's auditing provider: other providers use the same numbers, and a number alone proves nothing.
///
/// A channel and a provider must be right where they are shipped. Where neither is, a key that only Windows
/// events have is enough (`EventID`, `winlog.event_id`); under a common one (`event_id`, `Id`) the record must
/// hold a task's name or content.
///
/// A record of no known shape, and an event that lacks what it should have, are searched as a whole ([`find`]).
///
/// Where `work` does not suffice, the event has what was read, and a note.
pub fn read<'a>(object: &Object<'a>, candidate: Candidate<'a>, work: &Work) -> Option<TaskEvent<'a>> {
    let mut event = match read_within(object, candidate, work) {
        Read::Event(event) if is_read(&event) || work.is_spent() => event,
        Read::Event(event) => find::event(object, Some(event.into_owned()), work)?,
        Read::Denied => return None,
        Read::Unclear if glance::shows(object.text(), glance::DEFINITION | glance::PROVIDER) => {
            find::event(object, None, work)?
        }
        Read::Unclear => return None,
    };
    if work.is_spent() && !event.notes.contains(&UNREAD) {
        event.notes.push(UNREAD);
    }
    Some(event)
}

/// Returns whether an event has what such an event must have.
fn is_read(event: &TaskEvent<'_>) -> bool {
    event.content.is_some() || !event.change.has_content() && event.task_name.is_some()
}
