//! A second engine: the filter under wasmi, an interpreter like WAMR, with the same calls as Fluent Bit's, and as
//! ClickHouse's.

use wasmi::{Engine, Instance, Linker, Memory, Module, ResourceLimiter, Store, TypedFunc};
use wasmi_core::LimiterError;

/// Refuses memory.
struct Growth {
    /// The number of times that the guest asked for memory.
    asked: u32,
    /// The number of the first request that is refused.
    refused: u32,
    /// True if all later ones are, too.
    from_then_on: bool,
}

impl ResourceLimiter for Growth {
    fn memory_growing(&mut self, current: usize, _: usize, _: Option<usize>) -> Result<bool, LimiterError> {
        // The module's own memory comes first.
        if current == 0 {
            return Ok(true);
        }
        let number = self.asked;
        self.asked = self.asked.saturating_add(1);
        Ok(number < self.refused || (number > self.refused && !self.from_then_on))
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool, LimiterError> {
        Ok(true)
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        1
    }

    fn memories(&self) -> usize {
        1
    }
}

/// A running filter.
pub struct WasmiHost {
    store: Store<Growth>,
    instance: Instance,
    memory: Memory,
    filter: TypedFunc<(u32, u32, u32, u32, u32, u32), u32>,
    malloc: TypedFunc<u32, u32>,
    free: TypedFunc<u32, ()>,
    create_buffer: TypedFunc<u32, u32>,
    destroy_buffer: TypedFunc<u32, ()>,
    tag_rows: TypedFunc<(u32, u32), u32>,
}

impl WasmiHost {
    /// Starts a filter.
    ///
    /// # Errors
    /// When wasmi does not load the module, or it lacks an export.
    pub fn new(wasm: &[u8]) -> Result<Self, wasmi::Error> {
        Self::refusing(wasm, u32::MAX, false)
    }

    /// Starts a filter that gets no memory when it asks for the `nth` time (0 is the first), or from then on.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn refusing(wasm: &[u8], nth: u32, from_then_on: bool) -> Result<Self, wasmi::Error> {
        let engine = Engine::default();
        let module = Module::new(&engine, wasm)?;
        let mut store = Store::new(&engine, Growth { asked: 0, refused: nth, from_then_on });
        store.limiter(|growth| growth);
        // Nothing to link: the module imports nothing.
        let instance: Instance = Linker::<Growth>::new(&engine).instantiate_and_start(&mut store, &module)?;
        let memory = instance.get_memory(&store, "memory").ok_or_else(|| wasmi::Error::new("no memory"))?;
        let filter = instance.get_typed_func(&store, "schtag_filter")?;
        let malloc = instance.get_typed_func(&store, "malloc")?;
        let free = instance.get_typed_func(&store, "free")?;
        let create_buffer = instance.get_typed_func(&store, "clickhouse_create_buffer")?;
        let destroy_buffer = instance.get_typed_func(&store, "clickhouse_destroy_buffer")?;
        let tag_rows = instance.get_typed_func(&store, "clickhouse_tag")?;
        Ok(Self { store, instance, memory, filter, malloc, free, create_buffer, destroy_buffer, tag_rows })
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

    /// A buffer with a block in it, or 0 when the guest has no room.
    ///
    /// # Errors
    /// When the guest traps, or gives a buffer of another size.
    pub fn create_buffer(&mut self, block: &[u8]) -> Result<u32, wasmi::Error> {
        let size = u32::try_from(block.len()).map_err(|_| wasmi::Error::new("too long"))?;
        let handle = self.create_buffer.call(&mut self.store, size)?;
        if handle != 0 {
            let (address, length) = self.buffer(handle)?;
            if length != block.len() {
                return Err(wasmi::Error::new("a buffer of another size"));
            }
            self.memory.write(&mut self.store, address, block)?;
        }
        Ok(handle)
    }

    /// Gives any handle back.
    ///
    /// # Errors
    /// When the guest traps.
    pub fn destroy_buffer(&mut self, handle: u32) -> Result<(), wasmi::Error> {
        self.destroy_buffer.call(&mut self.store, handle)
    }

    /// The handle that the guest returns for any handle and number of rows.
    ///
    /// # Errors
    /// When the guest traps.
    pub fn tag_rows(&mut self, handle: u32, rows: u32) -> Result<u32, wasmi::Error> {
        self.tag_rows.call(&mut self.store, (handle, rows))
    }

    /// Returns what is in a buffer.
    ///
    /// # Errors
    /// When it is not in the guest's memory.
    pub fn read_buffer(&self, handle: u32) -> Result<Vec<u8>, wasmi::Error> {
        let (address, length) = self.buffer(handle)?;
        let mut bytes = vec![0; length];
        self.memory.read(&self.store, address, &mut bytes)?;
        Ok(bytes)
    }

    /// Size of the linear memory, in bytes.
    pub fn memory_size(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    /// The address and the size to which a handle points.
    fn buffer(&self, handle: u32) -> Result<(usize, usize), wasmi::Error> {
        let mut pair = [[0; 4]; 2];
        self.memory.read(&self.store, handle as usize, pair.as_flattened_mut())?;
        let [address, length] = pair.map(u32::from_le_bytes);
        Ok((address as usize, length as usize))
    }

    /// Returns how often the guest has asked for memory.
    pub fn growths(&self) -> u32 {
        self.store.data().asked
    }

    /// The value of an exported global of type `i32`.
    pub fn global(&self, name: &str) -> Option<u32> {
        self.instance.get_global(&self.store, name)?.get(&self.store).i32().map(i32::cast_unsigned)
    }

    /// Copies `bytes` and a NUL into the guest. 0 when the guest has no room.
    fn copy_in(&mut self, bytes: &[u8]) -> Result<u32, wasmi::Error> {
        let size = u32::try_from(bytes.len().saturating_add(1)).map_err(|_| wasmi::Error::new("too long"))?;
        let address = self.malloc.call(&mut self.store, size)?;
        if address == 0 {
            return Ok(0);
        }
        let mut copy = bytes.to_vec();
        copy.push(0);
        self.memory.write(&mut self.store, address as usize, &copy)?;
        Ok(address)
    }
}
