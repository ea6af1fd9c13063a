//! Every tag that any of the project's events gets is what docs/tag.schema.json says; and the schema says enough to
//! refuse what is broken.

use jsonschema::Validator;
use schtag::engine::{At, Engine, Outcome};
use schtag::rules::{Pack, Packed};
use schtag_host::run::wasmtime::{Instance, Options, Timestamp};
use schtag_tests::events::{odd, records};
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::{filter, pack, project};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most bytes of a tag, as docs/tag.md says.
const MAX_BYTES: usize = 16 << 10;

fn schema() -> Value {
    let text = std::fs::read_to_string(project::root().join("docs/tag.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

/// Returns what the schema has against a tag.
fn complaints(validator: &Validator, tag: &Value) -> Vec<String> {
    validator.iter_errors(tag).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The last member of the tag's name; nothing for a record that cannot be parsed because it is too deep.
fn tag_of(record: &[u8]) -> Option<Value> {
    let members: BTreeMap<String, Box<serde_json::value::RawValue>> = serde_json::from_slice(record).unwrap();
    members.get("schtag").map(|tag| serde_json::from_str(tag.get()).unwrap())
}

/// Checks tags, and counts them by verdict.
#[derive(Default)]
struct Tally {
    verdicts: BTreeMap<String, usize>,
    failures: Vec<String>,
}

impl Tally {
    fn check(&mut self, validator: &Validator, name: &str, record: &[u8]) {
        let Some(tag) = tag_of(record) else { return };
        *self.verdicts.entry(tag["verdict"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        let complaints = complaints(validator, &tag);
        let length = tag.to_string().len();
        if !complaints.is_empty() || length > MAX_BYTES {
            self.failures.push(format!("{name}: {length} bytes; {}", complaints.join("; ")));
        }
    }

    fn finish(self, least: &[(&str, usize)]) {
        let first: Vec<_> = self.failures.iter().take(10).collect();
        assert!(first.is_empty(), "{} tags are not what the schema says: {first:#?}", self.failures.len());
        for (verdict, count) in least {
            let found = self.verdicts.get(*verdict).copied().unwrap_or_default();
            assert!(found >= *count, "only {found} tags with the verdict {verdict}: {:?}", self.verdicts);
        }
    }
}

#[test]
fn the_schema_is_one_and_describes_every_member() {
    let schema = schema();
    assert!(jsonschema::meta::is_valid(&schema));
    let described = schema["properties"].as_object().unwrap();
    for (name, member) in described {
        assert!(member["description"].is_string(), "{name} has no description");
    }
    let page = std::fs::read_to_string(project::root().join("docs/tag.md")).unwrap();
    assert!(page.contains("(tag.schema.json)"), "docs/tag.md does not link to the schema");
    for name in described.keys() {
        assert!(page.contains(&format!("`{name}")), "docs/tag.md does not describe `{name}`");
    }
}

#[test]
fn every_tag_of_the_module_is_what_the_schema_says() {
    let validator = validator();
    let mut tally = Tally::default();
    let mut instance = Instance::new(&filter::module().unwrap(), &Options::default()).unwrap();
    for (name, record) in records() {
        let at = Timestamp { seconds: filter::AT, nanoseconds: 0 };
        tally.check(&validator, &name, &instance.call(b"t", at, &record).unwrap().record);
    }
    tally.finish(&[("alert", 400), ("unreadable", 10), ("repaired", 10)]);
}

fn engine(pack: Pack) -> Engine {
    Engine::new(Packed { format: Pack::FORMAT, hash: "b07e33d1f1cf0".into(), pack }).unwrap()
}

#[test]
fn so_is_every_tag_with_other_settings() {
    let validator = validator();
    let mut tally = Tally::default();
    let settings = "ecs: true\nelastic: true\nobserve: all\nallowlist: [{name: n, reason: r, command_line: '*cmd*', subject: alice}]";
    let mut engine = engine(pack::with_settings(settings).unwrap());
    let mut out = Vec::new();
    for (name, record) in records().into_iter().filter(|(_, record)| record.len() < 100_000) {
        if engine.process(&record, At { seconds: filter::AT, nanoseconds: 0 }, &mut out) == Outcome::Replaced
        {
            tally.check(&validator, &name, &out);
        }
    }
    tally.check(&validator, "no memory for the copy", engine.lost_copy().strip_suffix(b"\0").unwrap());
    let mut copy = br#"{"EventID":4698}"#.to_vec();
    let len = copy.len();
    copy.resize(len + engine.room_behind(), 0);
    let end = engine.mark(&mut copy, len).unwrap();
    tally.check(&validator, "no memory to judge", &copy[..end]);
    let mut unbaked = Engine::unbaked();
    for (name, record) in odd() {
        let outcome = unbaked.process(&record, At::default(), &mut out);
        assert_eq!(outcome, Outcome::Replaced);
        tally.check(&validator, &name, &out);
    }
    tally.finish(&[
        ("alert", 400),
        ("allowlisted", 1),
        ("observed", 100),
        ("unreadable", 10),
        ("repaired", 10),
    ]);
}

/// A tag with every member.
fn full() -> Value {
    let settings = "ecs: true\nelastic: true\nallowlist: [{name: n, reason: r, task_name: '\\Nightly', rules: [7d240724-4061-40fa-a336-6f2d672aa45c]}]";
    let sample =
        Sample::new(4698, "powershell.exe", "-w hidden -nop -enc SQBFAFgAIAAoACcAYQAnACsAJwBiACcAKQA=");
    let content =
        sample.content.replace("<Enabled>true</Enabled>", "<Enabled>true</Enabled><Hidden>true</Hidden>");
    let record = Sample { content, ..sample }.record(Shape::Winevtlog);
    let mut out = Vec::new();
    let outcome = engine(pack::with_settings(settings).unwrap()).process(
        record.as_bytes(),
        At { seconds: filter::AT, nanoseconds: 0 },
        &mut out,
    );
    assert_eq!(outcome, Outcome::Replaced);
    let mut tag = tag_of(&out).unwrap();
    tag["notes"] = json!(["a note"]);
    tag["passed_on"] = json!({"verdict": "alert", "severity": "medium", "rules": [tag["rules"][0]],
        "notes": ["a note"], "verified": "no"});
    tag
}

/// Every value within a value, by JSON pointer.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| pointers(value, &format!("{at}/{key}"), found));
        }
        Value::Array(values) => {
            values
                .iter()
                .enumerate()
                .for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

#[test]
fn a_broken_tag_is_refused() {
    let validator = validator();
    let good = full();
    assert_eq!(complaints(&validator, &good), [""; 0]);
    for name in schema()["properties"].as_object().unwrap().keys() {
        assert!(good.get(name).is_some(), "the tag to break has no `{name}`");
    }
    let mut survivors = Vec::new();
    let mut try_one = |what: String, broken: &Value| {
        if validator.is_valid(broken) {
            survivors.push(what);
        }
    };
    let mut all = Vec::new();
    pointers(&good, "", &mut all);
    for at in &all {
        let with = |value: Value| {
            let mut tag = good.clone();
            *tag.pointer_mut(at).unwrap() = value;
            tag
        };
        try_one(format!("{at}: a number"), &with(json!(7)));
        try_one(format!("{at}: null"), &with(Value::Null));
        match good.pointer(at).unwrap() {
            Value::Object(members) => {
                let mut more = members.clone();
                more.insert("unknown".into(), json!("x"));
                try_one(format!("{at}: one member more"), &with(Value::Object(more)));
            }
            Value::Array(values) => {
                try_one(format!("{at}: empty"), &with(json!([])));
                let more: Vec<_> = values.iter().cycle().take(33).cloned().collect();
                try_one(format!("{at}: 33 entries"), &with(json!(more)));
            }
            _ => try_one(format!("{at}: too long"), &with(json!("x".repeat(3_000)))),
        }
    }
    for (at, value) in [
        ("/schema", "2"),
        ("/verdict", "malicious"),
        ("/severity", "urgent"),
        ("/title", ""),
        ("/rules/0/level", "High"),
        ("/rules/0/id", ""),
        ("/rules/0/id", "two\nlines"),
        ("/techniques/0", "T1053.5"),
        ("/action", "4698"),
        ("/host/role", "workstation"),
        ("/task/hidden", "yes"),
        ("/task/triggers/0", "At log on"),
        ("/evidence/0/field", "a field"),
        ("/pack", "B07E33D1F1CF"),
        ("/rule/reference", "javascript:alert(1)"),
        ("/threat/technique/id/0", "T1053.005"),
        ("/threat/technique/subtechnique/id/0", "T1053"),
        ("/threat/tactic/id/0", "execution"),
        ("/passed_on/verdict", "passed_on"),
        ("/passed_on/severity", "urgent"),
        ("/passed_on/rules/0/level", "High"),
        ("/passed_on/verified", "yes"),
    ] {
        let mut tag = good.clone();
        *tag.pointer_mut(at).unwrap_or_else(|| panic!("the tag has no {at}: {good}")) = json!(value);
        try_one(format!("{at}: {value}"), &tag);
    }
    for name in [
        "schema", "verdict", "severity", "title", "rules", "action", "host", "actor", "task", "pack",
        "threat",
    ] {
        let mut tag = good.clone();
        tag.as_object_mut().unwrap().remove(name);
        try_one(format!("without {name}"), &tag);
    }
    for verdict in ["observed", "unreadable", "allowlisted", "repaired", "passed_on"] {
        let mut tag = good.clone();
        tag["verdict"] = json!(verdict);
        try_one(format!("rules in a tag with the verdict {verdict}"), &tag);
    }
    let mut tag = json!({"schema": "1", "verdict": "passed_on", "severity": "informational", "title": "t",
        "passed_on": good["passed_on"]});
    assert_eq!(complaints(&validator, &tag), [""; 0]);
    tag["severity"] = json!("high");
    try_one("a severity by another's words".into(), &tag);
    tag.as_object_mut().unwrap().remove("passed_on");
    tag["severity"] = json!("informational");
    try_one("passed on without a word".into(), &tag);
    assert!(survivors.is_empty(), "the schema accepts {survivors:#?}");
}
