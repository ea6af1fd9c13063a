use super::*;

const fn and(of: u32) -> Op {
    Op::AtLeast { least: of, of }
}
const fn or(of: u32) -> Op {
    Op::AtLeast { least: 1, of }
}

/// Answers by a function.
struct By<F>(F);

impl<F: Fn(u32) -> Option<bool>> Known for By<F> {
    fn pattern(&self, pattern: u32) -> Option<bool> {
        (self.0)(pattern)
    }

    fn run(&self, run: Run) -> bool {
        let mut patterns = run.first..run.first + run.count;
        let matches = |pattern| self.pattern(pattern) == Some(true);
        if run.all { patterns.all(matches) } else { patterns.any(matches) }
    }

    fn matching(&self, run: Run, visit: impl FnMut(u32)) {
        let patterns = run.first..run.first + run.count;
        patterns.filter(|&pattern| self.pattern(pattern) == Some(true)).for_each(visit);
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

/// A condition without runs.
fn plain(condition: &[Op]) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.push(condition, |_| false).unwrap();
    conditions
}

/// The obvious evaluation.
fn obvious(condition: &[Op], matched: impl Fn(u32) -> bool) -> bool {
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

fn evaluated(condition: &[Op], known: impl Fn(u32) -> Option<bool>) -> Option<bool> {
    evaluate(plain(condition).of(0), &By(known), &mut Vec::new(), &mut 0)
}

fn holds(condition: &[Op], matched: impl Fn(u32) -> bool) -> bool {
    evaluated(condition, |pattern| Some(matched(pattern))).unwrap()
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
            let guessed =
                |guess: u32| holds(condition, |pattern| known(pattern).unwrap_or(guess >> pattern & 1 == 1));
            let truth = evaluated(condition, known);
            assert_eq!(truth != Some(false), (0..8).any(guessed), "{condition:?} with {outcome:?}");
            assert!(truth != Some(true) || (0..8).all(guessed), "{condition:?} with {outcome:?}");
        }
    }
}

#[test]
fn conditions_are_evaluated_in_postfix_order() {
    // 0 and not (1 or 2)
    let condition = [Op::Pattern(0), Op::Pattern(1), Op::Pattern(2), or(2), Op::Not, and(2)];
    let with = |set: &[u32]| holds(&condition, |p| set.contains(&p));
    assert!(with(&[0]));
    assert!(!with(&[0, 1]));
    assert!(!with(&[0, 2]));
    assert!(!with(&[]));
}

#[test]
fn conditions_are_kept_in_little_room_and_given_back() {
    let first = vec![Op::Pattern(0), Op::Pattern(0x3fff_ffff), Op::AtLeast { least: 32_767, of: 2 }, Op::Not];
    let second = vec![Op::Constant(true), Op::Constant(false), and(2)];
    let mut conditions = Conditions::default();
    conditions.push(&first, |_| true).unwrap();
    conditions.push(&[], |_| true).unwrap();
    conditions.push(&second, |_| true).unwrap();
    let steps = |condition: &[Op]| condition.iter().map(step).collect::<Vec<_>>();
    assert_eq!(conditions.of(0).collect::<Vec<_>>(), steps(&first));
    assert_eq!(conditions.of(1).count(), 0);
    assert_eq!(conditions.of(2).collect::<Vec<_>>(), steps(&second));
    assert_eq!(conditions.of(3).count(), 0);
    assert!(conditions.push(&[Op::AtLeast { least: 1, of: 32_768 }], |_| true).is_err());
    assert!(conditions.push(&[Op::Pattern(0x4000_0000)], |_| true).is_err());
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
        let mut conditions = Conditions::default();
        conditions.push(&[Op::Constant(true)], |_| true).unwrap();
        conditions.push(&condition, |pattern| pattern != 0).unwrap();
        let steps = conditions.of(1).filter(|step| !matches!(step, Step::Skip(_)));
        assert_eq!(steps.collect::<Vec<_>>(), joined, "{condition:?}");
        for set in 0_u32..256 {
            let known = By(|pattern: u32| Some(set >> pattern & 1 == 1));
            let truth = evaluate(conditions.of(1), &known, &mut Vec::new(), &mut 0);
            assert_eq!(truth, Some(obvious(&condition, |p| set >> p & 1 == 1)), "{condition:?} with {set:b}");
            let plain = plain(&condition);
            assert_eq!(positive_patterns(plain.of(0), &known), positive_patterns(conditions.of(1), &known));
        }
    }
}

#[test]
fn the_rest_is_passed_over_where_one_value_decides() {
    use Op::{Not, Pattern};
    let condition = [
        Pattern(0),
        Pattern(2),
        Pattern(4),
        Not,
        or(2),
        Pattern(6),
        Pattern(1),
        Pattern(3),
        Not,
        and(3),
        Not,
        and(3),
    ];
    assert!(check(&condition, 7).is_ok());
    let conditions = plain(&condition);
    let skips = conditions.of(0).filter_map(|step| match step {
        Step::Skip(skip) => Some((skip.when, skip.values, skip.steps)),
        _ => None,
    });
    assert_eq!(
        skips.collect::<Vec<_>>(),
        [(false, 1, 15), (true, 1, 3), (false, 2, 9), (false, 1, 5), (false, 2, 3)]
    );
    for set in 0_u32..128 {
        let matched = |pattern: u32| set >> pattern & 1 == 1;
        let truth = evaluate(conditions.of(0), &By(|p| Some(matched(p))), &mut Vec::new(), &mut 0);
        assert_eq!(truth, Some(obvious(&condition, matched)), "{set:b}");
    }
}

#[test]
fn long_runs_are_cut() {
    let mut condition: Vec<Op> = (0..1_100).map(Op::Pattern).collect();
    condition.push(or(1_100));
    let mut conditions = Conditions::default();
    conditions.push(&condition, |_| true).unwrap();
    let runs = conditions.of(0).filter(|step| matches!(step, Step::Run(_)));
    assert_eq!(runs.count(), 3);
    let with = |matching: u32| By(move |pattern| Some(pattern == matching));
    for matching in [0, 510, 511, 1_099] {
        assert_eq!(
            evaluate(conditions.of(0), &with(matching), &mut Vec::new(), &mut 0),
            Some(true),
            "{matching}"
        );
    }
    assert_eq!(evaluate(conditions.of(0), &with(1_100), &mut Vec::new(), &mut 0), Some(false));
}

#[test]
fn a_number_of_them() {
    let condition = [Op::Pattern(0), Op::Pattern(1), Op::Pattern(2), Op::AtLeast { least: 2, of: 3 }];
    let with = |set: &[u32]| holds(&condition, |p| set.contains(&p));
    assert!(with(&[0, 2]) && with(&[0, 1, 2]) && !with(&[1]));
}

#[test]
fn joining_nothing_is_true_for_and_and_false_for_or() {
    assert!(holds(&[and(0)], |_| false));
    assert!(!holds(&[or(0)], |_| false));
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
    let positive = |known: &By<_>| positive_patterns(plain(&condition).of(0), known);
    assert_eq!(
        positive(&By((|pattern| Some(pattern == 0 || pattern == 3)) as fn(u32) -> Option<bool>)),
        [0, 3]
    );
    // What does not hold as a whole has nothing that speaks for it.
    assert!(positive(&By(|_| Some(true))).is_empty());
    let either = [Op::Pattern(0), Op::Pattern(1), and(2), Op::Pattern(2), Op::Pattern(3), and(2), or(2)];
    let of_either = |known: &By<_>| positive_patterns(plain(&either).of(0), known);
    let all_but_one: fn(u32) -> Option<bool> = |pattern| Some(pattern != 1);
    assert_eq!(of_either(&By(all_but_one)), [2, 3], "a selection that failed as a whole is no evidence");
}
