//! The pages for operators and analysts: what they link to exists.

use std::fs;
use std::path::Path;

use schtag_host::run::wasmtime::{Module, Options, Tagger, Timestamp};
use schtag_tests::agent_records::sample_events;
use schtag_tests::fluent_bit::Installation;
use schtag_tests::project;
use serde_json::Value;

use super::Outcome;

/// The pages, from the project's root.
const PAGES: [&str; 8] = [
    "docs/fluent_bit.md",
    "docs/clickhouse.md",
    "docs/analyst.md",
    "docs/scaling.md",
    "config_examples/fluent-bit/README.md",
    "config_examples/dashboards/README.md",
    "config_examples/clickhouse/README.md",
    "config_examples/spark/README.md",
];

#[test]
fn their_links_lead_somewhere() -> Outcome {
    for page in PAGES {
        let path = project::root().join(page);
        let text = fs::read_to_string(&path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or(link);
            if file.is_empty() || file.starts_with("http") {
                continue;
            }
            assert!(folder.join(file).exists(), "{page}: {link}");
        }
    }
    Ok(())
}

/// A configuration in a page is one that Fluent Bit takes.
#[test]
fn their_configurations_are_accepted() -> Outcome {
    let Some(agent) = Installation::find("their_configurations_are_accepted")? else { return Ok(()) };
    let mut tried = 0;
    for page in PAGES {
        let text = fs::read_to_string(project::root().join(page))?;
        for block in text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            let config = if block.starts_with("pipeline:") {
                block.to_owned()
            } else if block.starts_with("  filters:") {
                format!("pipeline:\n  inputs:\n    - {{name: dummy, tag: win.x}}\n{block}")
            } else {
                continue;
            };
            let config = config.replace("/etc/fluent-bit/schtag.wasm", &agent.module().display().to_string());
            agent.dry_run(page, "yaml", &config)?;
            tried += 1;
        }
    }
    assert!(tried >= 2, "{tried}");
    Ok(())
}

/// Returns whether a value is what a page shows of it: texts may end in `…`, and lists and objects may lack entries.
fn shows(shown: &Value, actual: &Value) -> bool {
    match (shown, actual) {
        (Value::String(shown), Value::String(actual)) => match shown.split_once('…') {
            Some((start, _)) => actual.starts_with(start),
            None => shown == actual,
        },
        (Value::Array(shown), Value::Array(actual)) => {
            shown.iter().all(|shown| actual.iter().any(|actual| shows(shown, actual)))
        }
        (Value::Object(shown), Value::Object(actual)) => {
            shown.iter().all(|(key, shown)| actual.get(key).is_some_and(|actual| shows(shown, actual)))
        }
        _ => shown == actual,
    }
}

/// The first page shows a tag that the filter writes, of one of the sample events.
#[test]
fn the_tag_in_the_readme_is_one_of_a_sample_event() -> Outcome {
    let page = fs::read_to_string(project::root().join("README.md"))?;
    let block = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).ok_or("no tag")?;
    let shown: Value = serde_json::from_str(&format!("{{{block}}}"))?;
    let mut tagger = Tagger::new(Module::new(&fs::read(project::module()?)?)?, Options::default())?;
    let mut tags = Vec::new();
    for record in sample_events()? {
        let tagged = tagger.tag_record(b"win.tasks", Timestamp::now(), record.as_bytes());
        tags.push(serde_json::from_slice::<Value>(&tagged.record)?);
    }
    assert!(tags.iter().any(|tag| shows(&shown, tag)), "no sample event has this tag: {shown:#}");
    Ok(())
}

/// Each example is in the table of its folder, which says how it is tested.
#[test]
fn every_example_is_listed() -> Outcome {
    for folder in ["fluent-bit", "dashboards", "clickhouse", "spark"] {
        let folder = format!("config_examples/{folder}");
        let folder = project::root().join(folder);
        let list = fs::read_to_string(folder.join("README.md"))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            assert!(list.contains(&format!("]({name}")) || name == "README.md", "{name} is not listed");
        }
    }
    Ok(())
}
