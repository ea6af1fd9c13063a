//! A pack made ready, and its evaluation on one event.
mod trace;

pub use trace::{Place, Trace};

use super::condition;
use super::glob::fold;
use super::needles::Needles;
use super::{LoadError, Pack, Pattern, Rule, Target, Test};
use crate::fields::{Field, Fields, View};
use regex_automata::dfa::{Automaton, sparse};
use regex_automata::util::start;
use std::borrow::Cow;

/// The patterns of one field, by how they are tried.
#[derive(Debug, Default)]
struct FieldPatterns {
    /// Text patterns, found by their longest literal and then tested whole.
    needles: Option<Needles>,
    /// Patterns that are tried on every value.
    each: Vec<u32>,
    /// Patterns that ask whether the field is there.
    presence: Vec<u32>,
}

/// What is known of a rule before any event.
#[derive(Debug)]
struct Prepared {
    /// Looks at a field of one action.
    per_action: bool,
    /// Can match although none of its patterns does, so that it is always evaluated.
    always: bool,
    /// The patterns that are shown as evidence.
    positive: Vec<u32>,
}

/// A pack with its automata.
#[derive(Debug)]
pub struct Matcher {
    pack: Pack,
    /// By field number; `None` where no rule looks.
    fields: Vec<Option<FieldPatterns>>,
    /// Keyword patterns, by view: each is tried on every field.
    anywhere: [Vec<u32>; 2],
    rules: Vec<Prepared>,
    /// By pattern: the rules that use it.
    users: Vec<Vec<u32>>,
    regexes: Vec<sparse::DFA<Vec<u8>>>,
}

/// Working memory of an evaluation, kept from event to event.
#[derive(Debug, Default)]
pub struct Scratch {
    hits: Hits,
    stack: Vec<bool>,
    rules: Vec<u32>,
}

/// The patterns that matched: as a list with the first place of each, and as a set.
#[derive(Debug, Default)]
struct Hits {
    list: Vec<Hit>,
    /// One bit for each pattern of the pack.
    set: Vec<u64>,
}

/// A pattern that matched, and where.
#[derive(Debug, Clone, Copy)]
struct Hit {
    pattern: u32,
    field: Field,
    value: u32,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// The rule's index in the pack.
    pub rule: u32,
    /// The action that it matched on, by the index of its table; `None` for a rule that looks at no action.
    pub action: Option<usize>,
    /// The values that decided, one for each pattern that speaks for the match.
    pub evidence: Vec<Evidence>,
}

/// A value that a rule's pattern matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The field.
    pub field: Field,
    /// The words of the value that matched, or the whole value where the pattern is about the whole.
    pub matched: String,
}

impl Matcher {
    /// Makes a pack ready: checks it and builds its automata.
    ///
    /// # Errors
    /// When the pack's parts do not fit together.
    pub fn new(pack: Pack) -> Result<Self, LoadError> {
        let regexes = pack.regexes.iter().map(|bytes| load_dfa(bytes)).collect::<Result<Vec<_>, _>>()?;
        let mut matcher = Self {
            fields: group_by_field(&pack)?,
            anywhere: [keywords(&pack, View::Security), keywords(&pack, View::ProcessCreation)],
            rules: pack.rules.iter().map(|rule| prepare(&pack, rule)).collect::<Result<_, _>>()?,
            users: users(&pack),
            regexes,
            pack,
        };
        matcher.pack.regexes = Vec::new();
        let known = matcher.regexes.len();
        let dangling =
            |pattern: &Pattern| matches!(pattern.test, Test::Regex(index) if index as usize >= known);
        if matcher.pack.patterns.iter().any(dangling) {
            return Err(LoadError::Unusable("a pattern names a regular expression that is not there"));
        }
        Ok(matcher)
    }

    /// The pack, without its regular expressions.
    pub const fn pack(&self) -> &Pack {
        &self.pack
    }

    /// The rules that match an event: `event` holds the fields that all actions share, `actions` those of
    /// each action. Rules about one action are evaluated for each, and count when one of them matches. Each
    /// rule is given once, with the evidence of its first match, in the order of the pack.
    pub fn evaluate<F: Fields>(&self, event: &F, actions: &[F], scratch: &mut Scratch) -> Vec<Matched> {
        let mut found: Vec<Matched> = Vec::new();
        self.each_row(event, actions, scratch, |row, scratch| self.decide(&row, scratch, &mut found));
        found.sort_by_key(|matched| matched.rule);
        found
    }

    /// Collects the hits on the event and each action in turn, and hands them on.
    fn each_row<F: Fields>(
        &self,
        event: &F,
        actions: &[F],
        scratch: &mut Scratch,
        mut use_row: impl FnMut(Row<'_, F>, &mut Scratch),
    ) {
        scratch.hits.reset(self.pack.patterns.len());
        self.collect(event, event, &mut scratch.hits);
        let shared = scratch.hits.list.len();
        if actions.is_empty() {
            use_row(Row { shared: event, own: event, processes: false, index: None }, scratch);
        }
        for (index, action) in actions.iter().enumerate() {
            scratch.hits.truncate(shared);
            self.collect(action, event, &mut scratch.hits);
            let processes = !action.values(Field::Image).is_empty();
            use_row(Row { shared: event, own: action, processes, index: Some(index) }, scratch);
        }
    }

    /// Tries every pattern on the values of one table. `other` is where field references look next.
    fn collect<F: Fields>(&self, table: &F, other: &F, hits: &mut Hits) {
        for (&field, patterns) in Field::ALL.iter().zip(&self.fields) {
            let values = table.values(field);
            if let Some(patterns) = patterns
                && !values.is_empty()
            {
                for &pattern in &patterns.presence {
                    hits.note(pattern, field, 0);
                }
                for (index, value) in (0_u32..).zip(values) {
                    self.try_value(patterns, field, index, value, (table, other), hits);
                }
            }
            for (view, keywords) in [View::Security, View::ProcessCreation].into_iter().zip(&self.anywhere) {
                if !keywords.is_empty() && field.visible_in(view) {
                    for (index, value) in (0_u32..).zip(values) {
                        self.try_each(keywords, field, index, value, &fold(value), (table, other), hits);
                    }
                }
            }
        }
    }

    fn try_value<F: Fields>(
        &self,
        patterns: &FieldPatterns,
        field: Field,
        index: u32,
        value: &str,
        tables: (&F, &F),
        hits: &mut Hits,
    ) {
        let folded = fold(value);
        if let Some(needles) = &patterns.needles {
            needles.search(&folded, |pattern| {
                if !hits.has(pattern) && self.is_text_match(pattern, value, &folded) {
                    hits.note(pattern, field, index);
                }
            });
        }
        self.try_each(&patterns.each, field, index, value, &folded, tables, hits);
    }

    #[expect(clippy::too_many_arguments, reason = "one value and where it stands")]
    fn try_each<F: Fields>(
        &self,
        patterns: &[u32],
        field: Field,
        index: u32,
        value: &str,
        folded: &str,
        tables: (&F, &F),
        hits: &mut Hits,
    ) {
        for &pattern in patterns {
            if !hits.has(pattern) && self.is_match(pattern, value, folded, tables) {
                hits.note(pattern, field, index);
            }
        }
    }

    fn is_text_match(&self, pattern: u32, value: &str, folded: &str) -> bool {
        match self.pack.patterns.get(pattern as usize).map(|p| &p.test) {
            Some(Test::Text(glob)) => glob.fits(if glob.cased { value } else { folded }),
            _ => false,
        }
    }

    fn is_match<F: Fields>(&self, pattern: u32, value: &str, folded: &str, tables: (&F, &F)) -> bool {
        let Some(pattern) = self.pack.patterns.get(pattern as usize) else { return false };
        match &pattern.test {
            Test::Text(glob) => glob.fits(if glob.cased { value } else { folded }),
            Test::Regex(index) => self.regex_end(*index, value).is_some(),
            Test::Exists(expected) => *expected,
            Test::Number(comparison, number) => comparison.matches(value, *number),
            Test::Cidr(cidr) => cidr.matches(value),
            Test::FieldRef { field, relation, cased } => {
                let (own, other) = tables;
                own.values(*field).iter().chain(other.values(*field)).any(|referred| {
                    if *cased {
                        relation.holds(value, referred)
                    } else {
                        relation.holds(folded, &fold(referred))
                    }
                })
            }
        }
    }

    /// Where the first match of a regular expression ends.
    fn regex_end(&self, index: u32, value: &str) -> Option<usize> {
        let dfa = self.regexes.get(index as usize)?;
        let found = dfa.try_search_fwd(&regex_automata::Input::new(value).earliest(true));
        found.ok().flatten().map(|half| half.offset())
    }

    /// Adds the rules that match on what was collected.
    fn decide<F: Fields>(&self, row: &Row<'_, F>, scratch: &mut Scratch, found: &mut Vec<Matched>) {
        let Scratch { hits, stack, rules } = scratch;
        rules.clear();
        let always = (0_u32..).zip(&self.rules).filter(|(_, rule)| rule.always).map(|(index, _)| index);
        rules.extend(always);
        for hit in &hits.list {
            rules.extend(self.users.get(hit.pattern as usize).into_iter().flatten());
        }
        rules.sort_unstable();
        rules.dedup();
        for &index in rules.iter() {
            let (Some(rule), Some(prepared)) =
                (self.pack.rules.get(index as usize), self.rules.get(index as usize))
            else {
                continue;
            };
            if !row.asks(rule, prepared) || found.iter().any(|earlier| earlier.rule == index) {
                continue;
            }
            let is_matched = |pattern| self.holds(pattern, hits);
            if condition::evaluate(&rule.condition, is_matched, stack) {
                let evidence = self.evidence(prepared, &hits.list, row);
                let action = row.index.filter(|_| prepared.per_action);
                found.push(Matched { rule: index, action, evidence });
            }
        }
    }

    /// Whether a pattern holds, given the hits. Patterns that ask for absence hold without a hit.
    fn holds(&self, pattern: u32, hits: &Hits) -> bool {
        let hit = hits.has(pattern);
        match self.pack.patterns.get(pattern as usize).map(|p| &p.test) {
            Some(Test::Exists(false)) => !hit,
            _ => hit,
        }
    }

    fn evidence<F: Fields>(&self, prepared: &Prepared, hits: &[Hit], row: &Row<'_, F>) -> Vec<Evidence> {
        let mut evidence: Vec<Evidence> = Vec::new();
        for hit in prepared.positive.iter().filter_map(|&p| hits.iter().find(|hit| hit.pattern == p)) {
            let table = if hit.field.per_action() { row.own } else { row.shared };
            let Some(value) = table.values(hit.field).get(hit.value as usize) else { continue };
            let entry = Evidence { field: hit.field, matched: self.excerpt(hit.pattern, value).to_owned() };
            if !evidence.contains(&entry) {
                evidence.push(entry);
            }
        }
        evidence
    }

    /// The part of a value that a pattern is about.
    fn excerpt<'v>(&self, pattern: u32, value: &'v Cow<'_, str>) -> &'v str {
        match self.pack.patterns.get(pattern as usize).map(|p| &p.test) {
            Some(Test::Text(glob)) if glob.cased => glob.excerpt(value, value),
            Some(Test::Text(glob)) => glob.excerpt(value, &fold(value)),
            _ => value,
        }
    }
}

/// What the rules are decided on.
struct Row<'r, F> {
    /// The fields that all actions share.
    shared: &'r F,
    /// The fields of this action.
    own: &'r F,
    /// The action will become a process.
    processes: bool,
    /// Its index; rules that look at no action are decided on the first.
    index: Option<usize>,
}

impl<F> Row<'_, F> {
    /// Whether a rule is decided here: on processes only, or on the first row when no action matters.
    fn asks(&self, rule: &Rule, prepared: &Prepared) -> bool {
        (rule.view != View::ProcessCreation || self.processes)
            && (prepared.per_action || self.index.is_none_or(|index| index == 0))
    }
}

impl Hits {
    fn reset(&mut self, patterns: usize) {
        self.list.clear();
        self.set.clear();
        self.set.resize(patterns.div_ceil(64), 0);
    }

    fn has(&self, pattern: u32) -> bool {
        self.set.get(pattern as usize / 64).is_some_and(|word| word >> (pattern % 64) & 1 == 1)
    }

    fn note(&mut self, pattern: u32, field: Field, value: u32) {
        let Some(word) = self.set.get_mut(pattern as usize / 64) else { return };
        let bit = 1 << (pattern % 64);
        if *word & bit == 0 {
            *word |= bit;
            self.list.push(Hit { pattern, field, value });
        }
    }

    /// Forgets all but the first `keep` hits.
    fn truncate(&mut self, keep: usize) {
        for hit in self.list.drain(keep.min(self.list.len())..) {
            if let Some(word) = self.set.get_mut(hit.pattern as usize / 64) {
                *word &= !(1 << (hit.pattern % 64));
            }
        }
    }
}

fn load_dfa(bytes: &[u8]) -> Result<sparse::DFA<Vec<u8>>, LoadError> {
    const BROKEN: LoadError = LoadError::Unusable("a regular expression is not a serialised automaton");
    let (dfa, _) = sparse::DFA::from_bytes(bytes).map_err(|_| BROKEN)?;
    let dfa = dfa.to_owned();
    // A search that could fail at run time is refused here.
    dfa.start_state(&start::Config::new()).map_err(|_| BROKEN)?;
    Ok(dfa)
}

fn group_by_field(pack: &Pack) -> Result<Vec<Option<FieldPatterns>>, LoadError> {
    let mut fields = Vec::new();
    for &field in Field::ALL {
        let mut patterns = FieldPatterns::default();
        let mut literals = Vec::new();
        let mut used = false;
        for (index, pattern) in
            (0_u32..).zip(&pack.patterns).filter(|(_, p)| p.target == Target::Field(field))
        {
            used = true;
            match &pattern.test {
                Test::Exists(_) => patterns.presence.push(index),
                Test::Text(glob) => match glob.longest_literal() {
                    Some(literal) => literals.push((fold(literal).into_owned(), index)),
                    None => patterns.each.push(index),
                },
                _ => patterns.each.push(index),
            }
        }
        patterns.needles = Needles::new(literals)?;
        fields.push(used.then_some(patterns));
    }
    Ok(fields)
}

fn keywords(pack: &Pack, view: View) -> Vec<u32> {
    let patterns = (0_u32..).zip(&pack.patterns);
    patterns.filter(|(_, pattern)| pattern.target == Target::Anywhere(view)).map(|(index, _)| index).collect()
}

fn prepare(pack: &Pack, rule: &Rule) -> Result<Prepared, LoadError> {
    condition::check(&rule.condition, pack.patterns.len())?;
    let patterns = || {
        rule.condition.iter().filter_map(|op| match op {
            super::Op::Pattern(pattern) => pack.patterns.get(*pattern as usize),
            _ => None,
        })
    };
    let reads_action = |pattern: &Pattern| match (&pattern.target, &pattern.test) {
        (Target::Anywhere(_), _) => true,
        (_, Test::FieldRef { field, .. }) if field.per_action() => true,
        (Target::Field(field), _) => field.per_action(),
    };
    let absent =
        |index: u32| matches!(pack.patterns.get(index as usize).map(|p| &p.test), Some(Test::Exists(false)));
    Ok(Prepared {
        per_action: rule.view == View::ProcessCreation || patterns().any(reads_action),
        always: condition::evaluate(&rule.condition, absent, &mut Vec::new())
            || patterns().any(|pattern| pattern.test == Test::Exists(false)),
        positive: condition::positive_patterns(&rule.condition),
    })
}

fn users(pack: &Pack) -> Vec<Vec<u32>> {
    let mut users = vec![Vec::new(); pack.patterns.len()];
    for (index, rule) in (0_u32..).zip(&pack.rules) {
        for op in &rule.condition {
            if let super::Op::Pattern(pattern) = op
                && let Some(of_pattern) = users.get_mut(*pattern as usize)
                && of_pattern.last() != Some(&index)
            {
                of_pattern.push(index);
            }
        }
    }
    users
}

#[cfg(test)]
mod tests;
