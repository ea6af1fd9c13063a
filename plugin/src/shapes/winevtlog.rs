//! Fluent Bit's `in_winevtlog` (`plugins/in_winevtlog/pack.c`), in each of its four forms.
//!
//! By default the event data has no names: version 0 of the events has six inserts and version 1 eleven,
//! numbers as numbers.
//!
//! ```json
//! {"ProviderName": "Microsoft-Windows-Security-Auditing", "EventID": 4698, "Version": 1, "Channel": "Security",
//!  "Computer": "ws17", "Message": "…", "StringInserts": ["S-1-5-18", "alice", "CORP", "0x3144c", "\\x", "<?xml …", 225179]}
//! ```
//!
//! `event_data_as_map true` adds `EventData`, an object. `render_event_as_xml true` puts the whole Event XML,
//! not only its System part, in `System`. `render_event_as_text true` puts lines in `log`, or in the key that
//! `render_event_text_key` names; the message is the last of them.
//!
//! ```json
//! {"System": "<Event xmlns=…><System>…<EventID>4698</EventID>…</Event>", "Message": "…", "StringInserts": […]}
//! {"log": "ProviderName=Microsoft-Windows-Security-Auditing\nEventID=4698\nChannel=Security\n…Message=…", "StringInserts": […]}
//! ```

use super::shape::Shape;
use crate::event::Change;
use crate::json::plain_string;

/// The default form, with or without `EventData`.
pub(super) static SHAPE: Shape = Shape {
    name: "winevtlog",
    channel: &["Channel"],
    provider: &["ProviderName"],
    computer: &["Computer"],
    time: &["TimeCreated"],
    data: &["EventData", "StringInserts"],
    message: &["Message"],
    ..Shape::NONE
};

/// `render_event_as_xml`: what the XML lacks stands beside it.
pub(super) static XML: Shape = Shape { name: "winevtlog_xml", ..SHAPE_OF_REST };

/// `render_event_as_text`: names and times are in the lines.
pub(super) static TEXT: Shape = Shape { name: "winevtlog_text", ..SHAPE_OF_REST };

const SHAPE_OF_REST: Shape =
    Shape { data: &["EventData", "StringInserts"], message: &["Message"], ..Shape::NONE };

/// Returns whether a record is another event, told by its first members in the order in which the input writes them,
/// with nothing looked at behind the event id but the last byte. Only of the default form, and only of records that are
/// known to come from there: what follows may be anything.
pub(crate) fn begins_as_another_event(record: &[u8]) -> bool {
    let id = before_id(record);
    id.is_some_and(|id| is_another_of_four_digits(id) || is_another(id)) && record.last() == Some(&b'}')
}

/// From the event id on, where a record begins in the default form.
#[inline(always)]
fn before_id(record: &[u8]) -> Option<&[u8]> {
    let rest = after(record, b"{\"ProviderName\":")?;
    let name = rest.strip_prefix(b"\"")?;
    let rest = security_auditing(name).or_else(|| plain_string(name))?;
    let rest = after(rest, b",\"ProviderGuid\":")?;
    let rest = provider_guid(rest.strip_prefix(b"\"")?)?;
    let rest = match after(rest, b",\"Qualifiers\":\"\"") {
        Some(rest) => rest,
        None => digits(rest.strip_prefix(b",\"Qualifiers\":")?)?.1,
    };
    after(rest, b",\"EventI")?.strip_prefix(b"D\":")
}

/// Returns whether the id is that of another event: one of four digits, as those of the Security log are, compared as a
/// word.
#[inline(always)]
fn is_another_of_four_digits(id: &[u8]) -> bool {
    const TENS: u32 = 0xf0f0_f0f0;
    const ZEROS: u32 = u32::from_le_bytes(*b"0000");
    let Some((&[a, b, c, d], after)) = id.split_first_chunk() else { return false };
    let word = u32::from_le_bytes([a, b, c, d]);
    // A digit is still one of 0x30 to 0x3f with six added.
    let digits = word & TENS == ZEROS && word.wrapping_add(0x0606_0606) & TENS == ZEROS;
    digits && !OURS.contains(&word) && after.first() == Some(&b',')
}

/// The ids of scheduled-task events, as words.
const OURS: [u32; 5] = [
    u32::from_le_bytes(*b"4698"),
    u32::from_le_bytes(*b"4699"),
    u32::from_le_bytes(*b"4700"),
    u32::from_le_bytes(*b"4701"),
    u32::from_le_bytes(*b"4702"),
];

/// Returns whether the id is that of another event.
#[inline(never)]
fn is_another(id: &[u8]) -> bool {
    digits(id).is_some_and(|(id, rest)| rest.first() == Some(&b',') && Change::from_event_id(id).is_none())
}

/// Behind the name of the Security log's provider, whose events are most.
fn security_auditing(name: &[u8]) -> Option<&[u8]> {
    after(after(after(name, b"Microsoft-Window")?, b"s-Security-Audit")?, b"ing\"")
}

/// Behind a text of the length of a word or two, which is compared as such.
#[inline(always)]
fn after<'a, const N: usize>(rest: &'a [u8], text: &[u8; N]) -> Option<&'a [u8]> {
    let (head, after) = rest.split_first_chunk::<N>()?;
    (head == text).then_some(after)
}

/// Behind the provider's GUID, which nearly always has 38 characters.
fn provider_guid(rest: &[u8]) -> Option<&[u8]> {
    match rest.split_at_checked(38) {
        Some((_, after)) if after.first() == Some(&b'"') => after.get(1..),
        _ => plain_string(rest),
    }
}

/// A number of at most nine digits, and what is behind it.
fn digits(mut rest: &[u8]) -> Option<(u64, &[u8])> {
    let (mut value, mut count) = (0_u32, 0_u32);
    while let Some((&byte @ b'0'..=b'9', after)) = rest.split_first() {
        value = value.wrapping_mul(10).wrapping_add(u32::from(byte.wrapping_sub(b'0')));
        count = count.wrapping_add(1);
        rest = after;
    }
    matches!(count, 1..=9).then_some((u64::from(value), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_events_are_told_by_their_first_members() {
        let record = |qualifiers: &str, id: &str, rest: &str| {
            format!(
                r#"{{"ProviderName":"Microsoft-Windows-Security-Auditing","ProviderGuid":"{{54849625-5478-4994-A5BA-3E3B0328C30D}}","Qualifiers":{qualifiers},"EventID":{id},{rest}"#
            )
        };
        for other in [
            record("\"\"", "4624", r#""Version":2}"#),
            record("16384", "7", r#""Version":2}"#),
            r#"{"ProviderName":"x","ProviderGuid":"","Qualifiers":0,"EventID":1,"Version":0}"#.to_owned(),
        ] {
            assert!(begins_as_another_event(other.as_bytes()), "{other}");
        }
        for digits in 0..10_000_u32 {
            let spelled = format!("{digits:04}");
            let another = Change::from_event_id(u64::from(digits)).is_none();
            assert_eq!(
                begins_as_another_event(record("\"\"", &spelled, "}").as_bytes()),
                another,
                "{spelled}"
            );
        }
        for unsure in [
            record("\"\"", "46:4", r#""Version":1}"#),
            record("\"\"", "4/24", r#""Version":1}"#),
            record("\"\"", "4698", r#""Version":1}"#),
            record("\"\"", "4702", r#""Version":1}"#),
            record("\"\"", "46240000000000", r#""Version":1}"#),
            record("\"\"", "4624.0", r#""Version":1}"#),
            record("\"\"", "\"4624\"", r#""Version":1}"#),
            record("\"\"", "", r#""Version":1}"#),
            record("-1", "4624", r#""Version":1}"#),
            record("\"\"", "4624", r#""Version":2"#),
            r#"{"EventID":4624}"#.to_owned(),
            r#"{"ProviderName":"a\"b","ProviderGuid":"","Qualifiers":0,"EventID":1,"Version":0}"#.to_owned(),
            String::new(),
        ] {
            assert!(!begins_as_another_event(unsure.as_bytes()), "{unsure}");
        }
    }
}
