//! The transform.
use super::counters::error_type;
use super::note::annotated;
use super::pool::Pool;
use super::{Counters, Event, EventValue, FunctionTransform, OutputBuffer};
use crate::run::wasmtime::{CallError, EngineError, Module, Options, Tagger, Timestamp};
use std::borrow::Cow;
use std::sync::Arc;
use std::thread::available_parallelism;

/// The options with which a [`Tag`] runs its module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagOptions {
    /// Limits of an instance.
    pub engine: Options,
    /// The pipeline tag that is passed to the filter.
    pub pipeline_tag: String,
    /// The most instances that are kept for later clones.
    pub idle_instances: usize,
}

impl TagOptions {
    /// The most fuel for one event, beyond what its length allows: a thousand times what the filter takes by its own
    /// budget. Only a module that does not end uses it up.
    pub const DEFAULT_FUEL: u64 = 10_000_000_000;
    /// The most fuel for each byte of an event. The filter reads an event in one pass, at far less.
    pub const FUEL_PER_BYTE: u64 = 2_000;
}

impl Default for TagOptions {
    fn default() -> Self {
        Self {
            engine: Options { fuel_limit: Some(Self::DEFAULT_FUEL), ..Options::default() },
            pipeline_tag: "schtag".into(),
            idle_instances: available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Tags events: Vector names a transform by a verb. See the [module](super).
#[derive(Debug)]
pub struct Tag {
    shared: Arc<Shared>,
    /// Taken at the first event.
    tagger: Option<Tagger>,
}

#[derive(Debug)]
struct Shared {
    pool: Pool,
    pipeline_tag: String,
    fuel_limit: Option<u64>,
    counters: Counters,
}

/// A record that has been judged.
#[derive(Debug)]
pub struct Judged<'r> {
    /// One JSON object: the record, borrowed, where nothing was changed.
    pub record: Cow<'r, [u8]>,
    /// The fuel that it took.
    pub fuel: u64,
    /// The fault, if there was one. The record is then unchanged but for a note of the fault.
    pub fault: Option<CallError>,
}

impl Tag {
    /// Starts the first instance, so that a module which does not start is known at once.
    ///
    /// # Errors
    /// When it does not start.
    pub fn new(module: Module, options: TagOptions) -> Result<Self, EngineError> {
        let fuel_limit = options.engine.fuel_limit;
        let pool = Pool::new(module, options.engine, options.idle_instances)?;
        let shared =
            Shared { pool, pipeline_tag: options.pipeline_tag, fuel_limit, counters: Counters::default() };
        Ok(Self { shared: Arc::new(shared), tagger: None })
    }

    /// The module.
    pub fn module(&self) -> &Module {
        self.shared.pool.module()
    }

    /// The counters that all clones share.
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Judges a record, which arrives now. What comes back is one JSON object, whatever went in.
    pub fn judge<'r>(&mut self, record: &'r [u8]) -> Judged<'r> {
        self.judge_within(record, self.fuel_limit(record.len()))
    }

    /// The most fuel that an event of `len` bytes may take: the limit of the options, and what the length allows.
    pub fn fuel_limit(&self, len: usize) -> Option<u64> {
        self.shared.fuel_limit.map(|limit| limit.saturating_add(Self::fuel_for_length(len)))
    }

    /// The fuel that an event of `len` bytes may take for its length.
    pub const fn fuel_for_length(len: usize) -> u64 {
        TagOptions::FUEL_PER_BYTE.saturating_mul(len as u64)
    }

    /// As [`Self::judge`], with another limit of fuel for this record.
    pub fn judge_within<'r>(&mut self, record: &'r [u8], fuel_limit: Option<u64>) -> Judged<'r> {
        let Shared { pool, pipeline_tag, counters, .. } = &*self.shared;
        counters.receive();
        let (record, fuel, fault) = match self.tagger.take().map_or_else(|| pool.take(), Ok) {
            Ok(mut tagger) => {
                tagger.set_fuel_limit(fuel_limit);
                let tagged = tagger.tag_record(pipeline_tag.as_bytes(), Timestamp::now(), record);
                self.tagger = Some(tagger);
                (tagged.record, tagged.fuel, tagged.fault)
            }
            Err(error) => (record.into(), 0, Some(error.into())),
        };
        let record = match &fault {
            Some(fault) => {
                counters.fail(error_type(fault));
                // Without memory for the note, the record is what matters.
                annotated(&record, pool.module().key(), fault).map_or(record, Cow::Owned)
            }
            None => record,
        };
        counters.send();
        Judged { record, fuel, fault }
    }
}

impl Clone for Tag {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), tagger: None }
    }
}

impl Drop for Tag {
    fn drop(&mut self) {
        if let Some(tagger) = self.tagger.take() {
            self.shared.pool.give_back(tagger);
        }
    }
}

impl<V: EventValue, M> FunctionTransform<V, M> for Tag {
    fn transform(&mut self, output: &mut OutputBuffer<V, M>, mut event: Event<V, M>) {
        let judged = match event.value.to_json() {
            Ok(json) => match self.judge(&json).record {
                Cow::Owned(json) => Some(json),
                Cow::Borrowed(_) => None,
            },
            Err(_) => {
                let counters = self.counters();
                counters.receive();
                counters.fail("no_json");
                counters.send();
                None
            }
        };
        if let Some(json) = judged {
            let key = self.shared.pool.module().key();
            event.value.take_over(json, key);
        }
        output.push(event);
    }
}
