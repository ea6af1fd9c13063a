//! An event while it is put together from several places of a record.

use std::borrow::Cow;

use super::{content, entities, key};
use crate::event::{Change, Client, Note, TaskEvent};
use crate::work::Work;

/// A field of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Slot {
    Channel,
    Provider,
    Computer,
    Time,
    Sid,
    User,
    Domain,
    LogonId,
    TaskName,
    Content,
    ProcessStartKey,
    ProcessId,
    ParentProcessId,
    Locality,
    Fqdn,
}

const SLOTS: usize = 15;

/// All of them: first those of the envelope, then the event data in the order of the manifest.
const ALL: [Slot; SLOTS] = [
    Slot::Channel,
    Slot::Provider,
    Slot::Computer,
    Slot::Time,
    Slot::Sid,
    Slot::User,
    Slot::Domain,
    Slot::LogonId,
    Slot::TaskName,
    Slot::Content,
    Slot::ProcessStartKey,
    Slot::ProcessId,
    Slot::ParentProcessId,
    Slot::Locality,
    Slot::Fqdn,
];

/// The number of those of the envelope. The others are what positional shapes (`StringInserts`, `Properties`) keep.
const ENVELOPE: usize = 4;

/// The most bytes of a value, other than the content, that are kept. Paths and names of Windows have 32,767 characters
/// at most, those of tasks and accounts some hundred.
const MAX_NAME: usize = 8 * 1024;

impl Slot {
    /// The field at a position of the event data, from 0.
    pub(super) fn at(position: usize) -> Option<Self> {
        ALL.get(position.saturating_add(ENVELOPE)).copied()
    }

    /// The field of an event data name, in whatever spelling. `JobContent` is what the strategy that schtag
    /// implements calls the content; old pipelines rename `TaskContentNew` to `TaskContent`.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let folded = key::Folded::of(name)?;
        let known = NAMES.iter().find(|(known, _)| known.as_bytes() == folded.bytes()).map(|(_, slot)| *slot);
        known.or_else(|| Self::numbered(name))
    }

    /// The field of a name with a number (`param6`), as Winlogbeat gives where the publisher's names are not to be had.
    fn numbered(name: &[u8]) -> Option<Self> {
        let number = name.strip_prefix(b"param").and_then(|number| std::str::from_utf8(number).ok())?;
        Self::at(number.parse::<usize>().ok()?.checked_sub(1)?)
    }
}

/// The names of the event data, and what they name.
pub(super) const NAMES: [(&str, Slot); 13] = [
    ("subjectusersid", Slot::Sid),
    ("subjectusername", Slot::User),
    ("subjectdomainname", Slot::Domain),
    ("subjectlogonid", Slot::LogonId),
    ("taskname", Slot::TaskName),
    ("taskcontent", Slot::Content),
    ("taskcontentnew", Slot::Content),
    ("jobcontent", Slot::Content),
    ("clientprocessstartkey", Slot::ProcessStartKey),
    ("clientprocessid", Slot::ProcessId),
    ("parentprocessid", Slot::ParentProcessId),
    ("rpccallclientlocality", Slot::Locality),
    ("fqdn", Slot::Fqdn),
];

/// The trust in a source. A field found in two places is taken from the source of higher rank, and of two of the
/// same rank from the later, as duplicate keys are read elsewhere.
pub(super) type Rank = u8;

/// The rank of the rendered message, below every other.
pub(super) const MESSAGE: Rank = 0;

/// An event, and how good the source of each of its fields was.
#[derive(Debug)]
pub(super) struct PartialEvent<'a, 'w> {
    pub(super) event: TaskEvent<'a>,
    /// The work that the reading may cost.
    pub(super) work: &'w Work,
    ranks: [Rank; SLOTS],
    from_message: bool,
}

impl<'a, 'w> PartialEvent<'a, 'w> {
    pub(super) const fn new(change: Change, shape: &'static str, work: &'w Work) -> Self {
        Self { event: TaskEvent::new(change, shape), work, ranks: [0; SLOTS], from_message: false }
    }

    /// Goes on with an event that was read before, whose fields stay as they are. [`Self::finish`] says anew what is
    /// missing.
    pub(super) fn resume(mut event: TaskEvent<'a>, work: &'w Work) -> Self {
        event.notes.retain(|note| !matches!(note, Note::ContentMissing | Note::NameMissing));
        Self { event, work, ranks: [Rank::MAX; SLOTS], from_message: false }
    }

    /// Takes from another reading the fields that this one lacks.
    pub(super) fn fill_from(&mut self, other: &mut PartialEvent<'a, '_>) {
        for slot in ALL {
            if other.has(slot)
                && !self.has(slot)
                && let Some(text) = other.place(slot).take()
            {
                *self.place(slot) = Some(text);
                self.from_message |= other.from_message;
            }
        }
    }

    /// Returns whether a field was found.
    pub(super) fn has(&mut self, slot: Slot) -> bool {
        match slot {
            // Asking must not make a client where there is none.
            Slot::ProcessStartKey | Slot::ProcessId | Slot::ParentProcessId | Slot::Locality | Slot::Fqdn => {
                self.event.client.is_some() && self.place(slot).is_some()
            }
            _ => self.place(slot).is_some(),
        }
    }

    /// Takes a field from a source of a rank, unless it is blank or a better source had it.
    pub(super) fn set(&mut self, slot: Slot, rank: Rank, text: Cow<'a, str>) {
        if content::is_blank(&text) {
            return;
        }
        let held = self.has(slot);
        let Some(best) = self.ranks.get_mut(slot as usize) else {
            return;
        };
        if held && *best > rank {
            return;
        }
        *best = rank;
        let text = if slot == Slot::Content { text } else { self.limited(text) };
        *self.place(slot) = Some(text);
    }

    /// A value other than the content, cut where it is longer than any name.
    fn limited(&mut self, text: Cow<'a, str>) -> Cow<'a, str> {
        if text.len() <= MAX_NAME {
            return text;
        }
        let note = Note::TooMany { what: "bytes of a name", kept: MAX_NAME };
        if !self.event.notes.contains(&note) {
            self.event.notes.push(note);
        }
        let end = text.floor_char_boundary(MAX_NAME);
        match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(..end).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(text.get(..end).unwrap_or_default().to_owned()),
        }
    }

    /// Takes an event data field by its name. Where a record has both names of the content, the one that
    /// belongs to its event id wins.
    pub(super) fn set_named(&mut self, name: &[u8], rank: Rank, text: impl FnOnce() -> Option<Cow<'a, str>>) {
        let Some(slot) = Slot::named(name) else {
            return;
        };
        let Some(text) = text() else {
            return;
        };
        let own = match self.event.change {
            Change::Updated => "TaskContentNew",
            _ => "TaskContent",
        };
        let better = slot == Slot::Content && key::same(name, own.as_bytes());
        self.set(slot, rank.saturating_add(Rank::from(better)), text);
    }

    /// Takes from the rendered message what no other source had.
    pub(super) fn set_from_message(&mut self, slot: Slot, text: &str) {
        if self.has(slot) || content::is_blank(text) {
            return;
        }
        self.from_message = true;
        self.set(slot, MESSAGE, Cow::Owned(text.to_owned()));
    }

    /// The event, its content unescaped, with notes on what is missing. `escapes`: the shipper XML-escapes
    /// values, names included, even where no content shows it.
    pub(super) fn finish(mut self, escapes: bool) -> TaskEvent<'a> {
        // A task's path begins with one backslash; where it has two, the shipper doubles them (Wazuh does).
        let doubled = self.event.task_name.as_deref().is_some_and(|name| name.starts_with(r"\\"));
        let mut escaped = escapes;
        if let Some(text) = self.event.content.take() {
            let (content, was_escaped) = content::unescape(text, doubled, self.work, &mut self.event.notes);
            self.event.content = content;
            escaped |= was_escaped;
        }
        // What a shipper does to the content it does to its neighbours too (`\R&amp;D`).
        if escaped {
            self.each_name('&', |text| {
                let mut plain = String::with_capacity(text.len());
                entities::unescape(&mut plain, text);
                plain
            });
        }
        if doubled {
            self.each_name('\\', content::without_backslashes);
        }
        if self.event.content.is_none() && self.event.change.has_content() {
            self.event.notes.push(Note::ContentMissing);
        }
        if self.event.task_name.is_none() {
            self.event.notes.push(Note::NameMissing);
        }
        if self.from_message {
            self.event.notes.push(Note::ReadFromMessage);
        }
        self.event
    }

    /// Rewrites the names that hold a character.
    fn each_name(&mut self, with: char, rewrite: impl Fn(&str) -> String) {
        for slot in [Slot::User, Slot::Domain, Slot::TaskName] {
            let place = self.place(slot);
            if let Some(text) = place.as_deref().filter(|text| text.contains(with)) {
                *place = Some(Cow::Owned(rewrite(text)));
            }
        }
    }

    fn place(&mut self, slot: Slot) -> &mut Option<Cow<'a, str>> {
        let event = &mut self.event;
        match slot {
            Slot::Channel => &mut event.channel,
            Slot::Provider => &mut event.provider,
            Slot::Computer => &mut event.computer,
            Slot::Time => &mut event.time,
            Slot::Sid => &mut event.subject.sid,
            Slot::User => &mut event.subject.user,
            Slot::Domain => &mut event.subject.domain,
            Slot::LogonId => &mut event.subject.logon_id,
            Slot::TaskName => &mut event.task_name,
            Slot::Content => &mut event.content,
            Slot::ProcessStartKey => &mut client(event).process_start_key,
            Slot::ProcessId => &mut client(event).process_id,
            Slot::ParentProcessId => &mut client(event).parent_process_id,
            Slot::Locality => &mut client(event).rpc_call_client_locality,
            Slot::Fqdn => &mut client(event).fqdn,
        }
    }
}

fn client<'e, 'a>(event: &'e mut TaskEvent<'a>) -> &'e mut Client<'a> {
    event.client.get_or_insert_with(Client::default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Cow<'_, str> {
        Cow::Borrowed(text)
    }

    #[test]
    fn the_better_source_wins_whatever_the_order() {
        for order in [[0, 1], [1, 0]] {
            let work = Work::unlimited();
            let mut reading = PartialEvent::new(Change::Created, "test", &work);
            for source in order {
                let (rank, value) = [(9, "better"), (8, "worse")][source];
                reading.set(Slot::Computer, rank, text(value));
            }
            assert_eq!(reading.finish(false).computer.as_deref(), Some("better"));
        }
    }

    #[test]
    fn blanks_never_replace_a_value() {
        let work = Work::unlimited();
        let mut reading = PartialEvent::new(Change::Created, "test", &work);
        reading.set(Slot::User, 1, text("alice"));
        reading.set(Slot::User, 9, text(" "));
        reading.set(Slot::User, 9, text("-"));
        assert_eq!(reading.finish(false).subject.user.as_deref(), Some("alice"));
    }

    #[test]
    fn the_id_decides_which_content_name_is_its_own() {
        for (change, wanted) in [(Change::Created, "old"), (Change::Updated, "new")] {
            let work = Work::unlimited();
            let mut reading = PartialEvent::new(change, "test", &work);
            reading.set_named(b"TaskContent", 4, || Some(text("old")));
            reading.set_named(b"task_content_new", 4, || Some(text("new")));
            reading.set_named(b"JobContent", 4, || Some(text("job")));
            assert_eq!(reading.finish(false).content.as_deref(), Some(wanted));
        }
    }

    #[test]
    fn what_is_missing_is_noted() {
        let event = PartialEvent::new(Change::Created, "test", &Work::unlimited()).finish(false);
        assert_eq!(event.notes, [Note::ContentMissing, Note::NameMissing]);
        assert_eq!(event.client, None);
        let event = PartialEvent::new(Change::Deleted, "test", &Work::unlimited()).finish(false);
        assert_eq!(event.notes, [Note::NameMissing]);
    }

    #[test]
    fn names_are_unescaped_where_the_content_was() {
        for (content, wanted) in [("&lt;Task/>", r"\R&D"), ("<Task/>", r"\R&amp;D")] {
            let work = Work::unlimited();
            let mut reading = PartialEvent::new(Change::Created, "test", &work);
            reading.set(Slot::TaskName, 1, text(r"\R&amp;D"));
            reading.set(Slot::Content, 1, text(content));
            assert_eq!(reading.finish(false).task_name.as_deref(), Some(wanted));
        }
    }

    #[test]
    fn doubled_backslashes_are_halved() {
        let work = Work::unlimited();
        let mut reading = PartialEvent::new(Change::Created, "test", &work);
        reading.set(Slot::TaskName, 1, text(r"\Ops\new"));
        reading.set(Slot::Content, 1, text(r"<Task>C:\x</Task>"));
        let event = reading.finish(false);
        assert_eq!(event.task_name.as_deref(), Some(r"\Ops\new"));
        assert_eq!(event.content.as_deref(), Some(r"<Task>C:\x</Task>"));
    }
}
