//! Tests what runs on Windows hosts and collectors, as far as it can be run elsewhere.

use std::fs;

use schtag_tests::agent_records::{alerts, parse_all, sample_events, untagged, write_lines};
use schtag_tests::fluent_bit::Installation;
use schtag_tests::fluent_bit_config::{Example, JSON_LINES_PARSER};
use schtag_tests::project;

use super::Outcome;

/// Runs with another input than `winevtlog`, which exists only on Windows.
#[test]
fn what_windows_hosts_run_tags_and_forwards_every_record() -> Outcome {
    let Some(installation) = Installation::find("what_windows_hosts_run")? else { return Ok(()) };
    for (name, tag) in [("windows-agent.yaml", "win.tasks"), ("wef-collector.yaml", "win.forwarded")] {
        let records = sample_events()?;
        let mut agent = installation.start(|dir, metrics| {
            write_lines(&dir.join("events"), &records)?;
            let file = format!(
                "name: file\n      path: {}\n      mkdir: true\n      format: plain",
                dir.join("out").display()
            );
            let mut example = Example::named(name)?
                .on_linux(&dir.join("events"))
                .moved(dir, metrics, 0, installation.version())?
                .with("name: forward", &file)?
                .with("      host: ${SCHTAG_AGGREGATOR}\n      port: 0\n", "")?;
            example.text.push_str(JSON_LINES_PARSER);
            Ok(example.text)
        })?;
        let seen = parse_all(&agent.wait_for_lines(tag, records.len())?)?;
        assert_eq!(untagged(&seen), parse_all(&records)?, "{name}");
        assert_eq!(alerts(&seen), 6, "{name}");
        assert_eq!(agent.wait_for_filter("schtag", records.len())?, 0, "{name}: dropped");
    }
    Ok(())
}

/// The subscription sends what the collector reads.
#[test]
fn the_subscription_selects_what_the_collector_reads() -> Outcome {
    let path = project::root().join("config_examples/fluent-bit/wef-subscription.xml");
    let subscription = fs::read_to_string(path)?;
    let query = subscription
        .split_once("<Select Path=\"Security\">")
        .and_then(|(_, rest)| rest.split_once("</Select>"))
        .map(|(query, _)| query)
        .ok_or("no query")?;
    // It is XML inside of XML, also in CDATA.
    assert!(!query.contains('<') && subscription.matches("<![CDATA[").count() == 1);
    let query = query.replace("&gt;", ">").replace("&lt;", "<");
    let collector = Example::named("wef-collector.yaml")?;
    let options = collector.winevtlog_options();
    let option = |name: &str| options.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(option("event_query"), Some(query.as_str()));
    let log = option("channels").ok_or("no channel")?;
    assert!(subscription.contains(&format!("<LogFile>{log}</LogFile>")));
    Ok(())
}
