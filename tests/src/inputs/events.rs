//! Every event that the project has: samples in every shape, hostile inputs, the tables and the rules' cases.

use crate::inputs::samples::{Sample, Shape};
use crate::{agent_records, catalogue, hostile, table};
use serde_json::Value;

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
    for (name, title) in [("evasion.ndjson", "rewriting"), ("benign.ndjson", "task")] {
        let read = table::testdata(name, |mut row| {
            row.need::<String>(title)?;
            row.take::<Value>("expect")?;
            table::record(row)
        });
        records.extend(read.unwrap().into_iter().map(|(place, record)| (place, record.into_bytes())));
    }
    for rule in catalogue::rules().unwrap() {
        for case in rule.cases().unwrap() {
            let place = rule.place(&case);
            let of_case = case.records.into_iter();
            records.extend(of_case.map(|arrival| (place.clone(), arrival.record.into_bytes())));
        }
    }
    let demo = agent_records::sample_events().unwrap();
    records.extend(demo.into_iter().map(|record| ("a sample event".to_owned(), record.into_bytes())));
    records
}
