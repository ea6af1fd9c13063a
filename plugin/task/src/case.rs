//! Letters in lower and upper case, one letter for one.
//!
//! The tables of the standard library take 24 KiB, since they list each letter; this one lists ranges. What becomes two
//! letters, such as `ß` in upper case, stays as it is, as in .NET's `ToUpperInvariant` and `CompareStringOrdinal` of Windows.

use std::cmp::Ordering;

/// Letters with a lower case at the same distance.
#[derive(Debug, Clone, Copy)]
struct Range {
    first: u32,
    /// From the first to the last.
    length: u16,
    /// Every letter, or every second one.
    step: u16,
    /// Added to a letter, it gives the lower-case one.
    distance: i32,
}

const fn row(first: u32, last: u32, step: u16, distance: i32) -> Range {
    Range { first, length: last.saturating_sub(first) as u16, step, distance }
}

/// The letters of upper case outside ASCII, in order. Source: `Lowercase_Mapping` of Unicode 17's `UnicodeData.txt`.
#[rustfmt::skip]
const RANGES: [Range; 184] = [
    row(0xc0, 0xd6, 1, 32), row(0xd8, 0xde, 1, 32), row(0x100, 0x12e, 2, 1), row(0x132, 0x136, 2, 1),
    row(0x139, 0x147, 2, 1), row(0x14a, 0x176, 2, 1), row(0x178, 0x178, 1, -121), row(0x179, 0x17d, 2, 1),
    row(0x181, 0x181, 1, 210), row(0x182, 0x184, 2, 1), row(0x186, 0x186, 1, 206), row(0x187, 0x187, 1, 1),
    row(0x189, 0x18a, 1, 205), row(0x18b, 0x18b, 1, 1), row(0x18e, 0x18e, 1, 79), row(0x18f, 0x18f, 1, 202),
    row(0x190, 0x190, 1, 203), row(0x191, 0x191, 1, 1), row(0x193, 0x193, 1, 205), row(0x194, 0x194, 1, 207),
    row(0x196, 0x196, 1, 211), row(0x197, 0x197, 1, 209), row(0x198, 0x198, 1, 1), row(0x19c, 0x19c, 1, 211),
    row(0x19d, 0x19d, 1, 213), row(0x19f, 0x19f, 1, 214), row(0x1a0, 0x1a4, 2, 1), row(0x1a6, 0x1a6, 1, 218),
    row(0x1a7, 0x1a7, 1, 1), row(0x1a9, 0x1a9, 1, 218), row(0x1ac, 0x1ac, 1, 1), row(0x1ae, 0x1ae, 1, 218),
    row(0x1af, 0x1af, 1, 1), row(0x1b1, 0x1b2, 1, 217), row(0x1b3, 0x1b5, 2, 1), row(0x1b7, 0x1b7, 1, 219),
    row(0x1b8, 0x1b8, 1, 1), row(0x1bc, 0x1bc, 1, 1), row(0x1c4, 0x1c4, 1, 2), row(0x1c5, 0x1c5, 1, 1),
    row(0x1c7, 0x1c7, 1, 2), row(0x1c8, 0x1c8, 1, 1), row(0x1ca, 0x1ca, 1, 2), row(0x1cb, 0x1db, 2, 1),
    row(0x1de, 0x1ee, 2, 1), row(0x1f1, 0x1f1, 1, 2), row(0x1f2, 0x1f4, 2, 1), row(0x1f6, 0x1f6, 1, -97),
    row(0x1f7, 0x1f7, 1, -56), row(0x1f8, 0x21e, 2, 1), row(0x220, 0x220, 1, -130), row(0x222, 0x232, 2, 1),
    row(0x23a, 0x23a, 1, 10_795), row(0x23b, 0x23b, 1, 1), row(0x23d, 0x23d, 1, -163), row(0x23e, 0x23e, 1, 10_792),
    row(0x241, 0x241, 1, 1), row(0x243, 0x243, 1, -195), row(0x244, 0x244, 1, 69), row(0x245, 0x245, 1, 71),
    row(0x246, 0x24e, 2, 1), row(0x370, 0x372, 2, 1), row(0x376, 0x376, 1, 1), row(0x37f, 0x37f, 1, 116),
    row(0x386, 0x386, 1, 38), row(0x388, 0x38a, 1, 37), row(0x38c, 0x38c, 1, 64), row(0x38e, 0x38f, 1, 63),
    row(0x391, 0x3a1, 1, 32), row(0x3a3, 0x3ab, 1, 32), row(0x3cf, 0x3cf, 1, 8), row(0x3d8, 0x3ee, 2, 1),
    row(0x3f4, 0x3f4, 1, -60), row(0x3f7, 0x3f7, 1, 1), row(0x3f9, 0x3f9, 1, -7), row(0x3fa, 0x3fa, 1, 1),
    row(0x3fd, 0x3ff, 1, -130), row(0x400, 0x40f, 1, 80), row(0x410, 0x42f, 1, 32), row(0x460, 0x480, 2, 1),
    row(0x48a, 0x4be, 2, 1), row(0x4c0, 0x4c0, 1, 15), row(0x4c1, 0x4cd, 2, 1), row(0x4d0, 0x52e, 2, 1),
    row(0x531, 0x556, 1, 48), row(0x10a0, 0x10c5, 1, 7264), row(0x10c7, 0x10c7, 1, 7264),
    row(0x10cd, 0x10cd, 1, 7264), row(0x13a0, 0x13ef, 1, 38_864), row(0x13f0, 0x13f5, 1, 8),
    row(0x1c89, 0x1c89, 1, 1), row(0x1c90, 0x1cba, 1, -3008), row(0x1cbd, 0x1cbf, 1, -3008),
    row(0x1e00, 0x1e94, 2, 1), row(0x1e9e, 0x1e9e, 1, -7615), row(0x1ea0, 0x1efe, 2, 1), row(0x1f08, 0x1f0f, 1, -8),
    row(0x1f18, 0x1f1d, 1, -8), row(0x1f28, 0x1f2f, 1, -8), row(0x1f38, 0x1f3f, 1, -8), row(0x1f48, 0x1f4d, 1, -8),
    row(0x1f59, 0x1f5f, 2, -8), row(0x1f68, 0x1f6f, 1, -8), row(0x1f88, 0x1f8f, 1, -8), row(0x1f98, 0x1f9f, 1, -8),
    row(0x1fa8, 0x1faf, 1, -8), row(0x1fb8, 0x1fb9, 1, -8), row(0x1fba, 0x1fbb, 1, -74), row(0x1fbc, 0x1fbc, 1, -9),
    row(0x1fc8, 0x1fcb, 1, -86), row(0x1fcc, 0x1fcc, 1, -9), row(0x1fd8, 0x1fd9, 1, -8), row(0x1fda, 0x1fdb, 1, -100),
    row(0x1fe8, 0x1fe9, 1, -8), row(0x1fea, 0x1feb, 1, -112), row(0x1fec, 0x1fec, 1, -7),
    row(0x1ff8, 0x1ff9, 1, -128), row(0x1ffa, 0x1ffb, 1, -126), row(0x1ffc, 0x1ffc, 1, -9),
    row(0x2126, 0x2126, 1, -7517), row(0x212a, 0x212a, 1, -8383), row(0x212b, 0x212b, 1, -8262),
    row(0x2132, 0x2132, 1, 28), row(0x2160, 0x216f, 1, 16), row(0x2183, 0x2183, 1, 1), row(0x24b6, 0x24cf, 1, 26),
    row(0x2c00, 0x2c2f, 1, 48), row(0x2c60, 0x2c60, 1, 1), row(0x2c62, 0x2c62, 1, -10_743),
    row(0x2c63, 0x2c63, 1, -3814), row(0x2c64, 0x2c64, 1, -10_727), row(0x2c67, 0x2c6b, 2, 1),
    row(0x2c6d, 0x2c6d, 1, -10_780), row(0x2c6e, 0x2c6e, 1, -10_749), row(0x2c6f, 0x2c6f, 1, -10_783),
    row(0x2c70, 0x2c70, 1, -10_782), row(0x2c72, 0x2c72, 1, 1), row(0x2c75, 0x2c75, 1, 1),
    row(0x2c7e, 0x2c7f, 1, -10_815), row(0x2c80, 0x2ce2, 2, 1), row(0x2ceb, 0x2ced, 2, 1), row(0x2cf2, 0x2cf2, 1, 1),
    row(0xa640, 0xa66c, 2, 1), row(0xa680, 0xa69a, 2, 1), row(0xa722, 0xa72e, 2, 1), row(0xa732, 0xa76e, 2, 1),
    row(0xa779, 0xa77b, 2, 1), row(0xa77d, 0xa77d, 1, -35_332), row(0xa77e, 0xa786, 2, 1), row(0xa78b, 0xa78b, 1, 1),
    row(0xa78d, 0xa78d, 1, -42_280), row(0xa790, 0xa792, 2, 1), row(0xa796, 0xa7a8, 2, 1),
    row(0xa7aa, 0xa7aa, 1, -42_308), row(0xa7ab, 0xa7ab, 1, -42_319), row(0xa7ac, 0xa7ac, 1, -42_315),
    row(0xa7ad, 0xa7ad, 1, -42_305), row(0xa7ae, 0xa7ae, 1, -42_308), row(0xa7b0, 0xa7b0, 1, -42_258),
    row(0xa7b1, 0xa7b1, 1, -42_282), row(0xa7b2, 0xa7b2, 1, -42_261), row(0xa7b3, 0xa7b3, 1, 928),
    row(0xa7b4, 0xa7c2, 2, 1), row(0xa7c4, 0xa7c4, 1, -48), row(0xa7c5, 0xa7c5, 1, -42_307),
    row(0xa7c6, 0xa7c6, 1, -35_384), row(0xa7c7, 0xa7c9, 2, 1), row(0xa7cb, 0xa7cb, 1, -42_343),
    row(0xa7cc, 0xa7da, 2, 1), row(0xa7dc, 0xa7dc, 1, -42_561), row(0xa7f5, 0xa7f5, 1, 1), row(0xff21, 0xff3a, 1, 32),
    row(0x1_0400, 0x1_0427, 1, 40), row(0x1_04b0, 0x1_04d3, 1, 40), row(0x1_0570, 0x1_057a, 1, 39),
    row(0x1_057c, 0x1_058a, 1, 39), row(0x1_058c, 0x1_0592, 1, 39), row(0x1_0594, 0x1_0595, 1, 39),
    row(0x1_0c80, 0x1_0cb2, 1, 64), row(0x1_0d50, 0x1_0d65, 1, 32), row(0x1_18a0, 0x1_18bf, 1, 32),
    row(0x1_6e40, 0x1_6e5f, 1, 32), row(0x1_6ea0, 0x1_6eb8, 1, 27), row(0x1_e900, 0x1_e921, 1, 34),
];

impl Range {
    fn last(&self) -> u32 {
        self.first.saturating_add(u32::from(self.length))
    }

    fn holds(&self, letter: u32) -> bool {
        (self.first..=self.last()).contains(&letter)
            && (self.step == 1 || letter.wrapping_sub(self.first).is_multiple_of(2))
    }
}

/// Returns a letter in lower case; another character as it is.
pub fn lower(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let letter = u32::from(c);
    let place = RANGES.binary_search_by(|range| match range.first.cmp(&letter) {
        Ordering::Greater => Ordering::Greater,
        _ if range.last() < letter => Ordering::Less,
        _ => Ordering::Equal,
    });
    let range = place.ok().and_then(|place| RANGES.get(place)).filter(|range| range.holds(letter));
    range.and_then(|range| char::from_u32(letter.wrapping_add_signed(range.distance))).unwrap_or(c)
}

/// Returns a letter in upper case; another character as it is. Outside ASCII it looks through all ranges.
pub(crate) fn upper(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let letter = |range: &Range| u32::from(c).wrapping_add_signed(range.distance.wrapping_neg());
    // The capital sharp s is not what the small one becomes.
    let range = RANGES.iter().find(|range| range.holds(letter(range)) && c != 'ß');
    range.and_then(|range| char::from_u32(letter(range))).unwrap_or(c)
}

/// Returns a text in lower case.
///
/// ```
/// assert_eq!(schtag_task::case::to_lowercase("Ärger.EXE"), "ärger.exe");
/// ```
pub fn to_lowercase(text: &str) -> String {
    text.chars().map(lower).collect()
}

/// Returns a text in upper case.
pub fn to_uppercase(text: &str) -> String {
    text.chars().map(upper).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the one letter that the standard library gives.
    fn one(mut letters: impl Iterator<Item = char>) -> Option<char> {
        letters.next().filter(|_| letters.next().is_none())
    }

    #[test]
    fn letters_have_the_lower_case_of_the_standard_library() {
        // A newer one may know letters that are not in the table.
        let mut unknown = 0;
        for c in '\0'..=char::MAX {
            if lower(c) != c {
                assert_eq!(Some(lower(c)), one(c.to_lowercase()), "{c:?}");
            } else if one(c.to_lowercase()).is_some_and(|other| other != c) {
                unknown += 1;
            }
        }
        assert!(unknown < 100, "{unknown}");
    }

    #[test]
    fn letters_have_the_upper_case_of_the_standard_library() {
        let mut known = 0;
        for c in '\0'..=char::MAX {
            if upper(c) != c {
                assert_eq!(lower(upper(c)), c, "{c:?}");
                // Some become several letters there, and one here.
                assert!(one(c.to_uppercase()).is_none_or(|other| other == upper(c)), "{c:?}");
                known += 1;
            }
        }
        assert!(known > 1_400, "{known}");
        assert_eq!(to_uppercase("straße, ΐ, д"), "STRAßE, ΐ, Д");
    }
}
