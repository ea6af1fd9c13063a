//! JSON strings.
use std::borrow::Cow;

/// The text that the inside of a JSON string stands for. Escapes that stand for nothing (a lone
/// surrogate) and bytes that are not UTF-8 become U+FFFD.
pub fn unescape(inside: &[u8]) -> Cow<'_, str> {
    let _ = inside;
    todo!()
}

/// Appends `text` as a JSON string, quotes included; everything but printable ASCII is escaped only where
/// RFC 8259 demands it.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    let _ = (out, text);
    todo!()
}
