//! The outputs to SIEMs, against servers that speak their protocols: what arrives is the record with its whole tag.

use schtag_tests::agent_records::{forwarded, parse, parse_all, sample_events, tagged};
use schtag_tests::fluent_bit::{AgentError, Installation, free_port, send};
use schtag_tests::fluent_bit_config::Example;
use schtag_tests::http_sink::{Request, Sink};
use serde_json::{Value, json};

use super::Outcome;

/// One output: its example, the line with its port, and how its protocol answers.
struct Protocol {
    example: &'static str,
    port: &'static str,
    answer: &'static str,
    /// Reads the records of a request, with the tag in place.
    records: fn(&Request) -> Result<Vec<Value>, AgentError>,
}

/// Sends the sample events through the example, and compares what arrives with what the module makes of them.
fn arrives_whole(protocol: &Protocol) -> Outcome {
    let Some(installation) = Installation::find(protocol.example)? else { return Ok(()) };
    let sink = Sink::start(protocol.answer)?;
    let port = free_port()?;
    let mut agent = installation.start(|dir, metrics| {
        Ok(Example::named(protocol.example)?
            .moved(dir, metrics, port, installation.version())?
            .with(protocol.port, &format!("      port: {}\n", sink.port()))?
            .with("tls: on", "tls: off")?
            .text)
    })?;
    let records = parse_all(&sample_events()?)?;
    let mut expected = tagged(&installation, "win.tasks", &records)?;
    assert!(expected.iter().any(|record| record.pointer("/schtag/verdict") == Some(&json!("alert"))));
    send(port, &forwarded("win.tasks", &records))?;

    let mut seen = agent.wait_until("all records at the server", |_| {
        let mut seen = Vec::new();
        for request in sink.requests() {
            seen.extend((protocol.records)(&request)?);
        }
        Ok((seen.len() >= records.len()).then_some(seen))
    })?;
    // An output may group records; the order within the whole is not its promise.
    for list in [&mut seen, &mut expected] {
        list.sort_by_key(|record| record.pointer("/EventRecordID").and_then(Value::as_u64));
    }
    assert_eq!(seen, expected, "{}", protocol.example);
    let log = agent.log();
    assert!(!log.contains("[error]") && !log.contains("[ warn] [output"), "{log}");
    Ok(())
}

fn body_lines(request: &Request) -> Result<Vec<Value>, AgentError> {
    String::from_utf8_lossy(&request.body).lines().map(parse).collect()
}

/// Documents of the bulk protocol: an action, then the document, a line each.
fn bulk(request: &Request) -> Result<Vec<Value>, AgentError> {
    assert_eq!(request.path, "/_bulk");
    let lines = body_lines(request)?;
    let mut documents = Vec::new();
    for pair in lines.chunks(2) {
        let [action, document] = pair else {
            return Err(AgentError::Unexpected(format!("an action without a document: {pair:?}")));
        };
        let target = action.get("create").cloned().unwrap_or_default();
        let index = target.get("_index").and_then(Value::as_str).unwrap_or_default();
        assert!(index.starts_with("schtag-2"), "the index template covers schtag-*: {action}");
        assert!(target.get("_id").is_some(), "{action}");
        assert!(target.get("_type").is_none(), "{action}");
        let mut document = document.clone();
        let time = document.as_object_mut().and_then(|members| members.remove("@timestamp"));
        assert_eq!(time, Some(json!("2026-03-02T09:00:00.000Z")));
        documents.push(document);
    }
    Ok(documents)
}

#[test]
fn elasticsearch_gets_the_whole_tag() -> Outcome {
    arrives_whole(&Protocol {
        example: "outputs/elasticsearch.yaml",
        port: "      port: 9200\n",
        answer: r#"{"took":1,"errors":false,"items":[]}"#,
        records: |request| {
            // schtag:secret
            let login = "Authorization: Basic c2NodGFnOnNlY3JldA==";
            assert!(request.headers.iter().any(|line| line == login), "{:?}", request.headers);
            bulk(request)
        },
    })
}

#[test]
fn opensearch_gets_the_whole_tag() -> Outcome {
    arrives_whole(&Protocol {
        example: "outputs/opensearch.yaml",
        port: "      port: 9200\n",
        answer: r#"{"took":1,"errors":false,"items":[]}"#,
        records: bulk,
    })
}

/// HEC events follow each other with nothing between them.
fn hec(request: &Request) -> Result<Vec<Value>, AgentError> {
    assert_eq!(request.path, "/services/collector/event");
    let mut records = Vec::new();
    for event in serde_json::Deserializer::from_slice(&request.body).into_iter::<Value>() {
        let event = event.map_err(|error| AgentError::Unexpected(format!("HEC body: {error}")))?;
        let record = event.get("event").cloned().unwrap_or_default();
        assert_eq!(event.get("host"), record.get("Computer"));
        assert_eq!(event.get("index"), Some(&json!("wineventlog")));
        let tag = record.get("schtag");
        for (field, pointer) in [
            ("schtag_verdict", "/verdict"),
            ("schtag_severity", "/severity"),
            ("schtag_rule", "/rules/0/title"),
            ("schtag_action", "/action"),
        ] {
            let indexed = event.get("fields").and_then(|fields| fields.get(field));
            assert_eq!(indexed, tag.and_then(|tag| tag.pointer(pointer)), "{field}");
        }
        records.push(record);
    }
    Ok(records)
}

#[test]
fn splunk_gets_the_whole_tag_and_its_indexed_fields() -> Outcome {
    arrives_whole(&Protocol {
        example: "outputs/splunk.yaml",
        port: "      port: 8088\n",
        answer: r#"{"text":"Success","code":0}"#,
        records: hec,
    })
}

/// Puts the members that became labels back where they were. Every alert has both.
fn loki(request: &Request) -> Result<Vec<Value>, AgentError> {
    assert_eq!(request.path, "/loki/api/v1/push");
    let body = parse(&String::from_utf8_lossy(&request.body))?;
    let list =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut records = Vec::new();
    for stream in list(&body, "streams") {
        let labels = stream.get("stream").cloned().unwrap_or_default();
        assert_eq!(labels.get("job"), Some(&json!("schtag")));
        for value in list(&stream, "values") {
            let mut record = parse(value.get(1).and_then(Value::as_str).unwrap_or_default())?;
            if let Some(tag) = record.get_mut("schtag").and_then(Value::as_object_mut) {
                for name in ["verdict", "severity"] {
                    let label = labels.get(name).ok_or(AgentError::Unexpected(format!("no label {name}")))?;
                    // 4.0 leaves them in the line as well.
                    let in_line = tag.insert(name.into(), label.clone());
                    assert!(in_line.is_none_or(|value| value == *label), "{name}");
                }
            } else {
                assert_eq!(labels.as_object().map(serde_json::Map::len), Some(1), "{labels}");
            }
            records.push(record);
        }
    }
    Ok(records)
}

#[test]
fn loki_gets_the_tag_as_labels_and_line() -> Outcome {
    arrives_whole(&Protocol {
        example: "outputs/loki.yaml",
        port: "      port: 3100\n",
        answer: "",
        records: loki,
    })
}

/// The data collection rule declares what the table needs, and nothing that no record has.
#[test]
fn sentinels_columns_are_members_of_the_records() -> Outcome {
    let path = schtag_tests::project::root().join("config_examples/fluent-bit/outputs/sentinel-dcr.json");
    let rule: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let example = Example::named("outputs/sentinel.yaml")?;
    let table = example
        .text
        .lines()
        .find_map(|line| line.trim().strip_prefix("table_name: "))
        .ok_or("no table_name")?;
    let stream = format!("Custom-{table}");
    let columns = rule
        .pointer(&format!("/properties/streamDeclarations/{stream}/columns"))
        .and_then(Value::as_array)
        .ok_or("the rule does not declare the stream of the example")?;
    let flow = rule.pointer("/properties/dataFlows/0").ok_or("no data flow")?;
    assert_eq!(flow.pointer("/streams/0"), Some(&json!(stream)));
    assert_eq!(flow.pointer("/outputStream"), Some(&json!(stream)));
    let sample = parse(sample_events()?.first().ok_or("no sample")?)?;
    let mut names = Vec::new();
    for column in columns {
        let name = column.get("name").and_then(Value::as_str).ok_or("a column without a name")?;
        let kind = column.get("type").and_then(Value::as_str).ok_or("a column without a type")?;
        let fits = match (name, sample.get(name)) {
            ("TimeGenerated", None) => kind == "datetime",
            ("schtag", None) => kind == "dynamic",
            (_, Some(Value::Number(_))) => matches!(kind, "int" | "long"),
            (_, Some(Value::String(_))) => kind == "string",
            (_, Some(Value::Array(_) | Value::Object(_))) => kind == "dynamic",
            _ => false,
        };
        assert!(fits, "{name}: {kind}");
        names.push(name);
    }
    assert!(names.contains(&"TimeGenerated") && names.contains(&"schtag") && names.contains(&"Computer"));
    Ok(())
}
