//! The differences between the hosts that the engine imitates.
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The lifetime of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// As long as the host: Fluent Bit from 4.1.0 on.
    Persistent,
    /// For one chunk of this number of records: Fluent Bit up to 4.0.14.
    PerChunk(NonZeroU32),
}

/// The behaviour of the host. The default is Fluent Bit from 4.1.2 on; the constructors are the older ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The lifetime of an instance.
    pub lifecycle: Lifecycle,
    /// True if the host frees its copies of tag and record after each call.
    pub frees: bool,
    /// The byte after the tag's last: 0 in filters. A processor copies whatever follows the tag in the host's
    /// memory (`src/flb_filter.c`).
    pub after_tag: u8,
    /// The most linear memory that an instance may have, in bytes.
    pub memory_limit: usize,
    /// The most wasmtime fuel that one call may take: about one unit an instruction. `None` is no limit, as in
    /// Fluent Bit.
    pub fuel_limit: Option<u64>,
    /// The fuel that each byte of a record adds to `fuel_limit`.
    pub fuel_per_byte: u64,
}

impl Options {
    /// 64 MiB.
    pub(crate) const DEFAULT_MEMORY_LIMIT: usize = 64 << 20;

    /// A limit of fuel that the module of `schtag bake` never needs, since it bounds its own work: some ten million
    /// units, and what it takes to read the record. What reaches this limit is another module, or a defect.
    pub(crate) const GENEROUS_FUEL: u64 = 200_000_000;
    /// The fuel that each byte of a record adds to [`Self::GENEROUS_FUEL`].
    pub(crate) const GENEROUS_FUEL_PER_BYTE: u64 = 1_000;

    /// Returns the most fuel for a record of `bytes`; `None` is no limit.
    pub(crate) fn fuel_for(&self, bytes: usize) -> Option<u64> {
        let more = self.fuel_per_byte.saturating_mul(bytes as u64);
        self.fuel_limit.map(|limit| limit.saturating_add(more))
    }

    /// Fluent Bit 4.1.0 and 4.1.1: one instance, and copies that are never freed.
    pub fn persistent_leaking() -> Self {
        Self { frees: false, ..Self::default() }
    }

    /// Fluent Bit 4.0.14: an instance per chunk of `records` records.
    pub fn per_chunk(records: NonZeroU32) -> Self {
        Self { lifecycle: Lifecycle::PerChunk(records), ..Self::default() }
    }

    /// Fluent Bit 2.0.0 to 4.0.13: an instance per chunk, and copies that are never freed.
    pub fn per_chunk_leaking(records: NonZeroU32) -> Self {
        Self { frees: false, ..Self::per_chunk(records) }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lifecycle: Lifecycle::Persistent,
            frees: true,
            after_tag: 0,
            memory_limit: Self::DEFAULT_MEMORY_LIMIT,
            fuel_limit: None,
            fuel_per_byte: 0,
        }
    }
}

/// The time that the pipeline gives a record, as Fluent Bit passes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timestamp {
    /// Unix time in seconds; Fluent Bit cuts it to 32 bits.
    pub seconds: u32,
    /// Nanoseconds within the second.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// The system's time.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self {
            #[expect(clippy::cast_possible_truncation, reason = "as Fluent Bit does")]
            seconds: since.as_secs() as u32,
            nanoseconds: since.subsec_nanos(),
        }
    }
}
