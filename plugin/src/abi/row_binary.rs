//! Blocks of rows in ClickHouse's `RowBinary`: (String, DateTime) in, (String) out.
//!
//! Source: ClickHouse's documentation of the format: values one after the other and nothing between; a string
//! is its length as an unsigned LEB128 and its bytes, a `DateTime` its Unix seconds as a little-endian `UInt32`.

/// A length that needs more bytes than this would not fit into linear memory.
const LENGTH_BYTES: usize = 5;

/// An error in reading or writing a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockError {
    /// The bytes are not as many rows of (String, DateTime) as the host says.
    Malformed,
    /// There is no memory for the result.
    NoMemory,
}

/// Takes a row's string and time from the front of a block.
fn take_row<'b>(block: &mut &'b [u8]) -> Option<(&'b [u8], u32)> {
    let length = usize::try_from(take_length(block)?).ok()?;
    let (text, rest) = block.split_at_checked(length)?;
    let (time, rest) = rest.split_first_chunk::<4>()?;
    *block = rest;
    Some((text, u32::from_le_bytes(*time)))
}

fn take_length(block: &mut &[u8]) -> Option<u64> {
    let mut length = 0_u64;
    for shift in (0..7 * LENGTH_BYTES).step_by(7) {
        let (byte, rest) = block.split_first()?;
        *block = rest;
        length |= u64::from(byte & 0x7f).checked_shl(u32::try_from(shift).ok()?)?;
        if byte & 0x80 == 0 {
            return Some(length);
        }
    }
    None
}

/// Writes a row with one string.
pub(super) fn push_row(out: &mut Vec<u8>, text: &[u8]) -> Result<(), BlockError> {
    let needed = text.len().saturating_add(2 * LENGTH_BYTES);
    out.try_reserve(needed).map_err(|_| BlockError::NoMemory)?;
    let mut length = text.len();
    while length >= 0x80 {
        out.push(u8::try_from(length & 0x7f).unwrap_or(0) | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap_or(0));
    out.extend_from_slice(text);
    Ok(())
}

/// Gives each row of a block to `answer`, which writes a row for it.
///
/// # Errors
/// When the block is not `rows` rows and nothing else, or an answer cannot be written.
pub(super) fn map_rows(
    mut block: &[u8],
    rows: u32,
    mut answer: impl FnMut(&[u8], u32) -> Result<(), BlockError>,
) -> Result<(), BlockError> {
    for _ in 0..rows {
        let (text, time) = take_row(&mut block).ok_or(BlockError::Malformed)?;
        answer(text, time)?;
    }
    if block.is_empty() { Ok(()) } else { Err(BlockError::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(block: &[u8], rows: u32) -> Result<Vec<(Vec<u8>, u32)>, BlockError> {
        let mut all = Vec::new();
        map_rows(block, rows, |text, time| {
            all.push((text.to_vec(), time));
            Ok(())
        })?;
        Ok(all)
    }

    fn block(texts: &[&[u8]]) -> Vec<u8> {
        let mut block = Vec::new();
        for text in texts {
            push_row(&mut block, text).unwrap();
            block.extend(7_u32.to_le_bytes());
        }
        block
    }

    #[test]
    fn rows_come_back_as_they_were_written() {
        let long = vec![b'x'; 20_000];
        let texts: [&[u8]; 5] = [b"", b"a", &long[..127], &long[..128], &long];
        let read = rows(&block(&texts), 5).unwrap();
        assert_eq!(read.len(), 5);
        assert!(read.iter().zip(texts).all(|((text, time), expected)| text == expected && *time == 7));
        assert_eq!(rows(b"", 0).unwrap(), []);
    }

    #[test]
    fn a_block_cut_anywhere_is_malformed() {
        let long = vec![b'x'; 300];
        let whole = block(&[b"one", &long, b""]);
        for end in 0..whole.len() {
            assert_eq!(rows(&whole[..end], 3), Err(BlockError::Malformed), "{end}");
        }
    }

    #[test]
    fn a_wrong_number_of_rows_is_malformed() {
        let whole = block(&[b"one", b"two"]);
        for count in [0, 1, 3, u32::MAX] {
            assert_eq!(rows(&whole, count), Err(BlockError::Malformed), "{count}");
        }
    }

    #[test]
    fn lengths_beyond_the_block_are_malformed() {
        for length in [b"\xff\xff\xff\xff\x0f".as_slice(), &[0xff; 10], &[0x80; 6], b"\xff\xff\xff\xff\x7f"] {
            let mut block = length.to_vec();
            block.extend([0; 64]);
            assert_eq!(rows(&block, 1), Err(BlockError::Malformed), "{length:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_within_bounds(bytes: Vec<u8>, count: u32) {
            let _ = rows(&bytes, count);
        }
    }
}
