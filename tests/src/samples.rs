//! Scheduled-task records as each shipper writes them, made of one description.

use serde_json::{Value, json};

/// A scheduled-task event, before any shipper has touched it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// 4698 to 4702.
    pub event_id: u16,
    /// The task's path.
    pub task_name: String,
    /// The machine's name.
    pub computer: String,
    /// The account that made the change, without its domain.
    pub user: String,
    /// The task's XML; empty for a deletion as current Windows logs it.
    pub content: String,
}

impl Sample {
    /// A task that runs a program, by a person on a workstation.
    pub fn new(event_id: u16, command: &str, arguments: &str) -> Self {
        Self {
            event_id,
            task_name: r"\Nightly".into(),
            computer: "WS17.corp.example".into(),
            user: "alice".into(),
            content: task_xml(command, arguments),
        }
    }

    /// The field that holds the content.
    fn content_field(&self) -> &'static str {
        if self.event_id == 4702 { "TaskContentNew" } else { "TaskContent" }
    }

    fn inserts(&self) -> [&str; 6] {
        [
            "S-1-5-21-1004336348-1177238915-682003330-1104",
            &self.user,
            "CORP",
            "0x3144c",
            &self.task_name,
            &self.content,
        ]
    }

    fn event_data(&self) -> Value {
        let [sid, user, domain, logon, name, content] = self.inserts();
        json!({
            "SubjectUserSid": sid, "SubjectUserName": user, "SubjectDomainName": domain, "SubjectLogonId": logon,
            "TaskName": name, self.content_field(): content,
        })
    }

    fn message(&self) -> String {
        let verb = match self.event_id {
            4698 => "created",
            4699 => "deleted",
            4700 => "enabled",
            4701 => "disabled",
            _ => "updated",
        };
        format!(
            "A scheduled task was {verb}.\r\n\r\nSubject:\r\n\tSecurity ID:\t\tCORP\\{user}\r\n\r\nTask Information:\r\n\t\
             Task Name: \t\t{name}\r\n\tTask Content: \t\t{content}",
            user = self.user,
            name = self.task_name,
            content = self.content
        )
    }

    /// The record in a shape.
    pub fn record(&self, shape: Shape) -> String {
        let value = match shape {
            Shape::Winevtlog => self.winevtlog(None),
            Shape::WinevtlogMap => self.winevtlog(Some(self.event_data())),
            Shape::WinevtlogXml => {
                json!({"System": self.event_xml(), "Message": self.message(), "StringInserts": self.inserts()})
            }
            Shape::Winlog => json!({
                "RecordNumber": 7, "TimeGenerated": "2026-03-01 10:22:33 +0100", "TimeWritten": "2026-03-01 10:22:33 +0100",
                "EventID": self.event_id, "Qualifiers": 0, "EventType": "SuccessAudit", "EventCategory": 12804,
                "Channel": "Security", "SourceName": "Microsoft-Windows-Security-Auditing",
                "ComputerName": self.computer, "Data": "", "Sid": "", "Message": "", "StringInserts": self.inserts(),
            }),
            Shape::Flat => self.flat(json!(self.event_id), "Computer", self.content_field(), &self.content),
            Shape::FlatText => {
                self.flat(json!(self.event_id.to_string()), "Hostname", self.content_field(), &self.content)
            }
            Shape::JobContent => self.flat(json!(self.event_id), "Computer", "JobContent", &self.content),
            Shape::NxlogEscaped => {
                self.flat(json!(self.event_id), "Hostname", self.content_field(), &escape_xml(&self.content))
            }
        };
        value.to_string()
    }

    fn winevtlog(&self, map: Option<Value>) -> Value {
        let mut record = json!({
            "ProviderName": "Microsoft-Windows-Security-Auditing",
            "ProviderGuid": "{54849625-5478-4994-A5BA-3E3B0328C30D}", "Qualifiers": "", "EventID": self.event_id,
            "Version": 0, "Level": 0, "Task": 12804, "Opcode": 0, "Keywords": "0x8020000000000000",
            "TimeCreated": "2026-03-01 10:22:33 +0100", "EventRecordID": 918_273, "ActivityID": "",
            "RelatedActivityID": "", "ProcessID": 744, "ThreadID": 2836, "Channel": "Security",
            "Computer": self.computer, "UserID": "", "Message": self.message(),
        });
        if let Some(members) = record.as_object_mut() {
            if let Some(map) = map {
                members.insert("EventData".into(), map);
            }
            members.insert("StringInserts".into(), json!(self.inserts()));
        }
        record
    }

    fn flat(&self, id: Value, host: &str, content_field: &str, content: &str) -> Value {
        let [sid, user, domain, logon, name, _] = self.inserts();
        json!({
            "EventID": id, "SourceName": "Microsoft-Windows-Security-Auditing", "Channel": "Security",
            host: self.computer, "SubjectUserSid": sid, "SubjectUserName": user, "SubjectDomainName": domain,
            "SubjectLogonId": logon, "TaskName": name, content_field: content,
        })
    }

    fn event_xml(&self) -> String {
        let data = self.event_data();
        let fields = data.as_object().into_iter().flatten().map(|(name, value)| {
            format!("<Data Name='{name}'>{}</Data>", escape_xml(value.as_str().unwrap_or_default()))
        });
        format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider \
             Name='Microsoft-Windows-Security-Auditing'/><EventID>{}</EventID><Version>0</Version>\
             <Channel>Security</Channel><Computer>{}</Computer></System><EventData>{}</EventData></Event>",
            self.event_id,
            self.computer,
            fields.collect::<String>()
        )
    }
}

/// How a shipper writes an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Fluent Bit's winevtlog by default.
    Winevtlog,
    /// The same with `event_data_as_map`.
    WinevtlogMap,
    /// The same with `render_event_as_xml`.
    WinevtlogXml,
    /// Fluent Bit's winlog.
    Winlog,
    /// Flat JSON with Windows' field names.
    Flat,
    /// Flat JSON with everything as text.
    FlatText,
    /// Flat JSON with the field name of the founding strategy's query.
    JobContent,
    /// NXLog: flat JSON with the content escaped once more.
    NxlogEscaped,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 8] = [
        Self::Winevtlog,
        Self::WinevtlogMap,
        Self::WinevtlogXml,
        Self::Winlog,
        Self::Flat,
        Self::FlatText,
        Self::JobContent,
        Self::NxlogEscaped,
    ];
}

/// A task definition as schtasks.exe makes it, with one action.
pub fn task_xml(command: &str, arguments: &str) -> String {
    let (command, arguments) = (escape_xml(command), escape_xml(arguments));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task version=\"1.2\" \
         xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\r\n  <RegistrationInfo>\r\n    \
         <Date>2026-03-01T10:22:33</Date>\r\n    <Author>CORP\\alice</Author>\r\n    <URI>\\Nightly</URI>\r\n  \
         </RegistrationInfo>\r\n  <Triggers>\r\n    <CalendarTrigger>\r\n      \
         <StartBoundary>2026-03-01T03:00:00</StartBoundary>\r\n      <ScheduleByDay>\r\n        \
         <DaysInterval>1</DaysInterval>\r\n      </ScheduleByDay>\r\n    </CalendarTrigger>\r\n  </Triggers>\r\n  \
         <Settings>\r\n    <Enabled>true</Enabled>\r\n  </Settings>\r\n  <Actions Context=\"Author\">\r\n    \
         <Exec>\r\n      <Command>{command}</Command>\r\n      <Arguments>{arguments}</Arguments>\r\n    </Exec>\r\n  \
         </Actions>\r\n  <Principals>\r\n    <Principal id=\"Author\">\r\n      <UserId>CORP\\alice</UserId>\r\n      \
         <LogonType>InteractiveToken</LogonType>\r\n      <RunLevel>LeastPrivilege</RunLevel>\r\n    \
         </Principal>\r\n  </Principals>\r\n</Task>"
    )
}

/// Text as it stands in XML.
pub fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
}
