use super::*;
use crate::rules::condition::tests::holds;
use proptest::prelude::*;

/// Every third pattern is common; which ones are decided beforehand is said by their bits.
struct Some {
    decided: u32,
}

impl Patterns for Some {
    fn is_decided(&self, pattern: u32) -> bool {
        self.decided >> pattern & 1 == 1
    }

    fn is_common(&self, pattern: u32) -> bool {
        pattern.is_multiple_of(3)
    }
}

/// The patterns that match, by their bits, and those that were searched for it.
struct Answers {
    matching: u32,
    searched: Vec<u32>,
}

impl Answers {
    fn matches(&self, pattern: u32) -> bool {
        self.matching >> pattern & 1 == 1
    }
}

impl Asked for Answers {
    fn hit(&self, pattern: u32) -> bool {
        self.matches(pattern)
    }

    fn run(&self, run: Run) -> bool {
        let mut patterns = run.first..run.first + run.count;
        if run.all { patterns.all(|p| self.matches(p)) } else { patterns.any(|p| self.matches(p)) }
    }

    fn open(&mut self, pattern: u32) -> bool {
        self.searched.push(pattern);
        self.matches(pattern)
    }
}

/// Evaluates a condition in the obvious way.
fn obvious(condition: &[Op], matching: u32) -> bool {
    holds(condition, |pattern| matching >> pattern & 1 == 1)
}

fn compiled(condition: &[Op], decided: u32) -> ShortCircuits {
    let mut circuits = ShortCircuits::default();
    circuits.push(&[Op::Constant(true)], &Some { decided }).unwrap();
    circuits.push(condition, &Some { decided }).unwrap();
    circuits
}

fn run(circuits: &ShortCircuits, matching: u32) -> (bool, Vec<u32>, usize) {
    let mut asked = Answers { matching, searched: Vec::new() };
    let mut counts = Vec::new();
    let (holds, made) = circuits.holds(1, &mut asked, &mut counts);
    assert!(counts.is_empty(), "what is counted is forgotten in the end");
    (holds, asked.searched, made)
}

/// Conditions of every form over eight patterns.
fn conditions() -> impl Strategy<Value = Vec<Op>> {
    let leaf = prop_oneof![
        6 => (0..8_u32).prop_map(|pattern| vec![Op::Pattern(pattern)]),
        // Those that follow each other become runs.
        2 => (0..5_u32, any::<bool>()).prop_map(|(first, all)| {
            let mut condition: Vec<Op> = (first..first + 3).map(Op::Pattern).collect();
            condition.push(Op::AtLeast { least: if all { 3 } else { 1 }, of: 3 });
            condition
        }),
        1 => any::<bool>().prop_map(|value| vec![Op::Constant(value)]),
    ];
    leaf.prop_recursive(5, 60, 5, |inner| {
        prop_oneof![
            1 => inner.clone().prop_map(|mut condition| {
                condition.push(Op::Not);
                condition
            }),
            4 => (proptest::collection::vec(inner, 0..5), 0..6_u32).prop_map(|(joined, least)| {
                let of = joined.len() as u32;
                let mut condition = joined.concat();
                condition.push(Op::AtLeast { least, of });
                condition
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_condition_holds_when_its_steps_say_so(condition in conditions(), decided: u8) {
        prop_assert!(condition::check(&condition, 8).is_ok());
        let circuits = compiled(&condition, decided.into());
        for matching in 0_u32..256 {
            let (holds, searched, made) = run(&circuits, matching);
            prop_assert_eq!(holds, obvious(&condition, matching), "{:?} with {:b}", &condition, matching);
            prop_assert!(searched.iter().all(|pattern| decided >> pattern & 1 == 0));
            prop_assert!(made <= circuits.code.len(), "no step is made twice");
        }
    }
}

#[test]
fn what_is_decided_is_not_looked_at_again() {
    use Op::{Not, Pattern};
    const fn all(of: u32) -> Op {
        Op::AtLeast { least: of, of }
    }
    const fn any(of: u32) -> Op {
        Op::AtLeast { least: 1, of }
    }
    // Pattern 1 has to be searched, and 3 is common.
    let condition =
        [Pattern(1), Pattern(3), Pattern(5), Not, Pattern(2), Pattern(4), Pattern(7), any(2), all(5)];
    let circuits = compiled(&condition, !0b10);
    for (matching, holds, searched, made) in [
        (0b0000_0000, false, &[][..], 1),
        (0b0000_0100, false, &[], 3),
        (0b0001_0100, false, &[], 3),
        (0b0001_1100, false, &[1], 5),
        (0b0011_1100, false, &[], 4),
        (0b0001_1110, true, &[1], 5),
    ] {
        let (found, tried, steps) = run(&circuits, matching);
        assert_eq!((found, tried.as_slice()), (holds, searched), "{matching:b}");
        assert_eq!(steps, made, "{matching:b}");
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let mut circuits = ShortCircuits::default();
    assert!(circuits.push(&[Op::Pattern(HIGHEST + 1)], &Some { decided: 0 }).is_err());
    let mut all = Answers { matching: !0, searched: Vec::new() };
    assert_eq!(circuits.holds(7, &mut all, &mut Vec::new()), (false, 0), "one that was not added");
}
