//! Scheduled-task events as each shipper writes them, made of one description.
//!
//! The cases beside rules, the tests and the benchmarks all take their records from here.

mod definition;
mod description;
mod shape;

pub use definition::{Action, TriggerKind, escape_xml, task_xml};
pub(crate) use definition::{Definition, Trigger};
pub use description::{Description, DescriptionError};
pub use shape::Shape;

use serde_json::Value;

/// A scheduled-task event, before any shipper has touched it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// 4698 to 4702.
    pub event_id: u16,
    /// The task's path.
    pub task_name: String,
    /// The machine's name.
    pub computer: String,
    /// The account that made the change, without its domain.
    pub user: String,
    /// The account's domain.
    pub domain: String,
    /// The account's SID.
    pub sid: String,
    /// The account's logon session.
    pub logon_id: String,
    /// The program that made the change; only the events' version 1 (Windows 10 1903 and later) says it.
    pub client: Option<Client>,
    /// The task's XML; empty for a deletion as current Windows logs it.
    pub content: String,
}

/// The program that asked the Task Scheduler for the change.
///
/// The members are the last five of an event's version 1:
/// <https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-4698>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// `ClientProcessStartKey`.
    pub start_key: u64,
    /// `ClientProcessId`.
    pub process_id: u32,
    /// `ParentProcessId`.
    pub parent_process_id: u32,
    /// `RpcCallClientLocality`: 0 where it is not known to be remote.
    pub locality: u32,
    /// `FQDN`: the machine from which the call came.
    pub fqdn: String,
}

impl Sample {
    /// A task that runs a program, made by a person on a workstation.
    pub fn new(event_id: u16, command: &str, arguments: &str) -> Self {
        Self {
            event_id,
            task_name: r"\Nightly".into(),
            computer: "WS17.corp.example".into(),
            user: "alice".into(),
            domain: "CORP".into(),
            sid: "S-1-5-21-1004336348-1177238915-682003330-1104".into(),
            logon_id: "0x3144c".into(),
            client: None,
            content: task_xml(command, arguments),
        }
    }

    /// The event's version: 1 has the client.
    const fn version(&self) -> u8 {
        if self.client.is_some() { 1 } else { 0 }
    }

    /// The field that holds the content.
    const fn content_field(&self) -> &'static str {
        if self.event_id == 4702 { "TaskContentNew" } else { "TaskContent" }
    }

    /// The event's fields in Windows' order.
    fn fields(&self) -> Vec<(&'static str, Value)> {
        let mut fields: Vec<(&'static str, Value)> = vec![
            ("SubjectUserSid", self.sid.as_str().into()),
            ("SubjectUserName", self.user.as_str().into()),
            ("SubjectDomainName", self.domain.as_str().into()),
            ("SubjectLogonId", self.logon_id.as_str().into()),
            ("TaskName", self.task_name.as_str().into()),
            (self.content_field(), self.content.as_str().into()),
        ];
        if let Some(client) = &self.client {
            fields.extend([
                ("ClientProcessStartKey", Value::from(client.start_key)),
                ("ClientProcessId", client.process_id.into()),
                ("ParentProcessId", client.parent_process_id.into()),
                ("RpcCallClientLocality", client.locality.into()),
                ("FQDN", client.fqdn.as_str().into()),
            ]);
        }
        fields
    }

    /// The event's text as Windows renders it, without what none of the readers needs.
    fn message(&self) -> String {
        let verb = match self.event_id {
            4698 => "created",
            4699 => "deleted",
            4700 => "enabled",
            4701 => "disabled",
            _ => "updated",
        };
        format!(
            "A scheduled task was {verb}.\r\n\r\nSubject:\r\n\tSecurity ID:\t\t{domain}\\{user}\r\n\r\nTask Information:\r\n\t\
             Task Name: \t\t{name}\r\n\tTask Content: \t\t{content}",
            domain = self.domain,
            user = self.user,
            name = self.task_name,
            content = self.content
        )
    }

    /// The event as `<Event>`, the form in which Windows keeps it.
    fn event_xml(&self) -> String {
        let fields = self.fields().into_iter().map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), escape_xml);
            format!("<Data Name='{name}'>{text}</Data>")
        });
        format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider \
             Name='Microsoft-Windows-Security-Auditing'/><EventID>{}</EventID><Version>{}</Version>\
             <Channel>Security</Channel><Computer>{}</Computer></System><EventData>{}</EventData></Event>",
            self.event_id,
            self.version(),
            self.computer,
            fields.collect::<String>()
        )
    }
}

#[cfg(test)]
mod tests;
