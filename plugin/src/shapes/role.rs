//! Finds the role of a key, at next to no cost for the keys that have none.

use super::key;
use super::place::Place;
use crate::json::Sieve;

/// The kind of an object, as far as it decides what its keys mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// A record, or what may be one.
    Record,
    /// `event` or `Event`.
    Event,
    /// `System` of a Windows event.
    System,
    /// `kvlistValue`.
    Otlp,
    /// `winlog`.
    Winlog,
    /// `win` of Wazuh.
    Win,
    /// `system` in `win`.
    WinSystem,
}

/// The role of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    None,
    Id(Place),
    /// An object to look into, or a text that may be an event.
    Nested(Within),
}

/// The role of a key that may hold a record, or the text of one.
const RECORD: Role = Role::Nested(Within::Record);

/// The keys of a record that can hold an event, in small letters and the order of their lengths. A
/// dot stands for any separator.
const KEYS: [(&[u8], Role); 39] = [
    (b"id", Role::Id(Place::Id)),
    (b"log", RECORD),
    (b"msg", RECORD),
    (b"raw", RECORD),
    (b"xml", RECORD),
    (b"win", Role::Nested(Within::Win)),
    (b"body", RECORD),
    (b"data", RECORD),
    (b"_raw", RECORD),
    (b"event", Role::Nested(Within::Event)),
    (b"record", RECORD),
    (b"system", Role::Nested(Within::System)),
    (b"winlog", Role::Nested(Within::Winlog)),
    (b"eventid", Role::Id(Place::EventId)),
    (b"message", RECORD),
    (b"payload", RECORD),
    (b"_source", RECORD),
    (b"event_id", Role::Id(Place::Snake)),
    (b"eventxml", RECORD),
    (b"_eventid", Role::Id(Place::EventId)),
    (b"eventcode", Role::Id(Place::EventCode)),
    (b"event_xml", RECORD),
    (b"raw_event", RECORD),
    (b"event.code", Role::Id(Place::EcsCode)),
    (b"attributes", RECORD),
    (b"event_id.id", Role::Id(Place::Otel)),
    (b"raw_message", RECORD),
    (b"kvlistvalue", Role::Nested(Within::Otlp)),
    (b"full_message", RECORD),
    (b"short_message", RECORD),
    (b"event.original", RECORD),
    (b"system.eventid", Role::Id(Place::System)),
    (b"winlog.event_id", Role::Id(Place::Winlog)),
    (b"win.system.eventid", Role::Id(Place::Win)),
    (b"winlogbeat.event_id", Role::Id(Place::Graylog)),
    (b"event.system.eventid", Role::Id(Place::System)),
    (b"data.win.system.eventid", Role::Id(Place::Win)),
    (b"filebeat.winlog.event_id", Role::Id(Place::Graylog)),
    (b"winlogbeat.winlog.event_id", Role::Id(Place::Graylog)),
];

/// One more than the longest key.
const LENGTHS: usize = 32;

/// The keys of one length.
#[derive(Clone, Copy)]
struct OfLength {
    /// Their first letters: bit `letter & 31`, which is blind to case.
    letters: u32,
    /// Where they begin in [`KEYS`], which is in the order of length.
    from: usize,
    /// Where they end.
    to: usize,
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses a wrong index")]
const BY_LENGTH: [OfLength; LENGTHS] = {
    let mut by_length = [OfLength { letters: 0, from: 0, to: 0 }; LENGTHS];
    let mut rest: &[(&[u8], Role)] = &KEYS;
    let mut at = 0;
    while let Some(((key, _), tail)) = rest.split_first() {
        let of_length = &mut by_length[key.len()];
        if of_length.letters == 0 {
            of_length.from = at;
        }
        if let [first, ..] = key {
            of_length.letters |= 1 << (*first & 31);
        }
        at += 1;
        of_length.to = at;
        rest = tail;
    }
    by_length
};

/// Holds back the members of a record that [`change`](super::change) looks at; and all, where one of them is the id of
/// an event about a task, as it is most often written.
pub(crate) const fn sieve() -> Sieve {
    let mut sieve = Sieve::new().with_values(*b"4698", *b"4702");
    let mut rest: &[(&[u8], Role)] = &KEYS;
    while let Some(((key, _), tail)) = rest.split_first() {
        sieve = sieve.with(key);
        rest = tail;
    }
    sieve
}

/// Returns whether a key of a record is worth asking for its [`role`]; false for almost every one.
#[inline]
pub(super) fn may_hold(name: &[u8]) -> bool {
    match (name.first(), BY_LENGTH.get(name.len())) {
        (Some(first), Some(of_length)) => of_length.letters >> (first & 31) & 1 != 0,
        _ => false,
    }
}

/// Returns what a key can hold, within an object of a kind.
pub(super) fn role(name: &[u8], within: Within) -> Role {
    match within {
        Within::Record => record_role(name),
        Within::Event => match name {
            b"code" => Role::Id(Place::EcsCode),
            b"original" => RECORD,
            _ => match record_role(name) {
                Role::Nested(Within::Event) => Role::None,
                role => role,
            },
        },
        Within::System if key::same(name, b"eventid") => Role::Id(Place::System),
        Within::WinSystem if key::same(name, b"eventid") => Role::Id(Place::Win),
        Within::Winlog if key::same(name, b"eventid") => Role::Id(Place::Winlog),
        Within::Win if name.eq_ignore_ascii_case(b"system") => Role::Nested(Within::WinSystem),
        _ => Role::None,
    }
}

fn record_role(name: &[u8]) -> Role {
    // Those that nearly every Windows event has, compared as words.
    match name {
        b"EventID" => return Role::Id(Place::EventId),
        b"event_id" => return Role::Id(Place::Snake),
        b"Message" | b"message" => return RECORD,
        _ => {}
    }
    if !may_hold(name) {
        return Role::None;
    }
    let keys = BY_LENGTH.get(name.len()).and_then(|of_length| KEYS.get(of_length.from..of_length.to));
    let first = name.first().map(u8::to_ascii_lowercase);
    keys.unwrap_or_default()
        .iter()
        .filter(|(key, _)| key.first().copied() == first)
        // From the end: many keys begin with the same word.
        .find(|(key, _)| key.iter().zip(name).rev().all(|(&key, &byte)| spells(key, byte)))
        .map_or(Role::None, |&(_, role)| role)
}

const fn spells(key: u8, byte: u8) -> bool {
    match key {
        b'.' => matches!(byte, b'.' | b'_' | b'-'),
        _ => byte.to_ascii_lowercase() == key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_in_any_case() {
        assert!(KEYS.is_sorted_by_key(|(key, _)| key.len()));
        for (key, role) in KEYS {
            assert_eq!(record_role(key), role);
            let shouted = key.to_ascii_uppercase();
            assert_eq!(record_role(&shouted), role);
            let flat: Vec<_> = key.iter().map(|&byte| if byte == b'.' { b'_' } else { byte }).collect();
            assert_eq!(record_role(&flat), role);
        }
    }

    #[test]
    fn other_keys_hold_nothing() {
        for key in [
            "",
            "EventType",
            "EventIDs",
            "event-id",
            "task",
            "Message2",
            "winlog.event_idx",
            &"e".repeat(500),
        ] {
            assert_eq!(record_role(key.as_bytes()), Role::None, "{key}");
        }
    }

    #[test]
    fn a_key_means_what_its_object_makes_of_it() {
        assert_eq!(role(b"code", Within::Event), Role::Id(Place::EcsCode));
        assert_eq!(role(b"code", Within::Record), Role::None);
        assert_eq!(role(b"event", Within::Event), Role::None);
        assert_eq!(role(b"event_id", Within::Winlog), Role::Id(Place::Winlog));
        assert_eq!(role(b"eventID", Within::WinSystem), Role::Id(Place::Win));
        assert_eq!(role(b"System", Within::Win), Role::Nested(Within::WinSystem));
        assert_eq!(role(b"message", Within::Winlog), Role::None);
    }
}
