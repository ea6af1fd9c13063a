//! The task definition: Task Scheduler XML as a typed [`Task`].
//!
//! Source: the Task Scheduler schema
//! (<https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema>) and \[MS-TSCH\] 2.5.

pub mod duration;
mod elements;
mod path;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod xml;

pub use xml::{Parsed, parse};

/// A task definition. Text is as written in the XML after entity resolution and trimming; nothing is
/// expanded or normalised here. Absent and empty elements are both `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Task {
    /// `Task/@version`, for example `1.2`.
    pub version: Option<String>,
    /// `RegistrationInfo`.
    pub registration: Registration,
    /// `Triggers`, in order.
    pub triggers: Vec<Trigger>,
    /// `Principals`, in order.
    pub principals: Vec<Principal>,
    /// `Settings`.
    pub settings: Settings,
    /// `Actions/@Context`: the id of the principal that the actions run as.
    pub actions_context: Option<String>,
    /// `Actions`, in order.
    pub actions: Vec<Action>,
    /// `Data`: free text.
    pub data: Option<String>,
}

impl Task {
    /// The principal that the actions run as: the one that `Actions/@Context` names, else the first.
    pub fn principal(&self) -> Option<&Principal> {
        self.actions_context
            .as_deref()
            .and_then(|context| self.principals.iter().find(|p| p.id.as_deref() == Some(context)))
            .or_else(|| self.principals.first())
    }
}

/// `RegistrationInfo`: who says to have made the task, when and what for. All of it is the maker's claim.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the schema's own element names")]
pub struct Registration {
    pub uri: Option<String>,
    pub author: Option<String>,
    pub date: Option<String>,
    pub description: Option<String>,
    pub source: Option<String>,
    pub version: Option<String>,
    pub documentation: Option<String>,
    pub security_descriptor: Option<String>,
}

/// The kinds of trigger in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the schema's own element names")]
pub enum TriggerKind {
    Boot,
    Registration,
    Idle,
    Time,
    Calendar,
    Logon,
    SessionStateChange,
    Event,
    WnfStateChange,
    Custom,
}

impl TriggerKind {
    /// The kind that an element name stands for, for example `LogonTrigger`.
    pub(crate) fn from_element(name: &str) -> Option<Self> {
        Some(match name {
            "BootTrigger" => Self::Boot,
            "RegistrationTrigger" => Self::Registration,
            "IdleTrigger" => Self::Idle,
            "TimeTrigger" => Self::Time,
            "CalendarTrigger" => Self::Calendar,
            "LogonTrigger" => Self::Logon,
            "SessionStateChangeTrigger" => Self::SessionStateChange,
            "EventTrigger" => Self::Event,
            "WnfStateChangeTrigger" => Self::WnfStateChange,
            "CustomTrigger" => Self::Custom,
            _ => return None,
        })
    }

    /// The word used in tags and in the field `task.trigger`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Registration => "registration",
            Self::Idle => "idle",
            Self::Time => "time",
            Self::Calendar => "calendar",
            Self::Logon => "logon",
            Self::SessionStateChange => "session_state_change",
            Self::Event => "event",
            Self::WnfStateChange => "wnf_state_change",
            Self::Custom => "custom",
        }
    }
}

/// One trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Which element it is.
    pub kind: TriggerKind,
    /// The attribute `id`.
    pub id: Option<String>,
    /// `Enabled`; `None` when absent, which means enabled.
    pub enabled: Option<bool>,
    /// `StartBoundary`, an ISO 8601 time.
    pub start_boundary: Option<String>,
    /// `EndBoundary`, an ISO 8601 time.
    pub end_boundary: Option<String>,
    /// `ExecutionTimeLimit`, an ISO 8601 duration.
    pub execution_time_limit: Option<String>,
    /// `Delay`, an ISO 8601 duration.
    pub delay: Option<String>,
    /// `RandomDelay`, an ISO 8601 duration.
    pub random_delay: Option<String>,
    /// `Repetition`.
    pub repetition: Option<Repetition>,
    /// `UserId` of logon and session-state triggers.
    pub user_id: Option<String>,
    /// `StateChange` of session-state triggers, for example `SessionUnlock`.
    pub state_change: Option<String>,
    /// `Subscription` of event triggers: an event query, itself XML.
    pub subscription: Option<String>,
    /// `ScheduleByDay`, `ScheduleByWeek`, `ScheduleByMonth` or `ScheduleByMonthDayOfWeek`.
    pub schedule: Option<String>,
}

impl Trigger {
    /// A trigger of a kind, with nothing else set.
    pub(crate) const fn new(kind: TriggerKind) -> Self {
        Self {
            kind,
            id: None,
            enabled: None,
            start_boundary: None,
            end_boundary: None,
            execution_time_limit: None,
            delay: None,
            random_delay: None,
            repetition: None,
            user_id: None,
            state_change: None,
            subscription: None,
            schedule: None,
        }
    }
}

/// `Repetition` of a trigger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repetition {
    /// `Interval`, an ISO 8601 duration.
    pub interval: Option<String>,
    /// `Duration`, an ISO 8601 duration.
    pub duration: Option<String>,
    /// `StopAtDurationEnd`.
    pub stop_at_duration_end: Option<bool>,
}

/// One principal: the account that actions run as, and with what rights.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Principal {
    /// The attribute `id`, which `Actions/@Context` refers to.
    pub id: Option<String>,
    /// `UserId`: a SID, `DOMAIN\user`, or a well-known name in any language.
    pub user_id: Option<String>,
    /// `GroupId`.
    pub group_id: Option<String>,
    /// `DisplayName`.
    pub display_name: Option<String>,
    /// `LogonType`, for example `S4U`, `Password`, `InteractiveToken`.
    pub logon_type: Option<String>,
    /// `RunLevel`: `LeastPrivilege` or `HighestAvailable`.
    pub run_level: Option<String>,
    /// `ProcessTokenSidType`.
    pub process_token_sid_type: Option<String>,
    /// `RequiredPrivileges/Privilege`.
    pub required_privileges: Vec<String>,
}

/// `Settings`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the schema's own element names")]
pub struct Settings {
    pub enabled: Option<bool>,
    pub hidden: Option<bool>,
    pub allow_start_on_demand: Option<bool>,
    pub allow_hard_terminate: Option<bool>,
    pub start_when_available: Option<bool>,
    pub run_only_if_network_available: Option<bool>,
    pub run_only_if_idle: Option<bool>,
    pub wake_to_run: Option<bool>,
    pub disallow_start_if_on_batteries: Option<bool>,
    pub stop_if_going_on_batteries: Option<bool>,
    pub execution_time_limit: Option<String>,
    pub delete_expired_task_after: Option<String>,
    pub priority: Option<String>,
    pub multiple_instances_policy: Option<String>,
    /// `RestartOnFailure/Interval`.
    pub restart_interval: Option<String>,
    /// `RestartOnFailure/Count`.
    pub restart_count: Option<String>,
}

/// One action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `Exec`: run a program.
    Exec(Exec),
    /// `ComHandler`: call a COM class.
    ComHandler {
        /// `ClassId`, a GUID in braces.
        class_id: Option<String>,
        /// `Data`, handed to the class.
        data: Option<String>,
    },
    /// `SendEmail` (deprecated by Windows, still accepted).
    SendEmail {
        /// `Server`.
        server: Option<String>,
        /// `To`.
        to: Option<String>,
        /// `From`.
        from: Option<String>,
        /// `Subject`.
        subject: Option<String>,
        /// `Body`.
        body: Option<String>,
        /// `Attachments/File`.
        attachments: Vec<String>,
    },
    /// `ShowMessage` (deprecated by Windows, still accepted).
    ShowMessage {
        /// `Title`.
        title: Option<String>,
        /// `Body`.
        body: Option<String>,
    },
}

impl Action {
    /// The word used in the field `task.action`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Exec(_) => "exec",
            Self::ComHandler { .. } => "com_handler",
            Self::SendEmail { .. } => "send_email",
            Self::ShowMessage { .. } => "show_message",
        }
    }
}

/// `Exec`: a program and its arguments, which the schema keeps in two elements. `schtasks /tr` splits at
/// the first blank outside quotes; an imported XML may hold the whole line in `Command`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exec {
    /// `Command`.
    pub command: Option<String>,
    /// `Arguments`.
    pub arguments: Option<String>,
    /// `WorkingDirectory`.
    pub working_directory: Option<String>,
}
