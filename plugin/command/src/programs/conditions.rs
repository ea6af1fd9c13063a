//! Compares the words of a line with the conditions of an entry.

use super::super::{environment, tokens};

/// Returns whether a word is one of those that are separated by `|`; `*` is any.
pub(super) fn is_word(known: &str, word: &str, abbreviated: bool) -> bool {
    known.split('|').any(|known| {
        known == "*"
            || known.eq_ignore_ascii_case(word)
            || (abbreviated
                && !word.is_empty()
                && known.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
    })
}

/// Returns whether a text fits one of the patterns, each with a `*` at one end or at both.
pub(super) fn is_like(patterns: &str, text: &str) -> bool {
    patterns.split('|').any(|pattern| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        // `**` is any.
        (Some(_), Some(_)) => holds_text(text, pattern.trim_matches('*')),
        (Some(end), None) => tokens::ends_with_ignoring_case(text, end),
        (None, Some(start)) => text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start)),
        (None, None) => pattern.eq_ignore_ascii_case(text),
    })
}

/// Returns whether a text holds one of the parts that are separated by `|`, in any case.
pub(super) fn holds_text(text: &str, part: &str) -> bool {
    part.split('|').any(|part| part.is_empty() || environment::find_ignoring_case(text, part).is_some())
}
