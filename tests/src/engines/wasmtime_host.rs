//! The filter under wasmtime as compiled in its other ways, with the same calls as Fluent Bit's.

use wasmtime::{Config, Engine, Error, Instance, Memory, Module, Store, Strategy, TypedFunc};

/// The compilers with which wasmtime makes code of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compiler {
    /// The one that optimises, which the host uses.
    Cranelift,
    /// The one that compiles in a single pass.
    Winch,
    /// Cranelift's code for an interpreter, which runs on any machine.
    Pulley,
}

impl Compiler {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cranelift, Self::Winch, Self::Pulley];

    fn engine(self) -> Result<Engine, Error> {
        let mut config = Config::new();
        match self {
            Self::Cranelift => config.strategy(Strategy::Cranelift),
            Self::Winch => config.strategy(Strategy::Winch),
            Self::Pulley => config.strategy(Strategy::Cranelift).target("pulley64")?,
        };
        Engine::new(&config)
    }
}

/// A running filter.
pub struct WasmtimeHost {
    store: Store<()>,
    memory: Memory,
    filter: TypedFunc<(u32, u32, u32, u32, u32, u32), u32>,
    malloc: TypedFunc<u32, u32>,
    free: TypedFunc<u32, ()>,
}

impl WasmtimeHost {
    /// Starts a filter.
    ///
    /// # Errors
    /// When wasmtime does not compile the module so, or it lacks an export.
    pub fn new(wasm: &[u8], compiler: Compiler) -> Result<Self, Error> {
        let engine = compiler.engine()?;
        let module = Module::new(&engine, wasm)?;
        let mut store = Store::new(&engine, ());
        // Nothing to link: the module imports nothing.
        let instance = Instance::new(&mut store, &module, &[])?;
        let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| Error::msg("no memory"))?;
        let filter = instance.get_typed_func(&mut store, "schtag_filter")?;
        let malloc = instance.get_typed_func(&mut store, "malloc")?;
        let free = instance.get_typed_func(&mut store, "free")?;
        Ok(Self { store, memory, filter, malloc, free })
    }

    /// Passes a record through the filter.
    ///
    /// # Errors
    /// When the guest traps, or returns something that is not a C string.
    pub fn call(&mut self, tag: &[u8], seconds: u32, record: &[u8]) -> Result<Vec<u8>, Error> {
        let (tag_copy, tag_length) = self.copy_in(tag)?;
        let (record_copy, record_length) = self.copy_in(record)?;
        let arguments = (tag_copy, tag_length, seconds, 0, record_copy, record_length);
        let reply = self.filter.call(&mut self.store, arguments)?;
        let rest = self.memory.data(&self.store).get(reply as usize..).unwrap_or_default();
        let end = rest.iter().position(|&byte| byte == 0).ok_or_else(|| Error::msg("no NUL"))?;
        let reply = rest.get(..end).unwrap_or_default().to_vec();
        self.free.call(&mut self.store, tag_copy)?;
        self.free.call(&mut self.store, record_copy)?;
        Ok(reply)
    }

    /// Copies `bytes` and a NUL into the guest: the address, and the length without the NUL.
    fn copy_in(&mut self, bytes: &[u8]) -> Result<(u32, u32), Error> {
        let length = u32::try_from(bytes.len())?;
        let address = self.malloc.call(&mut self.store, length.saturating_add(1))?;
        if address == 0 {
            return Err(Error::msg("no memory"));
        }
        let copy = [bytes, b"\0"].concat();
        self.memory.write(&mut self.store, address as usize, &copy)?;
        Ok((address, length))
    }
}
