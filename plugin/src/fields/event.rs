//! The fields that all actions of an event share.
use super::account::account_kind;
use super::{Field, Fields as _, Table};
use crate::event::{Change, Note, Subject, TaskEvent};
use crate::task::{Principal, Task, Trigger, duration};

/// The part of the task's definition that was read, in one word: the field `task.content_state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentState {
    /// The whole of it.
    Complete,
    /// It ends before its end.
    Truncated,
    /// It is not well-formed.
    Malformed,
    /// There is none.
    Missing,
}

impl ContentState {
    /// The state that an event and the notes on it amount to.
    pub(crate) fn of(event: &TaskEvent<'_>, notes: &[Note]) -> Self {
        let any = |test: fn(&Note) -> bool| notes.iter().any(test);
        if event.content.is_none() {
            Self::Missing
        } else if any(Note::cuts_content) {
            Self::Truncated
        } else if any(|note| matches!(note, Note::ContentMalformed(_) | Note::ContentEscaped)) {
            Self::Malformed
        } else {
            Self::Complete
        }
    }

    /// The word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Missing => "missing",
        }
    }
}

/// Returns what kind of account made a change: the field `task.subject_kind`.
///
/// Source: Microsoft's list of well-known SIDs
/// (<https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers>).
pub(crate) fn subject_kind(subject: &Subject<'_>) -> Option<&'static str> {
    let user = subject.user.as_deref();
    match subject.sid.as_deref() {
        Some("S-1-5-18") => {
            return Some(if user.is_some_and(|u| u.ends_with('$')) { "machine" } else { "system" });
        }
        Some("S-1-5-19" | "S-1-5-20") => return Some("service"),
        // Service accounts and application pools.
        Some(sid) if sid.starts_with("S-1-5-80-") || sid.starts_with("S-1-5-82-") => return Some("service"),
        _ => {}
    }
    match user {
        Some(user) if user.ends_with('$') => Some("machine"),
        Some(_) => Some("person"),
        None => subject.sid.as_ref().map(|_| "person"),
    }
}

/// The fields of an event and the task in it.
///
/// `notes` say what limited the reading, of the event and of all that follows from it.
pub(crate) fn event_fields<'a>(
    event: &'a TaskEvent<'_>,
    task: &'a Task,
    state: ContentState,
    notes: &[Note],
) -> Table<'a> {
    let mut table = Table::new();
    security(&mut table, event);
    registration(&mut table, event, task);
    settings(&mut table, task);
    if let Some(principal) = task.principal() {
        run_as(&mut table, principal);
    }
    for trigger in &task.triggers {
        add_trigger(&mut table, trigger);
    }
    for action in &task.actions {
        table.push(Field::TaskAction, action.kind());
    }
    if event.content.is_some() {
        table.push(Field::TaskActionCount, task.actions.len().to_string());
    }
    table.push(Field::TaskContentState, state.as_str());
    limits(&mut table, notes);
    table.push_some(Field::TaskSubjectKind, subject_kind(&event.subject));
    table
}

fn security<'a>(table: &mut Table<'a>, event: &'a TaskEvent<'_>) {
    table.push(Field::EventId, event_id(event.change));
    table.push(Field::Channel, event.channel.as_deref().unwrap_or("Security"));
    table.push(
        Field::ProviderName,
        event.provider.as_deref().unwrap_or("Microsoft-Windows-Security-Auditing"),
    );
    table.push_some(Field::Computer, event.computer.as_deref());
    table.push_some(Field::TaskName, event.task_name.as_deref());
    let content = match event.change {
        Change::Updated => Field::TaskContentNew,
        _ => Field::TaskContent,
    };
    table.push_some(content, event.content.as_deref());
    table.push_some(Field::SubjectUserSid, event.subject.sid.as_deref());
    table.push_some(Field::SubjectUserName, event.subject.user.as_deref());
    table.push_some(Field::SubjectDomainName, event.subject.domain.as_deref());
    table.push_some(Field::SubjectLogonId, event.subject.logon_id.as_deref());
    if let Some(client) = &event.client {
        table.push_some(Field::ClientProcessStartKey, client.process_start_key.as_deref());
        table.push_some(Field::ClientProcessId, client.process_id.as_deref());
        table.push_some(Field::ParentProcessId, client.parent_process_id.as_deref());
        table.push_some(Field::RpcCallClientLocality, client.rpc_call_client_locality.as_deref());
        table.push_some(Field::Fqdn, client.fqdn.as_deref());
    }
}

fn registration<'a>(table: &mut Table<'a>, event: &'a TaskEvent<'_>, task: &'a Task) {
    table.push(Field::TaskChange, event.change.as_str());
    table.push_some(Field::TaskPath, event.task_name.as_deref());
    let registration = &task.registration;
    table.push_some(Field::TaskUri, registration.uri.as_deref());
    table.push_some(Field::TaskAuthor, registration.author.as_deref());
    table.push_some(Field::TaskDate, registration.date.as_deref());
    table.push_some(Field::TaskDescription, registration.description.as_deref());
    table.push_some(Field::TaskSource, registration.source.as_deref());
    table.push_some(Field::TaskSecurityDescriptor, registration.security_descriptor.as_deref());
}

fn settings<'a>(table: &mut Table<'a>, task: &'a Task) {
    table.push_some(Field::TaskHidden, task.settings.hidden.map(truth));
    table.push_some(Field::TaskEnabled, task.settings.enabled.map(truth));
    table.push_some(Field::TaskDeleteExpiredAfter, task.settings.delete_expired_task_after.as_deref());
}

fn run_as<'a>(table: &mut Table<'a>, principal: &'a Principal) {
    let account = principal.user_id.as_deref().or(principal.group_id.as_deref());
    table.push_some(Field::TaskRunAs, account);
    table.push_some(Field::TaskRunAsKind, account.map(account_kind));
    table.push_some(Field::TaskRunLevel, principal.run_level.as_deref());
    table.push_some(Field::TaskLogonType, principal.logon_type.as_deref());
    for privilege in &principal.required_privileges {
        table.push(Field::TaskPrivilege, privilege.as_str());
    }
}

fn add_trigger<'a>(table: &mut Table<'a>, trigger: &'a Trigger) {
    table.push(Field::TaskTrigger, trigger.kind.as_str());
    table.push_some(Field::TaskTriggerStart, trigger.start_boundary.as_deref());
    table.push_some(Field::TaskTriggerEnd, trigger.end_boundary.as_deref());
    table.push_some(Field::TaskTriggerSubscription, trigger.subscription.as_deref());
    let interval =
        trigger.repetition.as_ref().and_then(|r| r.interval.as_deref()).and_then(duration::seconds);
    table.push_some(Field::TaskTriggerInterval, interval.map(|s| s.to_string()));
}

/// Adds each limit once.
fn limits(table: &mut Table<'_>, notes: &[Note]) {
    for limit in notes.iter().filter_map(Note::limit) {
        if table.values(Field::TaskLimit).iter().all(|known| known != limit) {
            table.push(Field::TaskLimit, limit);
        }
    }
}

const fn event_id(change: Change) -> &'static str {
    match change {
        Change::Created => "4698",
        Change::Deleted => "4699",
        Change::Enabled => "4700",
        Change::Disabled => "4701",
        Change::Updated => "4702",
    }
}

const fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Fields;

    fn subject(sid: &'static str, user: &'static str) -> Subject<'static> {
        Subject { sid: Some(sid.into()), user: Some(user.into()), ..Subject::default() }
    }

    #[test]
    fn accounts_are_told_apart() {
        assert_eq!(subject_kind(&subject("S-1-5-18", "WS17$")), Some("machine"));
        assert_eq!(subject_kind(&subject("S-1-5-18", "SYSTEM")), Some("system"));
        assert_eq!(subject_kind(&subject("S-1-5-20", "NETWORK SERVICE")), Some("service"));
        assert_eq!(subject_kind(&subject("S-1-5-82-1", "DefaultAppPool")), Some("service"));
        assert_eq!(subject_kind(&subject("S-1-5-21-1-2-3-1104", "alice")), Some("person"));
        assert_eq!(subject_kind(&Subject::default()), None);
    }

    #[test]
    fn the_content_stands_under_the_name_of_its_event() {
        let task = Task::default();
        for (change, there, absent) in [
            (Change::Created, Field::TaskContent, Field::TaskContentNew),
            (Change::Updated, Field::TaskContentNew, Field::TaskContent),
        ] {
            let mut event = TaskEvent::new(change, "test");
            event.content = Some("<Task/>".into());
            let table = event_fields(&event, &task, ContentState::Complete, &[]);
            assert_eq!(table.first(there), Some("<Task/>"));
            assert!(table.values(absent).is_empty());
        }
    }

    #[test]
    fn what_the_shipper_leaves_out_is_what_the_event_is() {
        let event = TaskEvent::new(Change::Deleted, "test");
        let task = Task::default();
        let table = event_fields(&event, &task, ContentState::Missing, &[]);
        assert_eq!(table.first(Field::Channel), Some("Security"));
        assert_eq!(table.first(Field::EventId), Some("4699"));
        assert!(table.values(Field::Computer).is_empty());
        assert!(table.values(Field::TaskActionCount).is_empty());
    }
}
