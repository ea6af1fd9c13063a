//! A pack made ready, and its evaluation on one event.
use super::compact::{Folded, Tests};
use super::condition::{self, Conditions, Known, Run, Speaking};
use super::groups::Groups;
use super::needles::{Found, Needles};
use super::short_circuit::{Asked, Patterns as _, ShortCircuits};
use super::{LoadError, Pack};
use crate::fields::{Field, Fields, View};
use crate::order;
use crate::work::Work;

mod candidates;
mod evidence;
mod hits;
mod prepare;
mod trace;

use candidates::Candidates;
use hits::{Hits, Mark};

pub use trace::{Place, Trace};

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

/// Facts about a rule that hold before any event.
#[derive(Debug, Clone, Copy)]
struct Prepared {
    /// Looks at a field of one action.
    per_action: bool,
    /// Is about the processes that actions become.
    per_process: bool,
    /// Can match although none of its patterns has so far, so that it is always evaluated.
    always: bool,
    /// The number of its first branch among those of all rules.
    first_branch: u32,
    /// The number of its branches.
    branches: u32,
}

/// A regular expression on a field.
#[derive(Debug, Clone, Copy)]
struct Deferred {
    field: Field,
    /// It is found only in values that hold one of its literals, which are searched with all others.
    has_literals: bool,
}

/// A pack with its automata.
#[derive(Debug)]
pub struct Matcher {
    /// The pack, without what is kept in smaller form in the other members.
    pack: Pack,
    tests: Tests,
    /// The conditions of all rules, by which they are decided.
    conditions: ShortCircuits,
    /// The same for all rules' branches, in order.
    branches: ShortCircuits,
    /// The conditions of all rules, by which is found what speaks for a match.
    written: Conditions,
    /// By rule: its regular expressions.
    searched: Groups,
    rules: Vec<Prepared>,
    /// By pattern: the rules that are decided when it matches, or may match.
    triggered: Groups,
    /// The fields that rules look at, each with its patterns: first those that all actions share, then those of an
    /// action.
    fields: [Vec<(Field, FieldPatterns)>; 2],
    /// By pattern: what is known of those that are searched only when they can decide.
    deferred: Vec<Option<Deferred>>,
    /// Patterns of the event's fields that refer to a field of the action, with their field: they are tried
    /// with each action.
    crossing: Vec<(Field, u32)>,
    /// Keyword patterns, by view: each is tried on every field.
    anywhere: [Vec<u32>; 2],
}

/// Working memory of an evaluation, kept from event to event.
#[derive(Debug, Default)]
pub struct Scratch {
    hits: Hits,
    counts: Vec<u32>,
    speaking: Speaking,
    /// The rules that may match on what all actions share.
    shared: Candidates,
    /// The rules that may match on the row at hand.
    rules: Candidates,
}

/// The order in which the actions of an event are looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Order<'o> {
    /// The indices of the actions' tables.
    pub rows: &'o [usize],
    /// So many of them share the work before any is granted to the others.
    pub first: usize,
}

/// The result of an evaluation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evaluated<'t> {
    /// The rules that match, in the order of the pack.
    pub matched: Vec<Matched<'t>>,
    /// True if every value was looked at, as far as a rule asks. Else the work did not suffice, and a rule may be
    /// missing.
    pub complete: bool,
}

/// Units of work for a step of a condition.
const STEP: usize = 110;
/// Units of work for a candidate.
const CANDIDATE: usize = 1_500;
/// Units of work for a regular expression that may have to be searched.
const SEARCHED: usize = 100;
/// Units of work for a row, its fields gone through.
const ROW: usize = 12_000;
/// The most rows that the rest of the work is shared by.
const SHARES: usize = 64;
/// The part of the work that one value may take, and the part that what all actions share may.
const PART: usize = 2;

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched<'t> {
    /// The rule's index in the pack.
    pub rule: u32,
    /// The action that it matched on, by the index of its table; `None` for a rule that looks at no action.
    pub action: Option<usize>,
    /// The values that decided, one for each pattern that speaks for the match.
    pub evidence: Vec<Evidence<'t>>,
    /// The branches of the rule that hold, by their index in [`Rule::branches`].
    pub branches: Vec<u32>,
}

/// A value that a rule's pattern matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence<'t> {
    /// The field.
    pub field: Field,
    /// The words of the value that matched, or the whole value where the pattern is about the whole.
    pub matched: &'t str,
}

impl Matcher {
    /// Makes a pack ready: checks it and builds its automata.
    ///
    /// # Errors
    /// When the pack's parts do not fit together.
    pub fn new(mut pack: Pack) -> Result<Self, LoadError> {
        let tests = Tests::new(&mut pack)?;
        let rules = prepare::rules(&pack)?;
        let deferred = prepare::deferred(&pack);
        let patterns = prepare::Patterns::new(&pack, &tests, &deferred);
        let searched = prepare::searched(&pack, &deferred)?;
        let (mut conditions, mut branches) = (ShortCircuits::default(), ShortCircuits::default());
        let mut written = Conditions::default();
        for rule in &pack.rules {
            conditions.push(&rule.condition, &patterns)?;
            written.push(&condition::steps(&rule.condition, |pattern| patterns.is_decided(pattern)));
            for branch in &rule.branches {
                branches.push(&branch.condition, &patterns)?;
            }
        }
        conditions.shrink_to_fit();
        branches.shrink_to_fit();
        written.shrink_to_fit();
        let matcher = Self {
            rules,
            triggered: prepare::triggered(&pack)?,
            fields: prepare::fields(&pack, &tests)?,
            deferred,
            crossing: prepare::crossing(&pack),
            anywhere: [View::Security, View::ProcessCreation].map(|view| prepare::keywords(&pack, view)),
            conditions,
            branches,
            written,
            searched,
            tests,
            pack: prepare::without_patterns(pack),
        };
        Ok(matcher)
    }

    /// The pack's settings, rules and correlations. Patterns, conditions and regular expressions are gone from
    /// it: the matcher keeps them in smaller forms.
    pub const fn pack(&self) -> &Pack {
        &self.pack
    }

    /// The rules that match an event: `event` holds the fields that all actions share, `actions` those of
    /// each action. Rules about one action are evaluated for each, and count when one of them matches. Each
    /// rule is given once, with the evidence of its first match, in the order of the pack.
    pub fn evaluate<'t, F: Fields>(
        &self,
        event: &'t F,
        actions: &'t [F],
        scratch: &mut Scratch,
    ) -> Vec<Matched<'t>> {
        let rows: Vec<usize> = (0..actions.len()).collect();
        let order = Order { rows: &rows, first: 0 };
        self.evaluate_within(event, actions, order, &Work::unlimited(), scratch).matched
    }

    /// The same within a budget of work. Each action gets a share of what those before it left, so that a dear one does
    /// not take the others' verdict with it. Where all is looked at, the result does not depend on the order.
    pub fn evaluate_within<'t, F: Fields>(
        &self,
        event: &'t F,
        actions: &'t [F],
        order: Order<'_>,
        work: &Work,
        scratch: &mut Scratch,
    ) -> Evaluated<'t> {
        let mut matched = Vec::new();
        self.each_row(event, actions, order, work, scratch, |row, scratch| {
            self.decide(&row, scratch, &mut matched);
        });
        order::sort_by_key(&mut matched, |matched| u64::from(matched.rule));
        Evaluated { matched, complete: !scratch.hits.incomplete }
    }

    /// The rules that look at no action and match an event by what all actions share.
    pub fn evaluate_event<'t, F: Fields>(
        &self,
        event: &'t F,
        work: &Work,
        scratch: &mut Scratch,
    ) -> Vec<Matched<'t>> {
        let mut found = Vec::new();
        self.each_row(event, &[], Order::default(), work, scratch, |row, scratch| {
            self.decide(&row, scratch, &mut found);
        });
        let looks_at_action = |rule: u32| self.rules.get(rule as usize).is_none_or(|rule| rule.per_action);
        found.retain(|matched| !looks_at_action(matched.rule));
        found
    }

    /// Collects the hits on the event and each action in turn, and hands them on.
    fn each_row<'t, F: Fields>(
        &self,
        event: &'t F,
        actions: &'t [F],
        order: Order<'_>,
        work: &Work,
        scratch: &mut Scratch,
        mut use_row: impl FnMut(Row<'t, '_, F>, &mut Scratch),
    ) {
        scratch.hits.reset(self.tests.len());
        let part = work.lend(work.left().checked_div(PART).unwrap_or(0));
        let [of_event, of_action] = &self.fields;
        self.collect(of_event, (event, event), &part, &mut scratch.hits);
        work.take_back(&part);
        let shared = scratch.hits.mark();
        scratch.shared.reset(self.rules.len());
        let always = (0_u32..).zip(&self.rules).filter(|(_, rule)| rule.always).map(|(index, _)| index);
        scratch.shared.add(always);
        self.add_triggered(Mark::default(), &scratch.hits, &mut scratch.shared);
        let rows = if actions.is_empty() { 1 } else { order.rows.len() };
        for place in 0..rows {
            let index = order.rows.get(place).copied().filter(|_| !actions.is_empty());
            let own = index.and_then(|index| actions.get(index));
            // What a row leaves is for those after it.
            let sharing = match order.first.checked_sub(place) {
                Some(firsts) if firsts > 0 => firsts.saturating_add(usize::from(rows > order.first)),
                _ => rows.saturating_sub(place).min(SHARES),
            };
            let share = work.lend(work.left().checked_div(sharing).unwrap_or(0));
            if let Some(action) = own {
                scratch.hits.return_to(shared);
                if share.spend(ROW) {
                    // Something stays for the rules.
                    let part = share.lend(share.left() / 2);
                    self.collect(of_action, (action, event), &part, &mut scratch.hits);
                    self.cross(event, action, &part, &mut scratch.hits);
                    share.take_back(&part);
                }
            }
            scratch.rules.copy_from(&scratch.shared);
            self.add_triggered(shared, &scratch.hits, &mut scratch.rules);
            let processes = own.is_some_and(|action| !action.values(Field::Image).is_empty());
            use_row(
                Row { shared: event, own: own.unwrap_or(event), processes, index, work: &share },
                scratch,
            );
            scratch.hits.incomplete |= share.is_spent();
            work.take_back(&share);
        }
    }

    /// Adds the rules that a pattern triggers which was found since a mark.
    fn add_triggered(&self, since: Mark, hits: &Hits, rules: &mut Candidates) {
        for pattern in hits.since(since) {
            rules.add(self.triggered.of(pattern as usize));
        }
    }

    /// Tries the patterns of some fields, and all keywords, on the values of one table. `other` is where field references
    /// look next.
    fn collect<F: Fields>(
        &self,
        fields: &[(Field, FieldPatterns)],
        (table, other): (&F, &F),
        work: &Work,
        hits: &mut Hits,
    ) {
        for (field, patterns) in fields {
            let (field, values) = (*field, table.values(*field));
            if values.is_empty() {
                continue;
            }
            for &pattern in &patterns.presence {
                hits.note(pattern, (field, 0), None);
            }
            for (index, value) in (0_u32..).zip(values) {
                // A long value leaves something for the others.
                let part = work.lend(work.left().checked_div(PART).unwrap_or(0));
                let value = Folded::new(value);
                self.try_value(patterns, (field, index), &value, (table, other), &part, hits);
                hits.incomplete |= part.is_spent();
                work.take_back(&part);
            }
        }
        for (view, keywords) in [View::Security, View::ProcessCreation].into_iter().zip(&self.anywhere) {
            if !keywords.is_empty() {
                self.try_keywords(view, keywords, (table, other), work, hits);
            }
        }
    }

    /// Tries the keywords of a view on every field that it shows.
    #[inline(never)]
    fn try_keywords<F: Fields>(
        &self,
        view: View,
        keywords: &[u32],
        (table, other): (&F, &F),
        work: &Work,
        hits: &mut Hits,
    ) {
        for &field in Field::ALL.iter().filter(|field| field.visible_in(view)) {
            for (index, value) in (0_u32..).zip(table.values(field)) {
                let part = work.lend(work.left().checked_div(PART).unwrap_or(0));
                let value = Folded::new(value);
                for &pattern in keywords {
                    self.try_one(pattern, (field, index), &value, (table, other), &part, hits);
                }
                hits.incomplete |= part.is_spent();
                work.take_back(&part);
            }
        }
    }

    /// Tries the patterns of the event's fields that refer to a field of the action.
    fn cross<F: Fields>(&self, event: &F, action: &F, work: &Work, hits: &mut Hits) {
        for &(field, pattern) in &self.crossing {
            for (index, value) in (0_u32..).zip(event.values(field)) {
                self.try_one(pattern, (field, index), &Folded::new(value), (action, event), work, hits);
            }
        }
        hits.incomplete |= work.is_spent();
    }

    fn try_value<F: Fields>(
        &self,
        patterns: &FieldPatterns,
        place: (Field, u32),
        value: &Folded<'_>,
        tables: (&F, &F),
        work: &Work,
        hits: &mut Hits,
    ) {
        if let Some(needles) = &patterns.needles
            && let Some(searchable) = value.searchable(work)
        {
            let walk = work.lend(work.left() / 2);
            let mut finds = Finds { matcher: self, place, value, tables, work, hits };
            needles.search(searchable, (&walk, work), |pattern, found| finds.take(pattern, found));
            hits.forget_tries();
            hits.incomplete |= walk.is_spent();
            work.take_back(&walk);
        }
        for &pattern in &patterns.each {
            self.try_one(pattern, place, value, tables, work, hits);
        }
    }

    fn try_one<F: Fields>(
        &self,
        pattern: u32,
        (field, index): (Field, u32),
        value: &Folded<'_>,
        (own, other): (&F, &F),
        work: &Work,
        hits: &mut Hits,
    ) {
        if !hits.has(pattern) && self.tests.passes(pattern, value, own, other, work) {
            hits.note(pattern, (field, index), None);
        }
    }

    /// Adds the rules that match on what was collected. A rule that an action further behind has matched is decided
    /// again, since the first one's match counts.
    fn decide<'t, F: Fields>(
        &self,
        row: &Row<'t, '_, F>,
        scratch: &mut Scratch,
        found: &mut Vec<Matched<'t>>,
    ) {
        let Scratch { hits, counts, speaking, rules, .. } = scratch;
        for index in rules.iter() {
            let Some(prepared) = self.rules.get(index as usize) else { continue };
            if !row.asks(prepared) {
                continue;
            }
            let known = found.iter().position(|earlier| earlier.rule == index);
            let is_first =
                known.and_then(|known| found.get(known)).is_none_or(|known| row.index < known.action);
            if !is_first {
                continue;
            }
            if !row.work.spend(CANDIDATE) {
                return;
            }
            if !self.holds_on(&self.conditions, index, row, hits, counts) {
                continue;
            }
            self.search_deferred(index, row, hits);
            let evidence = self.evidence(index, hits, row, speaking);
            let action = row.index.filter(|_| prepared.per_action);
            let branches = self.branches_that_hold(prepared, row, hits, counts);
            let matched = Matched { rule: index, action, evidence, branches };
            match known.and_then(|known| found.get_mut(known)) {
                Some(known) => *known = matched,
                None => found.push(matched),
            }
        }
        hits.forget_tries();
    }

    /// Returns whether a condition holds on a row.
    fn holds_on<F: Fields>(
        &self,
        conditions: &ShortCircuits,
        condition: u32,
        row: &Row<'_, '_, F>,
        hits: &mut Hits,
        counts: &mut Vec<u32>,
    ) -> bool {
        let (holds, made) = conditions.holds(condition, &mut AskedHits { matcher: self, row, hits }, counts);
        // A condition has a bounded number of steps: what this one took is taken from those that follow it.
        let _ = row.work.spend(made.saturating_mul(STEP));
        holds
    }

    /// The branches of a rule that hold, as far as the work suffices.
    fn branches_that_hold<F: Fields>(
        &self,
        rule: &Prepared,
        row: &Row<'_, '_, F>,
        hits: &mut Hits,
        counts: &mut Vec<u32>,
    ) -> Vec<u32> {
        let holds = |branch: &u32| {
            let condition = rule.first_branch.saturating_add(*branch);
            self.holds_on(&self.branches, condition, row, hits, counts)
        };
        (0..rule.branches).filter(holds).collect()
    }

    fn deferred(&self, pattern: u32) -> Option<Deferred> {
        self.deferred.get(pattern as usize).copied().flatten()
    }

    /// The field in which a pattern has still to be searched.
    fn open(&self, pattern: u32, hits: &Hits) -> Option<Field> {
        let deferred = self.deferred(pattern)?;
        let may_match = !deferred.has_literals || hits.is_suggested(pattern);
        (may_match && !hits.has(pattern) && !hits.was_tried(pattern)).then_some(deferred.field)
    }

    /// Searches the regular expressions of a rule.
    fn search_deferred<F: Fields>(&self, rule: u32, row: &Row<'_, '_, F>, hits: &mut Hits) {
        let patterns = self.searched.of(rule as usize);
        if !row.work.spend(patterns.len().saturating_mul(SEARCHED)) {
            return;
        }
        for pattern in patterns {
            self.search(pattern, row, hits);
        }
    }

    /// Searches a regular expression, unless that was done or it cannot be found.
    fn search<F: Fields>(&self, pattern: u32, row: &Row<'_, '_, F>, hits: &mut Hits) {
        let Some(field) = self.open(pattern, hits) else { return };
        hits.is_first_try(pattern);
        let table = if field.per_action() { row.own } else { row.shared };
        for (index, value) in (0_u32..).zip(table.values(field)) {
            // A long value leaves something for other expressions and rules.
            let part = row.work.lend(row.work.left().checked_div(PART).unwrap_or(0));
            let tables = (table, row.shared);
            self.try_one(pattern, (field, index), &Folded::new(value), tables, &part, hits);
            hits.incomplete |= part.is_spent();
            row.work.take_back(&part);
        }
    }

    /// Returns whether a pattern holds, given the hits. Patterns that ask for absence hold without a hit.
    fn holds(&self, pattern: u32, hits: &Hits) -> bool {
        hits.has(pattern) != self.tests.asks_absence(pattern)
    }
}

/// Notes a literal that was found in a value.
struct Finds<'m, 'v, F> {
    matcher: &'m Matcher,
    place: (Field, u32),
    value: &'m Folded<'v>,
    tables: (&'m F, &'m F),
    work: &'m Work,
    hits: &'m mut Hits,
}

impl<F: Fields> Finds<'_, '_, F> {
    /// Kept out of the search, where it would take the room of the search's own values.
    #[inline(never)]
    fn take(&mut self, pattern: u32, found: Found) {
        match found {
            Found::At(at) => self.hits.note(pattern, self.place, u32::try_from(at).ok()),
            Found::Fits => self.hits.note(pattern, self.place, None),
            Found::MayMatch => self.hits.suggest(pattern),
            Found::MayFit => {
                if self.hits.is_first_try(pattern) {
                    self.matcher.try_one(pattern, self.place, self.value, self.tables, self.work, self.hits);
                }
            }
        }
    }
}

/// Answers which patterns of a matcher match.
struct KnownHits<'m> {
    matcher: &'m Matcher,
    hits: &'m Hits,
}

impl Known for KnownHits<'_> {
    fn pattern(&self, pattern: u32) -> bool {
        self.matcher.holds(pattern, self.hits)
    }

    fn run(&self, run: Run) -> bool {
        self.hits.has_run(run)
    }

    fn matching(&self, run: Run, visit: impl FnMut(u32)) {
        self.hits.each_of(run, visit);
    }
}

/// Answers which patterns of a matcher hold on a row, and searches those that are asked for.
struct AskedHits<'m, 't, 'w, F> {
    matcher: &'m Matcher,
    row: &'m Row<'t, 'w, F>,
    hits: &'m mut Hits,
}

impl<F: Fields> Asked for AskedHits<'_, '_, '_, F> {
    #[inline(always)]
    fn hit(&self, pattern: u32) -> bool {
        self.hits.has(pattern)
    }

    #[inline(always)]
    fn run(&self, run: Run) -> bool {
        self.hits.has_run(run)
    }

    fn open(&mut self, pattern: u32) -> bool {
        self.matcher.search(pattern, self.row, self.hits);
        self.matcher.holds(pattern, self.hits)
    }
}

/// The fields and the action for which the rules are evaluated.
struct Row<'t, 'w, F> {
    /// The fields that all actions share.
    shared: &'t F,
    /// The fields of this action.
    own: &'t F,
    /// The action will become a process.
    processes: bool,
    /// Its index; rules that look at no action are decided on the first.
    index: Option<usize>,
    /// Its share of the work.
    work: &'w Work,
}

impl<F> Row<'_, '_, F> {
    /// Returns whether a rule is decided here: on processes only, or on the first row when no action matters.
    fn asks(&self, rule: &Prepared) -> bool {
        (!rule.per_process || self.processes)
            && (rule.per_action || self.index.is_none_or(|index| index == 0))
    }
}

#[cfg(test)]
mod tests;
