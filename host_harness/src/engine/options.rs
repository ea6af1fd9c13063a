//! What differs between the hosts that the engine stands for.
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long an instance lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// As long as the host: Fluent Bit from 4.1.0 on.
    Persistent,
    /// For one chunk, of so many records: Fluent Bit up to 4.0.14.
    PerChunk(NonZeroU32),
}

/// How the host behaves. The default is Fluent Bit from 4.1.2 on; the constructors are the older ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How long an instance lives.
    pub lifecycle: Lifecycle,
    /// Whether the host frees its copies of tag and record after each call.
    pub frees: bool,
    /// The byte after the tag's last: 0 in filters. A processor copies whatever follows the tag in the host's
    /// memory (`src/flb_filter.c`).
    pub after_tag: u8,
    /// The most linear memory that an instance may have, in bytes.
    pub memory_limit: usize,
    /// The most wasmtime fuel that one call may take: about one unit an instruction. `None` is no limit, as in
    /// Fluent Bit.
    pub fuel_limit: Option<u64>,
}

impl Options {
    /// 64 MiB.
    pub const DEFAULT_MEMORY_LIMIT: usize = 64 << 20;

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
