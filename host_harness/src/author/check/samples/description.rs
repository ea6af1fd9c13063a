//! Reads what a row of a table says of an event; the rest of the event is always the same.
use super::{Action, Client, Definition, Sample, Trigger, TriggerKind};
use serde::Deserialize;
use thiserror::Error;

/// The domain of the machines and people of samples, as SID.
const DOMAIN: &str = "S-1-5-21-1004336348-1177238915-682003330";

/// An event by the members that matter. Each that is missing is as in [`Sample::new`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// 4698 to 4702; 4698 by default.
    pub event: Option<u16>,
    /// The machine that logs the event.
    pub computer: Option<String>,
    /// The name of the account that makes the change.
    pub user: Option<String>,
    /// Its domain.
    pub domain: Option<String>,
    /// Its SID. `S-1-5-18`, `S-1-5-19` and `S-1-5-20` bring the service's name and logon session with them.
    pub sid: Option<String>,
    /// Its logon session.
    pub logon_id: Option<String>,
    /// The program that makes the change. With it, be it `{}`, the event is of version 1.
    pub client: Option<ClientDescription>,
    /// The task's path.
    pub task_name: Option<String>,
    /// `Author`; by default the account, and none when it is empty.
    pub author: Option<String>,
    /// `Description`.
    pub description: Option<String>,
    /// `URI`; by default the task's path.
    pub uri: Option<String>,
    /// `SecurityDescriptor`.
    pub security_descriptor: Option<String>,
    /// The one trigger; `daily` by default.
    pub trigger: Option<TriggerKind>,
    /// The triggers, where there is not one.
    pub triggers: Option<Vec<TriggerKind>>,
    /// The interval of each trigger's repetition.
    pub repetition: Option<String>,
    /// `UserId`; by default the account, a service by its SID. None when it is empty.
    pub run_as: Option<String>,
    /// `GroupId` in place of a user.
    pub group: Option<String>,
    /// `LogonType`; by default `InteractiveToken`, and none for a service.
    pub logon_type: Option<String>,
    /// `RunLevel`; `LeastPrivilege` by default.
    pub run_level: Option<String>,
    /// `RequiredPrivileges`.
    #[serde(default)]
    pub privileges: Vec<String>,
    /// `Hidden`.
    pub hidden: Option<bool>,
    /// `Enabled` of the settings; true by default.
    pub enabled: Option<bool>,
    /// The one action's program.
    pub command: Option<String>,
    /// Its arguments.
    pub arguments: Option<String>,
    /// Its working directory.
    pub working_directory: Option<String>,
    /// The one action's class, where it is a COM handler.
    pub com_handler: Option<String>,
    /// The actions, where there is not one.
    pub actions: Option<Vec<Action>>,
    /// The whole definition as it stands in the event, be it XML or not, or empty.
    pub content: Option<String>,
}

/// A client by what matters of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientDescription {
    process_id: Option<u32>,
    parent_process_id: Option<u32>,
    locality: Option<u32>,
    fqdn: Option<String>,
}

/// Members that do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DescriptionError {
    /// Nothing says what the task does.
    #[error("nothing says what the task does: add `command`, `com_handler`, `actions` or `content`")]
    NoAction,
    /// Several members say what the task does.
    #[error("of `command`, `com_handler`, `actions` and `content`, one says what the task does")]
    SeveralActions,
    /// Arguments without a program.
    #[error("`arguments` and `working_directory` belong to a `command`")]
    NoCommand,
    /// One trigger and several.
    #[error("there are both `trigger` and `triggers`")]
    SeveralTriggers,
}

/// An account that Windows itself has.
struct Service {
    sid: &'static str,
    name: Option<&'static str>,
    domain: Option<&'static str>,
    logon_id: &'static str,
}

/// The services' accounts; two of them have the machine's name.
///
/// Logon sessions: <https://learn.microsoft.com/en-us/windows/win32/services/service-user-accounts>, `ntifs.h`.
const SERVICES: [Service; 3] = [
    Service { sid: "S-1-5-18", name: None, domain: None, logon_id: "0x3e7" },
    Service { sid: "S-1-5-19", name: Some("LOCAL SERVICE"), domain: Some("NT AUTHORITY"), logon_id: "0x3e5" },
    Service { sid: "S-1-5-20", name: None, domain: None, logon_id: "0x3e4" },
];

fn service(sid: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.sid == sid)
}

impl Description {
    /// The members that say what the task does: an event that has one of them takes none from its row.
    pub(crate) const ACTION: [&str; 6] =
        ["command", "arguments", "working_directory", "com_handler", "actions", "content"];

    /// The event.
    ///
    /// # Errors
    /// When members contradict each other, or nothing says what the task does.
    pub(crate) fn sample(&self) -> Result<Sample, DescriptionError> {
        let mut sample = Sample { event_id: self.event.unwrap_or(4698), ..Sample::new(0, "", "") };
        set(&mut sample.task_name, self.task_name.as_deref());
        set(&mut sample.computer, self.computer.as_deref());
        self.set_account(&mut sample);
        sample.client = self.client.as_ref().map(|client| client.of(&sample.computer));
        sample.content = self.xml(&sample)?;
        Ok(sample)
    }

    fn set_account(&self, sample: &mut Sample) {
        if self.user.as_deref() == Some("Administrator") {
            sample.sid = format!("{DOMAIN}-500");
        }
        set(&mut sample.sid, self.sid.as_deref());
        if let Some(service) = service(&sample.sid) {
            let host = sample.computer.split('.').next().unwrap_or_default().to_uppercase();
            sample.user = service.name.map_or_else(|| format!("{host}$"), str::to_owned);
            set(&mut sample.domain, service.domain);
            sample.logon_id = service.logon_id.into();
        }
        set(&mut sample.user, self.user.as_deref());
        set(&mut sample.domain, self.domain.as_deref());
        set(&mut sample.logon_id, self.logon_id.as_deref());
    }

    /// The definition; empty for a deletion of which nothing says what the task did.
    fn xml(&self, sample: &Sample) -> Result<String, DescriptionError> {
        let actions = match (&self.command, &self.com_handler, &self.actions, &self.content) {
            (Some(_), None, None, None) => vec![self.action()],
            (None, ..) if self.arguments.is_some() || self.working_directory.is_some() => {
                return Err(DescriptionError::NoCommand);
            }
            (None, Some(_), None, None) => vec![self.action()],
            (None, None, Some(actions), None) => actions.clone(),
            (None, None, None, Some(content)) => return Ok(content.clone()),
            (None, None, None, None) if sample.event_id == 4699 => return Ok(String::new()),
            (None, None, None, None) => return Err(DescriptionError::NoAction),
            _ => return Err(DescriptionError::SeveralActions),
        };
        let mut definition = Definition::new(actions);
        let account = format!("{}\\{}", sample.domain, sample.user);
        definition.author = self.author.clone().unwrap_or_else(|| account.clone());
        definition.description.clone_from(&self.description);
        definition.uri = self.uri.as_ref().unwrap_or(&sample.task_name).clone();
        definition.security_descriptor.clone_from(&self.security_descriptor);
        definition.triggers = self.triggers()?;
        definition.hidden = self.hidden;
        definition.enabled = self.enabled.unwrap_or(true);
        let run_as = if service(&sample.sid).is_some() { sample.sid.clone() } else { account };
        definition.run_as = self.run_as.clone().unwrap_or(run_as);
        definition.group.clone_from(&self.group);
        if service(&definition.run_as).is_some() {
            definition.logon_type.clear();
        }
        set(&mut definition.logon_type, self.logon_type.as_deref());
        set(&mut definition.run_level, self.run_level.as_deref());
        definition.privileges.clone_from(&self.privileges);
        Ok(definition.xml())
    }

    fn action(&self) -> Action {
        Action {
            command: self.command.clone(),
            arguments: self.arguments.clone(),
            working_directory: self.working_directory.clone(),
            com_handler: self.com_handler.clone(),
        }
    }

    fn triggers(&self) -> Result<Vec<Trigger>, DescriptionError> {
        let kinds = match (&self.trigger, &self.triggers) {
            (None, None) => vec![TriggerKind::Daily],
            (Some(kind), None) => vec![kind.clone()],
            (None, Some(kinds)) => kinds.clone(),
            (Some(_), Some(_)) => return Err(DescriptionError::SeveralTriggers),
        };
        let trigger = |kind| Trigger { kind, repetition: self.repetition.clone() };
        Ok(kinds.into_iter().map(trigger).collect())
    }
}

impl ClientDescription {
    fn of(&self, computer: &str) -> Client {
        Client {
            start_key: 2_251_799_813_692_303,
            process_id: self.process_id.unwrap_or(6_112),
            parent_process_id: self.parent_process_id.unwrap_or(5_320),
            locality: self.locality.unwrap_or(0),
            fqdn: self.fqdn.as_deref().unwrap_or(computer).to_owned(),
        }
    }
}

fn set(target: &mut String, value: Option<&str>) {
    if let Some(value) = value {
        value.clone_into(target);
    }
}
