//! Where does this string end, and is it valid?
//!
//! Strings are most of a record, so they are read as words of eight bytes that are compared at once; and UTF-8
//! is checked only from the first byte on that is not ASCII.
use super::stop::{Expected, Rest, Stop};
use crate::bytes::{HIGH_BITS, ONES, first_marked};

/// The rest of a string that has something else than ASCII, up to its closing quote, and whether that has
/// escapes.
#[cold]
#[inline(never)]
pub(super) fn not_ascii(inside: &[u8]) -> Result<(&[u8], bool), Stop<'_>> {
    let mut rest = inside;
    let mut escapes = false;
    loop {
        rest = plain::<false>(rest);
        match rest.split_first() {
            Some((b'"', _)) => break,
            Some((b'\\', _)) => {
                escapes = true;
                rest = skip_last_escapes(rest)?;
            }
            Some(_) => return Err(Stop { rest, expected: Expected::NoControl }),
            None => return Err(Stop { rest, expected: Expected::Quote }),
        }
    }
    let inside = inside.len().checked_sub(rest.len()).and_then(|len| inside.get(..len)).unwrap_or_default();
    match std::str::from_utf8(inside) {
        Ok(_) => Ok((rest, escapes)),
        Err(_) => Err(Stop { rest, expected: Expected::Utf8 }),
    }
}

/// Returns the text after the string whose inside `rest` begins with, when it is ASCII without escapes.
#[inline]
pub(crate) fn plain_string(rest: &[u8]) -> Option<&[u8]> {
    plain::<true>(rest).strip_prefix(b"\"")
}

/// Skips the bytes that stand for themselves. Written out, since a compiler that saves space unrolls no
/// loops.
#[inline(always)]
pub(super) fn plain<const ASCII: bool>(rest: &[u8]) -> &[u8] {
    // Most strings end in the first block, which is kept out of the loop: so it costs no step of it.
    let Some((block, after)) = rest.split_first_chunk::<32>() else { return plain_tail::<ASCII>(rest) };
    match block_stop::<ASCII>(block) {
        Some(stop) => rest.get(stop..).unwrap_or_default(),
        None => plain_blocks::<ASCII>(after),
    }
}

/// The same as [`plain`] block by block.
#[inline(always)]
fn plain_blocks<const ASCII: bool>(mut rest: &[u8]) -> &[u8] {
    while let Some((block, after)) = rest.split_first_chunk::<32>() {
        if let Some(stop) = block_stop::<ASCII>(block) {
            return rest.get(stop..).unwrap_or_default();
        }
        rest = after;
    }
    plain_tail::<ASCII>(rest)
}

/// Where the first byte of a block is that does not stand for itself.
#[inline(always)]
fn block_stop<const ASCII: bool>(block: &[u8; 32]) -> Option<usize> {
    let [first, second, third, fourth] = block.as_chunks::<8>().0 else { return None };
    let stops = word_stops::<ASCII>(*first);
    if stops != 0 {
        return Some(first_marked(stops));
    }
    let stops = word_stops::<ASCII>(*second);
    if stops != 0 {
        return Some(first_marked(stops).wrapping_add(8));
    }
    let stops = word_stops::<ASCII>(*third);
    if stops != 0 {
        return Some(first_marked(stops).wrapping_add(16));
    }
    let stops = word_stops::<ASCII>(*fourth);
    if stops != 0 {
        return Some(first_marked(stops).wrapping_add(24));
    }
    None
}

#[inline(always)]
fn word_stops<const ASCII: bool>(word: [u8; 8]) -> u64 {
    stops::<ASCII>(u64::from_le_bytes(word)) & HIGH_BITS
}

/// The same as [`plain`] where the text ends soon.
#[cold]
#[inline(never)]
fn plain_tail<const ASCII: bool>(mut rest: &[u8]) -> &[u8] {
    while let Some((word, after)) = rest.split_first_chunk() {
        let stops = word_stops::<ASCII>(*word);
        if stops != 0 {
            return rest.get(first_marked(stops)..).unwrap_or_default();
        }
        rest = after;
    }
    let plain = rest.iter().take_while(|byte| is_plain::<ASCII>(**byte)).count();
    rest.get(plain..).unwrap_or_default()
}

/// Skips the escape that `rest` begins with, and those that follow it at once. Windows' messages are full of
/// line ends and tabs, so four are read at a time.
#[inline(always)]
pub(super) fn skip_escapes(mut rest: &[u8]) -> Rest<'_> {
    while let Some(([a, b, c, d, e, f, g, h], after)) = rest.split_first_chunk() {
        if u32::from_le_bytes([*a, *b, *c, *d]) != LINE_END {
            if *a != b'\\' {
                return Ok(rest);
            }
            if !is_short_escape(*b) {
                rest = skip_digits(rest)?;
                continue;
            }
            if *c != b'\\' {
                return Ok(rest.get(2..).unwrap_or_default());
            }
            if !is_short_escape(*d) {
                rest = skip_digits(rest.get(2..).unwrap_or_default())?;
                continue;
            }
        }
        if *e != b'\\' {
            return Ok(rest.get(4..).unwrap_or_default());
        }
        if !is_short_escape(*f) {
            rest = skip_digits(rest.get(4..).unwrap_or_default())?;
            continue;
        }
        if *g != b'\\' {
            return Ok(rest.get(6..).unwrap_or_default());
        }
        if !is_short_escape(*h) {
            rest = skip_digits(rest.get(6..).unwrap_or_default())?;
            continue;
        }
        rest = after;
    }
    skip_last_escapes(rest)
}

/// The same as [`skip_escapes`] where the text ends soon.
#[cold]
#[inline(never)]
pub(super) fn skip_last_escapes(mut rest: &[u8]) -> Rest<'_> {
    while rest.first() == Some(&b'\\') {
        rest = match rest.split_first_chunk() {
            Some(([_, byte], after)) if is_short_escape(*byte) => after,
            _ => skip_digits(rest)?,
        };
    }
    Ok(rest)
}

/// A line end as Windows writes it, escaped.
const LINE_END: u32 = u32::from_le_bytes(*b"\\r\\n");

/// Skips a `\u` escape and its four digits.
#[inline(never)]
fn skip_digits(rest: &[u8]) -> Rest<'_> {
    let after = rest.get(1..).unwrap_or_default();
    let Some((b'u', after)) = after.split_first() else {
        return Err(Stop { rest: after, expected: Expected::Escape });
    };
    match after.split_first_chunk() {
        Some(([a, b, c, d], behind)) if [a, b, c, d].iter().all(|byte| byte.is_ascii_hexdigit()) => {
            Ok(behind)
        }
        _ => Err(bad_digits(after)),
    }
}

/// The error at the first of four bytes that is not a hexadecimal digit.
#[cold]
#[inline(never)]
fn bad_digits(rest: &[u8]) -> Stop<'_> {
    let valid = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    Stop { rest: rest.get(valid..).unwrap_or_default(), expected: Expected::Escape }
}

/// The same as [`stops`] for one byte.
const fn is_plain<const ASCII: bool>(byte: u8) -> bool {
    !matches!(byte, b'"' | b'\\' | 0..b' ') && (!ASCII || byte.is_ascii())
}

/// Has the highest bit set of each byte that ends a run of plain bytes; above the lowest one of them, and
/// in all other bits, there may be anything.
const fn stops<const ASCII: bool>(word: u64) -> u64 {
    const BACKSLASHES: u64 = ONES * b'\\' as u64;
    // In xor with 2, a quote (0x22) stands beside the control characters: all below 0x21, and 0x20 is not.
    let quote_or_control = (word ^ (ONES << 1)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ BACKSLASHES).wrapping_sub(ONES);
    // Of what is not ASCII, the first has the highest bit set for 0xa3 and above, the second for all but 0xdc.
    let stops = quote_or_control | backslash;
    if ASCII { stops } else { stops & !word }
}

/// Returns whether a byte may follow a backslash, and is no u.
fn is_short_escape(byte: u8) -> bool {
    SHORT_ESCAPES.get(usize::from(byte)).copied().unwrap_or_default()
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const SHORT_ESCAPES: [bool; 256] = {
    let mut table = [false; 256];
    let mut rest: &[u8] = b"\"\\/bfnrt";
    while let [byte, more @ ..] = rest {
        table[*byte as usize] = true;
        rest = more;
    }
    table
};

#[cfg(test)]
mod tests {
    use crate::json::Scanner;
    use serde_json::value::RawValue;

    /// Reads a string, from after its opening quote, as the key of a member.
    fn string(text: &[u8]) -> Option<(Vec<u8>, bool)> {
        let record = [b"{\"", text].concat();
        let mut scanner = Scanner::default();
        let object = scanner.scan(&record).ok()?;
        let (key, _) = object.iter().next()?;
        Some((key.to_vec(), object.has_escaped_keys()))
    }

    /// Every byte at every place of two blocks and a tail, after ASCII and after other characters.
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
                for (opening, closing) in [("{\"key\":", "}"), ("{", ":1}"), ("{\"key\":[1,", ",\"\"]}")] {
                    let record = [opening.as_bytes(), &text, closing.as_bytes()].concat();
                    let found = Scanner::default().scan(&record).is_ok();
                    assert_eq!(found, expected, "{}", record.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn ends_at_its_quote_and_knows_of_escapes() {
        for (text, key, escapes) in [
            (&b"\":1}"[..], &b""[..], false),
            (b"abc\": \"def\"}", b"abc", false),
            (br#"\"" :0}"#, br#"\""#, true),
            (br#"\\":""}"#, br"\\", true),
            (
                br#"0123456789abcdef\u00e9\n0123456789abcdef":{}}"#,
                br"0123456789abcdef\u00e9\n0123456789abcdef",
                true,
            ),
            ("é\":1}".as_bytes(), "é".as_bytes(), false),
            (br#"\n\u20AC":"x"}"#, br"\n\u20AC", true),
            ("\\né\":1}".as_bytes(), "\\né".as_bytes(), true),
            ("é\\n\":1}".as_bytes(), "é\\n".as_bytes(), true),
        ] {
            assert_eq!(string(text), Some((key.to_vec(), escapes)), "{}", text.escape_ascii());
        }
    }
}
