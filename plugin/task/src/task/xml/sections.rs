//! Puts the sections of a definition and their values into the task.

use super::{MAX_VALUE, REPEATED, TaskReader};
use crate::event::Note;
use crate::task::elements::{self, Section, Slot};
use crate::task::text;
use crate::task::tokens::Tag;
use crate::task::{Action, Principal, Repetition, Trigger, TriggerKind};

/// Actions that are kept. Windows allows 32.
const MAX_ACTIONS: usize = 64;
/// Triggers that are kept. Windows allows 48.
const MAX_TRIGGERS: usize = 64;
/// Principals that are kept. The schema allows one.
const MAX_PRINCIPALS: usize = 32;
/// Privileges of one principal, and attachments of one e-mail, that are kept.
const MAX_LIST: usize = 64;

impl<'a> TaskReader<'a> {
    /// Prepares the task for a section. `false` if it is one too many, and to be skipped.
    pub(super) fn enter(&mut self, section: Section, tag: Tag<'a>) -> bool {
        match section {
            Section::Trigger => return self.enter_trigger(tag),
            Section::Principal => return self.enter_principal(tag),
            Section::Action => return self.enter_action(tag.name),
            Section::Repetition => self.enter_repetition(),
            Section::Actions => {
                self.once(section);
                let context = self.attribute(tag, "Context");
                let known = &mut self.parsed.task.actions_context;
                *known = known.take().or(context);
            }
            Section::Registration | Section::Triggers | Section::Principals | Section::Settings => {
                self.once(section);
            }
            _ => {}
        }
        true
    }

    fn enter_trigger(&mut self, tag: Tag<'a>) -> bool {
        let Some(kind) = TriggerKind::from_element(tag.name) else { return false };
        if self.parsed.task.triggers.len() >= MAX_TRIGGERS {
            self.note(Note::TooMany { what: "triggers", kept: MAX_TRIGGERS });
            return false;
        }
        let id = self.attribute(tag, "id");
        self.parsed.task.triggers.push(Trigger { id, ..Trigger::new(kind) });
        true
    }

    fn enter_principal(&mut self, tag: Tag<'a>) -> bool {
        if self.parsed.task.principals.len() >= MAX_PRINCIPALS {
            self.note(Note::TooMany { what: "principals", kept: MAX_PRINCIPALS });
            return false;
        }
        let id = self.attribute(tag, "id");
        self.parsed.task.principals.push(Principal { id, ..Principal::default() });
        true
    }

    fn enter_action(&mut self, element: &str) -> bool {
        let Some(action) = elements::action(element) else { return false };
        if self.parsed.task.actions.len() >= MAX_ACTIONS {
            self.note(Note::TooMany { what: "actions", kept: MAX_ACTIONS });
            return false;
        }
        self.parsed.task.actions.push(action);
        true
    }

    fn enter_repetition(&mut self) {
        if let Some(trigger) = self.parsed.task.triggers.last_mut() {
            trigger.repetition.get_or_insert_with(Repetition::default);
        }
    }

    /// Begins a value. `false` if it would be of an action too many.
    pub(super) fn begin_value(&mut self, section: Section, name: &str) -> bool {
        let second_command = section == Section::Action
            && name == "Command"
            && matches!(self.parsed.task.actions.last(), Some(Action::Exec(exec)) if exec.command.is_some());
        if second_command {
            self.malformed(REPEATED);
            return self.enter_action("Exec");
        }
        true
    }

    /// Puts a value where it belongs.
    pub(super) fn store(&mut self, section: Section, name: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let mut wrong = None;
        match elements::slot(&mut self.parsed.task, section, name) {
            Some(Slot::Text(field @ None) | Slot::Joined(field @ None)) => *field = Some(value.to_owned()),
            Some(Slot::Joined(Some(field))) => {
                join(field, value);
                wrong = Some(REPEATED);
            }
            Some(Slot::Flag(field @ None)) => {
                *field = text::truth(value);
                wrong = (field.is_none() && !self.ended).then_some("neither true nor false");
            }
            Some(Slot::Text(Some(_)) | Slot::Flag(Some(_))) => wrong = Some(REPEATED),
            Some(Slot::List(list)) if list.len() < MAX_LIST => list.push(value.to_owned()),
            Some(Slot::List(_)) => {
                self.note(Note::TooMany { what: "privileges or attachments", kept: MAX_LIST });
            }
            None => {}
        }
        if let Some(why) = wrong {
            self.malformed(why);
        }
    }

    /// Notes a section of `Task` that was there before.
    fn once(&mut self, section: Section) {
        if self.seen.contains(&section) {
            self.malformed(REPEATED);
        } else {
            self.seen.push(section);
        }
    }
}

/// Adds a further value, as far as it fits.
fn join(field: &mut String, value: &str) {
    let Some(room) = MAX_VALUE.checked_sub(field.len().saturating_add(1)) else { return };
    field.push(' ');
    field.push_str(value.get(..value.floor_char_boundary(room)).unwrap_or_default());
}
