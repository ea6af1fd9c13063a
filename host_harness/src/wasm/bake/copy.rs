//! Copies bytes into the guest.
use crate::wasm::abi;
use crate::wasm::limiter::Limiter;
use thiserror::Error;
use wasmtime::{Instance, Memory, Store};

/// Returns the guest's memory.
pub(super) fn memory(store: &mut Store<Limiter>, instance: Instance) -> wasmtime::Result<Memory> {
    let memory = instance.get_memory(&mut *store, abi::MEMORY);
    memory.ok_or_else(|| wasmtime::Error::msg("it exports no memory"))
}

/// Copies bytes to where the guest's `malloc` says. Returns address and length.
pub(super) fn copy_in(
    store: &mut Store<Limiter>,
    instance: Instance,
    bytes: &[u8],
) -> wasmtime::Result<(i32, i32)> {
    let no_room = || wasmtime::Error::new(NoRoom);
    let malloc = instance.get_typed_func::<i32, i32>(&mut *store, abi::MALLOC)?;
    let length = i32::try_from(bytes.len()).map_err(|_| no_room())?;
    let address = malloc.call(&mut *store, length)?;
    if address == 0 {
        return Err(no_room());
    }
    let offset = address.cast_unsigned() as usize;
    memory(store, instance)?.write(&mut *store, offset, bytes).map_err(|_| no_room())?;
    Ok((address, length))
}

/// The guest gave no memory, or an address outside of it.
#[derive(Debug, Error)]
#[error("the guest has no room")]
pub(super) struct NoRoom;
