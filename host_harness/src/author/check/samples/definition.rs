//! Task definitions, as schtasks.exe writes them.
//!
//! Elements: <https://learn.microsoft.com/en-us/windows/win32/taskschd/task-scheduler-schema-elements>.
use serde::Deserialize;
use std::fmt::Write as _;

/// The parts of a task definition that samples differ in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    /// `Author`; empty for none.
    pub author: String,
    /// `Description`.
    pub description: Option<String>,
    /// `URI`.
    pub uri: String,
    /// `SecurityDescriptor`.
    pub security_descriptor: Option<String>,
    /// The triggers in order.
    pub triggers: Vec<Trigger>,
    /// `Hidden`, where it is said.
    pub hidden: Option<bool>,
    /// `Enabled` of the settings.
    pub enabled: bool,
    /// The actions in order.
    pub actions: Vec<Action>,
    /// `UserId`; empty for none.
    pub run_as: String,
    /// `GroupId`.
    pub group: Option<String>,
    /// `LogonType`; empty for none.
    pub logon_type: String,
    /// `RunLevel`.
    pub run_level: String,
    /// `RequiredPrivileges`.
    pub privileges: Vec<String>,
}

/// When a task runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trigger {
    /// The event that starts it.
    pub kind: TriggerKind,
    /// The interval of its repetition, such as `PT5M`.
    pub repetition: Option<String>,
}

/// The kinds of event that start a task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum TriggerKind {
    /// A time, each day.
    Daily,
    /// A time, once.
    Time,
    /// The machine's start.
    Boot,
    /// A logon.
    Logon,
    /// The task's registration.
    Registration,
    /// An idle machine.
    Idle,
    /// Anything else: the element.
    Xml(String),
}

impl TryFrom<String> for TriggerKind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Ok(match text.as_str() {
            "daily" => Self::Daily,
            "time" => Self::Time,
            "boot" => Self::Boot,
            "logon" => Self::Logon,
            "registration" => Self::Registration,
            "idle" => Self::Idle,
            _ if text.starts_with('<') => Self::Xml(text),
            _ => {
                return Err(format!(
                    "there is no trigger `{text}`: write `daily`, `time`, `boot`, `logon`, `registration`, `idle` or \
                     the trigger's XML"
                ));
            }
        })
    }
}

/// An action: a program, or a COM handler.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// `Command`.
    pub command: Option<String>,
    /// `Arguments`; the element is missing where this is.
    pub arguments: Option<String>,
    /// `WorkingDirectory`.
    pub working_directory: Option<String>,
    /// `ClassId` of a COM handler.
    pub com_handler: Option<String>,
}

impl Definition {
    /// A daily task of a person, with these actions.
    pub(crate) fn new(actions: Vec<Action>) -> Self {
        Self {
            author: r"CORP\alice".into(),
            description: None,
            uri: r"\Nightly".into(),
            security_descriptor: None,
            triggers: vec![Trigger { kind: TriggerKind::Daily, repetition: None }],
            hidden: None,
            enabled: true,
            actions,
            run_as: r"CORP\alice".into(),
            group: None,
            logon_type: "InteractiveToken".into(),
            run_level: "LeastPrivilege".into(),
            privileges: Vec::new(),
        }
    }

    /// The XML.
    pub(crate) fn xml(&self) -> String {
        let mut out = Xml(String::from("<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n"));
        out.line(0, "<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">");
        out.line(1, "<RegistrationInfo>");
        out.element(2, "Date", "2026-03-01T10:22:33");
        out.if_any(2, "Author", &self.author);
        out.optional(2, "Description", self.description.as_deref());
        out.element(2, "URI", &self.uri);
        out.optional(2, "SecurityDescriptor", self.security_descriptor.as_deref());
        out.line(1, "</RegistrationInfo>");
        out.line(1, "<Triggers>");
        self.triggers.iter().for_each(|trigger| trigger.write(&mut out));
        out.line(1, "</Triggers>");
        out.line(1, "<Settings>");
        out.element(2, "Enabled", flag(self.enabled));
        out.optional(2, "Hidden", self.hidden.map(flag));
        out.line(1, "</Settings>");
        out.line(1, "<Actions Context=\"Author\">");
        self.actions.iter().for_each(|action| action.write(&mut out));
        out.line(1, "</Actions>");
        self.write_principal(&mut out);
        out.0.push_str("</Task>");
        out.0
    }

    fn write_principal(&self, out: &mut Xml) {
        out.line(1, "<Principals>");
        out.line(2, "<Principal id=\"Author\">");
        match &self.group {
            Some(group) => out.element(3, "GroupId", group),
            None => {
                out.if_any(3, "UserId", &self.run_as);
                out.if_any(3, "LogonType", &self.logon_type);
            }
        }
        out.element(3, "RunLevel", &self.run_level);
        if !self.privileges.is_empty() {
            out.line(3, "<RequiredPrivileges>");
            self.privileges.iter().for_each(|privilege| out.element(4, "Privilege", privilege));
            out.line(3, "</RequiredPrivileges>");
        }
        out.line(2, "</Principal>");
        out.line(1, "</Principals>");
    }
}

impl Trigger {
    fn write(&self, out: &mut Xml) {
        let (name, starts) = match &self.kind {
            TriggerKind::Daily => ("CalendarTrigger", true),
            TriggerKind::Time => ("TimeTrigger", true),
            TriggerKind::Boot => ("BootTrigger", false),
            TriggerKind::Logon => ("LogonTrigger", false),
            TriggerKind::Registration => ("RegistrationTrigger", false),
            TriggerKind::Idle => ("IdleTrigger", false),
            TriggerKind::Xml(element) => return out.line(2, element),
        };
        out.line(2, &format!("<{name}>"));
        if let Some(interval) = &self.repetition {
            out.line(3, "<Repetition>");
            out.element(4, "Interval", interval);
            out.line(3, "</Repetition>");
        }
        if starts {
            out.element(3, "StartBoundary", "2026-03-01T03:00:00");
        }
        if self.kind == TriggerKind::Daily {
            out.line(3, "<ScheduleByDay>");
            out.element(4, "DaysInterval", "1");
            out.line(3, "</ScheduleByDay>");
        } else {
            out.element(3, "Enabled", "true");
        }
        out.line(2, &format!("</{name}>"));
    }
}

impl Action {
    /// A program with its arguments.
    pub(crate) fn program(command: &str, arguments: &str) -> Self {
        Self { command: Some(command.into()), arguments: Some(arguments.into()), ..Self::default() }
    }

    fn write(&self, out: &mut Xml) {
        if let Some(class) = &self.com_handler {
            out.line(2, "<ComHandler>");
            out.element(3, "ClassId", class);
            out.line(2, "</ComHandler>");
            return;
        }
        out.line(2, "<Exec>");
        out.optional(3, "Command", self.command.as_deref());
        out.optional(3, "Arguments", self.arguments.as_deref());
        out.optional(3, "WorkingDirectory", self.working_directory.as_deref());
        out.line(2, "</Exec>");
    }
}

/// XML with an element a line.
struct Xml(String);

impl Xml {
    fn line(&mut self, depth: usize, text: &str) {
        // Writing to a text does not fail.
        let _ = write!(self.0, "{:indent$}{text}\r\n", "", indent = depth.saturating_mul(2));
    }

    fn element(&mut self, depth: usize, name: &str, text: &str) {
        self.line(depth, &format!("<{name}>{}</{name}>", escape_xml(text)));
    }

    fn optional(&mut self, depth: usize, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.element(depth, name, text);
        }
    }

    fn if_any(&mut self, depth: usize, name: &str, text: &str) {
        self.optional(depth, name, Some(text).filter(|text| !text.is_empty()));
    }
}

const fn flag(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// A task definition as schtasks.exe makes it, with one action.
pub fn task_xml(command: &str, arguments: &str) -> String {
    Definition::new(vec![Action::program(command, arguments)]).xml()
}

/// Text as it stands in XML.
pub fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
}
