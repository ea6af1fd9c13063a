//! The matched rules in the words of the Elastic Common Schema: objects that an ingest pipeline moves to where
//! ECS has them. docs/mappings.md describes them.
use super::finding::Finding;
use crate::json::Writer;
use crate::rules::Ecs;

/// `rule` and `threat`.
#[derive(Debug)]
pub struct EcsObjects<'a> {
    /// The most severe rule.
    pub rule: EcsRuleObject<'a>,
    /// The tactics and techniques of all rules.
    pub threat: EcsThreat<'a>,
}

/// <https://www.elastic.co/guide/en/ecs/current/ecs-rule.html>
#[derive(Debug)]
#[expect(missing_docs, reason = "the names are ECS's")]
pub struct EcsRuleObject<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub ruleset: &'static str,
    /// Sigma rules have no version of their own: the rule pack's.
    pub version: &'a str,
    pub reference: Option<&'a str>,
}

/// <https://www.elastic.co/guide/en/ecs/current/ecs-threat.html>
#[derive(Debug)]
#[expect(missing_docs, reason = "the names are ECS's")]
pub struct EcsThreat<'a> {
    pub framework: &'static str,
    pub tactic: EcsNames<'a>,
    pub technique: EcsTechnique<'a>,
}

/// Ids, and the name of each in the same place.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the names are ECS's")]
pub struct EcsNames<'a> {
    pub id: Vec<&'a str>,
    pub name: Vec<&'a str>,
}

/// Techniques (T1053) apart from their sub-techniques (T1053.005).
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the names are ECS's")]
pub struct EcsTechnique<'a> {
    pub names: EcsNames<'a>,
    pub subtechnique: EcsNames<'a>,
}

impl EcsRuleObject<'_> {
    /// Writes the object.
    pub fn write(&self, json: &mut Writer<'_>) {
        json.open('{');
        json.text("id", self.id);
        json.text("name", self.name);
        json.text("ruleset", self.ruleset);
        json.text("version", self.version);
        json.some("reference", self.reference);
        json.close('}');
    }
}

impl EcsThreat<'_> {
    /// Writes the object.
    pub fn write(&self, json: &mut Writer<'_>) {
        json.open('{');
        json.text("framework", self.framework);
        if !self.tactic.id.is_empty() {
            json.key("tactic");
            json.open('{');
            self.tactic.write_lists(json);
            json.close('}');
        }
        if !self.technique.names.id.is_empty() {
            json.key("technique");
            json.open('{');
            self.technique.names.write_lists(json);
            if !self.technique.subtechnique.id.is_empty() {
                json.key("subtechnique");
                json.open('{');
                self.technique.subtechnique.write_lists(json);
                json.close('}');
            }
            json.close('}');
        }
        json.close('}');
    }
}

impl<'a> EcsNames<'a> {
    fn write_lists(&self, json: &mut Writer<'_>) {
        json.list("id", &self.id);
        json.list("name", &self.name);
    }

    fn add(&mut self, id: &'a str, name: &'a str, limit: usize) {
        if self.id.len() < limit && !self.id.contains(&id) {
            self.id.push(id);
            self.name.push(name);
        }
    }
}

/// The objects for what is reported, most severe first; `None` when nothing is. `pack` is the pack's short hash,
/// and lists have at most `limit` entries.
pub fn ecs_objects<'a>(
    ecs: &'a Ecs,
    reported: &[Finding<'a>],
    pack: &'a str,
    limit: usize,
) -> Option<EcsObjects<'a>> {
    let first = reported.first()?;
    let mut tactic = EcsNames::default();
    let (mut technique, mut subtechnique) = (EcsNames::default(), EcsNames::default());
    for finding in reported {
        for known in ecs.tactics_of(finding.number) {
            tactic.add(&known.id, &known.name, limit);
        }
        for &id in &finding.techniques {
            let parent = id.split('.').next().unwrap_or(id);
            technique.add(parent, ecs.technique(parent), limit);
            if parent.len() < id.len() {
                subtechnique.add(id, ecs.technique(id), limit);
            }
        }
    }
    let technique = EcsTechnique { names: technique, subtechnique };
    let reference = ecs.reference(first.number);
    Some(EcsObjects {
        rule: EcsRuleObject { id: first.id, name: first.title, ruleset: "schtag", version: pack, reference },
        threat: EcsThreat { framework: "MITRE ATT&CK", tactic, technique },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{AttackName, EcsRule, Level};

    fn name(id: &str, name: &str) -> AttackName {
        AttackName { id: id.into(), name: name.into() }
    }

    fn ecs() -> Ecs {
        Ecs {
            tactics: vec![name("TA0002", "Execution"), name("TA0003", "Persistence")],
            techniques: vec![
                name("T1053", "Scheduled Task/Job"),
                name("T1053.005", "Scheduled Task"),
                name("T1112", "Modify Registry"),
            ],
            references: vec!["https://example.com/a".into()],
            rules: vec![
                EcsRule { reference: Some(0), tactics: 0b10 },
                EcsRule { reference: Some(9), tactics: 0b1000_0011 },
            ],
        }
    }

    fn written(objects: &EcsObjects<'_>) -> String {
        let mut out = Vec::new();
        let mut json = Writer::new(&mut out, usize::MAX);
        json.open('{');
        json.key("rule");
        objects.rule.write(&mut json);
        json.key("threat");
        objects.threat.write(&mut json);
        json.close('}');
        String::from_utf8(out).unwrap()
    }

    fn finding<'a>(id: &'a str, techniques: &'a [String]) -> Finding<'a> {
        let techniques = techniques.iter().map(String::as_str).collect();
        let number = ["a", "b"].iter().position(|known| *known == id).unwrap_or(usize::MAX);
        Finding {
            number,
            id,
            title: "Title",
            level: Level::High,
            techniques,
            in_common: Vec::new(),
            evidence: &[],
        }
    }

    #[test]
    fn techniques_stand_apart_from_their_sub_techniques() {
        let ecs = ecs();
        let techniques = ["T1053.005", "T1112", "T1053.002"].map(String::from);
        let reported = [finding("a", &techniques), finding("b", &techniques), finding("unknown", &[])];
        let objects = ecs_objects(&ecs, &reported, "b07e33d1f1cf", 32).unwrap();
        assert_eq!(
            written(&objects),
            r#"{"rule":{"id":"a","name":"Title","ruleset":"schtag","version":"b07e33d1f1cf","reference":"https://example.com/a"},"threat":{"framework":"MITRE ATT&CK","tactic":{"id":["TA0003","TA0002"],"name":["Persistence","Execution"]},"technique":{"id":["T1053","T1112"],"name":["Scheduled Task/Job","Modify Registry"],"subtechnique":{"id":["T1053.005","T1053.002"],"name":["Scheduled Task","T1053.002"]}}}}"#
        );
    }

    #[test]
    fn what_is_empty_is_left_out_and_lists_are_bounded() {
        let ecs = ecs();
        assert!(ecs_objects(&ecs, &[], "", 32).is_none());
        let bare = ecs_objects(&ecs, &[finding("unknown", &[])], "p", 32);
        assert_eq!(
            written(&bare.unwrap()),
            r#"{"rule":{"id":"unknown","name":"Title","ruleset":"schtag","version":"p"},"threat":{"framework":"MITRE ATT&CK"}}"#
        );
        let many: Vec<String> = (0..50).map(|n| format!("T{:04}.001", 1000 + n)).collect();
        let bounded = ecs_objects(&ecs, &[finding("a", &many)], "p", 4).unwrap();
        assert_eq!(bounded.threat.technique.names.id.len(), 4);
        assert_eq!(bounded.threat.technique.subtechnique.name.len(), 4);
    }
}
