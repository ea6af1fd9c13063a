//! Shows how a record was read.
use schtag::command::programs::Programs;
use schtag::command::{self, Layer, PowerShell, Process};
use schtag::engine::Reading;
use schtag::fields::{Field, Fields, Table};
use schtag::task::Action;
use schtag::work::{RECORD, Work};
use serde::Serialize;

/// A scheduled-task event, as rules see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct EventView {
    /// The change: `created`, `deleted`, `enabled`, `disabled` or `updated`.
    pub change: &'static str,
    /// The shape of record that it was read from, for example `winevtlog`.
    pub shape: &'static str,
    /// The event's own time, as shipped; no rule sees it.
    pub time: Option<String>,
    /// The fields of the Security event.
    pub fields: Vec<FieldView>,
    /// The fields of the parsed task.
    pub task: Vec<FieldView>,
    /// The actions of the task, in order.
    pub actions: Vec<ActionView>,
    /// The limits that the reading met.
    pub notes: Vec<String>,
}

/// A field and its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FieldView {
    /// Its name in rules.
    pub name: &'static str,
    /// Its values.
    pub values: Vec<String>,
}

/// An action of the task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ActionView {
    /// `exec`, `com_handler`, `send_email` or `show_message`.
    pub kind: &'static str,
    /// The action itself and what its wrappers start; empty for actions that start no program.
    pub processes: Vec<ProcessView>,
    /// The fields of an action that starts no program.
    pub fields: Vec<FieldView>,
}

/// A process that an action will become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ProcessView {
    /// The wrapper that starts it, by its index among the action's processes; `null` for the action itself.
    pub parent: Option<usize>,
    /// The program's path.
    pub image: String,
    /// The program's file name.
    pub image_name: String,
    /// The command line as written, variables expanded.
    pub command_line: String,
    /// The command line in normal form: `task.command_line`.
    pub normalized: String,
    /// The hash of that by which an allowlist entry names it: `command_sha256`.
    pub command_sha256: String,
    /// The arguments as the program would receive them.
    pub argv: Vec<String>,
    /// The working directory.
    pub working_directory: Option<String>,
    /// The command line as PowerShell would read it, when the program is one.
    pub powershell: Option<PowerShellView>,
    /// The texts found by decoding, outermost first.
    pub decoded: Vec<LayerView>,
    /// The command line or the file whose output it runs as commands: `task.runs_output_of`.
    pub runs_output_of: Option<String>,
    /// The signs that the command line was written to be unreadable: `task.obfuscation`.
    pub obfuscation: Vec<String>,
    /// Its uses of its arguments: `task.runs` and the fields after it.
    pub facts: Vec<FieldView>,
    /// The steps in which a cmd.exe reads its line.
    pub steps: Vec<LayerView>,
}

/// A PowerShell command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PowerShellView {
    /// Its parameters by their full names, with their values.
    pub parameters: Vec<String>,
    /// The script file.
    pub file: Option<String>,
    /// The script text.
    pub script: Option<String>,
    /// True if the script is read from standard input.
    pub from_stdin: bool,
}

/// A decoded text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LayerView {
    /// The decoding that gave the text.
    pub how: String,
    /// The text.
    pub text: String,
}

impl EventView {
    /// Everything of a reading by the entries of `programs`; `shared` and `actions` are its tables.
    pub(super) fn of(
        reading: &Reading<'_>,
        programs: &Programs,
        shared: &Table<'_>,
        actions: &[Table<'_>],
    ) -> Self {
        let is_task = |field: Field| field.name().starts_with("task.");
        let mut views: Vec<ActionView> = reading
            .task
            .actions
            .iter()
            .map(|action| ActionView { kind: action.kind(), processes: Vec::new(), fields: Vec::new() })
            .collect();
        for (row, table) in reading.rows().zip(actions) {
            let Some(view) = views.get_mut(row.action) else { continue };
            let processes = reading.processes.get(row.action).map(|processes| &processes.list);
            match row.process.and_then(|index| processes?.get(index)) {
                Some(process) => {
                    let mut process = ProcessView::from(process);
                    process.steps = steps(&reading.task.actions, programs, row.action, view.processes.len());
                    view.processes.push(process);
                }
                None => view.fields = fields(table, |_| true),
            }
        }
        Self {
            change: reading.event.change.as_str(),
            shape: reading.event.shape,
            time: reading.event.time.as_deref().map(str::to_owned),
            fields: fields(shared, |field| !is_task(field)),
            task: fields(shared, is_task),
            actions: views,
            notes: reading.notes.iter().map(ToString::to_string).collect(),
        }
    }
}

/// The steps of one process of an action. The engine does not keep them, so the action is read once more.
fn steps(actions: &[Action], programs: &Programs, action: usize, process: usize) -> Vec<LayerView> {
    let Some(Action::Exec(exec)) = actions.get(action) else { return Vec::new() };
    let processes = command::trace(exec, programs, &Work::new(RECORD));
    let steps = processes.list.into_iter().nth(process).map(|process| process.steps).unwrap_or_default();
    steps.into_iter().map(|step| LayerView { how: step.how.to_owned(), text: step.text }).collect()
}

/// The fields that have values.
fn fields(table: &Table<'_>, wanted: impl Fn(Field) -> bool) -> Vec<FieldView> {
    let there = Field::ALL.iter().filter(|field| wanted(**field) && !table.values(**field).is_empty());
    there.map(|field| FieldView { name: field.name(), values: values(table, *field) }).collect()
}

/// The values of a field.
pub(super) fn values(table: &Table<'_>, field: Field) -> Vec<String> {
    table.values(field).iter().map(|value| value.as_ref().to_owned()).collect()
}

/// The fields that the facts of a process fill.
fn facts(process: &Process) -> Vec<FieldView> {
    let mut views: Vec<FieldView> = Vec::new();
    for fact in &process.facts.list {
        let Some(field) = Field::FACTS.get(fact.kind as usize) else { continue };
        match views.iter_mut().find(|view| view.name == field.name()) {
            Some(view) => view.values.push(fact.value.clone()),
            None => views.push(FieldView { name: field.name(), values: vec![fact.value.clone()] }),
        }
    }
    views
}

impl From<&Process> for ProcessView {
    fn from(process: &Process) -> Self {
        Self {
            parent: process.parent,
            image: process.image.clone(),
            image_name: process.image_name.clone(),
            command_line: process.command_line.clone(),
            normalized: process.normalized.clone(),
            command_sha256: super::allow::command_sha256(&process.normalized),
            argv: process.argv.clone(),
            working_directory: process.working_directory.clone(),
            powershell: process.powershell.as_ref().map(PowerShellView::from),
            decoded: process.decoded.iter().map(LayerView::from).collect(),
            runs_output_of: process.runs_output_of.clone(),
            obfuscation: process.obfuscation.iter().map(|&word| word.to_owned()).collect(),
            facts: facts(process),
            steps: Vec::new(),
        }
    }
}

impl From<&PowerShell> for PowerShellView {
    fn from(powershell: &PowerShell) -> Self {
        Self {
            parameters: powershell.parameters.clone(),
            file: powershell.file.clone(),
            script: powershell.script.clone(),
            from_stdin: powershell.from_stdin,
        }
    }
}

impl From<&Layer> for LayerView {
    fn from(layer: &Layer) -> Self {
        Self { how: layer.how.clone(), text: layer.text.clone() }
    }
}
