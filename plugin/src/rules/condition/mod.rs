//! Conditions in postfix order: what they need of the patterns, and what speaks for a match.
use super::{LoadError, Op};

/// The conditions of all rules in one run of memory: most steps take one byte.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    steps: Vec<u8>,
    /// Where each rule's steps end; they begin where those of the rule before end.
    ends: Vec<u32>,
}

/// One step of a condition that is made ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// As [`Op::Pattern`].
    Pattern(u32),
    /// Push whether any or all of some patterns that follow each other match.
    Run(Run),
    /// As [`Op::Constant`].
    Constant(bool),
    /// As [`Op::Not`].
    Not,
    /// As [`Op::AtLeast`].
    AtLeast { least: u32, of: u32 },
}

/// Patterns that follow each other and that are always decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: u32,
    pub(super) count: u32,
    /// True if all of them must match; else one does.
    pub(super) all: bool,
}

/// The most patterns of a run.
pub(super) const RUN_COUNT: u32 = 511;
/// The highest number of a pattern that begins a run.
pub(super) const RUN_FIRST: u32 = (1 << 20) - 1;

/// Returns the steps of a condition, with patterns that follow each other joined to runs. `is_decided` says of a pattern
/// whether it matches exactly when there was a hit, which is known before any rule is decided.
pub(super) fn steps(condition: &[Op], is_decided: impl Fn(u32) -> bool) -> Vec<Step> {
    // The values on the stack, each with its steps.
    let mut values: Vec<Vec<Step>> = Vec::new();
    for op in condition {
        match *op {
            Op::Pattern(pattern) => values.push(vec![Step::Pattern(pattern)]),
            Op::Constant(value) => values.push(vec![Step::Constant(value)]),
            Op::Not => {
                if let Some(top) = values.last_mut() {
                    top.push(Step::Not);
                }
            }
            Op::AtLeast { least, of } => {
                let joined = values.split_off(values.len().saturating_sub(of as usize));
                values.push(joined_steps(joined, least, of, &is_decided));
            }
        }
    }
    values.concat()
}

fn joined_steps(values: Vec<Vec<Step>>, least: u32, of: u32, is_decided: &impl Fn(u32) -> bool) -> Vec<Step> {
    // Of one value, "any" and "all" are the same.
    if of < 2 || (least != 1 && least != of) {
        let mut steps = values.concat();
        steps.push(Step::AtLeast { least, of });
        return steps;
    }
    let all = least != 1;
    let (mut steps, mut count): (Vec<Step>, u32) = (Vec::new(), 0);
    let mut end_of_run = None;
    for value in values {
        let single = match value.as_slice() {
            [Step::Pattern(pattern)] => Some(*pattern).filter(|&p| p <= RUN_FIRST && is_decided(p)),
            _ => None,
        };
        let goes_on = single.is_some() && single == end_of_run;
        end_of_run = single.map(|pattern| pattern.saturating_add(1));
        match steps.last_mut() {
            Some(Step::Run(run)) if goes_on && run.count < RUN_COUNT => {
                run.count = run.count.saturating_add(1);
            }
            Some(last) if goes_on && matches!(last, Step::Pattern(_)) => {
                let first = single.map_or(0, |pattern| pattern.saturating_sub(1));
                *last = Step::Run(Run { first, count: 2, all });
            }
            _ => {
                steps.extend(value);
                count = count.saturating_add(1);
            }
        }
    }
    if count > 1 {
        steps.push(Step::AtLeast { least: if all { count } else { 1 }, of: count });
    }
    steps
}

/// The two lowest bits of the first number of a step say what it is.
const KIND_BITS: u32 = 2;
const PATTERN: u32 = 0;
const RUN: u32 = 1;
const AT_LEAST: u32 = 2;
/// The steps without numbers.
const FALSE: u32 = 3;
const TRUE: u32 = 7;
const NOT: u32 = 11;

impl Conditions {
    /// Adds the condition of the next rule. Its numbers have at most 28 bits.
    pub(super) fn push(&mut self, steps: &[Step]) {
        let mut next = 0;
        for step in steps {
            match *step {
                Step::Pattern(pattern) => {
                    self.add(from_next(pattern, next) << KIND_BITS | PATTERN);
                    next = pattern.wrapping_add(1);
                }
                Step::Run(Run { first, count, all }) => {
                    self.add(from_next(first, next) << KIND_BITS | RUN);
                    self.add(count << 1 | u32::from(all));
                    next = first.wrapping_add(count);
                }
                Step::AtLeast { least, of } => {
                    self.add(least << KIND_BITS | AT_LEAST);
                    self.add(of);
                }
                Step::Constant(value) => self.add(if value { TRUE } else { FALSE }),
                Step::Not => self.add(NOT),
            }
        }
        self.ends.push(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
    }

    /// Adds a number, seven bits a byte, the lowest ones first.
    fn add(&mut self, mut number: u32) {
        while number > 0x7f {
            self.steps.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.steps.push(number as u8);
    }

    /// The steps of a rule's condition.
    pub(super) fn of(&self, rule: u32) -> Steps<'_> {
        let end = |rule: u32| self.ends.get(rule as usize).map(|end| *end as usize);
        let start = rule.checked_sub(1).map_or(Some(0), end);
        let steps = start.zip(end(rule)).and_then(|(start, end)| self.steps.get(start..end));
        Steps { left: steps.unwrap_or_default(), next: 0 }
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.steps.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// The steps of a condition, in order.
#[derive(Debug, Clone)]
pub(super) struct Steps<'c> {
    left: &'c [u8],
    /// The pattern behind the last one: most often it is the next to come.
    next: u32,
}

/// Returns how far a pattern is from the one that is likely to come next: twice that, and one more where it is before.
const fn from_next(pattern: u32, next: u32) -> u32 {
    let far = pattern.wrapping_sub(next) as i32;
    (far << 1 ^ far >> 31) as u32
}

impl Steps<'_> {
    /// Returns how many there are, or some more.
    pub(super) const fn at_most(&self) -> usize {
        self.left.len()
    }

    #[inline(always)]
    fn number(&mut self) -> Option<u32> {
        let (&byte, rest) = self.left.split_first()?;
        if byte < 0x80 {
            self.left = rest;
            return Some(u32::from(byte));
        }
        self.long_number()
    }

    #[inline(never)]
    fn long_number(&mut self) -> Option<u32> {
        let (mut number, mut shift) = (0, 0_u32);
        loop {
            let (&byte, rest) = self.left.split_first()?;
            self.left = rest;
            number |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift = shift.saturating_add(7);
            if byte < 0x80 {
                return Some(number);
            }
        }
    }
}

impl Iterator for Steps<'_> {
    type Item = Step;

    #[inline(always)]
    fn next(&mut self) -> Option<Step> {
        let first = self.number()?;
        let number = first >> KIND_BITS;
        let pattern = self.next.wrapping_add(number >> 1 ^ (number & 1).wrapping_neg());
        Some(match first & 3 {
            PATTERN => {
                self.next = pattern.wrapping_add(1);
                Step::Pattern(pattern)
            }
            RUN => {
                let number = self.number()?;
                let count = number >> 1;
                self.next = pattern.wrapping_add(count);
                Step::Run(Run { first: pattern, count, all: number & 1 == 1 })
            }
            AT_LEAST => Step::AtLeast { least: number, of: self.number()? },
            _ if first == NOT => Step::Not,
            _ => Step::Constant(first == TRUE),
        })
    }
}

/// Answers which patterns of a rule that holds match.
pub(super) trait Known {
    /// Returns whether a pattern matches.
    fn pattern(&self, pattern: u32) -> bool;
    /// Returns whether any or all of a run match.
    fn run(&self, run: Run) -> bool;
    /// Calls `visit` with each pattern of a run that matches, in order.
    fn matching(&self, run: Run, visit: impl FnMut(u32));
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
                // When `least` of them hold, one of any `of - least + 1` of them holds.
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

/// The patterns that speak for a match, with the working memory for finding them.
#[derive(Debug, Default)]
pub(super) struct Speaking {
    /// For each value on the stack, where its first pattern stands in `seen`, and whether it holds.
    values: Vec<(usize, bool)>,
    /// The patterns that matched, and whether they stand under an even number of negations.
    seen: Vec<(u32, bool)>,
}

impl Speaking {
    /// Finds the patterns that matched and speak for a match: those under an even number of negations. Of what is joined
    /// and does not hold as a whole, nothing speaks for it.
    pub(super) fn find(&mut self, condition: Steps<'_>, known: &impl Known) {
        let Self { values, seen } = self;
        values.clear();
        seen.clear();
        for step in condition {
            match step {
                Step::Pattern(pattern) => {
                    let holds = known.pattern(pattern);
                    values.push((seen.len(), holds));
                    if holds {
                        seen.push((pattern, true));
                    }
                }
                Step::Run(run) => {
                    let holds = known.run(run);
                    values.push((seen.len(), holds));
                    if holds {
                        known.matching(run, |pattern| seen.push((pattern, true)));
                    }
                }
                Step::Constant(holds) => values.push((seen.len(), holds)),
                Step::Not => {
                    let from = values.last_mut().map_or(0, |(from, holds)| {
                        *holds = !*holds;
                        *from
                    });
                    for (_, positive) in seen.iter_mut().skip(from) {
                        *positive = !*positive;
                    }
                }
                Step::AtLeast { least, of } => {
                    let first = values.len().saturating_sub(of as usize);
                    let joined = values.get(first..).unwrap_or_default();
                    let from = joined.first().map_or(seen.len(), |(from, _)| *from);
                    let holds = joined.iter().filter(|(_, holds)| *holds).count() >= least as usize;
                    if !holds {
                        seen.truncate(from);
                    }
                    values.truncate(first);
                    values.push((from, holds));
                }
            }
        }
    }

    /// The patterns that were found, in the order of the condition; one may come several times.
    pub(super) fn patterns(&self) -> impl Iterator<Item = u32> {
        self.seen.iter().filter(|(_, positive)| *positive).map(|(pattern, _)| *pattern)
    }
}

#[cfg(test)]
pub(super) mod tests;
