//! Conditions as code that looks only at what still decides.
//!
//! Each step is a test with a way past some of those that follow; only forwards, so that a run comes to its end. What a
//! condition joins is put in an order in which cheap tests with a rare answer come first.
use super::condition::{RUN_COUNT, RUN_FIRST, Run, Step};
use super::{LoadError, Op, condition};

/// Conditions, one after the other, in one run of memory.
#[derive(Debug, Default)]
pub(super) struct ShortCircuits {
    code: Vec<Test>,
    /// Where the code of each condition ends; it begins where that of the condition before ends.
    ends: Vec<u32>,
}

/// A test, and where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Test {
    /// The subject of the test: the highest bits are its kind, the others its numbers.
    what: u32,
    /// The number of steps that are passed over, and the answer for which they are.
    way: u32,
}

/// The two highest bits of a test.
const KIND: u32 = 0xc000_0000;
/// A pattern that matches when there was a hit.
const HIT: u32 = 0;
/// A pattern that may still have to be searched, or that asks for absence.
const OPEN: u32 = 0x4000_0000;
const RUN: u32 = 0x8000_0000;
const OTHER: u32 = 0xc000_0000;
/// In a run the highest of the other bits says whether all must match; then come the number of patterns and the first.
const ALL: u32 = 1 << 29;
const FIRST_BITS: u32 = 20;
/// Holds always.
const ALWAYS: u32 = OTHER;
/// Begins to count, and does not hold.
const COUNT: u32 = OTHER | 1;
/// Ends the counting, and holds.
const FORGET: u32 = OTHER | 2;
/// Counts one more. It holds, and the counting ends, when there are as many as the lower bits say.
const ONE_MORE: u32 = OTHER | 1 << 29;
/// The most that is counted.
const COUNTED: u32 = HIGHEST;
/// The highest number of a pattern.
const HIGHEST: u32 = (1 << 28) - 1;
/// The way is for the answer "it holds"; else for the other one.
const WHEN: u32 = 1 << 31;

/// Answers the questions of the tests.
pub(super) trait Asked {
    /// Returns whether a pattern had a hit.
    fn hit(&self, pattern: u32) -> bool;
    /// Returns whether any or all of a run had a hit.
    fn run(&self, run: Run) -> bool;
    /// Returns whether a pattern holds that may still have to be searched.
    fn open(&mut self, pattern: u32) -> bool;
}

/// The facts about the patterns that hold before any event.
pub(super) trait Patterns {
    /// Returns whether a pattern holds exactly when there was a hit, which is known before any rule is decided.
    fn is_decided(&self, pattern: u32) -> bool;
    /// Returns whether a pattern matches on most events.
    fn is_common(&self, pattern: u32) -> bool;
}

impl ShortCircuits {
    /// Adds the next condition, which [`condition::check`] has accepted.
    pub(super) fn push(&mut self, condition: &[Op], patterns: &impl Patterns) -> Result<(), LoadError> {
        let steps = condition::steps(condition, |pattern| patterns.is_decided(pattern));
        let mut code = Code::default();
        code.compile(&in_order(&steps, patterns), patterns)?;
        self.code.extend(code.backwards.iter().rev());
        let end = u32::try_from(self.code.len()).map_err(|_| TOO_MUCH)?;
        self.ends.push(end);
        Ok(())
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.code.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// Returns whether a condition holds, and how many tests were made for it. `counts` is working memory.
    pub(super) fn holds(
        &self,
        condition: u32,
        asked: &mut impl Asked,
        counts: &mut Vec<u32>,
    ) -> (bool, usize) {
        let end = |condition: u32| self.ends.get(condition as usize).map(|end| *end as usize);
        let start = condition.checked_sub(1).map_or(Some(0), end);
        let code = start.zip(end(condition)).and_then(|(start, end)| self.code.get(start..end));
        // Without code nothing holds.
        let Some(code) = code else { return (false, 0) };
        counts.clear();
        let (mut at, mut made) = (0_usize, 0_usize);
        while let Some(test) = code.get(at) {
            made = made.wrapping_add(1);
            at = at.wrapping_add(1);
            let what = test.what;
            let holds = match what & KIND {
                HIT => asked.hit(what),
                RUN => asked.run(Run {
                    first: what & RUN_FIRST,
                    count: what >> FIRST_BITS & RUN_COUNT,
                    all: what & ALL != 0,
                }),
                OPEN => asked.open(what & !KIND),
                _ => count(what, counts),
            };
            if holds == (test.way & WHEN != 0) {
                at = at.wrapping_add((test.way & !WHEN) as usize);
            }
        }
        // What fails goes one further.
        (at == code.len(), made)
    }
}

#[cold]
fn count(what: u32, counts: &mut Vec<u32>) -> bool {
    match what {
        ALWAYS => true,
        COUNT => {
            counts.push(0);
            false
        }
        FORGET => {
            counts.pop();
            true
        }
        _ => {
            let top = counts.last_mut();
            let number = top.map(|top| {
                *top = top.saturating_add(1);
                *top
            });
            let is_enough = number == Some(what & COUNTED);
            if is_enough {
                counts.pop();
            }
            is_enough
        }
    }
}

const TOO_MUCH: LoadError = LoadError::Unusable("a condition joins too much");

/// Code in the making, from the last step to the first, since each way leads forwards.
#[derive(Debug, Default)]
struct Code {
    backwards: Vec<Test>,
}

/// The next piece of work, on the way from the end of a condition to its beginning.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// Of the value before: the way is taken when it has this value, to this place, counted from the end.
    Value { when: bool, to: usize },
    /// The value before is one of those that are counted.
    Counted { least: u32, to: usize },
    /// The counting begins here.
    Begin,
}

impl Code {
    fn compile(&mut self, steps: &[Step], patterns: &impl Patterns) -> Result<(), LoadError> {
        // Where the condition fails is one step behind its end.
        const FAILS: usize = usize::MAX;
        let mut next = vec![Next::Value { when: false, to: FAILS }];
        for step in steps.iter().rev() {
            let (when, to) = loop {
                match next.pop() {
                    Some(Next::Value { when, to }) => break (when, to),
                    Some(Next::Counted { least, to }) => {
                        let behind = self.backwards.len();
                        self.add(ONE_MORE | least, true, to)?;
                        break (false, behind);
                    }
                    Some(Next::Begin) => self.add(COUNT, true, self.backwards.len())?,
                    None => return Err(TOO_MUCH),
                }
            };
            let here = self.backwards.len();
            match *step {
                Step::Pattern(pattern) if pattern > HIGHEST => return Err(TOO_MUCH),
                Step::Pattern(pattern) if patterns.is_decided(pattern) => {
                    self.add(HIT | pattern, when, to)?
                }
                Step::Pattern(pattern) => self.add(OPEN | pattern, when, to)?,
                Step::Run(Run { first, count, all }) => {
                    let all = if all { ALL } else { 0 };
                    self.add(RUN | all | count << FIRST_BITS | first, when, to)?;
                }
                Step::Constant(value) => {
                    if value == when {
                        self.add(ALWAYS, true, to)?;
                    }
                }
                Step::Not => next.push(Next::Value { when: !when, to }),
                Step::AtLeast { least, of } if least == 0 || least > of => {
                    // It holds always, or never. What is joined has no say.
                    if (least == 0) == when {
                        self.add(ALWAYS, true, to)?;
                    }
                    let no_way = Next::Value { when: false, to: self.backwards.len() };
                    next.extend((0..of).map(|_| no_way));
                }
                Step::AtLeast { least, of } if least == of || least == 1 => {
                    let all = least == of;
                    // One value decides when it is not like the others; the last one is like the whole.
                    let one = if when == all {
                        Next::Value { when: !all, to: here }
                    } else {
                        Next::Value { when: !all, to }
                    };
                    next.extend((1..of).map(|_| one));
                    next.push(Next::Value { when, to });
                }
                Step::AtLeast { least, of } => {
                    if least > COUNTED {
                        return Err(TOO_MUCH);
                    }
                    let (enough, short) = if when { (to, here) } else { (here, to) };
                    self.add(FORGET, true, short)?;
                    next.push(Next::Begin);
                    next.extend((0..of).map(|_| Next::Counted { least, to: enough }));
                }
            }
        }
        while let Some(Next::Begin) = next.pop() {
            self.add(COUNT, true, self.backwards.len())?;
        }
        Ok(())
    }

    /// Adds a step before those that are there, with a way to a place that is counted from the end.
    fn add(&mut self, what: u32, when: bool, to: usize) -> Result<(), LoadError> {
        let behind = self.backwards.len();
        // The place behind the end is one further than the end.
        let skipped = match to {
            usize::MAX => behind.saturating_add(1),
            to => behind.saturating_sub(to),
        };
        let skipped = u32::try_from(skipped).ok().filter(|skipped| skipped & WHEN == 0).ok_or(TOO_MUCH)?;
        self.backwards.push(Test { what, way: skipped | if when { WHEN } else { 0 } });
        Ok(())
    }
}

/// The steps in an order in which few tests decide.
fn in_order(steps: &[Step], patterns: &impl Patterns) -> Vec<Step> {
    let mut values: Vec<Vec<Step>> = Vec::new();
    for step in steps {
        match *step {
            Step::Not => {
                if let Some(top) = values.last_mut() {
                    top.push(Step::Not);
                }
            }
            Step::AtLeast { least, of } => {
                let mut joined = values.split_off(values.len().saturating_sub(of as usize));
                joined.sort_by_key(|value| rank(value, least == of, patterns));
                let mut value = joined.concat();
                value.push(*step);
                values.push(value);
            }
            _ => values.push(vec![*step]),
        }
    }
    values.concat()
}

/// The place of a value among those that it is joined with: what has to be searched comes last; first what is likely to
/// decide, and of that the shortest.
fn rank(value: &[Step], all: bool, patterns: &impl Patterns) -> (bool, bool, usize) {
    let named = || {
        value.iter().filter_map(|step| match step {
            Step::Pattern(pattern) | Step::Run(Run { first: pattern, .. }) => Some(*pattern),
            _ => None,
        })
    };
    let searches = named().any(|pattern| !patterns.is_decided(pattern));
    let holds_mostly = value.last() == Some(&Step::Not) || named().all(|pattern| patterns.is_common(pattern));
    (searches, holds_mostly == all, value.len())
}

#[cfg(test)]
mod tests;
