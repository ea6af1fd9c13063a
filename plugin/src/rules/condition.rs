//! Conditions in postfix order.
use super::{LoadError, Op};

/// The conditions of all rules in one run of memory: a step takes four bytes.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    steps: Vec<u32>,
    /// Where each rule's steps end; they begin where those of the rule before end.
    ends: Vec<u32>,
}

/// The two highest bits of a step say what it is; the others hold its numbers.
const KIND: u32 = 0xc000_0000;
const PATTERN: u32 = 0;
const AT_LEAST: u32 = 0x4000_0000;
const NOT: u32 = 0x8000_0000;
const CONSTANT: u32 = 0xc000_0000;
/// `AtLeast` has two numbers of so many bits.
const COUNT_BITS: u32 = 15;
const COUNT: u32 = (1 << COUNT_BITS) - 1;

impl Conditions {
    /// Adds the condition of the next rule.
    pub(super) fn push(&mut self, condition: &[Op]) -> Result<(), LoadError> {
        for op in condition {
            self.steps.push(encode(*op).ok_or(LoadError::Unusable("a condition joins too much"))?);
        }
        self.ends.push(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
        Ok(())
    }

    /// The steps of a rule's condition.
    pub(super) fn of(&self, rule: u32) -> impl Iterator<Item = Op> {
        let end = |rule: u32| self.ends.get(rule as usize).map(|end| *end as usize);
        let start = rule.checked_sub(1).map_or(Some(0), end);
        let steps = start.zip(end(rule)).and_then(|(start, end)| self.steps.get(start..end));
        steps.unwrap_or_default().iter().map(|step| decode(*step))
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.steps.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

fn encode(op: Op) -> Option<u32> {
    match op {
        Op::Pattern(pattern) => (pattern & KIND == 0).then_some(PATTERN | pattern),
        Op::AtLeast { least, of } => {
            (least <= COUNT && of <= COUNT).then_some(AT_LEAST | least << COUNT_BITS | of)
        }
        Op::Not => Some(NOT),
        Op::Constant(value) => Some(CONSTANT | u32::from(value)),
    }
}

const fn decode(step: u32) -> Op {
    match step & KIND {
        PATTERN => Op::Pattern(step),
        AT_LEAST => Op::AtLeast { least: step >> COUNT_BITS & COUNT, of: step & COUNT },
        NOT => Op::Not,
        _ => Op::Constant(step & 1 == 1),
    }
}

/// Evaluates a condition. `matched` says whether a pattern matches; `stack` is working memory.
///
/// A condition that [`check`] accepts leaves one value; of any other the result is false.
pub(super) fn evaluate(
    condition: impl IntoIterator<Item = Op>,
    matched: impl Fn(u32) -> bool,
    stack: &mut Vec<bool>,
) -> bool {
    stack.clear();
    for op in condition {
        match op {
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

/// Whether a condition may hold: `known` says whether a pattern matches, `None` where that is not known yet.
/// `stack` is working memory: for each value, whether it holds for certain, and whether it may hold.
pub(super) fn may_hold(
    condition: impl IntoIterator<Item = Op>,
    known: impl Fn(u32) -> Option<bool>,
    stack: &mut Vec<(bool, bool)>,
) -> bool {
    stack.clear();
    for op in condition {
        match op {
            Op::Pattern(pattern) => stack.push(known(pattern).map_or((false, true), |it| (it, it))),
            Op::Constant(value) => stack.push((value, value)),
            Op::Not => {
                if let Some(top) = stack.last_mut() {
                    *top = (!top.1, !top.0);
                }
            }
            Op::AtLeast { least, of } => {
                let from = stack.len().saturating_sub(of as usize);
                let (mut certain, mut possible) = (0_usize, 0_usize);
                for (is_certain, is_possible) in stack.drain(from..) {
                    certain = certain.saturating_add(usize::from(is_certain));
                    possible = possible.saturating_add(usize::from(is_possible));
                }
                stack.push((certain >= least as usize, possible >= least as usize));
            }
        }
    }
    stack.last().is_some_and(|(_, possible)| *possible)
}

/// The patterns of which one at least has to match before a condition can hold: of all such sets the one of the
/// least weight. `None` when it can hold without any. `weight` is that of a pattern, and `None` for one that can
/// hold without having matched.
pub(super) fn triggers(
    condition: impl IntoIterator<Item = Op>,
    weight: impl Fn(u32) -> Option<usize>,
) -> Option<Vec<u32>> {
    type Set = Option<(usize, Vec<u32>)>;
    let mut stack: Vec<Set> = Vec::new();
    for op in condition {
        let set = match op {
            Op::Pattern(pattern) => weight(pattern).map(|weight| (weight, vec![pattern])),
            Op::Constant(true) => None,
            Op::Constant(false) => Some((0, Vec::new())),
            Op::Not => {
                stack.pop();
                None
            }
            Op::AtLeast { least: 0, of } => {
                stack.truncate(stack.len().saturating_sub(of as usize));
                None
            }
            Op::AtLeast { least, of } => {
                let mut sets = stack.split_off(stack.len().saturating_sub(of as usize));
                // When so many of them hold, one does of any that are more than those that need not.
                let enough = (of as usize).saturating_add(1).saturating_sub(least as usize);
                sets.sort_by_key(|set| set.as_ref().map_or(usize::MAX, |(weight, _)| *weight));
                sets.into_iter().take(enough).try_fold(
                    (0, Vec::new()),
                    |(sum, mut all): (usize, Vec<u32>), set| {
                        let (weight, patterns) = set?;
                        all.extend(patterns);
                        Some((sum.saturating_add(weight), all))
                    },
                )
            }
        };
        stack.push(set);
    }
    stack.pop().flatten().map(|(_, patterns)| patterns)
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
pub(super) fn positive_patterns(condition: impl IntoIterator<Item = Op>) -> Vec<u32> {
    // For each value on the stack, where its first step stands in `seen`.
    let mut starts: Vec<usize> = Vec::new();
    let mut seen: Vec<(u32, bool)> = Vec::new();
    for op in condition {
        match op {
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
    fn triggers_are_the_lightest_patterns_without_which_nothing_holds() {
        use Op::{AtLeast, Constant, Not, Pattern};
        let weight = |pattern: u32| match pattern {
            0 => Some(1_000),
            9 => None,
            _ => Some(1),
        };
        for (condition, expected) in [
            (vec![Pattern(1)], Some(vec![1])),
            (vec![Pattern(0), Pattern(1), and(2)], Some(vec![1])),
            (vec![Pattern(0), Pattern(1), Pattern(2), or(2), and(2)], Some(vec![1, 2])),
            (vec![Pattern(0), Pattern(1), or(2)], Some(vec![1, 0])),
            (vec![Pattern(1), Pattern(2), Pattern(3), AtLeast { least: 2, of: 3 }], Some(vec![1, 2])),
            (vec![Pattern(1), Pattern(2), Not, and(2)], Some(vec![1])),
            (vec![Pattern(1), Pattern(2), Not, or(2)], None),
            (vec![Pattern(1), Not, Not], None),
            (vec![Pattern(9)], None),
            (vec![Pattern(9), Pattern(1), and(2)], Some(vec![1])),
            (vec![Pattern(9), Pattern(1), or(2)], None),
            (vec![Constant(true), Pattern(1), and(2)], Some(vec![1])),
            (vec![Constant(true), Pattern(1), or(2)], None),
            (vec![Constant(false), Pattern(1), or(2)], Some(vec![1])),
            (vec![Constant(false)], Some(vec![])),
            (vec![Pattern(1), AtLeast { least: 0, of: 1 }], None),
        ] {
            assert_eq!(triggers(condition.iter().copied(), weight), expected, "{condition:?}");
            // Whatever set of patterns matches, the condition holds only if a trigger is among them.
            let Some(triggers) = expected else { continue };
            for set in 0_u32..16 {
                let matched = |pattern: u32| pattern == 9 || set >> pattern & 1 == 1;
                if evaluate(condition.iter().copied(), matched, &mut Vec::new()) {
                    assert!(triggers.iter().any(|&trigger| matched(trigger)), "{condition:?} with {set:b}");
                }
            }
        }
    }

    #[test]
    fn what_may_hold_is_what_some_outcome_of_the_unknown_makes_hold() {
        use Op::{AtLeast, Not, Pattern};
        let (and, or) = (AtLeast { least: 2, of: 2 }, AtLeast { least: 1, of: 2 });
        let conditions = [
            vec![Pattern(0), Pattern(1), and],
            vec![Pattern(0), Pattern(1), Not, and],
            vec![Pattern(0), Pattern(1), or, Not],
            vec![Pattern(0), Pattern(1), Not, or, Pattern(2), and],
            vec![Pattern(0), Pattern(1), Pattern(2), AtLeast { least: 2, of: 3 }],
        ];
        for condition in &conditions {
            // By pattern: 0 does not match, 1 matches, 2 is not known.
            for outcome in (0..27_u32).map(|n| [n % 3, n / 3 % 3, n / 9]) {
                let known = |pattern: u32| match outcome[pattern as usize] {
                    2 => None,
                    known => Some(known == 1),
                };
                let some = (0..8_u32).any(|guess| {
                    let matched = |pattern| known(pattern).unwrap_or(guess >> pattern & 1 == 1);
                    evaluate(condition.iter().copied(), matched, &mut Vec::new())
                });
                let may = may_hold(condition.iter().copied(), known, &mut Vec::new());
                assert_eq!(may, some, "{condition:?} with {outcome:?}");
            }
        }
    }

    #[test]
    fn conditions_are_evaluated_in_postfix_order() {
        // 0 and not (1 or 2)
        let condition = [Op::Pattern(0), Op::Pattern(1), Op::Pattern(2), or(2), Op::Not, and(2)];
        let with = |set: &[u32]| evaluate(condition, |p| set.contains(&p), &mut Vec::new());
        assert!(with(&[0]));
        assert!(!with(&[0, 1]));
        assert!(!with(&[0, 2]));
        assert!(!with(&[]));
    }

    #[test]
    fn conditions_are_kept_in_little_room_and_given_back() {
        let first =
            vec![Op::Pattern(0), Op::Pattern(0x3fff_ffff), Op::AtLeast { least: 32_767, of: 2 }, Op::Not];
        let second = vec![Op::Constant(true), Op::Constant(false), and(2)];
        let mut conditions = Conditions::default();
        conditions.push(&first).unwrap();
        conditions.push(&[]).unwrap();
        conditions.push(&second).unwrap();
        assert_eq!(conditions.of(0).collect::<Vec<_>>(), first);
        assert_eq!(conditions.of(1).count(), 0);
        assert_eq!(conditions.of(2).collect::<Vec<_>>(), second);
        assert_eq!(conditions.of(3).count(), 0);
        assert!(conditions.push(&[Op::AtLeast { least: 1, of: 32_768 }]).is_err());
        assert!(conditions.push(&[Op::Pattern(0x4000_0000)]).is_err());
    }

    #[test]
    fn a_number_of_them() {
        let condition = [Op::Pattern(0), Op::Pattern(1), Op::Pattern(2), Op::AtLeast { least: 2, of: 3 }];
        let with = |set: &[u32]| evaluate(condition, |p| set.contains(&p), &mut Vec::new());
        assert!(with(&[0, 2]) && with(&[0, 1, 2]) && !with(&[1]));
    }

    #[test]
    fn joining_nothing_is_true_for_and_and_false_for_or() {
        assert!(evaluate([and(0)], |_| false, &mut Vec::new()));
        assert!(!evaluate([or(0)], |_| false, &mut Vec::new()));
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
        assert_eq!(positive_patterns(condition), [0, 3]);
    }
}
