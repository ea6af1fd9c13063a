//! The values that a field can have, where they are known: a rule that asks for another one would never match.
//!
//! Only schtag's own fields are here (docs/fields.md); what Windows writes is not known that well.
use super::refusal::{Reason, shown};
use crate::rules::yaml::{hint, nearest};
use schtag::event::Change;
use schtag::fields::Field;
use schtag::rules::{Glob, GlobPart};

/// The values that a field can have.
enum Known {
    /// One of these.
    Words(&'static [&'static str]),
    /// A whole number, of this.
    Number(&'static str),
}

const FLAG: &[&str] = &["true", "false"];

/// Returns what is known of a field's values; `None` where anything may stand.
fn known(field: Field) -> Option<Known> {
    Some(match field {
        Field::TaskChange => Known::Words(&["created", "deleted", "enabled", "disabled", "updated"]),
        Field::TaskHidden | Field::TaskEnabled => Known::Words(FLAG),
        Field::TaskRunAsKind => Known::Words(&["system", "service", "account"]),
        Field::TaskTrigger => Known::Words(&[
            "boot",
            "registration",
            "idle",
            "time",
            "calendar",
            "logon",
            "session_state_change",
            "event",
            "wnf_state_change",
            "custom",
        ]),
        Field::TaskAction => Known::Words(&["exec", "com_handler", "send_email", "show_message"]),
        Field::TaskContentState => Known::Words(&["complete", "truncated", "malformed", "missing"]),
        Field::TaskLimit => Known::Words(&[
            "work",
            "actions",
            "processes",
            "triggers",
            "principals",
            "depth",
            "text",
            "decoding",
        ]),
        Field::TaskSubjectKind => Known::Words(&["person", "machine", "system", "service"]),
        Field::TaskTriggerInterval => Known::Number("seconds"),
        Field::TaskActionCount => Known::Number("actions"),
        _ => return None,
    })
}

/// Returns the number of seconds of a simple duration of ISO 8601, such as `PT1M`.
fn seconds(value: &str) -> Option<u64> {
    let rest = value.to_ascii_uppercase();
    let (number, unit) = match rest.strip_prefix("PT") {
        Some(time) => (
            time.get(..time.len().checked_sub(1)?)?.to_owned(),
            time.get(time.len().checked_sub(1)?..)?.to_owned(),
        ),
        None => {
            let days = rest.strip_prefix('P')?.strip_suffix('D')?;
            (days.to_owned(), "D".to_owned())
        }
    };
    let each = match &*unit {
        "S" => 1,
        "M" => 60,
        "H" => 3_600,
        "D" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(each)
}

/// Checks that a field can have a value. `written` is the value in the rule.
///
/// # Errors
/// When it never has.
pub(super) fn check(field: Field, glob: &Glob, written: &str) -> Result<(), Reason> {
    let refuse = |problem| Err(Reason::Value { value: shown(written), problem });
    match known(field) {
        None => Ok(()),
        Some(Known::Words(words)) => {
            if words.iter().any(|word| fits(&glob.parts, word, glob.cased)) {
                return Ok(());
            }
            let meant = match (written, words == FLAG) {
                ("1" | "yes" | "on", true) => Some("true"),
                ("0" | "no" | "off", true) => Some("false"),
                // `create` for `created`, and the like.
                _ => words
                    .iter()
                    .find(|word| written.len() > 2 && word.starts_with(&written.to_lowercase()))
                    .copied()
                    .or_else(|| nearest(written, words.iter().copied())),
            };
            refuse(format!(
                "`{}` never has this value; it is one of {}{}",
                field.name(),
                list(words),
                hint(meant)
            ))
        }
        Some(Known::Number(of)) => {
            let is_number = glob.parts.iter().all(|part| match part {
                GlobPart::Literal(text) => text.bytes().all(|byte| byte.is_ascii_digit()),
                GlobPart::Any | GlobPart::One => true,
            });
            if is_number && !glob.parts.is_empty() {
                return Ok(());
            }
            let meant = seconds(written).map(|seconds| seconds.to_string());
            refuse(format!("`{}` is a number of {of}{}", field.name(), hint(meant.as_deref())))
        }
    }
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Returns whether a short word fits a glob.
fn fits(parts: &[GlobPart], word: &str, cased: bool) -> bool {
    let mut ends = vec![0_usize];
    for part in parts {
        let mut next = Vec::new();
        for &at in &ends {
            let Some(rest) = word.get(at..) else { continue };
            match part {
                GlobPart::Literal(text) => {
                    let same = rest.get(..text.len()).is_some_and(|start| {
                        if cased { start == text } else { start.eq_ignore_ascii_case(text) }
                    });
                    if same {
                        next.push(at.saturating_add(text.len()));
                    }
                }
                GlobPart::One if !rest.is_empty() => next.push(at.saturating_add(1)),
                GlobPart::One => {}
                GlobPart::Any => next.extend(at..=word.len()),
            }
        }
        next.sort_unstable();
        next.dedup();
        ends = next;
    }
    ends.contains(&word.len())
}

/// Returns whether values of `EventID` are all of those that schtag reads: then they decide nothing.
pub(super) fn is_every_event(ids: &[&str]) -> bool {
    let all = (4698..=4702_u64).filter(|id| Change::from_event_id(*id).is_some());
    all.map(|id| id.to_string()).all(|id| ids.contains(&&*id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::globs::Text;

    /// The words of each set are those that the field's description lists.
    #[test]
    fn the_sets_are_those_of_the_documentation() {
        for &field in Field::ALL {
            let Some(Known::Words(words)) = known(field) else { continue };
            let described: Vec<&str> = field
                .description()
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|word| !word.contains('/'))
                .collect();
            let open = field.description().contains("...");
            for word in described.iter() {
                assert!(words.contains(word), "{}: {word}", field.name());
            }
            assert!(open || described.len() == words.len(), "{}: {described:?}", field.name());
        }
    }

    #[test]
    fn what_a_field_never_has_is_refused_with_what_was_meant() {
        for (field, value, complaint) in [
            (Field::TaskChange, "created", ""),
            (Field::TaskChange, "CREATED", ""),
            (Field::TaskChange, "*ed", ""),
            (Field::TaskChange, "???????", ""),
            (Field::TaskChange, "create", "did you mean `created`?"),
            (Field::TaskChange, "modified", "it is one of `created`"),
            (Field::TaskChange, "*x", "never has this value"),
            (Field::TaskHidden, "true", ""),
            (Field::TaskHidden, "1", "did you mean `true`?"),
            (Field::TaskHidden, "no", "did you mean `false`?"),
            (Field::TaskTrigger, "logon", ""),
            (Field::TaskTrigger, "LogonTrigger", "it is one of `boot`"),
            (Field::TaskAction, "execute", "`com_handler`"),
            (Field::TaskTriggerInterval, "60", ""),
            (Field::TaskTriggerInterval, "6*", ""),
            (Field::TaskTriggerInterval, "PT1M", "is a number of seconds; did you mean `60`?"),
            (Field::TaskTriggerInterval, "PT2H", "did you mean `7200`?"),
            (Field::TaskTriggerInterval, "P1D", "did you mean `86400`?"),
            (Field::TaskTriggerInterval, "5m", "is a number of seconds"),
            (Field::TaskActionCount, "two", "is a number of actions"),
            (Field::TaskImage, "anything", ""),
        ] {
            let glob = Text::parse(value).into_glob(false).unwrap();
            let said = check(field, &glob, value).err().map(|reason| reason.to_string()).unwrap_or_default();
            assert!(said.contains(complaint) && said.is_empty() == complaint.is_empty(), "{value}: {said}");
        }
    }

    #[test]
    fn all_five_events_are_every_event() {
        assert!(is_every_event(&["4698", "4699", "4700", "4701", "4702"]));
        assert!(is_every_event(&["4702", "1", "4698", "4699", "4700", "4701"]));
        assert!(!is_every_event(&["4698", "4699", "4700", "4701"]));
    }
}
