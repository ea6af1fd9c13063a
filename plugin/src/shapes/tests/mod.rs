//! Every shape against the same events.

mod agents;
mod anywhere;
mod fixtures;
mod others;

use super::*;
use crate::event::{Change, Client, Note, Subject};
use crate::json::Scanner;
use std::borrow::Cow;

use agents::AGENTS;
use fixtures::{
    CHANNEL, CLIENT, COMPUTER, DOMAIN, FIXTURES, Fixture, LOGON_ID, NAME, PROVIDER, SID, Sample, TASK, USER,
};

/// The event of a record given as JSON, owned.
fn event_of(json: &str) -> Option<TaskEvent<'static>> {
    let mut scanner = Scanner::default();
    let object = scanner.scan(json.as_bytes()).unwrap();
    let event = read(&object, change(&object)?, &Work::unlimited())?;
    Some(event.into_owned())
}

/// All five events, in both versions, a deletion also without content.
fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for id in 4698..=4702 {
        for version in [0, 1] {
            samples.push(Sample { id, version, content: TASK.to_owned() });
        }
    }
    samples.push(Sample { id: 4699, version: 0, content: String::new() });
    samples.push(Sample { id: 4699, version: 1, content: String::new() });
    samples
}

fn some(text: &str) -> Option<Cow<'static, str>> {
    Some(Cow::Owned(text.to_owned()))
}

/// Returns what must be read of a sample.
fn expected(fixture: &Fixture, sample: &Sample) -> TaskEvent<'static> {
    let mut event = TaskEvent::new(Change::from_event_id(sample.id.into()).unwrap(), fixture.shape);
    event.channel = some(if fixture.title.starts_with("flat") { "security" } else { CHANNEL });
    event.provider = some(PROVIDER);
    event.computer = some(COMPUTER);
    event.time = fixture.time.and_then(some);
    event.subject =
        Subject { sid: some(SID), user: some(USER), domain: some(DOMAIN), logon_id: some(LOGON_ID) };
    event.task_name = some(NAME);
    event.content = Some(sample.content.as_str()).filter(|text| !text.is_empty()).and_then(some);
    // Without the content's end, nothing tells the client's numbers from other text.
    if sample.version > 0 && !(fixture.message_only && sample.content.is_empty()) {
        let [key, process, parent, locality, fqdn] = CLIENT;
        event.client = Some(Client {
            process_start_key: some(key),
            process_id: some(process),
            parent_process_id: some(parent),
            rpc_call_client_locality: some(locality),
            fqdn: some(fqdn).filter(|_| !fixture.message_only),
        });
    }
    if fixture.message_only {
        event.notes.push(Note::ReadFromMessage);
    }
    (fixture.edit)(sample, &mut event);
    if fixture.shape == "snare" {
        event.content = event.content.map(|text| Cow::Owned(text.replace(['\r', '\n'], " ")));
    }
    event
}

#[test]
fn every_field_of_every_event_is_read_from_every_shape() {
    let mut wrong = Vec::new();
    for fixture in FIXTURES.iter().chain(AGENTS) {
        for sample in samples() {
            if fixture.shape == "evtsys" && sample.content.is_empty() {
                // Neither the namespace of a definition nor the provider's whole name is in it: it is not looked at.
                continue;
            }
            let record = (fixture.build)(&sample).to_string();
            let (event, expected) = (event_of(&record), Some(expected(fixture, &sample)));
            if event != expected {
                wrong.push(format!(
                    "{}, {}: {record}\nread     {event:?}\nexpected {expected:?}",
                    fixture.title, sample.id
                ));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn other_events_of_every_shape_are_not_taken() {
    for fixture in AGENTS {
        for id in [1, 4624, 4697, 4703] {
            let record = (fixture.build)(&Sample { id, version: 1, content: TASK.to_owned() }).to_string();
            assert_eq!(event_of(&record), None, "{}: {record}", fixture.title);
        }
    }
}

#[test]
fn other_events_of_every_shape_are_not_even_candidates() {
    for fixture in FIXTURES {
        for id in [1, 46, 4624, 4697, 4703, 46_980, 65_535] {
            let record = (fixture.build)(&Sample { id, version: 1, content: TASK.to_owned() }).to_string();
            let mut scanner = Scanner::default();
            let object = scanner.scan(record.as_bytes()).unwrap();
            assert!(change(&object).is_none(), "{}: {record}", fixture.title);
        }
    }
}

#[test]
fn the_same_numbers_of_other_channels_and_providers_are_not_taken() {
    let sample = Sample { id: 4698, version: 1, content: TASK.to_owned() };
    for fixture in FIXTURES.iter().chain(AGENTS) {
        if fixture.shape == "evtsys" {
            continue; // It names neither.
        }
        let record = (fixture.build)(&sample).to_string();
        for (right, wrong) in [
            (PROVIDER, "Microsoft-Windows-Hyper-V-VMMS"),
            ("Security", "Microsoft-Windows-TaskScheduler/Operational"),
            ("ecurity\"", "ecurity-Mitigations\""),
        ] {
            let record = record.replace("security", "Security").replace(right, wrong);
            if record.contains(wrong) {
                assert_eq!(event_of(&record), None, "{}: {record}", fixture.title);
            }
        }
    }
}

#[test]
fn ids_in_any_spelling_are_taken() {
    let sample = Sample { id: 4698, version: 0, content: TASK.to_owned() };
    for fixture in FIXTURES {
        let record = (fixture.build)(&sample).to_string();
        for spelling in ["4698.0", "4.698e3", "\" 4698 \"", "\"\\u0034698\""] {
            for written in [":4698,", ":\"4698\","] {
                let record = record.replace(written, &format!(":{spelling},"));
                let read = event_of(&record).map(|event| event.change);
                assert_eq!(read, Some(Change::Created), "{}: {record}", fixture.title);
            }
        }
    }
}

#[test]
fn a_created_task_without_content_is_noted() {
    for fixture in FIXTURES {
        let record = (fixture.build)(&Sample { id: 4698, version: 0, content: String::new() }).to_string();
        let event = event_of(&record).unwrap();
        assert_eq!(event.content, None);
        assert!(event.notes.contains(&Note::ContentMissing), "{}", fixture.title);
    }
}

#[test]
fn content_that_structure_lacks_is_taken_from_the_message() {
    let sample = Sample { id: 4698, version: 1, content: TASK.to_owned() };
    for shape in ["in_winevtlog", "Velociraptor", "Vector", "Winlogbeat, nested", "Get-WinEvent"] {
        let fixture = FIXTURES.iter().find(|fixture| fixture.title == shape).unwrap();
        let mut record = (fixture.build)(&sample);
        for path in [
            "/StringInserts/5",
            "/EventData/TaskContent",
            "/event_data/TaskContent",
            "/winlog/event_data/TaskContent",
            "/Properties/5/Value",
        ] {
            if let Some(content) = record.pointer_mut(path) {
                *content = "".into();
            }
        }
        let event = event_of(&record.to_string()).unwrap();
        assert_eq!(event.content.as_deref(), Some(TASK), "{shape}");
        assert_eq!(event.notes, [Note::ReadFromMessage], "{shape}");
    }
}

#[test]
fn the_content_may_come_under_any_of_its_names() {
    for id in 4698..=4702 {
        for name in ["TaskContent", "TaskContentNew", "JobContent", "task_content", "taskContentNew"] {
            let record =
                format!(r#"{{"EventID":{id},"Channel":"Security","TaskName":"\\x","{name}":"<Task/>"}}"#);
            let event = event_of(&record).unwrap();
            assert_eq!((event.content.as_deref(), event.notes.len()), (Some("<Task/>"), 0), "{record}");
        }
    }
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
