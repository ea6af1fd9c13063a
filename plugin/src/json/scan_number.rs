//! Is this a JSON number, and where does it end?
use super::stop::{Expected, Rest, Stop};

/// Skips a number.
#[inline(always)]
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
#[inline(always)]
fn digits(rest: &[u8]) -> Rest<'_> {
    let mut after = rest;
    while let Some((b'0'..=b'9', more)) = after.split_first() {
        after = more;
    }
    if after.len() == rest.len() { Err(Stop { rest, expected: Expected::Digit }) } else { Ok(after) }
}
