//! Files as tests write them: Windows event logs, and compressed ones.

pub mod event_log;

use flate2::Compression;
use flate2::read::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::Read as _;

/// The bytes as gzip.
///
/// # Panics
/// Never: memory is all that it reads.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let read = GzEncoder::new(bytes, Compression::best()).read_to_end(&mut packed);
    assert!(read.is_ok(), "memory is all that it reads");
    packed
}

/// The bytes as zstd.
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}
