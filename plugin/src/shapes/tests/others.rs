//! Records that are not ours, or not as they should be.

use super::{FIXTURES, Sample, TASK, Work, change, event_of, read, sieve};
use crate::event::Note;
use crate::json::Scanner;
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn the_numbers_elsewhere_in_a_record_mean_nothing() {
    for record in [
        json!({"pid": 4698, "port": 4699, "ProcessID": 4700, "ThreadID": "4701", "size": 4702}),
        json!({"EventID": 4624, "Channel": "Security", "EventRecordID": 4698, "ProcessId": 4698, "Message": "<EventID>4698</EventID>"}),
        json!({"EventID": 4624, "event_id": 4698, "Id": 4698, "event": {"code": "4698"}}),
        json!({"id": 4698, "name": "an order", "log": "order 4698 shipped"}),
        json!({"Id": 4698, "Name": "x", "ProcessName": "y"}),
        json!({"event_id": 4698, "message": "user logged in", "level": "info"}),
        json!({"event": {"code": "4698", "module": "cisco"}, "message": "%ASA-4-4698: connection"}),
        json!({"log": "config: event_query *[System[(EventID=4698)]]"}),
        json!({"message": "{\"id\": 4698}", "kubernetes": {"pod": "4698"}}),
        json!({"log": "EventCode=4698 is what we look for"}),
        json!({"data": {"id": 4698, "win": 4698}, "win": {"system": 4698}, "System": 4698, "winlog": 4698}),
        json!({"EventData": {"EventID": 4698}, "tags": {"winlog.event_id": 4698}}),
        json!({"task_name": "\\x", "TaskContent": "<Task/>"}),
        json!({}),
    ] {
        assert_eq!(event_of(&record.to_string()), None, "{record}");
    }
}

#[test]
fn vectors_category_is_never_the_task() {
    for record in [
        json!({"event_id": 4698, "channel": "Security", "task_name": "Other Object Access Events", "event_data": {}}),
        json!({"EventID": 4698, "Channel": "Security", "task_name": "Other Object Access Events"}),
    ] {
        let event = event_of(&record.to_string()).unwrap();
        assert_eq!(event.task_name, None);
        assert_eq!(event.notes, [Note::ContentMissing, Note::NameMissing]);
    }
}

#[test]
fn without_channel_and_provider_a_common_key_needs_a_task_beside_it() {
    for (record, taken) in [
        (json!({"EventID": 4698}), true),
        (json!({"winlog": {"event_id": 4698}}), true),
        (json!({"event_id": 4698}), false),
        (json!({"event_id": 4698, "event_data": {"TaskName": "\\x"}}), true),
        (json!({"event_id": 4698, "event_data": {"TaskContent": "<Task/>"}}), true),
        (json!({"event_id": 4698, "event_data": {"TaskName": "x"}}), false),
        (json!({"Id": 4698, "Properties": [1, 2, 3, 4, "\\x"]}), true),
        (json!({"event.code": "4698", "winlog.event_data.TaskName": "\\x"}), true),
    ] {
        assert_eq!(event_of(&record.to_string()).is_some(), taken, "{record}");
    }
}

#[test]
fn names_of_the_channel_and_the_provider() {
    for (channel, provider, taken) in [
        ("Security", "Microsoft-Windows-Security-Auditing", true),
        ("SECURITY", "microsoft-windows-security-auditing", true),
        ("WinEventLog:Security", "Microsoft Windows security auditing.", true),
        ("Sec", "", true),
        ("ForwardedEvents", "{54849625-5478-4994-a5ba-3e3b0328c30d}", true),
        ("Security", "Security", true),
        ("", "", true),
        ("Application", "", false),
        ("Security", "MsiInstaller", false),
        ("", "Microsoft-Windows-Security", false),
        ("Microsoft-Windows-X/Security", "", false),
    ] {
        let record =
            json!({"EventID": 4698, "Channel": channel, "ProviderName": provider, "TaskName": "\\x"});
        assert_eq!(event_of(&record.to_string()).is_some(), taken, "{record}");
    }
}

#[test]
fn splunk_shows_the_provider_s_name_in_the_machine_s_language() {
    for (provider, taken) in [
        ("Microsoft Windows security auditing.", true),
        ("Microsoft Windows-Sicherheitsüberwachung.", true),
        ("Microsoft-Windows-Hyper-V-VMMS", false),
    ] {
        for record in [
            json!({"EventCode": 4698, "LogName": "Security", "SourceName": provider}),
            json!({"_raw": format!("LogName=Security\nEventCode=4698\nSourceName={provider}\nMessage=x")}),
        ] {
            assert_eq!(event_of(&record.to_string()).is_some(), taken, "{record}");
        }
        let flat = json!({"EventID": 4698, "Channel": "Security", "SourceName": provider});
        assert_eq!(event_of(&flat.to_string()).is_some(), taken && provider.contains("auditing"), "{flat}");
    }
}

#[test]
fn of_duplicate_keys_the_last_counts() {
    let twice = |first: &str, last: &str| {
        event_of(&format!(r#"{{"EventID":{first},"TaskName":"\\a","TaskName":"\\b","EventID":{last}}}"#))
    };
    assert_eq!(twice("4624", "4698").unwrap().task_name.as_deref(), Some("\\b"));
    assert_eq!(twice("4698", "4624"), None);
    assert_eq!(twice("4698", "null").unwrap().change.event_id(), 4698);
}

#[test]
fn keys_with_escapes_are_read() {
    let event = event_of(
        r#"{"\u0045ventID":4698,"Ch\u0061nnel":"Security","T\u0061skName":"\\x","\u0054askContent":"<Task/>"}"#,
    );
    let event = event.unwrap();
    assert_eq!((event.task_name.as_deref(), event.content.as_deref()), (Some("\\x"), Some("<Task/>")));
    let every = "EventID".chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect::<String>();
    assert!(event_of(&format!(r#"{{"{every}":4698}}"#)).is_some());
}

#[test]
fn records_within_records_are_found() {
    let inner = r#"{"EventID":4698,"Channel":"Security","TaskName":"\\x"}"#;
    for wrapper in ["event", "body", "log", "message", "record", "data", "payload", "_source"] {
        let event = event_of(&format!(r#"{{"host":"h","{wrapper}":{inner}}}"#)).unwrap();
        assert_eq!(event.task_name.as_deref(), Some("\\x"), "{wrapper}");
        assert_eq!(event.computer.as_deref(), Some("h"), "{wrapper}");
    }
    let mut deep = inner.to_owned();
    for _ in 0..20 {
        deep = format!(r#"{{"body":{deep}}}"#);
    }
    assert_eq!(event_of(&deep), None);
}

#[test]
fn a_record_that_nobody_parsed_is_read() {
    // In what Get-WinEvent writes, and in CEF, no word shows that it is an event.
    for fixture in FIXTURES.iter().filter(|fixture| !["get_winevent", "cef"].contains(&fixture.shape)) {
        let record = (fixture.build)(&Sample { id: 4702, version: 1, content: TASK.to_owned() }).to_string();
        let wrapped = json!({"log": record, "stream": "stdout"}).to_string();
        assert_eq!(event_of(&wrapped), event_of(&record), "{}", fixture.title);
        let twice = json!({"log": wrapped}).to_string();
        let mut found = event_of(&twice).unwrap_or_else(|| panic!("{}", fixture.title));
        found.notes.retain(|note| !matches!(note, Note::Found(_)));
        let read = event_of(&record).unwrap();
        // The XML alone says all; so it may be read by itself.
        found.shape = read.shape;
        assert_eq!(found, read, "{}", fixture.title);
    }
}

#[test]
fn an_id_of_the_pipeline_s_own_hides_nothing() {
    let record = json!({"event_id": 17, "winlog": {"event_id": "4698", "channel": "Security"}});
    assert!(event_of(&record.to_string()).is_some());
}

/// Every place in a value, as a JSON pointer.
fn pointers(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((at, value)) = open.pop() {
        match value {
            Value::Object(members) => {
                open.extend(members.iter().map(|(key, value)| {
                    (format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), value)
                }))
            }
            Value::Array(elements) => {
                open.extend(
                    elements.iter().enumerate().map(|(index, value)| (format!("{at}/{index}"), value)),
                );
            }
            _ => {}
        }
        found.push(at);
    }
    found
}

#[test]
fn a_wrong_type_anywhere_spoils_at_most_its_own_field() {
    let sample = Sample { id: 4698, version: 1, content: TASK.to_owned() };
    for fixture in FIXTURES {
        let record = (fixture.build)(&sample);
        for at in pointers(&record).into_iter().filter(|at| !at.is_empty()) {
            for wrong in
                [json!(null), json!(true), json!(7), json!(""), json!([]), json!({}), json!([[1], {"a": 2}])]
            {
                let mut record = record.clone();
                *record.pointer_mut(&at).unwrap() = wrong;
                // Whatever is left of the event, it is read or refused, and what is read is of this event.
                if let Some(event) = event_of(&record.to_string()) {
                    assert_eq!(event.change.event_id(), 4698, "{}: {at}", fixture.title);
                    let name = event.task_name.as_deref();
                    assert!(
                        [None, Some(super::NAME), Some("7"), Some("true")].contains(&name),
                        "{at}: {name:?}"
                    );
                }
            }
        }
    }
}

/// Keys and texts that mean something to some shape, among others.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "EventID",
            "event_id",
            "Id",
            "id",
            "event",
            "Event",
            "code",
            "System",
            "system",
            "winlog",
            "data",
            "Data",
            "win",
            "eventdata",
            "EventData",
            "event_data",
            "StringInserts",
            "Properties",
            "Value",
            "#text",
            "#attributes",
            "Name",
            "TaskName",
            "taskContent",
            "body",
            "message",
            "Message",
            "log",
            "_raw",
            "Channel",
            "Security",
            "4698",
            "\\x",
            "<Task",
            "<EventID>4698</EventID>",
            "<Data Name='TaskName'>",
            "EventCode=4698\nMessage=",
            "MSWinEventLog\t1\tSecurity\t2\td\t4698\t",
            "&lt;EventID&gt;4699&lt;",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,8}",
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (4697_u32..4704).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn assert_sieve_changes_nothing(record: &[u8]) {
    let (mut whole, mut sifted) = (Scanner::default(), Scanner::default());
    let (whole, sifted) = (whole.scan(record), sifted.sift(record, &sieve()));
    match (&whole, &sifted) {
        (Ok(whole), Ok(sifted)) => {
            assert_eq!((whole.len(), whole.objects()), (sifted.len(), sifted.objects()));
            let (whole, sifted) = (change(whole), change(sifted));
            assert_eq!(format!("{whole:?}"), format!("{sifted:?}"), "{}", record.escape_ascii());
        }
        (whole, sifted) => assert_eq!(whole.as_ref().err(), sifted.as_ref().err()),
    }
}

proptest! {
    #[test]
    fn any_object_is_read_or_refused(members in prop::collection::vec((word(), json_value()), 0..12)) {
        let record = Value::Object(members.into_iter().collect()).to_string();
        if let Some(event) = event_of(&record) {
            prop_assert!(event.notes.len() <= 6);
        }
    }

    #[test]
    fn any_damage_to_a_record_is_survived(
        shape in 0..FIXTURES.len(),
        id in 4698_u16..4703,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let sample = Sample { id, version: 1, content: TASK.to_owned() };
        let mut record = (FIXTURES[shape].build)(&sample).to_string().into_bytes();
        for (at, byte) in damage {
            let at = at.index(record.len());
            record[at] = byte;
        }
        let mut scanner = Scanner::default();
        if let Ok(object) = scanner.scan(&record)
            && let Some(candidate) = change(&object)
        {
            let _ = read(&object, candidate, &Work::unlimited());
        }
        assert_sieve_changes_nothing(&record);
    }

    /// The members that the sieve lets through make no difference to whether a record is looked at.
    #[test]
    fn what_the_sieve_holds_back_is_enough(
        members in prop::collection::vec(
            (
                prop_oneof![
                    9 => prop::sample::select(vec![
                        "EventID", "eventID", "event_id", "Id", "event.code", "winlog.event_id", "System", "Message",
                        "log", "winlog", "event", "data", "a", "Keywords", "EventIX", r"\u0045ventID",
                    ]).prop_map(str::to_owned),
                    1 => "[a-zE_]{0,33}",
                ],
                prop::sample::select(vec![
                    "4698", "4624", r#""4702""#, "null", r#"{"event_id":4699,"code":"4700"}"#,
                    r#""EventID=4701 EventCode=4701""#, r#"["4698"]"#, r#"{"Value":4698}"#,
                ]),
            ),
            0..7,
        ),
    ) {
        let members: Vec<String> =
            members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        assert_sieve_changes_nothing(format!("{{{}}}", members.join(",")).as_bytes());
    }

    #[test]
    fn any_text_cut_anywhere_is_survived(shape in 0..FIXTURES.len(), at in any::<prop::sample::Index>()) {
        let record = (FIXTURES[shape].build)(&Sample { id: 4702, version: 1, content: TASK.to_owned() });
        for pointer in pointers(&record) {
            if let Some(text) = record.pointer(&pointer).and_then(Value::as_str) {
                let cut = text.chars().take(at.index(text.len() + 1)).collect::<String>();
                let mut record = record.clone();
                *record.pointer_mut(&pointer).unwrap() = cut.into();
                let _ = event_of(&record.to_string());
            }
        }
    }
}
