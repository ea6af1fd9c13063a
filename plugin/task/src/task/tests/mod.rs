//! Tests the reading of task definitions of our own making: as Windows writes them, as shippers change them, and as an
//! attacker might write them.

mod hostile;
mod makers;
mod properties;

use super::{Action, Exec, Parsed};
use crate::event::Note;
use crate::work::Work;

/// Returns what is read of a definition, whatever it costs.
fn parse(xml: &str) -> Parsed {
    super::parse(xml, &Work::unlimited())
}

/// The first action, which is an `Exec`.
fn exec(parsed: &Parsed) -> &Exec {
    match parsed.task.actions.first() {
        Some(Action::Exec(exec)) => exec,
        other => panic!("not an Exec: {other:?}"),
    }
}

/// The commands of all actions.
fn commands<'a>(parsed: &'a Parsed) -> Vec<&'a str> {
    let command = |action: &'a Action| match action {
        Action::Exec(Exec { command, .. }) => command.as_deref(),
        _ => None,
    };
    parsed.task.actions.iter().filter_map(command).collect()
}

/// The reasons for which the text is malformed.
fn malformed<'a>(parsed: &'a Parsed) -> Vec<&'a str> {
    let reason = |note: &'a Note| match note {
        Note::ContentMalformed(why) => Some(why.as_ref()),
        _ => None,
    };
    parsed.notes.iter().filter_map(reason).collect()
}
