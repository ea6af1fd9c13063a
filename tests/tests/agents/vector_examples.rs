//! The examples in `config_examples/vector`: options that exist, components that fit together, and the one for Fluent
//! Bit in a real agent whose chunks are acknowledged as Vector's `fluent` source does it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use schtag_host::rules::yaml;
use schtag_tests::fluent_bit::Installation;
use schtag_tests::fluent_bit_config::{Example, JSON_LINES_PARSER, WINEVTLOG_OPTIONS};
use schtag_tests::project;
use serde_json::Value;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The options of Vector's components that the examples use, as paths.
///
/// Source: Vector 0.57 and its main branch of August 2026: the configuration structs in `src/sources/http_server.rs`,
/// `src/sources/windows_event_log/config.rs`, `src/sources/fluent/mod.rs`, `src/sources/file.rs`,
/// `src/sources/file_descriptors/stdin.rs`, `src/transforms/{remap,route}.rs`, `src/sinks/http/config.rs`,
/// `src/sinks/file/mod.rs`, `src/sinks/console/config.rs`, and what all sinks have (`src/config/sink.rs`,
/// `lib/vector-buffers/src/config.rs`, `src/sinks/util/{batch,service}.rs`).
const OPTIONS: [(&str, &[&str]); 10] = [
    ("sources.windows_event_log", &["channels", "only_event_ids", "render_message"]),
    ("sources.http_server", &["address", "framing.method", "decoding.codec"]),
    ("sources.fluent", &["address"]),
    ("sources.file", &["include", "read_from"]),
    ("sources.stdin", &["max_length", "decoding.codec"]),
    ("transforms.route", &["inputs", "reroute_unmatched", "route.alert"]),
    ("transforms.remap", &["inputs", "source", "file", "drop_on_error", "drop_on_abort"]),
    (
        "sinks.http",
        &[
            "inputs",
            "uri",
            "framing.method",
            "encoding.codec",
            "compression",
            "batch.max_events",
            "batch.timeout_secs",
            "request.timeout_secs",
            "buffer.type",
            "buffer.max_size",
            "buffer.when_full",
            "healthcheck.uri",
        ],
    ),
    ("sinks.file", &["inputs", "path", "encoding.codec"]),
    ("sinks.console", &["inputs", "target", "encoding.codec"]),
];

/// The examples for Vector, by name.
fn examples() -> Result<BTreeMap<String, Value>, Box<dyn std::error::Error>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(project::root().join("config_examples/vector"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".yaml") && name != "fluent-bit.yaml" {
            let text = fs::read_to_string(&path)?;
            assert!(
                text.contains("Option names checked against Vector's source"),
                "{name} says how far it was tried"
            );
            let (mut documents, error) = yaml::documents(&text);
            assert!(error.is_none(), "{name}: {error:?}");
            found.insert(name, serde_json::to_value(documents.pop())?);
        }
    }
    Ok(found)
}

/// The paths of the values in an object that are no objects.
fn leaves(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value.as_object() {
        Some(members) => {
            for (key, value) in members {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(value, &path, found);
            }
        }
        None => {
            found.insert(path.to_owned());
        }
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

#[test]
fn every_option_exists_in_vector() -> Outcome {
    let known: BTreeMap<&str, &[&str]> = OPTIONS.into();
    let examples = examples()?;
    assert_eq!(examples.len(), 5);
    for (name, config) in &examples {
        for (section, content) in members(config) {
            match section.as_str() {
                "data_dir" | "acknowledgements" => continue,
                "sources" | "transforms" | "sinks" => {}
                other => panic!("{name}: {other}"),
            }
            for (component, options) in members(content) {
                let kind = format!("{section}.{}", options["type"].as_str().unwrap_or_default());
                let known = known.get(kind.as_str()).unwrap_or_else(|| panic!("{name}: {kind}"));
                let mut used = BTreeSet::new();
                leaves(options, "", &mut used);
                used.remove("type");
                for option in used {
                    assert!(known.contains(&option.as_str()), "{name}: {component}: {option}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn components_are_connected_and_acknowledge() -> Outcome {
    for (name, config) in examples()? {
        let mut outputs = BTreeSet::new();
        for (source, _) in members(&config["sources"]) {
            outputs.insert(source.clone());
        }
        for (transform, options) in members(&config["transforms"]) {
            match options["route"].as_object() {
                Some(routes) => outputs.extend(routes.keys().map(|route| format!("{transform}.{route}"))),
                None => {
                    outputs.insert(transform.clone());
                }
            }
        }
        let mut used = BTreeSet::new();
        for (component, options) in members(&config["transforms"]).chain(members(&config["sinks"])) {
            for input in options["inputs"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(outputs.contains(input), "{name}: {component} reads {input}");
                used.insert(input.to_owned());
            }
        }
        assert_eq!(used, outputs, "{name}: every output is read");
        // A pipe cannot acknowledge, and says so.
        assert_eq!(config["acknowledgements"]["enabled"] == true, !name.starts_with("pipe-"), "{name}");
    }
    Ok(())
}

#[test]
fn the_hop_of_the_example_is_the_default_one() -> Outcome {
    let examples = examples()?;
    let hop = &examples["http-hop.yaml"];
    assert_eq!(hop["sinks"]["to_schtag"]["uri"], "http://127.0.0.1:8787/");
    assert_eq!(hop["sinks"]["to_schtag"]["framing"], hop["sources"]["tagged"]["framing"]);
    let text = fs::read_to_string(project::root().join("config_examples/vector/http-hop.yaml"))?;
    let address = hop["sources"]["tagged"]["address"].as_str().unwrap_or_default();
    assert!(text.contains(&format!("schtag serve --forward http://{address}/")));
    let serve = fs::read_to_string(project::root().join("host_harness/src/cli/serve.rs"))?;
    assert!(serve.contains(r#"default_value = "127.0.0.1:8787""#));
    Ok(())
}

fn fluent_bit_example() -> std::io::Result<Example> {
    let name = "fluent-bit.yaml".to_owned();
    let text = fs::read_to_string(project::root().join("config_examples/vector").join(&name))?;
    Ok(Example { name, text })
}

#[test]
fn the_windows_input_sets_options_that_exist() -> Outcome {
    for (option, _) in fluent_bit_example()?.winevtlog_options() {
        assert!(WINEVTLOG_OPTIONS.contains(&option.as_str()) || option == "storage.type", "{option}");
    }
    Ok(())
}

#[test]
fn the_example_for_fluent_bit_is_accepted() -> Outcome {
    let Some(agent) = Installation::find("the_example_for_fluent_bit_is_accepted")? else { return Ok(()) };
    let linux = fluent_bit_example()?.on_linux("/nonexistent/events".as_ref());
    let linux = linux.with("${SCHTAG_VECTOR}", "127.0.0.1")?;
    agent.dry_run(&linux.name, "yaml", &(linux.text + JSON_LINES_PARSER))?;
    Ok(())
}

/// A chunk as it came, and the id by which it is to be acknowledged.
fn chunk(stream: &mut TcpStream) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut bytes = Vec::new();
    let mut part = [0; 65_536];
    loop {
        // The last entry of the options of a message: a string of up to 31 bytes, or one with its length in a byte.
        if let Some(at) = bytes.windows(6).rposition(|six| six == b"\xa5chunk") {
            let id = match bytes.get(at + 6..) {
                Some([length @ 0xa0..=0xbf, id @ ..]) => id.get(..usize::from(*length - 0xa0)),
                Some([0xd9, length, id @ ..]) => id.get(..usize::from(*length)),
                _ => None,
            };
            if let Some(id) = id {
                let id = id.to_vec();
                return Ok((bytes, id));
            }
        }
        match stream.read(&mut part)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => bytes.extend(part.iter().take(count)),
        }
    }
}

/// Vector's `fluent` source, as far as acknowledgements go (`src/sources/fluent/mod.rs`): the first chunk is not
/// acknowledged, and has to come again.
#[test]
fn the_example_for_fluent_bit_sends_again_what_was_not_acknowledged() -> Outcome {
    let test = "the_example_for_fluent_bit_sends_again_what_was_not_acknowledged";
    let Some(installation) = Installation::find(test)? else { return Ok(()) };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let (chunks, received) = mpsc::channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let mut stream = stream;
            let Ok((bytes, id)) = chunk(&mut stream) else { continue };
            if number > 0 {
                let mut ack = b"\x81\xa3ack\xd9".to_vec();
                ack.push(u8::try_from(id.len()).unwrap_or(u8::MAX));
                ack.extend(id);
                let _ = stream.write_all(&ack);
            }
            if chunks.send(bytes).is_err() {
                return;
            }
        }
    });
    let events = fs::read_to_string(project::root().join("config_examples/demo/events.ndjson"))?;
    let _agent = installation.start(|dir, metrics| {
        fs::write(dir.join("events"), &events).unwrap();
        let example = fluent_bit_example()
            .unwrap()
            .on_linux(&dir.join("events"))
            .with("http_port: 2020", &format!("http_port: {metrics}"))?
            .with(r"C:\ProgramData\fluent-bit\storage", &dir.join("storage").display().to_string())?
            .with("${SCHTAG_VECTOR}", "127.0.0.1")?
            .with("port: 24224", &format!("port: {port}"))?;
        Ok(example.text + JSON_LINES_PARSER)
    })?;
    for attempt in ["first", "second"] {
        let bytes = received.recv_timeout(Duration::from_secs(60))?;
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("schtag") && text.contains("alert"), "the {attempt} time tagged events came");
        assert!(text.contains("ws-0217.northwind.example"), "{attempt}");
    }
    Ok(())
}
