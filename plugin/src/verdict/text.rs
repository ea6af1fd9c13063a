//! Long values, shortened with a mark.
use std::borrow::Cow;

/// At most `limit` characters of a text; where there are more, the mark says how many.
pub(super) fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    // No text has more characters than bytes.
    if text.len() <= limit {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(limit) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let count = text.chars().count();
            Cow::Owned(format!("{}… ({count} characters)", text.get(..end).unwrap_or_default()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn only_what_is_too_long_is_cut() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "abc… (4 characters)");
        assert_eq!(cut("äöüß", 2), "äö… (4 characters)");
        assert_eq!(cut("", 0), "");
    }
}
