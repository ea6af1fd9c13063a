//! Where does this string end, and is it valid?
//!
//! Strings are most of a record, so they are read as words of eight bytes that are compared at once; and UTF-8
//! is checked only from the first byte on that is not ASCII.
use super::stop::{Expected, Rest, Stop};
use crate::bytes::{HIGH_BITS, ONES, first_marked};

/// Skips a string from a byte on that is no plain one: one that is not ASCII, or that makes the string invalid.
#[cold]
#[inline(never)]
pub(super) fn odd_string(inside: &[u8]) -> Rest<'_> {
    let mut rest = inside;
    let after = loop {
        rest = plain::<false>(rest);
        match rest.split_first() {
            Some((b'"', after)) => break after,
            Some((b'\\', _)) => rest = skip_escapes(rest)?,
            Some(_) => return Err(Stop { rest, expected: Expected::NoControl }),
            None => return Err(Stop { rest, expected: Expected::Quote }),
        }
    };
    let inside = inside.len().checked_sub(rest.len()).and_then(|len| inside.get(..len)).unwrap_or_default();
    match std::str::from_utf8(inside) {
        Ok(_) => Ok(after),
        Err(_) => Err(Stop { rest, expected: Expected::Utf8 }),
    }
}

/// Skips the characters that are not ASCII with which a part of a string begins. There must be four bytes after each.
#[cold]
#[inline(never)]
pub(super) fn other_characters(mut rest: &[u8]) -> Rest<'_> {
    while let Some(bytes) = rest.first_chunk().filter(|bytes: &&[u8; 4]| !bytes[0].is_ascii()) {
        let len = character_len(u32::from_le_bytes(*bytes));
        if len == 0 {
            // The error is named where the character begins.
            return Err(Stop { rest: rest.get(1..).unwrap_or_default(), expected: Expected::Utf8 });
        }
        rest = rest.get(len..).unwrap_or_default();
    }
    Ok(rest)
}

/// Returns how many bytes the character has that a little-endian word begins with: 0 where it is not well-formed UTF-8 or
/// ASCII (the Unicode standard, table 3-7).
const fn character_len(word: u32) -> usize {
    // The bits that the first byte and those after it must have; then those that tell sequences that are too long,
    // surrogates and what is above U+10FFFF.
    if word & 0xc0e0 == 0x80c0 && word & 0x1e != 0 {
        return 2;
    }
    if word & 0xc0_c0f0 == 0x80_80e0 && !matches!(word & 0x200f, 0 | 0x200d) {
        return 3;
    }
    if word & 0xc0c0_c0f8 == 0x8080_80f0 && word & 0x3007 != 0 && (word & 7 < 4 || word & 0x3007 == 4) {
        return 4;
    }
    0
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

/// Skips the escape that `rest` begins with, and those that follow it at once.
#[cold]
#[inline(never)]
pub(super) fn skip_escapes(mut rest: &[u8]) -> Rest<'_> {
    while rest.first() == Some(&b'\\') {
        rest = match rest.split_first_chunk() {
            Some(([_, byte], after)) if is_short_escape(*byte) => after,
            _ => skip_digits(rest)?,
        };
    }
    Ok(rest)
}

/// Returns whether a text begins with a `\u` escape and its four digits.
#[inline(never)]
fn is_unicode_escape(text: &[u8]) -> bool {
    matches!(text.first_chunk(), Some([b'\\', b'u', a, b, c, d])
        if a.is_ascii_hexdigit() & b.is_ascii_hexdigit() & c.is_ascii_hexdigit() & d.is_ascii_hexdigit())
}

/// Skips a `\u` escape and its four digits.
fn skip_digits(rest: &[u8]) -> Rest<'_> {
    if is_unicode_escape(rest) {
        return Ok(rest.get(6..).unwrap_or_default());
    }
    let after = rest.get(1..).unwrap_or_default();
    let Some((b'u', after)) = after.split_first() else {
        return Err(Stop { rest: after, expected: Expected::Escape });
    };
    Err(bad_digits(after))
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
#[inline(always)]
pub(super) const fn stops<const ASCII: bool>(word: u64) -> u64 {
    const BACKSLASHES: u64 = ONES * b'\\' as u64;
    // In xor with 2, a quote (0x22) stands beside the control characters: all below 0x21, and 0x20 is not.
    let quote_or_control = (word ^ (ONES << 1)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ BACKSLASHES).wrapping_sub(ONES);
    // Of what is not ASCII, the first has the highest bit set for 0xa3 and above, the second for all but 0xdc.
    let stops = quote_or_control | backslash;
    if ASCII { stops } else { stops & !word }
}

/// Returns whether a byte may follow a backslash, and is no u.
#[inline(always)]
pub(super) fn is_short_escape(byte: u8) -> bool {
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
    use super::character_len;
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

    /// All characters; and all sequences of bytes at which the ranges of well-formed ones begin and end.
    #[test]
    fn characters_are_those_of_utf8() {
        let word = |bytes: [u8; 4]| u32::from_le_bytes(bytes);
        for character in ('\u{80}'..=char::MAX).step_by(7) {
            let mut bytes = [b'"'; 4];
            let len = character.encode_utf8(&mut bytes).len();
            assert_eq!(character_len(word(bytes)), len, "{character:?}");
        }
        let edges = [
            0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec,
            0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xff,
        ];
        for first in 0x80..=0xff {
            for at in 0..edges.len().pow(3) {
                let edge = |divisor: usize| edges[at / divisor % edges.len()];
                let bytes = [first, edge(1), edge(edges.len()), edge(edges.len().pow(2))];
                let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
                assert_eq!(
                    character_len(word(bytes)),
                    valid.chars().next().map_or(0, char::len_utf8),
                    "{bytes:?}"
                );
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
