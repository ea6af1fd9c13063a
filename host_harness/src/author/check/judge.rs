//! Runs cases through the engine, natively.
use super::cases::Case;
use crate::rules::sigma::PackIndex;
use schtag::engine::{At, Engine, Outcome};
use schtag::json::Scanner;
use schtag::rules::{LoadError, Matched, Pack, Packed, Scratch, Settings};
use serde_json::Value;

/// The result of a case's last record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judged {
    /// There is no scheduled-task event in it.
    NoTaskEvent,
    /// The rule matched, on the values given in words.
    Matched(Vec<String>),
    /// It did not, but rules with these titles did.
    NotMatched(Vec<String>),
}

/// The engine with a pack.
pub(super) struct Judge {
    pack: Pack,
    engine: Engine,
    scanner: Scanner,
    scratch: Scratch,
}

impl Judge {
    /// # Errors
    /// When the pack contradicts itself, which is a defect in the compiler.
    pub(super) fn new(pack: &Pack) -> Result<Self, LoadError> {
        // A case is about a rule, whatever the operator wants to hear of.
        let pack = Pack { settings: Settings::default(), ..pack.clone() };
        let engine = engine(&pack)?;
        Ok(Self { pack, engine, scanner: Scanner::default(), scratch: Scratch::default() })
    }

    /// Returns whether a rule or correlation matches a case.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(super) fn judge(&mut self, index: PackIndex, case: &Case) -> Result<Judged, LoadError> {
        match index {
            PackIndex::Rule(index) => Ok(self.rule(index, case)),
            PackIndex::Correlation(index) => self.correlation(index, case),
        }
    }

    fn rule(&mut self, index: usize, case: &Case) -> Judged {
        let record = case.records.last().map_or("", |arrival| &arrival.record);
        let object = self.scanner.scan(record.as_bytes());
        let Some(reading) = object.ok().as_ref().and_then(|object| self.engine.read(object)) else {
            return Judged::NoTaskEvent;
        };
        let (fields, actions) = (reading.fields(), reading.actions());
        let matched: Vec<Matched<'_>> = self
            .engine
            .matcher()
            .map_or_else(Vec::new, |matcher| matcher.evaluate(&fields, &actions, &mut self.scratch));
        match matched.iter().find(|matched| matched.rule as usize == index) {
            Some(own) => {
                let in_words =
                    own.evidence.iter().map(|e| format!("{} `{}`", e.field.name(), super::cut(e.matched)));
                Judged::Matched(in_words.collect())
            }
            None => {
                let others = matched.iter().filter_map(|other| self.pack.rules.get(other.rule as usize));
                Judged::NotMatched(others.map(|rule| rule.title.clone()).collect())
            }
        }
    }

    /// Passes a case's records through an engine without a past, and reads the last one's tag.
    fn correlation(&self, index: usize, case: &Case) -> Result<Judged, LoadError> {
        let mut engine = engine(&self.pack)?;
        let mut out = Vec::new();
        let mut tagged = false;
        for arrival in &case.records {
            // Far from 0, so that nothing is taken for older than the beginning of time.
            let at = At { seconds: arrival.seconds.saturating_add(1 << 30), nanoseconds: 0 };
            tagged = engine.process(arrival.record.as_bytes(), at, &mut out) == Outcome::Replaced;
        }
        let record: Value =
            if tagged { serde_json::from_slice(&out).unwrap_or_default() } else { Value::Null };
        let tag = record.get(&self.pack.settings.key).unwrap_or(&Value::Null);
        let rules: Vec<&Value> = tag["rules"].as_array().into_iter().flatten().collect();
        let id = self.pack.correlations.get(index).map(|correlation| correlation.id.as_str());
        if rules.iter().any(|rule| rule["id"].as_str() == id) {
            let evidence = tag["evidence"].as_array().into_iter().flatten();
            let own = evidence.filter(|entry| entry["rule"].as_str() == id);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            return Ok(Judged::Matched(
                own.map(|e| format!("{} `{}`", text(&e["field"]), super::cut(&text(&e["match"])))).collect(),
            ));
        }
        let titles = rules.iter().filter_map(|rule| rule["title"].as_str().map(str::to_owned));
        Ok(Judged::NotMatched(titles.collect()))
    }
}

fn engine(pack: &Pack) -> Result<Engine, LoadError> {
    Engine::new(Packed { format: Pack::FORMAT, hash: String::new(), pack: pack.clone() })
}
