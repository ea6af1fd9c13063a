//! Applies the operator's list of known benign tasks.
use crate::fields::{Field, Fields, Table};
use crate::rules::{Allow, Glob};
use crate::work::Work;
use sha2::{Digest, Sha256};

/// Units of work for a byte of a command line that is hashed.
const HASHED: usize = 80;

/// The event to which an entry is compared.
pub(super) struct Subject<'a> {
    /// The fields that all actions share.
    pub(super) event: &'a Table<'a>,
    /// Those of each action.
    pub(super) actions: &'a [Table<'a>],
    /// Unix time of the record, in seconds.
    pub(super) now: u64,
    /// The task's definition and its commands were read whole, so that there is no action that nobody saw.
    pub(super) complete: bool,
    /// The work that the comparison may cost.
    pub(super) work: &'a Work,
}

/// Returns whether an entry covers a match of a rule.
pub(super) fn covers(allow: &Allow, rule: &str, subject: &Subject<'_>) -> bool {
    let in_time = allow.expires.is_none_or(|end| subject.now < end);
    let for_rule = allow.rules.is_empty() || allow.rules.iter().any(|id| id == rule);
    let asks = !allow.patterns.is_empty() || !allow.command_hashes.is_empty() || !allow.class_ids.is_empty();
    in_time && for_rule && asks && subject.complete && fits(allow, subject)
}

fn fits(allow: &Allow, subject: &Subject<'_>) -> bool {
    allow.patterns.iter().all(|(field, glob)| {
        if field.per_action() {
            every_action(subject, |action| has(action, *field, glob, subject.work))
        } else {
            has(subject.event, *field, glob, subject.work)
        }
    }) && (allow.command_hashes.is_empty()
        || every_action(subject, |action| {
            let line = action.first(Field::TaskCommandLine);
            line.is_some_and(|line| {
                subject.work.walk(line.len(), HASHED) && allow.command_hashes.contains(&command_hash(line))
            })
        }))
        && (allow.class_ids.is_empty()
            || every_action(subject, |action| {
                let id = action.first(Field::TaskClassId).and_then(class_id);
                id.is_some_and(|id| allow.class_ids.contains(&id))
            }))
}

/// One benign action must not cover for another, so all of them have to fit, and there must be one.
fn every_action(subject: &Subject<'_>, test: impl Fn(&Table<'_>) -> bool) -> bool {
    !subject.actions.is_empty() && subject.actions.iter().all(test)
}

fn has(table: &Table<'_>, field: Field, glob: &Glob, work: &Work) -> bool {
    let values = table.values(field);
    !values.is_empty() && values.iter().all(|value| glob.matches(value, work))
}

/// A class id, with or without braces and dashes, as the number that its 32 hexadecimal digits are.
pub fn class_id(text: &str) -> Option<u128> {
    let text = text.trim();
    let inner = text.strip_prefix('{').and_then(|inside| inside.strip_suffix('}')).unwrap_or(text);
    let mut number = 0_u128;
    let mut digits = 0_u32;
    for c in inner.chars().filter(|&c| c != '-') {
        number = (number << 4) | u128::from(c.to_digit(16)?);
        digits = digits.saturating_add(1);
    }
    (digits == 32).then_some(number)
}

/// The command lines that are hashed for a tag, and the most bytes of them all.
const SHOWN: usize = 16;
const SHOWN_BYTES: usize = 4096;

/// The hashes of the actions' command lines, each once, as an entry's `command_sha256` wants them. None where there are
/// more than a tag should pay for: an entry needs all.
pub(super) fn command_hashes(actions: &[Table<'_>], work: &Work) -> Vec<String> {
    let mut lines: Vec<&str> = Vec::new();
    let mut bytes = 0_usize;
    for line in actions.iter().filter_map(|action| action.first(Field::TaskCommandLine)) {
        if !lines.contains(&line) {
            bytes = bytes.saturating_add(line.len());
            if lines.len() >= SHOWN || bytes > SHOWN_BYTES {
                return Vec::new();
            }
            lines.push(line);
        }
    }
    if !work.walk(bytes, HASHED) {
        return Vec::new();
    }
    lines.into_iter().map(command_hash).collect()
}

/// Lower-case hexadecimal SHA-256 of a command line in normal form.
fn command_hash(line: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(line.as_bytes());
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().map_or('0', char::from);
    digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::GlobPart;

    fn allow(patterns: Vec<(Field, &str)>) -> Allow {
        let glob = |text: &str| Glob { cased: false, parts: vec![GlobPart::Literal(text.into())] };
        Allow {
            name: "backup".into(),
            reason: "ours".into(),
            expires: Some(1_000),
            rules: Vec::new(),
            patterns: patterns.into_iter().map(|(field, text)| (field, glob(text))).collect(),
            command_hashes: Vec::new(),
            class_ids: Vec::new(),
        }
    }

    fn table(values: &[(Field, &'static str)]) -> Table<'static> {
        let mut table = Table::new();
        for &(field, value) in values {
            table.push(field, value);
        }
        table
    }

    fn covered(allow: &Allow, actions: &[Table<'_>], now: u64, complete: bool) -> bool {
        let event = table(&[(Field::TaskPath, r"\Backup")]);
        covers(allow, "rule-1", &Subject { event: &event, actions, now, complete, work: &Work::unlimited() })
    }

    #[test]
    fn all_that_an_entry_names_must_fit() {
        let named = allow(vec![(Field::TaskPath, r"\backup"), (Field::TaskImageName, "backup.exe")]);
        let good = table(&[(Field::TaskImageName, "backup.exe")]);
        let bad = table(&[(Field::TaskImageName, "powershell.exe")]);
        assert!(covered(&named, std::slice::from_ref(&good), 1, true));
        assert!(!covered(&named, std::slice::from_ref(&bad), 1, true));
        assert!(
            !covered(&named, &[good.clone(), bad], 1, true),
            "a benign action does not cover for another"
        );
        assert!(!covered(&named, &[], 1, true), "no action, nothing known of it");
        assert!(
            !covered(&named, std::slice::from_ref(&good), 1, false),
            "an unread rest may hold another action"
        );
        assert!(!covered(&named, &[good], 1_000, true), "expired");
    }

    #[test]
    fn an_entry_that_asks_for_nothing_covers_nothing() {
        assert!(!covered(&allow(Vec::new()), &[], 1, true));
    }

    #[test]
    fn an_entry_may_be_for_some_rules_only() {
        let mut scoped = allow(vec![(Field::TaskPath, r"\backup")]);
        scoped.rules = vec!["rule-2".into()];
        assert!(!covered(&scoped, &[], 1, true));
        scoped.rules.push("rule-1".into());
        assert!(covered(&scoped, &[], 1, true));
    }

    #[test]
    fn a_class_id_fits_in_every_spelling() {
        let id = class_id("{0A1B2C3D-1111-2222-3333-444455556666}").unwrap();
        let mut com = allow(vec![(Field::TaskPath, r"\backup")]);
        com.class_ids = vec![id];
        let action = |text| table(&[(Field::TaskClassId, text)]);
        for text in ["{0a1b2c3d-1111-2222-3333-444455556666}", "0A1B2C3D-1111-2222-3333-444455556666"] {
            assert!(covered(&com, &[action(text)], 1, true), "{text}");
        }
        let other = "{0A1B2C3D-1111-2222-3333-444455556667}";
        assert!(!covered(&com, &[action(other)], 1, true));
        assert!(!covered(&com, &[action(other), action("{0A1B2C3D-1111-2222-3333-444455556666}")], 1, true));
        assert!(!covered(&com, &[table(&[(Field::TaskImageName, "backup.exe")])], 1, true), "a program");
        for bad in [
            "",
            "{",
            "0A1B2C3D",
            "{0A1B2C3D-1111-2222-3333-44445555666G}",
            "0A1B2C3D11112222333344445555666677",
        ] {
            assert_eq!(class_id(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_hashes_of_a_task_are_all_or_none() {
        let line = |text: &'static str| table(&[(Field::TaskCommandLine, text)]);
        let hashes = |actions: &[Table<'_>]| command_hashes(actions, &Work::unlimited());
        let two = hashes(&[line("abc"), line("abd"), line("abc"), table(&[])]);
        assert_eq!(two, [command_hash("abc"), command_hash("abd")]);
        let mut hashed = allow(Vec::new());
        hashed.command_hashes = two;
        assert!(
            covered(&hashed, &[line("abc"), line("abd")], 1, true),
            "what the tag shows is what an entry wants"
        );
        let long: &'static str = Box::leak("x".repeat(SHOWN_BYTES).into_boxed_str());
        assert_eq!(hashes(&[line(long)]).len(), 1);
        assert!(hashes(&[line(long), line("y")]).is_empty());
        let many: Vec<_> = (0..=SHOWN).map(|n| line(Box::leak(n.to_string().into_boxed_str()))).collect();
        assert!(hashes(&many).is_empty());
        assert_eq!(hashes(&many[1..]).len(), SHOWN);
        assert!(command_hashes(&[line("abc")], &Work::new(10)).is_empty());
    }

    #[test]
    fn a_hash_stands_for_one_exact_command_line() {
        // The SHA-256 of "abc" in FIPS 180-2.
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(command_hash("abc"), hash);
        let mut hashed = allow(Vec::new());
        hashed.command_hashes = vec![hash.into()];
        assert!(covered(&hashed, &[table(&[(Field::TaskCommandLine, "abc")])], 1, true));
        assert!(!covered(&hashed, &[table(&[(Field::TaskCommandLine, "abd")])], 1, true));
    }
}
