//! The Elastic Common Schema: `rule` and `threat` at the top of the record.
use crate::rules::catalogue::Catalogue;
use crate::rules::sigma;
use crate::wasm::manifest::Manifest;
use schtag::json::{Object, Scanner, Writer, append_member, remove_members, unescape};
use schtag::rules::{Ecs, Level};
use schtag::verdict::{Finding, ecs_objects};
use serde_json::Value;
use std::collections::BTreeMap;

/// The most entries of a list of the objects, as in the tag.
const ENTRIES: usize = 32;

/// Lifts the ECS objects of tags out of them.
#[derive(Debug)]
pub struct Lifter {
    key: String,
    ecs: Ecs,
    /// The number of each rule in it, by the rule's id.
    numbers: BTreeMap<String, usize>,
    /// The techniques of each rule in the module, by the rule's id.
    techniques: BTreeMap<String, Vec<String>>,
    scanner: Scanner,
    inner: Scanner,
}

impl Lifter {
    /// For the tags of a module. The catalogue gives tactics and references where the module was not baked with ECS
    /// names.
    pub fn new(manifest: &Manifest, catalogue: &Catalogue) -> Self {
        let rules = manifest.rules.iter().chain(&manifest.correlations);
        Self {
            key: manifest.settings.key.clone(),
            ecs: sigma::ecs(catalogue.rules().map(|rule| &rule.metadata)),
            numbers: catalogue.rules().map(|rule| rule.metadata.id.clone()).zip(0..).collect(),
            techniques: rules.map(|rule| (rule.id.clone(), rule.techniques.clone())).collect(),
            scanner: Scanner::default(),
            inner: Scanner::default(),
        }
    }

    /// The record with the members `rule` and `threat` before its tag, every other byte as it was. Where the record has
    /// such a member of its own, it stays, and the object stays in the tag, which has a note that says so. `None` when
    /// there is nothing to lift, since no rule is reported.
    pub fn lift(&mut self, record: &[u8], tag: &Value) -> Option<Vec<u8>> {
        let Self { key, ecs, numbers, techniques, scanner, inner } = self;
        let object = scanner.scan(record).ok()?;
        let inner = inner.scan(object.get(key)?.bytes()).ok()?;
        let objects = match (inner.get("rule"), inner.get("threat")) {
            (Some(rule), Some(threat)) => [rule.bytes().to_vec(), threat.bytes().to_vec()],
            _ => objects(ecs, numbers, techniques, tag)?,
        };

        let mut rest = Vec::new();
        remove_members(&mut rest, &object, key).ok()?;
        let mut left_in_tag = without(inner.text(), &["rule", "threat", "notes"]);
        let mut notes: Vec<String> = super::texts(tag, "/notes").map(str::to_owned).collect();
        for (name, value) in ["rule", "threat"].into_iter().zip(objects) {
            if is_free(&object, name) {
                rest = with(&rest, name, &value)?;
            } else {
                left_in_tag = with(&left_in_tag, name, &value)?;
                notes.push(format!("the record has a member `{name}` of its own; ECS's is in the tag"));
            }
        }
        if !notes.is_empty() {
            left_in_tag = with(&left_in_tag, "notes", &serde_json::to_vec(&notes).ok()?)?;
        }
        with(&rest, key, &left_in_tag)
    }
}

/// The objects for the rules that a tag names.
fn objects(
    ecs: &Ecs,
    numbers: &BTreeMap<String, usize>,
    techniques: &BTreeMap<String, Vec<String>>,
    tag: &Value,
) -> Option<[Vec<u8>; 2]> {
    // What is allowlisted is no threat, though its tag names the rules.
    let is_reported = super::text(tag, "/verdict") != Some("allowlisted");
    let reported: Vec<Finding<'_>> = super::entries(tag, "/rules")
        .filter(|_| is_reported)
        .filter_map(|rule| {
            let id = super::text(rule, "/id")?;
            Some(Finding {
                number: numbers.get(id).copied().unwrap_or(usize::MAX),
                id,
                title: super::text(rule, "/title").unwrap_or_default(),
                level: Level::default(),
                // Of the rule's techniques, those that the tag says were shown.
                techniques: techniques
                    .get(id)
                    .into_iter()
                    .flatten()
                    .map(String::as_str)
                    .filter(|technique| super::texts(tag, "/techniques").any(|shown| shown == *technique))
                    .collect(),
                in_common: Vec::new(),
                evidence: &[],
            })
        })
        .collect();
    let objects = ecs_objects(ecs, &reported, super::text(tag, "/pack").unwrap_or_default(), ENTRIES)?;
    let (mut rule, mut threat) = (Vec::new(), Vec::new());
    objects.rule.write(&mut Writer::new(&mut rule, usize::MAX));
    objects.threat.write(&mut Writer::new(&mut threat, usize::MAX));
    Some([rule, threat])
}

/// Returns whether a record has neither a member of that name nor one that begins with it and a dot, which
/// Elasticsearch takes for the same.
fn is_free(object: &Object<'_>, name: &str) -> bool {
    object.iter().all(|(key, _)| {
        let key = unescape(key);
        key.strip_prefix(name).is_none_or(|rest| !rest.is_empty() && !rest.starts_with('.'))
    })
}

fn with(object: &[u8], key: &str, value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    append_member(&mut out, object, key, value).ok()?;
    Some(out)
}

fn without(object: &[u8], keys: &[&str]) -> Vec<u8> {
    let mut text = object.to_vec();
    for key in keys {
        let mut scanner = Scanner::default();
        let mut out = Vec::new();
        let removed =
            scanner.scan(&text).is_ok_and(|object| remove_members(&mut out, &object, key) == Ok(true));
        if removed {
            text = out;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use schtag::rules::Pack;

    const ENCODED: &str = "f6f75093-f4e7-4d7c-9361-9b49c0f78998";
    const TAG: &str = r#"{"schema":"1","verdict":"alert","rules":[{"id":"f6f75093-f4e7-4d7c-9361-9b49c0f78998","title":"T","level":"high"}],"techniques":["T1053.005"],"notes":["n"],"pack":"b07e33d1f1cf"}"#;

    fn lifter() -> Lifter {
        let mut manifest = Manifest::new(&Pack::default(), String::new(), String::new());
        manifest.rules.push(crate::wasm::manifest::RuleSummary {
            id: ENCODED.into(),
            title: "T".into(),
            level: Level::High,
            techniques: vec!["T1053.005".into()],
        });
        Lifter::new(&manifest, &Catalogue::embedded())
    }

    fn lift(record: &str, tag: &str) -> Option<String> {
        let record = format!(r#"{{{record}"schtag":{tag}}}"#);
        let lifted = lifter().lift(record.as_bytes(), &serde_json::from_str(tag).unwrap())?;
        Some(String::from_utf8(lifted).unwrap())
    }

    const RULE: &str = r#""rule":{"id":"f6f75093-f4e7-4d7c-9361-9b49c0f78998","name":"T","ruleset":"schtag","version":"b07e33d1f1cf","reference":"https://attack.mitre.org/techniques/T1027/010/"}"#;
    const THREAT: &str = r#""threat":{"framework":"MITRE ATT&CK","tactic":{"id":["TA0002","TA0003","TA0005"],"name":["Execution","Persistence","Defense Evasion"]},"technique":{"id":["T1053"],"name":["Scheduled Task/Job"],"subtechnique":{"id":["T1053.005"],"name":["Scheduled Task"]}}}"#;

    #[test]
    fn the_objects_go_to_the_top_and_no_other_byte_changes() {
        let tag = r#"{"schema":"1","verdict":"alert","rules":[{"id":"f6f75093-f4e7-4d7c-9361-9b49c0f78998","title":"T","level":"high"}],"techniques":["T1053.005"],"pack":"b07e33d1f1cf","notes":["n"]}"#;
        assert_eq!(
            lift(r#" "n": 12345678901234567890.0, "ruleset":1,"#, TAG).unwrap(),
            format!(r#"{{ "n": 12345678901234567890.0, "ruleset":1,{RULE},{THREAT},"schtag":{tag}}}"#)
        );
    }

    #[test]
    fn a_member_of_the_producers_stays_and_the_tag_says_so() {
        for own in [r#""rule":"theirs","#, r#""rule.id":1,"#, r#""\u0072ule":null,"#] {
            let lifted = lift(own, TAG).unwrap();
            assert!(lifted.starts_with(&format!(r#"{{{own}{THREAT},"schtag":"#)), "{lifted}");
            assert!(
                lifted.contains(&format!(r#""pack":"b07e33d1f1cf",{RULE},"notes":["n","the record has"#)),
                "{lifted}"
            );
        }
    }

    #[test]
    fn what_the_guest_wrote_is_moved_as_it_is() {
        let tag = r#"{"rules":[{"id":"x"}],"rule":{"id":"x"},"threat":{"framework":"F"}}"#;
        assert_eq!(
            lift("", tag).unwrap(),
            r#"{"rule":{"id":"x"},"threat":{"framework":"F"},"schtag":{"rules":[{"id":"x"}]}}"#
        );
    }

    #[test]
    fn without_a_rule_there_is_nothing_to_lift() {
        assert_eq!(lift("", r#"{"verdict":"unreadable","notes":["n"]}"#), None);
        assert_eq!(lifter().lift(b"{}", &Value::Null), None);
        assert_eq!(lifter().lift(br#"{"schtag":"x"}"#, &Value::Null), None);
    }
}
