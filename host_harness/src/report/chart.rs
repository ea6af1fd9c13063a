//! The timeline as a picture (SVG).
use super::LEVELS;
use super::timeline::{Counts, Spans};
use crate::text::time::{DAY, rfc3339};
use std::fmt::Write;

/// Room for the numbers at the left, and for the words below.
const LEFT: usize = 44;
const BELOW: usize = 26;
const ABOVE: usize = 10;

/// A bar for each span, as wide and high as said, in pixels.
pub(super) fn bars(spans: &Spans, width: usize, height: usize, class: &str) -> String {
    let highest = spans.counts.iter().map(sum).max().unwrap_or(0).max(1);
    let top = nice(highest);
    let room = height - ABOVE - BELOW;
    let y = |count: u64| ABOVE + room - scaled(count, top, room);
    let mut out = format!(
        "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Alerts over time\">"
    );
    for count in [top, top / 2, 0] {
        if count * 2 == top || count != top / 2 {
            let at = y(count);
            let _ = write!(
                out,
                "<path class=\"grid\" d=\"M{LEFT} {at}H{width}\"/><text class=\"number\" x=\"{}\" y=\"{}\">{count}</text>",
                LEFT - 8,
                at + 4
            );
        }
    }
    let step = (width - LEFT) as f64 / spans.counts.len().max(1) as f64;
    let bar = (step * 0.8).clamp(1.0, 40.0);
    for (index, counts) in spans.counts.iter().enumerate() {
        let x = LEFT as f64 + step * index as f64 + (step - bar) / 2.0;
        let mut below = 0;
        let mut rects = String::new();
        for level in LEVELS {
            let count = counts.get(level as usize).copied().unwrap_or(0);
            if count > 0 {
                let (low, high) = (y(below), y(below + count));
                let _ = write!(
                    rects,
                    "<rect class=\"{}\" x=\"{x:.1}\" y=\"{high}\" width=\"{bar:.1}\" height=\"{}\"/>",
                    level.as_str(),
                    (low - high).max(1)
                );
                below += count;
            }
        }
        if below > 0 {
            let _ =
                write!(out, "<g><title>{}: {}</title>{rects}</g>", label(spans, index, true), words(counts));
        }
    }
    for (index, anchor) in ticks(spans.counts.len(), width) {
        let x = LEFT as f64 + step * (index as f64 + 0.5);
        let x = if anchor == "end" {
            width as f64
        } else if anchor == "start" {
            LEFT as f64
        } else {
            x
        };
        let _ = write!(
            out,
            "<text class=\"{anchor}\" x=\"{x:.1}\" y=\"{}\">{}</text>",
            height - 6,
            label(spans, index, false)
        );
    }
    out.push_str("</svg>");
    out
}

/// The spans that are named below: the first, the last, and one between where there is room.
fn ticks(count: usize, width: usize) -> Vec<(usize, &'static str)> {
    match count {
        0 => Vec::new(),
        1 => vec![(0, "middle")],
        2 => vec![(0, "start"), (1, "end")],
        count if width < 600 || count < 5 => vec![(0, "start"), (count - 1, "end")],
        count => vec![(0, "start"), (count / 2, "middle"), (count - 1, "end")],
    }
}

/// When a span begins.
fn label(spans: &Spans, index: usize, whole: bool) -> String {
    let index = i64::try_from(index).unwrap_or_default();
    let text = rfc3339(spans.start.saturating_add(spans.width.saturating_mul(index)));
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    let time = time.get(..5).unwrap_or(time);
    if spans.width >= DAY {
        date.to_owned()
    } else if whole || spans.width < DAY {
        format!("{date} {time}")
    } else {
        time.to_owned()
    }
}

/// Counts in words.
fn words(counts: &Counts) -> String {
    let count = |level: schtag::rules::Level| counts.get(level as usize).copied().unwrap_or(0);
    let named = LEVELS.into_iter().filter(|level| count(*level) > 0);
    named.map(|level| format!("{} {}", count(level), level.as_str())).collect::<Vec<_>>().join(", ")
}

fn sum(counts: &Counts) -> u64 {
    counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
}

fn scaled(count: u64, top: u64, room: usize) -> usize {
    let room = u64::try_from(room).unwrap_or(0);
    usize::try_from(count.saturating_mul(room) / top.max(1)).unwrap_or(0)
}

/// The next number that is easy to read: 1, 2, 4, 6, 10 or 20 times a power of ten.
fn nice(highest: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for step in [1, 2, 4, 6] {
            let number = power.saturating_mul(step);
            if number >= highest || number == u64::MAX {
                return number;
            }
        }
        power = power.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        for (highest, top) in [(1, 1), (2, 2), (3, 4), (5, 6), (7, 10), (11, 20), (99, 100), (4_100, 6_000)] {
            assert_eq!(nice(highest), top);
        }
        assert_eq!(nice(u64::MAX), u64::MAX);
    }

    #[test]
    fn each_span_with_findings_is_a_bar() {
        let spans = Spans {
            start: 1_772_439_240_000,
            width: 60_000,
            counts: vec![[0, 0, 1, 2, 0], [0; 5], [0, 0, 0, 0, 4]],
        };
        let svg = bars(&spans, 960, 200, "wide");
        assert_eq!(svg.matches("<rect").count(), 3);
        assert!(svg.contains("<title>2026-03-02 08:14: 2 high, 1 medium</title>"), "{svg}");
        assert!(svg.contains(">2026-03-02 08:16</text>"), "{svg}");
        let one = Spans { start: 0, width: 86_400_000, counts: vec![[1, 0, 0, 0, 0]] };
        assert!(bars(&one, 420, 200, "narrow").contains(">1970-01-01</text>"));
    }
}
