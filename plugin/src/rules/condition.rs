//! Conditions in postfix order.
use super::{LoadError, Op};

/// The conditions of all rules in one run of memory: a step takes four bytes.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    steps: Vec<u32>,
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
    /// Where the top decides what it is joined with.
    Skip(Skip),
}

/// A way past the rest of what is joined: the top stands for all of it then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Skip {
    /// The top has this value for certain.
    when: bool,
    /// So many values of what is joined are on the stack.
    values: u32,
    /// So many steps are passed over.
    steps: u32,
}

/// The steps of a condition, in order.
#[derive(Debug, Clone)]
pub(super) struct Steps<'c>(std::slice::Iter<'c, u32>);

impl Iterator for Steps<'_> {
    type Item = Step;

    #[inline(always)]
    fn next(&mut self) -> Option<Step> {
        self.0.next().map(|step| decode(*step))
    }
}

impl Steps<'_> {
    /// Returns how many there are.
    pub(super) fn count_all(&self) -> usize {
        self.0.len()
    }

    fn pass(&mut self, steps: u32) {
        self.0 = self.0.as_slice().get(steps as usize..).unwrap_or_default().iter();
    }
}

/// Patterns that follow each other and that are always decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: u32,
    pub(super) count: u32,
    /// True if all of them must match; else one does.
    pub(super) all: bool,
}

/// The two highest bits of a step say what it is; the others hold its numbers.
const KIND: u32 = 0xc000_0000;
const PATTERN: u32 = 0;
const AT_LEAST: u32 = 0x4000_0000;
const RUN: u32 = 0x8000_0000;
const OTHER: u32 = 0xc000_0000;
/// The steps without numbers.
const FALSE: u32 = OTHER;
const TRUE: u32 = OTHER | 1;
const NOT: u32 = OTHER | 2;
/// A skip: whether it is for what is true, the number of values, and that of steps.
const SKIP: u32 = OTHER | 1 << 29;
const WHEN: u32 = 1 << 28;
const VALUES_BITS: u32 = 8;
const VALUES: u32 = (1 << VALUES_BITS) - 1;
const STEPS_BITS: u32 = 20;
const STEPS: u32 = (1 << STEPS_BITS) - 1;
/// To pass over fewer steps than this is no gain.
const WORTH_SKIPPING: usize = 3;
/// `AtLeast` has two numbers of so many bits.
const COUNT_BITS: u32 = 15;
const COUNT: u32 = (1 << COUNT_BITS) - 1;
/// In a run the highest of the bits says whether all must match, the next ones are the number of patterns, and so
/// many the number of the first.
const FIRST_BITS: u32 = 20;
const FIRST: u32 = (1 << FIRST_BITS) - 1;
const ALL: u32 = 1 << 29;
const RUN_BITS: u32 = 9;
const RUN_COUNT: u32 = (1 << RUN_BITS) - 1;

impl Conditions {
    /// Adds the condition of the next rule, with patterns that follow each other joined to runs. `is_decided` says of
    /// a pattern whether it matches exactly when there was a hit, which is known before any rule is decided.
    pub(super) fn push(
        &mut self,
        condition: &[Op],
        is_decided: impl Fn(u32) -> bool,
    ) -> Result<(), LoadError> {
        // For each value on the stack, where its first step is.
        let mut starts: Vec<usize> = Vec::new();
        for op in condition {
            let step = encode(*op).ok_or(LoadError::Unusable("a condition joins too much"))?;
            match *op {
                Op::AtLeast { least, of } => {
                    let values = starts.split_off(starts.len().saturating_sub(of as usize));
                    let from = values.first().copied().unwrap_or(self.steps.len());
                    starts.push(from);
                    // Of one value, "any" and "all" are the same.
                    let joins = of > 1 && (least == 1 || least == of);
                    if !joins {
                        self.steps.push(step);
                        continue;
                    }
                    let values = self.take_joined(&values, least != 1, &is_decided);
                    self.push_joined(&values, least != 1);
                }
                Op::Not => self.steps.push(step),
                Op::Pattern(_) | Op::Constant(_) => {
                    starts.push(self.steps.len());
                    self.steps.push(step);
                }
            }
        }
        self.ends.push(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
        Ok(())
    }

    /// Takes the steps of the last values, which begin at `starts`, and joins patterns that follow each other.
    fn take_joined(
        &mut self,
        starts: &[usize],
        all: bool,
        is_decided: impl Fn(u32) -> bool,
    ) -> Vec<Vec<u32>> {
        let from = starts.first().copied().unwrap_or(self.steps.len());
        let old = self.steps.split_off(from.min(self.steps.len()));
        let ends = starts.iter().skip(1).copied().chain([from.saturating_add(old.len())]);
        let mut joined: Vec<Vec<u32>> = Vec::new();
        let mut run: Option<Run> = None;
        for (start, end) in starts.iter().zip(ends) {
            let place = start.saturating_sub(from)..end.saturating_sub(from);
            let value = old.get(place).unwrap_or_default();
            let single = match value {
                [step] if step & KIND == PATTERN => Some(*step).filter(|&p| p <= FIRST && is_decided(p)),
                _ => None,
            };
            match (&mut run, single) {
                (Some(run), Some(pattern))
                    if run.first.checked_add(run.count) == Some(pattern) && run.count < RUN_COUNT =>
                {
                    run.count = run.count.saturating_add(1);
                    continue;
                }
                _ => joined.extend(run.take().map(|run| vec![encode_run(run)])),
            }
            match single {
                Some(first) => run = Some(Run { first, count: 1, all }),
                None => joined.push(value.to_vec()),
            }
        }
        joined.extend(run.map(|run| vec![encode_run(run)]));
        joined
    }

    /// Adds values that are joined by "all" or "any", with ways past the rest where one of them decides.
    fn push_joined(&mut self, values: &[Vec<u32>], all: bool) {
        let count = u32::try_from(values.len()).unwrap_or(COUNT).min(COUNT);
        // From the last one on, since a way has to know how many steps follow it.
        let mut behind: Vec<u32> = Vec::new();
        if count > 1 {
            behind.push(AT_LEAST | if all { count } else { 1 } << COUNT_BITS | count);
        }
        for (value, before) in values.iter().zip(0..count).rev() {
            let number = before.saturating_add(1);
            if number < count && behind.len() >= WORTH_SKIPPING {
                let steps = u32::try_from(behind.len()).unwrap_or(u32::MAX);
                behind.extend(encode_skip(Skip { when: !all, values: number, steps }));
            }
            behind.extend(value.iter().rev());
        }
        self.steps.extend(behind.iter().rev());
    }

    /// The steps of a rule's condition.
    pub(super) fn of(&self, rule: u32) -> Steps<'_> {
        let end = |rule: u32| self.ends.get(rule as usize).map(|end| *end as usize);
        let start = rule.checked_sub(1).map_or(Some(0), end);
        let steps = start.zip(end(rule)).and_then(|(start, end)| self.steps.get(start..end));
        Steps(steps.unwrap_or_default().iter())
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
        Op::Constant(false) => Some(FALSE),
        Op::Constant(true) => Some(TRUE),
    }
}

const fn encode_run(run: Run) -> u32 {
    match run {
        Run { first, count: 1, .. } => PATTERN | first,
        Run { first, count, all } => RUN | if all { ALL } else { 0 } | count << FIRST_BITS | first,
    }
}

fn encode_skip(skip: Skip) -> Option<u32> {
    let fits = skip.values <= VALUES && skip.steps <= STEPS;
    fits.then_some(SKIP | if skip.when { WHEN } else { 0 } | skip.values << STEPS_BITS | skip.steps)
}

#[inline(always)]
const fn decode(step: u32) -> Step {
    match step & KIND {
        PATTERN => Step::Pattern(step),
        AT_LEAST => Step::AtLeast { least: step >> COUNT_BITS & COUNT, of: step & COUNT },
        RUN => Step::Run(Run {
            first: step & FIRST,
            count: step >> FIRST_BITS & RUN_COUNT,
            all: step & ALL != 0,
        }),
        _ if step & SKIP == SKIP => Step::Skip(Skip {
            when: step & WHEN != 0,
            values: step >> STEPS_BITS & VALUES,
            steps: step & STEPS,
        }),
        _ if step == NOT => Step::Not,
        _ => Step::Constant(step == TRUE),
    }
}

/// Answers which patterns match, as far as that is known.
pub(super) trait Known {
    /// Returns whether a pattern matches; `None` where that is not known yet.
    fn pattern(&self, pattern: u32) -> Option<bool>;
    /// Returns whether any or all of a run match.
    fn run(&self, run: Run) -> bool;
    /// Calls `visit` with each pattern of a run that matches, in order.
    fn matching(&self, run: Run, visit: impl FnMut(u32));
}

/// The values that a condition can still have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Truth {
    /// It holds, whatever the rest comes to.
    certain: bool,
    /// It may hold.
    possible: bool,
}

/// Evaluates a condition: `None` where it depends on what is not known yet. `stack` is working memory.
///
/// A condition that [`check`] accepts leaves one value; of any other the result is false.
/// `steps` is raised by the number of steps that were made.
pub(super) fn evaluate(
    mut condition: Steps<'_>,
    known: &impl Known,
    stack: &mut Vec<Truth>,
    steps: &mut usize,
) -> Option<bool> {
    stack.clear();
    let sure = |value| Truth { certain: value, possible: value };
    while let Some(step) = condition.next() {
        *steps = steps.wrapping_add(1);
        let value = match step {
            Step::Pattern(pattern) => {
                known.pattern(pattern).map_or(Truth { certain: false, possible: true }, sure)
            }
            Step::Run(run) => sure(known.run(run)),
            Step::Constant(value) => sure(value),
            Step::Not => {
                let top = stack.pop().unwrap_or(sure(true));
                Truth { certain: !top.possible, possible: !top.certain }
            }
            Step::AtLeast { least, of } => {
                let from = stack.len().saturating_sub(of as usize);
                let (mut certain, mut possible) = (0_u32, 0_u32);
                for value in stack.get(from..).unwrap_or_default() {
                    certain = certain.wrapping_add(u32::from(value.certain));
                    possible = possible.wrapping_add(u32::from(value.possible));
                }
                stack.truncate(from);
                Truth { certain: certain >= least, possible: possible >= least }
            }
            Step::Skip(skip) => {
                let top = stack.last().copied();
                if top != Some(sure(skip.when)) {
                    continue;
                }
                stack.truncate(stack.len().saturating_sub(skip.values as usize));
                condition.pass(skip.steps);
                sure(skip.when)
            }
        };
        stack.push(value);
    }
    match stack.last() {
        Some(Truth { certain: true, .. }) => Some(true),
        Some(Truth { possible: true, .. }) => None,
        _ => Some(false),
    }
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

/// The patterns that matched and speak for a match: those under an even number of negations, in order, each once. Of
/// what is joined and does not hold as a whole, nothing speaks for it.
pub(super) fn positive_patterns(condition: Steps<'_>, known: &impl Known) -> Vec<u32> {
    // For each value on the stack, where its first pattern stands in `seen`, and whether it holds.
    let mut values: Vec<(usize, bool)> = Vec::new();
    let mut seen: Vec<(u32, bool)> = Vec::new();
    for step in condition {
        match step {
            Step::Pattern(pattern) => {
                let holds = known.pattern(pattern) == Some(true);
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
            Step::Skip(_) => {}
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
                let joined = values.split_off(values.len().saturating_sub(of as usize));
                let from = joined.first().map_or(seen.len(), |(from, _)| *from);
                let holds = joined.iter().filter(|(_, holds)| *holds).count() >= least as usize;
                if !holds {
                    seen.truncate(from);
                }
                values.push((from, holds));
            }
        }
    }
    let positive = seen.into_iter().filter(|(_, positive)| *positive).map(|(pattern, _)| pattern);
    let mut first: Vec<(u32, usize)> = positive.zip(0..).collect();
    first.sort_unstable();
    first.dedup_by_key(|(pattern, _)| *pattern);
    first.sort_unstable_by_key(|(_, place)| *place);
    first.into_iter().map(|(pattern, _)| pattern).collect()
}

#[cfg(test)]
mod tests;
