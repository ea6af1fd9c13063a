//! docs/fields.md: the fields that rules can look at.
use super::{MARK, markdown};
use schtag::fields::{Field, View};

const BEFORE: &str = "\
# Fields

What a rule can look at. A rule's `logsource` decides which of them it sees:

- `product: windows` with `service: security`: the event as Windows logs it, and the task in it.
- `product: windows` with `category: process_creation`: each action as the process that it will become, and the
  task. Rules that were written for process creation judge a task before it first runs.

Both see the fields under `task.`, which are schtag's own. Names are case-sensitive. `ProviderName` is read as
`Provider_Name`, and `ComputerName` and `Hostname` as `Computer`.

A field may have several values, any of which may match, or none. Fields of an action belong together: a rule that
looks at any of them is evaluated once for each action, and once for each process that a wrapper such as `cmd /c`
starts, so that words of two actions never add up to a match. Fields that scheduled-task events do not have, such
as `Hashes`, are never there.
";

/// The page.
pub fn fields() -> String {
    let mut out = format!("{MARK}\n{BEFORE}");
    let task = |field: &Field| field.name().starts_with("task.");
    let of_view = |view| move |field: &Field| !task(field) && field.visible_in(view);
    section(
        &mut out,
        "The Security event",
        "Seen by `service: security`; `Computer` by both.",
        of_view(View::Security),
    );
    section(
        &mut out,
        "The process that an action will become",
        "Seen by `category: process_creation`.",
        move |field| !field.visible_in(View::Security) && !task(field),
    );
    section(&mut out, "The task", "Seen by both, for each event.", move |field| {
        task(field) && !field.per_action()
    });
    section(&mut out, "An action of the task", "Seen by both, for each action.", move |field| {
        task(field) && field.per_action()
    });
    out
}

fn section(out: &mut String, heading: &str, before: &str, has: impl Fn(&Field) -> bool) {
    out.push_str(&format!(
        "\n## {heading}\n\n{before}\n\n| field | seen by | for each | holds |\n|---|---|---|---|\n"
    ));
    for field in Field::ALL.iter().filter(|field| has(field)) {
        let seen = match (field.visible_in(View::Security), field.visible_in(View::ProcessCreation)) {
            (true, true) => "both",
            (true, false) => "security",
            _ => "process_creation",
        };
        let each = if field.per_action() { "action" } else { "event" };
        // Descriptions are Markdown already; a bar would end the cell.
        let holds = field.description().trim().replace('|', "\\|");
        out.push_str(&format!("| {} | {seen} | {each} | {holds} |\n", markdown::code(field.name())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_stands_there_once() {
        let page = fields();
        for field in Field::ALL {
            assert_eq!(page.matches(&format!("\n| `{}` |", field.name())).count(), 1, "{}", field.name());
        }
    }
}
