//! Every event that the project has: samples in every shape, hostile inputs, the tables and the rules' cases.
#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

use crate::samples::{Sample, Shape};
use crate::{catalogue, hostile, project, table};
use serde_json::{Value, json};

/// Records with a name for messages: each of them is judged after those before it.
pub fn records() -> Vec<(String, Vec<u8>)> {
    let mut records = Vec::new();
    for shape in Shape::ALL {
        for event_id in [4624, 4698, 4699, 4700, 4701, 4702] {
            for (command, arguments) in [
                ("powershell.exe", "-w hidden -nop -enc SQBFAFgAIAAoACcAYQAnACsAJwBiACcAKQA="),
                ("rundll32.exe", "PowerShdll.dll,main -w"),
                ("cmd.exe", "/c echo"),
            ] {
                let record = Sample::new(event_id, command, arguments).record(shape);
                records.push((format!("{shape:?} {event_id} {command}"), record.into_bytes()));
            }
        }
    }
    records.extend(hostile::inputs().into_iter().map(|(name, input)| (name.to_owned(), input)));
    records.extend(odd());
    records.extend(of_tables());
    records
}

/// Values that a schema or a limit could trip over.
pub fn odd() -> Vec<(String, Vec<u8>)> {
    let of = |name: &str, sample: Sample| (name.to_owned(), sample.record(Shape::Flat).into_bytes());
    let long = "x".repeat(5_000);
    let actions = (0..100).map(|n| format!("<Exec><Command>powershell.exe</Command><Arguments>-c {n}{long}</Arguments></Exec><ComHandler><ClassId>{{0F87369F-A4E5-4CFC-BD3E-{n:012}}}</ClassId></ComHandler>"));
    let content = format!("<Task><Actions>{}</Actions></Task>", actions.collect::<String>());
    vec![
        of("many actions", Sample { content, ..Sample::new(4698, "", "") }),
        of(
            "long names",
            Sample {
                task_name: format!("\\{long}"),
                computer: long.clone(),
                user: long.clone(),
                ..Sample::new(4702, "pwsh", &long)
            },
        ),
        of(
            "quotes and controls",
            Sample {
                task_name: "\\a\"\u{1}\u{202e}\u{10ffff}".into(),
                user: "\0".into(),
                ..Sample::new(4698, "powershell", "\"")
            },
        ),
    ]
}

/// The tables and cases of the other suites, and the sample events.
fn of_tables() -> Vec<(String, Vec<u8>)> {
    let mut records = Vec::new();
    let mut add = |place: &str, row: &Value| {
        let several = row["records"].as_array().cloned().unwrap_or_default();
        for record in several.iter().chain(row.get("record")) {
            records.push((place.to_owned(), record.to_string().into_bytes()));
        }
        if let Some(command) = row["command"].as_str() {
            let arguments = row["arguments"].as_str().unwrap_or_default();
            let record = Sample::new(4698, command, arguments).record(Shape::Flat);
            records.push((place.to_owned(), record.into_bytes()));
        } else if let Some(content) = row["content"].as_str() {
            let record =
                Sample { content: content.to_owned(), ..Sample::new(4698, "", "") }.record(Shape::Flat);
            records.push((place.to_owned(), record.into_bytes()));
        }
    };
    for name in ["evasion.ndjson", "benign.ndjson"] {
        for (place, row) in table::testdata::<Value>(name).unwrap() {
            add(&place, &row);
        }
    }
    for rule in catalogue::rules().unwrap() {
        for (place, row) in table::read::<Value>(&rule.cases()).unwrap() {
            add(&place, &row);
        }
    }
    let demo = project::root().join("config_examples/demo/events.ndjson");
    for (place, record) in table::read::<Value>(&demo).unwrap() {
        add(&place, &json!({ "record": record }));
    }
    records
}
