//! Makes the module that Fluent Bit loads, of the base module and a rule pack.
//!
//! The base module runs once, here: it reads the pack and builds its automata. Its memory and globals are then
//! written into a new module (wasmtime-wizer), which starts with everything in place. That matters most for
//! Fluent Bit up to 4.0, which loads the module anew for every chunk.
use crate::abi::{self, load_code};
use crate::digest::sha256_hex;
use crate::gate::{self, Form, GateError};
use crate::manifest::Manifest;
use crate::outline::Outline;
use crate::reencode::{self, ReencodeError, append_custom_section};
use schtag::rules::{Pack, Packed};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use thiserror::Error;
use wasmtime::{Config, Engine, Instance, Module, Store, StoreLimits, StoreLimitsBuilder, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

/// The most memory that the guest may use while it loads a pack, in bytes.
const MEMORY_LIMIT: usize = 512 << 20;

/// A module with rules in it.
#[derive(Debug, Clone)]
pub struct Baked {
    /// The module.
    pub wasm: Vec<u8>,
    /// Its manifest, which it also holds.
    pub manifest: Manifest,
}

/// Why nothing was baked.
#[derive(Debug, Error)]
pub enum BakeError {
    /// The base has rules in it already.
    #[error(
        "this module has already been baked, with the rule pack {0}: rules cannot be added to it or replaced. \
         Bake from the base module instead: leave --base out to use the one inside `schtag`, or give --base \
         the module that cargo builds of the plugin"
    )]
    AlreadyBaked(String),
    /// The base is not schtag's base module.
    #[error("not usable as a base: {0}")]
    Base(#[source] GateError),
    /// The pack cannot be encoded.
    #[error("the rule pack cannot be encoded ({0})")]
    Encode(#[from] postcard::Error),
    /// The base cannot be prepared, compiled or snapshotted.
    #[error("the base module cannot be run ({0})")]
    Run(String),
    /// The guest has no memory for the pack.
    #[error(
        "the guest has no room for a rule pack of {0} bytes; bake fewer rules, or fewer with regular expressions"
    )]
    NoMemory(usize),
    /// The guest did not take the pack.
    #[error(
        "the base module refused the rule pack: {}", match .0 {
            &load_code::NOT_A_PACK => "it does not read this `schtag`'s encoding; use base and `schtag` of the same version".into(),
            &load_code::OTHER_FORMAT => format!(
                "it expects another format than {}; use base and `schtag` of the same version", Pack::FORMAT),
            &load_code::REJECTED => "the pack contradicts itself, which is a defect in `schtag`; please report it with the rules".into(),
            code => format!("code {code}, which this `schtag` does not know; use base and `schtag` of the same version"),
        }
    )]
    Refused(i32),
    /// The result cannot be re-encoded.
    #[error(transparent)]
    Reencode(#[from] ReencodeError),
    /// The result would not load everywhere.
    #[error("the baked module is not fit to ship: {0}")]
    Gate(#[source] GateError),
}

/// Bakes `pack` into the base module `base`. The same input gives the same bytes.
///
/// `budget` is the most bytes that the result may have.
///
/// # Errors
/// When `base` is not a base module, when it does not take the pack, or when the result does not pass
/// [`gate::check`].
pub fn bake(base: &[u8], pack: &Pack, budget: usize) -> Result<Baked, BakeError> {
    if let Ok(Some(manifest)) = Manifest::of(base) {
        return Err(BakeError::AlreadyBaked(manifest.pack));
    }
    gate::check(base, Form::Base, usize::MAX).map_err(BakeError::Base)?;

    let hash = sha256_hex(&postcard::to_allocvec(pack)?);
    let manifest = Manifest::new(pack, hash.clone(), sha256_hex(base));
    let packed = postcard::to_allocvec(&Packed { format: Pack::FORMAT, hash, pack: pack.clone() })?;

    // One-byte encodings first, since this build of wasmtime has no reference types either.
    let keep: Vec<&str> = abi::SHIPPED_EXPORTS.into_iter().chain([abi::LOAD]).collect();
    let mut wasm = preinitialise(&reencode::reencode(base, &keep)?, &packed)?;
    wasm = reencode::reencode(&wasm, &abi::SHIPPED_EXPORTS)?;
    let json = serde_json::to_vec(&manifest).map_err(|error| BakeError::Run(error.to_string()))?;
    append_custom_section(&mut wasm, abi::MANIFEST_SECTION, &json);
    gate::check(&wasm, Form::Shipped, budget).map_err(BakeError::Gate)?;
    Ok(Baked { wasm, manifest })
}

/// Whether a module is a base module or has been baked, by its exports; neither says anything of its validity.
pub fn is_base(wasm: &[u8]) -> bool {
    Outline::parse(wasm).is_ok_and(|outline| outline.export(abi::LOAD).is_some())
}

/// Loads the pack into an instance and writes down the state that it is then in.
fn preinitialise(base: &[u8], packed: &[u8]) -> Result<Vec<u8>, BakeError> {
    let wizer = Wizer::new();
    let (context, instrumented) = wizer.instrument(base).map_err(run_error)?;
    let engine = Engine::new(&Config::new()).map_err(run_error)?;
    let module = Module::new(&engine, instrumented).map_err(run_error)?;
    let limits = StoreLimitsBuilder::new().memory_size(MEMORY_LIMIT).build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    let instance = Instance::new(&mut store, &module, &[]).map_err(run_error)?;
    load(&mut store, instance, packed)?;

    let mut state = State { store: &mut store, instance, unsupported: None };
    let wasm = {
        // Nothing in our state waits, so the first poll finishes.
        let future = pin!(wizer.snapshot(&context, &mut state));
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result.map_err(run_error)?,
            Poll::Pending => return Err(BakeError::Run("the snapshot did not finish".into())),
        }
    };
    match state.unsupported {
        None => Ok(wasm),
        Some(name) => Err(BakeError::Run(format!("`{name}` cannot be written into a snapshot"))),
    }
}

fn load(store: &mut Store<StoreLimits>, instance: Instance, packed: &[u8]) -> Result<(), BakeError> {
    let malloc = instance.get_typed_func::<i32, i32>(&mut *store, abi::MALLOC).map_err(run_error)?;
    let load = instance.get_typed_func::<(i32, i32), i32>(&mut *store, abi::LOAD).map_err(run_error)?;
    let memory = instance
        .get_memory(&mut *store, abi::MEMORY)
        .ok_or(BakeError::Base(GateError::MissingExport(abi::MEMORY)))?;

    let no_memory = || BakeError::NoMemory(packed.len());
    let length = i32::try_from(packed.len()).map_err(|_| no_memory())?;
    let address = malloc.call(&mut *store, length).map_err(run_error)?;
    if address == 0 {
        return Err(no_memory());
    }
    let offset = address.cast_unsigned() as usize;
    memory.write(&mut *store, offset, packed).map_err(|_| no_memory())?;
    // The guest takes the buffer over: it gives it back and wipes it, so that it is not in the snapshot.
    match load.call(&mut *store, (address, length)).map_err(run_error)? {
        load_code::LOADED => Ok(()),
        code => Err(BakeError::Refused(code)),
    }
}

fn run_error(error: wasmtime::Error) -> BakeError {
    BakeError::Run(format!("{error:#}"))
}

/// What the snapshot is taken of.
struct State<'s> {
    store: &'s mut Store<StoreLimits>,
    instance: Instance,
    /// The first thing that could not be read.
    unsupported: Option<String>,
}

impl InstanceState for State<'_> {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        match self.instance.get_global(&mut *self.store, name).map(|global| global.get(&mut *self.store)) {
            Some(Val::I32(value)) => SnapshotVal::I32(value),
            Some(Val::I64(value)) => SnapshotVal::I64(value),
            Some(Val::F32(bits)) => SnapshotVal::F32(bits),
            Some(Val::F64(bits)) => SnapshotVal::F64(bits),
            _ => {
                self.unsupported.get_or_insert_with(|| name.into());
                SnapshotVal::I32(0)
            }
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        match self.instance.get_memory(&mut *self.store, name) {
            Some(memory) => contents(memory.data(&*self.store)),
            None => {
                self.unsupported.get_or_insert_with(|| name.into());
                contents(&[]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{self, Instance, Options, Timestamp};
    use crate::test_guest;
    use schtag::rules::{Level, Rule, Settings};

    fn pack() -> Pack {
        Pack {
            rules: vec![Rule {
                id: "a3c3a9f5-0000-4000-8000-000000000001".into(),
                title: "Task runs encoded PowerShell".into(),
                level: Level::High,
                techniques: vec!["T1053.005".into()],
                view: schtag::fields::View::Security,
                reported: true,
                condition: Vec::new(),
            }],
            settings: Settings { key: "task".into(), ..Settings::default() },
            ..Pack::default()
        }
    }

    fn reply(wasm: &[u8], record: &str) -> String {
        let module = engine::Module::new(wasm).unwrap();
        let mut instance = Instance::new(&module, &Options::default()).unwrap();
        let reply = instance.call(b"tag", Timestamp::default(), record.as_bytes()).unwrap();
        String::from_utf8(reply.record).unwrap()
    }

    #[test]
    fn the_pack_is_in_the_module_and_the_loader_is_not() {
        let baked = bake(&test_guest::base(), &pack(), usize::MAX).unwrap();
        gate::check(&baked.wasm, Form::Shipped, usize::MAX).unwrap();
        // The guest says the first digit of the hash that it was given.
        let digit = baked.manifest.pack.chars().next().unwrap();
        assert_eq!(reply(&baked.wasm, r#"{"l":1}"#), format!(r#"{{"loaded":"{digit}","calls":1}}"#));
        let outline = Outline::parse(&baked.wasm).unwrap();
        assert!(outline.export(abi::LOAD).is_none());
        let title = b"Task runs encoded PowerShell";
        let in_memory = outline.data.iter().any(|d| d.data.windows(title.len()).any(|w| w == title));
        assert!(!in_memory, "the encoded pack stays out of the snapshot");
    }

    #[test]
    fn the_manifest_names_rules_settings_and_origins() {
        let base = test_guest::base();
        let baked = bake(&base, &pack(), usize::MAX).unwrap();
        let manifest = Manifest::of(&baked.wasm).unwrap().unwrap();
        assert_eq!(manifest, baked.manifest);
        assert_eq!(manifest.base, sha256_hex(&base));
        assert_eq!(manifest.pack, sha256_hex(&postcard::to_allocvec(&pack()).unwrap()));
        assert_eq!(manifest.settings.key, "task");
        assert_eq!(manifest.rules.len(), 1);
        let json = serde_json::to_value(&manifest).unwrap();
        assert_eq!(json["rules"][0]["level"], "high");
        assert_eq!(json["rules"][0]["techniques"][0], "T1053.005");
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        let bake_again = || bake(&test_guest::base(), &pack(), usize::MAX).unwrap().wasm;
        assert_eq!(bake_again(), bake_again());
        let other = bake(&test_guest::base(), &Pack::default(), usize::MAX).unwrap().wasm;
        assert_ne!(bake_again(), other);
    }

    #[test]
    fn only_a_base_module_is_a_base() {
        let refuse = |base: &[u8]| bake(base, &pack(), usize::MAX).unwrap_err().to_string();
        assert!(refuse(&test_guest::baked()).contains("already been baked"));
        assert!(refuse(b"\0asm").contains("not usable as a base"));
        let without_load = test_guest::with_long_call_indirect();
        assert!(refuse(&without_load).contains("does not export `schtag_load`"));
    }

    #[test]
    fn a_refused_pack_is_an_error_that_says_why() {
        for (code, words) in
            [(1, "encoding"), (2, "another format"), (3, "contradicts itself"), (9, "code 9")]
        {
            let wat = format!(
                r#"(module
                    (memory (export "memory") 1)
                    (func (export "schtag_filter") (param i32 i32 i32 i32 i32 i32) (result i32) local.get 4)
                    (func (export "malloc") (param i32) (result i32) i32.const 1024)
                    (func (export "free") (param i32))
                    (func (export "schtag_load") (param i32 i32) (result i32) i32.const {code}))"#
            );
            let error = bake(&wat::parse_str(wat).unwrap(), &pack(), usize::MAX).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_guest_without_room_is_an_error() {
        for address in [0, 65_530, -1] {
            let wat = format!(
                r#"(module
                    (memory (export "memory") 1)
                    (func (export "schtag_filter") (param i32 i32 i32 i32 i32 i32) (result i32) local.get 4)
                    (func (export "malloc") (param i32) (result i32) i32.const {address})
                    (func (export "free") (param i32))
                    (func (export "schtag_load") (param i32 i32) (result i32) unreachable))"#
            );
            let error = bake(&wat::parse_str(wat).unwrap(), &pack(), usize::MAX).unwrap_err();
            assert!(matches!(error, BakeError::NoMemory(_)), "{address}: {error}");
        }
    }

    #[test]
    fn the_budget_holds() {
        let error = bake(&test_guest::base(), &pack(), 100).unwrap_err();
        assert!(matches!(error, BakeError::Gate(GateError::TooLarge { budget: 100, .. })), "{error}");
    }
}
