//! ECS and OCSF: against records written by hand, and against what the schemas ask for, on every event of the project.

use schtag::engine::{At, Engine, Outcome};
use schtag::rules::{Level, Pack, Packed};
use schtag_host::records::mapping::ecs::Lifter;
use schtag_host::records::mapping::ocsf::Findings;
use schtag_host::rules::catalogue::Catalogue;
use schtag_host::run::wasmtime::{Instance, Module, Options, Timestamp};
use schtag_host::wasm::gate::DEFAULT_BUDGET;
use schtag_host::wasm::manifest::{Manifest, RuleSummary};
use schtag_tests::ocsf::conformance;
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::skip::skipped;
use schtag_tests::{events, filter, pack, project};
use serde_json::{Value, json};
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    project::root().join("tests/testdata/mappings").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).unwrap()
}

fn value(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    assert!(catalogue.add_files(&[fixture("rules.yml")]).is_empty());
    catalogue
}

fn manifest() -> Manifest {
    let mut manifest = Manifest::new(&Pack::default(), String::new(), String::new());
    for rule in catalogue().rules() {
        manifest.rules.push(RuleSummary {
            id: rule.metadata.id.clone(),
            title: rule.metadata.title.clone(),
            level: Level::High,
            techniques: rule.metadata.techniques.clone(),
        });
    }
    manifest
}

#[test]
fn a_finding_is_the_one_that_was_written_by_hand() {
    let (record, tag) = (text("record.json"), value("tag.json"));
    let record = record.trim_end();
    let finding = Findings::new(manifest(), catalogue()).finding(record.as_bytes(), &tag, 0).unwrap();
    let mut expected = value("ocsf.json");
    expected["metadata"]["product"]["version"] = json!(manifest().version);
    let uid = finding["finding_info"]["uid"].as_str().unwrap();
    assert_eq!(uid.len(), 32);
    expected["finding_info"]["uid"] = json!(uid);
    expected["raw_data"] = json!(record);
    expected["unmapped"]["schtag"] = tag;
    assert_eq!(finding, expected);
    assert_eq!(conformance(&finding), [""; 0]);
}

#[test]
fn the_finding_is_named_by_the_event_alone() {
    let findings = Findings::new(manifest(), catalogue());
    let (record, tag) = (text("record.json"), value("tag.json"));
    let uid = |record: &str, tag: &Value| {
        let finding = findings.finding(record.as_bytes(), tag, 0).unwrap();
        finding["finding_info"]["uid"].as_str().unwrap().to_owned()
    };
    let mut other = tag.clone();
    other["rules"].as_array_mut().unwrap().remove(0);
    other["severity"] = json!("low");
    assert_eq!(uid(&record, &tag), uid(&record, &other));
    assert_eq!(uid(&record, &tag), uid(&record.replacen('{', "{\"collector\":\"c1\",", 1), &tag));
    assert_ne!(uid(&record, &tag), uid(&record.replace("918273", "918274"), &tag));
}

#[test]
fn verdicts_become_findings_or_not() {
    let findings = Findings::new(manifest(), catalogue());
    let with = |verdict: &str| {
        let tag = json!({"schema": "1", "verdict": verdict, "severity": "informational", "title": "t", "notes": ["n"]});
        findings.finding(b"{}", &tag, 1_772_000_000_000)
    };
    for (verdict, status, alert) in [("alert", 1, true), ("allowlisted", 3, false), ("unreadable", 1, false)]
    {
        let finding = with(verdict).unwrap();
        assert_eq!(
            (&finding["status_id"], &finding["is_alert"]),
            (&json!(status), &json!(alert)),
            "{verdict}"
        );
        assert_eq!(finding["time"], 1_772_000_000_000_i64);
        assert_eq!(finding["unmapped"]["schtag"]["notes"][0], "n");
        assert_eq!(conformance(&finding), [""; 0], "{verdict}");
    }
    for verdict in ["observed", "repaired", "passed_on", "unheard-of"] {
        assert_eq!(with(verdict), None, "{verdict}");
    }
    // A sequence that an earlier filter saw is shown, and is no alert.
    let tag = json!({"schema": "1", "verdict": "passed_on", "severity": "informational", "title": "t",
        "passed_on": {"verdict": "alert", "severity": "medium", "rules": [{"id": "i", "title": "t", "level": "medium"}],
            "verified": "no"}});
    let finding = findings.finding(b"{}", &tag, 1_772_000_000_000).unwrap();
    assert_eq!((&finding["status_id"], &finding["is_alert"]), (&json!(1), &json!(false)));
    assert_eq!(conformance(&finding), [""; 0]);
}

#[test]
fn the_ecs_objects_are_those_that_were_written_by_hand() {
    let record = text("record.json");
    let tag = value("tag.json");
    let tagged = record.trim_end().replacen(
        "12345678901234567890}",
        &format!("12345678901234567890,\"schtag\":{tag}}}"),
        1,
    );
    let lifted = Lifter::new(&manifest(), &catalogue()).lift(tagged.as_bytes(), &tag).unwrap();
    let lifted = String::from_utf8(lifted).unwrap();
    assert!(lifted.starts_with(record.trim_end().trim_end_matches('}')), "{lifted}");
    let lifted: Value = serde_json::from_str(&lifted).unwrap();
    let expected = value("ecs.json");
    assert_eq!((&lifted["rule"], &lifted["threat"]), (&expected["rule"], &expected["threat"]));
    let mut rest = tag;
    let notes = rest.as_object_mut().unwrap().remove("notes");
    rest["notes"] = notes.unwrap();
    assert_eq!(lifted["schtag"], rest);
}

/// The guest and the host write the same objects.
#[test]
fn a_module_that_was_baked_with_ecs_says_the_same() {
    let pack = ecs_pack();
    let manifest = Manifest::new(&pack, String::new(), String::new());
    assert!(manifest.settings.ecs);
    let mut lifter = Lifter::new(&manifest, &Catalogue::embedded());
    let mut engine = Engine::new(Packed { format: Pack::FORMAT, hash: "b07e33d1f1cf".into(), pack }).unwrap();
    let record = Sample::new(4698, "powershell.exe", "-w hidden -enc SQBFAFgAIAAoACcAYQAnACsAJwBiACcAKQA=")
        .record(Shape::Flat);
    let mut out = Vec::new();
    assert_eq!(
        engine.process(record.as_bytes(), At { seconds: filter::AT, nanoseconds: 0 }, &mut out),
        Outcome::Replaced
    );
    let tagged: Value = serde_json::from_slice(&out).unwrap();
    assert!(
        tagged.get("rule").is_none() && tagged.get("threat").is_none(),
        "one member is added, and no other"
    );
    let tag = &tagged["schtag"];
    assert_eq!(tag["threat"]["technique"]["subtechnique"]["id"][0], "T1053.005");
    let of_guest: Value = serde_json::from_slice(&lifter.lift(&out, tag).unwrap()).unwrap();
    let mut bare = tag.clone();
    for name in ["rule", "threat"] {
        bare.as_object_mut().unwrap().remove(name);
    }
    let record = json!({"schtag": bare}).to_string();
    let of_host: Value = serde_json::from_slice(&lifter.lift(record.as_bytes(), &bare).unwrap()).unwrap();
    for name in ["rule", "threat"] {
        assert_eq!(of_guest[name], tag[name]);
        assert_eq!(of_host[name], tag[name]);
    }
    pipeline_names_what_is_there(&tagged);
}

/// The default rules with ECS names fit into the module's budget, and it adds one member to a record as it does without.
#[test]
fn the_module_has_room_for_ecs() {
    let Some(base) = std::env::var_os("SCHTAG_BASE_WASM").filter(|path| !path.is_empty()) else {
        skipped("set SCHTAG_BASE_WASM to the base module, as `make test` does");
        return;
    };
    let baked =
        schtag_host::wasm::bake::bake(&std::fs::read(base).unwrap(), &ecs_pack(), DEFAULT_BUDGET).unwrap();
    let module = Module::new(&baked.wasm).unwrap();
    let mut instance = Instance::new(&module, &Options::default()).unwrap();
    let record = Sample::new(4698, "powershell.exe", "-w hidden").record(Shape::Flat);
    let at = Timestamp { seconds: filter::AT, nanoseconds: 0 };
    let out = instance.call(b"t", at, record.as_bytes()).unwrap().record;
    let [before, after]: [Value; 2] =
        [record.as_bytes(), &out].map(|text| serde_json::from_slice(text).unwrap());
    assert_eq!(after.as_object().unwrap().len(), before.as_object().unwrap().len() + 1);
    assert_eq!(after["schtag"]["threat"]["technique"]["id"][0], "T1053");
    assert_eq!(after["schtag"]["rule"]["version"], after["schtag"]["pack"]);
}

/// The default rules, compiled with the setting `ecs`.
fn ecs_pack() -> Pack {
    pack::with_settings("ecs: true").unwrap()
}

/// Every field that the Elasticsearch pipeline reads is in a tagged record.
fn pipeline_names_what_is_there(tagged: &Value) {
    let path = project::root().join("config_examples/elastic/ingest-pipeline.json");
    let text = std::fs::read_to_string(path).unwrap();
    let pipeline: Value = serde_json::from_str(&text).unwrap();
    let mut fields: Vec<String> = Vec::new();
    for processor in pipeline["processors"].as_array().unwrap() {
        let (kind, settings) = processor.as_object().unwrap().iter().next().unwrap();
        if kind == "rename" {
            fields.push(settings["field"].as_str().unwrap().to_owned());
            let target = settings["target_field"].as_str().unwrap();
            let guard = format!("ctx.{target} == null");
            assert!(settings["if"].as_str().unwrap().contains(&guard), "{target} could be overwritten");
        }
    }
    assert_eq!(fields, ["schtag.rule", "schtag.threat"]);
    // `ctx.schtag?.host?.name` in conditions and scripts, `{{{schtag.host.name}}}` in values.
    for (start, end) in [("ctx.schtag", [' ', ')']), ("{{{schtag", ['}', '}'])] {
        for (at, _) in text.match_indices(start) {
            let rest = text.get(at..).unwrap().split(end).next().unwrap();
            fields.push(rest.trim_start_matches(['{']).trim_start_matches("ctx.").replace("?.", "."));
        }
    }
    assert!(fields.len() >= 10, "{fields:?}");
    for field in fields {
        let pointer = format!("/{}", field.replace('.', "/"));
        assert!(tagged.pointer(&pointer).is_some(), "the pipeline reads {field}, which no tag has");
    }
}

#[test]
fn every_finding_is_what_ocsf_asks_for() {
    let module = filter::module().unwrap();
    let findings = Findings::new(module.manifest().unwrap().clone(), Catalogue::embedded());
    let mut instance = Instance::new(&module, &Options::default()).unwrap();
    let mut count = 0;
    for (name, record) in events::records().into_iter().filter(|(_, record)| record.len() < 100_000) {
        let at = Timestamp { seconds: filter::AT, nanoseconds: 0 };
        let tagged = instance.call(b"t", at, &record).unwrap().record;
        let Ok(out) = serde_json::from_slice::<Value>(&tagged) else { continue };
        let Some(tag) = out.get("schtag") else { continue };
        let Some(finding) = findings.finding(&record, tag, 1) else { continue };
        count += 1;
        assert_eq!(conformance(&finding), [""; 0], "{name}");
        assert_eq!(finding["unmapped"]["schtag"], *tag, "{name}");
    }
    assert!(count > 400, "only {count} findings");
}

#[test]
fn the_conformance_check_can_fail() {
    for (at, value, complaint) in [
        ("/severity_id", json!("high"), "wrong type"),
        ("/finding_info/uid", Value::Null, "empty"),
        ("/evidences/0/job/file", json!({"name": "x"}), "no `type_id`"),
        ("/device", json!({"type_id": 1, "role": "x"}), "has none of"),
        ("/finding_info/attacks/0", json!({}), "has none of"),
    ] {
        let mut finding = value_of_hand();
        *finding.pointer_mut(at).unwrap() = value;
        let problems = conformance(&finding);
        assert!(problems.iter().any(|problem| problem.contains(complaint)), "{at}: {problems:?}");
    }
}

fn value_of_hand() -> Value {
    let mut finding = value("ocsf.json");
    finding["unmapped"] = json!({});
    finding
}
