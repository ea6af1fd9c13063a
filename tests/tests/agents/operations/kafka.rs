//! Agents, Kafka, and a consumer group of aggregators, all three real but the broker: that is the one which
//! librdkafka has for tests, in the agent's own process.

use std::collections::BTreeSet;

use schtag_tests::agent_records::{alerts, parse_all, sample_events, untagged, write_lines};
use schtag_tests::fluent_bit::{Agent, AgentError, Installation, free_port};
use schtag_tests::fluent_bit_config::{Example, JSON_LINES_PARSER};
use schtag_tests::skip::skipped;
use serde_json::Value;

use super::Outcome;

/// A line that librdkafka logs when its broker for tests is up.
const BROKER: &str = "ignored and replaced with ";
/// A line that a consumer logs when the group is complete: the broker's topics have four partitions.
const HALF: &str = "new assignment of 2 partition(s)";

/// A line that it logs when the broker for tests has answered the members of a new group in the wrong order. It then
/// waits for a minute; a real broker has no such fault.
const FAULT: &str = "SyncGroup error: Broker: Invalid request";
/// The number of times that a group is tried.
const ATTEMPTS: usize = 8;

fn computers(records: &[Value]) -> BTreeSet<&str> {
    records.iter().filter_map(|record| record.get("Computer")?.as_str()).collect()
}

/// Sorts records, and takes out the time that out_kafka adds.
fn comparable(records: &[Value]) -> Vec<Value> {
    let mut records = untagged(records);
    for record in records.iter_mut().filter_map(Value::as_object_mut) {
        record.remove("@timestamp");
    }
    records.sort_by_key(|record| record.get("EventRecordID").and_then(Value::as_u64));
    records
}

/// Two aggregators that share the partitions of the topic.
fn group(installation: &Installation, example: &Example, broker: &str) -> Result<(Agent, Agent), AgentError> {
    let mut faults = Vec::new();
    for attempt in 0..ATTEMPTS {
        // A new group each time: the broker remembers the members of the one before for a while.
        let id = format!("group_id: schtag-{attempt}\n      rdkafka.debug: cgrp");
        let aggregator = || {
            installation.start(|dir, metrics| {
                Ok(example
                    .moved(dir, metrics, free_port()?, installation.version())?
                    .with("${SCHTAG_BROKERS}", broker)?
                    .with("/var/lib/fluent-bit/storage", &dir.join("storage").display().to_string())?
                    .with("group_id: schtag", &id)?
                    .text)
            })
        };
        let (first, mut second) = (aggregator()?, aggregator()?);
        let complete = second.wait_until("complete group", |second| {
            let logs = [first.log(), second.log()];
            if logs.iter().all(|log| log.contains(HALF)) {
                return Ok(Some(true));
            }
            Ok(logs.iter().any(|log| log.contains(FAULT)).then_some(false))
        })?;
        if complete {
            return Ok((first, second));
        }
        faults.push(second.log());
    }
    Err(AgentError::Unexpected(format!("no group in {ATTEMPTS} attempts: {faults:?}")))
}

#[test]
fn a_consumer_group_of_aggregators_keeps_and_tags_every_record() -> Outcome {
    let Some(installation) = Installation::find("a_consumer_group_of_aggregators")? else { return Ok(()) };
    let example = Example::named("kafka-aggregator.yaml")?;
    if example.missing_plugin(&installation)?.is_some() {
        skipped("a_consumer_group_of_aggregators: no kafka in this fluent-bit");
        return Ok(());
    }
    let records = parse_all(&sample_events()?)?;
    let mut agent = installation.start(|dir, metrics| {
        let broker = "rdkafka.test.mock.num.brokers: 1\n      rdkafka.enable.idempotence";
        let mut config = Example::named("kafka-agent.yaml")?
            .on_linux(&dir.join("events"))
            .moved(dir, metrics, 0, installation.version())?
            .with("rdkafka.enable.idempotence", broker)?
            .with("read_from_head: true", "read_from_head: true\n      refresh_interval: 1")?;
        config.text.push_str(JSON_LINES_PARSER);
        write_lines(&dir.join("events"), &[])?;
        Ok(config.text)
    })?;
    let broker = agent.wait_until("broker", |agent| {
        let log = agent.log();
        let address = log.split_once(BROKER).and_then(|(_, rest)| rest.split_whitespace().next());
        Ok(address.map(str::to_owned))
    })?;
    let (mut first, mut second) = group(&installation, &example, &broker)?;

    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    write_lines(&agent.dir().join("events"), &lines)?;
    let (ours, theirs) = agent.wait_until("all records at the aggregators", |_| {
        let (ours, theirs) = (first.lines("win.tasks")?, second.lines("win.tasks")?);
        Ok((ours.len() + theirs.len() >= records.len()).then_some((ours, theirs)))
    })?;
    let (ours, theirs) = (parse_all(&ours)?, parse_all(&theirs)?);
    assert!(!ours.is_empty() && !theirs.is_empty(), "each has its share");
    assert!(computers(&ours).is_disjoint(&computers(&theirs)), "a host's events go to one aggregator");
    let all: Vec<Value> = ours.iter().chain(&theirs).cloned().collect();
    assert_eq!(comparable(&all), comparable(&records));
    assert!(alerts(&all) > 0);
    let mut drops = 0;
    for (consumer, share) in [(&mut first, &ours), (&mut second, &theirs)] {
        drops += consumer.wait_for_filter("schtag", share.len())?;
    }
    assert_eq!(drops, 0, "dropped");
    Ok(())
}

/// The examples agree with each other, so that one does not write where the other does not read.
#[test]
fn both_ends_name_the_same_topic() -> Result<(), AgentError> {
    for name in ["kafka-agent.yaml", "kafka-aggregator.yaml"] {
        let example = Example::named(name)?;
        for line in ["topics: windows-tasks\n", "format: json\n", "brokers: ${SCHTAG_BROKERS}\n"] {
            assert!(example.text.contains(line), "{name} does not say {line}");
        }
    }
    Ok(())
}
