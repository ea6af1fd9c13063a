//! The tag: one JSON object that says what was decided and why. Its schema is docs/tag.md.
use super::decide::{Case, Decision};
use super::ecs::ecs_objects;
use super::elastic::write_elastic;
use super::finding::Finding;
use super::passed_on;
use super::text::cut;
use super::words::{MAX_BYTES, SCHEMA, Verdict};
use crate::event::Note;
use crate::fields::{Field, Fields};
use crate::json::Writer;
use std::fmt::Write as _;

/// So many rules are named however short the tag has to be.
const RULES: usize = 16;
/// Values of a field that are looked at for a list.
const LISTED: usize = 256;
/// The most notes of a tag.
const NOTES: usize = 16;

/// The limits to the parts of a tag.
#[derive(Clone, Copy)]
struct Limits {
    entries: usize,
    characters: usize,
}

/// Writes the tag of a decided case. `pack` is the pack's hash.
pub(crate) fn write_tag(out: &mut Vec<u8>, case: &Case<'_>, decision: &Decision<'_>, pack: &str) {
    // Each turn halves the limits; the last one gives about 2 KiB.
    for halvings in 0..=4_u32 {
        let limits = Limits { entries: 32 >> halvings.min(3), characters: 2048 >> halvings };
        out.clear();
        // What is left after the last turn is written, however long it is: each value is bounded.
        let most = if halvings < 4 { MAX_BYTES } else { usize::MAX };
        let mut json = Writer::new(out, most);
        write_members(&mut json, case, decision, pack, limits, halvings > 0);
        if json.fits() {
            return;
        }
    }
}

#[inline(never)]
fn write_members(
    json: &mut Writer<'_>,
    case: &Case<'_>,
    decision: &Decision<'_>,
    pack: &str,
    limits: Limits,
    shortened: bool,
) {
    let account = account(case);
    let pack = pack.get(..12).unwrap_or(pack);
    json.open('{');
    json.text("schema", SCHEMA);
    json.text("verdict", decision.verdict.as_str());
    json.text("severity", decision.severity.as_str());
    json.text("title", &cut(&title(case, decision, account.as_deref()), limits.characters.min(256)));
    passed_on::write_rules(json, shown(decision), limits.entries.max(RULES));
    json.list("techniques", techniques(decision, limits));
    json.text("action", case.event.change.as_str());
    json.key("host");
    json.open('{');
    json.some("name", case.event.computer.as_deref().map(|name| cut(name, 256)));
    json.text("role", case.role.role.as_str());
    json.text("role_from", case.role.from);
    json.close('}');
    write_actor(json, case, account.as_deref());
    write_task(json, case, decision, limits);
    write_evidence(json, decision, limits);
    write_allowlist(json, decision, limits);
    json.list("notes", notes(case, decision, limits, shortened));
    passed_on::write(json, &decision.passed_on, case.earlier.handling.as_ref(), limits.entries);
    json.text("pack", pack);
    let ecs = case.pack.ecs.as_ref();
    if let Some(objects) = ecs.and_then(|ecs| ecs_objects(ecs, &decision.reported, pack, limits.entries)) {
        json.key("rule");
        objects.rule.write(json);
        json.key("threat");
        objects.threat.write(json);
    }
    if case.pack.settings.elastic {
        json.key("winlog");
        json.open('{');
        json.key("scheduled_task");
        write_elastic(json, case.event.task_name.as_deref(), case.task, limits.entries, limits.characters);
        json.close('}');
    }
    json.close('}');
}

/// The findings that the tag is about: of what is allowlisted, those that are covered.
fn shown<'d, 'a>(decision: &'d Decision<'a>) -> &'d [Finding<'a>] {
    if decision.verdict == Verdict::Allowlisted { &decision.covered } else { &decision.reported }
}

fn techniques<'a>(decision: &'a Decision<'_>, limits: Limits) -> Vec<&'a str> {
    let mut techniques: Vec<&str> = Vec::new();
    for technique in shown(decision).iter().flat_map(|finding| &finding.techniques) {
        if !techniques.contains(technique) && techniques.len() < limits.entries {
            techniques.push(technique);
        }
    }
    techniques
}

/// One line for a person.
fn title(case: &Case<'_>, decision: &Decision<'_>, account: Option<&str>) -> String {
    let what = match (decision.verdict, decision.reported.first()) {
        (_, Some(finding)) => finding.title,
        (Verdict::Allowlisted, None) => "Allowlisted scheduled task",
        (Verdict::Unreadable, None) if case.notes.contains(&Note::NoRules) => {
            "Scheduled task not judged, for want of rules"
        }
        (Verdict::Unreadable, None) => "Scheduled task could not be fully read",
        (Verdict::PassedOn, None) => {
            decision.passed_on.first().map_or("Scheduled task", |finding| finding.title)
        }
        _ => "Scheduled task",
    };
    let name = case.event.task_name.as_deref().unwrap_or("(no name)");
    let by_whom = if decision.verdict == Verdict::PassedOn { "Passed on, not verified: " } else { "" };
    let change = case.event.change.as_str();
    match account {
        Some(account) => joined(&[by_whom, what, ": ", name, " ", change, " by ", account]),
        None => joined(&[by_whom, what, ": ", name, " ", change]),
    }
}

fn account(case: &Case<'_>) -> Option<String> {
    let subject = &case.event.subject;
    let user = subject.user.as_deref()?;
    match subject.domain.as_deref() {
        Some(domain) if !domain.is_empty() => Some(joined(&[domain, "\\", user])),
        _ => Some(user.to_owned()),
    }
}

/// Texts, one behind the other.
fn joined(texts: &[&str]) -> String {
    let mut whole = String::new();
    texts.iter().for_each(|text| whole.push_str(text));
    whole
}

fn write_actor(json: &mut Writer<'_>, case: &Case<'_>, account: Option<&str>) {
    let subject = &case.event.subject;
    json.key("actor");
    json.open('{');
    json.some("user", account.map(|user| cut(user, 256)));
    json.some("sid", subject.sid.as_deref().map(|sid| cut(sid, 256)));
    json.some("logon_id", subject.logon_id.as_deref().map(|id| cut(id, 64)));
    json.close('}');
}

fn write_task(json: &mut Writer<'_>, case: &Case<'_>, decision: &Decision<'_>, limits: Limits) {
    let first = |field, characters| case.fields.first(field).map(|value| cut(value, characters));
    json.key("task");
    json.open('{');
    json.some("name", case.event.task_name.as_deref().map(|name| cut(name, 512)));
    json.some("author", first(Field::TaskAuthor, 256));
    json.some("run_as", first(Field::TaskRunAs, 256));
    json.some("run_level", first(Field::TaskRunLevel, 64));
    let hidden = case.fields.first(Field::TaskHidden);
    json.some("hidden", hidden.map(|hidden| if hidden == "true" { "true" } else { "false" }));
    let triggers = case.task.triggers.iter().take(limits.entries);
    json.list("triggers", triggers.map(|trigger| trigger.kind.as_str()));
    let short = |value| cut(value, limits.characters);
    let lines = distinct(case, Field::TaskCommandLine, limits).into_iter().map(short);
    let classes = distinct(case, Field::TaskClassId, limits).into_iter();
    let handlers = classes.map(|class| joined(&["ComHandler ", &short(class)]).into());
    json.list("commands", lines.chain(handlers).take(limits.entries));
    // All or none: an entry with some of them would cover nothing.
    if decision.command_hashes.len() <= limits.entries {
        json.list("command_sha256", decision.command_hashes.iter().map(String::as_str));
    }
    for (key, field) in
        [("decoded", Field::TaskDecoded), ("runs", Field::TaskRuns), ("address", Field::TaskAddress)]
    {
        json.list(key, distinct(case, field, limits).into_iter().map(short));
    }
    json.close('}');
}

/// The first values of a field of all actions, each once.
fn distinct<'a>(case: &Case<'a>, field: Field, limits: Limits) -> Vec<&'a str> {
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
    values
}

fn write_evidence(json: &mut Writer<'_>, decision: &Decision<'_>, limits: Limits) {
    let mut left = limits.entries;
    for finding in shown(decision) {
        // What happened is in `action`.
        let evidence = finding.in_common.iter().chain(finding.evidence);
        for evidence in evidence.filter(|evidence| evidence.field != Field::EventId) {
            if left == 0 {
                break;
            }
            if left == limits.entries {
                json.key("evidence");
                json.open('[');
            }
            left = left.saturating_sub(1);
            json.open('{');
            json.text("rule", finding.id);
            json.text("field", evidence.field.name());
            json.text("match", &cut(evidence.matched, limits.characters.min(256)));
            json.close('}');
        }
    }
    if left < limits.entries {
        json.close(']');
    }
}

fn write_allowlist(json: &mut Writer<'_>, decision: &Decision<'_>, limits: Limits) {
    if decision.allowed.is_empty() {
        return;
    }
    json.key("allowlist");
    json.open('[');
    for allow in decision.allowed.iter().take(limits.entries) {
        json.open('{');
        json.text("name", &cut(&allow.name, limits.characters.min(256)));
        json.text("reason", &cut(&allow.reason, limits.characters.min(256)));
        json.close('}');
    }
    json.close(']');
}

fn notes(case: &Case<'_>, decision: &Decision<'_>, limits: Limits, shortened: bool) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let mut add = |note: String| {
        if notes.len() < NOTES && !notes.contains(&note) {
            notes.push(note);
        }
    };
    for note in case.notes {
        add(cut(&in_words(note), 256).into_owned());
    }
    if shown(decision).len() > limits.entries.max(RULES) {
        add(in_words(&Note::TagCut("more rules matched")));
    }
    if shortened {
        add(in_words(&Note::TagCut("values and lists")));
    }
    notes
}

fn in_words(note: &Note) -> String {
    let mut words = String::new();
    // Writing to a text cannot fail.
    let _ = write!(words, "{note}");
    words
}
