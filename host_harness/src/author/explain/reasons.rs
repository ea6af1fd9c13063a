//! Why a condition does not hold, in terms of its detections.
use super::view::{DetectionView, Reason, Truth};
use crate::rules::sigma::Part;
use schtag::rules::{Op, Trace};
use std::ops::Range;

/// Returns what keeps a condition from holding: of what it joins with `and`, whatever does not hold. `parts` are the
/// named detections in the order of `detections`.
pub(super) fn reasons(
    condition: &[Op],
    parts: &[&Part],
    detections: &[DetectionView],
    trace: &Trace,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let is_named = |range: &Range<usize>| parts.iter().any(|part| part.ops.contains(range));
    for operand in operands(condition, is_named) {
        let ops = condition.get(operand.clone()).unwrap_or_default();
        if trace.truth(ops) {
            continue;
        }
        let within = |part: &Part| {
            part.ops.iter().any(|range| range.start >= operand.start && range.end <= operand.end)
        };
        // A negation within a detection is its own.
        let negated = ops.last() == Some(&Op::Not) && !is_named(&operand);
        let wanted = if negated { Truth::Holds } else { Truth::Fails };
        let names = parts
            .iter()
            .zip(detections)
            .filter(|(part, detection)| within(part) && detection.truth == wanted)
            .map(|(_, detection)| detection.name.clone())
            .collect();
        reasons.push(if negated { Reason::Excluded { by: names } } else { Reason::Lacks { one_of: names } });
    }
    reasons
}

/// The ranges of what a condition joins with `and`, at any depth, in order; what is named is not taken apart.
fn operands(condition: &[Op], is_named: impl Fn(&Range<usize>) -> bool) -> Vec<Range<usize>> {
    let mut done = Vec::new();
    let mut open: Vec<Range<usize>> = Vec::new();
    open.push(0..condition.len());
    while let Some(range) = open.pop() {
        let ops = condition.get(range.clone()).unwrap_or_default();
        match ops.split_last() {
            Some((Op::AtLeast { least, of }, before)) if least == of && !is_named(&range) => {
                let joined = values(before, range.start);
                // The last are taken first, so that the first are done first.
                open.extend(joined.into_iter().rev());
            }
            _ => done.push(range),
        }
    }
    done
}

/// The ranges of the values that some operations leave; `offset` is where they begin.
fn values(ops: &[Op], offset: usize) -> Vec<Range<usize>> {
    let mut stack: Vec<Range<usize>> = Vec::new();
    for (index, op) in ops.iter().enumerate() {
        let index = index.saturating_add(offset);
        let end = index.saturating_add(1);
        let start = match op {
            Op::Pattern(_) | Op::Constant(_) => index,
            Op::Not => stack.pop().map_or(index, |range| range.start),
            Op::AtLeast { of, .. } => {
                let keep = stack.len().saturating_sub(*of as usize);
                let first = stack.get(keep).map_or(index, |range| range.start);
                stack.truncate(keep);
                first
            }
        };
        stack.push(start..end);
    }
    stack
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_falls_into_what_it_joins() {
        let all = |of| Op::AtLeast { least: of, of };
        let any = |of| Op::AtLeast { least: 1, of };
        // (0 and (1 or 2)) and not (3 and 4)
        let ops = [
            Op::Pattern(0),
            Op::Pattern(1),
            Op::Pattern(2),
            any(2),
            all(2),
            Op::Pattern(3),
            Op::Pattern(4),
            all(2),
            Op::Not,
            all(2),
        ];
        assert_eq!(operands(&ops, |_| false), [0..1, 1..4, 5..9]);
        assert_eq!(operands(&ops, |range| *range == (0..5)), [0..5, 5..9]);
        assert_eq!(operands(&[Op::Pattern(0), Op::Not], |_| false).first(), Some(&(0..2)));
        assert!(operands(&[], |_| false).iter().all(Range::is_empty));
    }
}
