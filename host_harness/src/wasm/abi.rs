//! Names the exports of the guest module.
//!
//! Fluent Bit's side of it is `src/wasm/flb_wasm.c`; the names of the allocator are those that WAMR looks for
//! (`core/iwasm/interpreter/wasm_loader.c`).

/// The linear memory.
pub(crate) const MEMORY: &str = "memory";
/// `schtag_filter(tag, tag_len, sec, nsec, record, record_len) -> reply`: six `i32`, one `i32`.
///
/// Lengths are in bytes and do not count the NUL that follows tag and record. The reply is the address of a
/// NUL-terminated JSON object.
pub(crate) const FILTER: &str = "schtag_filter";
/// `malloc(size) -> address`, 0 when there is no memory.
pub(crate) const MALLOC: &str = "malloc";
/// `free(address)`.
pub(crate) const FREE: &str = "free";
/// `clickhouse_tag(handle, rows) -> handle`: a block of rows in, one of tags out.
///
/// This and the next two are what ClickHouse calls (`ABI BUFFERED_V1`,
/// `src/Functions/UserDefined/UserDefinedWebAssembly.cpp`); for Fluent Bit they are functions like any other. A
/// handle is the address of a pointer and a size.
pub(crate) const TAG: &str = "clickhouse_tag";
/// `clickhouse_create_buffer(size) -> handle`, 0 when there is no memory.
pub(crate) const CREATE_BUFFER: &str = "clickhouse_create_buffer";
/// `clickhouse_destroy_buffer(handle)`.
pub(crate) const DESTROY_BUFFER: &str = "clickhouse_destroy_buffer";
/// `schtag_load(address, len) -> code`, see [`load_code`]. In the base module only. It reads a
/// [`Packed`](schtag::rules::Packed) from an address of `malloc`'s, which it frees and wipes.
pub(crate) const LOAD: &str = "schtag_load";
/// Where the linker put the heap; WAMR places its stack checks by it.
pub(crate) const HEAP_BASE: &str = "__heap_base";
/// Where the linker's data ends.
pub(crate) const DATA_END: &str = "__data_end";

/// The exports of a module with rules, and nothing else. Fluent Bit needs the first four.
pub(crate) const SHIPPED_EXPORTS: [&str; 9] =
    [MEMORY, FILTER, MALLOC, FREE, TAG, CREATE_BUFFER, DESTROY_BUFFER, HEAP_BASE, DATA_END];

/// The custom section that holds the [`Manifest`](crate::wasm::manifest::Manifest).
pub(crate) const MANIFEST_SECTION: &str = "schtag.manifest";

/// The return values of `schtag_load`.
pub(crate) mod load_code {
    /// The pack is loaded.
    pub(crate) const LOADED: i32 = 0;
    /// The bytes are not a pack.
    pub(crate) const NOT_A_PACK: i32 = 1;
    /// The pack has another format version.
    pub(crate) const OTHER_FORMAT: i32 = 2;
    /// The pack was read, and refused.
    pub(crate) const REJECTED: i32 = 3;
}
