//! A real Fluent Bit with its default settings, and records that are made to keep it busy: no other input waits for
//! them, none of its records is lost, and the agent ends when it is asked to.
//!
//! Needs the built module and an agent, as `fluent_bit.rs` does. Asserts counts only; with `--nocapture` it prints the
//! longest time in which no heartbeat came out, which docs/reliability.md has.

use std::fs;
use std::path::Path;

use schtag_tests::agent_records::{parse, parse_all, write_lines};
use schtag_tests::expensive::Recipe;
use schtag_tests::fluent_bit::{Agent, AgentError, Installation, free_port};
use schtag_tests::fluent_bit_config::{filter, pipeline, tail};
use schtag_tests::heartbeats::{self, Heartbeats};
use schtag_tests::mutations::Mutations;
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::seeds;
use schtag_tests::stalls::{self, ALERT, BELOW_THE_CUT, Stall};
use serde_json::Value;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The tag of the records that the filter sees.
const TAG: &str = "win";

/// The filter, on the hostile records only: the heartbeats go past it.
fn filter_of_one_input() -> String {
    filter("schtag_filter").replace("match: '*'", &format!("match: {TAG}"))
}

/// An agent with an input for heartbeats on `port`, and one that follows the file `events` through the filter.
fn start(installation: &Installation, port: u16) -> Result<Agent, AgentError> {
    installation.start(|dir, metrics| {
        let inputs = tail(&dir.join("events"), TAG) + &heartbeats::input(port);
        // Nothing that is about stopping is set.
        Ok(pipeline(dir, metrics, &inputs, &filter_of_one_input()).replace("  grace: 1\n", ""))
    })
}

/// Sends `records` in groups of `group`, each when the one before is out, between heartbeats. Says how long none of
/// those came out. Returns what came out.
fn among_heartbeats(
    installation: &Installation,
    name: &str,
    records: &[String],
    group: usize,
) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let port = free_port()?;
    let mut agent = start(installation, port)?;
    let heartbeats = Heartbeats::start(&agent, port)?;
    agent.wait_for_lines(heartbeats::TAG, 3)?;
    let mut lines = Vec::new();
    for group in records.chunks(group) {
        write_lines(&agent.dir().join("events"), group)?;
        lines = agent.wait_for_lines(TAG, lines.len() + group.len())?;
    }
    let (beats, gap) = heartbeats.finish(&mut agent)?;
    println!("{name}: {} records, {beats} heartbeats, longest gap {} ms", records.len(), gap.as_millis());
    assert_eq!(lines.len(), records.len(), "{name}");
    assert_eq!(agent.wait_for_filter("schtag", records.len())?, 0, "dropped: {name}");
    Ok(parse_all(&lines)?)
}

/// A task that nothing is wrong with.
fn ordinary() -> String {
    Sample::new(4698, "C:\\Program Files\\Backup\\backup.exe", "--nightly").record(Shape::Flat)
}

#[test]
fn no_record_stops_another_input() -> Outcome {
    let Some(installation) = Installation::find("no_record_stops_another_input")? else { return Ok(()) };
    // For comparison, and to fill the agent's caches.
    among_heartbeats(&installation, "an ordinary task", &[ordinary()], 1)?;
    for stall in stalls::all() {
        among_heartbeats(&installation, stall.name, &[stall.record()], 1)?;
    }
    Ok(())
}

#[test]
fn no_seed_of_the_fuzzer_stops_another_input() -> Outcome {
    let Some(installation) = Installation::find("no_seed_of_the_fuzzer_stops_another_input")? else {
        return Ok(());
    };
    // As many levels as the agent's own parser takes.
    let levels = |line: &str| line.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count();
    let records: Vec<String> = seeds::of("record")?
        .into_iter()
        .filter_map(|seed| String::from_utf8(seed).ok())
        .filter(|line| !line.contains('\n') && levels(line) < 60)
        .filter(|line| parse(line).is_ok_and(|record| record.is_object()))
        .collect();
    assert!(records.len() > 500);
    among_heartbeats(&installation, "seeds of the fuzz target `record`", &records, 10)?;
    Ok(())
}

#[test]
fn no_generated_record_stops_another_input() -> Outcome {
    let Some(installation) = Installation::find("no_generated_record_stops_another_input")? else {
        return Ok(());
    };
    let mut chance = Mutations::new(11);
    let mut records = Vec::new();
    for size in [3_400, 60_000] {
        records.extend((0..100).map(|_| Recipe::by_chance(&mut chance, size).record()));
    }
    among_heartbeats(&installation, "records of the generator", &records, 5)?;
    Ok(())
}

#[test]
fn a_hundred_in_a_row_lose_no_heartbeat() -> Outcome {
    let Some(installation) = Installation::find("a_hundred_in_a_row_lose_no_heartbeat")? else {
        return Ok(());
    };
    let records: Vec<String> = stalls::all().iter().map(Stall::record).cycle().take(100).collect();
    among_heartbeats(&installation, "a hundred in a row", &records, records.len())?;
    Ok(())
}

/// The rules that a record's tag names.
fn rules(record: &Value) -> Vec<&str> {
    let rules = record.pointer("/schtag/rules").and_then(Value::as_array).into_iter().flatten();
    rules.filter_map(|rule| rule.get("id")?.as_str()).collect()
}

#[test]
fn the_alert_of_an_action_stands_beside_an_expensive_one() -> Outcome {
    let Some(installation) = Installation::find("the_alert_of_an_action_stands_beside_an_expensive_one")?
    else {
        return Ok(());
    };
    let alone = Sample::new(4698, ALERT.0, ALERT.1).record(Shape::Flat);
    let mut records = vec![alone];
    let mut names = vec!["alone".to_owned()];
    for stall in stalls::all() {
        names.push(format!("alert first: {}", stall.name));
        names.push(format!("alert last: {}", stall.name));
        records.push(stall.clone().after_alert().record());
        records.push(stall.before_alert().record());
    }
    let seen = among_heartbeats(&installation, "beside an alert", &records, 1)?;
    let expected = seen.first().map(rules).unwrap_or_default();
    assert!(!expected.is_empty(), "the action alone raises no alert");
    let mut failures = Vec::new();
    for (name, record) in names.iter().zip(&seen) {
        let found = rules(record);
        let verdict = record.pointer("/schtag/verdict").and_then(Value::as_str);
        // Of a definition that Windows does not cut every action is read. Of a longer one the end may not be: that is an
        // alert of its own, and says so.
        let cut = name.starts_with("alert last") && leaves_the_end_unread(record);
        if verdict != Some("alert") || !(cut || expected.iter().all(|rule| found.contains(rule))) {
            failures.push(format!("{name}: {verdict:?}, {found:?}, not {expected:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

/// Returns whether a definition is longer than Windows logs one, and the tag says that it was not read to its end.
fn leaves_the_end_unread(record: &Value) -> bool {
    let definition = record.get("TaskContent").and_then(Value::as_str).unwrap_or_default();
    let notes = record.pointer("/schtag/notes").and_then(Value::as_array).into_iter().flatten();
    let said =
        |note: &str| note.contains("not fully read: definition") || note.contains("task content longer");
    definition.encode_utf16().count() > 2 * BELOW_THE_CUT && notes.filter_map(Value::as_str).any(said)
}

#[test]
fn the_agent_ends_when_it_is_asked_to() -> Outcome {
    let Some(installation) = Installation::find("the_agent_ends_when_it_is_asked_to")? else { return Ok(()) };
    let port = free_port()?;
    let mut agent = start(&installation, port)?;
    let heartbeats = Heartbeats::start(&agent, port)?;
    agent.wait_for_lines(heartbeats::TAG, 3)?;
    heartbeats.finish(&mut agent)?;
    let records: Vec<String> = stalls::all().iter().map(Stall::record).collect();
    write_lines(&agent.dir().join("events"), &records)?;
    // The first is out, so that the agent has the others in its hands.
    agent.wait_for_lines(TAG, 1)?;
    let status = agent.terminate()?;
    let log = agent.log();
    assert!(status.success(), "{status}; {log}");
    assert!(log.contains("service has stopped (0 pending tasks)"), "{log}");
    Ok(())
}

/// A `tail` with a database that keeps its place in `dir`.
fn tail_with_database(events: &Path, dir: &Path) -> String {
    format!("{}      db: {}\n", tail(events, TAG), dir.join("place.sqlite").display())
}

#[test]
fn a_tail_with_a_database_gets_past_the_record() -> Outcome {
    let Some(installation) = Installation::find("a_tail_with_a_database_gets_past_the_record")? else {
        return Ok(());
    };
    let kept = tempfile::tempdir()?;
    let events = kept.path().join("events");
    let start = || {
        installation.start(|dir, metrics| {
            let input = tail_with_database(&events, kept.path());
            Ok(pipeline(dir, metrics, &input, &filter_of_one_input()))
        })
    };
    let ordinary = |number| format!("{{\"number\":{number}}}");
    for (number, stall) in stalls::all().iter().enumerate().step_by(6) {
        write_lines(&events, &[stall.record(), ordinary(number)])?;
        let mut agent = start()?;
        let lines = agent.wait_for_lines(TAG, 2)?;
        assert_eq!(lines.len(), 2, "the record came back: {}", stall.name);
        assert_eq!(lines.last(), Some(&ordinary(number)));
        agent.terminate()?;
    }
    assert!(fs::metadata(kept.path().join("place.sqlite")).is_ok(), "else the agent kept no place");
    Ok(())
}
