//! Reads the tokens between strings.
use crate::json::stop::{Expected, Rest, Stop};

/// A mask that keeps the first three of four bytes.
pub(super) const THREE: u32 = 0x00ff_ffff;
/// A mask that keeps the first two of four bytes.
pub(super) const TWO: u32 = 0xffff;
/// Between a key and its value, if that is a string, too.
pub(super) const KEY_AND_STRING: u32 = u32::from_le_bytes(*b"\":\"\0");
/// Between a key and its value.
pub(super) const KEY_AND_VALUE: u32 = u32::from_le_bytes(*b"\":\0\0");
/// Between two strings in a row.
pub(super) const TWO_STRINGS: u32 = u32::from_le_bytes(*b"\",\"\0");
/// Between a key and its value, if that is an object that has a member.
pub(super) const KEY_AND_OBJECT: u32 = u32::from_le_bytes(*b"\":{\"");
/// Between another value and a key, or a string in an array.
pub(super) const COMMA_AND_STRING: u16 = u16::from_le_bytes(*b",\"");

/// Skips white space.
#[inline(always)]
pub(super) fn blanks(rest: &[u8]) -> &[u8] {
    match rest.first() {
        Some(0..=b' ') => skip_blanks(rest),
        _ => rest,
    }
}

#[cold]
#[inline(never)]
pub(super) fn skip_blanks(mut rest: &[u8]) -> &[u8] {
    while let Some((b' ' | b'\t' | b'\n' | b'\r', after)) = rest.split_first() {
        rest = after;
    }
    rest
}

/// Skips `true`, `false` or `null`.
#[inline(always)]
pub(super) fn literal(rest: &[u8]) -> Rest<'_> {
    let after = match rest.split_first_chunk() {
        Some((b"true" | b"null", after)) => Some(after),
        Some((b"fals", after)) => after.strip_prefix(b"e"),
        _ => None,
    };
    after.ok_or(Stop { rest, expected: Expected::Value })
}
