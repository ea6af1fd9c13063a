//! One event as agents, forensic tools and search results write it, which wrap it, put it into a text or use words of
//! their own. All values are invented.

use super::fixtures::{
    CHANNEL, COMPUTER, Fixture, NAME, PROVIDER, Sample, USER, escape, event_xml, fixture, message, named,
    values, winlogbeat,
};
use serde_json::{Value, json};
use std::borrow::Cow;

const LOCAL: &str = "2026-03-01 10:22:33.123 +01:00";
const UTC: &str = "2026-03-01T09:22:33.1234567Z";
const STAMP: &str = "2026 Mar 01 10:22:33";
const DATE: &str = "3/1/2026 10:22:33 AM";

pub(in crate::shapes) const AGENTS: &[Fixture] = &[
    fixture("Elastic Agent", "winlogbeat", Some(UTC), |s| {
        let mut record = winlogbeat(s);
        record["agent"] = json!({"type": "filebeat", "version": "9.1.0", "name": "ws17"});
        record["data_stream"] = json!({"dataset": "system.security", "type": "logs", "namespace": "default"});
        record["event"]["original"] = event_xml(s, '\'').into();
        record["winlog"]["scheduled_task"] = json!({"uri": "\\other", "settings": {"enabled": true}});
        record
    }),
    fixture("Winlogbeat 9 without names", "winlogbeat", Some(UTC), |s| {
        let mut record = winlogbeat(s);
        record["winlog"]["event_data"] = numbered(s);
        record
    }),
    fixture("HarfangLab", "winlogbeat6", Some(UTC), |s| {
        json!({"tenant": "", "type": "wineventlog", "@event_create_date": UTC, "log_name": CHANNEL, "event_data": named(s),
               "agent": {"hostname": "other", "ostype": "windows", "domainname": "CORP"}, "keywords": ["Audit Success"],
               "log_type": "eventlog", "source_name": PROVIDER, "@timestamp": "2026-03-01T09:22:40Z", "process_id": 4700,
               "task": "Other Object Access Events", "user": {}, "record_number": 4701, "computer_name": COMPUTER,
               "event_id": s.id, "user_data": {}})
    }),
    Fixture {
        edit: |_, event| event.channel = None,
        ..fixture("SEKOIA", "sekoia", Some(UTC), |s| {
            json!({"message": "{}", "@timestamp": UTC, "event": {"code": s.id.to_string(), "provider": PROVIDER},
                   "action": {"id": s.id, "name": "A task", "type": "eventlog", "properties": named(s)},
                   "log": {"hostname": COMPUTER}, "user": {"name": "other"}})
        })
    },
    Fixture {
        edit: |s, event| {
            (event.provider, event.channel) = (None, Some(Cow::Borrowed("Sec")));
            event.content = event.content.take().map(|text| text.replace("\r\n", "\\r\\n").into());
            if s.id == 4699 {
                event.content = None;
            }
        },
        ..fixture("Hayabusa", "hayabusa", Some(LOCAL), |s| {
            let mut details = json!({});
            let mut more = json!({});
            for (name, value) in values(s) {
                let (short, is_detail) = match name {
                    "TaskName" => ("Name", true),
                    "TaskContent" if s.id == 4698 => ("Content", true),
                    "TaskContent" if s.id == 4699 => continue,
                    "SubjectUserName" => ("User", true),
                    "SubjectLogonId" => ("LID", true),
                    other => (other, false),
                };
                let (place, name) = match (s.id, is_detail) {
                    (4698 | 4699, true) => (&mut details, short),
                    (4698 | 4699, false) => (&mut more, name),
                    _ => (&mut details, name),
                };
                place[name] = value.replace("\r\n", "\\r\\n").into();
            }
            json!({"Timestamp": LOCAL, "RuleTitle": "Task", "Level": "info", "Computer": COMPUTER, "Channel": "Sec",
                   "EventID": s.id, "RecordID": 918302, "Details": details, "ExtraFieldInfo": more, "RuleID": "x"})
        })
    },
    Fixture {
        edit: |_, event| {
            (event.provider, event.channel) = (Some(Cow::Borrowed("Sec")), Some(Cow::Borrowed("Sec")));
        },
        ..fixture("Hayabusa, all fields", "hayabusa", Some(LOCAL), |s| {
            json!({"Timestamp": LOCAL, "RuleTitle": "Task", "Level": "info", "Computer": COMPUTER, "Channel": "Sec",
                   "Provider": "Sec", "EventID": s.id, "AllFieldInfo": named(s), "RuleFile": "x.yml", "EvtxFile": "x.evtx"})
        })
    },
    fixture("Chainsaw, hunt", "evtx", Some(UTC), chainsaw),
    fixture(
        "Chainsaw, hunt in an array",
        "evtx",
        Some(UTC),
        |s| json!({"documents": [chainsaw(s)["document"]]}),
    ),
    Fixture {
        edit: |_, event| event.content = event.content.take().map(|text| text.replace("\r\n", ", ").into()),
        ..fixture("EvtxECmd, JSON", "evtxecmd", Some(UTC), |s| {
            let data: Vec<_> = values(s)
                .iter()
                .map(|(name, value)| json!({"@Name": name, "#text": escape(value).replace("\r\n", ", ")}))
                .collect();
            json!({"PayloadData1": format!("TaskName: {}", escape(NAME)), "UserName": "CORP\\x", "MapDescription": "Scheduled task",
                   "Computer": COMPUTER, "Payload": json!({"EventData": {"Data": data}}).to_string(), "Channel": CHANNEL,
                   "Provider": PROVIDER, "EventId": s.id, "EventRecordId": "4702", "ProcessId": 4699, "SourceFile": "C:\\x.evtx",
                   "TimeCreated": UTC, "RecordNumber": 42})
        })
    },
    Fixture {
        edit: |_, event| event.content = event.content.take().map(|text| text.replace("\r\n", ", ").into()),
        ..fixture("EvtxECmd, XML", "event_xml", Some(UTC), |s| {
            let data: String = values(s)
                .iter()
                .map(|(name, value)| {
                    let value = if name.starts_with("TaskContent") { escape(value) } else { value.clone() };
                    format!("    <Data Name=\"{name}\">{}</Data>\n", escape(&value).replace("\r\n", ", "))
                })
                .collect();
            let xml = event_xml(s, '"');
            let (head, _) = xml.split_once("<EventData>").unwrap();
            json!({"message": format!("{}\n  <EventData>\n{data}  </EventData>\n</Event>", head.replace("><", ">\n  <"))})
        })
    },
    fixture("osquery", "osquery", Some(UTC), |s| {
        json!({"name": "pack/windows_events", "hostIdentifier": "other", "calendarTime": "Sun Mar  1 09:22:33 2026 UTC",
               "unixTime": 1_772_356_953, "epoch": 0, "counter": 0, "numerics": false, "columns": osquery(s), "action": "added"})
    }),
    fixture(
        "osquery, snapshot",
        "osquery",
        Some(UTC),
        |s| json!({"name": "q", "hostIdentifier": "other", "snapshot": [osquery(s)], "action": "snapshot"}),
    ),
    Fixture {
        message_only: true,
        edit: |_, event| event.content = event.content.take().map(|text| text.replace("\r\n", "  ").into()),
        ..fixture("OSSEC", "ossec", Some(STAMP), |s| json!({"full_log": ossec(s)}))
    },
    Fixture {
        message_only: true,
        edit: |_, event| event.content = event.content.take().map(|text| text.replace("\r\n", "  ").into()),
        ..fixture("Wazuh, text", "ossec", Some(STAMP), |s| {
            json!({"timestamp": "x", "rule": {"level": 3, "id": "18104"}, "agent": {"id": "003", "name": "other"},
                   "decoder": {"name": "windows"}, "full_log": ossec(s), "location": "WinEvtLog"})
        })
    },
    Fixture {
        message_only: true,
        edit: |_, event| event.content = event.content.take().map(|text| text.replace("\r\n", "\n").into()),
        ..fixture(
            "Event Viewer",
            "event_viewer",
            Some(DATE),
            |s| json!({"message": viewer(s, &ENGLISH).replace("\r\n", "\n")}),
        )
    },
    Fixture {
        message_only: true,
        ..fixture(
            "Event Viewer in French",
            "event_viewer",
            Some(DATE),
            |s| json!({"text": viewer(s, &FRENCH), "a": 1, "b": 2}),
        )
    },
    // A message with a whole definition is as long, so that the XML is far from the beginning.
    fixture("Event Viewer with XML", "event_viewer", Some(UTC), |s| {
        let rest = " ".repeat(1024);
        let xml = event_xml(s, '"').replace("><", ">\r\n  <");
        json!({"log": format!("{}{rest}\r\nEvent Xml:\r\n{xml}", viewer(s, &ENGLISH))})
    }),
    Fixture {
        message_only: true,
        ..fixture("wevtutil, text", "event_viewer", Some(UTC), |s| {
            json!({"message": format!("Event[0]:\r\n  Log Name: {CHANNEL}\r\n  Source: {PROVIDER}\r\n  Date: {UTC}\r\n  Event ID: {}\r\n  \
                   Task: Other Object Access Events\r\n  Level: Information\r\n  Opcode: Info\r\n  Keyword: Audit Success\r\n  \
                   User: N/A\r\n  User Name: N/A\r\n  Computer: {COMPUTER}\r\n  Description: \r\n{}", s.id, message(s))})
        })
    },
    Fixture {
        // Names of tasks and accounts have no quotes and no brackets.
        edit: |_, event| {
            (event.provider, event.channel) = (None, None);
            event.content = event.content.take().map(|text| with_namespace(&text).into());
            (event.task_name, event.subject.user) = (Some("\\Ops\\x".into()), Some("alice b".into()));
        },
        ..fixture("pipes", "evtsys", Some("2026-03-02 08:23:47"), |s| {
            let plain =
                |value: &str| with_namespace(value).replace(NAME, "\\Ops\\x").replace(USER, "alice b");
            let fields: String =
                values(s).iter().map(|(name, value)| format!(" | {name}={}", plain(value))).collect();
            json!({"message": format!("2026-03-02 08:23:47 {COMPUTER} Security-Auditing: {}: A task.{fields} |", s.id)})
        })
    },
    Fixture {
        message_only: true,
        edit: |_, event| {
            (event.provider, event.channel) = (None, None);
            event.content =
                event.content.take().map(|text| with_namespace(&text).replace("\r\n", "  ").into());
        },
        ..fixture("Eventlog to Syslog", "evtsys", Some("<13>Mar  1 10:22:33"), |s| {
            let message = with_namespace(&message(s)).replace(['\r', '\n', '\t'], " ");
            json!({"log": format!("<13>Mar  1 10:22:33 {COMPUTER} Security-Auditing: {}: {message}", s.id)})
        })
    },
    fixture("OpenTelemetry without names", "otel", Some(UTC), |s| {
        let data: Vec<_> = values(s).into_iter().map(|(_, value)| json!({"": value})).collect();
        json!({"timestamp": UTC, "body": {"channel": CHANNEL, "computer": COMPUTER, "event_id": {"qualifiers": 0, "id": s.id},
               "provider": {"name": PROVIDER, "guid": "{x}", "event_source": ""}, "system_time": UTC, "record_id": 4700,
               "message": "", "event_data": {"data": data}}})
    }),
    fixture(
        "Splunk, hit with XML",
        "event_xml",
        Some(UTC),
        |s| json!({"preview": false, "offset": 3, "result": {"_raw": event_xml(s, '\''), "_time": "x", "sourcetype": "XmlWinEventLog"}}),
    ),
    Fixture {
        message_only: true,
        ..fixture("Splunk, hit", "splunk", None, |s| {
            json!({"sid": "x", "search_name": "tasks", "result": {"_raw": format!("03/01/2026 10:22:33 AM\nLogName={CHANNEL}\n\
                   EventCode={}\nComputerName={COMPUTER}\nSourceName={PROVIDER}\nMessage={}", s.id, message(s))}})
        })
    },
    fixture(
        "Elasticsearch, hit",
        "winlogbeat",
        Some(UTC),
        |s| json!({"_index": "winlogbeat", "_id": "x", "_score": 1.0, "_source": winlogbeat(s)}),
    ),
    fixture("Elasticsearch, response", "winlogbeat", Some(UTC), |s| {
        json!({"took": 3, "timed_out": false, "_shards": {"total": 1}, "hits": {"total": {"value": 1, "relation": "eq"}, "max_score": 1.0,
               "hits": [{"_index": "x", "_id": "y", "_source": winlogbeat(s)}]}})
    }),
    fixture(
        "Elasticsearch, fields",
        "winlogbeat",
        Some(UTC),
        |s| json!({"_index": "x", "_id": "y", "fields": fields(s)}),
    ),
    fixture("syslog before JSON", "flat", Some(UTC), |s| {
        let mut record = json!({"EventID": s.id, "Channel": CHANNEL, "SourceName": PROVIDER, "Hostname": COMPUTER, "EventTime": UTC});
        for (name, value) in values(s) {
            record[name] = value.into();
        }
        json!({"message": format!("<14>1 2026-03-01T09:22:33Z ws17 app 4702 - - {record}"), "host": "relay", "a": 1})
    }),
    fixture(
        "syslog before ECS",
        "winlogbeat",
        Some(UTC),
        |s| json!({"log": format!("<13>Mar  1 10:22:33 ws17 winlogbeat[71]: {}", winlogbeat(s))}),
    ),
];

const ENGLISH: [&str; 10] = [
    "Log Name:      ",
    "Source:        ",
    "Date:          ",
    "Event ID:      ",
    "Task Category: ",
    "Level:         ",
    "Keywords:      ",
    "User:          ",
    "Computer:      ",
    "Description:",
];
const FRENCH: [&str; 10] = [
    "Nom du journal :",
    "Source :       ",
    "Date :         ",
    "ID de l’événement :",
    "Catégorie de la tâche :",
    "Niveau :       ",
    "Mots clés :    ",
    "Utilisateur :  ",
    "Ordinateur :   ",
    "Description :",
];

/// The text that Event Viewer copies, with labels of a language.
fn viewer(s: &Sample, labels: &[&str; 10]) -> String {
    let id = s.id.to_string();
    let values = [
        CHANNEL,
        PROVIDER,
        DATE,
        &id,
        "Other Object Access Events",
        "Information",
        "Audit Success",
        "N/A",
        COMPUTER,
        "",
    ];
    let lines: String =
        labels.iter().zip(values).map(|(label, value)| format!("{label}{value}\r\n")).collect();
    lines + &message(s)
}

fn with_namespace(text: &str) -> String {
    text.replace("<Task ", "<Task xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\" ")
}

fn numbered(s: &Sample) -> Value {
    (1..).zip(values(s)).map(|(at, (_, value))| (format!("param{at}"), Value::from(value))).collect()
}

fn chainsaw(s: &Sample) -> Value {
    json!({"group": "Sigma", "kind": "individual", "name": "Scheduled Task Creation", "level": "medium", "source": "sigma",
           "timestamp": "2026-03-01T09:22:33.1+00:00", "document": {"kind": "evtx", "path": "C:\\x.evtx", "data": {"Event": {
               "System": {"Provider_attributes": {"Name": PROVIDER}, "EventID": s.id, "Channel": CHANNEL, "Computer": COMPUTER,
                          "EventRecordID": 4700, "TimeCreated_attributes": {"SystemTime": UTC}},
               "EventData": named(s)}}}})
}

fn osquery(s: &Sample) -> Value {
    json!({"data": json!({"EventData": named(s)}).to_string() + "\n", "datetime": UTC, "eventid": s.id.to_string(),
           "keywords": "0x8020000000000000", "level": "0", "provider_guid": "{54849625-5478-4994-a5ba-3e3b0328c30d}",
           "provider_name": PROVIDER, "source": CHANNEL, "computer_name": COMPUTER, "task": "12804", "time": "1772356953"})
}

fn ossec(s: &Sample) -> String {
    let message = message(s).replace(['\r', '\n', '\t'], " ");
    format!(
        "{STAMP} WinEvtLog: {CHANNEL}: AUDIT_SUCCESS({}): {PROVIDER}: (no user): no domain: {COMPUTER}: {message}",
        s.id
    )
}

fn fields(s: &Sample) -> Value {
    let mut record = json!({"@timestamp": [UTC], "winlog.event_id": [s.id.to_string()], "winlog.channel": [CHANNEL],
           "event.code": [s.id.to_string()], "winlog.provider_name": [PROVIDER], "winlog.computer_name": [COMPUTER]});
    for (name, value) in values(s) {
        record[format!("winlog.event_data.{name}")] = json!([value]);
    }
    record
}
