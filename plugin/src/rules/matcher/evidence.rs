//! The values that speak for a match.
use super::hits::{Hit, Hits};
use super::rows::Row;
use super::{Evidence, Matcher};
use crate::fields::Fields;
use crate::rules::condition::Speaking;
use crate::rules::condition::{Known, Run};

/// The most values that are given for a match. A tag shows no more.
const MAX: usize = 32;
/// Units of work for a byte of a condition's steps, of which each takes one or more.
const STEP_BYTE: usize = 90;
/// Units of work for a hit.
const HIT: usize = 400;
/// Units of work for a byte of a value in which the words are looked for.
const BYTE: usize = 20;
/// The same where letters other than ASCII have to be folded for it.
const FOLDED_BYTE: usize = 100;

impl Matcher {
    /// The values that speak for a rule on a row, in the order of its condition, as many as the work suffices for.
    pub(super) fn evidence<'t, F: Fields>(
        &self,
        rule: u32,
        hits: &mut Hits,
        row: &Row<'t, '_, F>,
        speaking: &mut Speaking,
    ) -> Vec<Evidence<'t>> {
        let mut evidence: Vec<Evidence<'t>> = Vec::new();
        let steps = self.written.of(rule);
        if !row.work.spend(steps.at_most().saturating_mul(STEP_BYTE)) {
            return evidence;
        }
        speaking.find(steps, &KnownHits { matcher: self, hits });
        for pattern in speaking.patterns() {
            let Some(hit) = hits.show(pattern) else { continue };
            let table = if hit.field.per_action() { row.own } else { row.shared };
            let Some(value) = table.values(hit.field).get(hit.value as usize) else { continue };
            if evidence.len() >= MAX || !row.work.spend(cost(&hit, value)) {
                break;
            }
            let matched = self.tests.excerpt(pattern, value, hit.at);
            let is_same = |known: &Evidence<'_>| {
                known.field == hit.field
                    && known.matched.len() == matched.len()
                    && row.work.walk(matched.len(), 5)
                    && known.matched == matched
            };
            if !evidence.iter().any(is_same) {
                evidence.push(Evidence { field: hit.field, matched });
            }
        }
        hits.forget_shown();
        evidence
    }
}

/// Returns what it costs to find the words of a value and to keep them.
fn cost(hit: &Hit, value: &str) -> usize {
    let a_byte = match hit.at {
        Some(_) if value.is_ascii() => 1,
        _ if value.is_ascii() => BYTE,
        _ => FOLDED_BYTE,
    };
    value.len().saturating_mul(a_byte).saturating_add(HIT)
}

/// Answers which patterns of a matcher match.
struct KnownHits<'m> {
    matcher: &'m Matcher,
    hits: &'m Hits,
}

impl Known for KnownHits<'_> {
    fn pattern(&self, pattern: u32) -> bool {
        self.matcher.holds(pattern, self.hits)
    }

    fn run(&self, run: Run) -> bool {
        self.hits.has_run(run)
    }

    fn matching(&self, run: Run, visit: impl FnMut(u32)) {
        self.hits.each_of(run, visit);
    }
}
