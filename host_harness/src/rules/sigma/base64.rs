//! The modifiers `base64` and `base64offset`.

/// Base64 (RFC 4648, section 4) of bytes, with padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for chunk in bytes.chunks(3) {
        let mut group = [0_u8; 3];
        for (to, from) in group.iter_mut().zip(chunk) {
            *to = *from;
        }
        let [a, b, c] = group;
        let sextets = [a >> 2, (a << 4 | b >> 4) & 63, (b << 2 | c >> 6) & 63, c & 63];
        for (index, sextet) in sextets.into_iter().enumerate() {
            let letter = ALPHABET.get(usize::from(sextet)).filter(|_| index <= chunk.len());
            text.push(letter.map_or('=', |&letter| char::from(letter)));
        }
    }
    text
}

/// Returns how bytes look in the middle of Base64, at each of the three offsets at which they can stand: only the
/// characters that their neighbours have no part in.
///
/// `None` when at some offset there is no such character (a single byte): it would be found everywhere.
pub(super) fn at_offsets(bytes: &[u8]) -> Option<[String; 3]> {
    let at = |offset: usize| {
        let mut shifted = vec![0; offset];
        shifted.extend_from_slice(bytes);
        let text = encode(&shifted);
        // The first characters hold bits of what comes before; the last full one ends with the last full sextet.
        let first = offset.saturating_mul(8).div_ceil(6);
        let last = shifted.len().saturating_mul(8) / 6;
        text.get(first..last).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    Some([at(0)?, at(1)?, at(2)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_vectors_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
        }
        assert_eq!(encode(&[0xfb, 0xff, 0xbe]), "+/++");
    }

    #[test]
    fn the_offsets_of_the_specification() {
        // pySigma has the same three for this value.
        assert_eq!(at_offsets(b"/bin/bash").unwrap(), ["L2Jpbi9iYXNo", "9iaW4vYmFza", "vYmluL2Jhc2"]);
        assert_eq!(at_offsets(b"x"), None);
        assert_eq!(at_offsets(b""), None);
    }

    proptest! {
        #[test]
        fn one_of_the_three_is_found_wherever_the_bytes_stand(
            before in proptest::collection::vec(any::<u8>(), 0..7),
            bytes in proptest::collection::vec(any::<u8>(), 2..12),
            after in proptest::collection::vec(any::<u8>(), 0..7),
        ) {
            let offsets = at_offsets(&bytes).unwrap();
            let whole = encode(&[before.as_slice(), &bytes, &after].concat());
            prop_assert!(whole.contains(&offsets[before.len() % 3]), "{whole} {offsets:?}");
        }
    }
}
