//! Runs records through the engine, natively.
use schtag::engine::{self, Engine};
use schtag::json::Scanner;
use schtag::rules::{LoadError, Matched, Pack, Packed, Scratch};

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judged {
    /// There is no scheduled-task event in it.
    NoTaskEvent,
    /// The rules that matched.
    Matched(Vec<Matched>),
}

/// The engine with a pack.
pub(super) struct Judge {
    engine: Engine,
    scanner: Scanner,
    scratch: Scratch,
}

impl Judge {
    /// # Errors
    /// When the pack contradicts itself, which is a defect in the compiler.
    pub(super) fn new(pack: Pack) -> Result<Self, LoadError> {
        let packed = Packed { format: Pack::FORMAT, hash: String::new(), pack };
        Ok(Self { engine: Engine::new(packed)?, scanner: Scanner::default(), scratch: Scratch::default() })
    }

    pub(super) fn judge(&mut self, record: &str) -> Judged {
        let object = self.scanner.scan(record.as_bytes());
        let Some(reading) = object.ok().as_ref().and_then(engine::read) else { return Judged::NoTaskEvent };
        let matched = self
            .engine
            .matcher()
            .map(|matcher| matcher.evaluate(&reading.fields(), &reading.actions(), &mut self.scratch));
        Judged::Matched(matched.unwrap_or_default())
    }
}
