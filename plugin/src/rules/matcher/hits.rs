//! Records which patterns match while an event is evaluated.
use crate::fields::Field;
use crate::rules::condition::Run;

/// The patterns that matched: as a list with the first place of each, and as a set.
#[derive(Debug, Default)]
pub(super) struct Hits {
    pub(super) list: Vec<Hit>,
    /// By pattern: its place in the list, where it is in the set.
    places: Vec<u32>,
    /// The patterns that matched.
    set: PatternSet,
    /// The patterns that were tried: on the value at hand, since to try a pattern wherever its literal stands
    /// would take the square of the value's length; then, of the deferred ones, on the tables at hand.
    tried: PatternSet,
    /// The deferred patterns of which a literal was seen.
    suggested: PatternSet,
    /// The patterns of which the match was given as evidence of the rule at hand.
    shown: PatternSet,
    /// True if the work did not suffice to look at something, so that a match may be missing.
    pub(super) incomplete: bool,
}

/// A pattern that matched, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) pattern: u32,
    pub(super) field: Field,
    pub(super) value: u32,
    /// Where in the value its literal first stands, where that is known.
    pub(super) at: Option<u32>,
}

/// A place in the course of an evaluation, to return to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    hits: usize,
    suggested: usize,
}

impl Hits {
    /// Forgets everything, and makes room for `patterns` patterns.
    pub(super) fn reset(&mut self, patterns: usize) {
        self.list.clear();
        self.incomplete = false;
        self.places.resize(patterns, 0);
        for set in [&mut self.set, &mut self.tried, &mut self.suggested, &mut self.shown] {
            set.reset(patterns);
        }
    }

    /// Returns what is known now.
    pub(super) const fn mark(&self) -> Mark {
        Mark { hits: self.list.len(), suggested: self.suggested.list.len() }
    }

    /// Forgets what became known since.
    pub(super) fn return_to(&mut self, mark: Mark) {
        self.list.truncate(mark.hits);
        self.set.truncate(mark.hits);
        self.suggested.truncate(mark.suggested);
    }

    /// Returns whether a pattern is tried for the first time, which it then no longer is.
    pub(super) fn is_first_try(&mut self, pattern: u32) -> bool {
        self.tried.insert(pattern)
    }

    pub(super) fn was_tried(&self, pattern: u32) -> bool {
        self.tried.contains(pattern)
    }

    pub(super) fn forget_tries(&mut self) {
        self.tried.truncate(0);
    }

    pub(super) fn has(&self, pattern: u32) -> bool {
        self.set.contains(pattern)
    }

    /// Returns whether any or all patterns of a run matched.
    pub(super) fn has_run(&self, run: Run) -> bool {
        self.set.contains_run(run)
    }

    /// Calls `visit` with each pattern of a run that matched, in order.
    pub(super) fn each_of(&self, run: Run, visit: impl FnMut(u32)) {
        self.set.each_of(run, visit);
    }

    /// Notes a match, unless there was one before.
    pub(super) fn note(&mut self, pattern: u32, (field, value): (Field, u32), at: Option<u32>) {
        if self.set.insert(pattern) {
            if let (Some(place), Ok(at)) =
                (self.places.get_mut(pattern as usize), u32::try_from(self.list.len()))
            {
                *place = at;
            }
            self.list.push(Hit { pattern, field, value, at });
        }
    }

    /// The match of a pattern, when it is asked for the first time.
    pub(super) fn show(&mut self, pattern: u32) -> Option<Hit> {
        let place = self.places.get(pattern as usize).copied().filter(|_| self.has(pattern))?;
        self.list.get(place as usize).copied().filter(|_| self.shown.insert(pattern))
    }

    /// Lets every match be shown again.
    pub(super) fn forget_shown(&mut self) {
        self.shown.truncate(0);
    }

    /// The patterns that matched or may match since a mark.
    pub(super) fn since(&self, mark: Mark) -> impl Iterator<Item = u32> {
        let hits = self.list.iter().skip(mark.hits).map(|hit| hit.pattern);
        hits.chain(self.suggested.list.iter().skip(mark.suggested).copied())
    }

    /// Notes that a deferred pattern may match.
    pub(super) fn suggest(&mut self, pattern: u32) {
        self.suggested.insert(pattern);
    }

    pub(super) fn is_suggested(&self, pattern: u32) -> bool {
        self.suggested.contains(pattern)
    }
}

/// A set of patterns that can be emptied in the reverse order of its filling.
#[derive(Debug, Default)]
struct PatternSet {
    list: Vec<u32>,
    /// One bit for each pattern of the pack.
    bits: Vec<u64>,
}

impl PatternSet {
    /// Empties the set, and makes room for `patterns` patterns. Few are in it, so they are taken out one by one.
    fn reset(&mut self, patterns: usize) {
        self.truncate(0);
        self.bits.resize(patterns.div_ceil(64), 0);
    }

    fn contains(&self, pattern: u32) -> bool {
        self.bits.get(pattern as usize / 64).is_some_and(|word| word >> (pattern % 64) & 1 == 1)
    }

    fn contains_run(&self, run: Run) -> bool {
        let bit = run.first % 64;
        if bit.saturating_add(run.count) <= 64 {
            // Most runs are within one word.
            let word = self.bits.get(run.first as usize / 64).copied().unwrap_or(0);
            let mask = u64::MAX.checked_shr(64_u32.wrapping_sub(run.count)).unwrap_or(0) << bit;
            return if run.all { word & mask == mask } else { word & mask != 0 };
        }
        self.contains_long_run(run)
    }

    fn contains_long_run(&self, run: Run) -> bool {
        let (mut at, end) = (run.first, run.first.saturating_add(run.count));
        while at < end {
            let (word, bit) = (self.bits.get(at as usize / 64).copied().unwrap_or(0), at % 64);
            let count = 64_u32.wrapping_sub(bit).min(end.wrapping_sub(at));
            let mask = u64::MAX >> 64_u32.wrapping_sub(count) << bit;
            if run.all && word & mask != mask {
                return false;
            }
            if !run.all && word & mask != 0 {
                return true;
            }
            at = at.wrapping_add(count);
        }
        run.all
    }

    fn each_of(&self, run: Run, mut visit: impl FnMut(u32)) {
        let (mut at, end) = (run.first, run.first.saturating_add(run.count));
        while at < end {
            let word = self.bits.get(at as usize / 64).copied().unwrap_or(0) >> (at % 64);
            if word == 0 {
                at = (at | 63).saturating_add(1);
                continue;
            }
            at = at.saturating_add(word.trailing_zeros());
            if at < end {
                visit(at);
            }
            at = at.saturating_add(1);
        }
    }

    /// Adds a pattern; false when it is there already, or is none of the pack's.
    fn insert(&mut self, pattern: u32) -> bool {
        let Some(word) = self.bits.get_mut(pattern as usize / 64) else { return false };
        let bit = 1 << (pattern % 64);
        let is_new = *word & bit == 0;
        if is_new {
            *word |= bit;
            self.list.push(pattern);
        }
        is_new
    }

    /// Keeps only the first patterns.
    fn truncate(&mut self, keep: usize) {
        for pattern in self.list.drain(keep.min(self.list.len())..) {
            if let Some(word) = self.bits.get_mut(pattern as usize / 64) {
                *word &= !(1 << (pattern % 64));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_looked_up_as_a_whole() {
        let mut hits = Hits::default();
        hits.reset(300);
        for pattern in [63, 64, 130, 131, 132] {
            hits.note(pattern, (Field::TaskName, 0), None);
        }
        for (first, count, any, all) in [
            (0, 63, false, false),
            (0, 64, true, false),
            (63, 2, true, true),
            (62, 3, true, false),
            (65, 65, false, false),
            (65, 66, true, false),
            (130, 3, true, true),
            (130, 4, true, false),
            (131, 1, true, true),
            (133, 300, false, false),
        ] {
            assert_eq!(hits.has_run(Run { first, count, all: false }), any, "any of {count} from {first}");
            assert_eq!(hits.has_run(Run { first, count, all: true }), all, "all of {count} from {first}");
            let mut each = Vec::new();
            hits.each_of(Run { first, count, all: false }, |pattern| each.push(pattern));
            let expected = (first..first + count).filter(|pattern| hits.has(*pattern));
            assert_eq!(each, expected.collect::<Vec<_>>(), "{count} from {first}");
        }
    }
}
