//! The tag: one JSON object that says what was decided and why. Its schema is docs/tag.md.
use super::decide::{Case, Decision, Finding, Verdict};
use super::earlier::Handling;
use super::ecs::{EcsRuleObject, EcsThreat, ecs_objects};
use super::text::cut;
use crate::event::Note;
use crate::fields::{Field, Fields, Table};
use crate::rules::{Level, Settings};
use serde::Serialize;
use std::borrow::Cow;
use std::io;

/// Version of the tag's schema. Members are only ever added within a version.
pub(super) const SCHEMA: &str = "1";
/// So many rules are named however short the tag has to be.
const RULES: usize = 16;
/// Values of a field that are looked at for a list.
const LISTED: usize = 256;
/// The tag is shortened until it has at most this many bytes.
pub(super) const MAX_BYTES: usize = 16 * 1024;
/// The member in which the words of an earlier filter stand.
pub(super) const PASSED_ON: &str = "passed_on";
/// The note on a record that there was no memory to judge.
pub(super) const NOT_JUDGED: &str =
    "no memory to look at the record: it may be a task event that a rule describes";
/// The note that stands for a record.
pub(super) const LOST: &str = "no memory for a copy of the record";
/// The words that the note begins with which a host writes on a record that the filter failed on.
pub const FAILED: &str = "the filter failed on this record";

#[derive(Serialize)]
struct Tag<'a> {
    schema: &'static str,
    verdict: &'static str,
    severity: &'static str,
    title: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<RuleEntry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    techniques: Vec<&'a str>,
    action: &'static str,
    host: Host<'a>,
    actor: Actor<'a>,
    task: TaskEntry<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<EvidenceEntry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowlist: Vec<AllowEntry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passed_on: Option<PassedOn<'a>>,
    pack: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<EcsRuleObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threat: Option<EcsThreat<'a>>,
}

#[derive(Serialize)]
struct RuleEntry<'a> {
    id: &'a str,
    title: &'a str,
    level: &'static str,
}

impl<'a> RuleEntry<'a> {
    const fn of(finding: &Finding<'a>) -> Self {
        Self { id: finding.id, title: finding.title, level: finding.level.as_str() }
    }
}

#[derive(Serialize)]
struct Host<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    role: &'static str,
    role_from: &'static str,
}

#[derive(Serialize)]
struct Actor<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logon_id: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct TaskEntry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_as: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_level: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    triggers: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commands: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    decoded: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runs: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    address: Vec<Cow<'a, str>>,
}

#[derive(Serialize)]
struct EvidenceEntry<'a> {
    rule: &'a str,
    field: &'static str,
    #[serde(rename = "match")]
    matched: Cow<'a, str>,
}

#[derive(Serialize)]
struct AllowEntry<'a> {
    name: Cow<'a, str>,
    reason: Cow<'a, str>,
}

/// The statements of an earlier filter, in our own words.
#[derive(Serialize)]
struct PassedOn<'a> {
    verdict: &'static str,
    severity: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<RuleEntry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<&'a str>,
    verified: &'static str,
}

/// The tag of a record that no rule was asked about: what the host, the mending or a want of memory did to it.
#[derive(Serialize)]
struct SmallTag<'a> {
    schema: &'static str,
    verdict: &'static str,
    severity: &'static str,
    title: &'static str,
    notes: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    passed_on: Option<PassedOn<'a>>,
}

/// The limits to the parts of a tag.
#[derive(Clone, Copy)]
struct Limits {
    entries: usize,
    characters: usize,
}

/// Writes the tag of a decided case. `pack` is the pack's hash.
pub fn write_tag(out: &mut Vec<u8>, case: &Case<'_>, decision: &Decision<'_>, pack: &str) {
    // Each turn halves the limits; the last one gives about 2 KiB.
    for halvings in 0..=4_u32 {
        let limits = Limits { entries: 32 >> halvings.min(3), characters: 2048 >> halvings };
        out.clear();
        let tag = tag(case, decision, pack, limits, halvings > 0);
        // What is left after the last turn is written, however long it is: each value is bounded.
        let most = if halvings < 4 { MAX_BYTES } else { usize::MAX };
        // A struct of strings can always be written to memory.
        if serde_json::to_writer(Capped { out, most }, &tag).is_ok() {
            return;
        }
    }
}

/// A buffer that takes so many bytes and no more, so that of a tag that is too long no more is written than that.
struct Capped<'o> {
    out: &'o mut Vec<u8>,
    most: usize,
}

impl io::Write for Capped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.out.len().saturating_add(bytes.len()) > self.most {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Adds the tag of a record that no rule was asked about.
fn write_small(out: &mut Vec<u8>, verdict: Verdict, title: &'static str, note: &str) {
    let tag = SmallTag {
        schema: SCHEMA,
        verdict: verdict.as_str(),
        severity: "informational",
        title,
        notes: [note],
        passed_on: None,
    };
    // A struct of strings can always be written to memory.
    let _ = serde_json::to_writer(out, &tag);
}

/// Writes the tag of a record that was mended.
pub fn write_repaired(out: &mut Vec<u8>, what: &str) {
    let note = Note::Repaired(what.to_owned().into()).to_string();
    out.clear();
    write_small(out, Verdict::Repaired, "Record was not valid JSON and was mended", &note);
}

/// Writes the tag of a record that is no task event, and of which an earlier filter says what became of it.
pub fn write_passed_on(out: &mut Vec<u8>, handling: &Handling) {
    out.clear();
    let tag = SmallTag {
        schema: SCHEMA,
        verdict: Verdict::PassedOn.as_str(),
        severity: "informational",
        title: "Passed on, not verified: an earlier filter noted how it handled the record",
        notes: ["an earlier filter's words are passed on; this filter cannot verify them"],
        passed_on: passed_on(&[], Some(handling), 1),
    };
    // A struct of strings can always be written to memory.
    let _ = serde_json::to_writer(out, &tag);
}

fn passed_on<'a>(
    findings: &[Finding<'a>],
    handling: Option<&'a Handling>,
    entries: usize,
) -> Option<PassedOn<'a>> {
    let (verdict, severity) = match (findings.first(), handling) {
        (Some(finding), _) => (Verdict::Alert, finding.level),
        (None, Some(handling)) => (handling.verdict, Level::Informational),
        (None, None) => return None,
    };
    Some(PassedOn {
        verdict: verdict.as_str(),
        severity: severity.as_str(),
        rules: findings.iter().take(entries).map(RuleEntry::of).collect(),
        notes: handling.map(|handling| &*handling.note).into_iter().collect(),
        verified: "no",
    })
}

/// Writes the tag of a record that the filter failed on, as the host sees it.
pub fn write_failed(out: &mut Vec<u8>, why: &str) {
    out.clear();
    write_small(out, Verdict::Unreadable, "Record was not judged: the filter failed on it", why);
}

/// Writes the member of a record that there was no memory to judge: key, colon and tag.
pub fn write_not_judged(out: &mut Vec<u8>, settings: &Settings) {
    out.clear();
    crate::json::write_string(out, &settings.key);
    out.push(b':');
    write_small(out, Verdict::Unreadable, "Record not judged: no memory for it", NOT_JUDGED);
}

/// Writes the tag that stands for a block of rows that cannot be read.
pub fn write_misread_rows(out: &mut Vec<u8>) {
    let note = "the function's arguments must be (String, DateTime), its format RowBinary";
    out.clear();
    write_small(out, Verdict::Unreadable, "Rows not read: they are not what was declared", note);
}

/// Writes a whole record in place of one for which there was no memory, in the host's copy or in the mending.
pub fn write_lost_copy(out: &mut Vec<u8>, settings: &Settings) {
    out.clear();
    out.push(b'{');
    crate::json::write_string(out, &settings.key);
    out.push(b':');
    write_small(out, Verdict::Unreadable, "Record lost: no memory for it", LOST);
    out.push(b'}');
}

fn tag<'a>(
    case: &Case<'a>,
    decision: &'a Decision<'a>,
    pack: &'a str,
    limits: Limits,
    shortened: bool,
) -> Tag<'a> {
    let mut techniques: Vec<&str> = Vec::new();
    for technique in decision.reported.iter().flat_map(|finding| &finding.techniques) {
        if !techniques.contains(technique) && techniques.len() < limits.entries {
            techniques.push(technique);
        }
    }
    let rules = decision.reported.iter().take(limits.entries.max(RULES)).map(RuleEntry::of);
    let pack = pack.get(..12).unwrap_or(pack);
    let ecs = case.pack.ecs.as_ref();
    let ecs = ecs.and_then(|ecs| ecs_objects(ecs, &decision.reported, pack, limits.entries));
    let (rule, threat) = ecs.map(|objects| (objects.rule, objects.threat)).unzip();
    Tag {
        schema: SCHEMA,
        verdict: decision.verdict.as_str(),
        severity: decision.severity.as_str(),
        title: cut(&title(case, decision), limits.characters.min(256)).into_owned(),
        rules: rules.collect(),
        techniques,
        action: case.event.change.as_str(),
        host: Host {
            name: case.event.computer.as_deref().map(|name| cut(name, 256)),
            role: case.role.role.as_str(),
            role_from: case.role.from,
        },
        actor: actor(case),
        task: task(case, limits),
        evidence: evidence(decision, limits),
        allowlist: allowlist(decision, limits),
        notes: notes(case, decision, limits, shortened),
        passed_on: passed_on(&decision.passed_on, case.earlier.handling.as_ref(), limits.entries),
        pack,
        rule,
        threat,
    }
}

/// One line for a person.
fn title(case: &Case<'_>, decision: &Decision<'_>) -> String {
    let what = match (decision.verdict, decision.reported.first()) {
        (_, Some(finding)) => finding.title,
        (Verdict::Allowlisted, None) => "Allowlisted scheduled task",
        (Verdict::Unreadable, None) => "Scheduled task could not be fully read",
        (Verdict::PassedOn, None) => {
            decision.passed_on.first().map_or("Scheduled task", |finding| finding.title)
        }
        _ => "Scheduled task",
    };
    let name = case.event.task_name.as_deref().unwrap_or("(no name)");
    let by_whom = if decision.verdict == Verdict::PassedOn { "Passed on, not verified: " } else { "" };
    let mut line = format!("{by_whom}{what}: {name} {}", case.event.change.as_str());
    if let Some(user) = account(case) {
        line.push_str(" by ");
        line.push_str(&user);
    }
    line
}

fn account(case: &Case<'_>) -> Option<String> {
    let subject = &case.event.subject;
    let user = subject.user.as_deref()?;
    match subject.domain.as_deref() {
        Some(domain) if !domain.is_empty() => Some(format!("{domain}\\{user}")),
        _ => Some(user.to_owned()),
    }
}

fn actor<'a>(case: &Case<'a>) -> Actor<'a> {
    let event: &'a _ = case.event;
    let subject = &event.subject;
    Actor {
        user: account(case).map(|user| cut(&user, 256).into_owned().into()),
        sid: subject.sid.as_deref().map(|sid| cut(sid, 256)),
        logon_id: subject.logon_id.as_deref().map(|id| cut(id, 64)),
    }
}

fn task<'a>(case: &Case<'a>, limits: Limits) -> TaskEntry<'a> {
    let fields: &'a Table<'a> = case.fields;
    let first = |field, characters| fields.first(field).map(|value| cut(value, characters));
    let list = |field: Field| {
        let mut values: Vec<&'a str> = Vec::new();
        let actions: &'a [_] = case.actions;
        // More than are shown, since equal ones are shown once; what they are compared with is bounded.
        for value in actions.iter().flat_map(|action| action.values(field)).take(LISTED) {
            if values.len() >= limits.entries {
                break;
            }
            if !values.contains(&value.as_ref()) {
                values.push(value);
            }
        }
        values.into_iter().map(|value| cut(value, limits.characters)).collect::<Vec<Cow<'a, str>>>()
    };
    let mut commands = list(Field::TaskCommandLine);
    commands.extend(list(Field::TaskClassId).into_iter().map(|class| format!("ComHandler {class}").into()));
    commands.truncate(limits.entries);
    TaskEntry {
        name: case.event.task_name.as_deref().map(|name| cut(name, 512)),
        author: first(Field::TaskAuthor, 256),
        run_as: first(Field::TaskRunAs, 256),
        run_level: first(Field::TaskRunLevel, 64),
        hidden: case
            .fields
            .first(Field::TaskHidden)
            .map(|hidden| if hidden == "true" { "true" } else { "false" }),
        triggers: case
            .task
            .triggers
            .iter()
            .take(limits.entries)
            .map(|trigger| trigger.kind.as_str())
            .collect(),
        commands,
        decoded: list(Field::TaskDecoded),
        runs: list(Field::TaskRuns),
        address: list(Field::TaskAddress),
    }
}

fn evidence<'a>(decision: &'a Decision<'a>, limits: Limits) -> Vec<EvidenceEntry<'a>> {
    let mut entries: Vec<EvidenceEntry<'a>> = Vec::new();
    for finding in &decision.reported {
        for evidence in finding.evidence.iter() {
            // What happened is in `action`.
            if entries.len() < limits.entries && evidence.field != Field::EventId {
                entries.push(EvidenceEntry {
                    rule: finding.id,
                    field: evidence.field.name(),
                    matched: cut(&evidence.matched, limits.characters.min(256)),
                });
            }
        }
    }
    entries
}

fn allowlist<'a>(decision: &Decision<'a>, limits: Limits) -> Vec<AllowEntry<'a>> {
    let short = |text: &'a str| cut(text, limits.characters.min(256));
    let entries = decision.allowed.iter().take(limits.entries);
    entries.map(|allow| AllowEntry { name: short(&allow.name), reason: short(&allow.reason) }).collect()
}

fn notes(case: &Case<'_>, decision: &Decision<'_>, limits: Limits, shortened: bool) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let mut add = |note: String| {
        if notes.len() < 16 && !notes.contains(&note) {
            notes.push(note);
        }
    };
    for note in case.notes {
        add(cut(&note.to_string(), 256).into_owned());
    }
    if decision.reported.len() > limits.entries.max(RULES) {
        add(Note::TagCut("more rules matched").to_string());
    }
    if shortened {
        add(Note::TagCut("values and lists").to_string());
    }
    notes
}
