//! Checks that a module judges by its pack: an event is given to it, and to this crate's own core.
use super::BakeError;
use super::copy::{copy_in, memory};
use crate::wasm::abi;
use crate::wasm::limiter::{self, Limiter};
use schtag::engine::{At, Engine as Core, Outcome};
use schtag::rules::Packed;
use serde_json::Value;
use wasmtime::{Instance, Store};

/// The most fuel that the guest may use for [`PROBE`].
const PROBE_FUEL: u64 = 200_000_000;

/// A task event without its definition. Whatever the rules, a module tags it as one that cannot be read, and the tag
/// names the pack that the module judges by.
const PROBE: &str = concat!(
    r#"{"ProviderName":"Microsoft-Windows-Security-Auditing","ProviderGuid":"{54849625-5478-4994-A5BA-3E3B0328C30D}","#,
    r#""Channel":"Security","EventID":4698,"Computer":"schtag-bake","TaskName":"\\schtag-bake"}"#
);

/// The words that a module must say of [`PROBE`]: those that this crate's own core says.
pub(super) struct Expected {
    key: String,
    /// `verdict` and `pack` of the tag, which are absent when the settings keep such events untagged.
    words: [Option<String>; 2],
}

impl Expected {
    pub(super) fn of(packed: Packed) -> Result<Self, BakeError> {
        let key = packed.pack.settings.key.clone();
        let mut core = Core::new(packed)?;
        let mut out = Vec::new();
        let replaced = core.process(PROBE.as_bytes(), At::default(), &mut out) == Outcome::Replaced;
        let words = words(&key, if replaced { &out } else { PROBE.as_bytes() });
        Ok(Self { key, words })
    }

    pub(super) fn check(&self, reply: &[u8]) -> Result<(), BakeError> {
        const SHOWN: usize = 200;
        if words(&self.key, reply) == self.words {
            return Ok(());
        }
        let [verdict, pack] = self.words.each_ref().map(|word| word.as_deref().unwrap_or("(none)"));
        let found: String = String::from_utf8_lossy(reply).chars().take(SHOWN).collect();
        let expected = format!("a tag with the verdict {verdict} and the pack {pack}");
        Err(BakeError::JudgesNothing { expected, found })
    }
}

/// The members `verdict` and `pack` of a record's tag.
fn words(key: &str, record: &[u8]) -> [Option<String>; 2] {
    let record: Value = serde_json::from_slice(record).unwrap_or_default();
    let word = |name: &str| Some(record.get(key)?.get(name)?.as_str()?.to_owned());
    ["verdict", "pack"].map(word)
}

/// Gives [`PROBE`] to the instance. Returns its answer, or says why there is none.
pub(super) fn probe(store: &mut Store<Limiter>, instance: Instance) -> Vec<u8> {
    let mut call = || {
        store.set_fuel(PROBE_FUEL)?;
        store.data_mut().begin_call();
        let filter =
            instance.get_typed_func::<(i32, i32, i32, i32, i32, i32), i32>(&mut *store, abi::FILTER)?;
        let (tag, tag_length) = copy_in(store, instance, b"schtag\0")?;
        let (record, length) = copy_in(store, instance, &[PROBE.as_bytes(), b"\0"].concat())?;
        let (tag_length, length) = (tag_length.saturating_sub(1), length.saturating_sub(1));
        let reply = filter.call(&mut *store, (tag, tag_length, 0, 0, record, length))?;
        let memory = memory(store, instance)?.data(&*store);
        let reply = memory.get(reply.cast_unsigned() as usize..).unwrap_or_default();
        Ok::<_, wasmtime::Error>(reply.split(|byte| *byte == 0).next().unwrap_or_default().to_vec())
    };
    call().unwrap_or_else(|error| format!("nothing ({})", limiter::reason(&error)).into_bytes())
}
