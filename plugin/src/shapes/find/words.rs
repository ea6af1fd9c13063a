//! The usual words for the parts of an event.

use crate::shapes::partial_event::{NAMES, Rank, Slot};

/// The certainty of a word: a name of the event data says what its value is, wherever it stands.
pub(super) const SURE: Rank = 3;
/// The manifest's order says what a value is.
pub(super) const PLACED: Rank = 2;
/// A common word may mean something else.
pub(super) const USUAL: Rank = 1;

/// Whole words, also those of a key and the object that it is in (`{"host": {"name": …}}`).
const WORDS: [(&str, Slot); 33] = [
    ("name", Slot::TaskName),
    ("task", Slot::TaskName),
    ("taskpath", Slot::TaskName),
    ("user", Slot::User),
    ("username", Slot::User),
    ("account", Slot::User),
    ("accountname", Slot::User),
    ("sid", Slot::Sid),
    ("usersid", Slot::Sid),
    ("securityid", Slot::Sid),
    ("domain", Slot::Domain),
    ("userdomain", Slot::Domain),
    ("accountdomain", Slot::Domain),
    ("lid", Slot::LogonId),
    ("logonid", Slot::LogonId),
    ("computer", Slot::Computer),
    ("computername", Slot::Computer),
    ("machinename", Slot::Computer),
    ("host", Slot::Computer),
    ("hostname", Slot::Computer),
    ("hostidentifier", Slot::Computer),
    ("agentname", Slot::Computer),
    ("agenthostname", Slot::Computer),
    ("channel", Slot::Channel),
    ("logname", Slot::Channel),
    ("eventlog", Slot::Channel),
    ("provider", Slot::Provider),
    ("providername", Slot::Provider),
    ("sourcename", Slot::Provider),
    ("timecreated", Slot::Time),
    ("systemtime", Slot::Time),
    ("timestamp", Slot::Time),
    ("datetime", Slot::Time),
];

/// The sections of a task definition.
pub(super) const SECTIONS: [&str; 5] = ["RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"];

/// Longer keys name no section, in bytes.
const KEY: usize = 256;

/// Returns whether a key names a section, perhaps with a path around it.
pub(super) fn names_section(key: &[u8]) -> bool {
    let begins = |rest: &[u8], section: &str| {
        rest.get(..section.len()).is_some_and(|part| part.eq_ignore_ascii_case(section.as_bytes()))
    };
    key.len() <= KEY
        && (0..key.len()).any(|from| {
            let rest = key.get(from..).unwrap_or_default();
            // Their first letters: most of a key has others.
            rest.first().is_some_and(|byte| b"rtpsa".contains(&byte.to_ascii_lowercase()))
                && SECTIONS.iter().any(|section| begins(rest, section))
        })
}

/// The letters and digits of a key's end, in lower case.
#[derive(Debug, Default)]
pub(super) struct Folded {
    space: [u8; Self::LENGTH],
    from: usize,
}

impl Folded {
    /// Longer than any word that is looked for.
    const LENGTH: usize = 24;

    /// Those of a key.
    pub(super) fn of(key: &[u8]) -> Self {
        let mut folded = Self { space: [0; Self::LENGTH], from: Self::LENGTH };
        folded.prepend(key);
        folded
    }

    /// Puts those of an outer key before.
    pub(super) fn prepend(&mut self, key: &[u8]) {
        for byte in key.iter().rev().filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()) {
            let Some(before) = self.from.checked_sub(1) else { return };
            let Some(place) = self.space.get_mut(before) else { return };
            *place = byte.to_ascii_lowercase();
            self.from = before;
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.space.get(self.from..).unwrap_or_default()
    }

    /// The number behind the word `param`, with which the event data is numbered where it has no names.
    fn numbered(&self) -> Option<usize> {
        let key = self.as_bytes();
        let word = key.iter().rposition(|byte| !byte.is_ascii_digit())?;
        let (word, number) = key.split_at_checked(word.checked_add(1)?)?;
        if word.ends_with(b"param") { std::str::from_utf8(number).ok()?.parse().ok() } else { None }
    }

    pub(super) fn ends_with(&self, word: &[u8]) -> bool {
        self.as_bytes().ends_with(word)
    }
}

/// Returns which part of the event a key says its value is, and how sure that is.
pub(super) fn slot(key: &Folded) -> Option<(Slot, Rank)> {
    let word = key.as_bytes();
    // The shortest has three letters.
    if word.len() < 3 {
        return None;
    }
    if let Some((_, slot)) =
        NAMES.iter().find(|(name, _)| word.last() == name.as_bytes().last() && key.ends_with(name.as_bytes()))
    {
        return Some((*slot, SURE));
    }
    if let Some(slot) = key.numbered().and_then(|number| Slot::at(number.checked_sub(1)?)) {
        return Some((slot, PLACED));
    }
    WORDS.iter().find(|(known, _)| known.as_bytes() == word).map(|(_, slot)| (*slot, USUAL))
}

/// Returns whether a value can be that part of an event.
pub(super) fn fits(slot: Slot, value: &str) -> bool {
    match slot {
        Slot::TaskName => value.starts_with('\\'),
        Slot::Sid => value.starts_with("S-1-"),
        Slot::LogonId => value.starts_with("0x") || is_number(value),
        Slot::ProcessStartKey | Slot::ProcessId | Slot::ParentProcessId | Slot::Locality => is_number(value),
        // They are known by what they are, not by what they stand under.
        Slot::Content => false,
        // Windows' message has the locality under this label.
        Slot::Fqdn if is_number(value) => false,
        _ => !value.is_empty() && !matches!(value, "N/A" | "n/a") && value.len() <= 256,
    }
}

/// Returns whether a value is digits only.
pub(super) fn is_number(value: &str) -> bool {
    !value.is_empty() && value.len() <= 20 && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns how surely a number under a key is the id of an event: 3 where the words are Windows', 2 where they may be,
/// 1 where nothing is said, 0 where the key is that of something else.
pub(super) fn id_rank(key: &Folded) -> Rank {
    let ends = |words: &[&str]| words.iter().any(|word| key.ends_with(word.as_bytes()));
    if ends(&["eventid", "eventcode", "eventidentifier", "evtid", "eventnumber", "auditsuccess"]) {
        3
    } else if ends(&[
        "processid",
        "pid",
        "threadid",
        "tid",
        "recordid",
        "port",
        "size",
        "count",
        "line",
        "number",
    ]) {
        0
    } else if ends(&["id", "code", "event", "type", "ereigniskennung"]) {
        2
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_what_its_value_is() {
        for (outer, key, wanted) in [
            ("", "TaskName", Some((Slot::TaskName, SURE))),
            ("", "winlogbeat_winlog_event_data_SubjectUserName", Some((Slot::User, SURE))),
            ("", "Account Name", Some((Slot::User, USUAL))),
            ("host", "name", Some((Slot::Computer, USUAL))),
            ("provider", "@Name", Some((Slot::Provider, USUAL))),
            ("", "task_names", None),
            ("", "param4", Some((Slot::LogonId, PLACED))),
            ("", "param0", None),
            ("", "param99", None),
            ("", "am", None),
            ("", "", None),
        ] {
            let mut folded = Folded::of(key.as_bytes());
            folded.prepend(outer.as_bytes());
            assert_eq!(slot(&folded), wanted, "{outer} {key}");
        }
    }

    #[test]
    fn ids_are_told_from_other_numbers() {
        for (key, wanted) in [
            ("EventID", 3),
            ("winlog.event_id", 3),
            ("Event ID", 3),
            ("code", 2),
            ("Ereignis-ID", 2),
            ("anything", 1),
            ("", 1),
            ("ProcessId", 0),
            ("EventRecordID", 0),
            ("client.port", 0),
        ] {
            assert_eq!(id_rank(&Folded::of(key.as_bytes())), wanted, "{key}");
        }
    }
}
