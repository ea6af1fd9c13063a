//! A real Fluent Bit with its default settings, at the limits: records that are made to be hard, and very many.
//!
//! Needs the built module and an agent, as `fluent_bit.rs` does.

use schtag_tests::fluent_bit::{Agent, AgentError, Installation};
use schtag_tests::fluent_bit_config::{JSON_LINES_PARSER, filter, pipeline, service, tail};
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::seeds;
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::Write;

type Outcome = Result<(), Box<dyn std::error::Error>>;

const FUNCTION: &str = "schtag_filter";

fn write_lines<'a>(agent: &Agent, lines: impl Iterator<Item = &'a [u8]>) -> Result<(), AgentError> {
    let path = agent.dir().join("events");
    let write = || {
        let mut text = Vec::new();
        for line in lines {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        OpenOptions::new().create(true).append(true).open(&path)?.write_all(&text)
    };
    write().map_err(|source| AgentError::Io { what: format!("writing {}", path.display()), source })
}

/// Returns whether the agent's parser takes a line for one record as we mean it: an object of no more levels than it
/// can hold.
fn is_line(record: &[u8]) -> bool {
    let levels = record.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    levels < 60
        && !record.contains(&b'\n')
        && serde_json::from_slice::<Value>(record).is_ok_and(|v| v.is_object())
}

/// No call needs more stack than the 8 KiB that a module has by default, and none traps.
#[test]
fn the_hardest_records_pass_with_the_default_settings() -> Outcome {
    let Some(agent) = Installation::find("the_hardest_records_pass_with_the_default_settings")? else {
        return Ok(());
    };
    let mut records = seeds::of("record")?;
    for arguments in [
        format!("/c {}", "cmd /c ".repeat(200)),
        format!("/c powershell -c {}'a'{}", "(".repeat(1_000), ")".repeat(1_000)),
        "/c powershell -c x & ".repeat(100),
    ] {
        for shape in Shape::ALL {
            records.push(Sample::new(4698, "cmd.exe", &arguments).record(shape).into_bytes());
        }
    }
    records.retain(|record| is_line(record));
    let mut agent = agent
        .start(|dir, port| Ok(pipeline(dir, port, &tail(&dir.join("events"), "win"), &filter(FUNCTION))))?;
    for (number, batch) in records.chunks(200).enumerate() {
        write_lines(&agent, batch.iter().map(Vec::as_slice))?;
        agent.wait_for_lines("win", number * 200 + batch.len())?;
    }
    let lines = agent.lines("win")?;
    assert_eq!(lines.len(), records.len());
    assert_eq!(agent.wait_for_filter("schtag", records.len())?, 0, "dropped");
    let log = agent.log();
    assert!(!log.contains("[error]") && !log.contains("exception") && !log.contains("overflow"), "{log}");
    Ok(())
}

/// Returns how many of `records` records the filter has lost. A busy agent is asked again.
fn dropped(agent: &mut Agent, records: usize) -> Result<u64, AgentError> {
    for _ in 0..20 {
        match agent.wait_for_filter("schtag", records) {
            Err(AgentError::Io { .. }) => {}
            answer => return answer,
        }
    }
    agent.wait_for_filter("schtag", records)
}

/// The memory that the agent has resident after the first tenth of the records is what it has after all, but for what its
/// own buffers do.
#[test]
#[ignore = "a million records take minutes and a gigabyte of disk; SCHTAG_RECORDS says how many"]
fn an_agent_does_not_grow_with_its_records() -> Outcome {
    let Some(agent) = Installation::find("an_agent_does_not_grow_with_its_records")? else { return Ok(()) };
    const BATCH: usize = 10_000;
    let count: usize = std::env::var("SCHTAG_RECORDS").map_or(Ok(1_000_000), |count| count.parse())?;
    let mut common: Vec<String> =
        Shape::ALL.map(|shape| Sample::new(4624, "powershell.exe", "-enc AAAA").record(shape)).to_vec();
    common.push(r#"{"log":"an ordinary line","stream":"stdout"}"#.into());
    let rare: Vec<String> = Shape::ALL
        .map(|shape| {
            Sample::new(4698, "powershell.exe", "-w hidden -enc SQBFAFgAIAAoACcAYQAnACkA").record(shape)
        })
        .to_vec();
    let record = |number: usize| {
        let (list, number) = if number % 50 == 49 { (&rare, number / 50) } else { (&common, number) };
        list.iter().cycle().nth(number % list.len()).map_or(&b"{}"[..], |record| record.as_bytes())
    };
    let mut agent = agent.start(|dir, port| {
        let outputs = "  outputs:\n    - name: 'null'\n      match: '*'\n";
        Ok(format!(
            "{}pipeline:\n  inputs:\n{}  filters:\n{}{outputs}{JSON_LINES_PARSER}",
            service(port),
            tail(&dir.join("events"), "win"),
            filter(FUNCTION)
        ))
    })?;
    let mut resident = Vec::new();
    for sent in (0..count).step_by(BATCH) {
        let end = (sent + BATCH).min(count);
        write_lines(&agent, (sent..end).map(record))?;
        assert_eq!(dropped(&mut agent, end)?, 0, "dropped");
        resident.push(agent.resident()?);
        if resident.len() % 10 == 0 {
            println!("{end} records: {} KiB resident", agent.resident()?);
        }
    }
    let tenth = resident.get(..resident.len().div_ceil(10)).unwrap_or_default();
    let (early, late) = (tenth.iter().max(), resident.last());
    let (Some(early), Some(late)) = (early, late) else { return Err("no records".into()) };
    assert!(*late <= early + 4096, "{early} KiB, then {late} KiB");
    Ok(())
}
