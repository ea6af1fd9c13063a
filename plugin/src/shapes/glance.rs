//! Does a record of no known shape show anything of a task event? Asked of every record that says no event id where
//! a known shipper puts one, so it may cost next to nothing.
//!
//! Each text that is looked for has 35 bytes, so one of the four-byte windows that begin at multiples of 32 is wholly
//! within it, wherever it stands. Only those windows are looked at, each by one look-up in a table. No escaping
//! changes these texts.

use crate::bytes;

/// The record shows a task definition: the end of its namespace.
pub(super) const DEFINITION: u8 = 1;
/// The record names the provider of the Security log's auditing events.
pub(super) const PROVIDER: u8 = 2;

/// Bytes from one window to the next.
const STRIDE: usize = 32;
/// Bytes of a window.
const WINDOW: usize = 4;
/// Bytes that are looked at in one step.
const BLOCK: usize = 4 * STRIDE;
/// Bytes of a text: as many windows as a stride has bytes.
const LENGTH: usize = STRIDE + WINDOW - 1;

/// The texts: the namespace of definitions
/// (<https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema>), the provider's name, and the name that
/// it is displayed by.
const TEXTS: [&[u8; LENGTH]; 3] = [
    b"rosoft.com/windows/2004/02/mit/task",
    b"Microsoft-Windows-Security-Auditing",
    b"Microsoft Windows security auditing",
];

/// The meaning of each of them.
const SIGNS: [u8; 3] = [DEFINITION, PROVIDER, PROVIDER];

/// Spreads the windows over the table so that no two of them share a place. Found by trial; a wrong one does not compile.
const SPREAD: u32 = 0xf144_6beb;
/// Bits of a place in the table.
const BITS: u32 = 11;
const PLACES: usize = 1 << BITS;
/// More than there are different windows.
const MOST: usize = 96;

const fn place(window: u32) -> usize {
    (window.wrapping_mul(SPREAD) >> (u32::BITS - BITS)) as usize
}

/// The windows by their places: of each place the number of the only window that it can be, from 1.
struct Windows {
    numbers: [u8; PLACES],
    windows: [u32; MOST],
    /// Where the window stands in each of the texts, from 1; 0 where it does not.
    offsets: [[u8; 3]; MOST],
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses a wrong index")]
static WINDOWS: Windows = {
    let mut table = Windows { numbers: [0; PLACES], windows: [0; MOST], offsets: [[0; 3]; MOST] };
    let mut count = 0;
    let mut text = 0;
    while text < TEXTS.len() {
        let mut at = 0;
        while at < STRIDE {
            let of = TEXTS[text];
            let window = u32::from_le_bytes([of[at], of[at + 1], of[at + 2], of[at + 3]]);
            let place = place(window);
            if table.numbers[place] == 0 {
                count += 1;
                table.numbers[place] = count;
                table.windows[count as usize] = window;
            }
            let number = table.numbers[place] as usize;
            assert!(table.windows[number] == window);
            at += 1;
            table.offsets[number][text] = at as u8;
        }
        text += 1;
    }
    table
};

/// Returns whether a record shows one of the `wanted` signs.
#[inline(never)]
pub(super) fn shows(record: &[u8], wanted: u8) -> bool {
    let mut rest = record;
    while let Some((block, behind)) = rest.split_first_chunk::<BLOCK>() {
        let seen = seen(block);
        if seen != 0 && is_near(record, record.len().wrapping_sub(rest.len()), seen, wanted) {
            return true;
        }
        rest = behind;
    }
    // The last block begins where it ends with the record: from one window to the next are no more bytes than elsewhere.
    match record.last_chunk::<BLOCK>() {
        Some(block) => is_near(record, record.len().wrapping_sub(BLOCK), seen(block), wanted),
        None => {
            record.as_chunks::<WINDOW>().0.iter().step_by(STRIDE / WINDOW).zip(0..).any(|(window, stride)| {
                is_at(record, STRIDE.wrapping_mul(stride), u32::from(number(*window)), wanted)
            })
        }
    }
}

/// The numbers of the windows that the strides of a block may begin with, one a byte: not zero for all that do, and for
/// few others. Written out: a compiler that is to save space unrolls no loops.
#[inline(always)]
fn seen(block: &[u8; BLOCK]) -> u32 {
    let of = |stride: &[u8; STRIDE]| stride.first_chunk::<WINDOW>().map_or(0, |window| number(*window));
    match block.as_chunks::<STRIDE>().0 {
        [first, second, third, fourth] => u32::from_le_bytes([of(first), of(second), of(third), of(fourth)]),
        _ => 0,
    }
}

#[inline(always)]
fn number(window: [u8; WINDOW]) -> u8 {
    WINDOWS.numbers.get(place(u32::from_le_bytes(window))).copied().unwrap_or(0)
}

/// Returns whether one of the wanted texts stands over a window of the block that begins at an offset.
#[inline(never)]
fn is_near(record: &[u8], block: usize, seen: u32, wanted: u8) -> bool {
    let (mut seen, mut at) = (seen, block);
    while seen != 0 {
        if seen & 0xff != 0 && is_at(record, at, seen & 0xff, wanted) {
            return true;
        }
        seen >>= 8;
        at = at.wrapping_add(STRIDE);
    }
    false
}

/// Returns whether one of the wanted texts stands over the window at an offset, which has a number.
#[inline(always)]
fn is_at(record: &[u8], at: usize, number: u32, wanted: u8) -> bool {
    let number = number as usize;
    let window = record.get(at..).and_then(<[u8]>::first_chunk::<WINDOW>);
    let known = WINDOWS
        .windows
        .get(number)
        .filter(|known| window.is_some_and(|window| known.to_le_bytes() == *window));
    known.is_some() && number > 0 && is_over(record, at, number, wanted)
}

#[inline(never)]
fn is_over(record: &[u8], at: usize, number: usize, wanted: u8) -> bool {
    let offsets = WINDOWS.offsets.get(number).copied().unwrap_or_default();
    TEXTS.iter().zip(SIGNS).zip(offsets).any(|((text, sign), offset)| {
        let start = at.saturating_add(1).checked_sub(usize::from(offset)).filter(|_| offset > 0);
        let there = start.and_then(|start| record.get(start..)).filter(|there| there.first() == text.first());
        sign & wanted != 0 && there.is_some_and(|there| there.starts_with(*text))
    })
}

/// Returns whether a number like the id of a task event stands anywhere, by itself.
pub(super) fn says_id(text: &[u8]) -> bool {
    next_id(text, 0).is_some()
}

/// Where the next such number stands, and the number.
pub(super) fn next_id(text: &[u8], from: usize) -> Option<(usize, u64)> {
    let mut from = from;
    loop {
        let at = from.checked_add(bytes::find(text.get(from..)?, b'4')?)?;
        from = at.checked_add(1)?;
        let id = match text.get(from..)?.first_chunk()? {
            b"698" => 4698,
            b"699" => 4699,
            b"700" => 4700,
            b"701" => 4701,
            b"702" => 4702,
            _ => continue,
        };
        let is_part = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let before = text.get(..at).unwrap_or_default();
        // `\t4698` in JSON, and what a relay makes of a tab.
        let is_after_escape =
            matches!(before, [.., b'\\', b't' | b'n' | b'r'] | [.., b'#', b'0', b'1', b'1']);
        if !is_part(text.get(at.saturating_add(4))) && (is_after_escape || !is_part(before.last())) {
            return Some((at, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_text_is_seen_wherever_it_stands() {
        for before in 0..300 {
            for after in [0, 1, 40, 500] {
                for (text, wanted) in TEXTS.iter().zip(SIGNS) {
                    let record = [&b" ".repeat(before)[..], text.as_slice(), &b" ".repeat(after)].concat();
                    assert!(shows(&record, wanted) && shows(&record, 3), "{before} {after}");
                    assert!(!shows(&record, 3 - wanted), "{before} {after}");
                }
            }
        }
    }

    #[test]
    fn a_text_that_is_like_one_of_them_is_not() {
        for text in [
            "http://schemas.microsoft.com/win/2004/08/events/event",
            "Microsoft-Windows-Sysmon/Operational",
            "Microsoft Windows security update",
        ] {
            for before in 0..32 {
                let record = format!("{}{text}", " ".repeat(before));
                assert!(!shows(record.as_bytes(), 3), "{record}");
            }
        }
    }

    #[test]
    fn ids_stand_by_themselves() {
        for (text, wanted) in [
            ("4698", Some((0, 4698))),
            (r#"{"a":"4702"}"#, Some((6, 4702))),
            ("AUDIT_SUCCESS(4699)", Some((14, 4699))),
            ("44698 46980 x4698 4697 4698x 0.4700", Some((31, 4700))),
            (r"a\t4698\t", Some((3, 4698))),
            ("#0114698#011", Some((4, 4698))),
            ("44698 469", None),
            ("", None),
        ] {
            assert_eq!(next_id(text.as_bytes(), 0), wanted, "{text}");
            assert_eq!(says_id(text.as_bytes()), wanted.is_some(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_at(record in prop::collection::vec(any::<u8>(), 0..600)) {
            prop_assert!(!shows(&record, 3));
        }
    }
}
