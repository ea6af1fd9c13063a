//! Is this a JSON number, and where does it end?
use super::stop::{Expected, Rest, Stop};
use crate::bytes::{HIGH_BITS, ONES, first_marked};

/// Skips a number.
#[inline(never)]
pub(super) fn number(rest: &[u8]) -> Rest<'_> {
    let rest = rest.strip_prefix(b"-").unwrap_or(rest);
    let mut rest = match rest.split_first() {
        Some((b'0', after)) => after,
        _ => digits(rest)?,
    };
    if let Some((b'.', after)) = rest.split_first() {
        rest = digits(after)?;
    }
    if let Some((b'e' | b'E', after)) = rest.split_first() {
        rest = match after.split_first() {
            Some((b'+' | b'-', after)) => digits(after)?,
            _ => digits(after)?,
        };
    }
    Ok(rest)
}

/// Skips one or more digits.
fn digits(rest: &[u8]) -> Rest<'_> {
    let mut after = rest;
    while let Some((word, more)) = after.split_first_chunk() {
        let (_, others) = digit_values(u64::from_le_bytes(*word));
        if others != 0 {
            after = after.get(first_marked(others)..).unwrap_or_default();
            break;
        }
        after = more;
    }
    while let Some((b'0'..=b'9', more)) = after.split_first() {
        after = more;
    }
    if after.len() == rest.len() { Err(Stop { rest, expected: Expected::Digit }) } else { Ok(after) }
}

/// Makes 0x80 or more of each byte above 9.
const ABOVE_NINE: u64 = ONES * 0x76;

/// The values of eight digits, and the highest bit of each byte that is none, up to the first of which all are right.
#[inline(always)]
pub(super) const fn digit_values(word: u64) -> (u64, u64) {
    const ZEROS: u64 = u64::from_le_bytes(*b"00000000");
    let values = word ^ ZEROS;
    (values, (values.wrapping_add(ABOVE_NINE) | values) & HIGH_BITS)
}
