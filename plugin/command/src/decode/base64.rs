//! Base64 as found in the wild: broken over lines, quoted, unpadded, cut, with either alphabet.
//!
//! Source: RFC 4648 sections 4 and 5.

use schtag_task::byte_set::ByteSet;

/// The six bits of a digit, in the standard or the URL-safe alphabet.
const fn digit(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte.wrapping_sub(b'A'),
        b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(value as u32)
}

/// The digits of the standard alphabet.
pub(crate) const DIGITS: ByteSet =
    ByteSet::of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

/// The six bits of each byte that is a digit, and [`NO_DIGIT`] for the others.
static VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut rest = values.as_mut_slice();
    let mut byte = 0_u8;
    while let Some((value, behind)) = rest.split_first_mut() {
        if let Some(bits) = digit(byte) {
            *value = bits as u8;
        }
        byte = byte.wrapping_add(1);
        rest = behind;
    }
    values
};
/// Has bits that no digit has.
const NO_DIGIT: u8 = 0xc0;

/// Returns the three bytes that four digits stand for; `None` where one of them is none.
fn three_bytes(digits: [u8; 4]) -> Option<[u8; 3]> {
    let [a, b, c, d] = digits.map(|byte| VALUES.get(usize::from(byte)).copied().unwrap_or(NO_DIGIT));
    if (a | b | c | d) & NO_DIGIT != 0 {
        return None;
    }
    Some([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d])
}

/// The bytes that a quoted base64 text may hold: digits of either alphabet, padding, white space.
pub(crate) const HELD: ByteSet =
    ByteSet::of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_= \t\r\n");

/// Decodes as far as the text is base64: blanks, line breaks and quotes are skipped, the first `=` or any
/// other character ends it, and digits that do not fill a byte are dropped. At most `limit` bytes.
pub(crate) fn decode(text: &str, limit: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity((text.len() / 4).saturating_mul(3).min(limit));
    // Most texts are digits all through.
    let mut rest = text.as_bytes();
    while let Some((digits, behind)) = rest.split_first_chunk::<4>()
        && let Some(bytes) = three_bytes(*digits)
        && out.len().saturating_add(3) <= limit
    {
        out.extend_from_slice(&bytes);
        rest = behind;
    }
    let mut bits = 0_u32;
    let mut count = 0_u32;
    for &byte in rest {
        if out.len() >= limit {
            break;
        }
        if byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'^' | b'`') {
            continue;
        }
        let Some(value) = digit(byte) else { break };
        bits = (bits << 6) | value;
        count = count.wrapping_add(6);
        if count >= 8 {
            count = count.wrapping_sub(8);
            out.push(bits.wrapping_shr(count).to_le_bytes()[0]);
        }
    }
    out
}

#[cfg(test)]
pub(crate) fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, &b| word << 8 | u32::from(b)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let value = DIGITS[(word >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { char::from(value) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_rfc_4648_and_their_damaged_forms() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYg==", b"foob"),
            ("Zm9vYmFy", b"foobar"),
            ("Zm9vYmF", b"fooba"),
            ("Zm9vYm", b"foob"),
            ("Zm9vY", b"foo"),
            ("Zm9v\r\n YmFy", b"foobar"),
            ("\"Zm9v\"", b"foo"),
            ("Zm9v)rest", b"foo"),
            ("-_-_", &[0xfb, 0xff, 0xbf]),
            ("+/+/", &[0xfb, 0xff, 0xbf]),
        ] {
            assert_eq!(decode(text, 100), bytes, "{text}");
        }
        assert_eq!(decode("Zm9vYmFy", 4), b"foob");
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(decode(&encode(&bytes), 1000), bytes);
        }
    }
}
