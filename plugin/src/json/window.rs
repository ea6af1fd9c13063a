//! The next 64 bytes of a text: as much as is read without asking again whether it is there.
use super::scan_number::digit_values;
use super::scan_string::stops;
use crate::bytes::{HIGH_BITS, first_marked};

/// Bytes of a window.
pub(super) const WINDOW: usize = 64;

/// The next bytes of a text.
///
/// The offsets that are asked for are sums of constants and of what [`key_end`] and [`string_stop`] give, so that the
/// compiler can prove that they are within: no check is left.
pub(super) type Window = [u8; WINDOW];

/// Room for the last bytes of a text, with zeros after them: so that a window is there for each byte of it. A zero ends
/// whatever is read.
#[derive(Debug)]
pub(super) struct Tail([u8; 2 * WINDOW]);

impl Tail {
    pub(super) const fn new() -> Self {
        Self([0; 2 * WINDOW])
    }

    /// Copies the last bytes of a text, fewer than a window has, which `rest` is. Gives the copy, with the zeros.
    #[inline(never)]
    pub(super) fn copy(&mut self, text: &[u8], rest: &[u8]) -> &[u8] {
        let Self(tail) = self;
        let at = WINDOW.saturating_sub(rest.len());
        if let Some(end) = tail.first_chunk_mut::<WINDOW>() {
            // As a whole where that is possible: a copy of known length costs less.
            if let Some(last) = text.last_chunk() {
                *end = *last;
            } else {
                for (to, from) in end.iter_mut().skip(at).zip(rest) {
                    *to = *from;
                }
            }
        }
        tail.get(at..).unwrap_or_default()
    }
}

/// The eight bytes from `at` on, as a little-endian word.
#[inline(always)]
pub(super) fn word(window: &Window, at: usize) -> u64 {
    match window.get(at..).and_then(<[u8]>::first_chunk) {
        Some(word) => u64::from_le_bytes(*word),
        None => 0,
    }
}

/// The four bytes from `at` on.
#[inline(always)]
pub(super) fn half_word(window: &Window, at: usize) -> u32 {
    match window.get(at..).and_then(<[u8]>::first_chunk) {
        Some(word) => u32::from_le_bytes(*word),
        None => 0,
    }
}

#[inline(always)]
fn marks(window: &Window, at: usize) -> u64 {
    stops::<true>(word(window, at)) & HIGH_BITS
}

/// The offset of the first byte that does not stand for itself, if that is one of the first 24.
#[inline(always)]
pub(super) fn key_end(window: &Window) -> Option<usize> {
    first_stop24(window, 0)
}

/// The same of the 32 bytes from `at` on.
#[inline(always)]
pub(super) fn string_stop(window: &Window, at: usize) -> Option<usize> {
    if let Some(stop) = first_stop24(window, at) {
        return Some(stop);
    }
    let at = at.wrapping_add(24);
    let stops = marks(window, at);
    if stops != 0 { Some(at.wrapping_add(first_marked(stops))) } else { None }
}

/// Written out: a compiler that is to save space unrolls no loops.
#[inline(always)]
fn first_stop24(window: &Window, at: usize) -> Option<usize> {
    let stops = marks(window, at);
    if stops != 0 {
        return Some(at.wrapping_add(first_marked(stops)));
    }
    let at = at.wrapping_add(8);
    let stops = marks(window, at);
    if stops != 0 {
        return Some(at.wrapping_add(first_marked(stops)));
    }
    let at = at.wrapping_add(8);
    let stops = marks(window, at);
    if stops != 0 { Some(at.wrapping_add(first_marked(stops))) } else { None }
}

/// The offset after a whole number of at most 23 digits that begins at `at`, if it is written as it should.
#[inline(always)]
pub(super) fn number_end(window: &Window, at: usize) -> Option<usize> {
    let (values, others) = digit_values(word(window, at));
    let len = first_marked(others);
    if others == 0 || window.get(at) == Some(&b'-') {
        return long_number_end(window, at);
    }
    let end = at.wrapping_add(len);
    // A zero stands alone.
    let is_whole = len != 0 && (values & 0xff != 0 || len == 1);
    (is_whole && !matches!(half_word(window, end) as u8, b'.' | b'e' | b'E')).then_some(end)
}

/// The same of a number that is long or negative.
#[inline(never)]
fn long_number_end(window: &Window, at: usize) -> Option<usize> {
    let start = at.wrapping_add(usize::from(window.get(at) == Some(&b'-')));
    let (values, mut others) = digit_values(word(window, start));
    let mut end = start;
    while others == 0 && end < WINDOW / 2 {
        end = end.wrapping_add(8);
        others = digit_values(word(window, end)).1;
    }
    end = end.wrapping_add(first_marked(others));
    let len = end.wrapping_sub(start);
    let is_whole = values & 0xff != 0 || len == 1;
    let is_end = others != 0 && len != 0 && !matches!(window.get(end), Some(b'.' | b'e' | b'E') | None);
    // So far a number can reach that begins after a key, and more is in the window.
    (is_whole && is_end && end < WINDOW - 8).then_some(end & (WINDOW - 1))
}
