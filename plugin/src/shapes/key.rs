//! Keys, compared as a person would: without regard to case or to what separates their words.
//!
//! The same field is `TaskContentNew` to Windows, `task_content_new`, `taskContentNew` or
//! `winlog.event_data.TaskContentNew` to those who ship it.

use std::borrow::Cow;

use crate::json;

/// Bytes that separate or mark words in keys and mean nothing themselves. `#` and `@` mark attributes and
/// text where XML was turned into JSON (`#attributes`, `@Name`).
const fn separates(byte: u8) -> bool {
    matches!(byte, b'_' | b'-' | b'.' | b' ' | b'@' | b'#')
}

/// The bytes of a key that count.
fn folded(key: &[u8]) -> impl Iterator<Item = u8> {
    key.iter().filter(|&&byte| !separates(byte)).map(u8::to_ascii_lowercase)
}

/// A key of few bytes that count, to be compared with many: those bytes in small letters.
pub(super) struct Folded {
    bytes: [u8; Self::LONGEST],
    len: usize,
}

impl Folded {
    /// More than the longest name of event data has.
    const LONGEST: usize = 32;

    /// The key, if it is not longer than any that is looked for.
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        let mut short = Self { bytes: [0; Self::LONGEST], len: 0 };
        for byte in folded(key) {
            *short.bytes.get_mut(short.len)? = byte;
            short.len = short.len.wrapping_add(1);
        }
        Some(short)
    }

    /// Those bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// More than any key that is looked for has when all of it is written as escapes, in bytes.
const LONGEST: usize = 1024;

/// A key as it is meant: JSON escapes in it resolved.
pub(super) fn plain(key: &[u8]) -> Cow<'_, [u8]> {
    // No key that is looked for is as long, and what is not compared needs no memory.
    if key.len() > LONGEST || !key.contains(&b'\\') {
        return Cow::Borrowed(key);
    }
    match json::unescape(key) {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// Returns whether a key as written may spell words with this beginning: false of nearly all that do not.
pub(super) fn may_spell(key: &[u8], words: &[u8]) -> bool {
    match (key.first(), words.first()) {
        // Of letters, both cases differ in one bit.
        (Some(one), Some(other)) if one.is_ascii_alphabetic() && other.is_ascii_alphabetic() => {
            (one ^ other) & !0x20 == 0
        }
        _ => true,
    }
}

/// Returns whether two keys are the same.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    folded(one).eq(folded(other))
}

/// Returns what remains of a path, words joined by dots, after the words that `key` spells: `""` where it spells the
/// whole path, `None` where it spells something else.
pub(super) fn strip<'p>(path: &'p [u8], key: &[u8]) -> Option<&'p [u8]> {
    let rest = spelled(path, key)?;
    let spelled = rest.len() < path.len();
    match rest.split_first() {
        None if spelled => Some(rest),
        Some((b'.', tail)) if spelled => Some(tail),
        _ => None,
    }
}

/// Returns what remains of a key after the words of `path` at its start: the `TaskName` of
/// `winlog.event_data.TaskName` or `winlog_event_data_TaskName` after `winlog.event_data`.
pub(super) fn after<'k>(key: &'k [u8], path: &[u8]) -> Option<&'k [u8]> {
    let (&first, tail) = spelled(key, path)?.split_first()?;
    separates(first).then_some(tail)
}

/// Returns what remains of a key after those words, its own separators passed over; `None` where it spells others.
fn spelled<'k>(key: &'k [u8], words: &[u8]) -> Option<&'k [u8]> {
    let mut rest = key;
    for wanted in folded(words) {
        let byte = loop {
            let (&byte, tail) = rest.split_first()?;
            rest = tail;
            if !separates(byte) {
                break byte;
            }
        };
        if byte.to_ascii_lowercase() != wanted {
            return None;
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_compared_by_their_letters() {
        assert!(same(b"TaskContentNew", b"task_content_new"));
        assert!(same(b"#attributes", b"_Attributes"));
        assert!(same(b"_TaskName", b"taskName"));
        assert!(!same(b"TaskName", b"TaskNames"));
    }

    #[test]
    fn a_key_may_spell_one_or_more_words_of_a_path() {
        assert_eq!(strip(b"winlog.event_data.TaskName", b"winlog"), Some(&b"event_data.TaskName"[..]));
        assert_eq!(strip(b"winlog.event_data", b"winlog.event_data"), Some(&b""[..]));
        assert_eq!(strip(b"winlog.event_data", b"Winlog_Event_Data"), Some(&b""[..]));
        for other in [&b"win"[..], b"winlog_event", b"winlogs", b"", b"_"] {
            assert_eq!(strip(b"winlog.event_data", other), None, "{other:?}");
        }
    }

    #[test]
    fn the_rest_of_a_flattened_key() {
        assert_eq!(after(b"winlog_event_data_TaskName", b"winlog.event_data"), Some(&b"TaskName"[..]));
        assert_eq!(after(b"winlog.event_data.TaskName", b"winlog.event_data"), Some(&b"TaskName"[..]));
        assert_eq!(after(b"winlog_event_dataTaskName", b"winlog.event_data"), None);
        assert_eq!(after(b"winlog", b"winlog.event_data"), None);
    }

    #[test]
    fn what_begins_otherwise_spells_something_else() {
        for (key, words) in [("winlog_x", "Winlog.x"), ("_TaskName", "task"), ("\\u0057in", "win"), ("", "a")]
        {
            assert!(may_spell(key.as_bytes(), words.as_bytes()), "{key}");
        }
        assert!(!may_spell(b"Channel", b"winlog.channel"));
    }

    #[test]
    fn escapes_in_keys_are_resolved() {
        assert_eq!(plain(br"Event\u0049D").as_ref(), b"EventID");
        assert!(matches!(plain(b"EventID"), Cow::Borrowed(_)));
    }
}
