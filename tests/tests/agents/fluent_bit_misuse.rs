//! Configurations that name another function or another format than the filter's: records are dropped, the counter
//! says so, and the agent goes on.

use schtag_tests::agent_records::{sample_events, write_lines};
use schtag_tests::filter;
use schtag_tests::fluent_bit::Installation;
use schtag_tests::fluent_bit_config::{filter as filter_section, pipeline, tail};
use wasmparser::{Parser, Payload};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The name of the filter, and an input tag that is valid JSON: an export without a result gives the host its first
/// argument back, the input tag.
const FILTER: &str = "schtag_filter";
const TAGS: [&str; 2] = ["win.tasks", "7"];

/// Everything that the module exports, as `schtag inspect` lists it.
fn exports() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(&filter::wasm()?) {
        if let Payload::ExportSection(section) = payload? {
            for export in section {
                names.push(export?.name.to_owned());
            }
        }
    }
    Ok(names)
}

/// Passes the sample events, several times, through a filter section, and returns the number of dropped records and the
/// agent's log. An agent that ends by itself is an error.
fn dropped(
    installation: &Installation,
    tag: &str,
    section: &str,
    records: &[String],
) -> Result<(u64, String), Box<dyn std::error::Error>> {
    let mut agent =
        installation.start(|dir, port| Ok(pipeline(dir, port, &tail(&dir.join("events"), tag), section)))?;
    write_lines(&agent.dir().join("events"), records)?;
    let dropped = agent.wait_for_filter("schtag", records.len())?;
    let log = agent.log();
    let status = agent.terminate()?;
    assert!(status.success(), "{status}: {log}");
    Ok((dropped, log))
}

/// Many records in few chunks, so that each answer follows others in a chunk.
fn many() -> std::io::Result<Vec<String>> {
    Ok(sample_events()?.into_iter().cycle().take(2_000).collect())
}

#[test]
fn no_export_harms_the_agent_as_a_function_name() -> Outcome {
    let Some(installation) = Installation::find("no_export_harms_the_agent_as_a_function_name")? else {
        return Ok(());
    };
    let (records, names) = (many()?, exports()?);
    assert!(names.len() >= 7 && names.iter().any(|name| name == FILTER), "{names:?}");
    for name in names.iter().filter(|name| *name != FILTER) {
        for tag in TAGS {
            let (dropped, log) = dropped(&installation, tag, &filter_section(name), &records)?;
            assert_eq!(dropped, records.len() as u64, "{name}, {tag}");
            let says_so = match name.as_str() {
                // Without a result; the log shows the input tag.
                "free" | "clickhouse_destroy_buffer" => "invalid JSON format",
                "malloc" | "clickhouse_create_buffer" | "clickhouse_tag" => {
                    "set function_name: schtag_filter"
                }
                _ => "wasm function is not found",
            };
            assert!(log.contains(says_so), "{name}, {tag}: {log}");
        }
    }
    Ok(())
}

#[test]
fn the_format_msgpack_drops_every_record_without_a_word() -> Outcome {
    let Some(installation) = Installation::find("the_format_msgpack_drops_every_record_without_a_word")?
    else {
        return Ok(());
    };
    let records = sample_events()?;
    let section = format!("{}      event_format: msgpack\n", filter_section(FILTER));
    let (dropped, log) = dropped(&installation, "win.tasks", &section, &records)?;
    assert_eq!(dropped, records.len() as u64, "docs/fluent_bit.md says so");
    assert!(!log.contains("[error]") && !log.contains("[ warn]"), "{log}");
    Ok(())
}
