//! Makes the module that Fluent Bit loads, of the base module and a rule pack.
//!
//! The base module runs once, here: it reads the pack and builds its automata. Its memory and globals are then
//! written into a new module (wasmtime-wizer), which starts with everything in place. That matters most for
//! Fluent Bit up to 4.0, which loads the module anew for every chunk.
mod copy;
mod probe;

use crate::text::digest::sha256_hex;
use crate::wasm::abi::{self, load_code};
use crate::wasm::gate::{self, Form, GateError};
use crate::wasm::limiter::{self, Limiter};
use crate::wasm::manifest::Manifest;
use crate::wasm::reencode::{self, ReencodeError, append_custom_section};
use copy::{NoRoom, copy_in};
use probe::{Expected, probe};
use schtag::rules::{LoadError, Pack, Packed};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use thiserror::Error;
use wasmtime::{Config, Engine, Instance, Module, OptLevel, Store, Trap, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

/// The most memory that the guest may use while it loads a pack, in bytes.
const MEMORY_LIMIT: usize = 512 << 20;

/// The most fuel that the guest may use while it loads a pack, and what each byte of the pack adds: automata and
/// tables are built of it.
const LOAD_FUEL: u64 = 2_000_000_000;
const LOAD_FUEL_PER_BYTE: u64 = 100_000;
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
    /// The guest does not come to an end with the pack.
    #[error(
        "the base module used up {0} units of fuel on loading the rule pack: use base and `schtag` of the same version, \
         or bake fewer rules"
    )]
    LoadFuel(u64),
    /// The guest took the pack, and does not judge by it.
    #[error(
        "the base module took the rule pack and does not judge by it: of a task event without a definition it made \
         {found}, where {expected} is due; use base and `schtag` of the same version"
    )]
    JudgesNothing {
        /// The words that the tag must have.
        expected: String,
        /// The module's answer, cut.
        found: String,
    },
    /// The rules contradict each other.
    #[error("{0}, which is a defect in `schtag`; please report it with the rules")]
    Load(#[from] LoadError),
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
/// When `base` is not a base module, when it does not take the pack or does not judge by it, or when the result does not
/// pass [`gate::check`].
pub fn bake(base: &[u8], pack: &Pack, budget: usize) -> Result<Baked, BakeError> {
    if let Ok(Some(manifest)) = Manifest::of(base) {
        return Err(BakeError::AlreadyBaked(manifest.pack));
    }
    gate::check(base, Form::Base, usize::MAX).map_err(BakeError::Base)?;

    let hash = sha256_hex(&postcard::to_allocvec(pack)?);
    let manifest = Manifest::new(pack, hash.clone(), sha256_hex(base));
    let packed = Packed { format: Pack::FORMAT, hash, pack: pack.clone() };
    let bytes = postcard::to_allocvec(&packed)?;

    // One-byte encodings first, since this build of wasmtime has no reference types either.
    let keep: Vec<&str> = abi::SHIPPED_EXPORTS.into_iter().chain([abi::LOAD]).collect();
    let mut wasm = preinitialise(&reencode::reencode(base, &keep)?, &bytes, &Expected::of(packed)?)?;
    wasm = reencode::reencode(&wasm, &abi::SHIPPED_EXPORTS)?;
    let section = manifest.to_section().map_err(|error| BakeError::Run(error.to_string()))?;
    append_custom_section(&mut wasm, abi::MANIFEST_SECTION, &section);
    gate::check(&wasm, Form::Shipped, budget).map_err(BakeError::Gate)?;
    Ok(Baked { wasm, manifest })
}

/// Loads the pack into an instance and writes down the state that it is then in.
fn preinitialise(base: &[u8], packed: &[u8], expected: &Expected) -> Result<Vec<u8>, BakeError> {
    let wizer = Wizer::new();
    let (context, instrumented) = wizer.instrument(base).map_err(run_error)?;
    let mut config = Config::new();
    // It runs once: compiling it well would take longer than running it.
    config.consume_fuel(true).cranelift_opt_level(OptLevel::None);
    let engine = Engine::new(&config).map_err(run_error)?;
    let module = Module::new(&engine, instrumented).map_err(run_error)?;
    let mut store = Store::new(&engine, Limiter::new(MEMORY_LIMIT));
    store.limiter(|limiter| limiter);
    let fuel = LOAD_FUEL.saturating_add(LOAD_FUEL_PER_BYTE.saturating_mul(packed.len() as u64));
    store.set_fuel(fuel).map_err(run_error)?;
    let instance = Instance::new(&mut store, &module, &[]).map_err(run_error)?;
    load(&mut store, instance, packed, fuel)?;

    let mut state = State { store: &mut store, instance, unsupported: None };
    let wasm = {
        // Nothing in our state waits, so the first poll finishes.
        let future = pin!(wizer.snapshot(&context, &mut state));
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result.map_err(run_error)?,
            Poll::Pending => return Err(BakeError::Run("the snapshot did not finish".into())),
        }
    };
    if let Some(name) = state.unsupported {
        return Err(BakeError::Run(format!("`{name}` cannot be written into a snapshot")));
    }
    // The snapshot is taken; no module holds what this call writes to memory.
    expected.check(&probe(&mut store, instance))?;
    Ok(wasm)
}

fn load(store: &mut Store<Limiter>, instance: Instance, packed: &[u8], fuel: u64) -> Result<(), BakeError> {
    let failed = |error: wasmtime::Error| {
        if error.is::<NoRoom>() {
            BakeError::NoMemory(packed.len())
        } else if matches!(error.downcast_ref::<Trap>(), Some(Trap::OutOfFuel)) {
            BakeError::LoadFuel(fuel)
        } else {
            run_error(error)
        }
    };
    let load = instance.get_typed_func::<(i32, i32), i32>(&mut *store, abi::LOAD).map_err(failed)?;
    let copy = copy_in(store, instance, packed).map_err(failed)?;
    // The guest takes the buffer over: it gives it back and wipes it, so that it is not in the snapshot.
    match load.call(&mut *store, copy).map_err(failed)? {
        load_code::LOADED => Ok(()),
        code => Err(BakeError::Refused(code)),
    }
}

fn run_error(error: wasmtime::Error) -> BakeError {
    BakeError::Run(limiter::reason(&error))
}

/// The state from which the snapshot is taken.
struct State<'s> {
    store: &'s mut Store<Limiter>,
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
    use crate::run::wasmtime::{self, Instance, Options, Timestamp};
    use crate::wasm::outline::Outline;
    use crate::wasm::test_guest;
    use schtag::rules::{Level, Op, Rule, Settings};

    fn pack() -> Pack {
        Pack {
            rules: vec![Rule {
                id: "a3c3a9f5-0000-4000-8000-000000000001".into(),
                title: "Task runs encoded PowerShell".into(),
                level: Level::High,
                techniques: vec!["T1053.005".into()],
                own_techniques: 1,
                branches: Vec::new(),
                view: schtag::fields::View::Security,
                reported: true,
                condition: vec![Op::Constant(false)],
            }],
            settings: Settings { observe_all: true, ..Settings::default() },
            ..Pack::default()
        }
    }

    fn reply(wasm: &[u8], record: &str) -> String {
        let module = wasmtime::Module::new(wasm).unwrap();
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
        assert!(manifest.settings.observe_all);
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

    /// A base module with this body of `schtag_load` and of `schtag_filter`.
    fn base_with(load: &str, filter: &str) -> Vec<u8> {
        wat::parse_str(format!(
            r#"(module
                (memory (export "memory") 1)
                (data (i32.const 16) "{{\"schtag\":{{\"verdict\":\"unreadable\",\"pack\":\"0123456789ab\"}}}}\00")
                (func (export "schtag_filter") (param i32 i32 i32 i32 i32 i32) (result i32) {filter})
                (func (export "malloc") (param i32) (result i32) i32.const 1024)
                (func (export "free") (param i32))
                (func (export "schtag_load") (param i32 i32) (result i32) {load}))"#
        ))
        .unwrap()
    }

    #[test]
    fn a_base_that_judges_nothing_is_not_baked() {
        for (filter, found) in [
            ("local.get 4", "ProviderName"),
            ("unreachable", "nothing (wasm trap: wasm `unreachable`"),
            ("(loop $ever (br $ever)) unreachable", "nothing (wasm trap: all fuel consumed"),
            ("i32.const 16", "0123456789ab"),
            ("i32.const -1", "made , where"),
        ] {
            let error = bake(&base_with("i32.const 0", filter), &pack(), usize::MAX).unwrap_err();
            assert!(matches!(error, BakeError::JudgesNothing { .. }), "{filter}: {error}");
            let said = error.to_string();
            let pack =
                &Manifest::new(&pack(), sha256_hex(&postcard::to_allocvec(&pack()).unwrap()), String::new())
                    .pack;
            assert!(said.contains(found) && said.contains("the verdict unreadable"), "{said}");
            assert!(said.contains(&format!("the pack {}", pack.get(..12).unwrap())), "{said}");
        }
    }

    #[test]
    fn a_base_that_does_not_come_to_an_end_is_stopped() {
        let error =
            bake(&base_with("(loop $ever (br $ever)) unreachable", "local.get 4"), &pack(), usize::MAX);
        assert!(matches!(error, Err(BakeError::LoadFuel(_))), "{error:?}");
        let grows = "(loop $ever (drop (memory.grow (i32.const 60000))) (br $ever)) unreachable";
        let error = bake(&base_with(grows, "local.get 4"), &pack(), usize::MAX).unwrap_err();
        assert!(error.to_string().contains("asked for memory more than 200000 times"), "{error}");
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
