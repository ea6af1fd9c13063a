//! The filter in a real Fluent Bit: nothing is lost, nothing but the tag is added, and the tag is the one that
//! the module gives under wasmtime.
//!
//! Needs the built module (`make test` sees to it) and an agent; see `schtag_tests::fluent_bit`.

use std::fs;
use std::path::Path;

use schtag_host::run::wasmtime::{Module, Options, Tagger, Timestamp};
use schtag_tests::agent_records::{alerts, parse, parse_all, sample_events, untagged, write_lines};
use schtag_tests::fluent_bit::{AgentError, Installation, PERSISTENT, free_port, send};
use schtag_tests::fluent_bit_config::{
    Example, JSON_LINES_PARSER, WINEVTLOG_OPTIONS, filter, forward, pipeline, service, tail,
};
use schtag_tests::msgpack::{Value as Pack, forward_message};
use schtag_tests::skip::skipped;
use serde_json::{Value, json};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The exported function, as the examples name it.
const FUNCTION: &str = "schtag_filter";

/// Records that are no task events, and that JSON carries exactly.
fn other_records() -> Vec<String> {
    [
        r#"{"log":"an ordinary line"}"#,
        r#"{"EventID":4624,"Channel":"Security","StringInserts":["S-1-5-18","WS$"]}"#,
        r#"{"message":"4698 is only mentioned here","EventID":"4625"}"#,
        r#"{"text":"quote \" backslash \\ tab \t newline \n null \u0000 bell \u0007","path":"C:\\x\\"}"#,
        r#"{"text":"żółć 日本語 🦀","\u006bey":1}"#,
        r#"{"n":[0,-1,9007199254740993,9223372036854775807,-9223372036854775808,0.5,-2.25]}"#,
        r#"{"nested":{"a":[{"b":[[[]]]},{}],"c":null,"d":true},"empty":{},"":""}"#,
        r#"{"schtag_like":{"verdict":"alert"}}"#,
    ]
    .map(str::to_owned)
    .to_vec()
}

fn samples_and_others() -> std::io::Result<Vec<String>> {
    Ok(sample_events()?.into_iter().chain(other_records()).collect())
}

/// Records in three batches, so that one instance of the module sees several chunks.
fn batches(records: &[String]) -> std::slice::Chunks<'_, String> {
    records.chunks(records.len().div_ceil(3).max(1))
}

/// Returns what an agent makes of `records`, sent through `tail`, in order, a batch after the other.
fn through_agent(agent: &Installation, records: &[String]) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let mut agent = agent.start(|dir, port| {
        Ok(pipeline(dir, port, &tail(&dir.join("events"), "win.tasks"), &filter(FUNCTION)))
    })?;
    let events = agent.dir().join("events");
    let mut lines = Vec::new();
    for batch in batches(records) {
        write_lines(&events, batch)?;
        lines = agent.wait_for_lines("win.tasks", lines.len() + batch.len())?;
    }
    assert_eq!(lines.len(), records.len(), "one record out for each record in");
    assert_eq!(agent.wait_for_filter("schtag", records.len())?, 0, "dropped");
    let log = agent.log();
    assert!(!log.contains("[error]") && !log.contains("exception"), "{log}");
    Ok(parse_all(&lines)?)
}

#[test]
fn every_example_is_accepted() -> Outcome {
    let Some(agent) = Installation::find("every_example_is_accepted")? else { return Ok(()) };
    let examples = Example::all()?;
    assert!(!examples.is_empty());
    for example in examples {
        if let Some(plugin) = example.missing_plugin(&agent)? {
            skipped(&format!(
                "{} in every_example_is_accepted: no {plugin} in this fluent-bit",
                example.name
            ));
            continue;
        }
        let linux = example.on_linux(Path::new("/nonexistent/events")).on_version(agent.version());
        // Parsers are looked up when an input starts, so the classic form may name one that is not there.
        let has_parsers = example.extension() != "yaml" || example.text.contains("\nparsers:");
        let parsers = if has_parsers { "" } else { JSON_LINES_PARSER };
        agent.dry_run(&example.name, example.extension(), &(linux.text + parsers))?;
    }
    Ok(())
}

/// Checks what no agent on Linux can: its builds have no `winevtlog`.
#[test]
fn the_windows_inputs_set_options_that_exist_and_agree() -> Outcome {
    let mut queries = Vec::new();
    for example in Example::all()? {
        for (option, value) in example.winevtlog_options() {
            assert!(WINEVTLOG_OPTIONS.contains(&option.as_str()), "{}: {option}", example.name);
            if option == "event_query" {
                queries.push(value);
            }
        }
    }
    assert_eq!(queries.len(), 4, "both forms of windows-agent, wef-collector, kafka-agent");
    assert!(queries.iter().all(|query| query.contains("EventID >= 4698 and EventID <= 4702")), "{queries:?}");
    queries.dedup();
    assert_eq!(queries.len(), 1, "the examples select different events: {queries:?}");
    Ok(())
}

#[test]
fn an_unknown_option_is_refused() -> Outcome {
    let Some(agent) = Installation::find("an_unknown_option_is_refused")? else { return Ok(()) };
    if agent.version() < (5, 0) {
        // A dry run does not look at options there; the tests that start the agent do.
        return Ok(());
    }
    let wrong = Example::named("aggregator.yaml")?.with("listen: 0.0.0.0", "lisen: 0.0.0.0")?;
    let answer = agent.dry_run(&wrong.name, "yaml", &wrong.text);
    assert!(matches!(answer, Err(AgentError::Refused { .. })), "else a dry run proves nothing: {answer:?}");
    Ok(())
}

#[test]
fn no_record_is_lost_or_altered() -> Outcome {
    let Some(agent) = Installation::find("no_record_is_lost_or_altered")? else { return Ok(()) };
    let records = samples_and_others()?;
    let seen = through_agent(&agent, &records)?;
    assert_eq!(untagged(&seen), parse_all(&records)?);
    Ok(())
}

#[test]
fn tags_are_those_that_the_module_gives_under_wasmtime() -> Outcome {
    let Some(agent) = Installation::find("tags_are_those_that_the_module_gives_under_wasmtime")? else {
        return Ok(());
    };
    let records = samples_and_others()?;
    let seen = through_agent(&agent, &records)?;
    let mut tagger = Tagger::new(Module::new(&fs::read(agent.module())?)?, Options::default())?;
    let mut expected = Vec::new();
    for batch in batches(&records) {
        for record in batch {
            let tagged = tagger.tag_record(b"win.tasks", Timestamp::now(), record.as_bytes());
            assert!(tagged.fault.is_none(), "{:?} on {record}", tagged.fault);
            expected.push(serde_json::from_slice::<Value>(&tagged.record)?);
        }
        if agent.version() < PERSISTENT {
            tagger = Tagger::new(tagger.module().clone(), Options::default())?;
        }
    }
    // Structures, not bytes: the agent reads the JSON and writes its own.
    assert_eq!(seen, expected);
    assert!(alerts(&seen) > 0 && alerts(&seen) < records.len());
    Ok(())
}

#[test]
fn other_records_get_no_tag() -> Outcome {
    let Some(agent) = Installation::find("other_records_get_no_tag")? else { return Ok(()) };
    let mut records = other_records();
    if agent.version() >= (4, 1) {
        // Up to 4.0.4 the agent itself cuts unsigned numbers to signed ones.
        records.push(r#"{"unsigned":18446744073709551615}"#.into());
    }
    assert_eq!(through_agent(&agent, &records)?, parse_all(&records)?);
    Ok(())
}

#[test]
fn a_record_of_a_megabyte_passes() -> Outcome {
    let Some(agent) = Installation::find("a_record_of_a_megabyte_passes")? else { return Ok(()) };
    let padding = "x".repeat(1 << 20);
    let other = json!({ "EventID": 4624, "Message": padding }).to_string();
    let task = sample_events()?.into_iter().next().ok_or("no sample")?;
    let mut large = parse(&task)?;
    large.as_object_mut().ok_or("not an object")?.insert("padding".into(), json!(padding));
    let records = vec![other, large.to_string(), task];
    assert_eq!(untagged(&through_agent(&agent, &records)?), parse_all(&records)?);
    Ok(())
}

#[test]
fn thousands_of_records_pass_through_one_instance() -> Outcome {
    let Some(agent) = Installation::find("thousands_of_records_pass_through_one_instance")? else {
        return Ok(());
    };
    let kinds = samples_and_others()?;
    let records: Vec<String> = (0..6_000)
        .zip(kinds.iter().cycle())
        .map(|(n, line)| line.replacen('{', &format!("{{\"number\":{n},"), 1))
        .collect();
    for (n, record) in through_agent(&agent, &records)?.iter().enumerate() {
        assert_eq!(record.get("number"), Some(&json!(n)));
    }
    Ok(())
}

/// Members that Fluent Bit passes to the filter as text that is no JSON, or as other text than was sent.
fn members_that_json_cannot_carry() -> Vec<(&'static str, Pack, Pack)> {
    let key = || Pack::text("value");
    vec![
        ("NaN", key(), Pack::Float(f64::NAN)),
        ("infinity", key(), Pack::Float(f64::INFINITY)),
        ("minus infinity", key(), Pack::Float(f64::NEG_INFINITY)),
        ("extension", key(), Pack::Ext(5, vec![0x00, 0x7f, 0x80, 0xff])),
        ("bytes", key(), Pack::Bin(vec![0x00, 0xc3, 0x28, 0xff])),
        ("text that is not UTF-8", key(), Pack::Str(vec![b'a', 0xff, 0xfe, b'z'])),
        ("an integer as key", Pack::Int(7), Pack::text("seven")),
        ("a list as key", Pack::Array(vec![Pack::Int(1)]), Pack::text("one")),
        ("two members of one name", Pack::text("kind"), Pack::text("two members of one name")),
    ]
}

#[test]
fn records_that_json_cannot_carry_arrive_all_the_same() -> Outcome {
    let Some(agent) = Installation::find("records_that_json_cannot_carry_arrive_all_the_same")? else {
        return Ok(());
    };
    let port = free_port()?;
    let input = forward(port, agent.version());
    let mut agent = agent.start(|dir, metrics| Ok(pipeline(dir, metrics, &input, &filter(FUNCTION))))?;
    let mut records = Vec::new();
    let mut kinds = Vec::new();
    for (kind, key, value) in members_that_json_cannot_carry() {
        // Each between two ordinary records: an unreadable answer after a readable one, in one chunk, makes the
        // agent free memory twice.
        for (kind, member) in [("before", None), (kind, Some((key, value))), ("after", None)] {
            let name = (Pack::text("kind"), Pack::text(kind));
            records.push(Pack::Map(std::iter::once(name).chain(member).collect()));
            kinds.push(kind);
        }
    }
    send(port, &forward_message("win.odd", 1_772_442_000, &records))?;
    let seen: Vec<String> = parse_all(&agent.wait_for_lines("win.odd", records.len())?)?
        .iter()
        .map(|record| record.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned())
        .collect();
    assert_eq!(seen, kinds);
    assert_eq!(agent.wait_for_filter("schtag", records.len())?, 0, "dropped");
    Ok(())
}

#[test]
fn an_agent_and_the_example_aggregator_keep_every_record() -> Outcome {
    let Some(installation) = Installation::find("an_agent_and_the_example_aggregator_keep_every_record")?
    else {
        return Ok(());
    };
    let records = samples_and_others()?;
    let port = free_port()?;
    let mut aggregator = installation.start(|dir, metrics| {
        Ok(Example::named("aggregator.yaml")?
            .on_version(installation.version())
            .with("0.0.0.0", "127.0.0.1")?
            .with("port: 24224", &format!("port: {port}"))?
            .with("http_port: 2020", &format!("http_port: {metrics}"))?
            .with("/var/log/schtag", &dir.join("out").display().to_string())?
            .text)
    })?;
    // The agent tags, too: its tags must be judged afresh, not doubled.
    let mut agent = installation.start(|dir, metrics| {
        Ok(format!(
            "{}pipeline:\n  inputs:\n{}  filters:\n{}  outputs:\n    - name: forward\n      match: '*'\n      \
             host: 127.0.0.1\n      port: {port}\n{JSON_LINES_PARSER}",
            service(metrics),
            tail(&dir.join("events"), "win.tasks"),
            filter(FUNCTION)
        ))
    })?;
    write_lines(&agent.dir().join("events"), &records)?;
    assert_eq!(agent.wait_for_filter("schtag", records.len())?, 0, "dropped by the agent");
    let lines = aggregator.wait_for_lines("win.tasks", records.len())?;
    let log = aggregator.log();
    assert!(!log.contains("native stack overflow"), "{log}");
    assert_eq!(aggregator.wait_for_filter("schtag", records.len())?, 0, "dropped by the aggregator");
    let seen = parse_all(&lines)?;
    assert_eq!(untagged(&seen), parse_all(&records)?);
    for line in &lines {
        // Inside a string of the record the quotes would be escaped, so this is the key.
        assert!(line.matches(r#""schtag":{"#).count() <= 1, "tagged twice: {line}");
    }

    let alerts = alerts(&seen);
    assert!(alerts > 0, "some samples are malicious");
    let printed = aggregator.wait_until("alert on the standard output", |agent| {
        let printed: Vec<String> =
            agent.printed()?.into_iter().filter(|line| line.starts_with('{')).collect();
        Ok((printed.len() >= alerts).then_some(printed))
    })?;
    assert_eq!(printed.len(), alerts, "the example routes the alerts and nothing else");
    Ok(())
}

/// The example `conditional.yaml` on the file of events below `dir`, with a file as its first output.
fn conditional(dir: &Path, metrics: u16) -> Result<Example, AgentError> {
    let file = format!(
        "name: file\n      path: {}\n      mkdir: true\n      format: plain",
        dir.join("out").display()
    );
    let mut example = Example::named("conditional.yaml")?
        .on_linux(&dir.join("events"))
        .with("http_port: 2020", &format!("http_port: {metrics}"))?
        .with("name: forward", &file)?
        .with("      host: ${SCHTAG_AGGREGATOR}\n      port: 24224\n", "")?;
    example.text.push_str(JSON_LINES_PARSER);
    Ok(example)
}

#[test]
fn the_example_with_a_condition_keeps_every_record() -> Outcome {
    let Some(installation) = Installation::find("the_example_with_a_condition_keeps_every_record")? else {
        return Ok(());
    };
    let records = samples_and_others()?;
    let mut agent = installation.start(|dir, metrics| {
        write_lines(&dir.join("events"), &records)?;
        Ok(conditional(dir, metrics)?.text)
    })?;
    let seen = parse_all(&agent.wait_for_lines("win.security", records.len())?)?;
    assert_eq!(agent.wait_for_filter("schtag", records.len())?, 0, "dropped");
    assert_eq!(untagged(&seen), parse_all(&records)?);
    assert!(alerts(&seen) > 0, "some samples are malicious");
    Ok(())
}

#[test]
fn its_condition_shows_the_filter_only_the_five_events() -> Outcome {
    let Some(installation) = Installation::find("its_condition_shows_the_filter_only_the_five_events")?
    else {
        return Ok(());
    };
    if installation.version() < (5, 0) {
        // As the example says, the condition is ignored there.
        return Ok(());
    }
    let records = samples_and_others()?;
    let mut agent = installation.start(|dir, metrics| {
        write_lines(&dir.join("events"), &records)?;
        // What the filter sees is lost in this copy, so what arrives did not go through it.
        Ok(conditional(dir, metrics)?.with("function_name: schtag_filter", "function_name: none")?.text)
    })?;
    let of_interest = |record: &Value| {
        record.get("EventID").and_then(Value::as_u64).is_some_and(|id| (4698..=4702).contains(&id))
    };
    let (tasks, others): (Vec<Value>, Vec<Value>) = parse_all(&records)?.into_iter().partition(of_interest);
    assert!(!tasks.is_empty());
    let seen = parse_all(&agent.wait_for_lines("win.security", others.len())?)?;
    assert_eq!(seen, others);
    Ok(())
}

#[test]
fn a_wrong_function_name_shows_in_the_drop_metric() -> Outcome {
    let Some(installation) = Installation::find("a_wrong_function_name_shows_in_the_drop_metric")? else {
        return Ok(());
    };
    let records = other_records();
    let mut agent = installation.start(|dir, port| {
        Ok(pipeline(dir, port, &tail(&dir.join("events"), "win.tasks"), &filter("schtag_fitler")))
    })?;
    write_lines(&agent.dir().join("events"), &records)?;
    assert_eq!(agent.wait_for_filter("schtag", records.len())?, records.len() as u64);
    assert!(agent.lines("win.tasks")?.is_empty());
    Ok(())
}
