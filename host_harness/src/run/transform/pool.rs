//! Instances that wait for the next clone.
use crate::run::wasmtime::{EngineError, Module, Options, Tagger};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Instances of one module that are not in use.
#[derive(Debug)]
pub(super) struct Pool {
    module: Module,
    options: Options,
    /// The most taggers that are kept.
    most: usize,
    idle: Mutex<Vec<Tagger>>,
}

impl Pool {
    /// A pool with one instance in it.
    pub(super) fn new(module: Module, options: Options, most: usize) -> Result<Self, EngineError> {
        let first = Tagger::new(module.clone(), options)?;
        Ok(Self { module, options, most: most.max(1), idle: Mutex::new(vec![first]) })
    }

    pub(super) const fn module(&self) -> &Module {
        &self.module
    }

    /// The instance that was given back last, whose memory of past events is the freshest; else a new one.
    pub(super) fn take(&self) -> Result<Tagger, EngineError> {
        let idle = self.idle().pop();
        idle.map_or_else(|| Tagger::new(self.module.clone(), self.options), Ok)
    }

    /// Keeps an instance for the next who needs one, or lets it go when there are enough.
    pub(super) fn give_back(&self, tagger: Tagger) {
        let mut idle = self.idle();
        if idle.len() < self.most {
            idle.push(tagger);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Tagger>> {
        // Between the calls above the list is always whole.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
