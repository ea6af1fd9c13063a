//! One of the five scheduled-task events of the Windows Security log.
//!
//! Source: the event manifest of Microsoft-Windows-Security-Auditing, and Microsoft's pages
//! "4698(S): A scheduled task was created." to "4702(S): A scheduled task was updated.".

use std::borrow::Cow;
use std::fmt;

/// The change to the task: the event id, by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// 4698
    Created,
    /// 4699
    Deleted,
    /// 4700
    Enabled,
    /// 4701
    Disabled,
    /// 4702
    Updated,
}

impl Change {
    /// The change that an event id of the Security log stands for, or `None` for every other event.
    pub const fn from_event_id(id: u64) -> Option<Self> {
        match id {
            4698 => Some(Self::Created),
            4699 => Some(Self::Deleted),
            4700 => Some(Self::Enabled),
            4701 => Some(Self::Disabled),
            4702 => Some(Self::Updated),
            _ => None,
        }
    }

    /// The event id.
    pub const fn event_id(self) -> u16 {
        match self {
            Self::Created => 4698,
            Self::Deleted => 4699,
            Self::Enabled => 4700,
            Self::Disabled => 4701,
            Self::Updated => 4702,
        }
    }

    /// One word for the tag: `created`, `deleted`, `enabled`, `disabled` or `updated`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Deleted => "deleted",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Updated => "updated",
        }
    }

    /// Returns whether Windows always writes the task's definition into this event. A deletion (4699) has an
    /// empty content on current Windows; the other four never do.
    pub const fn has_content(self) -> bool {
        !matches!(self, Self::Deleted)
    }
}

/// Who asked for the change: the `Subject*` fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// `SubjectUserSid`, for example `S-1-5-18`.
    pub sid: Option<Cow<'a, str>>,
    /// `SubjectUserName`, without its domain. A machine account ends with `$`.
    pub user: Option<Cow<'a, str>>,
    /// `SubjectDomainName`.
    pub domain: Option<Cow<'a, str>>,
    /// `SubjectLogonId`, as shipped; usually `0x…`.
    pub logon_id: Option<Cow<'a, str>>,
}

/// The client of the Task Scheduler service that made the change: the fields that version 1 of the
/// events adds (Windows 10 1903, Windows Server 2022).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client<'a> {
    /// `ClientProcessStartKey`.
    pub process_start_key: Option<Cow<'a, str>>,
    /// `ClientProcessId`; 0 when the call came from another machine.
    pub process_id: Option<Cow<'a, str>>,
    /// `ParentProcessId`, of the client.
    pub parent_process_id: Option<Cow<'a, str>>,
    /// `RpcCallClientLocality`.
    pub rpc_call_client_locality: Option<Cow<'a, str>>,
    /// `FQDN`: the name of the machine that logged the event.
    pub fqdn: Option<Cow<'a, str>>,
}

/// A scheduled-task event, whatever shipped it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskEvent<'a> {
    /// The change to the task.
    pub change: Change,
    /// The record's shape, by the name of the reader that understood it, for example `winevtlog`.
    pub shape: &'static str,
    /// `Channel`, when shipped.
    pub channel: Option<Cow<'a, str>>,
    /// The provider's name, when shipped.
    pub provider: Option<Cow<'a, str>>,
    /// The machine that logged the event.
    pub computer: Option<Cow<'a, str>>,
    /// The event's own time as shipped, in whatever form the shipper writes it.
    pub time: Option<Cow<'a, str>>,
    /// Who asked for the change.
    pub subject: Subject<'a>,
    /// The client process, on version 1 events.
    pub client: Option<Client<'a>>,
    /// `TaskName`: the path of the task, which starts with a backslash.
    pub task_name: Option<Cow<'a, str>>,
    /// `TaskContent` or `TaskContentNew`: the task's XML, with every layer of escaping that a shipper put
    /// around it removed. `None` when it is missing or empty.
    pub content: Option<Cow<'a, str>>,
    /// Notes about parts that could not be read as they should be.
    pub notes: Vec<Note>,
}

impl TaskEvent<'_> {
    /// An event of which nothing but the change and the shape is known yet.
    pub const fn new(change: Change, shape: &'static str) -> Self {
        Self {
            change,
            shape,
            channel: None,
            provider: None,
            computer: None,
            time: None,
            subject: Subject { sid: None, user: None, domain: None, logon_id: None },
            client: None,
            task_name: None,
            content: None,
            notes: Vec::new(),
        }
    }
}

fn owned(text: Option<Cow<'_, str>>) -> Option<Cow<'static, str>> {
    text.map(|text| Cow::Owned(text.into_owned()))
}

impl Subject<'_> {
    fn into_owned(self) -> Subject<'static> {
        Subject {
            sid: owned(self.sid),
            user: owned(self.user),
            domain: owned(self.domain),
            logon_id: owned(self.logon_id),
        }
    }
}

impl Client<'_> {
    fn into_owned(self) -> Client<'static> {
        Client {
            process_start_key: owned(self.process_start_key),
            process_id: owned(self.process_id),
            parent_process_id: owned(self.parent_process_id),
            rpc_call_client_locality: owned(self.rpc_call_client_locality),
            fqdn: owned(self.fqdn),
        }
    }
}

impl TaskEvent<'_> {
    /// The same event, borrowing nothing from the record.
    pub fn into_owned(self) -> TaskEvent<'static> {
        TaskEvent {
            change: self.change,
            shape: self.shape,
            channel: owned(self.channel),
            provider: owned(self.provider),
            computer: owned(self.computer),
            time: owned(self.time),
            subject: self.subject.into_owned(),
            client: self.client.map(Client::into_owned),
            task_name: owned(self.task_name),
            content: owned(self.content),
            notes: self.notes,
        }
    }
}

/// Something that limits how far a record was understood. Silence means "looked and found nothing", so
/// whatever was not looked at has a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The event should carry the task's definition and does not.
    ContentMissing,
    /// The definition ends before `</Task>`; its length in UTF-16 units, which is how Windows counts.
    ContentTruncated {
        /// Length of what is there, in UTF-16 units.
        units: usize,
    },
    /// The definition is longer than schtag reads; only its beginning was looked at.
    ContentCut {
        /// Bytes that were read.
        bytes: usize,
    },
    /// The definition is not well-formed XML; what could be read of it was.
    ContentMalformed(Cow<'static, str>),
    /// The definition still looked escaped after the deepest unescaping that is tried.
    ContentEscaped,
    /// There is no task name in the event.
    NameMissing,
    /// The fields were taken from the rendered message, whose words depend on the machine's language.
    ReadFromMessage,
    /// The event was found where no known shipper puts it; in what way.
    Found(&'static str),
    /// The module holds no rules, so nothing was judged.
    NoRules,
    /// More of something than is kept, for example `actions` or `triggers`.
    TooMany {
        /// The things of which there are too many.
        what: &'static str,
        /// The number of them that were kept.
        kept: usize,
    },
    /// Decoding stopped at a limit.
    DecodingStopped(Cow<'static, str>),
    /// A matched list had more entries than the tag shows, or the tag would have been too long.
    TagCut(&'static str),
    /// The record was not valid JSON; what was changed to make it so.
    Repaired(Cow<'static, str>),
    /// A command line, or what its variables expand to, is longer than is read.
    CommandCut {
        /// Bytes that were read.
        bytes: usize,
    },
    /// Something is nested deeper than is followed, for example `wrappers`.
    NestedDeeper {
        /// The thing that is nested.
        what: &'static str,
        /// The depth to which it was followed.
        depth: usize,
    },
    /// Reading everything would cost more work than one record may (see [`work`](crate::work)).
    WorkSpent {
        /// The part that was not read, or not to its end, for example `actions` or `decoding`.
        unread: &'static str,
    },
}

impl Note {
    /// The words that [`Self::Repaired`] begins with.
    pub const REPAIRED: &'static str = "record was not valid JSON: ";

    /// Returns whether there is something of the task that was not looked at.
    pub const fn limits_reading(&self) -> bool {
        !matches!(self, Self::ReadFromMessage | Self::Found(_) | Self::TagCut(_) | Self::Repaired(_))
    }

    /// Returns whether the definition was read to some place before its end.
    pub fn cuts_content(&self) -> bool {
        matches!(
            self,
            Self::ContentTruncated { .. }
                | Self::ContentCut { .. }
                | Self::WorkSpent { unread: "definition" | "record" }
        )
    }

    /// The limit that a task met which no ordinary task meets, in one word: the values of the field `task.limit`.
    /// `None` for what happens to ordinary tasks, such as a definition that Windows cut.
    pub fn limit(&self) -> Option<&'static str> {
        Some(match self {
            Self::WorkSpent { .. } => "work",
            Self::ContentCut { .. } | Self::CommandCut { .. } => "text",
            Self::NestedDeeper { .. } => "depth",
            Self::DecodingStopped(_) => "decoding",
            Self::TooMany { what, .. } => match *what {
                "actions" => "actions",
                "started processes" | "commands of a cmd.exe line" => "processes",
                "triggers" => "triggers",
                "principals" => "principals",
                "bytes of one value" | "bytes of a name" | "arguments" => "text",
                _ => return None,
            },
            _ => return None,
        })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentMissing => write!(f, "task content missing"),
            Self::ContentTruncated { units } => write!(f, "task content truncated at {units} characters"),
            Self::ContentCut { bytes } => {
                write!(f, "task content longer than the {bytes} bytes that were read")
            }
            Self::ContentMalformed(why) => write!(f, "task content malformed: {why}"),
            Self::ContentEscaped => write!(f, "task content still escaped after unescaping"),
            Self::NameMissing => write!(f, "task name missing"),
            Self::ReadFromMessage => write!(f, "fields read from the rendered message"),
            Self::Found(how) => write!(f, "record of an unknown shape: {how}"),
            Self::NoRules => write!(f, "no rules in this module: make one with `schtag bake`"),
            Self::TooMany { what, kept } => write!(f, "more {what} than the {kept} that were read"),
            Self::DecodingStopped(why) => write!(f, "decoding stopped: {why}"),
            Self::TagCut(what) => write!(f, "tag shortened: {what}"),
            Self::Repaired(what) => write!(f, "{}{what}", Self::REPAIRED),
            Self::CommandCut { bytes } => {
                write!(f, "command line longer than the {bytes} bytes that were read")
            }
            Self::NestedDeeper { what, depth } => write!(f, "{what} nested deeper than {depth}"),
            Self::WorkSpent { unread } => {
                write!(f, "reading stopped at the work limit of a record; not fully read: {unread}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_ids_and_changes_are_inverse() {
        for id in 4698..=4702 {
            let change = Change::from_event_id(id).unwrap();
            assert_eq!(u64::from(change.event_id()), id);
        }
        for id in [0, 4697, 4703, 46_980, u64::MAX] {
            assert_eq!(Change::from_event_id(id), None);
        }
    }

    #[test]
    fn only_a_deletion_may_lack_content() {
        assert!(!Change::Deleted.has_content());
        assert!(Change::Created.has_content() && Change::Disabled.has_content());
    }
}
