//! A probable mistake in a rule that is no reason to refuse it.

/// A probable mistake that is no reason to refuse the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// `status: deprecated`.
    #[error("its status is `deprecated`; look for the rule that replaces it")]
    Deprecated,
    /// No `id`.
    #[error("has no id; `{0}` was made from its title")]
    NoId(String),
    /// A key at the top that Sigma does not have.
    #[error("no tool looks at the key `{key}`{}", crate::rules::yaml::hint(.nearest.as_deref()))]
    UnknownKey {
        /// The key.
        key: String,
        /// The nearest key that Sigma has.
        nearest: Option<String>,
    },
    /// A value with a character that nobody types into a value.
    #[error(
        "{place}: the value holds {}: in YAML's double quotes a backslash begins an escape; use single quotes",
        control_in_words(*control)
    )]
    ControlCharacter {
        /// Where it is.
        place: String,
        /// The first such character.
        control: char,
    },
    /// An escaped wildcard in a path.
    #[error(
        "{place}: {value}: a backslash before `*` or `?` makes it an ordinary character, which no path has; for a \
         wildcard after a backslash write `\\\\*`"
    )]
    EscapedWildcard {
        /// Where it is.
        place: String,
        /// The value.
        value: String,
    },
    /// An empty text that is looked for within another.
    #[error(
        "{place}: an empty text is part of every text, so that this only asks whether the field is there"
    )]
    AnyText {
        /// Where it is.
        place: String,
    },
    /// A detection that the condition does not use.
    #[error("the detection `{0}` is not used by the condition")]
    UnusedDetection(String),
    /// `timeframe` without a correlation.
    #[error("`timeframe` means nothing without an aggregation; write a correlation rule")]
    Timeframe,
    /// A filter that names a rule which is not there.
    #[error("names the rule `{0}`, which is not among the compiled rules")]
    FilterTarget(String),
    /// A filter for another log source than the rule that it names.
    #[error("names the rule `{0}`, but is for another log source")]
    FilterLogSource(String),
    /// A rule that only fed correlations, all of which were refused.
    #[error("is not reported: it only feeds correlations, and these were refused")]
    FeedsNothing,
    /// A change of a rule that is not there.
    #[error("`rules` names `{rule}`, which is neither the id nor the folder of a compiled rule{}", crate::rules::yaml::hint(.nearest.as_deref()))]
    ChangedRule {
        /// As written.
        rule: String,
        /// The nearest id or folder.
        nearest: Option<String>,
    },
    /// An allowlist entry that names a rule which is not there.
    #[error("the allowlist entry `{entry}` names the rule `{rule}`, which is not among the compiled rules")]
    AllowlistRule {
        /// The entry's name.
        entry: String,
        /// The rule's id.
        rule: String,
    },
}

impl Warning {
    /// Where in the document it is, if that is known.
    pub(crate) fn place(&self) -> Option<&str> {
        match self {
            Self::UnknownKey { key, .. } => Some(key),
            Self::ControlCharacter { place, .. }
            | Self::EscapedWildcard { place, .. }
            | Self::AnyText { place } => Some(place),
            _ => None,
        }
    }
}

fn control_in_words(control: char) -> String {
    match control {
        '\t' => "a tab".into(),
        '\n' | '\r' => "a line break".into(),
        '\u{8}' => "a backspace".into(),
        '\u{7}' => "a bell".into(),
        other => format!("U+{:04X}", u32::from(other)),
    }
}
