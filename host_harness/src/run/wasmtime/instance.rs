//! One running guest, and the calls that Fluent Bit makes for a record.
use super::{CallError, EngineError, Module, Options, Timestamp};
use crate::wasm::abi;
use crate::wasm::limiter::Limiter;
use wasmtime::{Memory, Store, TypedFunc};

type Filter = TypedFunc<(u32, u32, u32, u32, u32, u32), u32>;

/// A running guest.
pub struct Instance {
    store: Store<Limiter>,
    memory: Memory,
    filter: Filter,
    malloc: TypedFunc<u32, u32>,
    free: TypedFunc<u32, ()>,
    options: Options,
    fuel: u64,
    /// The most fuel that the last call might take.
    limit: u64,
}

/// The guest's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The record: the bytes at the returned address up to the first NUL. Nothing says that it is JSON.
    pub record: Vec<u8>,
    /// True if the guest returned the address of the host's copy, as it does for a record that it leaves alone.
    pub in_place: bool,
}

impl Instance {
    /// Starts a guest.
    ///
    /// # Errors
    /// When wasmtime cannot allocate it within the memory limit.
    pub fn new(module: &Module, options: &Options) -> Result<Self, EngineError> {
        let pre = module.pre();
        let mut store = Store::new(pre.module().engine(), Limiter::new(options.memory_limit));
        store.limiter(|limiter| limiter);
        let start = |store: &mut Store<Limiter>| {
            store.set_fuel(u64::MAX)?;
            let instance = pre.instantiate(&mut *store)?;
            let memory = instance
                .get_memory(&mut *store, abi::MEMORY)
                .ok_or_else(|| wasmtime::Error::msg("it exports no memory"))?;
            Ok((
                memory,
                instance.get_typed_func(&mut *store, abi::FILTER)?,
                instance.get_typed_func(&mut *store, abi::MALLOC)?,
                instance.get_typed_func(&mut *store, abi::FREE)?,
            ))
        };
        let (memory, filter, malloc, free) = start(&mut store).map_err(EngineError::Instantiate)?;
        Ok(Self { store, memory, filter, malloc, free, options: *options, fuel: 0, limit: u64::MAX })
    }

    /// Gives the guest a record, as `flb_wasm_call_function_format_json` does (`src/wasm/flb_wasm.c`): the tag
    /// with one byte after it, then the NUL-terminated record, are copied to where the guest's `malloc` says;
    /// the filter is called; the returned address is checked, and its string read; the tag's copy is freed,
    /// then the record's. When `malloc` returns 0 the filter is called all the same, with address 0 and the
    /// true length.
    ///
    /// After an error the guest is in the state in which it failed, as it is in Fluent Bit.
    ///
    /// # Errors
    /// Whenever Fluent Bit gets no string, or would write outside the guest's memory. Errors of `free` count
    /// too: Fluent Bit fails at the next record.
    pub fn call(&mut self, tag: &[u8], time: Timestamp, record: &[u8]) -> Result<Reply, CallError> {
        let limit = self.options.fuel_for(record.len()).unwrap_or(u64::MAX);
        self.limit = limit;
        self.store.data_mut().begin_call();
        // Fuel is on, so that this cannot fail.
        let _ = self.store.set_fuel(limit);
        let result = self.call_with_fuel(tag, time, record);
        self.fuel = limit.saturating_sub(self.store.get_fuel().unwrap_or(limit));
        result
    }

    /// Changes the most fuel that the next calls may take, beside what [`Options::fuel_per_byte`] adds; `None` is no
    /// limit.
    pub(crate) const fn set_fuel_limit(&mut self, limit: Option<u64>) {
        self.options.fuel_limit = limit;
    }

    /// The fuel that the last call took, the calls of `malloc` and `free` included. For the same module and
    /// record it is the same everywhere.
    pub const fn fuel(&self) -> u64 {
        self.fuel
    }

    /// Size of the linear memory, in bytes. It never shrinks.
    pub fn memory_size(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    fn call_with_fuel(&mut self, tag: &[u8], time: Timestamp, record: &[u8]) -> Result<Reply, CallError> {
        let tag_length = u32::try_from(tag.len()).map_err(|_| CallError::Unpassable)?;
        let record_length = u32::try_from(record.len()).map_err(|_| CallError::Unpassable)?;
        let tag_copy = self.copy_in(tag, self.options.after_tag)?;
        let record_copy = self.copy_in(record, 0)?;
        let arguments = (tag_copy, tag_length, time.seconds, time.nanoseconds, record_copy, record_length);
        let reply = match self.filter.call(&mut self.store, arguments) {
            Ok(address) => {
                let record = self.read_string(address);
                record.map(|record| Reply { record, in_place: address == record_copy && address != 0 })
            }
            Err(error) => Err(self.error(abi::FILTER, &error)),
        };
        let freed = self.free_copies([tag_copy, record_copy]);
        reply.and_then(|reply| freed.map(|()| reply))
    }

    /// Copies `bytes` and one byte more into the guest. 0 when the guest has no room.
    fn copy_in(&mut self, bytes: &[u8], after: u8) -> Result<u32, CallError> {
        let size = bytes.len().saturating_add(1);
        let argument = u32::try_from(size).map_err(|_| CallError::Unpassable)?;
        let address = match self.malloc.call(&mut self.store, argument) {
            Ok(0) => return Ok(0),
            Ok(address) => address,
            Err(error) => return Err(self.error(abi::MALLOC, &error)),
        };
        let memory = self.memory.data_mut(&mut self.store);
        let available = memory.len();
        let copy = memory
            .get_mut(address as usize..)
            .and_then(|rest| rest.get_mut(..size))
            .and_then(<[u8]>::split_last_mut);
        let Some((last, start)) = copy else {
            return Err(CallError::InvalidAllocation { address, size, memory: available });
        };
        start.copy_from_slice(bytes);
        *last = after;
        Ok(address)
    }

    /// WAMR's `wasm_runtime_validate_app_str_addr`, and the string. Address 0 is an address like any other.
    fn read_string(&self, address: u32) -> Result<Vec<u8>, CallError> {
        let memory = self.memory.data(&self.store);
        let string = memory.get(address as usize..).and_then(|rest| {
            let length = memchr::memchr(0, rest)?;
            rest.get(..length)
        });
        string.map(<[u8]>::to_vec).ok_or(CallError::InvalidPointer { address, memory: memory.len() })
    }

    fn free_copies(&mut self, copies: [u32; 2]) -> Result<(), CallError> {
        if !self.options.frees {
            return Ok(());
        }
        for copy in copies.into_iter().filter(|copy| *copy != 0) {
            if let Err(error) = self.free.call(&mut self.store, copy) {
                return Err(self.error(abi::FREE, &error));
            }
        }
        Ok(())
    }

    fn error(&self, function: &'static str, error: &wasmtime::Error) -> CallError {
        CallError::of_call(function, error, self.limit)
    }
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("options", &self.options).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::test_guest;

    fn instance(options: &Options) -> Instance {
        Instance::new(&Module::new(&test_guest::baked()).unwrap(), options).unwrap()
    }

    fn call(instance: &mut Instance, record: &str) -> Result<String, CallError> {
        let reply = instance.call(b"tag", Timestamp { seconds: 7, nanoseconds: 0 }, record.as_bytes())?;
        Ok(String::from_utf8(reply.record).unwrap())
    }

    #[test]
    fn tag_time_and_record_reach_the_guest() {
        let mut filter = instance(&Options::default());
        let reply = filter.call(b"any", Timestamp::default(), br#"{"a":1}"#).unwrap();
        assert_eq!(reply, Reply { record: br#"{"a":1}"#.to_vec(), in_place: true });
        // The guest copies three bytes of the tag, the byte after it and the seconds into a fixed text, which
        // the NUL after the tag of a filter ends.
        assert_eq!(call(&mut filter, r#"{"s":1}"#).unwrap(), r#"{"tag":"tag","end":""#);
        let mut processor = instance(&Options { after_tag: b'X', ..Options::default() });
        assert_eq!(call(&mut processor, r#"{"s":1}"#).unwrap(), r#"{"tag":"tag","end":"X","sec":7}"#);
    }

    #[test]
    fn faults_are_told_apart() {
        let options = Options { fuel_limit: Some(100_000), ..Options::default() };
        let fault = |record| call(&mut instance(&options), record).unwrap_err();
        assert!(matches!(fault(r#"{"!":1}"#), CallError::Trap { function: abi::FILTER, .. }));
        assert!(matches!(fault(r#"{"~":1}"#), CallError::OutOfFuel { limit: 100_000, .. }));
        assert!(matches!(fault(r#"{"9":1}"#), CallError::InvalidPointer { address: 0xffff_fff0, .. }));
        assert!(matches!(fault(r#"{"z":1}"#), CallError::InvalidPointer { .. }));
        assert!(fault(r#"{"!":1}"#).to_string().contains("unreachable"));
    }

    #[test]
    fn a_longer_record_may_take_more_fuel() {
        let fault = |record: &str| {
            let options = Options { fuel_limit: Some(100_000), fuel_per_byte: 1_000, ..Options::default() };
            call(&mut instance(&options), record).unwrap_err()
        };
        assert!(matches!(fault(r#"{"~":1}"#), CallError::OutOfFuel { limit: 107_000, .. }));
        assert!(matches!(fault(r#"{"~":1234}"#), CallError::OutOfFuel { limit: 110_000, .. }));
    }

    #[test]
    fn a_module_that_asks_for_memory_without_end_is_stopped() {
        for pages in [1, 0, 60_000] {
            let wat = format!(
                r#"(module
                    (memory (export "memory") 1)
                    (func (export "schtag_filter") (param i32 i32 i32 i32 i32 i32) (result i32)
                        (loop $ever (drop (memory.grow (i32.const {pages}))) (br $ever)) unreachable)
                    (func (export "malloc") (param i32) (result i32) i32.const 1024)
                    (func (export "free") (param i32)))"#
            );
            let module = Module::new(&wat::parse_str(wat).unwrap()).unwrap();
            let options = Options { fuel_limit: Some(1_000_000), ..Options::default() };
            let mut instance = Instance::new(&module, &options).unwrap();
            let error = call(&mut instance, r#"{"a":1}"#).unwrap_err();
            if pages == 0 {
                // Nothing grows, and fuel is all that it takes.
                assert!(matches!(error, CallError::OutOfFuel { .. }), "{error}");
            } else {
                assert!(error.to_string().contains("asked for memory more than 200000 times"), "{error}");
                assert!(instance.fuel() < 1_000_000, "{}", instance.fuel());
            }
            assert!(instance.memory_size() <= Options::DEFAULT_MEMORY_LIMIT);
        }
    }

    #[test]
    fn fuel_is_deterministic_and_per_call() {
        let mut first = instance(&Options::default());
        call(&mut first, r#"{"a":1}"#).unwrap();
        let fuel = first.fuel();
        call(&mut first, r#"{"a":1}"#).unwrap();
        assert!(fuel > 0);
        assert_eq!(first.fuel(), fuel);
        let mut limited = instance(&Options { fuel_limit: Some(fuel), ..Options::default() });
        call(&mut limited, r#"{"a":1}"#).unwrap();
    }

    #[test]
    fn freed_copies_are_reused_and_others_pile_up() {
        let record = format!(r#"{{"a":"{}"}}"#, "x".repeat(100_000));
        let mut freeing = instance(&Options::default());
        let mut leaking = instance(&Options::persistent_leaking());
        for _ in 0..50 {
            assert_eq!(call(&mut freeing, &record).unwrap(), record);
            assert_eq!(call(&mut leaking, &record).unwrap(), record);
        }
        assert!(freeing.memory_size() < 400_000, "{}", freeing.memory_size());
        assert!(leaking.memory_size() > 5_000_000, "{}", leaking.memory_size());
    }

    #[test]
    fn without_room_the_guest_gets_address_zero_and_the_length() {
        let mut small = instance(&Options { memory_limit: 128 << 10, ..Options::default() });
        let record = format!(r#"{{"a":"{}"}}"#, "x".repeat(100_000));
        assert_eq!(call(&mut small, &record).unwrap(), r#"{"record":"not copied"}"#);
    }

    #[test]
    fn a_copy_outside_memory_is_refused() {
        let wat = r#"(module
            (memory (export "memory") 1)
            (func (export "schtag_filter") (param i32 i32 i32 i32 i32 i32) (result i32) local.get 4)
            (func (export "malloc") (param i32) (result i32) i32.const 65530)
            (func (export "free") (param i32) unreachable))"#;
        let module = Module::new(&wat::parse_str(wat).unwrap()).unwrap();
        let mut instance = Instance::new(&module, &Options::default()).unwrap();
        let error = call(&mut instance, r#"{"a":1}"#).unwrap_err();
        assert!(matches!(error, CallError::InvalidAllocation { address: 65530, size: 8, .. }), "{error}");
        // With copies that fit, the next thing to fail is free.
        let error = instance.call(b"", Timestamp::default(), b"{}").unwrap_err();
        assert!(matches!(error, CallError::Trap { function: abi::FREE, .. }), "{error}");
    }

    #[test]
    fn a_module_larger_than_the_limit_does_not_start() {
        let module = Module::new(&test_guest::baked()).unwrap();
        let options = Options { memory_limit: 64 << 10, ..Options::default() };
        assert!(matches!(Instance::new(&module, &options), Err(EngineError::Instantiate(_))));
    }
}
