//! A module, checked and compiled.
use super::EngineError;
use crate::text::digest::sha256_hex;
use crate::wasm::gate::{self, Form};
use crate::wasm::limiter::Limiter;
use crate::wasm::manifest::Manifest;
use std::sync::Arc;
use wasmtime::{Config, Engine, InstancePre, Linker};

/// A module that every supported Fluent Bit loads, compiled for this machine. Clones share the code.
#[derive(Clone)]
pub struct Module {
    pre: InstancePre<Limiter>,
    facts: Arc<Facts>,
}

struct Facts {
    sha256: String,
    manifest: Option<Manifest>,
}

impl Module {
    /// Checks and compiles a baked module, which takes about a second; [`ModuleCache`](super::ModuleCache) does
    /// it once.
    ///
    /// # Errors
    /// When the module does not pass [`gate::check`], or wasmtime does not compile it.
    pub fn new(wasm: &[u8]) -> Result<Self, EngineError> {
        Self::compiled_by(wasm, |engine, wasm| wasmtime::Module::new(engine, wasm))
    }

    /// As [`Self::new`]; `compile` gives the code of `wasm` for the engine.
    pub(super) fn compiled_by(
        wasm: &[u8],
        compile: impl FnOnce(&Engine, &[u8]) -> wasmtime::Result<wasmtime::Module>,
    ) -> Result<Self, EngineError> {
        gate::check(wasm, Form::Shipped, usize::MAX)?;
        let mut config = Config::new();
        config.consume_fuel(true);
        let instantiate = || {
            let engine = Engine::new(&config)?;
            let module = compile(&engine, wasm)?;
            Linker::new(&engine).instantiate_pre(&module)
        };
        let facts = Facts { sha256: sha256_hex(wasm), manifest: Manifest::of(wasm).ok().flatten() };
        Ok(Self { pre: instantiate().map_err(EngineError::Compile)?, facts: Arc::new(facts) })
    }

    /// SHA-256 of the module's bytes, in hexadecimal.
    pub(crate) fn sha256(&self) -> &str {
        &self.facts.sha256
    }

    /// Returns what the module says about its rules, if it does.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.facts.manifest.as_ref()
    }

    /// The key under which the module puts its tag, by its manifest; else the default one.
    pub(crate) fn key(&self) -> &str {
        self.manifest().map_or("schtag", |manifest| &manifest.settings.key)
    }

    pub(super) const fn pre(&self) -> &InstancePre<Limiter> {
        &self.pre
    }
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module").field("sha256", &self.facts.sha256).finish_non_exhaustive()
    }
}
