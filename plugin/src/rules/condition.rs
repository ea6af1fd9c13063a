//! Conditions in postfix order.
use super::{LoadError, Op};

/// Evaluates a condition. `matched` says whether a pattern matches; `stack` is working memory.
///
/// A condition that [`check`] accepts leaves one value; of any other the result is false.
pub(super) fn evaluate(condition: &[Op], matched: impl Fn(u32) -> bool, stack: &mut Vec<bool>) -> bool {
    stack.clear();
    for op in condition {
        match *op {
            Op::Pattern(pattern) => stack.push(matched(pattern)),
            Op::Constant(value) => stack.push(value),
            Op::Not => {
                if let Some(top) = stack.last_mut() {
                    *top = !*top;
                }
            }
            Op::AtLeast { least, of } => {
                let from = stack.len().saturating_sub(of as usize);
                let count = stack.drain(from..).filter(|&value| value).count();
                stack.push(count >= least as usize);
            }
        }
    }
    stack.last().copied().unwrap_or(false)
}

/// Checks that a condition leaves exactly one value and names only patterns that exist.
pub(super) fn check(condition: &[Op], patterns: usize) -> Result<(), LoadError> {
    let mut depth = 0_usize;
    for op in condition {
        depth = match *op {
            Op::Pattern(pattern) if pattern as usize >= patterns => {
                return Err(LoadError::Unusable("a condition names a pattern that is not there"));
            }
            Op::Pattern(_) | Op::Constant(_) => depth.saturating_add(1),
            Op::Not if depth == 0 => return Err(LoadError::Unusable("a condition negates nothing")),
            Op::Not => depth,
            Op::AtLeast { of, .. } => match depth.checked_sub(of as usize) {
                Some(rest) => rest.saturating_add(1),
                None => return Err(LoadError::Unusable("a condition joins more than there is")),
            },
        };
    }
    if depth == 1 { Ok(()) } else { Err(LoadError::Unusable("a condition does not leave one value")) }
}

/// The patterns that speak for a match: those under an even number of negations, in order, each once.
pub(super) fn positive_patterns(condition: &[Op]) -> Vec<u32> {
    // For each value on the stack, where its first step stands in `seen`.
    let mut starts: Vec<usize> = Vec::new();
    let mut seen: Vec<(u32, bool)> = Vec::new();
    for op in condition {
        match *op {
            Op::Pattern(pattern) => {
                starts.push(seen.len());
                seen.push((pattern, true));
            }
            Op::Constant(_) => starts.push(seen.len()),
            Op::Not => {
                let from = starts.last().copied().unwrap_or(0);
                for (_, positive) in seen.iter_mut().skip(from) {
                    *positive = !*positive;
                }
            }
            Op::AtLeast { of, .. } => {
                let keep = starts.len().saturating_sub(of as usize);
                let from = starts.get(keep).copied().unwrap_or(seen.len());
                starts.truncate(keep);
                starts.push(from);
            }
        }
    }
    let mut patterns = Vec::new();
    for (pattern, positive) in seen {
        if positive && !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn and(of: u32) -> Op {
        Op::AtLeast { least: of, of }
    }
    const fn or(of: u32) -> Op {
        Op::AtLeast { least: 1, of }
    }

    #[test]
    fn conditions_are_evaluated_in_postfix_order() {
        // 0 and not (1 or 2)
        let condition = [Op::Pattern(0), Op::Pattern(1), Op::Pattern(2), or(2), Op::Not, and(2)];
        let with = |set: &[u32]| evaluate(&condition, |p| set.contains(&p), &mut Vec::new());
        assert!(with(&[0]));
        assert!(!with(&[0, 1]));
        assert!(!with(&[0, 2]));
        assert!(!with(&[]));
    }

    #[test]
    fn a_number_of_them() {
        let condition = [Op::Pattern(0), Op::Pattern(1), Op::Pattern(2), Op::AtLeast { least: 2, of: 3 }];
        let with = |set: &[u32]| evaluate(&condition, |p| set.contains(&p), &mut Vec::new());
        assert!(with(&[0, 2]) && with(&[0, 1, 2]) && !with(&[1]));
    }

    #[test]
    fn joining_nothing_is_true_for_and_and_false_for_or() {
        assert!(evaluate(&[and(0)], |_| false, &mut Vec::new()));
        assert!(!evaluate(&[or(0)], |_| false, &mut Vec::new()));
    }

    #[test]
    fn what_does_not_leave_one_value_is_refused() {
        assert!(check(&[Op::Pattern(0)], 1).is_ok());
        for broken in
            [&[] as &[Op], &[Op::Not], &[Op::Pattern(1)], &[Op::Pattern(0), Op::Pattern(0)], &[and(1)]]
        {
            assert!(check(broken, 1).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn negated_patterns_do_not_speak_for_a_match() {
        let condition = [
            Op::Pattern(0),
            Op::Pattern(1),
            Op::Pattern(2),
            or(2),
            Op::Not,
            Op::Pattern(3),
            Op::Not,
            Op::Not,
            and(3),
        ];
        assert!(check(&condition, 4).is_ok());
        assert_eq!(positive_patterns(&condition), [0, 3]);
    }
}
