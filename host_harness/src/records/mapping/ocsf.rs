//! OCSF: a Detection Finding (class 2004) for a tagged record.
//!
//! Source: <https://schema.ocsf.io/1.4.0/classes/detection_finding>. docs/mappings.md says what goes where.
use super::{Facts, entries, text, texts};
use crate::rules::attack::{self, parent, technique_name};
use crate::rules::catalogue::Catalogue;
use crate::wasm::manifest::Manifest;
use serde_json::{Map, Value, json};

/// The version of the schema.
pub(crate) const VERSION: &str = "1.4.0";

/// Makes findings of the tags of a module.
#[derive(Debug)]
pub struct Findings {
    catalogue: Catalogue,
    manifest: Manifest,
}

impl Findings {
    /// For the tags of a module. The catalogue gives descriptions and tactics.
    pub const fn new(manifest: Manifest, catalogue: Catalogue) -> Self {
        Self { catalogue, manifest }
    }

    /// The finding of a record with this tag; `None` when the tag's verdict is no finding (`observed`, `repaired`, and
    /// `passed_on` without a rule).
    ///
    /// `raw` is the record as it came, and `arrived` when, in milliseconds since 1970: the finding's time where the
    /// event has none that can be read.
    pub fn finding(&self, raw: &[u8], tag: &Value, arrived: i64) -> Option<Value> {
        let verdict = text(tag, "/verdict")?;
        let status = match verdict {
            "alert" | "unreadable" => (1, "New"),
            "allowlisted" => (3, "Suppressed"),
            // Of what became of a record in an earlier filter there is no finding, as of `repaired`.
            "passed_on" if entries(tag, "/passed_on/rules").next().is_some() => (1, "New"),
            _ => return None,
        };
        let facts = Facts::of(raw);
        let (severity_id, severity) = severity(text(tag, "/severity").unwrap_or_default());
        let evidences = evidences(tag);
        Some(without_nulls(json!({
            "class_uid": 2004, "class_name": "Detection Finding",
            "category_uid": 2, "category_name": "Findings",
            "activity_id": 1, "activity_name": "Create",
            "type_uid": 200_401, "type_name": "Detection Finding: Create",
            "time": facts.milliseconds.unwrap_or(arrived),
            "severity_id": severity_id, "severity": severity,
            "status_id": status.0, "status": status.1, "status_detail": verdict,
            "is_alert": verdict == "alert",
            "message": text(tag, "/title"),
            "metadata": self.metadata(tag, &facts),
            "finding_info": self.info(tag, &facts),
            "device": device(tag),
            "actor": actor(tag, &facts),
            "resources": text(tag, "/host/name").map(|host| json!([{ "name": host, "hostname": host, "type": "Host" }])),
            "observables": observables(tag, &facts, &evidences),
            "evidences": evidences,
            "raw_data": String::from_utf8_lossy(raw),
            "unmapped": { &self.manifest.settings.key: tag },
        })))
    }

    fn metadata(&self, tag: &Value, facts: &Facts) -> Value {
        json!({
            "version": VERSION,
            "profiles": ["host"],
            "product": {
                "name": "schtag", "vendor_name": "schtag", "version": self.manifest.version,
                "feature": { "name": "rule pack", "uid": text(tag, "/pack") },
            },
            "event_code": facts.event_id.map(|id| id.to_string()),
            "log_name": facts.event_id.map(|_| facts.channel.as_deref().unwrap_or("Security")),
            "log_provider":
                facts.event_id.map(|_| facts.provider.as_deref().unwrap_or("Microsoft-Windows-Security-Auditing")),
            "original_time": facts.time,
            "uid": facts.record_id,
        })
    }

    fn info(&self, tag: &Value, facts: &Facts) -> Value {
        let mut analytics = entries(tag, "/rules").filter_map(|rule| self.analytic(rule));
        let analytic = analytics.next();
        let related: Vec<Value> = analytics.collect();
        json!({
            "uid": facts.uid,
            "title": text(tag, "/title").unwrap_or("Scheduled task"),
            "types": ["Scheduled task"],
            "data_sources": ["Windows Security log"],
            "desc": analytic.as_ref().and_then(|analytic| analytic.get("desc").cloned()),
            "analytic": analytic,
            "related_analytics": Some(related).filter(|related| !related.is_empty()),
            "attacks": Some(self.attacks(tag)).filter(|attacks| !attacks.is_empty()),
        })
    }

    fn analytic(&self, rule: &Value) -> Option<Value> {
        let id = text(rule, "/id")?;
        let known = self.catalogue.rule(id).map(|rule| &rule.metadata);
        Some(json!({
            "type_id": 1, "type": "Rule", "category": "Sigma", "uid": id, "name": text(rule, "/title"),
            "desc": known.map(|rule| rule.description.as_str()).filter(|text| !text.is_empty()),
        }))
    }

    /// The techniques, and the tactics beside them: a rule does not say which of them belong together.
    fn attacks(&self, tag: &Value) -> Vec<Value> {
        let named = |id: &str| {
            json!({
                "uid": id, "name": technique_name(id), "src_url": crate::rules::attack::technique_url(id),
            })
        };
        let mut attacks: Vec<Value> = texts(tag, "/techniques")
            .map(|id| match parent(id) {
                technique if technique == id => json!({ "technique": named(id) }),
                technique => json!({ "technique": named(technique), "sub_technique": named(id) }),
            })
            .collect();
        let rules = entries(tag, "/rules").filter_map(|rule| self.catalogue.rule(text(rule, "/id")?));
        let tags: Vec<String> = rules.flat_map(|rule| rule.metadata.tags.iter().cloned()).collect();
        for tactic in attack::tactics(&tags) {
            let address = format!("https://attack.mitre.org/tactics/{}/", tactic.id);
            attacks.push(json!({ "tactic": { "uid": tactic.id, "name": tactic.name, "src_url": address } }));
        }
        attacks
    }
}

/// <https://schema.ocsf.io/1.4.0/dictionary>, `severity_id`.
fn severity(name: &str) -> (u8, &'static str) {
    match name {
        "informational" => (1, "Informational"),
        "low" => (2, "Low"),
        "medium" => (3, "Medium"),
        "high" => (4, "High"),
        "critical" => (5, "Critical"),
        _ => (0, "Unknown"),
    }
}

fn device(tag: &Value) -> Option<Value> {
    let hostname = text(tag, "/host/name")?;
    let (id, kind) = match text(tag, "/host/role").unwrap_or_default() {
        "server" | "domain_controller" => (1, "Server"),
        "endpoint" => (99, "Endpoint"),
        _ => (0, "Unknown"),
    };
    Some(json!({ "hostname": hostname, "name": hostname, "type_id": id, "type": kind }))
}

fn actor(tag: &Value, facts: &Facts) -> Option<Value> {
    let sid = text(tag, "/actor/sid");
    let name = facts.user.as_deref().or_else(|| text(tag, "/actor/user"));
    if sid.is_none() && name.is_none() {
        return None;
    }
    let machine = name.is_some_and(|name| name.ends_with('$'));
    let (id, kind) = match sid {
        Some("S-1-5-18" | "S-1-5-19" | "S-1-5-20") => (3, "System"),
        _ if machine => (3, "System"),
        Some(sid) if sid.starts_with("S-1-5-21-") => (1, "User"),
        _ => (0, "Unknown"),
    };
    Some(json!({
        "user": { "name": name, "domain": facts.domain, "uid": sid, "type_id": id, "type": kind },
        "session": text(tag, "/actor/logon_id").map(|id| json!({ "uid": id })),
    }))
}

/// The task and what it runs, the texts that were decoded, and the words that decided.
fn evidences(tag: &Value) -> Vec<Value> {
    let mut evidences = Vec::new();
    if let Some(name) = text(tag, "/task/name") {
        // <https://learn.microsoft.com/windows/win32/taskschd/task-registration-info>: each task has a file there.
        let file = json!({
            "name": name.rsplit('\\').next().unwrap_or(name),
            "path": format!("%SystemRoot%\\System32\\Tasks{name}"),
            "type_id": 1, "type": "Regular File",
        });
        let user = text(tag, "/task/run_as").map(|account| match account.starts_with("S-1-") {
            true => json!({ "uid": account }),
            false => json!({ "name": account }),
        });
        let job = |command: Option<&str>| json!({ "job": { "name": name, "file": file, "cmd_line": command, "run_state_id": 0 }, "user": user });
        let commands: Vec<Value> = texts(tag, "/task/commands").map(|command| job(Some(command))).collect();
        if commands.is_empty() {
            evidences.push(job(None));
        }
        evidences.extend(commands);
    }
    let powershell = texts(tag, "/task/commands").any(|command| {
        let command = command.to_lowercase();
        command.contains("powershell") || command.contains("pwsh")
    });
    let (id, kind) = if powershell { (2, "PowerShell") } else { (0, "Unknown") };
    evidences.extend(texts(tag, "/task/decoded").map(|script| {
        json!({
            "script": { "script_content": { "value": script }, "type_id": id, "type": kind }
        })
    }));
    evidences.extend(entries(tag, "/evidence").map(|entry| json!({ "data": entry })));
    evidences
}

fn observables(tag: &Value, facts: &Facts, evidences: &[Value]) -> Option<Vec<Value>> {
    let mut found = Vec::new();
    let mut add = |name: &str, id: u8, kind: &str, value: Option<&str>| {
        if let Some(value) = value {
            found.push(json!({ "name": name, "type_id": id, "type": kind, "value": value }));
        }
    };
    add("device.hostname", 1, "Hostname", text(tag, "/host/name"));
    add("actor.user.name", 4, "User Name", facts.user.as_deref().or_else(|| text(tag, "/actor/user")));
    for (index, evidence) in evidences.iter().enumerate() {
        add(&format!("evidences[{index}].job.cmd_line"), 13, "Command Line", text(evidence, "/job/cmd_line"));
    }
    Some(found).filter(|found| !found.is_empty())
}

/// The value without members that are null, at any depth of ours. The tag's own values are no nulls.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_nulls(value))).collect::<Map<_, _>>())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
