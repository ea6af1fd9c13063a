//! Counts findings by time.
use schtag::rules::Level;
use std::collections::BTreeMap;

/// The most spans that are kept apart.
const MOST: usize = 2_000;
/// The widths that spans may have, in milliseconds: a minute to a hundred years.
const WIDTHS: [i64; 12] = [
    60_000,
    300_000,
    900_000,
    3_600_000,
    10_800_000,
    21_600_000,
    43_200_000,
    86_400_000,
    604_800_000,
    2_592_000_000,
    31_536_000_000,
    3_153_600_000_000,
];

/// Counts by level, in the order of [`Level`].
pub(super) type Counts = [u64; 5];

/// Counts by time, in spans that grow wider as the time that they cover grows.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// The index of the spans' width.
    width: usize,
    spans: BTreeMap<i64, Counts>,
    range: Option<(i64, i64)>,
}

/// Spans for a chart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spans {
    /// When the first begins, in milliseconds since 1970.
    pub(super) start: i64,
    /// The length of each span, in milliseconds.
    pub(super) width: i64,
    /// The counts of each; there are no gaps.
    pub(super) counts: Vec<Counts>,
}

impl Timeline {
    pub(super) fn add(&mut self, time: i64, level: Level) {
        self.range = Some(self.range.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        let mut counts = [0; 5];
        if let Some(count) = counts.get_mut(level as usize) {
            *count = 1;
        }
        add(&mut self.spans, time.div_euclid(width(self.width)), &counts);
        while self.spans.len() > MOST && self.width + 1 < WIDTHS.len() {
            self.spans = self.widened(self.width + 1);
            self.width += 1;
        }
    }

    /// The first and the last time.
    pub(super) const fn range(&self) -> Option<(i64, i64)> {
        self.range
    }

    fn widened(&self, index: usize) -> BTreeMap<i64, Counts> {
        let mut spans = BTreeMap::new();
        for (span, counts) in &self.spans {
            add(&mut spans, (span * width(self.width)).div_euclid(width(index)), counts);
        }
        spans
    }

    /// Returns at most `most` spans that cover everything.
    pub(super) fn spans(&self, most: usize) -> Option<Spans> {
        let (first, last) = self.range?;
        let covered = |index: usize| last.div_euclid(width(index)) - first.div_euclid(width(index)) + 1;
        let fits = |index: &usize| usize::try_from(covered(*index)).is_ok_and(|count| count <= most);
        let index = (self.width..WIDTHS.len()).find(fits).unwrap_or(WIDTHS.len() - 1);
        let spans = self.widened(index);
        let start = first.div_euclid(width(index));
        let end = last.div_euclid(width(index));
        let counts =
            (start..=end).take(most).map(|span| spans.get(&span).copied().unwrap_or_default()).collect();
        Some(Spans { start: start * width(index), width: width(index), counts })
    }
}

fn width(index: usize) -> i64 {
    WIDTHS.get(index).copied().unwrap_or(60_000)
}

fn add(spans: &mut BTreeMap<i64, Counts>, span: i64, counts: &Counts) {
    let sums = spans.entry(span).or_default();
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum = sum.saturating_add(*count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_cover_everything_and_nothing_is_lost() {
        let mut timeline = Timeline::default();
        assert_eq!(timeline.spans(10), None);
        timeline.add(1_772_439_247_000, Level::High);
        timeline.add(1_772_439_307_000, Level::High);
        let spans = timeline.spans(10).unwrap();
        assert_eq!((spans.start, spans.width, spans.counts.len()), (1_772_439_240_000, 60_000, 2));
        for day in 0..3_000 {
            timeline.add(1_772_439_247_000 + day * 86_400_000, Level::Low);
        }
        assert!(timeline.spans.len() <= MOST);
        let spans = timeline.spans(40).unwrap();
        assert!(spans.counts.len() <= 40, "{}", spans.counts.len());
        let sum: Counts =
            spans.counts.iter().fold([0; 5], |sum, counts| std::array::from_fn(|i| sum[i] + counts[i]));
        assert_eq!((sum[Level::High as usize], sum[Level::Low as usize]), (2, 3_000));
        timeline.add(0, Level::Medium);
        timeline.add(253_402_300_799_999, Level::Medium);
        assert!(timeline.spans(40).is_some());
    }
}
