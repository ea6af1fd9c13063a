//! The built filter, called as Fluent Bit would.

use crate::project;
use schtag_host::run::wasmtime::{Instance, Module, Options, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// When the records of tests arrive, in Unix seconds.
pub const AT: u32 = 1_772_000_000;

/// The built filter, as bytes.
///
/// # Errors
/// A sentence that says how to build it, or why it cannot be read.
pub fn wasm() -> Result<Vec<u8>, String> {
    std::fs::read(project::module()?).map_err(|error| error.to_string())
}

/// The built filter.
///
/// # Errors
/// As [`wasm`], or what is wrong with it.
pub fn module() -> Result<Module, String> {
    Module::new(&wasm()?).map_err(|error| error.to_string())
}

/// A running filter and what its last call took.
#[derive(Debug)]
pub struct Filter {
    instance: Instance,
    out: usize,
}

impl Filter {
    /// A new instance.
    ///
    /// # Errors
    /// If the engine refuses the module; the text is the engine's.
    pub fn new(module: &Module) -> Result<Self, String> {
        let instance = Instance::new(module, &Options::default()).map_err(|error| error.to_string())?;
        Ok(Self { instance, out: 0 })
    }

    /// The tag that a record gets when it arrives `seconds` after [`AT`]; null for a record that comes back
    /// as it was.
    ///
    /// # Errors
    /// When the call fails, or what comes back is not the record with one member more.
    pub fn tag(&mut self, record: &str, seconds: u32) -> Result<Value, String> {
        let (tag, unchanged) = self.judge(record, seconds)?;
        if tag.is_null() && !unchanged {
            return Err("changed without a tag".into());
        }
        Ok(tag)
    }

    /// The same for any record, which may be as deep as it likes and may lose members of our key: the tag, or null, and
    /// whether the record came back as it was.
    ///
    /// # Errors
    /// When the call fails, or what comes back is no object.
    pub fn judge(&mut self, record: &str, seconds: u32) -> Result<(Value, bool), String> {
        let at = Timestamp { seconds: AT.saturating_add(seconds), nanoseconds: 0 };
        let reply =
            self.instance.call(b"win.security", at, record.as_bytes()).map_err(|error| error.to_string())?;
        self.out = reply.record.len();
        if reply.record == record.as_bytes() {
            return Ok((Value::Null, true));
        }
        // Members are not looked into, so that their depth does not matter.
        let members: BTreeMap<String, &RawValue> =
            serde_json::from_slice(&reply.record).map_err(|error| error.to_string())?;
        let tag = members.get("schtag").map_or(Ok(Value::Null), |tag| serde_json::from_str(tag.get()));
        Ok((tag.map_err(|error| error.to_string())?, false))
    }

    /// The fuel of the last call: about one unit an instruction, the same on every machine.
    pub const fn fuel(&self) -> u64 {
        self.instance.fuel()
    }

    /// Length of what came out of the last call, in bytes.
    pub const fn out(&self) -> usize {
        self.out
    }

    /// Size of the linear memory, in bytes.
    pub fn memory(&self) -> usize {
        self.instance.memory_size()
    }
}
