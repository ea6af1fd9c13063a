//! From a record's members to its tag.
use super::At;
use super::reading::{Reading, read_candidate};
use crate::event::Note;
use crate::fields::Table;
use crate::history::{Completed, History};
use crate::json::Object;
use crate::rules::{Matched, Matcher, Pack, Scratch, Settings};
use crate::shapes;
use crate::verdict::{Case, decide, host_role, write_tag};

/// Whether earlier records have a say in a verdict.
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

    pub(super) const fn matcher(&self) -> Option<&Matcher> {
        self.matcher.as_ref()
    }

    /// Whether there is something to say of a record; the tag is then in `tag`.
    pub(super) fn judge(&mut self, object: &Object<'_>, at: At, past: Past, tag: &mut Vec<u8>) -> bool {
        match shapes::change(object) {
            None => false,
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
    ) -> bool {
        let Some(mut reading) = read_candidate(object, candidate) else { return false };
        if self.matcher.is_none() {
            reading.notes.push(Note::NoRules);
        }
        self.judge_reading(object, &reading, at, past, tag)
    }

    #[inline(never)]
    fn judge_reading(
        &mut self,
        object: &Object<'_>,
        reading: &Reading<'_>,
        at: At,
        past: Past,
        tag: &mut Vec<u8>,
    ) -> bool {
        let fields = reading.fields();
        let actions = reading.actions();
        let now = u64::from(at.seconds);
        let matched = self.matched(&fields, &actions);
        let completed = match past {
            Past::Counts => self.completed(&matched, &fields, &actions, now),
            Past::Ignored => Vec::new(),
        };
        let pack = self.pack();
        let case = Case {
            pack,
            event: &reading.event,
            task: &reading.task,
            state: reading.state,
            fields: &fields,
            actions: &actions,
            matched: &matched,
            completed: &completed,
            role: host_role(&pack.settings, object, reading.event.computer.as_deref()),
            notes: &reading.notes,
            now,
        };
        match decide(&case) {
            None => false,
            Some(decision) => {
                write_tag(tag, &case, &decision, &self.pack_hash);
                true
            }
        }
    }

    fn matched(&mut self, fields: &Table<'_>, actions: &[Table<'_>]) -> Vec<Matched> {
        match &self.matcher {
            Some(matcher) => matcher.evaluate(fields, actions, &mut self.scratch),
            None => Vec::new(),
        }
    }

    fn completed(
        &mut self,
        matched: &[Matched],
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
