//! One event in every shape, as its shipper would write it. All values are invented.

pub(super) use super::escape;
use crate::event::TaskEvent;
use serde_json::{Value, json};

/// An event to ship.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) id: u16,
    /// 0 or 1.
    pub(super) version: u8,
    /// The definition; `""` as in a deletion on current Windows.
    pub(super) content: String,
}

/// A shape, and how far it can carry an event.
pub(super) struct Fixture {
    /// A name of the record, for messages of failing tests.
    pub(super) title: &'static str,
    /// The shape's name.
    pub(super) shape: &'static str,
    pub(super) build: fn(&Sample) -> Value,
    /// The time that the event must have.
    pub(super) time: Option<&'static str>,
    /// True if all is in the rendered message, which has no `FQDN`.
    pub(super) message_only: bool,
    /// Makes the changes that the shape itself makes to the event.
    pub(super) edit: fn(&Sample, &mut TaskEvent<'static>),
}

pub(super) const SID: &str = "S-1-5-21-1004336348-1177238915-682003330-1104";
pub(super) const USER: &str = "R&D \"ü\"";
pub(super) const DOMAIN: &str = "CORP";
pub(super) const LOGON_ID: &str = "0x3144c";
pub(super) const NAME: &str = "\\Ops\\R&D <nightly>, \"täglich\"";
pub(super) const COMPUTER: &str = "ws17.corp.example";
pub(super) const CHANNEL: &str = "Security";
pub(super) const PROVIDER: &str = "Microsoft-Windows-Security-Auditing";
/// Start key, process, parent, locality, FQDN.
pub(super) const CLIENT: [&str; 5] = ["2251799813691708", "5204", "15816", "0", COMPUTER];
pub(super) const TASK: &str = "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task version=\"1.2\">\r\n  <Author>R&amp;D</Author>\
                               <Command>C:\\tools\\x.exe</Command>\r\n</Task>";
const LOCAL: &str = "2026-03-01 10:22:33 +0100";
const UTC: &str = "2026-03-01T09:22:33.1234567Z";

pub(super) const fn fixture(
    title: &'static str,
    shape: &'static str,
    time: Option<&'static str>,
    build: fn(&Sample) -> Value,
) -> Fixture {
    Fixture { title, shape, build, time, message_only: false, edit: |_, _| {} }
}

const fn message_only(
    title: &'static str,
    shape: &'static str,
    time: Option<&'static str>,
    build: fn(&Sample) -> Value,
) -> Fixture {
    Fixture { title, shape, build, time, message_only: true, edit: |_, _| {} }
}

pub(super) const FIXTURES: &[Fixture] = &[
    fixture("in_winevtlog", "winevtlog", Some(LOCAL), |s| {
        with(winevtlog(s), json!({"StringInserts": inserts(s)}))
    }),
    fixture("in_winevtlog, event_data_as_map", "winevtlog", Some(LOCAL), |s| {
        with(winevtlog(s), json!({"EventData": named(s)}))
    }),
    fixture(
        "in_winevtlog, render_event_as_xml",
        "winevtlog_xml",
        Some(UTC),
        |s| json!({"System": event_xml(s, '\''), "Message": message(s), "StringInserts": inserts(s)}),
    ),
    fixture(
        "in_winevtlog, render_event_as_text",
        "winevtlog_text",
        Some(LOCAL),
        |s| json!({"log": lines(s), "StringInserts": inserts(s)}),
    ),
    message_only(
        "in_winevtlog, text without inserts",
        "winevtlog_text",
        Some(LOCAL),
        |s| json!({"my_key": 1, "log": lines(s)}),
    ),
    fixture(
        "in_winevtlog, render_event_text_key",
        "winevtlog_text",
        Some(LOCAL),
        |s| json!({"any key": lines(s), "StringInserts": inserts(s)}),
    ),
    fixture("in_winlog", "winlog", Some(LOCAL), |s| {
        let inserts: Vec<_> = values(s).into_iter().map(|(_, value)| value).collect();
        json!({"RecordNumber": 918273, "TimeGenerated": LOCAL, "TimeWritten": LOCAL, "EventID": s.id, "Qualifiers": 0,
               "EventType": "SuccessAudit", "EventCategory": 12804, "Channel": CHANNEL, "SourceName": PROVIDER,
               "ComputerName": COMPUTER, "Data": "", "Sid": "", "Message": "", "StringInserts": inserts})
    }),
    fixture("NXLog", "nxlog", Some("2026-03-01 10:22:33"), |s| {
        let mut record = json!({"EventTime": "2026-03-01 10:22:33", "Hostname": COMPUTER, "host": "collector", "EventID": s.id,
               "SourceName": PROVIDER, "Channel": CHANNEL, "Task": 12804, "ThreadID": 4698, "SourceModuleType": "im_msvistalog"});
        for (name, value) in values(s).into_iter().filter(|(_, value)| !value.is_empty()) {
            record[name] = escape(&value).into();
        }
        record
    }),
    fixture("flat, ids as strings", "flat", Some(UTC), |s| {
        let id = s.id.to_string();
        let head = json!({"EventID": id, "Hostname": COMPUTER, "Channel": "security", "SourceName": PROVIDER, "TimeCreated": UTC});
        with(head, named(s))
    }),
    fixture("GELF of NXLog", "flat", None, |s| {
        let mut record = json!({"version": "1.1", "host": COMPUTER, "_EventID": s.id, "_Channel": CHANNEL, "_SourceName": PROVIDER});
        for (name, value) in values(s) {
            record[format!("_{name}")] = value.into();
        }
        record
    }),
    fixture("Winlogbeat, nested", "winlogbeat", Some(UTC), winlogbeat),
    fixture("Winlogbeat, dotted", "winlogbeat", Some(UTC), |s| {
        let mut record = json!({"@timestamp": UTC, "winlog.event_id": s.id.to_string(), "winlog.channel": CHANNEL,
               "event.code": s.id.to_string(), "winlog.provider_name": PROVIDER, "winlog.computer_name": COMPUTER});
        for (name, value) in values(s) {
            record[format!("winlog.event_data.{name}")] = value.into();
        }
        record
    }),
    fixture("Winlogbeat 6", "winlogbeat6", Some(UTC), |s| {
        json!({"@timestamp": UTC, "beat": {"name": "wec"}, "host": {"name": "wec"}, "event_id": s.id, "log_name": CHANNEL,
               "source_name": PROVIDER, "computer_name": COMPUTER, "task": "Other Object Access Events", "event_data": named(s)})
    }),
    fixture("evtx_dump", "evtx", Some(UTC), |s| json!({"Event": evtx(s, "#attributes", json!(s.id))})),
    fixture("evtx_dump, qualifiers", "evtx", Some(UTC), |s| {
        let id = json!({"#attributes": {"Qualifiers": 0}, "#text": s.id});
        json!({"Event": evtx(s, "#attributes", id)})
    }),
    fixture("Chainsaw", "evtx", Some(UTC), |s| json!({"Event": evtx(s, "Event_attributes", json!(s.id))})),
    fixture("Velociraptor", "evtx", Some("1772356953.123"), |s| {
        json!({"System": {"Provider": {"Name": PROVIDER}, "EventID": {"Value": s.id}, "TimeCreated": {"SystemTime": 1772356953.123},
                          "Channel": CHANNEL, "Computer": COMPUTER}, "EventData": named(s), "Message": message(s)})
    }),
    fixture("XML converted to JSON", "evtx", Some(UTC), |s| {
        let data: Vec<_> =
            values(s).iter().map(|(name, value)| json!({"@Name": name, "#text": value})).collect();
        json!({"Event": {"System": {"Provider": {"@Name": PROVIDER}, "EventID": {"@Qualifiers": "", "#text": s.id.to_string()},
               "TimeCreated": {"@SystemTime": UTC}, "Channel": CHANNEL, "Computer": COMPUTER}, "EventData": {"Data": data}}})
    }),
    fixture("Event XML", "event_xml", Some(UTC), |s| json!({"message": event_xml(s, '"')})),
    fixture("Event XML, escaped", "event_xml", Some(UTC), |s| json!({"log": escape(&event_xml(s, '"'))})),
    fixture(
        "Splunk HEC with XML",
        "event_xml",
        Some(UTC),
        |s| json!({"host": "hec", "sourcetype": "XmlWinEventLog", "event": event_xml(s, '\'')}),
    ),
    fixture("OpenTelemetry, array", "otel", Some(UTC), |s| {
        let data: Vec<_> = values(s).into_iter().map(|(name, value)| json!({name: value})).collect();
        with(otel(s), json!({"event_data": {"data": data}}))
    }),
    fixture(
        "OpenTelemetry, map in body",
        "otel",
        Some(UTC),
        |s| json!({"attributes": {"n": 1}, "body": with(otel(s), json!({"event_data": named(s)}))}),
    ),
    fixture("OTLP", "otel", Some(UTC), |s| {
        let body = with(otel(s), json!({"event_data": named(s)}));
        json!({"timeUnixNano": "1", "severityNumber": 9, "body": typed(&body), "attributes": []})
    }),
    fixture("CEF", "cef", Some(UTC), |s| json!({"message": cef(s)})),
    fixture("LEEF", "cef", Some(UTC), |s| json!({"log": leef(s)})),
    fixture("OpenTelemetry, raw", "event_xml", Some(UTC), |s| json!({"body": event_xml(s, '\'')})),
    fixture("Vector", "vector", Some(UTC), |s| {
        json!({"event_id": s.id, "channel": CHANNEL, "provider_name": PROVIDER, "computer": COMPUTER, "timestamp": UTC, "task": 12804,
               "task_name": "Other Object Access Events", "event_data": named(s), "message": message(s)})
    }),
    fixture("Azure SecurityEvent", "azure", Some(UTC), |s| {
        json!({"TimeGenerated": UTC, "EventID": s.id, "Channel": CHANNEL, "Computer": COMPUTER, "EventSourceName": PROVIDER,
               "Account": "CORP\\x", "EventData": event_data_xml(s, '"'), "Type": "SecurityEvent"})
    }),
    fixture(
        "Azure WindowsEvent",
        "azure",
        Some(UTC),
        |s| json!({"TimeGenerated": UTC, "EventID": s.id, "Channel": CHANNEL, "Computer": COMPUTER, "Provider": PROVIDER, "EventData": named(s)}),
    ),
    fixture("Azure Event", "azure", Some(UTC), |s| {
        let params: String =
            values(s).iter().map(|(_, value)| format!("<Param>{}</Param>", escape(value))).collect();
        json!({"TimeGenerated": UTC, "EventLog": CHANNEL, "EventID": s.id, "Source": PROVIDER, "Computer": COMPUTER, "ParameterXml": params})
    }),
    fixture("Wazuh", "wazuh", Some(UTC), |s| json!({"agent": {"name": "a"}, "data": {"win": wazuh(s)}})),
    fixture("Wazuh, decoder", "wazuh", Some(UTC), |s| json!({"win": wazuh(s)})),
    fixture("Graylog, Beats", "graylog", Some(UTC), |s| graylog(s, "winlogbeat_winlog_")),
    fixture("Graylog, old Beats", "graylog", Some(UTC), |s| graylog(s, "winlogbeat_")),
    message_only("Splunk, classic", "splunk", None, |s| {
        json!({"_raw": format!("03/01/2026 10:22:33 AM\nLogName=Security\nEventCode={}\nEventType=0\nComputerName={COMPUTER}\n\
               SourceName={PROVIDER}\nType=Information\nMessage={}", s.id, message(s))})
    }),
    message_only("Snare", "snare", Some("Sun Mar 01 10:22:33 2026"), |s| {
        let message = message(s).replace(['\t', '\r', '\n'], " ");
        json!({"log": format!("<13>Mar  1 10:22:33 h MSWinEventLog\t1\tSecurity\t123\tSun Mar 01 10:22:33 2026\t{}\t{PROVIDER}\tu\tN/A\t\
               Success Audit\t{COMPUTER}\tOther Object Access Events\t\t{message}\t456", s.id)})
    }),
    fixture("Get-WinEvent", "get_winevent", Some(UTC), |s| {
        let mut properties: Vec<_> = inserts(s).into_iter().map(|value| json!({"Value": value})).collect();
        properties[0] = json!({"Value": {"BinaryLength": 28, "AccountDomainSid": "x", "Value": SID}});
        json!({"Message": message(s), "Id": s.id, "ProviderName": PROVIDER, "LogName": CHANNEL, "MachineName": COMPUTER,
               "TimeCreated": UTC, "ProcessId": 744, "Properties": properties})
    }),
    fixture("Splunk HEC with a flat record", "flat", Some(UTC), |s| {
        json!({"time": 1, "event": with(json!({"EventID": s.id, "Channel": CHANNEL, "ProviderName": PROVIDER,
               "Computer": COMPUTER, "TimeCreated": UTC}), named(s))})
    }),
];

/// The event data by name, in the manifest's order.
pub(super) fn values(s: &Sample) -> Vec<(&'static str, String)> {
    let content = if s.id == 4702 { "TaskContentNew" } else { "TaskContent" };
    let mut values = vec![
        ("SubjectUserSid", SID.to_owned()),
        ("SubjectUserName", USER.to_owned()),
        ("SubjectDomainName", DOMAIN.to_owned()),
        ("SubjectLogonId", LOGON_ID.to_owned()),
        ("TaskName", NAME.to_owned()),
        (content, s.content.clone()),
    ];
    if s.version > 0 {
        let names =
            ["ClientProcessStartKey", "ClientProcessId", "ParentProcessId", "RpcCallClientLocality", "FQDN"];
        values.extend(names.into_iter().zip(CLIENT.map(str::to_owned)));
    }
    values
}

/// The rendered message.
pub(super) fn message(s: &Sample) -> String {
    let mut text = format!(
        "Es wurde etwas geändert.\r\n\r\nAntragsteller:\r\n\tSicherheits-ID:\t\t{SID}\r\n\tKontoname:\t\t{USER}\r\n\tKontodomäne:\t\t{DOMAIN}\r\n\
         \tAnmelde-ID:\t\t{LOGON_ID}\r\n\r\nAufgabe:\r\n\tAufgabenname: \t\t{NAME}\r\n\tInhalt: \t\t{}\r\n\t",
        s.content
    );
    if s.version > 0 {
        let [key, process, parent, locality, _] = CLIENT;
        text += &format!(
            "Weitere Informationen:\r\n\tProcessCreationTime: \t\t{key}\r\n\tClientProcessId: \t\t\t{process}\r\n\
             \tParentProcessId: \t\t\t{parent}\r\n\tFQDN: \t\t{locality}\r\n\t"
        );
    }
    text
}

fn with(mut record: Value, more: Value) -> Value {
    let (Value::Object(record_members), Value::Object(more)) = (&mut record, more) else { unreachable!() };
    record_members.extend(more);
    record
}

pub(super) fn named(s: &Sample) -> Value {
    Value::Object(values(s).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
}

/// Inserts as `in_winevtlog` and PowerShell have them: numbers are numbers.
fn inserts(s: &Sample) -> Vec<Value> {
    let number = |value: &String| value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number));
    values(s).iter().map(|(_, value)| number(value)).collect()
}

pub(super) fn winlogbeat(s: &Sample) -> Value {
    json!({"@timestamp": UTC, "event": {"code": s.id.to_string(), "kind": "event", "provider": PROVIDER}, "host": {"name": "other"},
           "winlog": {"event_data": named(s), "channel": CHANNEL, "provider_name": PROVIDER, "event_id": s.id.to_string(),
                      "computer_name": COMPUTER, "task": "Other Object Access Events"}, "message": message(s)})
}

fn winevtlog(s: &Sample) -> Value {
    json!({"ProviderName": PROVIDER, "ProviderGuid": "{54849625-5478-4994-A5BA-3E3B0328C30D}", "Qualifiers": "", "EventID": s.id,
           "Version": s.version, "Level": 0, "Task": 12804, "Opcode": 0, "Keywords": "0x8020000000000000", "TimeCreated": LOCAL,
           "EventRecordID": 4624, "ActivityID": "", "ProcessID": 4698, "ThreadID": 2836, "Channel": CHANNEL, "Computer": COMPUTER,
           "UserID": "", "Message": message(s)})
}

fn lines(s: &Sample) -> String {
    format!(
        "ProviderName={PROVIDER}\nProviderGuid={{x}}\nQualifiers=\nEventID={}\nVersion={}\nTimeCreated={LOCAL}\nProcessID=744\n\
         Channel={CHANNEL}\nComputer={COMPUTER}\nUserID=\nMessage={}",
        s.id,
        s.version,
        message(s)
    )
}

fn evtx(s: &Sample, attributes: &str, id: Value) -> Value {
    // Chainsaw writes the attributes of `Provider` beside it, as `Provider_attributes`.
    let (provider, time) = match attributes {
        "#attributes" => ("Provider", "TimeCreated"),
        _ => ("Provider_attributes", "TimeCreated_attributes"),
    };
    let wrap = |value: Value| if attributes == "#attributes" { json!({"#attributes": value}) } else { value };
    json!({"System": {provider: wrap(json!({"Name": PROVIDER})), "EventID": id, "Version": s.version, "Task": 12804,
                      time: wrap(json!({"SystemTime": UTC})), "EventRecordID": 4624, "Channel": CHANNEL, "Computer": COMPUTER},
           "EventData": named(s)})
}

fn otel(s: &Sample) -> Value {
    json!({"channel": CHANNEL, "computer": COMPUTER, "event_id": {"qualifiers": 0, "id": s.id}, "keywords": ["Audit Success"],
           "message": {"details": {}, "message": "Es wurde"}, "provider": {"guid": "{x}", "name": PROVIDER}, "record_id": 4624,
           "system_time": UTC, "task": "Other Object Access Events"})
}

/// A value as OTLP writes it.
fn typed(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let values: Vec<_> =
                members.iter().map(|(key, value)| json!({"key": key, "value": typed(value)})).collect();
            json!({"kvlistValue": {"values": values}})
        }
        Value::Array(list) => json!({"arrayValue": {"values": list.iter().map(typed).collect::<Vec<_>>()}}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
        other => json!({"stringValue": other}),
    }
}

fn cef(s: &Sample) -> String {
    let escape =
        |text: &str| text.replace('\\', r"\\").replace('=', r"\=").replace('\r', r"\r").replace('\n', r"\n");
    let mut line = format!(
        "<13>Mar 1 10:22:33 relay CEF:0|Microsoft|Windows|10|{PROVIDER}:{}|A scheduled task|Low|externalId={} dvchost={COMPUTER} \
         Channel={CHANNEL} SourceName={PROVIDER} rt={UTC}",
        s.id, s.id
    );
    for (name, value) in values(s) {
        if name == "TaskName" {
            line += &format!(" cs1Label=TaskName cs1={}", escape(&value));
        } else {
            line += &format!(" {name}={}", escape(&value));
        }
    }
    line
}

fn leef(s: &Sample) -> String {
    let mut line = format!(
        "LEEF:1.0|Microsoft|Windows|10|{}|AgentLogFile={CHANNEL}\tSource={PROVIDER}\tComputer={COMPUTER}\tdevTime={UTC}",
        s.id
    );
    for (name, value) in values(s) {
        line += &format!("\t{name}={}", value.replace('\\', r"\\"));
    }
    line
}

fn wazuh(s: &Sample) -> Value {
    let mut data = json!({});
    for (name, value) in values(s) {
        let (first, rest) = name.split_at(1);
        let name = first.to_lowercase() + rest;
        data[name] = escape(&value.replace('\\', r"\\").replace('"', "\\\"").replace("\r\n", r"\r\n")).into();
    }
    json!({"system": {"providerName": PROVIDER, "eventID": s.id.to_string(), "systemTime": UTC, "channel": CHANNEL,
                      "computer": COMPUTER}, "eventdata": data})
}

fn graylog(s: &Sample, prefix: &str) -> Value {
    let (channel, provider) =
        if prefix == "winlogbeat_" { ("log_name", "source_name") } else { ("channel", "provider_name") };
    let mut record = json!({"source": "other", "timestamp": UTC, "message": "x"});
    record[format!("{prefix}event_id")] = s.id.to_string().into();
    record[format!("{prefix}{channel}")] = CHANNEL.into();
    record[format!("{prefix}{provider}")] = PROVIDER.into();
    record[format!("{prefix}computer_name")] = COMPUTER.into();
    for (name, value) in values(s) {
        record[format!("{prefix}event_data_{name}")] = value.into();
    }
    record
}

pub(super) fn event_xml(s: &Sample, quote: char) -> String {
    let xml = format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='{PROVIDER}' Guid='{{x}}'/>\
         <EventID Qualifiers=''>{}</EventID><Version>{}</Version><TimeCreated SystemTime='{UTC}'/><EventRecordID>4624</EventRecordID>\
         <Correlation/><Channel>{CHANNEL}</Channel><Computer>{COMPUTER}</Computer><Security/></System>{}</Event>",
        s.id,
        s.version,
        event_data_xml(s, '\'')
    );
    xml.replace('\'', &quote.to_string())
}

fn event_data_xml(s: &Sample, quote: char) -> String {
    let data: String = values(s)
        .iter()
        .map(|(name, value)| format!("<Data Name={quote}{name}{quote}>{}</Data>", escape(value)))
        .collect();
    format!("<EventData>{data}</EventData>")
}
