//! The modifiers `base64` and `base64offset`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Encodes bytes in Base64 (RFC 4648, section 4), with padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
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
