//! Rewrites texts.

use crate::bytes::{HIGH_BITS, ONES, zeros};

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
    if is_single_spaced(text) {
        return text.to_owned();
    }
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
    out.truncate(text.len().saturating_sub(left));
    String::from_utf8(out).unwrap_or_default()
}

/// Returns whether a text has no byte but graphic characters of ASCII and single blanks between them.
#[inline(never)]
fn is_single_spaced(text: &str) -> bool {
    const BLANKS: u64 = ONES * 0x20;
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let mut before = b' ';
    for word in words {
        let word = u64::from_le_bytes(*word);
        // The high bit of each byte that is a blank; where a byte below it is one, a byte may be marked that is 0x21.
        let blanks = zeros(word ^ BLANKS);
        if blanks != 0 || word & HIGH_BITS != 0 {
            // Few words hold a blank, and those are looked at byte by byte.
            if !word.to_le_bytes().iter().all(|byte| is_next(&mut before, *byte)) {
                return false;
            }
            continue;
        }
        // No byte is below a blank, and none is the delete character.
        if word.wrapping_sub(ONES * 0x21) & HIGH_BITS != 0 || zeros(word ^ (ONES * 0x7f)) != 0 {
            return false;
        }
        before = b'x';
    }
    rest.iter().all(|byte| is_next(&mut before, *byte)) && (text.is_empty() || before != b' ')
}

/// Returns whether a byte is graphic, or a blank that follows one that is.
fn is_next(before: &mut u8, byte: u8) -> bool {
    let is_next = byte.is_ascii_graphic() || (byte == b' ' && *before != b' ');
    *before = byte;
    is_next
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn single_blanks_stand_between_words(text in "[ !~\u{7f}\u{e9}\u{1f}a]{0,3}[ !~ab]{0,20}[ a\u{7f}]{0,2}") {
            let mut words = text.split(' ');
            let graphic = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
            prop_assert_eq!(is_single_spaced(&text), text.is_empty() || words.all(graphic));
        }

        #[test]
        fn blanks_are_single(text in "[ \\t\\r\\x00\\x7fab!~]{0,30}") {
            let words: Vec<&str> = text.split(|c: char| !c.is_ascii_graphic()).filter(|word| !word.is_empty()).collect();
            prop_assert_eq!(single_spaced(&text), words.join(" "));
        }
    }
}
