//! Records that tests send through an agent, and what they look for in those that come out.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use schtag_host::run::wasmtime::{Module, Options, Tagger, Timestamp};
use serde_json::{Value, json};

use crate::agents::fluent_bit::{AgentError, Installation, PERSISTENT};
use crate::formats::msgpack::{Value as Pack, forward_message};
use crate::project;

/// The shipped sample events: the five ids, ordinary and of interest, and one other event.
///
/// # Errors
/// When the file cannot be read.
pub fn sample_events() -> io::Result<Vec<String>> {
    let text = fs::read_to_string(project::root().join("config_examples/demo/events.ndjson"))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// A line as JSON.
///
/// # Errors
/// When it is none.
pub fn parse(line: &str) -> Result<Value, AgentError> {
    serde_json::from_str(line).map_err(|e| AgentError::Unexpected(format!("not JSON ({e}): {line}")))
}

/// Lines as JSON.
///
/// # Errors
/// When one is none.
pub fn parse_all(lines: &[String]) -> Result<Vec<Value>, AgentError> {
    lines.iter().map(|line| parse(line)).collect()
}

/// The records without their tags.
pub fn untagged(records: &[Value]) -> Vec<Value> {
    let mut records = records.to_vec();
    for record in records.iter_mut().filter_map(Value::as_object_mut) {
        record.remove("schtag");
    }
    records
}

/// Returns how many records are alerts.
pub fn alerts(records: &[Value]) -> usize {
    with_verdict(records, "alert").count()
}

/// The records with this verdict.
pub fn with_verdict<'r>(records: &'r [Value], verdict: &'r str) -> impl Iterator<Item = &'r Value> {
    records.iter().filter(move |record| record.pointer("/schtag/verdict") == Some(&json!(verdict)))
}

/// Appends `lines` to a file, which it makes when there is none.
///
/// # Errors
/// When it cannot.
pub fn write_lines(path: &Path, lines: &[String]) -> Result<(), AgentError> {
    let write = || {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        lines.iter().try_for_each(|line| writeln!(file, "{line}"))
    };
    write().map_err(|source| AgentError::Io { what: format!("writing {}", path.display()), source })
}

/// When the records of [`forwarded`] were made, in Unix seconds.
const FORWARDED_AT: u32 = 1_772_442_000;

/// Records as one message of the forward protocol.
pub fn forwarded(tag: &str, records: &[Value]) -> Vec<u8> {
    let records: Vec<Pack> = records.iter().map(Pack::from).collect();
    forward_message(tag, i64::from(FORWARDED_AT), &records)
}

/// Returns what the agent's filter makes of the records of one [`forwarded`] message.
///
/// # Errors
/// When the module cannot be loaded, or a call of it fails.
pub fn tagged(
    agent: &Installation,
    tag: &str,
    records: &[Value],
) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let module = Module::new(&fs::read(agent.module())?)?;
    let mut tagger = Tagger::new(module, Options::default())?;
    let at = Timestamp { seconds: FORWARDED_AT, nanoseconds: 0 };
    let mut out = Vec::new();
    for record in records {
        let text = record.to_string();
        let tagged = tagger.tag_record(tag.as_bytes(), at, text.as_bytes());
        if let Some(fault) = tagged.fault {
            return Err(fault.into());
        }
        out.push(serde_json::from_slice(&tagged.record)?);
        if agent.version() < PERSISTENT {
            // There each chunk has an instance of its own, and `forward` makes a chunk of each record.
            tagger = Tagger::new(tagger.module().clone(), Options::default())?;
        }
    }
    Ok(out)
}
