//! Which element of the schema belongs to which field of [`Task`].
//!
//! Names are compared exactly, as XML does and the Task Scheduler with it: it refuses `<command>`.

use super::{Action, Exec, Principal, Registration, Repetition, Settings, Task, Trigger, TriggerKind};

/// An element that holds other elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// `Task`
    Task,
    /// `RegistrationInfo`
    Registration,
    /// `Triggers`
    Triggers,
    /// Any trigger
    Trigger,
    /// `Repetition`
    Repetition,
    /// `Principals`
    Principals,
    /// `Principal`
    Principal,
    /// `RequiredPrivileges`
    Privileges,
    /// `Settings`
    Settings,
    /// `RestartOnFailure`
    RestartOnFailure,
    /// `Actions`
    Actions,
    /// Any action
    Action,
    /// `Attachments`
    Attachments,
}

impl Section {
    /// The section that an element of this section is.
    pub(super) fn child(self, name: &str) -> Option<Self> {
        Some(match (self, name) {
            (Self::Task, "RegistrationInfo") => Self::Registration,
            (Self::Task, "Triggers") => Self::Triggers,
            (Self::Task, "Principals") => Self::Principals,
            (Self::Task, "Settings") => Self::Settings,
            (Self::Task, "Actions") => Self::Actions,
            (Self::Triggers, _) if TriggerKind::from_element(name).is_some() => Self::Trigger,
            (Self::Trigger, "Repetition") => Self::Repetition,
            (Self::Principals, "Principal") => Self::Principal,
            (Self::Principal, "RequiredPrivileges") => Self::Privileges,
            (Self::Settings, "RestartOnFailure") => Self::RestartOnFailure,
            (Self::Actions, _) if action(name).is_some() => Self::Action,
            (Self::Action, "Attachments") => Self::Attachments,
            _ => return None,
        })
    }
}

/// An empty action of the kind that an element name stands for.
pub(super) fn action(element: &str) -> Option<Action> {
    Some(match element {
        "Exec" => Action::Exec(Exec::default()),
        "ComHandler" => Action::ComHandler { class_id: None, data: None },
        "SendEmail" => Action::SendEmail {
            server: None,
            to: None,
            from: None,
            subject: None,
            body: None,
            attachments: Vec::new(),
        },
        "ShowMessage" => Action::ShowMessage { title: None, body: None },
        _ => return None,
    })
}

/// Returns whether an element of a trigger is its schedule.
pub(super) fn is_schedule(element: &str) -> bool {
    matches!(element, "ScheduleByDay" | "ScheduleByWeek" | "ScheduleByMonth" | "ScheduleByMonthDayOfWeek")
}

/// Returns whether the schema lets an element hold elements of anyone's making.
pub(super) fn holds_anything(element: &str) -> bool {
    element == "Data"
}

/// Where an element's text goes.
pub(super) enum Slot<'t> {
    /// One text.
    Text(&'t mut Option<String>),
    /// `Arguments`: like a text, but repeated ones are joined by a blank.
    Joined(&'t mut Option<String>),
    /// A truth value.
    Flag(&'t mut Option<bool>),
    /// One more text.
    List(&'t mut Vec<String>),
}

/// The field of an element in a section: that of the trigger, principal or action read last.
pub(super) fn slot<'t>(task: &'t mut Task, section: Section, name: &str) -> Option<Slot<'t>> {
    match section {
        Section::Task => text((name == "Data").then_some(&mut task.data)),
        Section::Registration => text(registration(&mut task.registration, name)),
        Section::Trigger => trigger(task.triggers.last_mut()?, name),
        Section::Repetition => repetition(task.triggers.last_mut()?.repetition.as_mut()?, name),
        Section::Principal => text(principal(task.principals.last_mut()?, name)),
        Section::Privileges if name == "Privilege" => {
            Some(Slot::List(&mut task.principals.last_mut()?.required_privileges))
        }
        Section::Settings => settings(&mut task.settings, name),
        Section::RestartOnFailure => text(match name {
            "Interval" => Some(&mut task.settings.restart_interval),
            "Count" => Some(&mut task.settings.restart_count),
            _ => None,
        }),
        Section::Action => action_field(task.actions.last_mut()?, name),
        Section::Attachments if name == "File" => match task.actions.last_mut()? {
            Action::SendEmail { attachments, .. } => Some(Slot::List(attachments)),
            _ => None,
        },
        _ => None,
    }
}

fn text(field: Option<&mut Option<String>>) -> Option<Slot<'_>> {
    field.map(Slot::Text)
}

fn registration<'t>(registration: &'t mut Registration, name: &str) -> Option<&'t mut Option<String>> {
    Some(match name {
        "URI" => &mut registration.uri,
        "Author" => &mut registration.author,
        "Date" => &mut registration.date,
        "Description" => &mut registration.description,
        "Source" => &mut registration.source,
        "Version" => &mut registration.version,
        "Documentation" => &mut registration.documentation,
        "SecurityDescriptor" => &mut registration.security_descriptor,
        _ => return None,
    })
}

fn trigger<'t>(trigger: &'t mut Trigger, name: &str) -> Option<Slot<'t>> {
    if name == "Enabled" {
        return Some(Slot::Flag(&mut trigger.enabled));
    }
    text(Some(match name {
        "StartBoundary" => &mut trigger.start_boundary,
        "EndBoundary" => &mut trigger.end_boundary,
        "ExecutionTimeLimit" => &mut trigger.execution_time_limit,
        "Delay" => &mut trigger.delay,
        "RandomDelay" => &mut trigger.random_delay,
        "UserId" => &mut trigger.user_id,
        "StateChange" => &mut trigger.state_change,
        "Subscription" => &mut trigger.subscription,
        _ => return None,
    }))
}

fn repetition<'t>(repetition: &'t mut Repetition, name: &str) -> Option<Slot<'t>> {
    match name {
        "Interval" => Some(Slot::Text(&mut repetition.interval)),
        "Duration" => Some(Slot::Text(&mut repetition.duration)),
        "StopAtDurationEnd" => Some(Slot::Flag(&mut repetition.stop_at_duration_end)),
        _ => None,
    }
}

fn principal<'t>(principal: &'t mut Principal, name: &str) -> Option<&'t mut Option<String>> {
    Some(match name {
        "UserId" => &mut principal.user_id,
        "GroupId" => &mut principal.group_id,
        "DisplayName" => &mut principal.display_name,
        "LogonType" => &mut principal.logon_type,
        "RunLevel" => &mut principal.run_level,
        "ProcessTokenSidType" => &mut principal.process_token_sid_type,
        _ => return None,
    })
}

fn settings<'t>(settings: &'t mut Settings, name: &str) -> Option<Slot<'t>> {
    Some(match name {
        "Enabled" => Slot::Flag(&mut settings.enabled),
        "Hidden" => Slot::Flag(&mut settings.hidden),
        "AllowStartOnDemand" => Slot::Flag(&mut settings.allow_start_on_demand),
        "AllowHardTerminate" => Slot::Flag(&mut settings.allow_hard_terminate),
        "StartWhenAvailable" => Slot::Flag(&mut settings.start_when_available),
        "RunOnlyIfNetworkAvailable" => Slot::Flag(&mut settings.run_only_if_network_available),
        "RunOnlyIfIdle" => Slot::Flag(&mut settings.run_only_if_idle),
        "WakeToRun" => Slot::Flag(&mut settings.wake_to_run),
        "DisallowStartIfOnBatteries" => Slot::Flag(&mut settings.disallow_start_if_on_batteries),
        "StopIfGoingOnBatteries" => Slot::Flag(&mut settings.stop_if_going_on_batteries),
        "ExecutionTimeLimit" => Slot::Text(&mut settings.execution_time_limit),
        "DeleteExpiredTaskAfter" => Slot::Text(&mut settings.delete_expired_task_after),
        "Priority" => Slot::Text(&mut settings.priority),
        "MultipleInstancesPolicy" => Slot::Text(&mut settings.multiple_instances_policy),
        _ => return None,
    })
}

fn action_field<'t>(action: &'t mut Action, name: &str) -> Option<Slot<'t>> {
    Some(match (action, name) {
        (Action::Exec(exec), "Command") => Slot::Text(&mut exec.command),
        (Action::Exec(exec), "Arguments") => Slot::Joined(&mut exec.arguments),
        (Action::Exec(exec), "WorkingDirectory") => Slot::Text(&mut exec.working_directory),
        (Action::ComHandler { class_id, .. }, "ClassId") => Slot::Text(class_id),
        (Action::ComHandler { data, .. }, "Data") => Slot::Text(data),
        (Action::SendEmail { server, .. }, "Server") => Slot::Text(server),
        (Action::SendEmail { to, .. }, "To") => Slot::Text(to),
        (Action::SendEmail { from, .. }, "From") => Slot::Text(from),
        (Action::SendEmail { subject, .. }, "Subject") => Slot::Text(subject),
        (Action::SendEmail { body, .. } | Action::ShowMessage { body, .. }, "Body") => Slot::Text(body),
        (Action::ShowMessage { title, .. }, "Title") => Slot::Text(title),
        _ => return None,
    })
}
