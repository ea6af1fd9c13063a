//! Finds bytes eight at a time: as fast as `memchr` where they are far apart, and faster where they are near, since
//! nothing is prepared.

use std::borrow::Cow;

/// One in each byte of a word.
pub const ONES: u64 = u64::MAX / 0xff;
/// The highest bit of each byte of a word.
pub const HIGH_BITS: u64 = ONES << 7;

/// The first byte of a little-endian word of which the highest bit is set in `marks`, where no other bits are.
#[inline(always)]
pub const fn first_marked(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// Where in a text a byte first stands.
pub fn find(text: &[u8], byte: u8) -> Option<usize> {
    let bytes = repeated(byte);
    first(text, |word| zeros(word ^ bytes), |other| other == byte)
}

/// Returns the texts before and after the first place where an ASCII character stands.
#[inline(never)]
pub fn split_once(text: &str, character: u8) -> Option<(&str, &str)> {
    let (before, from) = text.split_at_checked(find(text.as_bytes(), character)?)?;
    Some((before, from.get(1..)?))
}

/// Where in a text one of two bytes first stands.
pub fn find_either(text: &[u8], one: u8, other: u8) -> Option<usize> {
    let (ones, others) = (repeated(one), repeated(other));
    first(text, |word| zeros(word ^ ones) | zeros(word ^ others), |byte| byte == one || byte == other)
}

/// Where in a text one of some texts first stands, which are short.
#[inline(never)]
pub fn find_any(text: &[u8], wanted: &[&str]) -> Option<usize> {
    wanted.iter().filter_map(|wanted| find_text(text, wanted)).min()
}

/// Where in a text another first stands, which is short. Slower than a search that is prepared, and much smaller.
#[inline(never)]
pub fn find_text(text: &[u8], wanted: &str) -> Option<usize> {
    let first = *wanted.as_bytes().first()?;
    let mut from = 0_usize;
    loop {
        let at = from.checked_add(find(text.get(from..)?, first)?)?;
        if text.get(at..)?.starts_with(wanted.as_bytes()) {
            return Some(at);
        }
        from = at.checked_add(1)?;
    }
}

/// Where in a text a byte first stands, most likely far away or nowhere.
pub fn find_far(text: &[u8], byte: u8) -> Option<usize> {
    let bytes = repeated(byte);
    let mut rest = text;
    while let Some((block, behind)) = rest.split_first_chunk::<32>() {
        let [a, b, c, d] = block.as_chunks::<8>().0 else { break };
        let marks = |word: &[u8; 8]| zeros(u64::from_le_bytes(*word) ^ bytes);
        if marks(a) | marks(b) | marks(c) | marks(d) != 0 {
            break;
        }
        rest = behind;
    }
    let before = text.len().wrapping_sub(rest.len());
    find(rest, byte).map(|at| before.wrapping_add(at))
}

/// Returns how often a byte stands in a text.
pub fn count(text: &[u8], byte: u8) -> usize {
    let bytes = repeated(byte);
    let (words, rest) = text.as_chunks::<8>();
    let marks = words.iter().map(|word| {
        let word = u64::from_le_bytes(*word) ^ bytes;
        // The high bit of each byte that is not zero: of the lower bits by a carry, of the highest by itself.
        let others = (word & !HIGH_BITS).wrapping_add(!HIGH_BITS) | word;
        (!others & HIGH_BITS).count_ones() as usize
    });
    let last = rest.iter().filter(|other| **other == byte).count();
    marks.fold(last, usize::wrapping_add)
}

/// Returns how many letters and digits of ASCII a text begins with.
pub fn alphanumeric_len(text: &[u8]) -> usize {
    first(text, not_alphanumeric, |byte| !byte.is_ascii_alphanumeric()).unwrap_or(text.len())
}

/// The high bit of each byte that is no letter or digit of ASCII.
const fn not_alphanumeric(word: u64) -> u64 {
    const FROM_A: u64 = ONES * (0x80 - b'a' as u64);
    const AFTER_Z: u64 = ONES * (0x7f - b'z' as u64);
    const FROM_0: u64 = ONES * (0x80 - b'0' as u64);
    const AFTER_9: u64 = ONES * (0x7f - b'9' as u64);
    let low = word & !HIGH_BITS;
    let small = low | ONES << 5;
    let letters = small.wrapping_add(FROM_A) ^ small.wrapping_add(AFTER_Z);
    let digits = low.wrapping_add(FROM_0) ^ low.wrapping_add(AFTER_9);
    (!(letters | digits) | word) & HIGH_BITS
}

/// Returns eight bytes with small letters in place of the capital ones of ASCII.
pub const fn lower_case(word: u64) -> u64 {
    const FROM_A: u64 = ONES * (0x80 - b'A' as u64);
    const AFTER_Z: u64 = ONES * (0x7f - b'Z' as u64);
    let low = word & !HIGH_BITS;
    // The high bit of each byte that is `A` or more, and not more than `Z`.
    let capital = (low.wrapping_add(FROM_A) ^ low.wrapping_add(AFTER_Z)) & !word & HIGH_BITS;
    word | capital >> 2
}

/// Returns a text with small letters in place of the capital ones of ASCII.
///
/// ```
/// # use schtag_task::bytes::to_lower_case;
/// assert_eq!(to_lower_case("CMD.exe"), "cmd.exe");
/// ```
#[inline(never)]
pub fn to_lower_case(text: &str) -> Cow<'_, str> {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let is_lower = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        lower_case(word) == word
    };
    if words.iter().all(is_lower) && !rest.iter().any(u8::is_ascii_uppercase) {
        return Cow::Borrowed(text);
    }
    let mut lower = text.as_bytes().to_vec();
    let (words, rest) = lower.as_chunks_mut::<8>();
    for word in words {
        *word = lower_case(u64::from_le_bytes(*word)).to_le_bytes();
    }
    rest.make_ascii_lowercase();
    String::from_utf8(lower).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Where the first byte stands that is one of those wanted: the high bit of the first of them in a word is the lowest
/// that is set in `marks` of that word.
#[inline(always)]
fn first(text: &[u8], marks: impl Fn(u64) -> u64, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let mut rest = text;
    while let Some((word, behind)) = rest.split_first_chunk::<8>() {
        let found = marks(u64::from_le_bytes(*word));
        if found != 0 {
            let before = text.len().wrapping_sub(rest.len());
            return Some(before.wrapping_add(first_marked(found)));
        }
        rest = behind;
    }
    let at = rest.iter().position(|byte| wanted(*byte))?;
    Some(text.len().wrapping_sub(rest.len()).wrapping_add(at))
}

const fn repeated(byte: u8) -> u64 {
    ONES.wrapping_mul(byte as u64)
}

/// The high bit of every zero byte, up to the first; above it there may be others.
pub(crate) const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH_BITS
}

/// Returns a hash with eight more bytes mixed in: the step of FxHash, <https://docs.rs/rustc-hash/1.1.0>.
pub const fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_of_them_is_found(text in prop::collection::vec(0x5b_u8..0x60, 0..40)) {
            let expected = text.iter().position(|byte| matches!(byte, b'\\' | b'^'));
            prop_assert_eq!(find_either(&text, b'\\', b'^'), expected);
        }

        #[test]
        fn any_byte_can_be_looked_for(text in prop::collection::vec(any::<u8>(), 0..40), one: u8, other: u8) {
            let expected = text.iter().position(|byte| *byte == one || *byte == other);
            prop_assert_eq!(find_either(&text, one, other), expected);
            let first = text.iter().position(|byte| *byte == one);
            prop_assert_eq!((find(&text, one), find_far(&text, one)), (first, first));
            prop_assert_eq!(count(&text, one), text.iter().filter(|byte| **byte == one).count());
            let letters = text.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            prop_assert_eq!(alphanumeric_len(&text), letters);
        }

        #[test]
        fn letters_and_digits_end_where_others_begin(text in "[0-9A-Za-z]{0,20}", other: u8, rest in "[ -~]{0,20}") {
            let text = [text.as_bytes(), &[other], rest.as_bytes()].concat();
            let letters = text.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            prop_assert_eq!(alphanumeric_len(&text), letters);
        }

        #[test]
        fn capital_letters_become_small(word: [u8; 8], letters in prop::collection::vec(0x38_u8..0x80, 8)) {
            for word in [word, letters.try_into().unwrap()] {
                let lower = lower_case(u64::from_le_bytes(word)).to_le_bytes();
                prop_assert_eq!(lower.as_slice(), word.to_ascii_lowercase());
            }
        }

        #[test]
        fn texts_are_put_in_small_letters(text in "[ -~\u{e9}\u{212a}]{0,40}") {
            prop_assert_eq!(to_lower_case(&text), text.to_ascii_lowercase());
        }

        #[test]
        fn a_text_is_parted_at_a_sign(text in "[ab\u{e9}]{0,20}") {
            prop_assert_eq!(split_once(&text, b'b'), text.split_once('b'));
        }

        #[test]
        fn a_text_is_found_in_another(text in "[ab]{0,90}", wanted in "[ab]{1,4}", other in "[ab]{1,4}") {
            prop_assert_eq!(find_text(text.as_bytes(), &wanted), text.find(&wanted));
            prop_assert_eq!(find_far(text.as_bytes(), b'b'), text.find('b'));
            let first = [text.find(&wanted), text.find(&other)].into_iter().flatten().min();
            prop_assert_eq!(find_any(text.as_bytes(), &[&wanted, &other]), first);
        }

        #[test]
        fn every_one_of_them_is_counted(text in prop::collection::vec(0x5b_u8..0x5e, 0..40)) {
            prop_assert_eq!(count(&text, b'\\'), text.iter().filter(|byte| **byte == b'\\').count());
        }
    }
}
