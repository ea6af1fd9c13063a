//! Rewrites texts byte by byte.

/// Returns a text of ASCII characters in which one blank stands for each run of white space and control characters, and
/// none at its ends.
///
/// ```
/// # use schtag_task::rewrite::single_spaced;
/// assert_eq!(single_spaced(" a \t b\r\nc "), "a b c");
/// ```
#[inline(never)]
pub fn single_spaced(text: &str) -> String {
    debug_assert!(text.is_ascii(), "other characters are no white space");
    let mut out = vec![0; text.len()];
    let mut places = out.iter_mut();
    let mut blank = true;
    for &byte in text.as_bytes() {
        if byte.is_ascii_graphic() {
            blank = false;
            if let Some(place) = places.next() {
                *place = byte;
            }
        } else if !blank {
            blank = true;
            if let Some(place) = places.next() {
                *place = b' ';
            }
        }
    }
    let left = places.len().saturating_add(usize::from(blank));
    text_of(out, left)
}

/// Returns the bytes as a text, but for those at the end that were left over.
fn text_of(mut bytes: Vec<u8>, left: usize) -> String {
    bytes.truncate(bytes.len().saturating_sub(left));
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blanks_are_single(text in "[ \\t\\r\\x00\\x7fab!~]{0,30}") {
            let words: Vec<&str> = text.split(|c: char| !c.is_ascii_graphic()).filter(|word| !word.is_empty()).collect();
            prop_assert_eq!(single_spaced(&text), words.join(" "));
        }
    }
}
