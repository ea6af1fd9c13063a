//! Instances over time: a record always comes back.
use super::{CallError, EngineError, Instance, Lifecycle, Module, Options, Reply, Timestamp};
use schtag::rules::Settings;
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// Passes records through instances of a module, which live as long as [`Options::lifecycle`] says.
#[derive(Debug)]
pub struct Tagger {
    module: Module,
    options: Options,
    instance: Option<Instance>,
    /// The number of records that the instance has had.
    records: u32,
    /// The reply that stands for a record for which the guest had no memory.
    lost: Vec<u8>,
}

/// A record that has passed the filter.
#[derive(Debug)]
pub struct Tagged<'r> {
    /// The record: borrowed when it is as it was.
    pub record: Cow<'r, [u8]>,
    /// The fuel that the call took.
    pub fuel: u64,
    /// The fault, if there was one. The record is then unchanged; Fluent Bit would have dropped it.
    pub fault: Option<CallError>,
}

impl Tagger {
    /// Starts the first instance.
    ///
    /// # Errors
    /// When it does not start.
    pub fn new(module: Module, options: Options) -> Result<Self, EngineError> {
        let instance = Some(Instance::new(&module, &options)?);
        let mut lost = Vec::new();
        let settings = Settings { key: module.key().into(), ..Settings::default() };
        schtag::verdict::write_lost_copy(&mut lost, &settings);
        Ok(Self { module, options, instance, records: 0, lost })
    }

    /// The module.
    pub const fn module(&self) -> &Module {
        &self.module
    }

    /// Changes the most fuel that the next records may take each; `None` is no limit.
    pub(crate) const fn set_fuel_limit(&mut self, limit: Option<u64>) {
        self.options.fuel_limit = limit;
    }

    /// Passes one record through the filter. `tag` is the pipeline's, `record` one JSON object.
    ///
    /// The record is never lost: after a fault it comes back as it was, with the error, and the next record
    /// gets a new instance.
    pub fn tag_record<'r>(&mut self, tag: &[u8], time: Timestamp, record: &'r [u8]) -> Tagged<'r> {
        // Fluent Bit would pass the part before the NUL for the whole.
        if memchr::memchr(0, record).is_some() {
            return Tagged { record: record.into(), fuel: 0, fault: Some(CallError::Unpassable) };
        }
        let mut instance = match self.take_instance() {
            Ok(instance) => instance,
            Err(error) => return Tagged { record: record.into(), fuel: 0, fault: Some(error.into()) },
        };
        self.records = self.records.saturating_add(1);
        instance.set_fuel_limit(self.options.fuel_limit);
        let result = instance.call(tag, time, record);
        let fuel = instance.fuel();
        let limit = self.options.memory_limit;
        let kept = |reply: Reply| {
            if reply.record == self.lost { Err(CallError::NoMemory { limit }) } else { Ok(reply.record) }
        };
        match result.and_then(kept).and_then(|reply| checked(reply, record)) {
            Ok(record) => {
                self.instance = Some(instance);
                Tagged { record, fuel, fault: None }
            }
            Err(error) => Tagged { record: record.into(), fuel, fault: Some(error) },
        }
    }

    /// Ends a chunk: the next record gets a new instance if the lifecycle is per chunk.
    pub fn end_chunk(&mut self) {
        if matches!(self.options.lifecycle, Lifecycle::PerChunk(_)) {
            self.instance = None;
        }
    }

    fn take_instance(&mut self) -> Result<Instance, EngineError> {
        if let Lifecycle::PerChunk(records) = self.options.lifecycle
            && self.records >= records.get()
        {
            self.instance = None;
        }
        match self.instance.take() {
            Some(instance) => Ok(instance),
            None => {
                self.records = 0;
                Instance::new(&self.module, &self.options)
            }
        }
    }
}

/// Checks that a reply is what Fluent Bit can take: the record itself, or one JSON object.
fn checked(reply: Vec<u8>, record: &[u8]) -> Result<Cow<'_, [u8]>, CallError> {
    if reply == record {
        return Ok(record.into());
    }
    if reply.is_empty() {
        return Err(CallError::Empty);
    }
    let text = str::from_utf8(&reply).map_err(|_| CallError::NotUtf8)?;
    object(text).map_err(CallError::NotAnObject)?;
    // Outside strings JSON may have line breaks, but whoever writes a record a line must not get one.
    if text.contains('\n') && memchr::memchr(b'\n', record).is_none() {
        return Err(CallError::NotOneLine);
    }
    Ok(reply.into())
}

/// Returns whether a text is one JSON object. Its depth does not matter: what is ignored is read without recursion.
fn object(text: &str) -> Result<(), serde_json::Error> {
    if text.trim_start().starts_with('{') {
        serde_json::from_str::<IgnoredAny>(text).map(|_| ())
    } else {
        Err(serde::de::Error::custom("it does not begin with a brace"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::test_guest;
    use std::num::NonZeroU32;

    fn tagger(options: Options) -> Tagger {
        Tagger::new(Module::new(&test_guest::baked()).unwrap(), options).unwrap()
    }

    fn pass(tagger: &mut Tagger, record: &str) -> String {
        let tagged = tagger.tag_record(b"tag", Timestamp::default(), record.as_bytes());
        assert!(tagged.fault.is_none(), "{record}: {:?}", tagged.fault);
        String::from_utf8(tagged.record.into_owned()).unwrap()
    }

    /// The number of calls that the instance has seen, this one included, as the guest counts them.
    fn calls(tagger: &mut Tagger) -> u64 {
        let reply: serde_json::Value = serde_json::from_str(&pass(tagger, r#"{"l":1}"#)).unwrap();
        reply["calls"].as_u64().unwrap()
    }

    #[test]
    fn tags_and_leaves_alone() {
        let mut tagger = tagger(Options::default());
        assert_eq!(pass(&mut tagger, r#"{"t":1}"#), r#"{"schtag":{"verdict":"alert","severity":"high"}}"#);
        let untouched = tagger.tag_record(b"tag", Timestamp::default(), br#"{"a":1}"#);
        assert!(matches!(untouched.record, Cow::Borrowed(br#"{"a":1}"#)));
    }

    #[test]
    fn after_any_fault_the_record_comes_back_and_a_new_instance_goes_on() {
        let mut tagger = tagger(Options { fuel_limit: Some(100_000), ..Options::default() });
        for what in ["!", "~", "9", "z", "e", "g", "u", "a\0"] {
            calls(&mut tagger);
            let record = format!(r#"{{"{what}":1}}"#);
            let tagged = tagger.tag_record(b"tag", Timestamp::default(), record.as_bytes());
            assert!(tagged.fault.is_some(), "{what}");
            assert_eq!(&*tagged.record, record.as_bytes());
            if what != "a\0" {
                assert_eq!(calls(&mut tagger), 1, "{what}");
            }
        }
    }

    #[test]
    fn instances_live_as_long_as_the_lifecycle_says() {
        let three = NonZeroU32::new(3).unwrap();
        let count = |options| {
            let mut tagger = tagger(options);
            [(); 7].map(|()| calls(&mut tagger))
        };
        assert_eq!(count(Options::default()), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(count(Options::per_chunk(three)), [1, 2, 3, 1, 2, 3, 1]);
        let mut per_chunk = tagger(Options::per_chunk_leaking(three));
        calls(&mut per_chunk);
        per_chunk.end_chunk();
        assert_eq!(calls(&mut per_chunk), 1);
        let mut persistent = tagger(Options::persistent_leaking());
        calls(&mut persistent);
        persistent.end_chunk();
        assert_eq!(calls(&mut persistent), 2);
    }

    #[test]
    fn depth_does_not_matter() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        object(&deep).unwrap();
        for bad in ["", "[]", "{} {}", "{", "nope", r#"{"a":1,}"#] {
            object(bad).unwrap_err();
        }
    }
}
