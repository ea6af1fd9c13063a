//! The shapes of records.
use super::{Sample, escape_xml};
use serde::Deserialize;
use serde_json::{Map, Value, json};

const PROVIDER: &str = "Microsoft-Windows-Security-Auditing";

/// The form in which a shipper writes an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Winlogbeat, and what else writes the Elastic Common Schema.
    Winlogbeat,
    /// The JSON of evtx_dump and of tools that are built on the same reader.
    EvtxDump,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 10] = [
        Self::Winevtlog,
        Self::WinevtlogMap,
        Self::WinevtlogXml,
        Self::Winlog,
        Self::Flat,
        Self::FlatText,
        Self::JobContent,
        Self::NxlogEscaped,
        Self::Winlogbeat,
        Self::EvtxDump,
    ];

    /// The name by which a row of a table chooses it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Winevtlog => "winevtlog",
            Self::WinevtlogMap => "winevtlog_map",
            Self::WinevtlogXml => "winevtlog_xml",
            Self::Winlog => "winlog",
            Self::Flat => "flat",
            Self::FlatText => "flat_text",
            Self::JobContent => "job_content",
            Self::NxlogEscaped => "nxlog_escaped",
            Self::Winlogbeat => "winlogbeat",
            Self::EvtxDump => "evtx_dump",
        }
    }
}

impl Sample {
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
                "Channel": "Security", "SourceName": PROVIDER, "ComputerName": self.computer, "Data": "", "Sid": "",
                "Message": "", "StringInserts": self.inserts(),
            }),
            Shape::Flat => self.flat(self.event_id.into(), "Computer", self.fields()),
            Shape::FlatText => self.flat(self.event_id.to_string().into(), "Hostname", texts(self.fields())),
            Shape::JobContent => {
                self.flat(self.event_id.into(), "Computer", self.with_content("JobContent", &self.content))
            }
            Shape::NxlogEscaped => {
                let content = escape_xml(&self.content);
                self.flat(self.event_id.into(), "Hostname", self.with_content(self.content_field(), &content))
            }
            Shape::Winlogbeat => self.winlogbeat(),
            Shape::EvtxDump => json!({"Event": {
                "System": {
                    "Provider": {"#attributes": {"Name": PROVIDER}}, "EventID": self.event_id,
                    "Version": self.version(), "Channel": "Security", "Computer": self.computer,
                    "TimeCreated": {"#attributes": {"SystemTime": "2026-03-01T09:22:33.120Z"}},
                },
                "EventData": self.event_data(),
            }}),
        };
        value.to_string()
    }

    fn inserts(&self) -> Vec<Value> {
        self.fields().into_iter().map(|(_, value)| value).collect()
    }

    fn event_data(&self) -> Value {
        object(self.fields())
    }

    /// The fields with the content under another name or in another form.
    fn with_content(&self, name: &'static str, content: &str) -> Vec<(&'static str, Value)> {
        let changed = |(field, value)| {
            if field == self.content_field() { (name, content.into()) } else { (field, value) }
        };
        self.fields().into_iter().map(changed).collect()
    }

    fn winevtlog(&self, map: Option<Value>) -> Value {
        let mut record = json!({
            "ProviderName": PROVIDER, "ProviderGuid": "{54849625-5478-4994-A5BA-3E3B0328C30D}", "Qualifiers": "",
            "EventID": self.event_id, "Version": self.version(), "Level": 0, "Task": 12804, "Opcode": 0,
            "Keywords": "0x8020000000000000", "TimeCreated": "2026-03-01 10:22:33 +0100", "EventRecordID": 918_273,
            "ActivityID": "", "RelatedActivityID": "", "ProcessID": 744, "ThreadID": 2836, "Channel": "Security",
            "Computer": self.computer, "UserID": "", "Message": self.message(),
        });
        if let Some(members) = record.as_object_mut() {
            if let Some(map) = map {
                members.insert("EventData".into(), map);
            }
            members.insert("StringInserts".into(), self.inserts().into());
        }
        record
    }

    fn flat(&self, id: Value, host: &'static str, fields: Vec<(&'static str, Value)>) -> Value {
        let head = [
            ("EventID", id),
            ("SourceName", PROVIDER.into()),
            ("Channel", "Security".into()),
            (host, self.computer.as_str().into()),
        ];
        object(head.into_iter().chain(fields))
    }

    fn winlogbeat(&self) -> Value {
        let id = self.event_id.to_string();
        json!({
            "@timestamp": "2026-03-01T09:22:33.120Z", "event": {"code": id, "provider": PROVIDER},
            "winlog": {
                "event_id": id, "version": self.version(), "channel": "Security", "provider_name": PROVIDER,
                "computer_name": self.computer, "event_data": object(texts(self.fields())),
            },
        })
    }
}

fn object(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}

/// The fields with each value as text.
fn texts(fields: Vec<(&'static str, Value)>) -> Vec<(&'static str, Value)> {
    let text = |(name, value): (_, Value)| match value {
        Value::String(_) => (name, value),
        other => (name, other.to_string().into()),
    };
    fields.into_iter().map(text).collect()
}
