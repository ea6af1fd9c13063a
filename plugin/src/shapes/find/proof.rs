//! Puts the event together, and asks for proof that it is one of ours.

use super::LAYERS;
use super::finder::Finder;
use super::known;
use super::words::USUAL;
use crate::event::{Change, Note, TaskEvent};
use crate::shapes::by_table::{is_auditing_provider, is_security_channel};
use crate::shapes::evtxecmd;
use crate::shapes::glance;
use crate::shapes::partial_event::{PartialEvent, Rank, Slot};
use std::borrow::Cow;

impl Finder<'_> {
    /// The event, if there is one.
    #[inline(never)]
    pub(super) fn finish(mut self, record: &[u8]) -> Option<TaskEvent<'static>> {
        if self.denied {
            return None;
        }
        if self.passed_over {
            self.note(Note::NestedDeeper { what: "members", depth: LAYERS });
        }
        let decoded = std::mem::take(&mut self.tree).finish();
        let from_tree = !self.beside.has(Slot::Content) && decoded.is_some();
        if let Some(xml) = decoded.filter(|_| from_tree) {
            self.beside.set(Slot::Content, USUAL, Cow::Owned(xml));
        }
        if self.change.is_none() && self.work.is_spent() {
            return unread(record);
        }
        let (change, rank) = self.change?;
        let is_known = self.event.is_some() && !self.is_inner;
        if self.event.is_none() && !self.is_proven(rank, change, record) {
            return None;
        }
        let is_in_place = match &self.event {
            Some(_) if self.is_inner => self.is_known,
            Some(event) => known::is_searched(event.shape),
            None => self.header.is_some(),
        };
        let is_escaped = self.event.as_ref().is_some_and(|event| event.shape == evtxecmd::SHAPE.name);
        let had_content = self.event.as_ref().is_some_and(|event| event.content.is_some());
        let event =
            self.event.take().unwrap_or_else(|| TaskEvent::new(change, self.header.unwrap_or("found")));
        let mut reading = PartialEvent::resume(event, self.work);
        reading.fill_from(&mut self.beside);
        let found = !had_content && reading.has(Slot::Content);
        if is_in_place {
            // All of it stands where it should.
        } else if self.is_inner {
            reading.event.notes.push(Note::Found("read from a record within it"));
        } else if found && from_tree {
            reading.event.notes.push(Note::Found("definition put together from its members"));
        } else if found || !is_known {
            reading.event.notes.push(Note::Found("read from what stands beside the task"));
        }
        reading.event.notes.append(&mut self.beside.event.notes);
        Some(reading.finish(is_escaped))
    }

    /// Returns whether what was found is an event of ours.
    fn is_proven(&mut self, rank: Rank, change: Change, record: &[u8]) -> bool {
        self.beside.event.change = change;
        let channel = self.beside.event.channel.as_deref();
        let provider = self.beside.event.provider.as_deref();
        // A word such as `provider` is used by others, too; what it says counts where it is Windows'.
        let is_other_channel =
            channel.is_some_and(|channel| !is_security_channel(channel) && is_windows_channel(channel));
        let is_other_provider =
            provider.is_some_and(|provider| !is_auditing_provider(provider) && is_windows_provider(provider));
        if is_other_channel || is_other_provider {
            return false;
        }
        let is_security =
            channel.is_some_and(is_security_channel) || provider.is_some_and(is_auditing_provider);
        if !channel.is_some_and(is_security_channel) {
            self.beside.event.channel = None;
        }
        if !self.beside.event.provider.as_deref().is_some_and(is_auditing_provider) {
            self.beside.event.provider = None;
        }
        let is_audit =
            || is_security || (self.work.walk(record.len(), 3) && glance::shows(record, glance::PROVIDER));
        if self.beside.has(Slot::Content) { rank > 1 || is_audit() } else { rank > 1 && is_audit() }
    }
}

/// The event of a record that was not read to its end, where the number and the provider's name are all that is known.
fn unread(record: &[u8]) -> Option<TaskEvent<'static>> {
    let (_, id) = glance::next_id(record, 0).filter(|_| glance::shows(record, glance::PROVIDER))?;
    let mut event = TaskEvent::new(Change::from_event_id(id)?, "found");
    event.notes.push(Note::NameMissing);
    Some(event)
}

/// Returns whether a name is that of another log of Windows.
fn is_windows_channel(channel: &str) -> bool {
    ["application", "system", "setup", "windows powershell"]
        .iter()
        .any(|other| channel.eq_ignore_ascii_case(other))
        || channel.contains('/') && channel.contains('-')
}

fn is_windows_provider(provider: &str) -> bool {
    provider.get(..18).is_some_and(|start| start.eq_ignore_ascii_case("Microsoft-Windows-"))
}
