//! Events at places where no known shipper puts them.

use super::fixtures::{CLIENT, COMPUTER, DOMAIN, LOGON_ID, PROVIDER, SID, USER, escape};
use super::{FIXTURES, Sample, event_of, samples};
use crate::event::{Change, Note, TaskEvent};
use proptest::prelude::*;
use serde_json::{Value, json};

const NAME: &str = r"\Ops\nightly";
const TASK: &str = "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n<Task version=\"1.2\" \
                    xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\n<Actions><Exec><Command>C:\\tools\\x.exe\
                    </Command></Exec></Actions>\n</Task>";

fn how(event: &TaskEvent<'_>) -> Option<&'static str> {
    event.notes.iter().find_map(|note| if let Note::Found(how) = note { Some(*how) } else { None })
}

/// Records with a name, a definition, a SID, a user and a logon id.
#[test]
fn what_stands_beside_a_definition_is_joined_to_an_event() {
    let named = json!({"SubjectUserSid": SID, "SubjectUserName": "alice", "SubjectLogonId": LOGON_ID, "TaskName": NAME, "TaskContent": TASK});
    let in_order = json!([
        SID, "alice", DOMAIN, LOGON_ID, NAME, TASK, CLIENT[0], CLIENT[1], CLIENT[2], CLIENT[3], COMPUTER
    ]);
    let nameless: Vec<Value> = in_order.as_array().unwrap().iter().map(|value| json!({"": value})).collect();
    let numbered: Value =
        in_order.as_array().unwrap().iter().zip(1..).fold(json!({}), |mut all, (value, number)| {
            all[format!("param{number}")] = value.clone();
            all
        });
    let words = json!({"Name": NAME, "User": "alice", "SID": SID, "LID": LOGON_ID, "Content": TASK});
    let pairs = |separator: &str| {
        format!(
            "SubjectUserSid: {SID}{separator}SubjectUserName: alice{separator}SubjectLogonId: {LOGON_ID}{separator}TaskName: {NAME}{separator}TaskContent: {TASK}{separator}Client: 1"
        )
    };
    let german = format!(
        "Protokollname: Security\nQuelle:        {PROVIDER}\nEreignis-ID:   4698\nComputer:      {COMPUTER}\nBeschreibung:\nEs wurde eine \
         geplante Aufgabe erstellt.\n\nAntragsteller:\n\tSicherheits-ID:\t\t{SID}\n\tKontoname:\t\talice\n\tKontodomäne:\t\tCORP\n\tAnmelde-ID:\t\t{LOGON_ID}\n\n\
         Aufgabeninformationen:\n\tAufgabenname: \t\t{NAME}\n\tAufgabeninhalt: \t\t{TASK}\n"
    );
    let dotted = json!({"x.event_id": "4698", "x.TaskName": NAME, "x.TaskContent": TASK, "x.SubjectUserName": "alice", "x.SubjectUserSid": SID, "x.SubjectLogonId": LOGON_ID});
    for record in [
        json!({"vendor": {"evt": {"EventID": 4698, "fields": named}}}),
        json!({"a": [{"b": {"event_code": "4698", "list": in_order}}], "provider": {"name": PROVIDER}}),
        json!({"Windows": {"event_identifier": 4698, "Data": nameless}}),
        json!({"event": {"code": "4698"}, "deed": {"properties": named}}),
        json!({"vendor": {"event_id": "4698", "numbered": numbered}}),
        json!({"EventID": 4698, "Channel": "Security", "EventData": pairs("; ")}),
        json!({"EventID": 4698, "Channel": "Security", "Details": words}),
        json!({"raw_line": format!("host {PROVIDER}: 4698: created | {} |", pairs(" | "))}),
        json!({"text": german, "one": 1, "two": 2}),
        json!({"x": format!("<r><item>{}</item></r>", escape(&json!({"EventID": 4698, "d": named}).to_string()))}),
        json!({"x": json!({"y": json!({"EventID": 4698, "d": named}).to_string()}).to_string()}),
        json!({"x": json!({"EventID": 4698, "d": named}).to_string().replace('\\', "\\\\").replace('"', "\\\"")}),
        dotted,
    ] {
        let event = event_of(&record.to_string()).unwrap_or_else(|| panic!("{record}"));
        assert_eq!(event.change, Change::Created, "{record}");
        assert_eq!(event.task_name.as_deref(), Some(NAME), "{record}");
        let content = event.content.as_deref().unwrap_or_else(|| panic!("{record}"));
        assert_eq!(content.replace(['\r', '\n'], ""), TASK.replace('\n', ""), "{record}");
        assert_eq!(event.subject.user.as_deref(), Some("alice"), "{record}");
        assert_eq!(event.subject.sid.as_deref(), Some(SID), "{record}");
        assert_eq!(event.subject.logon_id.as_deref(), Some(LOGON_ID), "{record}");
        assert!(how(&event).is_some(), "{record}: {:?}", event.notes);
    }
}

#[test]
fn a_definition_under_any_escaping_is_read() {
    let once = escape(TASK);
    for content in [
        once.clone(),
        escape(&once),
        escape(&escape(&once)),
        TASK.replace('\\', r"\\")
            .replace('<', r"\u003c")
            .replace('>', r"\u003e")
            .replace('\n', r"\n")
            .replace('"', "\\\""),
        TASK.replace('\n', "\\r\\n"),
        TASK.replace('\n', ", "),
        TASK.replace('\n', " "),
        TASK.replace("<Task", "<t:Task").replace("</Task", "</t:Task").replace("xmlns", "xmlns:t"),
    ] {
        let record = json!({"w": {"eventId": 4702, "kept": {"def": content, "who": "x"}}});
        let event = event_of(&record.to_string()).unwrap_or_else(|| panic!("{record}"));
        let read = event.content.as_deref().unwrap_or_default();
        assert!(read.contains("<Command>C:\\tools\\x.exe</Command>"), "{record}: {read}");
        assert!(read.starts_with('<') && read.ends_with('>'), "{record}: {read}");
    }
}

#[test]
fn a_decoded_definition_is_put_together() {
    let tree = json!({"task": {"xmlns": "x", "actions": {"exec": {"command": "x.exe", "workingdirectory": "a <b>"}, "context": "Author"}}});
    let record =
        json!({"winlog": {"event_id": "4698", "event_data": {"TaskName": NAME, "TaskContent": tree}}});
    let event = event_of(&record.to_string()).unwrap();
    let wanted = "<Task><Actions><Exec><Command>x.exe</Command><WorkingDirectory>a &lt;b></WorkingDirectory></Exec></Actions></Task>";
    assert_eq!(event.content.as_deref(), Some(wanted));
    assert_eq!(how(&event), Some("definition put together from its members"));
}

#[test]
fn further_events_in_a_list_are_not_passed_over_in_silence() {
    let event = |id: u16| {
        json!({"_source": {"event": {"code": id.to_string()}, "winlog": {"channel": "Security",
        "provider_name": PROVIDER, "computer_name": COMPUTER, "event_data": {"TaskName": NAME, "TaskContent": TASK}}}})
    };
    let more = Note::TooMany { what: "events in one record", kept: 1 };
    for (hits, is_noted) in [
        (vec![event(4698)], false),
        (vec![event(4624), event(4698)], false),
        (vec![event(4698), event(4624)], false),
        (vec![event(4698), event(4702)], true),
    ] {
        let record = json!({"hits": {"hits": hits}, "took": 1}).to_string();
        let event = event_of(&record).unwrap();
        assert_eq!(event.change, Change::Created, "{record}");
        assert_eq!(event.notes.contains(&more), is_noted, "{record}");
    }
}

#[test]
fn an_event_without_its_definition_is_not_passed_over() {
    for (record, taken) in [
        (json!({"w": {"EventID": 4698, "provider": PROVIDER}}), true),
        (json!({"w": {"EventID": 4699, "provider": PROVIDER, "TaskName": NAME}}), true),
        (json!({"line": format!("x {PROVIDER}: 4701: disabled"), "a": 1, "b": 2, "c": 3}), true),
        // Without the provider's name a number proves nothing, and neither does the name without the number.
        (json!({"w": {"EventID": 4698, "TaskName": NAME}}), false),
        (json!({"w": {"EventID": 4624, "provider": PROVIDER}}), false),
        // Nor do they where the number is that of something else.
        (json!({"w": {"ProcessId": 4698, "provider": PROVIDER}}), false),
        (json!({"w": {"bytes": 4698, "provider": PROVIDER}}), false),
        // Another log.
        (
            json!({"w": {"EventID": 4698, "provider": PROVIDER, "channel": "Microsoft-Windows-X/Operational"}}),
            false,
        ),
    ] {
        let event = event_of(&record.to_string());
        assert_eq!(event.is_some(), taken, "{record}");
        if let Some(event) = event.filter(|event| event.change.has_content()) {
            assert!(event.notes.contains(&Note::ContentMissing), "{record}");
        }
    }
}

#[test]
fn a_definition_alone_is_no_event() {
    for record in [
        json!({"EventID": 4104, "Channel": "Microsoft-Windows-PowerShell/Operational", "ScriptBlockText": format!("$x='{TASK}' # 4698")}),
        json!({"w": {"code": 1, "script": TASK}}),
        json!({"w": {"pid": 4698, "script": TASK}}),
        json!({"log": format!("wrote {TASK}")}),
    ] {
        assert_eq!(event_of(&record.to_string()), None, "{record}");
    }
}

/// The wrappings that a pipeline may put around a record.
#[derive(Debug, Clone)]
enum Wrapping {
    Member(String),
    Element(usize),
    Json(String),
    Xml(String),
}

fn wrapping() -> impl Strategy<Value = Wrapping> {
    let key = "[b-df-z]{1,8}";
    prop_oneof![
        key.prop_map(Wrapping::Member),
        (0_usize..3).prop_map(Wrapping::Element),
        key.prop_map(Wrapping::Json),
        key.prop_map(Wrapping::Xml),
    ]
}

fn wrap(record: &Value, wrapping: &Wrapping, noise: &Value) -> Value {
    match wrapping {
        Wrapping::Member(key) => json!({"x1": noise, key: record, "z1": noise}),
        Wrapping::Element(before) => {
            let mut list = vec![noise.clone(); *before];
            list.push(record.clone());
            json!({"x2": list, "x3": noise})
        }
        Wrapping::Json(key) => json!({"x4": noise, key: record.to_string()}),
        Wrapping::Xml(key) => {
            json!({key: format!("<w><v a=\"b\">{}</v></w>", escape(&record.to_string())), "x5": noise})
        }
    }
}

fn noise() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<u16>().prop_map(Value::from),
        "[a-z ]{0,12}".prop_map(Value::from),
        "[a-z]{1,5}".prop_map(|text| json!({"k": text, "l": [1, text]})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_wrapped_event_is_read_or_said_to_be_unreadable(
        shape in 0..FIXTURES.len(),
        sample in 0_usize..10,
        wrappings in prop::collection::vec(wrapping(), 1..4),
        noise in noise(),
    ) {
        let fixture = &FIXTURES[shape];
        let sample = Sample { content: TASK.to_owned(), ..samples()[sample].clone() };
        let mut record = (fixture.build)(&sample);
        let plain = event_of(&record.to_string()).unwrap();
        for wrapping in &wrappings {
            record = wrap(&record, wrapping, &noise);
        }
        let event = event_of(&record.to_string());
        prop_assert!(event.is_some(), "{}: {wrappings:?}: silent: {record}", fixture.title);
        let event = event.unwrap();
        prop_assert_eq!(event.change, plain.change, "{}", fixture.title);
        let is_same = |event: &TaskEvent<'_>| {
            let content = event.content.as_deref().map(|text| text.replace(['\r', '\n', ' '], ""));
            (event.task_name.clone().map(|name| name.into_owned()), content, event.subject.user.is_some())
        };
        let is_noted = event.notes.iter().any(Note::limits_reading);
        prop_assert!(is_noted || is_same(&event) == is_same(&plain), "{}: {wrappings:?}: {event:?}", fixture.title);
    }

    #[test]
    fn other_events_stay_untouched_however_wrapped(
        shape in 0..FIXTURES.len(),
        wrappings in prop::collection::vec(wrapping(), 0..4),
        noise in noise(),
    ) {
        let fixture = &FIXTURES[shape];
        let mut record = (fixture.build)(&Sample { id: 4688, version: 1, content: "x".to_owned() });
        for wrapping in &wrappings {
            record = wrap(&record, wrapping, &noise);
        }
        prop_assert_eq!(event_of(&record.to_string()), None, "{}", fixture.title);
    }
}

#[test]
fn the_user_stays_the_same() {
    // The fixtures' user has a quote and an umlaut in it.
    let record = json!({"k": json!({"m": {"EventID": 4698, "provider": PROVIDER, "SubjectUserName": USER, "TaskContent": TASK}}).to_string()});
    let event = event_of(&record.to_string()).unwrap();
    assert_eq!(event.subject.user.as_deref(), Some(USER));
}
