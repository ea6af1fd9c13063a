//! Elastic's fields are those that its own pipeline makes of the same events.
//!
//! Its test events are not part of this project, since their licence is another. With their folder in
//! `SCHTAG_ELASTIC_FIXTURES` (`packages/system/data_stream/security/_dev/test/pipeline` of
//! <https://github.com/elastic/integrations>) each `NAME.json` there is compared with its `NAME.json-expected.json`.

use schtag::task;
use schtag::work::Work;
use schtag_host::records::mapping::with_elastic_fields as with_fields;
use schtag_tests::skip::skipped;
use serde_json::{Value, json};
use std::path::Path;

const VARIABLE: &str = "SCHTAG_ELASTIC_FIXTURES";
const FIELDS: &str = "/winlog/scheduled_task";

/// Returns a pair of files, as the documents in them.
fn pair(path: &Path) -> Option<(Value, Value)> {
    let read = |path: &Path| -> Option<Value> { serde_json::from_slice(&std::fs::read(path).ok()?).ok() };
    let expected = path.with_extension("json-expected.json");
    Some((read(path)?, read(&expected)?))
}

/// Returns whether the definition of an event is whole, so that both must read the same.
fn is_whole(event: &Value) -> bool {
    let data = &event["winlog"]["event_data"];
    let content = data["TaskContentNew"].as_str().or_else(|| data["TaskContent"].as_str());
    content.is_none_or(|xml| {
        let parsed = task::parse(xml, &Work::unlimited());
        parsed.complete && parsed.notes.is_empty()
    })
}

/// Compares the events of a folder; what differs, and how many were compared.
fn compare(folder: &Path) -> (Vec<String>, usize) {
    let (mut wrong, mut compared) = (Vec::new(), 0);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let Some((input, output)) = pair(path) else { continue };
        let (Some(events), Some(outputs)) = (input["events"].as_array(), output["expected"].as_array())
        else {
            continue;
        };
        for (event, output) in events.iter().zip(outputs) {
            let Some(expected) = output.pointer(FIELDS) else { continue };
            compared += 1;
            let record = event.to_string();
            let ours: Option<Value> = with_fields(record.as_bytes(), record.as_bytes())
                .and_then(|record| serde_json::from_slice::<Value>(&record).ok()?.pointer(FIELDS).cloned());
            // Of a damaged definition the pipeline keeps nothing but the name.
            let is_same = if is_whole(event) {
                ours.as_ref() == Some(expected)
            } else {
                let expected = expected.as_object().unwrap();
                ours.as_ref()
                    .is_some_and(|ours| expected.iter().all(|(key, value)| ours.get(key) == Some(value)))
            };
            if !is_same {
                wrong.push(format!("{}:\n  {ours:?}\n  {expected}", path.display()));
            }
        }
    }
    (wrong, compared)
}

#[test]
fn the_fields_are_those_of_elastics_pipeline() {
    let Some(folder) = std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) else {
        skipped(&format!("set {VARIABLE} to the folder of Elastic's test events"));
        return;
    };
    let (wrong, compared) = compare(Path::new(&folder));
    assert!(compared > 0, "there is no event with scheduled_task in {}", Path::new(&folder).display());
    assert!(wrong.is_empty(), "{compared} compared; {}", wrong.join("\n"));
}

#[test]
fn a_difference_is_seen() {
    let folder = std::env::temp_dir().join(format!("schtag-elastic-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let event = json!({"events": [{"event": {"code": "4698"}, "winlog": {"event_id": "4698", "channel": "Security", "event_data": {
        "TaskName": "\\x", "TaskContent": "<Task><Settings><Enabled>1</Enabled></Settings></Task>"}}}]});
    for (settings, differences) in [(json!({"enabled": true}), 0), (json!({"enabled": false}), 1)] {
        let expected =
            json!({"expected": [{"winlog": {"scheduled_task": {"name": "\\x", "settings": settings}}}]});
        std::fs::write(folder.join("a.json"), event.to_string()).unwrap();
        std::fs::write(folder.join("a.json-expected.json"), expected.to_string()).unwrap();
        let (wrong, compared) = compare(&folder);
        assert_eq!((wrong.len(), compared), (differences, 1), "{wrong:?}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
