//! Entries of the allowlist: tasks that are known to be benign.

use super::{SettingsError, SettingsWarning, date, pattern};
use crate::rules::yaml::Node;
use schtag::fields::Field;
use schtag::rules::{Allow, Glob, GlobPart};
use std::time::{SystemTime, UNIX_EPOCH};

/// Reads one entry.
pub(super) fn entry(
    node: &Node<'_>,
    now: SystemTime,
) -> Result<(Allow, Option<SettingsWarning>), SettingsError> {
    let mut keys = vec!["name", "reason", "expires", "rules", "subject", "command_sha256", "class_id"];
    keys.extend(PATTERNS.iter().map(|(key, _)| *key));
    node.only(&keys)?;

    let name = required(node, "name")?;
    let reason = required(node, "reason")?;
    let mut warning = None;
    let mut expires = None;
    if let Some(node) = node.get("expires")? {
        let written = node.text()?;
        let end = date::end_of_day(written).ok_or_else(|| node.expected("a date such as `2027-03-31`"))?;
        let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if end < now {
            warning = Some(SettingsWarning::Expired {
                place: node.place().to_owned(),
                name: name.clone(),
                expired: written.to_owned(),
            });
        }
        expires = Some(end);
    }
    let rules = match node.get("rules")? {
        Some(rules) => {
            let ids = rules.texts()?;
            if ids.is_empty() {
                return Err(SettingsError::value(&rules, "name rules by id, or remove the key to cover all"));
            }
            ids
        }
        None => Vec::new(),
    };

    let mut patterns = Vec::new();
    for (key, field) in PATTERNS {
        if let Some(node) = node.get(key)? {
            patterns.push((*field, pattern(&node)?));
        }
    }
    if let Some(node) = node.get("subject")? {
        patterns.push((subject_field(node.text()?), pattern(&node)?));
    }
    let command_hashes = match node.get("command_sha256")? {
        Some(hashes) => hashes.one_or_more().iter().map(hash).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let class_ids = match node.get("class_id")? {
        Some(ids) => ids.one_or_more().iter().map(class_id).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    if command_hashes.is_empty()
        && class_ids.is_empty()
        && patterns.iter().all(|(_, glob)| fits_everything(glob))
    {
        let reason = "this would cover every task; name at least one of `task_name`, `author`, `subject`, \
                      `image`, `command_line` (other than `*`), `command_sha256` or `class_id`";
        return Err(SettingsError::value(node, reason));
    }
    Ok((Allow { name, reason, expires, rules, patterns, command_hashes, class_ids }, warning))
}

/// The keys that hold a pattern, and the field that it must fit.
const PATTERNS: &[(&str, Field)] = &[
    ("task_name", Field::TaskPath),
    ("author", Field::TaskAuthor),
    ("image", Field::TaskImage),
    ("command_line", Field::TaskCommandLine),
];

/// A subject is a SID or an account name.
fn subject_field(pattern: &str) -> Field {
    let is_sid = pattern.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("S-1-"));
    if is_sid { Field::SubjectUserSid } else { Field::SubjectUserName }
}

fn required(node: &Node<'_>, key: &str) -> Result<String, SettingsError> {
    let node = node.require(key)?;
    let text = node.text()?.trim();
    if text.is_empty() {
        return Err(SettingsError::value(&node, "must not be empty"));
    }
    Ok(text.to_owned())
}

fn hash(node: &Node<'_>) -> Result<String, SettingsError> {
    let text = node.text()?;
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(node.expected("a SHA-256 in 64 hexadecimal digits").into());
    }
    Ok(text.to_ascii_lowercase())
}

fn class_id(node: &Node<'_>) -> Result<u128, SettingsError> {
    let id = schtag::verdict::class_id(node.text()?);
    id.ok_or_else(|| node.expected("a class id such as `{0A1B2C3D-1111-2222-3333-444455556666}`").into())
}

fn fits_everything(glob: &Glob) -> bool {
    matches!(glob.parts.as_slice(), [GlobPart::Any])
}
