//! Says why a record is judged as it is: what it is read as, what each part of each rule comes to, and the tag.
//!
//! The evaluation is that of the filter: [`schtag::engine::Engine::read`], [`schtag::rules::Matcher::trace`] and
//! [`schtag::engine::Engine::process`].

mod allow;
mod event;
mod reasons;
mod rule;
mod sequence;
mod view;
mod words;

pub(crate) use allow::{AllowView, Misfit};
pub(crate) use event::{EventView, FieldView, ProcessView};
pub(crate) use sequence::{SeenView, SequenceView};
pub(crate) use view::{DetectionView, ItemView, Outcome, Reason, RuleView, TestView, Truth};

use crate::author::check::{FuelError, module};
use crate::rules::sigma::{Compilation, PackIndex};
use crate::run::wasmtime::{Options, Tagger, Timestamp};
use rule::Evidence;
use schtag::engine::{self, At, Engine, Reading, Row};
use schtag::fields::Table;
use schtag::json::{Invalid, Object, Scanner};
use schtag::rules::{LoadError, Matched, Matcher, Pack, Packed, Scratch};
use schtag::verdict::{Case, Earlier, decide, host_role};
use schtag::work::{self, Work};
use serde::Serialize;
use serde_json::value::RawValue;
use thiserror::Error;

/// Why a record is judged as it is. `schtag explain --json` prints it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Explanation {
    /// The event that was found in the record; `null` when there is none, and then nothing else is judged.
    pub event: Option<EventView>,
    /// The processes and actions that rules are tried on, in order.
    pub rows: Vec<RowView>,
    /// The rules, those that matched first; otherwise in the order of their files.
    pub rules: Vec<RuleView>,
    /// The verdict in the tag; `null` when there is none.
    pub verdict: Option<String>,
    /// The severity in the tag.
    pub severity: Option<String>,
    /// The advice on the allowlist; `null` where there is none.
    pub allowlist: Option<AllowView>,
    /// The tag as it would be written.
    pub tag: Option<Box<RawValue>>,
    /// The fuel that the record takes through the module with these rules, about one unit an instruction; `null`
    /// when there was no base module to make it of.
    pub fuel: Option<u64>,
}

/// The action and the process on which the rules are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct RowView {
    /// The index of the action in [`EventView::actions`].
    pub action: usize,
    /// The index of the process among those of the action; `null` for an action that starts no program.
    pub process: Option<usize>,
}

/// Why nothing was explained.
#[derive(Debug, Error)]
pub(crate) enum ExplainError {
    /// The record is not one JSON object.
    #[error("this is not one JSON object: at byte {}, {} is expected", .0.at, .0.expected)]
    Record(Invalid),
    /// The compiled pack does not load.
    #[error("{0}, which is a defect in `schtag`; please report it with the rules")]
    Load(#[from] LoadError),
}

/// The hash of a pack, as a module that is baked of it has it.
pub(crate) fn pack_hash(pack: &Pack) -> String {
    crate::text::digest::sha256_hex(&postcard::to_allocvec(pack).unwrap_or_default())
}

/// A record and when it arrived.
pub(crate) struct Arrived {
    pub(crate) record: Vec<u8>,
    pub(crate) at: At,
}

/// Explains a record that arrives at a time, after others, which rules over several events remember.
///
/// # Errors
/// When the record is not one JSON object, or the engine does not take the rules.
pub(crate) fn explain(
    compiled: &Compilation,
    before: &[Arrived],
    record: &[u8],
    at: At,
) -> Result<Explanation, ExplainError> {
    let pack = compiled.pack.clone();
    let hash = pack_hash(&pack);
    let mut engine = Engine::new(Packed { format: Pack::FORMAT, hash, pack })?;
    let mut scanner = Scanner::default();
    let object = scanner.scan(record).map_err(ExplainError::Record)?;
    let mut explanation = Explanation {
        event: None,
        rows: Vec::new(),
        rules: Vec::new(),
        verdict: None,
        severity: None,
        allowlist: None,
        tag: None,
        fuel: None,
    };
    let mut seen = vec![Vec::new(); compiled.pack.correlations.len()];
    for Arrived { record, at: arrived } in before {
        remember(&mut engine, record, *arrived, at, &mut seen);
    }
    explanation.take_tag(&mut engine, record, at);
    if let (Some(reading), Some(matcher)) = (engine.read(&object), engine.matcher()) {
        explanation.take_reading(compiled, matcher, &object, &reading, at);
        explanation.take_sequences(compiled, matcher, &reading, seen);
    }
    Ok(explanation)
}

/// Passes an earlier record through the engine, and notes what it adds to each correlation.
fn remember(engine: &mut Engine, record: &[u8], arrived: At, at: At, seen: &mut [Vec<SeenView>]) {
    // What it says of an earlier event is not asked.
    let _ = engine.process(record, arrived, &mut Vec::new());
    let mut scanner = Scanner::default();
    let Ok(object) = scanner.scan(record) else { return };
    let (Some(reading), Some(matcher)) = (engine.read(&object), engine.matcher()) else { return };
    add_seen(matcher, &reading, at.seconds.saturating_sub(arrived.seconds), seen);
}

fn add_seen(matcher: &Matcher, reading: &Reading<'_>, seconds_before: u32, seen: &mut [Vec<SeenView>]) {
    let (fields, actions) = (reading.fields(), reading.actions());
    let mut scratch = Scratch::default();
    let matched = matcher.evaluate(&fields, &actions, &mut scratch);
    let event = sequence::Event { fields: &fields, actions: &actions, matched: &matched, seconds_before };
    for (correlation, seen) in matcher.pack().correlations.iter().zip(seen) {
        seen.extend(sequence::seen(correlation, matcher.pack(), &event));
    }
}

/// The fuel that a record takes through the module that these rules make of a base module.
///
/// # Errors
/// When no module can be made of it, or it fails on the record.
pub(crate) fn fuel(base: &[u8], pack: &Pack, record: &[u8], at: At) -> Result<u64, FuelError> {
    let time = Timestamp { seconds: at.seconds, nanoseconds: at.nanoseconds };
    let mut tagger = Tagger::new(module(base, pack)?, Options::default())?;
    let tagged = tagger.tag_record(b"explain", time, record);
    match tagged.fault {
        None => Ok(tagged.fuel),
        Some(fault) => Err(FuelError::Fault { record: "the record".into(), fault: fault.to_string() }),
    }
}

impl Explanation {
    fn take_tag(&mut self, engine: &mut Engine, record: &[u8], at: At) {
        let key = engine.settings().key.clone();
        let mut out = Vec::new();
        if engine.process(record, at, &mut out) == engine::Outcome::Replaced {
            self.set_tag(&out, &key);
        }
    }

    /// Takes verdict, severity and tag of a record as a filter gave it back.
    pub(crate) fn set_tag(&mut self, record: &[u8], key: &str) {
        (self.verdict, self.severity, self.tag) = (None, None, None);
        let mut scanner = Scanner::default();
        let Ok(written) = scanner.scan(record) else { return };
        let Some(tag) = written.get(key) else { return };
        let word = |name: &str| tag.get(name).and_then(|value| value.as_text()).map(|text| text.into_owned());
        self.verdict = word("verdict");
        self.severity = word("severity");
        let text = String::from_utf8_lossy(tag.bytes()).into_owned();
        self.tag = RawValue::from_string(text).ok();
    }

    /// Notes what the correlations have seen, and which of them this event completes.
    fn take_sequences(
        &mut self,
        compiled: &Compilation,
        matcher: &Matcher,
        reading: &Reading<'_>,
        mut seen: Vec<Vec<SeenView>>,
    ) {
        add_seen(matcher, reading, 0, &mut seen);
        let tag: serde_json::Value =
            self.tag.as_ref().and_then(|tag| serde_json::from_str(tag.get()).ok()).unwrap_or_default();
        let is_reported = |id: &str| {
            let mut rules = tag.get("rules").and_then(|rules| rules.as_array()).into_iter().flatten();
            rules.any(|rule| rule.get("id").and_then(|id| id.as_str()) == Some(id))
        };
        for info in &compiled.rules {
            let PackIndex::Correlation(index) = info.index else { continue };
            let Some(correlation) = matcher.pack().correlations.get(index) else { continue };
            let Some(view) = self.rules.iter_mut().find(|view| view.id == info.metadata.id) else { continue };
            let seen = seen.get_mut(index).map(std::mem::take).unwrap_or_default();
            view.sequence = Some(SequenceView { asks: sequence::asks(correlation, matcher.pack()), seen });
            if is_reported(&view.id) {
                view.outcome = if self.verdict.as_deref() == Some("allowlisted") {
                    Outcome::Allowlisted
                } else {
                    Outcome::Reported
                };
            }
        }
        self.rules.sort_by_key(|rule| !rule.outcome.matched());
    }

    fn take_reading(
        &mut self,
        compiled: &Compilation,
        matcher: &Matcher,
        object: &Object<'_>,
        reading: &Reading<'_>,
        at: At,
    ) {
        let (shared, actions) = (reading.fields(), reading.actions());
        let mut scratch = Scratch::default();
        let matched = matcher.evaluate(&shared, &actions, &mut scratch);
        let traces = matcher.trace(&shared, &actions, &mut scratch);
        let evidence = Evidence {
            patterns: &compiled.pack.patterns,
            regexes: &compiled.regexes,
            shared: &shared,
            actions: &actions,
            traces: &traces,
        };
        let outcomes = Outcomes::new(matcher.pack(), object, reading, (&shared, &actions), &matched, at);
        self.rules = compiled
            .rules
            .iter()
            .map(|info| {
                let mut view = RuleView {
                    id: info.metadata.id.clone(),
                    title: info.metadata.title.clone(),
                    level: info.metadata.level,
                    path: info.path.clone(),
                    outcome: Outcome::Correlation,
                    row: None,
                    condition: rule::condition(&info.document),
                    reasons: Vec::new(),
                    detections: Vec::new(),
                    sequence: None,
                };
                let PackIndex::Rule(index) = info.index else { return view };
                let Some(rule) = compiled.pack.rules.get(index) else { return view };
                view.outcome = Outcome::NoProcess;
                let Some(trace) = evidence.best(index, rule, info) else { return view };
                view.outcome = outcomes.of(index, matcher.pack());
                (view.detections, view.reasons) = evidence.detections(rule, info, trace);
                view.row = if view.outcome.matched() {
                    matched.iter().find(|m| m.rule as usize == index).and_then(|matched| matched.action)
                } else {
                    trace.action
                };
                view
            })
            .collect();
        if !outcomes.reported.is_empty() {
            let subject =
                allow::Subject { reading, fields: &shared, actions: &actions, at, rules: &outcomes.reported };
            self.allowlist = Some(subject.view(&matcher.pack().settings.allowlist));
        }
        self.rules.sort_by_key(|rule| !rule.outcome.matched());
        self.rows = reading.rows().map(|Row { action, process }| RowView { action, process }).collect();
        self.event = Some(EventView::of(reading, &matcher.pack().programs, &shared, &actions));
    }
}

/// Which rules matched, and which of them are reported.
struct Outcomes {
    matched: Vec<u32>,
    reported: Vec<String>,
    /// The rules that would be reported if there were no allowlist.
    without_allowlist: Vec<String>,
}

impl Outcomes {
    fn new(
        pack: &Pack,
        object: &Object<'_>,
        reading: &Reading<'_>,
        (fields, actions): (&Table<'_>, &[Table<'_>]),
        matched: &[Matched<'_>],
        at: At,
    ) -> Self {
        let reported = |pack: &Pack| -> Vec<String> {
            let case = Case {
                pack,
                event: &reading.event,
                task: &reading.task,
                state: reading.state,
                fields,
                actions,
                matched,
                completed: &[],
                role: host_role(&pack.settings, object, reading.event.computer.as_deref()),
                notes: &reading.notes,
                earlier: &Earlier::default(),
                now: u64::from(at.seconds),
            };
            let findings =
                decide(&case, &Work::new(work::RECORD)).map(|decision| decision.reported).unwrap_or_default();
            findings.iter().map(|finding| finding.id.to_owned()).collect()
        };
        let mut open = pack.clone();
        open.settings.allowlist.clear();
        Self {
            matched: matched.iter().map(|matched| matched.rule).collect(),
            reported: reported(pack),
            without_allowlist: reported(&open),
        }
    }

    fn of(&self, index: usize, pack: &Pack) -> Outcome {
        let Some(rule) = pack.rules.get(index) else { return Outcome::NotMatched };
        if !self.matched.iter().any(|matched| *matched as usize == index) {
            Outcome::NotMatched
        } else if !rule.reported {
            Outcome::FeedsCorrelation
        } else if self.reported.contains(&rule.id) {
            Outcome::Reported
        } else if self.without_allowlist.contains(&rule.id) {
            Outcome::Allowlisted
        } else {
            Outcome::BelowMinimumLevel
        }
    }
}

#[cfg(test)]
mod tests;
