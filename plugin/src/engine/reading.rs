//! What is read of a record before any rule looks at it.
use crate::command::{self, Process, Processes};
use crate::event::{Note, TaskEvent};
use crate::fields::{ContentState, Table, com_handler_fields, event_fields, process_fields};
use crate::json::Object;
use crate::shapes;
use crate::task::{self, Action, Task};
use crate::work::{self, Work};

/// Free memory that must be there before a task event is looked at, besides some times the record's size:
/// reading one allocates less, so that it cannot run out half-way.
const HEADROOM: usize = 2 * 1024 * 1024;
/// The most that the processes of all actions of a task take, in bytes, before the next action is not read.
const COMMANDS: usize = 512 * 1024;

/// A scheduled-task event with all that follows from it.
#[derive(Debug)]
pub struct Reading<'a> {
    /// The event.
    pub event: TaskEvent<'a>,
    /// The task in it; empty where there is no content.
    pub task: Task,
    /// The processes of each action, in the order of the actions; none for actions that start no program. Shorter
    /// where the commands of the first actions are very large, which is noted.
    pub processes: Vec<Processes>,
    /// What limited the reading: of the event, the task and the commands.
    pub notes: Vec<Note>,
    /// How much of the task was read.
    pub state: ContentState,
}

/// What one table of [`Reading::actions`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The index of the action in the task.
    pub action: usize,
    /// The index of the process among those of the action; `None` for an action that starts no program.
    pub process: Option<usize>,
}

/// Reads the scheduled-task event in a record; `None` when there is none.
pub fn read<'a>(object: &Object<'a>) -> Option<Reading<'a>> {
    read_candidate(object, shapes::change(object)?)
}

/// Reads the event in a record that has the id of one.
#[inline(never)]
pub(super) fn read_candidate<'a>(
    object: &Object<'a>,
    candidate: shapes::Candidate<'a>,
) -> Option<Reading<'a>> {
    Some(read_event(shapes::read(object, candidate)?))
}

#[inline(never)]
fn read_event(event: TaskEvent<'_>) -> Reading<'_> {
    let mut notes = event.notes.clone();
    let task = read_task(&event, &mut notes);
    let processes = read_commands(&task, &Work::new(work::RECORD), &mut notes);
    let state = ContentState::of(&event, &notes);
    Reading { event, task, processes, notes, state }
}

/// Whether memory suffices to read the task event in a record, to judge it and to write its tag. What that takes
/// is then free in one piece, so that no allocation on the way fails.
pub(super) fn has_headroom(object: &Object<'_>) -> bool {
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

#[inline(never)]
fn read_commands(task: &Task, work: &Work, notes: &mut Vec<Note>) -> Vec<Processes> {
    let mut processes: Vec<Processes> = Vec::with_capacity(task.actions.len());
    let mut size = 0_usize;
    for action in &task.actions {
        if size > COMMANDS {
            notes.push(Note::TooMany { what: "actions", kept: processes.len() });
            break;
        }
        let read = match action {
            Action::Exec(exec) => command::read(exec, work),
            _ => Processes::default(),
        };
        size = read.list.iter().map(Process::size).fold(size, usize::saturating_add);
        processes.push(read);
    }
    notes.extend(processes.iter().flat_map(|p| p.notes.iter().cloned()));
    processes
}

impl Reading<'_> {
    /// The fields that all actions share.
    pub fn fields(&self) -> Table<'_> {
        event_fields(&self.event, &self.task, self.state)
    }

    /// The fields of each process that an action will become, and of each action that starts none.
    #[inline(never)]
    pub fn actions(&self) -> Vec<Table<'_>> {
        self.rows().map(|row| self.table(row)).collect()
    }

    /// What each table of [`Self::actions`] is about, in the same order.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        let actions = self.task.actions.iter().zip(&self.processes).enumerate();
        actions.flat_map(|(action, (kind, processes))| {
            let (count, is_exec) = match kind {
                Action::Exec(_) => (processes.list.len(), true),
                _ => (1, false),
            };
            (0..count).map(move |index| Row { action, process: is_exec.then_some(index) })
        })
    }

    fn table(&self, row: Row) -> Table<'_> {
        match self.task.actions.get(row.action) {
            Some(Action::Exec(exec)) => {
                let list = self.processes.get(row.action).map_or(&[] as &[_], |processes| &processes.list);
                let Some(process) = row.process.and_then(|index| list.get(index)) else {
                    return Table::new();
                };
                let parent = process.parent.and_then(|index| list.get(index));
                process_fields(exec, process, parent, self.task.principal())
            }
            Some(Action::ComHandler { class_id, data }) => {
                com_handler_fields(class_id.as_deref(), data.as_deref())
            }
            Some(Action::SendEmail { .. } | Action::ShowMessage { .. }) | None => Table::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Field;
    use crate::json::Scanner;

    const RECORD: &str = r#"{"EventID":4698,"Channel":"Security","TaskName":"\\T","TaskContent":"<Task><Actions><Exec><Command>cmd.exe</Command><Arguments>/c powershell -nop x.ps1</Arguments></Exec><ComHandler><ClassId>{A}</ClassId></ComHandler><Exec/></Actions></Task>"}"#;

    #[test]
    fn every_table_says_what_it_is_about() {
        let mut scanner = Scanner::default();
        let object = scanner.scan(RECORD.as_bytes()).unwrap();
        let reading = read(&object).unwrap();
        let row = |action, process| Row { action, process };
        let rows: Vec<Row> = reading.rows().collect();
        assert_eq!(rows, [row(0, Some(0)), row(0, Some(1)), row(1, None)], "an empty Exec becomes nothing");
        let tables = reading.actions();
        assert_eq!(tables.len(), rows.len());
        assert_eq!(tables[1].first(Field::TaskImageName), Some("powershell.exe"));
        assert_eq!(tables[2].first(Field::TaskClassId), Some("{A}"));
    }

    #[test]
    fn other_records_are_not_read() {
        let mut scanner = Scanner::default();
        assert!(read(&scanner.scan(br#"{"EventID":4624,"Channel":"Security"}"#).unwrap()).is_none());
    }
}
