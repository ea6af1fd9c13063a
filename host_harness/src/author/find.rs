//! Finds a rule by what a person has of it: an id or its beginning, or the name of its folder.
use crate::author::check::names;
use crate::rules::sigma::{Compilation, RuleInfo};
use crate::rules::yaml::{hint, nearest};
use thiserror::Error;

/// The shortest beginning of an id that is looked for.
const SHORTEST: usize = 4;
/// The most rules that an error names.
const NAMED: usize = 5;

/// No single rule is meant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum FindError {
    /// There is none.
    #[error("no rule has the id or the name `{wanted}`{}; `schtag rule` lists all", hint(.nearest.as_deref()))]
    None {
        /// The text that was looked for.
        wanted: String,
        /// The nearest name.
        nearest: Option<String>,
    },
    /// There are several.
    #[error("several rules have an id that begins with `{wanted}`: {}", .ids.join(", "))]
    Several {
        /// The text that was looked for.
        wanted: String,
        /// Their ids.
        ids: Vec<String>,
    },
}

/// The rule that is meant, and its name.
pub(crate) fn rule<'c>(compiled: &'c Compilation, wanted: &str) -> Result<(&'c RuleInfo, String), FindError> {
    let rules: Vec<(&RuleInfo, String)> = compiled.rules.iter().zip(names(compiled)).collect();
    let exact = rules.iter().find(|(info, name)| info.metadata.id == wanted || name == wanted);
    if let Some((info, name)) = exact {
        return Ok((info, name.clone()));
    }
    let wanted_id = wanted.to_ascii_lowercase();
    let begins = |id: &str| wanted_id.len() >= SHORTEST && id.to_ascii_lowercase().starts_with(&wanted_id);
    let of_id: Vec<_> = rules.iter().filter(|(info, _)| begins(&info.metadata.id)).collect();
    match &*of_id {
        [(info, name)] => Ok((info, name.clone())),
        [] => {
            let nearest = nearest(wanted, rules.iter().map(|(_, name)| name.as_str())).map(str::to_owned);
            Err(FindError::None { wanted: wanted.to_owned(), nearest })
        }
        several => {
            let ids = several.iter().take(NAMED).map(|(info, _)| info.metadata.id.clone()).collect();
            Err(FindError::Several { wanted: wanted.to_owned(), ids })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::load;

    #[test]
    fn a_rule_is_found_by_id_beginning_or_name() {
        let compiled = load::compile_default(None).unwrap();
        let id = "f6f75093-f4e7-4d7c-9361-9b49c0f78998";
        for wanted in [id, "f6f75093", "F6F75093-F4E7", "powershell-encoded-command"] {
            let (info, name) = rule(&compiled, wanted).unwrap();
            assert_eq!(
                (info.metadata.id.as_str(), name.as_str()),
                (id, "powershell-encoded-command"),
                "{wanted}"
            );
        }
        let error = rule(&compiled, "powershel-encoded-command").unwrap_err().to_string();
        assert!(error.contains("did you mean `powershell-encoded-command`?"), "{error}");
        for none in ["", "f6f", "x"] {
            assert!(matches!(rule(&compiled, none), Err(FindError::None { .. })), "{none}");
        }
    }
}
