//! Where does this string end, and is it valid?
//!
//! Strings are most of a record, so they are read sixteen bytes at a time, as two words whose bytes are
//! compared at once; and UTF-8 is checked only from the first byte on that is not ASCII.
use super::scan::{Expected, Rest, Stop};

/// Behind the closing quote of a string, from behind its opening one, and whether it has escapes. Where
/// `ASCII` says so, on the assumption that it is ASCII.
#[inline(always)]
pub(super) fn string<const ASCII: bool>(mut rest: &[u8]) -> Result<(&[u8], bool), Stop<'_>> {
    let mut escapes = false;
    loop {
        let plain = if let Some((block, after)) = rest.split_first_chunk() {
            let block = u128::from_le_bytes(*block);
            let (low, high) = (stops::<ASCII>(block as u64), stops::<ASCII>((block >> 64) as u64));
            if (low | high) & HIGH_BITS == 0 {
                rest = after;
                continue;
            }
            first_stop(low, high)
        } else {
            rest.iter().take_while(|byte| is_plain::<ASCII>(**byte)).count()
        };
        rest = rest.get(plain..).unwrap_or_default();
        let Some((stop, after)) = rest.split_first() else {
            return Err(Stop { rest, expected: Expected::Quote });
        };
        if *stop == b'\\' {
            escapes = true;
            rest = skip_escapes(after)?;
        } else if *stop == b'"' {
            return Ok((after, escapes));
        } else if ASCII && !stop.is_ascii() {
            return string_not_ascii(rest, escapes);
        } else {
            return Err(Stop { rest, expected: Expected::NoControl });
        }
    }
}

/// The rest of a string, from its first byte that is not ASCII.
#[cold]
#[inline(never)]
fn string_not_ascii(rest: &[u8], escapes: bool) -> Result<(&[u8], bool), Stop<'_>> {
    let (after, more_escapes) = string::<false>(rest)?;
    // With the closing quote, which changes nothing.
    let inside = rest.len().checked_sub(after.len()).and_then(|len| rest.get(..len)).unwrap_or_default();
    match std::str::from_utf8(inside) {
        Ok(_) => Ok((after, escapes | more_escapes)),
        Err(_) => Err(Stop { rest: after, expected: Expected::Utf8 }),
    }
}

/// Behind the escape whose backslash was just read, and those that follow it at once.
#[inline(always)]
fn skip_escapes(mut rest: &[u8]) -> Rest<'_> {
    loop {
        let Some((byte, after)) = rest.split_first() else {
            return Err(Stop { rest, expected: Expected::Escape });
        };
        if class(*byte) & SHORT_ESCAPE != 0 {
            rest = after;
        } else if *byte != b'u' {
            return Err(Stop { rest, expected: Expected::Escape });
        } else if let Some(([a, b, c, d], after)) = after.split_first_chunk()
            && class(*a) & class(*b) & class(*c) & class(*d) & HEX != 0
        {
            rest = after;
        } else {
            return Err(bad_digits(after));
        }
        match rest.split_first() {
            Some((b'\\', after)) => rest = after,
            _ => return Ok(rest),
        }
    }
}

/// The error at the first of four bytes that is not a hexadecimal digit.
#[cold]
#[inline(never)]
fn bad_digits(rest: &[u8]) -> Stop<'_> {
    let valid = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    Stop { rest: rest.get(valid..).unwrap_or_default(), expected: Expected::Escape }
}

/// The place of the first of the 16 bytes that has its highest bit set.
fn first_stop(low: u64, high: u64) -> usize {
    let low = low & HIGH_BITS;
    if low != 0 {
        return low.trailing_zeros() as usize / 8;
    }
    ((high & HIGH_BITS).trailing_zeros() as usize / 8).wrapping_add(8)
}

/// The same as [`stops`] for one byte.
const fn is_plain<const ASCII: bool>(byte: u8) -> bool {
    !matches!(byte, b'"' | b'\\' | 0..b' ') && (!ASCII || byte.is_ascii())
}

/// One in each byte.
const ONES: u64 = u64::MAX / 255;
/// The highest bit of each byte.
const HIGH_BITS: u64 = ONES << 7;

/// Has the highest bit set of each byte that ends a run of plain bytes; above the lowest one of them, and
/// in all other bits, there may be anything.
const fn stops<const ASCII: bool>(word: u64) -> u64 {
    const BACKSLASHES: u64 = ONES * b'\\' as u64;
    // In xor with 2, a quote (0x22) stands beside the control characters: all below 0x21, and 0x20 is not.
    let quote_or_control = (word ^ (ONES << 1)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ BACKSLASHES).wrapping_sub(ONES);
    let stops = quote_or_control | backslash;
    if ASCII { stops | word } else { stops & !word }
}

/// A hexadecimal digit.
const HEX: u8 = 1;
/// What may follow a backslash, but for a u.
const SHORT_ESCAPE: u8 = 2;

/// What each byte is.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0u8;
    while byte < u8::MAX {
        if byte.is_ascii_hexdigit() {
            table[byte as usize] |= HEX;
        }
        if matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') {
            table[byte as usize] |= SHORT_ESCAPE;
        }
        byte = byte.wrapping_add(1);
    }
    table
};

fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;

    /// Every byte at every place of two blocks and a tail, behind ASCII and behind other characters.
    #[test]
    fn every_byte_at_every_place_is_judged_as_by_serde_json() {
        for byte in 0..=u8::MAX {
            for (before, place) in
                ["", "é"].into_iter().flat_map(|before| (0..40).map(move |place| (before, place)))
            {
                let mut inside = [b'x'; 40];
                inside[place] = byte;
                let text = [b"\"", before.as_bytes(), &inside[..], b"\""].concat();
                let expected = serde_json::from_slice::<&RawValue>(&text).is_ok();
                let found = string::<true>(&text[1..]).is_ok_and(|(after, _)| after.is_empty());
                assert_eq!(found, expected, "byte {byte:#x} at {place} behind {before:?}");
            }
        }
    }

    #[test]
    fn ends_behind_its_quote_and_knows_of_escapes() {
        for (text, after, escapes) in [
            (&b"\"rest"[..], &b"rest"[..], false),
            (b"abc\", \"def\"", b", \"def\"", false),
            (br#"\"" "#, b" ", true),
            (br#"\\""#, b"", true),
            (br#"0123456789abcdef\u00e9\n0123456789abcdef","#, b",", true),
            ("é\"".as_bytes(), b"", false),
            (br#"\n\u20AC"x"#, b"x", true),
            ("\\né\"".as_bytes(), b"", true),
            ("é\\n\"".as_bytes(), b"", true),
        ] {
            let (found, found_escapes) = string::<true>(text).ok().unwrap();
            assert_eq!((found, found_escapes), (after, escapes), "{}", text.escape_ascii());
        }
    }
}
