//! Reads a record before any rule looks at it.
use crate::command::programs::Programs;
use crate::command::{self, Process, Processes};
use crate::event::{Note, TaskEvent};
use crate::fields::{ContentState, Table, com_handler_fields, event_fields, process_fields};
use crate::json::Object;
use crate::order;
use crate::shapes;
use crate::task::{self, Action, Exec, Task};
use crate::work::{self, Work};

/// Free memory that must be there before a task event is looked at, besides some times the record's size:
/// reading one allocates less, so that it cannot run out half-way.
const HEADROOM: usize = 2 * 1024 * 1024;
/// The share of the work that the record's shape may take, in units.
const SHAPE: usize = 7_500_000;
/// The share that the task's definition may take, and for each of its bytes: an action at its end is read, too.
const DEFINITION: usize = 1_500_000;
const DEFINITION_BYTE: usize = 40;
/// The share that reading the commands may take. A longer record has no more of it: the tag of an earlier filter in it
/// changes nothing.
const READ_COMMANDS: usize = 6_800_000;
/// The units that reading the commands leaves for the rules.
const RULES: usize = 1_000_000;
/// The same for each action but the first: a short one is judged in full beside costly ones.
const ACTION: usize = 250_000;
/// The most that the processes of all actions of a task take, in bytes, before the next action is not read.
const COMMANDS: usize = 512 * 1024;

/// The most processes of all actions that are judged.
const MAX_PROCESSES: usize = 128;
/// Units of work that the fields of a process cost.
const FIELDS: usize = 10_000;
/// Units for a byte of its arguments, and for one of arguments that are not ASCII.
const FIELDS_BYTE: usize = 35;
const FIELDS_WIDE_BYTE: usize = 250;
/// The most notes that are kept of a record.
const MAX_NOTES: usize = 32;

/// A scheduled-task event with all that follows from it.
#[derive(Debug)]
pub struct Reading<'a> {
    /// The event.
    pub event: TaskEvent<'a>,
    /// The task in it; empty where there is no content.
    pub task: Task,
    /// The processes of each action, in the order of the actions; none for actions that start no program, or that were
    /// not read, which is noted.
    pub processes: Vec<Processes>,
    /// The limits that the reading of the event, the task and the commands met.
    pub notes: Vec<Note>,
    /// The part of the task that was read.
    pub state: ContentState,
    /// The rest of the work that the record may cost.
    pub work: Work,
}

/// The action and the process of one table of [`Reading::actions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The index of the action in the task.
    pub action: usize,
    /// The index of the process among those of the action; `None` for an action that starts no program.
    pub process: Option<usize>,
}

/// Reads the scheduled-task event in a record; `None` when there is none. What its programs do with their arguments is
/// read by the entries of `programs`.
pub fn read<'a>(object: &Object<'a>, programs: &Programs) -> Option<Reading<'a>> {
    read_candidate(object, shapes::change(object)?, programs)
}

/// Reads the event in a record that has the id of one.
#[inline(never)]
pub(super) fn read_candidate<'a>(
    object: &Object<'a>,
    candidate: shapes::Candidate<'a>,
    programs: &Programs,
) -> Option<Reading<'a>> {
    let work = Work::new(work::of_record(object.text().len()));
    let share = work.lend(SHAPE);
    let event = shapes::read(object, candidate, &share)?;
    work.take_back(&share);
    Some(read_event(event, programs, work))
}

#[inline(never)]
fn read_event<'a>(event: TaskEvent<'a>, programs: &Programs, work: Work) -> Reading<'a> {
    let mut notes = event.notes.clone();
    let length = event.content.as_deref().map_or(0, str::len);
    let share = work.lend(Work::share(DEFINITION, DEFINITION_BYTE, length));
    let task = read_task(&event, &share, &mut notes);
    work.take_back(&share);
    let others = task.actions.len().saturating_sub(1);
    let rules = others.saturating_mul(ACTION).saturating_add(RULES);
    // However many actions there are, a third of it is for reading them.
    let most = work.left().saturating_sub(rules.min((work.left() / 3).saturating_mul(2)));
    let share = work.lend(most.min(READ_COMMANDS));
    let processes = read_commands(&task, programs, &share, &mut notes);
    work.take_back(&share);
    let rows = processes.iter().flat_map(|action| &action.list);
    // The reserve for the rules suffices for the fields of all that are kept.
    let fields = rows.map(|row| {
        let byte = if row.arguments.is_ascii() { FIELDS_BYTE } else { FIELDS_WIDE_BYTE };
        row.arguments.len().saturating_mul(byte).saturating_add(FIELDS)
    });
    let _ = work.spend(fields.fold(0, usize::saturating_add).min(work.left() / 2));
    dedup(&mut notes);
    let state = ContentState::of(&event, &notes);
    Reading { event, task, processes, notes, state, work }
}

/// Keeps the first of equal notes.
fn dedup(notes: &mut Vec<Note>) {
    let mut kept: Vec<Note> = Vec::new();
    for note in notes.drain(..) {
        if kept.len() < MAX_NOTES && !kept.contains(&note) {
            kept.push(note);
        }
    }
    *notes = kept;
}

/// Returns whether memory suffices to read the task event in a record, to judge it and to write its tag. What that
/// takes is then free in one piece, so that no allocation on the way fails.
pub(super) fn has_headroom(object: &Object<'_>) -> bool {
    let needed = object.text().len().saturating_mul(4).saturating_add(HEADROOM);
    Vec::<u8>::new().try_reserve_exact(needed).is_ok()
}

#[inline(never)]
fn read_task(event: &TaskEvent<'_>, work: &Work, notes: &mut Vec<Note>) -> Task {
    let Some(content) = event.content.as_deref() else { return Task::default() };
    let parsed = task::parse(content, work);
    notes.extend(parsed.notes);
    parsed.task
}

/// Reads the commands of all actions, the short ones first: each is granted an equal share of what is left, so that a
/// costly one does not take the others' verdict with it.
#[inline(never)]
fn read_commands(task: &Task, programs: &Programs, work: &Work, notes: &mut Vec<Note>) -> Vec<Processes> {
    let order = by_length(task);
    let mut processes = vec![Processes::default(); task.actions.len()];
    let (mut size, mut left) = (0_usize, order.len());
    for (_, index) in order {
        let (Some(Action::Exec(exec)), Some(place)) = (task.actions.get(index), processes.get_mut(index))
        else {
            left = left.saturating_sub(1);
            continue;
        };
        if size > COMMANDS {
            notes.push(Note::TooMany { what: "actions", kept: task.actions.len().saturating_sub(left) });
            break;
        }
        let share = work.lend(work.left().checked_div(left).unwrap_or(0));
        read_command(exec, programs, &share, place);
        work.take_back(&share);
        size = place.list.iter().map(Process::size).fold(size, usize::saturating_add);
        left = left.saturating_sub(1);
    }
    gather(&mut processes, notes);
    processes
}

/// Reads one action within its share of the work.
#[inline(never)]
fn read_command(exec: &Exec, programs: &Programs, share: &Work, place: &mut Processes) {
    *place = command::read(exec, programs, share);
    let is_noted = place.notes.iter().any(|note| matches!(note, Note::WorkSpent { .. }));
    if share.is_spent() && !is_noted {
        place.notes.push(Note::WorkSpent { unread: "commands" });
    }
}

/// Returns the actions' lengths and indices, the shortest first.
#[inline(never)]
fn by_length(task: &Task) -> Vec<(usize, usize)> {
    let mut order: Vec<(usize, usize)> = task.actions.iter().map(length).zip(0..).collect();
    order::sort_by_key(&mut order, |(length, _)| *length as u64);
    order
}

/// Collects the notes of all actions, and limits their processes.
#[inline(never)]
fn gather(processes: &mut [Processes], notes: &mut Vec<Note>) {
    notes.extend(processes.iter().flat_map(|p| p.notes.iter().cloned()));
    limit_started(processes, notes);
}

/// Keeps only as many processes as have fields that can all be judged: of each action its own, and as many of
/// those that it starts as of any other.
fn limit_started(processes: &mut [Processes], notes: &mut Vec<Note>) {
    let count = |each: usize| processes.iter().map(|action| action.list.len().min(each)).sum::<usize>();
    let most = processes.iter().map(|action| action.list.len()).max().unwrap_or(0);
    let Some(each) = (1..=most).rev().find(|each| count(*each) <= MAX_PROCESSES).or(Some(1)) else { return };
    if each >= most {
        return;
    }
    for action in processes {
        action.list.truncate(each);
    }
    notes.push(Note::TooMany { what: "started processes", kept: MAX_PROCESSES });
}

/// Returns how long an action is, in bytes.
fn length(action: &Action) -> usize {
    match action {
        Action::Exec(Exec { command, arguments, working_directory }) => {
            let texts = [command, arguments, working_directory].into_iter().flatten();
            texts.map(String::len).fold(0, usize::saturating_add)
        }
        _ => 0,
    }
}

impl Reading<'_> {
    /// The fields that all actions share.
    pub fn fields(&self) -> Table<'_> {
        self.fields_with(&self.notes)
    }

    /// The same with other notes on what limited the reading.
    pub(super) fn fields_with(&self, notes: &[Note]) -> Table<'_> {
        event_fields(&self.event, &self.task, self.state, notes)
    }

    /// The fields of each process that an action will become, and of each action that starts none.
    #[inline(never)]
    pub fn actions(&self) -> Vec<Table<'_>> {
        self.rows().map(|row| self.table(row)).collect()
    }

    /// Returns what each table of [`Self::actions`] is about, in the same order.
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

    /// The indices of the tables in the order in which rules look at them: the actions' own processes, the short ones
    /// first, since what they leave of their share is for the others; then what those start.
    pub(crate) fn order(&self) -> (Vec<usize>, usize) {
        let rows = || self.rows().zip(0..);
        let is_own = |row: &Row| row.process.is_none_or(|process| process == 0);
        let mut order: Vec<usize> = rows().filter(|(row, _)| is_own(row)).map(|(_, index)| index).collect();
        let sizes: Vec<usize> = self.rows().map(|row| self.size(row)).collect();
        order::sort_by_key(&mut order, |index| sizes.get(*index).copied().unwrap_or(0) as u64);
        let own = order.len();
        order.extend(rows().filter(|(row, _)| !is_own(row)).map(|(_, index)| index));
        (order, own)
    }

    /// About how long the texts of a table are, in bytes.
    fn size(&self, row: Row) -> usize {
        let process = |index| self.processes.get(row.action).and_then(|processes| processes.list.get(index));
        row.process.and_then(process).map_or(0, Process::size)
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
        let reading = read(&object, &Programs::default()).unwrap();
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
        assert!(
            read(&scanner.scan(br#"{"EventID":4624,"Channel":"Security"}"#).unwrap(), &Programs::default())
                .is_none()
        );
    }
}
