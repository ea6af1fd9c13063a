//! From the first tagged event to routes by severity and counters for Prometheus.

use std::collections::BTreeMap;

use schtag_tests::agent_records::{
    alerts, forwarded, parse_all, sample_events, tagged, untagged, with_verdict,
};
use schtag_tests::fluent_bit::{Agent, AgentError, Installation, free_port, http_get, send};
use schtag_tests::fluent_bit_config::Example;
use schtag_tests::project;
use serde_json::Value;

use super::Outcome;

/// Starts the example of this name and sends it the sample events.
fn started(
    installation: &Installation,
    name: &str,
    edit: impl FnOnce(Example) -> Result<Example, AgentError>,
) -> Result<(Agent, Vec<Value>), Box<dyn std::error::Error>> {
    let port = free_port()?;
    let agent = installation.start(|dir, metrics| {
        Ok(edit(Example::named(name)?.moved(dir, metrics, port, installation.version())?)?.text)
    })?;
    let records = parse_all(&sample_events()?)?;
    send(port, &forwarded("win.tasks", &records))?;
    Ok((agent, records))
}

fn text<'r>(record: &'r Value, pointer: &str) -> &'r str {
    record.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn the_first_event_is_tagged_and_the_agent_ends() -> Outcome {
    let Some(installation) = Installation::find("the_first_event_is_tagged")? else { return Ok(()) };
    let root = project::root();
    let config = root.join("config_examples/fluent-bit/first-event.yaml");
    let printed = installation.run_to_end(&config, &root)?;
    let lines: Vec<String> = printed.lines().map(str::to_owned).collect();
    let mut records = parse_all(&lines)?;
    // The output adds the time.
    for record in records.iter_mut().filter_map(Value::as_object_mut) {
        record.remove("date");
    }
    assert_eq!(untagged(&records), parse_all(&sample_events()?)?);
    // What docs/fluent_bit.md shows.
    let page = std::fs::read_to_string(root.join("docs/fluent_bit.md"))?;
    for record in with_verdict(&records, "alert") {
        let line = format!("{}  {}\n", text(record, "/schtag/severity"), text(record, "/schtag/title"));
        assert!(page.contains(&line), "docs/fluent_bit.md does not show: {line}");
    }
    assert_eq!(alerts(&records), 6, "as docs/fluent_bit.md says");
    Ok(())
}

#[test]
fn alerts_come_out_of_their_outputs_and_nothing_is_lost() -> Outcome {
    let Some(installation) = Installation::find("alerts_come_out_of_their_outputs_and_nothing_is_lost")?
    else {
        return Ok(());
    };
    let (mut agent, records) = started(&installation, "routing.yaml", Ok)?;
    let archive = parse_all(&agent.wait_for_lines("win.tasks", records.len())?)?;
    assert_eq!(untagged(&archive), records);

    let expected: Vec<&Value> = with_verdict(&archive, "alert").collect();
    let urgent: Vec<&Value> = expected
        .iter()
        .copied()
        .filter(|record| ["high", "critical"].contains(&text(record, "/schtag/severity")))
        .collect();
    assert!(!urgent.is_empty() && urgent.len() < archive.len(), "the samples are of both kinds");
    // Beside the folder `out`, which stands for /var/log/schtag.
    for (file, expected) in [("../out-alerts/win.tasks", expected), ("../out-urgent/win.tasks", urgent)] {
        let seen = parse_all(&agent.wait_for_lines(file, expected.len())?)?;
        assert_eq!(seen.iter().collect::<Vec<_>>(), expected, "{file}");
    }
    assert_eq!(agent.wait_for_filter("schtag", records.len())?, 0, "dropped");
    Ok(())
}

/// The series of a metric in Prometheus text: labels as written, and the value.
fn series(page: &str, metric: &str) -> BTreeMap<String, f64> {
    let of_line = |line: &str| {
        let (labels, value) = line.strip_prefix(metric)?.strip_prefix('{')?.rsplit_once("} ")?;
        Some((labels.to_owned(), value.trim().parse().ok()?))
    };
    page.lines().filter_map(of_line).collect()
}

#[test]
fn what_is_found_is_counted() -> Outcome {
    let Some(installation) = Installation::find("what_is_found_is_counted")? else { return Ok(()) };
    let exporter = free_port()?;
    let (mut agent, records) = started(&installation, "metrics.yaml", |example| {
        example
            .with("port: 2021", &format!("port: {exporter}"))?
            .with("scrape_interval: 15", "scrape_interval: 1")
    })?;
    let seen = parse_all(&agent.wait_for_lines("win.tasks", records.len())?)?;
    assert_eq!(untagged(&seen), records, "counting takes nothing away");

    let mut by_alert = BTreeMap::new();
    for record in with_verdict(&seen, "alert") {
        let labels = format!(
            r#"severity="{}",rule="{}",host="{}""#,
            text(record, "/schtag/severity"),
            text(record, "/schtag/rules/0/title"),
            text(record, "/schtag/host/name")
        );
        *by_alert.entry(labels).or_insert(0.0) += 1.0;
    }
    let mut by_verdict = BTreeMap::new();
    for record in &seen {
        if let Some(verdict) = record.pointer("/schtag/verdict").and_then(Value::as_str) {
            *by_verdict.entry(format!("verdict=\"{verdict}\"")).or_insert(0.0) += 1.0;
        }
    }
    assert!(alerts(&seen) > 0);
    agent.wait_until("counters of all alerts and verdicts", |_| {
        let page = http_get(exporter, "/metrics")?;
        let own = series(&page, "schtag_alerts_total") == by_alert
            && series(&page, "schtag_verdicts_total") == by_verdict;
        // The dashboard shows these two beside them.
        let agents = ["records", "drop_records"].iter().all(|counter| {
            series(&page, &format!("fluentbit_filter_{counter}_total")).keys().any(|k| k.contains("schtag"))
        });
        Ok((own && agents).then_some(()))
    })?;
    assert_eq!(seen, tagged(&installation, "win.tasks", &records)?);
    Ok(())
}
