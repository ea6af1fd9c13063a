//! From a pack to a matcher.
use super::{Deferred, FieldPatterns, Prepared};
use crate::fields::{Field, View};
use crate::rules::compact::Tests;
use crate::rules::groups::Groups;
use crate::rules::needles::{Literal, Needles, Says, Values};
use crate::rules::{LoadError, Op, Pack, Pattern, Rule, Target, Test, condition, short_circuit};

/// The fields that rules look at, each with its patterns: those that all actions share, and those of an action.
pub(super) fn fields(pack: &Pack, tests: &Tests) -> Result<[Vec<(Field, FieldPatterns)>; 2], LoadError> {
    let of_field = |&field: &Field| {
        let mut patterns = FieldPatterns::default();
        let mut literals = Vec::new();
        let mut used = false;
        for (index, pattern) in
            (0_u32..).zip(&pack.patterns).filter(|(_, p)| p.target == Target::Field(field))
        {
            used = true;
            match (&pattern.test, tests.literal(index)) {
                (Test::Exists(_), _) => patterns.presence.push(index),
                (Test::Regex(regex), _) => {
                    let literal =
                        |text: &String| Literal { text: text.clone(), pattern: index, says: Says::MayMatch };
                    literals.extend(literals_of(pack, *regex).iter().map(literal));
                }
                (_, Some(literal)) if literal.text.len() >= Needles::SHORTEST => literals.push(literal),
                _ => patterns.each.push(index),
            }
        }
        patterns.needles = Needles::new(literals, values_of(field))?;
        Ok(used.then_some((field, patterns)))
    };
    let fields = Field::ALL.iter().filter_map(|field| of_field(field).transpose());
    let fields: Vec<(Field, FieldPatterns)> = fields.collect::<Result<_, _>>()?;
    Ok(fields.into_iter().partition::<Vec<_>, _>(|(field, _)| !field.per_action()).into())
}

/// Returns how long the values of a field may be.
const fn values_of(field: Field) -> Values {
    match field {
        Field::TaskContent
        | Field::TaskContentNew
        | Field::TaskDescription
        | Field::TaskComData
        | Field::TaskTriggerSubscription
        | Field::TaskArguments
        | Field::CommandLine
        | Field::TaskCommandLine
        | Field::TaskPowerShellScript
        | Field::TaskCode
        | Field::TaskDecoded => Values::Long,
        _ => Values::Short,
    }
}

fn literals_of(pack: &Pack, regex: u32) -> &[String] {
    pack.regexes.get(regex as usize).map_or(&[], |regex| &regex.literals)
}

/// By pattern: for a regular expression on a field that field, and whether the expression has literals. They cost
/// most by far, and are searched only for rules that may match by all else that is known.
pub(super) fn deferred(pack: &Pack) -> Vec<Option<Deferred>> {
    let deferred = |pattern: &Pattern| match (&pattern.target, &pattern.test) {
        (Target::Field(field), Test::Regex(regex)) => {
            Some(Deferred { field: *field, has_literals: !literals_of(pack, *regex).is_empty() })
        }
        _ => None,
    };
    pack.patterns.iter().map(deferred).collect()
}

/// The patterns of the event's fields that refer to a field of the action, with their field.
pub(super) fn crossing(pack: &Pack) -> Vec<(Field, u32)> {
    let crossing = |(index, pattern): (u32, &Pattern)| match (pattern.target, &pattern.test) {
        (Target::Field(field), Test::FieldRef { field: other, .. }) => {
            (!field.per_action() && other.per_action()).then_some((field, index))
        }
        _ => None,
    };
    (0_u32..).zip(&pack.patterns).filter_map(crossing).collect()
}

/// The keyword patterns of a view.
pub(super) fn keywords(pack: &Pack, view: View) -> Vec<u32> {
    let patterns = (0_u32..).zip(&pack.patterns);
    patterns.filter(|(_, pattern)| pattern.target == Target::Anywhere(view)).map(|(index, _)| index).collect()
}

/// Checks the rules, and says what is known of each.
pub(super) fn rules(pack: &Pack) -> Result<Vec<Prepared>, LoadError> {
    let mut first_branch = 0_u32;
    let mut prepared = Vec::with_capacity(pack.rules.len());
    for rule in &pack.rules {
        let rule = prepare(pack, rule, first_branch)?;
        first_branch = first_branch.saturating_add(rule.branches);
        prepared.push(rule);
    }
    Ok(prepared)
}

fn prepare(pack: &Pack, rule: &Rule, first_branch: u32) -> Result<Prepared, LoadError> {
    condition::check(&rule.condition, pack.patterns.len())?;
    for branch in &rule.branches {
        condition::check(&branch.condition, pack.patterns.len())?;
    }
    let branches = u32::try_from(rule.branches.len())
        .map_err(|_| LoadError::Unusable("a rule has more branches than can be counted"))?;
    let patterns =
        || rule.condition.iter().filter_map(|op| pattern_of(pack, *op)).map(|(_, pattern)| pattern);
    let reads_action = |pattern: &Pattern| match (&pattern.target, &pattern.test) {
        (Target::Anywhere(_), _) => true,
        (_, Test::FieldRef { field, .. }) if field.per_action() => true,
        (Target::Field(field), _) => field.per_action(),
    };
    Ok(Prepared {
        per_action: rule.view == View::ProcessCreation || patterns().any(reads_action),
        per_process: rule.view == View::ProcessCreation,
        always: triggers(pack, rule).is_none(),
        first_branch,
        branches,
    })
}

/// The patterns of which one at least has to match before the rule can, as few and as rare ones as possible; `None`
/// when it can match without any.
fn triggers(pack: &Pack, rule: &Rule) -> Option<Vec<u32>> {
    condition::triggers(rule.condition.iter().copied(), |index| weight(pack, index))
}

/// Returns a measure of how often a pattern matches; `None` when it can hold without having matched.
fn weight(pack: &Pack, index: u32) -> Option<usize> {
    let pattern = pack.patterns.get(index as usize)?;
    match (pattern.target, &pattern.test) {
        (_, Test::Exists(false)) => None,
        (Target::Field(Field::TaskLimit), _) => Some(1),
        // Every event has them.
        (_, Test::Exists(true)) | (Target::Field(Field::Channel | Field::ProviderName), _) => Some(COMMON),
        (Target::Field(Field::EventId), _) => Some(COMMON / 5),
        // They have a few values only, of which most events have one.
        (
            Target::Field(
                Field::TaskSubjectKind
                | Field::TaskChange
                | Field::TaskAction
                | Field::TaskActionCount
                | Field::TaskContentState
                | Field::TaskEnabled
                | Field::TaskRunLevel
                | Field::TaskLogonType
                | Field::TaskTrigger,
            ),
            _,
        ) => Some(COMMON / 4),
        (Target::Field(_), Test::Regex(regex)) if literals_of(pack, *regex).is_empty() => None,
        _ => Some(1),
    }
}

/// So many rare patterns are together as frequent as one that matches on nearly every event.
const COMMON: usize = 1_000;

fn pattern_of(pack: &Pack, op: Op) -> Option<(u32, &Pattern)> {
    match op {
        Op::Pattern(index) => pack.patterns.get(index as usize).map(|pattern| (index, pattern)),
        _ => None,
    }
}

/// By rule: the regular expressions that it names.
pub(super) fn searched(pack: &Pack, deferred: &[Option<Deferred>]) -> Result<Groups, LoadError> {
    let mut pairs: Vec<(usize, u32)> = Vec::new();
    for (index, rule) in pack.rules.iter().enumerate() {
        let patterns =
            rule.condition.iter().filter_map(|op| pattern_of(pack, *op)).map(|(pattern, _)| pattern);
        let searched = patterns.filter(|pattern| matches!(deferred.get(*pattern as usize), Some(Some(_))));
        pairs.extend(searched.map(|pattern| (index, pattern)));
    }
    Groups::new(pack.rules.len(), pairs.into_iter())
}

/// By pattern: the rules that it triggers.
pub(super) fn triggered(pack: &Pack) -> Result<Groups, LoadError> {
    let mut pairs: Vec<(usize, u32)> = Vec::new();
    for (rule, index) in pack.rules.iter().zip(0_u32..) {
        let triggers = triggers(pack, rule).unwrap_or_default();
        pairs.extend(triggers.into_iter().map(|pattern| (pattern as usize, index)));
    }
    pairs.sort_unstable();
    pairs.dedup();
    Groups::new(pack.patterns.len(), pairs.into_iter())
}

/// The facts about a pack's patterns that hold before any event.
pub(super) struct Patterns<'p> {
    pack: &'p Pack,
    tests: &'p Tests,
    deferred: &'p [Option<Deferred>],
}

impl<'p> Patterns<'p> {
    pub(super) const fn new(pack: &'p Pack, tests: &'p Tests, deferred: &'p [Option<Deferred>]) -> Self {
        Self { pack, tests, deferred }
    }
}

impl short_circuit::Patterns for Patterns<'_> {
    fn is_decided(&self, pattern: u32) -> bool {
        !self.tests.asks_absence(pattern) && matches!(self.deferred.get(pattern as usize), Some(None))
    }

    fn is_common(&self, pattern: u32) -> bool {
        weight(self.pack, pattern).is_none_or(|weight| weight > 1)
    }
}

/// The pack without what a matcher keeps in smaller form.
pub(super) fn without_patterns(mut pack: Pack) -> Pack {
    pack.patterns = Vec::new();
    pack.regexes = Vec::new();
    for rule in &mut pack.rules {
        rule.condition = Vec::new();
        for branch in &mut rule.branches {
            branch.condition = Vec::new();
        }
    }
    pack
}
