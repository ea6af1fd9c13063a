//! The allowlist entry that would cover an event and little else, and why the entries that there are do not.
use crate::rules::settings;
use crate::text::digest::sha256_hex;
use schtag::engine::{At, Reading};
use schtag::fields::{ContentState, Field, Fields, Table};
use schtag::rules::Allow;
use schtag::verdict::class_id;
use schtag::work::Work;
use serde::Serialize;
use std::time::SystemTime;

/// The most entries of which it is said why they do not fit.
const ENTRIES: usize = 5;
/// The most characters of a command line beside its hash.
const BESIDE: usize = 80;

/// The entries that could cover an alert, and the reasons why those that stand do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AllowView {
    /// An entry for the settings, under `allowlist`; `null` when no entry can cover the event.
    pub entry: Option<String>,
    /// Why there is none.
    pub no_entry: Option<String>,
    /// The entries of which something fits, and what does not.
    pub misfits: Vec<Misfit>,
}

/// An entry that does not cover the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Misfit {
    /// The entry's name.
    pub name: String,
    /// The part that does not fit, in words.
    pub why: Vec<String>,
}

/// An event as the allowlist sees it.
pub(super) struct Subject<'a> {
    pub(super) reading: &'a Reading<'a>,
    pub(super) fields: &'a Table<'a>,
    pub(super) actions: &'a [Table<'a>],
    pub(super) at: At,
    /// The ids of the rules that are reported.
    pub(super) rules: &'a [String],
}

/// Lower-case hexadecimal SHA-256 of a command line in normal form: an entry's `command_sha256`.
pub(super) fn command_sha256(line: &str) -> String {
    sha256_hex(line.as_bytes())
}

impl Subject<'_> {
    /// Returns the advice that the allowlist `entries` give.
    pub(super) fn view(&self, entries: &[Allow]) -> AllowView {
        let (entry, no_entry) = match self.entry() {
            Ok(entry) => (Some(entry), None),
            Err(why) => (None, Some(why)),
        };
        let mut misfits: Vec<(usize, Misfit)> = Vec::new();
        for allow in entries {
            let (fitting, why) = self.compare(allow);
            if fitting > 0 && !why.is_empty() {
                misfits.push((fitting, Misfit { name: allow.name.clone(), why }));
            }
        }
        misfits.sort_by_key(|(fitting, _)| std::cmp::Reverse(*fitting));
        let misfits = misfits.into_iter().take(ENTRIES).map(|(_, misfit)| misfit).collect();
        AllowView { entry, no_entry, misfits }
    }

    /// Returns whether nothing of the task was left unread.
    fn complete(&self) -> bool {
        let whole = self.reading.state == ContentState::Complete || !self.reading.event.change.has_content();
        whole && self.fields.values(Field::TaskLimit).is_empty()
    }

    fn entry(&self) -> Result<String, String> {
        if !self.complete() {
            return Err(
                "the task's definition was not read whole, and no entry covers what nobody saw".into()
            );
        }
        if self.actions.is_empty() {
            return Err("the task has no action that was read, and an entry for its name alone would cover any other task of this name".into());
        }
        let lines = distinct(self.actions, Field::TaskCommandLine);
        let classes = distinct(self.actions, Field::TaskClassId);
        let all = |field| self.actions.iter().all(|action| action.first(field).is_some());
        let mut keys = Vec::new();
        if let Some(name) = self.fields.first(Field::TaskPath).and_then(quoted) {
            keys.push(format!("task_name: {name}"));
        }
        let subject = [Field::SubjectUserSid, Field::SubjectUserName]
            .into_iter()
            .find_map(|field| self.fields.first(field));
        if let Some(subject) = subject.and_then(quoted) {
            keys.push(format!("subject: {subject}"));
        }
        if all(Field::TaskCommandLine) {
            keys.push("command_sha256:".into());
            for line in lines {
                keys.push(format!("  - {} # {}", command_sha256(line), beside(line)));
            }
        } else if all(Field::TaskClassId) {
            keys.push("class_id:".into());
            for class in classes {
                keys.push(format!("  - {}", quoted(class).unwrap_or_default()));
            }
        } else {
            return Err(
                "the task has actions of several kinds, and every action must have what an entry names"
                    .into(),
            );
        }
        let name = self.fields.first(Field::TaskPath).unwrap_or("task").trim_start_matches('\\');
        let name = quoted(name).unwrap_or_else(|| "'task'".into());
        let mut entry = format!("- name: {name}\n  reason: 'say why, and who decided it'\n  rules:\n");
        for rule in self.rules {
            entry.push_str(&format!("    - {}\n", quoted(rule).unwrap_or_default()));
        }
        for key in keys {
            entry.push_str(&format!("  {key}\n"));
        }
        // What is printed is what the settings take, and what covers this event.
        let read = settings::parse(&format!("allowlist:\n{entry}"), SystemTime::now());
        match read.map(|configuration| configuration.settings.allowlist) {
            Ok(entries) if entries.iter().all(|allow| self.compare(allow).1.is_empty()) => Ok(entry),
            _ => Err("the names in this event hold characters that settings cannot".into()),
        }
    }

    /// The number of conditions of an entry that fit, and those that do not, in words.
    fn compare(&self, allow: &Allow) -> (usize, Vec<String>) {
        let work = Work::unlimited();
        let (mut fitting, mut why) = (0_usize, Vec::new());
        let mut note = |fits: bool, words: String| {
            if fits {
                fitting = fitting.saturating_add(1);
            } else {
                why.push(words);
            }
        };
        for (field, glob) in &allow.patterns {
            let tables = if field.per_action() { self.actions } else { std::slice::from_ref(self.fields) };
            let misfit = tables.iter().find_map(|table| match table.values(*field) {
                [] => Some("which is not there".to_owned()),
                values => values
                    .iter()
                    .find(|value| !glob.matches(value, &work))
                    .map(|value| format!("which is `{value}`")),
            });
            let of = if field.per_action() && tables.len() > 1 { " of every process" } else { "" };
            let words = misfit.unwrap_or_else(|| "of which there is none".into());
            note(
                tables.iter().all(|t| fits(t, *field, |v| glob.matches(v, &work))) && !tables.is_empty(),
                format!("its pattern for `{}`{of} does not fit `{}`, {words}", key(*field), field.name()),
            );
        }
        if !allow.command_hashes.is_empty() {
            let missing: Vec<&str> = distinct(self.actions, Field::TaskCommandLine)
                .into_iter()
                .filter(|line| !allow.command_hashes.contains(&command_sha256(line)))
                .collect();
            let all = self.actions.iter().all(|action| action.first(Field::TaskCommandLine).is_some());
            let words = missing.iter().map(|line| format!("{} of `{}`", command_sha256(line), beside(line)));
            note(
                missing.is_empty() && all && !self.actions.is_empty(),
                format!("`command_sha256` lacks {}", words.collect::<Vec<_>>().join(", ")),
            );
        }
        if !allow.class_ids.is_empty() {
            let known = |action: &Table<'_>| {
                let id = action.first(Field::TaskClassId).and_then(class_id);
                id.is_some_and(|id| allow.class_ids.contains(&id))
            };
            note(
                !self.actions.is_empty() && self.actions.iter().all(known),
                "an action is no COM handler with one of its `class_id`".into(),
            );
        }
        let others: Vec<&str> = self
            .rules
            .iter()
            .filter(|rule| !allow.rules.is_empty() && !allow.rules.contains(rule))
            .map(String::as_str)
            .collect();
        if !others.is_empty() {
            why.push(format!("`rules` does not name {}", others.join(", ")));
        }
        if allow.expires.is_some_and(|end| u64::from(self.at.seconds) >= end) {
            why.push("it has expired".into());
        }
        if !self.complete() {
            why.push("the task's definition was not read whole".into());
        }
        (fitting, why)
    }
}

fn fits(table: &Table<'_>, field: Field, test: impl Fn(&str) -> bool) -> bool {
    let values = table.values(field);
    !values.is_empty() && values.iter().all(|value| test(value))
}

/// The key of an entry that holds a pattern for a field.
const fn key(field: Field) -> &'static str {
    match field {
        Field::TaskPath => "task_name",
        Field::TaskAuthor => "author",
        Field::TaskImage => "image",
        Field::TaskCommandLine => "command_line",
        _ => "subject",
    }
}

/// The first value of a field of each action, each once.
fn distinct<'a>(actions: &'a [Table<'_>], field: Field) -> Vec<&'a str> {
    let mut values: Vec<&str> = Vec::new();
    for value in actions.iter().filter_map(|action| action.first(field)) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// The start of a command line, on one line.
fn beside(line: &str) -> String {
    let start: String = line.chars().take(BESIDE).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if start.len() < line.len() { format!("{start}…") } else { start }
}

/// A text in YAML's single quotes; `None` where they cannot hold it.
fn quoted(text: &str) -> Option<String> {
    let plain = !text.is_empty() && !text.chars().any(char::is_control);
    plain.then(|| format!("'{}'", text.replace('\'', "''")))
}
