//! The dashboard and the saved searches are well-formed, and name only fields and metrics that exist.

use std::collections::BTreeSet;
use std::fs;

use schtag_host::rules::yaml;
use schtag_tests::agent_records::{parse_all, sample_events};
use schtag_tests::filter::{self, Filter};
use schtag_tests::fluent_bit::AgentError;
use schtag_tests::fluent_bit_config::Example;
use schtag_tests::project;
use serde_json::Value;

use super::Outcome;

/// The agent's own metrics that the dashboard shows.
///
/// Source: Fluent Bit 5.1.1, `src/flb_filter.c`, `flb_filter_init`: namespace `fluentbit`, subsystem `filter`.
const AGENT_METRICS: [&str; 2] = ["fluentbit_filter_records_total", "fluentbit_filter_drop_records_total"];

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(project::root().join(path)).map_err(|error| format!("{path}: {error}"))
}

/// The members that the index template maps, as paths: `schtag.rules.title`.
fn template_fields() -> Result<BTreeSet<String>, Box<dyn std::error::Error>> {
    let text = read("config_examples/fluent-bit/outputs/schtag-index-template.json")?;
    let template: Value = serde_json::from_str(&text)?;
    let mut fields = BTreeSet::new();
    let properties = template.pointer("/template/mappings/properties").ok_or("no properties")?;
    mapped(properties, "", &mut fields);
    Ok(fields)
}

fn mapped(properties: &Value, prefix: &str, fields: &mut BTreeSet<String>) {
    for (name, mapping) in properties.as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        match mapping.get("properties") {
            Some(inner) => mapped(inner, &format!("{path}."), fields),
            None => {
                fields.insert(path);
            }
        }
    }
}

/// The paths of a tag's leaves, lists taken apart: `schtag.rules.title`.
fn leaves(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(k, v)| leaves(v, &format!("{path}.{k}"), found)),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, path, found)),
        _ => {
            found.insert(path.to_owned());
        }
    }
}

/// The words of a text that begin with `prefix`, as far as their characters are those of a name.
fn names<'t>(text: &'t str, prefix: &str) -> impl Iterator<Item = String> + 't {
    let prefix = prefix.to_owned();
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "_.{}[]".contains(c)))
        .filter(move |word| word.starts_with(&prefix))
        .map(|word| {
            word.replace("{}", "").replace("[0]", "").trim_end_matches(['.', '{', '}', '[', ']']).to_owned()
        })
}

/// A metric's name and labels.
type Metric = (String, BTreeSet<String>);

/// The metrics that metrics.yaml makes.
fn own_metrics() -> Result<Vec<Metric>, AgentError> {
    let mut metrics: Vec<(Vec<String>, BTreeSet<String>)> = Vec::new();
    for line in Example::named("metrics.yaml")?.text.lines().map(str::trim) {
        if line == "- name: log_to_metrics" {
            metrics.push(Default::default());
        }
        let Some((parts, labels)) = metrics.last_mut() else { continue };
        for option in ["metric_namespace: ", "metric_subsystem: ", "metric_name: "] {
            parts.extend(line.strip_prefix(option).map(str::to_owned));
        }
        if let Some((label, _)) = line.strip_prefix("- ").and_then(|rest| rest.split_once(" $schtag")) {
            labels.insert(label.to_owned());
        }
    }
    Ok(metrics.into_iter().map(|(parts, labels)| (parts.join("_"), labels)).collect())
}

#[test]
fn the_index_template_maps_the_tag_as_documented() -> Outcome {
    let fields = template_fields()?;
    let docs = read("docs/tag.md")?;
    for field in fields.iter().filter_map(|field| field.strip_prefix("schtag.")) {
        let leaf = field.rsplit('.').next().unwrap_or(field);
        let named = [format!("`{leaf}`"), format!(".{leaf}`"), format!(".{leaf}[]`"), format!("`{leaf}[]`")];
        assert!(named.iter().any(|name| docs.contains(name)), "docs/tag.md does not know {field}");
    }
    // And every member of real tags is mapped.
    let records = parse_all(&sample_events()?)?;
    let mut found = BTreeSet::new();
    let mut filter = Filter::new(&filter::module()?)?;
    for record in &records {
        leaves(&filter.tag(&record.to_string(), 0)?, "schtag", &mut found);
    }
    found.remove("schtag");
    assert!(found.len() > 15, "{found:?}");
    let unmapped: Vec<_> = found.difference(&fields).collect();
    assert!(unmapped.is_empty(), "{unmapped:?}");
    Ok(())
}

/// Checks a PromQL expression as far as names and brackets go, and returns the metrics in it.
fn metrics_of(expression: &str, own: &[Metric]) -> Vec<String> {
    let open = expression.matches(['(', '{', '[']).count();
    assert_eq!(open, expression.matches([')', '}', ']']).count(), "{expression}");
    if let Some((metric, labels)) = own.iter().find(|(metric, _)| expression.contains(metric)) {
        for label in grouped_by(expression) {
            assert!(labels.contains(label), "{metric} has no label {label}");
        }
    }
    let words = names(expression, "schtag_").chain(names(expression, "fluentbit_"));
    let found: Vec<String> =
        words.map(|name| name.split(['{', '[']).next().unwrap_or_default().to_owned()).collect();
    for name in &found {
        assert!(AGENT_METRICS.contains(&name.as_str()) || own.iter().any(|(own, _)| own == name), "{name}");
    }
    found
}

#[test]
fn the_grafana_dashboard_shows_metrics_that_the_example_makes() -> Outcome {
    let dashboard: Value = serde_json::from_str(&read("config_examples/dashboards/grafana.json")?)?;
    let metrics = own_metrics()?;
    assert_eq!(metrics.len(), 2, "{metrics:?}");
    let panels = dashboard.get("panels").and_then(Value::as_array).ok_or("no panels")?;
    let mut used = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel.get("id").and_then(Value::as_u64)), "two panels of one id: {panel}");
        assert!(panel.pointer("/gridPos/h").is_some(), "{panel}");
        let targets = panel.get("targets").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for target in targets {
            let expression = target.get("expr").and_then(Value::as_str).ok_or("no expression")?;
            used.extend(metrics_of(expression, &metrics));
        }
    }
    assert_eq!(used.len(), metrics.len() + AGENT_METRICS.len(), "every metric is shown: {used:?}");
    Ok(())
}

#[test]
fn the_prometheus_rules_name_metrics_that_the_example_makes() -> Outcome {
    let (documents, error) = yaml::documents(&read("config_examples/dashboards/prometheus-rules.yaml")?);
    assert_eq!(error, None);
    let rules = serde_json::to_value(documents.first())?;
    let rules = rules.pointer("/groups/0/rules").and_then(Value::as_array).ok_or("no rules")?;
    assert!(!rules.is_empty());
    let metrics = own_metrics()?;
    for rule in rules {
        let expression = rule.get("expr").and_then(Value::as_str).ok_or("no expression")?;
        assert!(!metrics_of(expression, &metrics).is_empty(), "{expression}");
        assert!(rule.pointer("/annotations/summary").is_some(), "{rule}");
    }
    Ok(())
}

/// The labels in `by (...)`.
fn grouped_by(expression: &str) -> impl Iterator<Item = &str> {
    expression
        .split("by (")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .flat_map(|(labels, _)| labels.split(','))
        .map(str::trim)
        .filter(|label| !["le", "instance"].contains(label))
}

#[test]
fn the_splunk_searches_name_fields_that_exist() -> Outcome {
    let text = read("config_examples/dashboards/splunk/savedsearches.conf")?;
    let fields = template_fields()?;
    let splunk = Example::named("outputs/splunk.yaml")?.text;
    let mut searches = 0;
    let mut stanza = None;
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            stanza = Some(name);
            continue;
        }
        let (key, value) = line.split_once(" = ").ok_or(format!("neither stanza nor setting: {line}"))?;
        let stanza = stanza.ok_or("a setting before the first stanza")?;
        if key != "search" {
            continue;
        }
        searches += 1;
        for index in ["index=wineventlog", "sourcetype=fluentbit:windows:tasks"] {
            assert!(value.contains(index), "{stanza}: {index}");
        }
        assert!(splunk.contains("event_index: wineventlog"));
        assert!(splunk.contains("event_sourcetype: fluentbit:windows:tasks"));
        let paths: Vec<String> = names(value, "schtag.").collect();
        assert!(!paths.is_empty(), "{stanza}");
        for path in paths {
            assert!(fields.contains(&path), "{stanza}: no field {path}");
        }
        for indexed in names(value, "schtag_") {
            assert!(splunk.contains(&format!("- {indexed} $schtag")), "{stanza}: {indexed} is not sent");
        }
        let quotes = value.matches('"').count();
        assert!(quotes % 2 == 0, "{stanza}");
    }
    assert!(searches >= 4, "{searches}");
    Ok(())
}

#[test]
fn the_kibana_searches_name_fields_that_exist() -> Outcome {
    let text = read("config_examples/dashboards/kibana.ndjson")?;
    let fields = template_fields()?;
    let mut views = BTreeSet::new();
    let mut searches = 0;
    for line in text.lines() {
        let object: Value = serde_json::from_str(line)?;
        let kind = object.get("type").and_then(Value::as_str).ok_or("no type")?;
        let id = object.get("id").and_then(Value::as_str).ok_or("no id")?;
        match kind {
            "index-pattern" => {
                assert_eq!(object.pointer("/attributes/title").and_then(Value::as_str), Some("schtag-*"));
                views.insert(id.to_owned());
            }
            "search" => {
                searches += 1;
                let view = object.pointer("/references/0/id").and_then(Value::as_str).ok_or("no view")?;
                assert!(views.contains(view), "{id}: the data view comes first");
                let source = object
                    .pointer("/attributes/kibanaSavedObjectMeta/searchSourceJSON")
                    .and_then(Value::as_str)
                    .ok_or("no source")?;
                let source: Value = serde_json::from_str(source)?;
                let query = source.pointer("/query/query").and_then(Value::as_str).ok_or("no query")?;
                let columns = object.pointer("/attributes/columns").and_then(Value::as_array);
                let columns = columns.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
                for field in names(query, "schtag.").chain(columns) {
                    assert!(fields.contains(&field), "{id}: no field {field}");
                }
            }
            other => return Err(format!("{id}: a {other}").into()),
        }
    }
    assert!(searches >= 4, "{searches}");
    Ok(())
}
