//! Character data: references, white space, truth values.

/// Trims XML's white space: blank, tab, CR, LF. Other blanks of Unicode may be part of a value.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Returns whether XML counts a character as white space.
pub(super) const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// A truth value as `xs:boolean` has it, in any case.
pub(super) fn truth(text: &str) -> Option<bool> {
    if text == "1" || text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text == "0" || text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// The character that a reference stands for; `name` is what is between `&` and `;`. `None` for entities
/// other than XML's own five, and for numbers that are no character of XML.
pub(super) fn resolve(name: &str) -> Option<char> {
    match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => {}
    }
    let number = name.strip_prefix('#')?;
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // `from_str_radix` takes a sign, XML does not.
    if digits.starts_with('+') {
        return None;
    }
    u32::from_str_radix(digits, radix).ok().filter(|code| *code != 0).and_then(char::from_u32)
}

/// Returns whether text that starts with `&` and that the end of the input cut off may be the beginning of a
/// reference that stands for one character. Such a piece says nothing about the value.
pub(super) fn may_be_cut_reference(text: &str) -> bool {
    let Some(name) = text.strip_prefix('&') else { return false };
    if ["amp", "lt", "gt", "quot", "apos"].iter().any(|known| known.starts_with(name)) {
        return true;
    }
    let Some(number) = name.strip_prefix('#') else { return false };
    match number.strip_prefix(['x', 'X']) {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_hexdigit()),
        None => number.bytes().all(|b| b.is_ascii_digit()),
    }
}

/// Resolves the references in an attribute's value; unknown ones stay as written. The second value tells
/// whether there were any of those.
pub(super) fn unescape(text: &str) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let mut unknown = false;
    let mut pieces = text.split('&');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let resolved = piece.split_once(';').and_then(|(name, rest)| Some((resolve(name)?, rest)));
        if let Some((c, rest)) = resolved {
            out.push(c);
            out.push_str(rest);
        } else {
            unknown = true;
            out.push('&');
            out.push_str(piece);
        }
    }
    (out, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        for (name, expected) in [
            ("amp", Some('&')),
            ("lt", Some('<')),
            ("gt", Some('>')),
            ("quot", Some('"')),
            ("apos", Some('\'')),
            ("#13", Some('\r')),
            ("#x1F600", Some('😀')),
            ("#X41", Some('A')),
            ("AMP", None),
            ("nbsp", None),
            ("", None),
            ("#", None),
            ("#x", None),
            ("#0", None),
            ("#-5", None),
            ("#+65", None),
            ("#x+41", None),
            ("#xD800", None),
            ("#x110000", None),
            ("#99999999999999999999", None),
        ] {
            assert_eq!(resolve(name), expected, "{name}");
        }
    }

    #[test]
    fn cut_references() {
        for text in ["&", "&a", "&am", "&amp", "&ap", "&q", "&#", "&#1", "&#x", "&#x1F"] {
            assert!(may_be_cut_reference(text), "{text}");
        }
        for text in ["", "amp", "&calc.exe", "& ", "&foo", "&#q", "&ampx", "&#12 "] {
            assert!(!may_be_cut_reference(text), "{text}");
        }
    }

    #[test]
    fn attribute_values() {
        assert_eq!(unescape("a&amp;b &#x3c;c&quot;"), ("a&b <c\"".to_owned(), false));
        assert_eq!(unescape("&&x;&amp"), ("&&x;&amp".to_owned(), true));
        assert_eq!(unescape("&amp;lt;"), ("&lt;".to_owned(), false));
    }

    #[test]
    fn truth_values() {
        for text in ["true", "TRUE", "True", "1"] {
            assert_eq!(truth(text), Some(true));
        }
        for text in ["false", "False", "0"] {
            assert_eq!(truth(text), Some(false));
        }
        for text in ["", "yes", "-1", "10", "truefalse"] {
            assert_eq!(truth(text), None);
        }
    }
}
