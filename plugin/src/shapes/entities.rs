//! Character references of XML: the five named ones, decimal and hexadecimal.

use crate::bytes;

/// The longest reference that is looked at, from `&` to `;`: `&#x0010FFFF;`.
const LONGEST: usize = 12;

/// Appends `text` to `out` with its references resolved. What is no reference, or none of a character, stays
/// as it is.
pub(super) fn unescape(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = bytes::find(rest.as_bytes(), b'&') {
        let (before, reference_and_more) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let after = reference_and_more.get(1..).unwrap_or_default();
        let (character, tail) = reference(after).unwrap_or(('&', after));
        out.push(character);
        rest = tail;
    }
    out.push_str(rest);
}

/// The character of the reference whose `&` was just passed, and what follows its `;`.
fn reference(text: &str) -> Option<(char, &str)> {
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let (name, tail) = text.split_at_checked(end)?;
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|&c| c != '\0')?
        }
    };
    Some((character, tail.strip_prefix(';')?))
}

#[cfg(test)]
mod tests {
    use super::unescape;
    use proptest::prelude::*;

    fn unescaped(text: &str) -> String {
        let mut out = String::new();
        unescape(&mut out, text);
        out
    }

    #[test]
    fn every_kind_of_reference() {
        for (text, wanted) in [
            ("&lt;Task a=&quot;b&apos;&gt;", "<Task a=\"b'>"),
            ("&amp;lt;", "&lt;"),
            ("&#13;&#xD;&#x000A;&#x1F600;", "\r\r\n😀"),
            (
                "R&D &; &nbsp; &#xD800; &#0; &#x110000; &#-1; &lt",
                "R&D &; &nbsp; &#xD800; &#0; &#x110000; &#-1; &lt",
            ),
            ("&#0000000000000000000065;", "&#0000000000000000000065;"),
            ("&é;", "&é;"),
        ] {
            assert_eq!(unescaped(text), wanted);
        }
    }

    proptest! {
        #[test]
        fn escaping_is_undone(text in "\\PC*") {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            prop_assert_eq!(unescaped(&escaped), text);
        }
    }
}
