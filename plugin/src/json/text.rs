//! JSON strings.
use crate::bytes;
use memchr::memchr;
use std::borrow::Cow;

/// The text that the inside of a JSON string stands for. Escapes that stand for nothing (a lone
/// surrogate) and bytes that are not UTF-8 become U+FFFD.
///
/// Borrowed where nothing is to be done; else at most three times as long as `inside`.
pub fn unescape(inside: &[u8]) -> Cow<'_, str> {
    let Some(first) = bytes::find(inside, b'\\') else { return lossy(inside) };
    let mut text = Vec::with_capacity(inside.len());
    let mut rest = inside;
    let mut next = Some(first);
    while let Some((plain, escapes)) = next.and_then(|at| rest.split_at_checked(at)) {
        text.extend_from_slice(plain);
        rest = escapes;
        // Most are one byte that stands for one byte, and line ends are two of them.
        while let [b'\\', kind, after @ ..] = rest
            && let Some(byte) = short_escape(*kind)
        {
            text.push(byte);
            rest = after;
        }
        if let Some((b'\\', escape)) = rest.split_first() {
            let (character, after) = escaped(escape);
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = after;
        }
        next = bytes::find(rest, b'\\');
    }
    text.extend_from_slice(rest);
    // What an escape stands for is whole characters, so that bytes around it stay as invalid as they are.
    Cow::Owned(match String::from_utf8(text) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// The same as [`String::from_utf8_lossy`], which takes longer where nothing is to be done.
fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// The byte that an escape of one byte stands for.
const fn short_escape(byte: u8) -> Option<u8> {
    Some(match byte {
        b'"' | b'\\' | b'/' => byte,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    })
}

/// Returns whether the inside of a JSON string stands for `text`. Allocates nothing.
pub(super) fn stands_for(inside: &[u8], text: &str) -> bool {
    // No escape is longer than 6 bytes for each byte of what it stands for.
    if inside.len() > text.len().saturating_mul(6) {
        return false;
    }
    let (mut rest, mut left) = (inside, text.as_bytes());
    while let Some((plain, escape)) = memchr(b'\\', rest).and_then(|at| rest.split_at_checked(at)) {
        let (character, after) = escaped(escape.get(1..).unwrap_or_default());
        let mut buffer = [0; 4];
        let Some(behind) = left
            .strip_prefix(plain)
            .and_then(|behind| behind.strip_prefix(character.encode_utf8(&mut buffer).as_bytes()))
        else {
            return false;
        };
        (rest, left) = (after, behind);
    }
    rest == left
}

/// Reads the character of an escape, from after its backslash. Returns it and the text after it.
fn escaped(escape: &[u8]) -> (char, &[u8]) {
    let Some((&kind, rest)) = escape.split_first() else {
        return (char::REPLACEMENT_CHARACTER, escape);
    };
    match (short_escape(kind), kind) {
        (Some(byte), _) => (char::from(byte), rest),
        (None, b'u') => unicode(rest),
        (None, _) => (char::REPLACEMENT_CHARACTER, escape),
    }
}

/// Reads the character of a `\u` escape, from after the u: of two escapes where they are a surrogate pair.
fn unicode(digits: &[u8]) -> (char, &[u8]) {
    let Some((first, rest)) = hex4(digits) else {
        return (char::REPLACEMENT_CHARACTER, digits);
    };
    let units = [Some(first), None];
    let pair = rest.strip_prefix(b"\\u").and_then(hex4);
    if let Some((second, after)) = pair
        && let Some(Ok(character)) = char::decode_utf16([first, second]).next()
        && character.len_utf16() == 2
    {
        return (character, after);
    }
    let character = char::decode_utf16(units.into_iter().flatten()).next();
    (character.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER), rest)
}

/// The value of four hexadecimal digits, and what follows them.
pub(super) fn hex4(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    let mut value = 0;
    for digit in digits {
        value = value << 4 | char::from(*digit).to_digit(16)?;
    }
    Some((u16::try_from(value).ok()?, rest))
}

/// Appends `text` as a JSON string, quotes included. Escaped are what RFC 8259 demands and, as Fluent Bit
/// does, U+007F; all else stays as it is. At most `6 * text.len() + 2` bytes.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_inside(out, text);
    out.push(b'"');
}

/// Appends `text` as the inside of a JSON string.
pub(super) fn write_inside(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| escape_len(*byte) > 1) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let Some((&byte, after)) = special.split_first() else {
            return;
        };
        write_escape(out, byte);
        rest = after;
    }
    out.extend_from_slice(rest);
}

/// Returns how many bytes one byte takes in a JSON string.
pub(super) const fn escape_len(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
        0..0x20 | 0x7f => 6,
        _ => 1,
    }
}

/// Appends the escape of a quote, a backslash or a control character.
pub(super) fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        8 => b'b',
        12 => b'f',
        _ => {
            write_byte_escape(out, byte);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Appends `\u00XX`.
pub(super) fn write_byte_escape(out: &mut Vec<u8>, byte: u8) {
    let digit = |value: u8| if value < 10 { b'0'.wrapping_add(value) } else { b'W'.wrapping_add(value) };
    out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
}

/// Returns how many bytes [`write_lossy`] appends.
pub(super) fn lossy_len(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().fold(0, |sum, chunk| {
        let valid = chunk.valid().bytes().map(escape_len).fold(0, usize::saturating_add);
        let invalid = if chunk.invalid().is_empty() { 0 } else { REPLACEMENT.len() };
        sum.saturating_add(valid).saturating_add(invalid)
    })
}

/// Appends bytes as the inside of a string.
pub(super) fn write_lossy(out: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        write_inside(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice(REPLACEMENT);
        }
    }
}

/// U+FFFD in UTF-8.
pub(super) const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unescapes_what_json_escapes() {
        for (inside, text) in [
            (&b""[..], ""),
            (b"plain", "plain"),
            (br#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (br"\u0041\u00e9\u20ac\u0000", "Aé€\0"),
            (br"\ud83d\ude00!", "😀!"),
            (br"\uD83D\uDE00", "😀"),
            (br"a\\u0041", "a\\u0041"),
            ("é\\n€".as_bytes(), "é\n€"),
            // Lone surrogates: high, low, high before another character, high before a pair, two low.
            (br"\ud83d", "\u{fffd}"),
            (br"\ude00x", "\u{fffd}x"),
            (br"\ud83d\u0041", "\u{fffd}A"),
            (br"\ud83d\ud83d\ude00", "\u{fffd}😀"),
            (br"\ude00\ude00", "\u{fffd}\u{fffd}"),
            (br"\ud83dx\ude00", "\u{fffd}x\u{fffd}"),
            // Not UTF-8.
            (b"a\xffb", "a\u{fffd}b"),
            (b"\\n\xe2\x82\\n", "\n\u{fffd}\n"),
            // Not escapes.
            (br"\q", "\u{fffd}q"),
            (br"\u12", "\u{fffd}12"),
            (br"\u12g4", "\u{fffd}12g4"),
            (b"\\u+123", "\u{fffd}+123"),
            (br"\", "\u{fffd}"),
            (br"\ud83d\u12", "\u{fffd}\u{fffd}12"),
        ] {
            assert_eq!(unescape(inside), text, "{}", inside.escape_ascii());
        }
    }

    #[test]
    fn borrows_where_there_is_nothing_to_do() {
        assert!(matches!(unescape("é plain".as_bytes()), Cow::Borrowed("é plain")));
        assert!(matches!(unescape(b"a\\n"), Cow::Owned(_)));
    }

    #[test]
    fn writes_as_the_host_does() {
        for (text, written) in [
            ("", r#""""#),
            ("C:\\x \"y\" /z", r#""C:\\x \"y\" /z""#),
            ("\n\r\t\u{8}\u{c}", r#""\n\r\t\b\f""#),
            ("\0\u{1}\u{1f}\u{7f}", r#""\u0000\u0001\u001f\u007f""#),
            ("é€😀\u{2028}", "\"é€😀\u{2028}\""),
        ] {
            let mut out = b"before".to_vec();
            write_string(&mut out, text);
            assert_eq!(String::from_utf8(out).unwrap(), format!("before{written}"));
            assert_eq!(written.len(), text.bytes().map(escape_len).sum::<usize>() + 2);
        }
    }
}
