//! From a record's members to its tag.
use super::At;
use crate::command::{self, Processes};
use crate::event::{Note, TaskEvent};
use crate::fields::{ContentState, Table, com_handler_fields, event_fields, process_fields};
use crate::history::{Completed, History};
use crate::json::Object;
use crate::rules::{Matched, Matcher, Pack, Scratch, Settings};
use crate::shapes;
use crate::task::{self, Action, Task};
use crate::verdict::{Case, decide, host_role, write_tag};

/// Free memory that must be there before a task event is looked at, besides some times the record's size:
/// reading one allocates less, so that it cannot run out half-way.
const HEADROOM: usize = 1024 * 1024;

/// The rules and what their evaluation needs.
#[derive(Debug)]
pub(super) struct Judge {
    matcher: Option<Matcher>,
    /// Stands in while there are no rules.
    no_rules: Pack,
    pack_hash: String,
    scratch: Scratch,
    history: History,
}

impl Judge {
    pub(super) fn new(matcher: Matcher, pack_hash: String) -> Self {
        // A pack without correlations needs no memory of the past.
        let history =
            if matcher.pack().correlations.is_empty() { History::default() } else { History::with_room() };
        Self { matcher: Some(matcher), pack_hash, history, ..Self::without_rules() }
    }

    pub(super) fn without_rules() -> Self {
        Self {
            matcher: None,
            no_rules: Pack::default(),
            pack_hash: String::new(),
            scratch: Scratch::default(),
            history: History::default(),
        }
    }

    fn pack(&self) -> &Pack {
        self.matcher.as_ref().map_or(&self.no_rules, Matcher::pack)
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.pack().settings
    }

    /// Whether there is something to say of a record; the tag is then in `tag`.
    pub(super) fn judge(&mut self, object: &Object<'_>, at: At, tag: &mut Vec<u8>) -> bool {
        match shapes::change(object) {
            None => false,
            Some(candidate) => self.judge_candidate(object, candidate, at, tag),
        }
    }

    #[inline(never)]
    fn judge_candidate(
        &mut self,
        object: &Object<'_>,
        candidate: shapes::Candidate,
        at: At,
        tag: &mut Vec<u8>,
    ) -> bool {
        if !has_headroom(object) {
            return false;
        }
        match shapes::read(object, candidate) {
            None => false,
            Some(event) => self.judge_event(object, &event, at, tag),
        }
    }

    #[inline(never)]
    fn judge_event(&mut self, object: &Object<'_>, event: &TaskEvent<'_>, at: At, tag: &mut Vec<u8>) -> bool {
        let mut notes = event.notes.clone();
        if self.matcher.is_none() {
            notes.push(Note::NoRules);
        }
        let task = read_task(event, &mut notes);
        let processes = read_commands(&task, &mut notes);
        let state = ContentState::of(event, &notes);
        let fields = event_fields(event, &task, state);
        let actions = action_tables(&task, &processes);
        let now = u64::from(at.seconds);
        let matched = self.matched(&fields, &actions);
        let completed = self.completed(&matched, &fields, &actions, now);
        let pack = self.pack();
        let case = Case {
            pack,
            event,
            task: &task,
            state,
            fields: &fields,
            actions: &actions,
            matched: &matched,
            completed: &completed,
            role: host_role(&pack.settings, object, event.computer.as_deref()),
            notes: &notes,
            now,
        };
        match decide(&case) {
            None => false,
            Some(decision) => {
                write_tag(tag, &case, &decision, &self.pack_hash);
                true
            }
        }
    }

    fn matched(&mut self, fields: &Table<'_>, actions: &[Table<'_>]) -> Vec<Matched> {
        match &self.matcher {
            Some(matcher) => matcher.evaluate(fields, actions, &mut self.scratch),
            None => Vec::new(),
        }
    }

    fn completed(
        &mut self,
        matched: &[Matched],
        fields: &Table<'_>,
        actions: &[Table<'_>],
        now: u64,
    ) -> Vec<Completed> {
        match &self.matcher {
            Some(matcher) => {
                self.history.observe(&matcher.pack().correlations, matched, fields, actions, now)
            }
            None => Vec::new(),
        }
    }
}

fn has_headroom(object: &Object<'_>) -> bool {
    let needed = object.text().len().saturating_mul(4).saturating_add(HEADROOM);
    Vec::<u8>::new().try_reserve_exact(needed).is_ok()
}

#[inline(never)]
fn read_task(event: &TaskEvent<'_>, notes: &mut Vec<Note>) -> Task {
    let Some(content) = event.content.as_deref() else { return Task::default() };
    let parsed = task::parse(content);
    notes.extend(parsed.notes);
    parsed.task
}

/// The processes of each action, in the order of the actions; none for actions that start no program.
#[inline(never)]
fn read_commands(task: &Task, notes: &mut Vec<Note>) -> Vec<Processes> {
    let read = task.actions.iter().map(|action| match action {
        Action::Exec(exec) => command::read(exec),
        _ => Processes::default(),
    });
    let processes: Vec<Processes> = read.collect();
    notes.extend(processes.iter().flat_map(|p| p.notes.iter().cloned()));
    processes
}

#[inline(never)]
fn action_tables<'a>(task: &'a Task, processes: &'a [Processes]) -> Vec<Table<'a>> {
    let principal = task.principal();
    let mut tables = Vec::new();
    for (action, processes) in task.actions.iter().zip(processes) {
        match action {
            Action::Exec(exec) => {
                for process in &processes.list {
                    let parent = process.parent.and_then(|index| processes.list.get(index));
                    tables.push(process_fields(exec, process, parent, principal));
                }
            }
            Action::ComHandler { class_id, data } => {
                tables.push(com_handler_fields(class_id.as_deref(), data.as_deref()));
            }
            Action::SendEmail { .. } | Action::ShowMessage { .. } => tables.push(Table::new()),
        }
    }
    tables
}
