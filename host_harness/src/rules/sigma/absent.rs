//! Fields that events of a rule's log source do not have, in words: with the field that may have been meant, or its
//! name in the other log source.
use crate::rules::yaml::nearest;
use schtag::fields::{Field, View};

/// `scheduled-task events have no …`, for a rule of a view.
pub(crate) fn in_words(view: View, absent: &[String]) -> String {
    let names: Vec<String> = absent.iter().map(|name| with_help(view, name)).collect();
    format!("scheduled-task events have no {}", names.join(", "))
}

fn with_help(view: View, name: &str) -> String {
    let (other, section) = match view {
        View::Security => (View::ProcessCreation, "category: process_creation"),
        View::ProcessCreation => (View::Security, "service: security"),
    };
    if Field::resolve(other, name).is_some() {
        let here = counterpart(name).map(|here| format!("; here there is `{here}`")).unwrap_or_default();
        return format!("{name} with this log source (`{section}` has it{here})");
    }
    let visible = Field::ALL.iter().filter(|field| field.visible_in(view)).map(|field| field.name());
    // A slip, not another word: names of processes' fields resemble each other.
    match nearest(name, visible).filter(|meant| strsim::osa_distance(name, meant) <= 2) {
        Some(meant) => format!("{name} (did you mean `{meant}`?)"),
        None => name.to_owned(),
    }
}

/// The field of both views that holds what one of a single view does.
fn counterpart(name: &str) -> Option<&'static str> {
    Some(match name {
        "Image" => "task.image",
        "CommandLine" => "task.command_line",
        "CurrentDirectory" => "task.working_directory",
        "User" => "task.run_as",
        "IntegrityLevel" => "task.run_level",
        "EventID" => "task.change",
        "TaskName" => "task.name",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_comes_with_what_may_have_been_meant() {
        use View::{ProcessCreation, Security};
        for (view, name, said) in [
            (Security, "EventId", "EventId (did you mean `EventID`?)"),
            (Security, "TaksName", "TaksName (did you mean `TaskName`?)"),
            (
                Security,
                "Image",
                "Image with this log source (`category: process_creation` has it; here there is `task.image`)",
            ),
            (ProcessCreation, "TaskContent", "TaskContent with this log source (`service: security` has it)"),
            (ProcessCreation, "OriginalFileName", "OriginalFileName"),
            (ProcessCreation, "Company", "Company"),
            (ProcessCreation, "Imgae", "Imgae (did you mean `Image`?)"),
        ] {
            assert_eq!(in_words(view, &[name.into()]), format!("scheduled-task events have no {said}"));
        }
        for &field in Field::ALL {
            if let Some(here) = counterpart(field.name()) {
                let here = Field::ALL.iter().find(|other| other.name() == here).unwrap();
                assert!(here.visible_in(Security) && here.visible_in(ProcessCreation), "{}", here.name());
            }
        }
    }
}
