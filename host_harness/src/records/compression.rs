//! Inputs that are compressed: gzip and zstd, also one in the other.
//!
//! Sources of the formats: RFC 1952 (gzip), RFC 8878 (zstd).

use super::BUFFER;
use super::peek::Peeked;
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, BufReader, Read};

/// The first bytes of a gzip file.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// The first bytes of a zstd file, apart from frames that are to be skipped.
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// The most layers of compression of an input.
const MOST_LAYERS: usize = 3;

/// Undoes the compression of an input. Gives the names of the formats, outermost first.
///
/// # Errors
/// When the beginning cannot be read.
pub(super) fn decompressed<'r>(input: impl Read + 'r) -> io::Result<(Peeked<'r>, Vec<&'static str>)> {
    let mut input = Peeked::new(input);
    let mut layers = Vec::new();
    while layers.len() < MOST_LAYERS {
        let head = input.peek(|head| head.len() >= ZSTD.len() || !could_be_compressed(head))?;
        let (name, decoder): (_, Box<dyn Read + 'r>) = if head.starts_with(GZIP) {
            ("gzip", Box::new(MultiGzDecoder::new(buffered(input))))
        } else if head.starts_with(ZSTD) || is_skippable(head) {
            ("zstd", Box::new(Zstd::new(buffered(input))))
        } else {
            break;
        };
        layers.push(name);
        input = Peeked::new(decoder);
    }
    Ok((input, layers))
}

fn buffered(input: Peeked<'_>) -> BufReader<Peeked<'_>> {
    BufReader::with_capacity(BUFFER, input)
}

/// Returns whether more has to be seen to know.
fn could_be_compressed(head: &[u8]) -> bool {
    GZIP.starts_with(head) || ZSTD.starts_with(head) || head.first().is_some_and(|first| first & 0xf0 == 0x50)
}

/// A frame that holds no data, with a number from 0 to 15 in its magic (RFC 8878, 3.1.2).
fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [first, 0x2a, 0x4d, 0x18, ..] if first & 0xf0 == 0x50)
}

/// A zstd file, frame after frame. A window of more than 128 MiB is refused, which bounds the memory.
struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
    /// True within a frame.
    open: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(source: R) -> Self {
        Self { source, decoder: FrameDecoder::new(), open: false }
    }

    /// Begins the next frame. `false` at the end of the input.
    fn begin(&mut self) -> io::Result<bool> {
        if self.source.fill_buf()?.is_empty() {
            return Ok(false);
        }
        match self.decoder.init(&mut self.source) {
            Ok(()) => self.open = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                let length = u64::from(length);
                if io::copy(&mut self.source.by_ref().take(length), &mut io::sink())? < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Err(error) => return Err(io::Error::other(error)),
        }
        Ok(true)
    }

    /// Ends a frame, whose checksum must be right if it has one.
    fn end(&mut self) -> io::Result<()> {
        self.open = false;
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(said), Some(found)) if said != found => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum of a zstd frame is wrong"))
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.open {
                if !self.begin()? {
                    return Ok(0);
                }
                continue;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let blocks = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.source, blocks).map_err(io::Error::other)?;
            }
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            self.end()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schtag_test_files::{gzip, zstd};

    fn read(bytes: &[u8]) -> (io::Result<Vec<u8>>, Vec<&'static str>) {
        let (mut input, layers) = match decompressed(bytes) {
            Ok(decompressed) => decompressed,
            Err(error) => return (Err(error), Vec::new()),
        };
        let mut out = Vec::new();
        (input.read_to_end(&mut out).map(|_| out), layers)
    }

    #[test]
    fn each_format_is_known_by_its_first_bytes_also_within_another() {
        let text = b"{\"a\":1}\n".repeat(50_000);
        let skipped = [&b"\x5a\x2a\x4d\x18\x03\0\0\0abc"[..], &zstd(&text)].concat();
        for (bytes, expected) in [
            (text.clone(), &[][..]),
            (gzip(&text), &["gzip"]),
            (zstd(&text), &["zstd"]),
            (skipped, &["zstd"]),
            (gzip(&zstd(&text)), &["gzip", "zstd"]),
            (zstd(&gzip(&gzip(&text))), &["zstd", "gzip", "gzip"]),
        ] {
            let (read, layers) = read(&bytes);
            assert!(read.unwrap() == text, "{layers:?}");
            assert_eq!(layers, expected);
        }
        // What only begins like one is itself.
        for text in [&b""[..], b"\x1f", b"\x28\xb5", b"P", b"PK"] {
            assert_eq!(read(text).0.unwrap(), text);
        }
    }

    #[test]
    fn frames_follow_each_other() {
        let both = [zstd(b"a\n"), zstd(b""), zstd(b"b\n")].concat();
        assert_eq!(read(&both).0.unwrap(), b"a\nb\n");
    }

    #[test]
    fn what_is_cut_or_changed_is_an_error() {
        let text: Vec<u8> =
            (0..100_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let whole = zstd(&text);
        for cut in [5, whole.len() / 2, whole.len() - 1] {
            read(whole.get(..cut).unwrap()).0.unwrap_err();
        }
        let mut changed = whole;
        let middle = changed.len() / 2;
        changed[middle] ^= 0x55;
        assert!(read(&changed).0.map_or(true, |read| read != text));
    }
}
