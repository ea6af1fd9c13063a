use super::*;

const fn and(of: u32) -> Op {
    Op::AtLeast { least: of, of }
}
const fn or(of: u32) -> Op {
    Op::AtLeast { least: 1, of }
}

/// Answers by a function.
struct By<F>(F);

impl<F: Fn(u32) -> bool> Known for By<F> {
    fn pattern(&self, pattern: u32) -> bool {
        (self.0)(pattern)
    }

    fn run(&self, run: Run) -> bool {
        let mut patterns = run.first..run.first + run.count;
        if run.all { patterns.all(&self.0) } else { patterns.any(&self.0) }
    }

    fn matching(&self, run: Run, visit: impl FnMut(u32)) {
        (run.first..run.first + run.count).filter(|&pattern| self.pattern(pattern)).for_each(visit);
    }
}

const fn step(op: &Op) -> Step {
    match *op {
        Op::Pattern(pattern) => Step::Pattern(pattern),
        Op::Constant(value) => Step::Constant(value),
        Op::Not => Step::Not,
        Op::AtLeast { least, of } => Step::AtLeast { least, of },
    }
}

/// The steps of a condition, kept and given back.
fn kept(condition: &[Op], is_decided: impl Fn(u32) -> bool) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.push(&steps(condition, is_decided));
    conditions
}

/// The patterns that speak for a match, each once.
fn speaking(conditions: &Conditions, matched: impl Fn(u32) -> bool) -> Vec<u32> {
    let mut speaking = Speaking::default();
    speaking.find(conditions.of(0), &By(matched));
    let mut patterns: Vec<u32> = Vec::new();
    for pattern in speaking.patterns() {
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns
}

/// Evaluates a condition in the obvious way.
pub(in crate::rules) fn holds(condition: &[Op], matched: impl Fn(u32) -> bool) -> bool {
    let mut stack: Vec<bool> = Vec::new();
    for op in condition {
        let value = match *op {
            Op::Pattern(pattern) => matched(pattern),
            Op::Constant(value) => value,
            Op::Not => !stack.pop().unwrap(),
            Op::AtLeast { least, of } => {
                let values = stack.split_off(stack.len() - of as usize);
                values.iter().filter(|&&value| value).count() >= least as usize
            }
        };
        stack.push(value);
    }
    stack == [true]
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
            if holds(&condition, matched) {
                assert!(triggers.iter().any(|&trigger| matched(trigger)), "{condition:?} with {set:b}");
            }
        }
    }
}

#[test]
fn conditions_are_kept_in_little_room_and_given_back() {
    let high = u32::MAX >> 4;
    let first =
        vec![Op::Pattern(7), Op::Pattern(high), Op::Pattern(0), Op::AtLeast { least: high, of: 2 }, Op::Not];
    let second = vec![Op::Constant(true), Op::Constant(false), and(2)];
    let mut conditions = Conditions::default();
    let plain = |condition: &[Op]| condition.iter().map(step).collect::<Vec<_>>();
    for condition in [&first, &vec![], &second] {
        conditions.push(&plain(condition));
    }
    assert_eq!(conditions.of(0).collect::<Vec<_>>(), plain(&first));
    assert_eq!(conditions.of(1).count(), 0);
    assert_eq!(conditions.of(2).collect::<Vec<_>>(), plain(&second));
    assert_eq!(conditions.of(3).count(), 0);
    assert!(conditions.of(0).at_most() >= 4, "no fewer than there are");
}

#[test]
fn patterns_that_follow_each_other_are_joined() {
    use Op::{Not, Pattern};
    let run = |first, count, all| Step::Run(Run { first, count, all });
    for (condition, joined) in [
        (vec![Pattern(3), Pattern(4), Pattern(5), or(3)], vec![run(3, 3, false)]),
        (vec![Pattern(3), Pattern(4), and(2)], vec![run(3, 2, true)]),
        (vec![Pattern(1), or(1)], vec![Step::Pattern(1), Step::AtLeast { least: 1, of: 1 }]),
        (
            vec![Pattern(3), Pattern(4), Pattern(7), Pattern(1), Pattern(2), or(5), Not],
            vec![
                run(3, 2, false),
                Step::Pattern(7),
                run(1, 2, false),
                Step::AtLeast { least: 1, of: 3 },
                Step::Not,
            ],
        ),
        // Pattern 0 is not decided yet.
        (
            vec![Pattern(0), Pattern(1), Pattern(2), Not, Pattern(3), Pattern(4), or(2), and(4)],
            vec![
                Step::Pattern(0),
                Step::Pattern(1),
                Step::Pattern(2),
                Step::Not,
                run(3, 2, false),
                Step::AtLeast { least: 4, of: 4 },
            ],
        ),
        (
            vec![Pattern(1), Pattern(2), Pattern(3), Op::AtLeast { least: 2, of: 3 }],
            vec![Step::Pattern(1), Step::Pattern(2), Step::Pattern(3), Step::AtLeast { least: 2, of: 3 }],
        ),
    ] {
        let conditions = kept(&condition, |pattern| pattern != 0);
        assert_eq!(conditions.of(0).collect::<Vec<_>>(), joined, "{condition:?}");
        for set in 0_u32..256 {
            let matched = |pattern: u32| set >> pattern & 1 == 1;
            assert_eq!(speaking(&kept(&condition, |_| false), matched), speaking(&conditions, matched));
        }
    }
}

#[test]
fn long_runs_are_cut() {
    let mut condition: Vec<Op> = (0..1_100).map(Op::Pattern).collect();
    condition.push(or(1_100));
    let runs: Vec<Step> = steps(&condition, |_| true);
    let run = |first, count| Step::Run(Run { first, count, all: false });
    assert_eq!(runs, [run(0, 511), run(511, 511), run(1_022, 78), Step::AtLeast { least: 1, of: 3 }]);
}

#[test]
fn what_does_not_leave_one_value_is_refused() {
    assert!(check(&[Op::Pattern(0)], 1).is_ok());
    for broken in [&[] as &[Op], &[Op::Not], &[Op::Pattern(1)], &[Op::Pattern(0), Op::Pattern(0)], &[and(1)]]
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
    let conditions = kept(&condition, |_| false);
    assert_eq!(speaking(&conditions, |pattern| pattern == 0 || pattern == 3), [0, 3]);
    // What does not hold as a whole has nothing that speaks for it.
    assert!(speaking(&conditions, |_| true).is_empty());
    let either = [Op::Pattern(0), Op::Pattern(1), and(2), Op::Pattern(2), Op::Pattern(3), and(2), or(2)];
    let of_either = speaking(&kept(&either, |_| false), |pattern| pattern != 1);
    assert_eq!(of_either, [2, 3], "a selection that failed as a whole is no evidence");
}
