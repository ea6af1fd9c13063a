//! Counts the records of a batch by their results.
use crate::run::wasmtime::CallError;
use schtag::json::Scanner;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The counts of a batch's records.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) events: u64,
    /// By the tag's verdict and severity.
    pub(super) detections: BTreeMap<(String, String), u64>,
    /// By rule id.
    pub(super) rules: BTreeMap<String, u64>,
    /// Records that were no JSON objects, and were mended or wrapped.
    pub(super) invalid: u64,
    /// Events that are over a limit of ours, and pass without a tag.
    pub(super) untagged: BTreeMap<Limit, u64>,
    /// The first fault of the guest.
    pub(super) fault: Option<CallError>,
}

/// A limit of our own. What is over it passes without a tag: after a 4xx a sender would drop it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Limit {
    /// The body, as it comes, is larger than allowed.
    Body,
    /// The body is larger than allowed when it is decompressed.
    Decompressed,
    /// The batch alone needs more than all requests may hold together.
    Memory,
    /// By its tags the batch has grown too large.
    Growth,
    /// The batch has very many records that are no JSON.
    Repaired,
}

impl Limit {
    /// The label in metrics, and the value of `Schtag-Untagged`.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Decompressed => "decompressed",
            Self::Memory => "memory",
            Self::Growth => "growth",
            Self::Repaired => "repaired",
        }
    }
}

/// The outcome of looking at a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    Repaired,
    Other,
}

impl Tally {
    /// Counts the tag of a record.
    pub(super) fn count(&mut self, scanner: &mut Scanner, record: &[u8], key: &str) -> Counted {
        #[derive(Deserialize)]
        struct Tag {
            #[serde(default)]
            verdict: String,
            #[serde(default)]
            severity: String,
            #[serde(default)]
            rules: Vec<Rule>,
        }
        #[derive(Deserialize)]
        struct Rule {
            id: String,
        }
        let value = scanner.scan(record).ok().and_then(|object| object.get(key));
        let Some(tag) = value.and_then(|value| serde_json::from_slice::<Tag>(value.bytes()).ok()) else {
            return Counted::Other;
        };
        let repaired = tag.verdict == "repaired";
        self.invalid += u64::from(repaired);
        *self.detections.entry((tag.verdict, tag.severity)).or_default() += 1;
        for rule in tag.rules {
            *self.rules.entry(rule.id).or_default() += 1;
        }
        if repaired { Counted::Repaired } else { Counted::Other }
    }
}
