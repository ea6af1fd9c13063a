//! The parts that an event should have.

use crate::event::TaskEvent;

/// Returns whether an event has all that it should.
pub(super) fn is_whole(event: &TaskEvent<'_>) -> bool {
    missing(event) == 0
}

/// The number of parts that an event lacks.
pub(super) fn missing(event: &TaskEvent<'_>) -> u8 {
    let content = event.content.is_none() && event.change.has_content();
    let lacks = [event.task_name.is_none(), event.computer.is_none()];
    let others = lacks.iter().map(|lacks| u8::from(*lacks)).fold(0, u8::saturating_add);
    others.saturating_add(if content { 4 } else { 0 })
}
