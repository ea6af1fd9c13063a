//! Bytes as text: UTF-16 or UTF-8, and whether the result looks like something a person wrote.

use schtag_task::byte_set::ByteSet;

/// A text and the name of its encoding.
pub(crate) type Encoded = (&'static str, String);

/// UTF-16, little-endian; a last odd byte is dropped, lone surrogates become U+FFFD.
pub(crate) fn utf_16le(bytes: &[u8]) -> String {
    if let Some(text) = western(bytes) {
        return text;
    }
    let units = bytes.chunks_exact(2).map(|pair| match pair {
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    });
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// UTF-16 of ASCII characters only, as nearly all of it is; `None` where others are.
fn western(bytes: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(bytes.len() >> 1);
    for pair in bytes.as_chunks::<2>().0 {
        let [low @ ..=0x7f, 0] = *pair else { return None };
        out.push(low);
    }
    String::from_utf8(out).ok()
}

/// Share of zero bytes at odd places, in per cent: near 100 for Western text in UTF-16LE.
fn zero_high_bytes(bytes: &[u8]) -> usize {
    let pairs = bytes.len() / 2;
    let zeros = bytes.chunks_exact(2).filter(|pair| matches!(pair, [low, 0] if *low != 0)).count();
    zeros.saturating_mul(100).checked_div(pairs).unwrap_or(0)
}

/// The control characters of ASCII that are no white space.
const CONTROLS: ByteSet = {
    let mut set = ByteSet::new().with(0x7f);
    let mut byte = 0;
    while byte < b' ' {
        if !matches!(byte, b'\t'..=b'\r') {
            set = set.with(byte);
        }
        byte = byte.wrapping_add(1);
    }
    set
};

/// Returns whether a text looks written rather than random: no control characters but white space, and at least
/// `ascii` per cent printable ASCII.
fn is_plausible(text: &str, ascii: usize) -> bool {
    if text.is_ascii() {
        return text.len() > 3 && !CONTROLS.is_in(text);
    }
    let (mut all, mut plain) = (0_usize, 0_usize);
    for c in text.chars() {
        if (c.is_control() && !c.is_whitespace()) || c == char::REPLACEMENT_CHARACTER || is_private(c) {
            return false;
        }
        all = all.saturating_add(1);
        plain = plain.saturating_add(usize::from(c.is_ascii()));
    }
    all > 3 && plain.saturating_mul(100) >= all.saturating_mul(ascii)
}

const fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{f0000}'..)
}

/// Reads bytes of unknown encoding as text, or `None` when they are not plausibly text.
pub(crate) fn guess(bytes: &[u8]) -> Option<Encoded> {
    if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return Some(("utf-16le", utf_16le(rest))).filter(|(_, text)| is_plausible(text, 0));
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    if zero_high_bytes(bytes) >= 60 {
        let text = utf_16le(bytes);
        if is_plausible(text.trim_end_matches('\0'), 60) {
            return Some(("utf-16le", text.trim_end_matches('\0').to_owned()));
        }
    }
    let text = utf_8(bytes)?.trim_end_matches('\0');
    is_plausible(text, 70).then(|| ("utf-8", text.to_owned()))
}

/// UTF-8, without the character that a cut left incomplete.
fn utf_8(bytes: &[u8]) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok())
        }
        Err(_) => None,
    }
}

/// Reads the bytes of an `-EncodedCommand`, which PowerShell takes for UTF-16LE whatever they are. UTF-8
/// only where the bytes are that and are no UTF-16 of any language.
pub(crate) fn encoded_command(bytes: &[u8]) -> Encoded {
    match guess(bytes) {
        Some((how, text)) => (how, text),
        None => ("utf-16le", utf_16le(bytes.strip_prefix(&[0xff, 0xfe]).unwrap_or(bytes))),
    }
}

#[cfg(test)]
pub(crate) fn to_utf_16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        assert_eq!(guess(&to_utf_16le("IEX (x)")), Some(("utf-16le", "IEX (x)".into())));
        assert_eq!(guess(b"IEX (x)"), Some(("utf-8", "IEX (x)".into())));
        assert_eq!(
            guess(&[b"\xff\xfe".as_slice(), &to_utf_16le("привет")].concat()),
            Some(("utf-16le", "привет".into()))
        );
        assert_eq!(guess("Write-Host 'größer'".as_bytes()).unwrap().0, "utf-8");
        // Cut inside a character.
        assert_eq!(guess(&"Write-Host ö".as_bytes()[..12]), Some(("utf-8", "Write-Host ".into())));
        for noise in [&b"\x1f\x8b\x08\x00"[..], b"MZ\x90\x00\x03", &[0x8f; 40], b"ab", b""] {
            assert_eq!(guess(noise), None);
        }
    }

    #[test]
    fn an_encoded_command_is_utf_16_unless_it_cannot_be() {
        assert_eq!(encoded_command(&to_utf_16le("Получить")), ("utf-16le", "Получить".into()));
        assert_eq!(encoded_command(b"whoami /all"), ("utf-8", "whoami /all".into()));
        assert_eq!(encoded_command(&to_utf_16le("x")).1, "x");
        assert_eq!(encoded_command(&[b'x', 0, b'y']).1, "x", "half a unit is dropped");
        assert_eq!(encoded_command(&[0, 0xd8]).1, "\u{fffd}");
    }
}
