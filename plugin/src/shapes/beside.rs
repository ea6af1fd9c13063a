//! The members of a record that tell shapes apart, found in one pass.

use super::{key, walk};
use crate::json::{Kind, Object};
use crate::work::Work;

/// The names that are looked for.
const NAMES: [&str; 15] = [
    "StringInserts",
    "ComputerName",
    "ProviderName",
    "EventData",
    "SourceModuleType",
    "SourceModuleName",
    "ParameterXml",
    "TimeGenerated",
    "log_name",
    "beat",
    "RuleTitle",
    "Payload",
    "provider_guid",
    "data",
    "action",
];

/// The kinds of those members that a record has; of several of one name the last counts.
#[derive(Debug, Default)]
pub(super) struct Beside {
    kinds: [Option<Kind>; NAMES.len()],
}

impl Beside {
    /// Looks for them in a record.
    pub(super) fn of(record: &Object<'_>, work: &Work) -> Self {
        let mut beside = Self::default();
        if !work.spend(walk::looking_at_keys(record)) {
            return beside;
        }
        for (name, value) in record.iter() {
            let plain;
            let name = if record.has_escaped_keys() {
                plain = key::plain(name);
                &*plain
            } else {
                name
            };
            let known = NAMES.iter().position(|known| known.as_bytes() == name);
            if let Some(kind) = known.and_then(|known| beside.kinds.get_mut(known)) {
                *kind = Some(value.kind());
            }
        }
        beside
    }

    /// The kind of a member.
    pub(super) fn kind(&self, name: &str) -> Option<Kind> {
        let known = NAMES.iter().position(|known| *known == name);
        known.and_then(|known| self.kinds.get(known).copied()).flatten()
    }

    /// Returns whether the record is one that Azure's agents send.
    pub(super) fn is_azure(&self) -> bool {
        let is = |name: &str, kind: Kind| self.kind(name) == Some(kind);
        is("EventData", Kind::String)
            || is("ParameterXml", Kind::String)
            || (is("TimeGenerated", Kind::String) && is("EventData", Kind::Object))
    }
}
