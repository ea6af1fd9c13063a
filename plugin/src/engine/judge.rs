//! From a record's members to its tag.
use super::At;
use super::reading::{Reading, has_headroom, read_candidate};
use crate::command::programs::Programs;
use crate::event::Note;
use crate::fields::Table;
use crate::history::{Completed, History};
use crate::json::Object;
use crate::order;
use crate::rules::{Evaluated, Matched, Matcher, Order, Pack, Scratch, Settings};
use crate::shapes;
use crate::verdict::{Case, Earlier, Verdict, decide, host_role, write_passed_on, write_tag};
use crate::work::Work;

/// Units of work that are set aside for the verdict.
const VERDICT: usize = 500_000;
/// Units of work that are set aside for the rules about limits, where the others have taken all.
const LIMITS: usize = 500_000;

/// The result of judging a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// It is no task event, or one of which there is nothing to say.
    Nothing,
    /// The tag is written.
    Tagged,
    /// There is nothing to say of it, and the tag is written of what an earlier filter said.
    PassedOn,
    /// It may be a task event, and memory does not suffice to look.
    NoMemory,
}

/// The influence of earlier records on a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Past {
    /// Rules over several events see what came before.
    Counts,
    /// Each record is by itself: equal records get equal verdicts.
    Ignored,
}

/// The rules and what their evaluation needs.
#[derive(Debug)]
pub(super) struct Judge {
    matcher: Option<Matcher>,
    /// Stands in while there are no rules.
    no_rules: Pack,
    pack_hash: String,
    scratch: Scratch,
    history: History,
}

impl Judge {
    pub(super) fn new(matcher: Matcher, pack_hash: String) -> Self {
        // A pack without correlations needs no memory of the past.
        let history =
            if matcher.pack().correlations.is_empty() { History::default() } else { History::with_room() };
        Self { matcher: Some(matcher), pack_hash, history, ..Self::without_rules() }
    }

    pub(super) fn without_rules() -> Self {
        Self {
            matcher: None,
            no_rules: Pack::default(),
            pack_hash: String::new(),
            scratch: Scratch::default(),
            history: History::default(),
        }
    }

    fn pack(&self) -> &Pack {
        self.matcher.as_ref().map_or(&self.no_rules, Matcher::pack)
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.pack().settings
    }

    /// Returns what programs do with their arguments.
    pub(super) fn programs(&self) -> &Programs {
        &self.pack().programs
    }

    pub(super) const fn matcher(&self) -> Option<&Matcher> {
        self.matcher.as_ref()
    }

    /// Judges a record. Where there is something to say of it, that is in `tag`.
    pub(super) fn judge(&mut self, object: &Object<'_>, at: At, past: Past, tag: &mut Vec<u8>) -> Judged {
        if !object.is_complete() {
            return Judged::NoMemory;
        }
        match shapes::change(object) {
            None => self.pass_on(object, tag),
            Some(_) if !has_headroom(object) => Judged::NoMemory,
            Some(candidate) => self.judge_candidate(object, candidate, at, past, tag),
        }
    }

    #[inline(never)]
    fn judge_candidate(
        &mut self,
        object: &Object<'_>,
        candidate: shapes::Candidate<'_>,
        at: At,
        past: Past,
        tag: &mut Vec<u8>,
    ) -> Judged {
        let Some(mut reading) = read_candidate(object, candidate, self.programs()) else {
            return self.pass_on(object, tag);
        };
        if self.matcher.is_none() {
            reading.notes.push(Note::NoRules);
        }
        self.judge_reading(object, reading, at, past, tag)
    }

    /// Says of a record that is no task event what an earlier filter says of its handling.
    #[inline(never)]
    fn pass_on(&self, object: &Object<'_>, tag: &mut Vec<u8>) -> Judged {
        if object.get(&self.settings().key).is_none() {
            return Judged::Nothing;
        }
        if !has_headroom(object) {
            return Judged::NoMemory;
        }
        match Earlier::read(object, self.pack()).handling {
            None => Judged::Nothing,
            Some(handling) => {
                write_passed_on(tag, &handling);
                Judged::PassedOn
            }
        }
    }

    #[inline(never)]
    fn judge_reading(
        &mut self,
        object: &Object<'_>,
        mut reading: Reading<'_>,
        at: At,
        past: Past,
        tag: &mut Vec<u8>,
    ) -> Judged {
        let mut notes = std::mem::take(&mut reading.notes);
        let actions = reading.actions();
        let fields = reading.fields_with(&notes);
        let limited;
        let Evaluated { mut matched, complete } = self.matched(&reading, &fields, &actions);
        let fields = if complete {
            &fields
        } else {
            notes.push(Note::WorkSpent { unread: "what rules look for" });
            limited = reading.fields_with(&notes);
            self.add_limits(&limited, &mut matched);
            &limited
        };
        let now = u64::from(at.seconds);
        let completed = match past {
            Past::Counts => self.completed(&matched, fields, &actions, now),
            Past::Ignored => Vec::new(),
        };
        let pack = self.pack();
        let earlier = Earlier::read(object, pack);
        let case = Case {
            pack,
            event: &reading.event,
            task: &reading.task,
            state: reading.state,
            fields,
            actions: &actions,
            matched: &matched,
            completed: &completed,
            role: host_role(&pack.settings, object, reading.event.computer.as_deref()),
            notes: &notes,
            earlier: &earlier,
            now,
        };
        // What is said of a record is set aside: it does not depend on what was left.
        let Some(decision) = decide(&case, &Work::new(VERDICT)) else { return Judged::Nothing };
        write_tag(tag, &case, &decision, &self.pack_hash);
        if decision.verdict == Verdict::PassedOn { Judged::PassedOn } else { Judged::Tagged }
    }

    /// The rules that match, as far as the work suffices.
    #[inline(never)]
    fn matched<'t>(
        &mut self,
        reading: &Reading<'_>,
        fields: &'t Table<'_>,
        actions: &'t [Table<'_>],
    ) -> Evaluated<'t> {
        let Some(matcher) = &self.matcher else { return Evaluated { matched: Vec::new(), complete: true } };
        let (rows, first) = reading.order();
        let (order, scratch) = (Order { rows: &rows, first }, &mut self.scratch);
        matcher.evaluate_within(fields, actions, order, &reading.work, scratch)
    }

    /// Adds the rules about limits, where the work did not suffice to look at everything, which is noted in the fields.
    #[inline(never)]
    fn add_limits<'t>(&mut self, fields: &'t Table<'_>, matched: &mut Vec<Matched<'t>>) {
        let Some(matcher) = &self.matcher else { return };
        let limits = matcher.evaluate_event(fields, &Work::new(LIMITS), &mut self.scratch);
        if !limits.is_empty() {
            matched.extend(limits);
            order::sort_by_key(matched, |matched| u64::from(matched.rule));
            matched.dedup_by_key(|matched| matched.rule);
        }
    }

    fn completed(
        &mut self,
        matched: &[Matched<'_>],
        fields: &Table<'_>,
        actions: &[Table<'_>],
        now: u64,
    ) -> Vec<Completed> {
        match &self.matcher {
            Some(matcher) => {
                self.history.observe(&matcher.pack().correlations, matched, fields, actions, now)
            }
            None => Vec::new(),
        }
    }
}
