//! A second engine: the filter under wasmi, an interpreter like WAMR, with the same calls as Fluent Bit's.

use wasmi::{Engine, Instance, Linker, Memory, Module, Store, TypedFunc};

/// A running filter.
pub struct WasmiHost {
    store: Store<()>,
    memory: Memory,
    filter: TypedFunc<(u32, u32, u32, u32, u32, u32), u32>,
    malloc: TypedFunc<u32, u32>,
    free: TypedFunc<u32, ()>,
}

impl WasmiHost {
    /// Starts a filter.
    ///
    /// # Errors
    /// When wasmi does not load the module, or it lacks an export.
    pub fn new(wasm: &[u8]) -> Result<Self, wasmi::Error> {
        let engine = Engine::default();
        let module = Module::new(&engine, wasm)?;
        let mut store = Store::new(&engine, ());
        // Nothing to link: the module imports nothing.
        let instance: Instance = Linker::<()>::new(&engine).instantiate_and_start(&mut store, &module)?;
        let memory = instance.get_memory(&store, "memory").ok_or_else(|| wasmi::Error::new("no memory"))?;
        let filter = instance.get_typed_func(&store, "schtag_filter")?;
        let malloc = instance.get_typed_func(&store, "malloc")?;
        let free = instance.get_typed_func(&store, "free")?;
        Ok(Self { store, memory, filter, malloc, free })
    }

    /// Passes a record through the filter.
    ///
    /// # Errors
    /// When the guest traps, or returns something that is not a C string.
    pub fn call(&mut self, tag: &[u8], seconds: u32, record: &[u8]) -> Result<Vec<u8>, wasmi::Error> {
        let tag_copy = self.copy_in(tag)?;
        let record_copy = self.copy_in(record)?;
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let arguments = (tag_copy, length(tag), seconds, 0, record_copy, length(record));
        let reply = self.filter.call(&mut self.store, arguments)?;
        let rest = self.memory.data(&self.store).get(reply as usize..).unwrap_or_default();
        let end = rest.iter().position(|&byte| byte == 0).ok_or_else(|| wasmi::Error::new("no NUL"))?;
        let reply = rest.get(..end).unwrap_or_default().to_vec();
        self.free.call(&mut self.store, tag_copy)?;
        self.free.call(&mut self.store, record_copy)?;
        Ok(reply)
    }

    fn copy_in(&mut self, bytes: &[u8]) -> Result<u32, wasmi::Error> {
        let size = u32::try_from(bytes.len().saturating_add(1)).map_err(|_| wasmi::Error::new("too long"))?;
        let address = self.malloc.call(&mut self.store, size)?;
        let mut copy = bytes.to_vec();
        copy.push(0);
        self.memory.write(&mut self.store, address as usize, &copy)?;
        Ok(address)
    }
}
