//! The tag of an earlier filter in the chain: of it only what this filter cannot find out by itself is passed on.
//!
//! Whoever can write a record can write such a tag. So nothing of it counts as found, no text of it is repeated, and
//! it never changes what this filter says of the record by its own judgement.

use super::words::{FAILED, LOST, MAX_BYTES, NOT_JUDGED, PASSED_ON, SCHEMA, Verdict};
use crate::event::Note;
use crate::json::{self, Object, Value};
use crate::order;
use crate::rules::{Matched, Pack};
use std::borrow::Cow;

/// The part of an earlier filter's tag that only that filter could know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Earlier {
    /// The correlations that it saw completed, by their index in this filter's pack, in ascending order.
    pub correlations: Vec<u32>,
    /// Its handling of the record: what it changed, or could not do.
    pub handling: Option<Handling>,
}

/// The handling of a record by an earlier filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handling {
    /// [`Verdict::Repaired`] or [`Verdict::Unreadable`].
    pub verdict: Verdict,
    /// The note that says it: one of those that this filter writes.
    pub note: Cow<'static, str>,
}

impl Earlier {
    /// Reads the tag that came with a record: one member of our key, as a filter with the same pack writes it. Of
    /// anything else nothing is taken. Costs one pass over at most 16 KiB.
    pub(crate) fn read(object: &Object<'_>, pack: &Pack) -> Self {
        let key = &pack.settings.key;
        let mut own = object.members().iter().filter(|member| object.has_key(**member, key));
        // A filter leaves one. Of several, somebody else wrote at least one.
        if own.next().is_none() || own.next().is_some() {
            return Self::default();
        }
        let tag = object.get(key).filter(|tag| tag.bytes().len() <= MAX_BYTES);
        tag.and_then(|tag| Self::of_tag(tag, pack)).unwrap_or_default()
    }

    fn of_tag(tag: Value<'_>, pack: &Pack) -> Option<Self> {
        let [schema, verdict, rules, notes, passed_on] =
            members(tag, ["schema", "verdict", "rules", "notes", PASSED_ON]);
        if schema?.as_str()? != SCHEMA {
            return None;
        }
        let verdict = verdict?.as_str()?;
        let is = |wanted: Verdict| verdict == wanted.as_str();
        let [passed_on_rules, passed_on_notes] = match passed_on {
            Some(passed_on) => members(passed_on, ["rules", "notes"]),
            None => [None, None],
        };
        let mut earlier = Self::default();
        earlier.take_rules(rules.filter(|_| is(Verdict::Alert)), pack);
        earlier.take_rules(passed_on_rules, pack);
        order::sort_by_key(&mut earlier.correlations, |index| u64::from(*index));
        earlier.take_notes(notes.filter(|_| is(Verdict::Repaired) || is(Verdict::Unreadable)));
        earlier.take_notes(passed_on_notes);
        Some(earlier)
    }

    fn take_rules(&mut self, rules: Option<Value<'_>>, pack: &Pack) {
        // As many as a tag has.
        for rule in rules.and_then(Value::as_array).into_iter().flatten().take(32) {
            let Some(id) = rule.get("id").and_then(Value::as_str) else { continue };
            let known = (0_u32..).zip(&pack.correlations).find(|(_, correlation)| correlation.id == id);
            if let Some((index, _)) = known.filter(|(index, _)| !self.correlations.contains(index)) {
                self.correlations.push(index);
            }
        }
    }

    fn take_notes(&mut self, notes: Option<Value<'_>>) {
        let notes = notes.and_then(Value::as_array).into_iter().flatten().take(32);
        let mut known = notes.filter_map(|note| handling(&note.as_str()?));
        self.handling = self.handling.take().or_else(|| known.next());
    }

    /// Returns whether nothing is passed on.
    pub const fn is_empty(&self) -> bool {
        self.correlations.is_empty() && self.handling.is_none()
    }

    /// Leaves out the correlations that this record cannot have completed: a correlation is completed by a match of one
    /// of its rules.
    pub(super) fn fitting<'e>(
        &'e self,
        pack: &'e Pack,
        matched: &'e [Matched<'e>],
    ) -> impl Iterator<Item = u32> + 'e {
        let fits = |index: &u32| {
            let correlation = pack.correlations.get(*index as usize);
            correlation.is_some_and(|c| c.rules.iter().any(|rule| matched.iter().any(|m| m.rule == *rule)))
        };
        self.correlations.iter().copied().filter(move |index| fits(index))
    }
}

/// The values of an object's members with these keys. Our own keys are never written with escapes.
fn members<'a, const N: usize>(object: Value<'a>, keys: [&str; N]) -> [Option<Value<'a>>; N] {
    let mut values = [None; N];
    for (key, value) in object.members() {
        for (wanted, place) in keys.iter().zip(&mut values) {
            if key == wanted.as_bytes() {
                *place = Some(value);
            }
        }
    }
    values
}

/// Returns what a note of ours says of the handling of a record; `None` for any other text.
fn handling(note: &str) -> Option<Handling> {
    let known = [NOT_JUDGED, LOST].into_iter().find(|known| *known == note);
    // Behind it is why, in the words of a host.
    let known = known.or_else(|| note.starts_with(FAILED).then_some(FAILED));
    if let Some(known) = known {
        return Some(Handling { verdict: Verdict::Unreadable, note: known.into() });
    }
    let what = note.strip_prefix(Note::REPAIRED)?;
    json::is_description(what).then(|| Handling { verdict: Verdict::Repaired, note: note.to_owned().into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Scanner;
    use crate::rules::{Correlation, CorrelationKind, Level};

    fn pack() -> Pack {
        let correlation = |id: &str, rule| Correlation {
            id: id.into(),
            title: id.to_uppercase(),
            level: Level::High,
            techniques: Vec::new(),
            kind: CorrelationKind::Temporal,
            rules: vec![rule],
            group_by: Vec::new(),
            timespan: 1,
            condition: Vec::new(),
            value_field: None,
        };
        Pack { correlations: vec![correlation("a", 0), correlation("b", 1)], ..Pack::default() }
    }

    fn read(record: &str) -> Earlier {
        let mut scanner = Scanner::default();
        Earlier::read(&scanner.scan(record.as_bytes()).unwrap(), &pack())
    }

    fn tag(members: &str) -> Earlier {
        read(&format!(r#"{{"x":1,"schtag":{{"schema":"1",{members}}}}}"#))
    }

    #[test]
    fn correlations_of_the_pack_are_taken() {
        for members in [
            r#""verdict":"alert","rules":[{"id":"b","title":"forged","level":"critical"},{"id":"a"},{"id":"b"},{"id":"c"}]"#,
            r#""verdict":"passed_on","passed_on":{"rules":[{"id":"b"},{"id":"a"}]}"#,
            r#""verdict":"alert","rules":[{"id":"a"}],"passed_on":{"rules":[{"id":"b"}]}"#,
            r#""verdict":"observed","passed_on":{"rules":[{"id":"b"},{"id":"a"}]}"#,
        ] {
            assert_eq!(tag(members).correlations, [0, 1], "{members}");
        }
    }

    #[test]
    fn notes_of_ours_are_taken() {
        let repaired = "record was not valid JSON: 2 \\\\x escapes; 1 raw control character in a string";
        for (members, verdict) in [
            (format!(r#""verdict":"repaired","notes":["{repaired}"]"#), Verdict::Repaired),
            (format!(r#""verdict":"alert","passed_on":{{"notes":["{repaired}"]}}"#), Verdict::Repaired),
            (format!(r#""verdict":"unreadable","notes":["x","{LOST}"]"#), Verdict::Unreadable),
            (format!(r#""verdict":"unreadable","notes":["{NOT_JUDGED}"]"#), Verdict::Unreadable),
        ] {
            assert_eq!(tag(&members).handling.unwrap().verdict, verdict, "{members}");
        }
        let failed = tag(&format!(r#""verdict":"unreadable","notes":["{FAILED}: <b>words of another</b>"]"#));
        assert_eq!(failed.handling.unwrap().note, FAILED);
    }

    #[test]
    fn of_anything_else_nothing_is_taken() {
        for members in [
            r#""verdict":"observed","rules":[{"id":"a"}]"#,
            r#""verdict":"allowlisted","rules":[{"id":"a"}]"#,
            r#""verdict":"alert","rules":["a",{"id":1},{"ID":"a"},{"id":"A"}]"#,
            r#""verdict":"alert","rules":{"id":"a"}"#,
            r#""verdict":1,"rules":[{"id":"a"}]"#,
            r#""rules":[{"id":"a"}]"#,
            r#""verdict":"repaired","notes":["record was not valid JSON: call 555-0100"]"#,
            r#""verdict":"repaired","notes":["record was not valid JSON: "]"#,
            r#""verdict":"repaired","notes":"record was not valid JSON: 1 \\x escape""#,
            r#""verdict":"observed","notes":["no memory for a copy of the record"]"#,
        ] {
            assert!(tag(members).is_empty(), "{members}");
        }
        let good = r#"{"schema":"1","verdict":"alert","rules":[{"id":"a"}]}"#;
        assert!(!read(&format!(r#"{{"schtag":{good}}}"#)).is_empty());
        for record in [
            format!(r#"{{"schtag":{good},"schtag":{good}}}"#),
            format!(r#"{{"schtag":[{good}]}}"#),
            format!(r#"{{"a":{{"schtag":{good}}}}}"#),
            format!(r#"{{"schtag":{}}}"#, good.replace("\"1\"", "\"2\"")),
            format!(
                r#"{{"schtag":{}}}"#,
                good.replace("{\"id\"", &format!("{{\"x\":\"{}\",\"id\"", "x".repeat(MAX_BYTES)))
            ),
        ] {
            assert!(read(&record).is_empty(), "{record:.200}");
        }
    }

    #[test]
    fn only_a_match_of_its_rules_completes_a_correlation() {
        let earlier = Earlier { correlations: vec![0, 1], handling: None };
        let matched = [Matched { rule: 1, action: None, evidence: Vec::new(), branches: Vec::new() }];
        assert_eq!(earlier.fitting(&pack(), &matched).collect::<Vec<_>>(), [1]);
        assert_eq!(earlier.fitting(&pack(), &[]).count(), 0);
    }
}
