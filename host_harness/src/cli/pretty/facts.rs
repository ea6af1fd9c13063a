//! The event in a record, as its texts are shown.
use crate::cli::terminal::visible;
use schtag::event::TaskEvent;
use schtag::task::{self, Action};
use schtag::work::{self, Work};

/// The contents of a record before it is tagged, safe to print.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The event id and its meaning.
    pub(super) event: Option<String>,
    pub(super) name: Option<String>,
    pub(super) host: Option<String>,
    pub(super) user: Option<String>,
    pub(super) time: Option<String>,
    /// The task's actions as shipped.
    pub(super) actions: Vec<String>,
}

impl Facts {
    pub(super) fn of(event: &TaskEvent<'_>) -> Self {
        let user = event.subject.user.as_deref().map(|user| match event.subject.domain.as_deref() {
            Some(domain) if !domain.is_empty() => format!("{domain}\\{user}"),
            _ => user.to_owned(),
        });
        let actions: Vec<String> = match event.content.as_deref() {
            None => vec!["(the event has no task definition)".into()],
            Some(content) => task::parse(content, &Work::new(work::RECORD))
                .task
                .actions
                .iter()
                .map(|action| visible(&words(action)))
                .collect(),
        };
        let shown = |text: Option<&str>| text.map(visible);
        Self {
            event: Some(format!("{} {}", event.change.event_id(), event.change.as_str())),
            name: shown(event.task_name.as_deref()),
            host: shown(event.computer.as_deref()),
            user: shown(user.as_deref()),
            time: shown(event.time.as_deref()),
            actions: if actions.is_empty() { vec!["(the task has no action)".into()] } else { actions },
        }
    }
}

/// Describes an action in the task definition's own words.
fn words(action: &Action) -> String {
    let parts = match action {
        Action::Exec(exec) => [None, exec.command.as_deref(), exec.arguments.as_deref()],
        Action::ComHandler { class_id, data } => [Some("ComHandler"), class_id.as_deref(), data.as_deref()],
        Action::SendEmail { to, subject, .. } => [Some("SendEmail"), to.as_deref(), subject.as_deref()],
        Action::ShowMessage { title, body } => [Some("ShowMessage"), title.as_deref(), body.as_deref()],
    };
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
