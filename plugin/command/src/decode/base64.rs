//! Base64 as found in the wild: broken over lines, quoted, unpadded, cut, with either alphabet.
//!
//! Source: RFC 4648 sections 4 and 5.

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

/// Returns whether a byte is a digit of the standard alphabet.
pub(crate) const fn is_digit(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/')
}

/// Returns whether a quoted base64 text may hold a byte: a digit of either alphabet, padding, white space.
pub(crate) const fn may_hold(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b' ' | b'\t' | b'\r' | b'\n')
}

/// Decodes as far as the text is base64: blanks, line breaks and quotes are skipped, the first `=` or any
/// other character ends it, and digits that do not fill a byte are dropped. At most `limit` bytes.
pub(crate) fn decode(text: &str, limit: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity((text.len() / 4).saturating_mul(3).min(limit));
    let mut bits = 0_u32;
    let mut count = 0_u32;
    for byte in text.bytes() {
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
