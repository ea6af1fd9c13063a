//! Where does a string end that is long or has escapes? An automaton that reads two bytes at a time.
//!
//! ```text
//!  … S e c u r i t y   I D : \ t \ t S - 1 …        two bytes of the string
//!    └─┘ └─┘ └─┘ └─┘ └─┘ └─┘ └─┘ └─┘ └─┘            EFFECT: what a pair does, from inside and from after a backslash
//!     I   I   I   I   I   I   E   E   I             NEXT: state and effect give the next state
//! ```
//!
//! A step is two look-ups and an addition, and nothing depends on what is read until a block ends: so line ends and tabs
//! cost no more than letters. A block begins inside the string, never after a backslash: so a processor that guesses
//! well reads several at once.

use super::scan_string::{is_short_escape, stops};
use crate::bytes::HIGH_BITS;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU8};

/// Bytes that are read with the place of a stop.
const BLOCK: usize = 32;
/// Bytes that are read at once where most likely nothing stops.
const LONG_BLOCK: usize = 4 * BLOCK;

/// The state of the automaton after some bytes of a string.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// At something that the automaton does not read: the closing quote, a `\u` escape, a byte that is not ASCII, or one
    /// that makes the string invalid.
    Stop,
    Inside,
    AfterBackslash,
}

/// The state after one more byte.
const fn step(at: At, byte: u8) -> At {
    match (at, byte) {
        (At::Inside, b'\\') => At::AfterBackslash,
        (At::Inside, b' ' | b'!' | b'#'..=0x7f) => At::Inside,
        (At::AfterBackslash, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => At::Inside,
        _ => At::Stop,
    }
}

/// All that a pair of bytes can do: from inside, and from after a backslash. The first is that of every pair with a byte
/// that is not ASCII.
const EFFECTS: [(At, At); 8] = [
    (At::Stop, At::Stop),
    (At::Inside, At::Stop),
    (At::Inside, At::Inside),
    (At::AfterBackslash, At::Stop),
    (At::AfterBackslash, At::AfterBackslash),
    (At::Stop, At::Inside),
    (At::Stop, At::AfterBackslash),
    (At::Inside, At::AfterBackslash),
];

/// The number of pairs.
const PAIRS: usize = 1 << u16::BITS;

/// The effect of each pair, as a little-endian word: its number in [`EFFECTS`]. Filled in when the first record comes, so that
/// the module does not carry it: of atomics, since that is how a static is written to without unsafe code. For
/// WebAssembly they are bytes like others.
static EFFECT: [AtomicU8; PAIRS] = [const { AtomicU8::new(0) }; PAIRS];

/// The same, eight times as large: for the first of two pairs that are read in one step.
static FIRST_EFFECT: [AtomicU8; PAIRS] = [const { AtomicU8::new(0) }; PAIRS];

/// True when the tables are filled.
static IS_READY: AtomicBool = AtomicBool::new(false);

/// Fills the tables, if that is not done. To be called before [`string_end`], which otherwise finds no end but the first
/// byte.
#[inline(always)]
pub(super) fn prepare() {
    if !IS_READY.load(Acquire) {
        fill();
    }
}

/// An ASCII character of each kind: all others do what one of these does, as the first of a pair and as the second. The first
/// stops the automaton at any place.
const KINDS: [u8; 5] = *b"\0_n\\\"";

/// The number of each ASCII character's kind.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses a wrong index")]
static KIND: [u8; 0x80] = {
    let mut kinds = [0; 0x80];
    let mut byte = 0;
    while byte < kinds.len() {
        let does = [step(At::Inside, byte as u8) as u8, step(At::AfterBackslash, byte as u8) as u8];
        let mut kind = 0;
        while step(At::Inside, KINDS[kind]) as u8 != does[0]
            || step(At::AfterBackslash, KINDS[kind]) as u8 != does[1]
        {
            kind += 1;
        }
        kinds[byte] = kind as u8;
        byte += 1;
    }
    kinds
};

/// The effect of a pair by the kind of its second byte and that of its first: its number in [`EFFECTS`].
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses a wrong index")]
static EFFECT_OF_KINDS: [[u8; 8]; KINDS.len()] = {
    let mut effects = [[0; 8]; KINDS.len()];
    let mut pair = 0;
    while pair < KINDS.len() * KINDS.len() {
        let (first, second) = (KINDS[pair % KINDS.len()], KINDS[pair / KINDS.len()]);
        let inside = step(step(At::Inside, first), second) as u8;
        let escape = step(step(At::AfterBackslash, first), second) as u8;
        let mut effect = 0;
        while EFFECTS[effect].0 as u8 != inside || EFFECTS[effect].1 as u8 != escape {
            effect += 1;
        }
        effects[pair / KINDS.len()][pair % KINDS.len()] = effect as u8;
        pair += 1;
    }
    effects
};

#[cold]
#[inline(never)]
fn fill() {
    for (number, of_kind) in (0..).zip(&EFFECT_OF_KINDS).skip(1) {
        let row = KIND.map(|first| of_kind.get(usize::from(first & 7)).copied().unwrap_or_default());
        let first_row = row.map(|effect| effect << 3);
        let rows = EFFECT.as_chunks().0.iter().zip(FIRST_EFFECT.as_chunks().0);
        for (_, (effects, first_effects)) in KIND.iter().zip(rows).filter(|(kind, _)| **kind == number) {
            fill_row(effects, &row);
            fill_row(first_effects, &first_row);
        }
    }
    IS_READY.store(true, Release);
}

/// Written out, since each instance does it once and a compiler that is to save space unrolls no loops.
#[inline(never)]
fn fill_row(effects: &[AtomicU8; 0x100], row: &[u8; 0x80]) {
    let rows = effects.as_chunks::<8>().0.iter().zip(row.as_chunks::<8>().0);
    for ([a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]) in rows {
        a.store(*i, Relaxed);
        b.store(*j, Relaxed);
        c.store(*k, Relaxed);
        d.store(*l, Relaxed);
        e.store(*m, Relaxed);
        f.store(*n, Relaxed);
        g.store(*o, Relaxed);
        h.store(*p, Relaxed);
    }
}

/// States of the automaton that reads one pair a step, which are multiples of eight. From this one and all above it has
/// stopped: so many pairs ago, times sixteen, and eight more when that was after a backslash.
const STOPPED: u8 = 16;
const INSIDE: u8 = 0;
const AFTER_BACKSLASH: u8 = 8;
/// Where these states end: after one pair more comes [`AT_ONCE`].
const LAST: usize = 240;
/// The first of a block's pairs stopped the automaton, sixteen pairs ago.
const AT_ONCE: u8 = STOPPED + 1;

/// The next state, at the sum of a state and an effect. So long that no sum of two bytes is outside.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses a wrong index")]
static NEXT: [u8; 511] = {
    let mut next = [0; 511];
    let mut state = 0;
    while state <= LAST + 8 {
        let mut effect = 0;
        while effect < EFFECTS.len() {
            let after = match state as u8 {
                INSIDE => EFFECTS[effect].0,
                AFTER_BACKSLASH => EFFECTS[effect].1,
                _ => At::Stop,
            };
            next[state + effect] = match after {
                At::Inside => INSIDE,
                At::AfterBackslash => AFTER_BACKSLASH,
                At::Stop if state < STOPPED as usize => STOPPED + state as u8,
                At::Stop if state < LAST => state as u8 + 16,
                At::Stop => AT_ONCE,
            };
            effect += 1;
        }
        state += 8;
    }
    next
};

/// The number of bytes of a block that the automaton has read, by its state: up to a whole pair, and without a last backslash.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses a wrong index")]
static READ: [u8; 256] = {
    let mut read = [0; 256];
    read[INSIDE as usize] = BLOCK as u8;
    read[AFTER_BACKSLASH as usize] = BLOCK as u8 - 1;
    let mut state = STOPPED as usize;
    while state <= LAST + 8 {
        read[state] = (BLOCK - state / 16 * 2 - (state & 8) / 8) as u8;
        state += 8;
    }
    read
};

#[inline(always)]
fn effect(table: &'static [AtomicU8; PAIRS], pair: [u8; 2]) -> usize {
    table.get(usize::from(u16::from_le_bytes(pair))).map_or(0, |effect| usize::from(effect.load(Relaxed)))
}

#[inline(always)]
fn next(state: u8, pair: [u8; 2]) -> u8 {
    NEXT.get(usize::from(state).wrapping_add(effect(&EFFECT, pair))).copied().unwrap_or(STOPPED)
}

/// The state after one block. Not inlined into a loop: there the compiler would compute each address anew. Written out,
/// since a compiler that is to save space unrolls no loops.
#[inline(never)]
fn block(block: &[u8; BLOCK]) -> u8 {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = block.as_chunks::<2>().0 else { return STOPPED };
    let state = next(next(next(next(INSIDE, *a), *b), *c), *d);
    let state = next(next(next(next(state, *e), *f), *g), *h);
    let state = next(next(next(next(state, *i), *j), *k), *l);
    next(next(next(next(state, *m), *n), *o), *p)
}

/// States of the automaton that reads two pairs a step: multiples of 64, the square of the number of effects.
const LONG_STOPPED: u8 = 0;
const LONG_INSIDE: u8 = 64;
const LONG_AFTER_BACKSLASH: u8 = 128;
/// Stopped in the second half of a long block, by the state after the first half.
const LATE: u8 = 1;

/// The state after two pairs, at the sum of a state and both effects. So long that no sum of three bytes is outside.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses a wrong index")]
static LONG_NEXT: [u8; 766] = {
    let mut next = [LONG_STOPPED; 766];
    let mut at = 0;
    while at < 2 * 64 {
        let (first, second) = (EFFECTS[at / 8 % 8], EFFECTS[at % 8]);
        let between = if at < 64 { first.0 } else { first.1 };
        let after = match between {
            At::Inside => second.0,
            At::AfterBackslash => second.1,
            At::Stop => At::Stop,
        };
        next[LONG_INSIDE as usize + at] = match after {
            At::Inside => LONG_INSIDE,
            At::AfterBackslash => LONG_AFTER_BACKSLASH,
            At::Stop => LONG_STOPPED,
        };
        at += 1;
    }
    next
};

#[inline(always)]
fn long_next(state: u8, first: [u8; 2], second: [u8; 2]) -> u8 {
    let effects = effect(&FIRST_EFFECT, first).wrapping_add(effect(&EFFECT, second));
    LONG_NEXT.get(usize::from(state).wrapping_add(effects)).copied().unwrap_or_default()
}

#[inline(always)]
fn long_next_block(state: u8, block: &[u8; BLOCK]) -> u8 {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = block.as_chunks::<2>().0 else {
        return LONG_STOPPED;
    };
    let state = long_next(long_next(long_next(long_next(state, *a, *b), *c, *d), *e, *f), *g, *h);
    long_next(long_next(long_next(long_next(state, *i, *j), *k, *l), *m, *n), *o, *p)
}

/// The state after one long block. Where that is a stop, it is known in which half.
#[inline(never)]
fn long_block(block: &[u8; LONG_BLOCK]) -> u8 {
    let [a, b, c, d] = block.as_chunks::<BLOCK>().0 else { return LONG_STOPPED };
    let half = long_next_block(long_next_block(LONG_INSIDE, a), b);
    if half == LONG_STOPPED {
        return half;
    }
    let state = long_next_block(long_next_block(half, c), d);
    if state == LONG_STOPPED { half | LATE } else { state }
}

/// Returns whether each byte of half a long block stands for itself.
#[inline(never)]
fn is_plain(block: &[u8; LONG_BLOCK / 2]) -> bool {
    let [a, b, c, d, e, f, g, h] = block.as_chunks::<8>().0 else { return false };
    let stops = marks(*a) | marks(*b) | marks(*c) | marks(*d) | marks(*e) | marks(*f) | marks(*g) | marks(*h);
    stops & HIGH_BITS == 0
}

#[inline(always)]
fn marks(word: [u8; 8]) -> u64 {
    stops::<true>(u64::from_le_bytes(word))
}

/// Skips the part of a string that the automaton reads, from inside it but not after a backslash: up to the closing quote,
/// to something that has to be looked at, or to the text's last bytes, which are fewer than a block has. Reads plain bytes
/// otherwise where no escape was seen, since most likely none follows.
#[inline(always)]
pub(super) fn skip(text: &[u8], escapes: bool) -> &[u8] {
    let mut rest = text;
    // Most strings that are not long end in one of so many blocks.
    let mut few = 2_u32;
    loop {
        let Some(next) = rest.first_chunk() else { return rest };
        let state = block(next);
        rest = after(rest, state);
        if state >= STOPPED {
            break;
        }
        few = few.wrapping_sub(1);
        if few == 0 {
            rest = long_blocks(rest, escapes);
        }
    }
    // The stop is the next byte, or the one after the byte or escape that the stopped pair began with.
    let Some([one, other]) = rest.first_chunk() else { return rest };
    let read = match *one {
        b'\\' if is_short_escape(*other) => 2,
        b'\\' | b'"' => 0,
        b' '..0x80 => 1,
        _ => 0,
    };
    rest.get(read..).unwrap_or_default()
}

/// Skips long blocks up to the one with the next stop.
#[inline(always)]
fn long_blocks(mut rest: &[u8], escapes: bool) -> &[u8] {
    // Where no escape was seen, most likely none follows: to tell so much costs less.
    if !escapes {
        while let Some((block, after)) = rest.split_first_chunk()
            && is_plain(block)
        {
            rest = after;
        }
    }
    while let Some((block, after)) = rest.split_first_chunk() {
        let state = long_block(block);
        rest = match state {
            LONG_INSIDE => after,
            LONG_AFTER_BACKSLASH => rest.get(LONG_BLOCK - 1..).unwrap_or_default(),
            LONG_STOPPED => return rest,
            _ if state == LONG_INSIDE | LATE => return rest.get(LONG_BLOCK / 2..).unwrap_or_default(),
            _ => return rest.get(LONG_BLOCK / 2 - 1..).unwrap_or_default(),
        };
    }
    rest
}

/// The text after what the automaton has read of a block.
#[inline(always)]
fn after(rest: &[u8], state: u8) -> &[u8] {
    let read = READ.get(usize::from(state)).copied().unwrap_or(0);
    rest.get(usize::from(read).min(BLOCK)..).unwrap_or_default()
}
