//! All literals of one field's patterns, searched in one pass.
//!
//! Of each literal two neighbouring bytes are looked for, those that are rarest in commands and paths, and where they
//! stand the literal is compared. One table for all pairs takes far less room than an automaton, and little more than
//! a look at each byte where nothing is found.
use super::LoadError;
use crate::bytes::lower_case;
use crate::work::Work;
use rarity::{probe, rarest_pairs};
use std::collections::BTreeMap;

mod rarity;

pub(super) use rarity::rarity;

/// Literals are compared by this many of their first bytes: what follows is tested with the whole pattern, so that
/// what is done at one place of a value is bounded.
const COMPARED: usize = 32;

/// A literal of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Literal {
    /// In folded case, of [`Needles::SHORTEST`] bytes or more.
    pub(super) text: String,
    /// The pattern.
    pub(super) pattern: u32,
    /// The meaning of a value with the text in it.
    pub(super) says: Says,
}

/// The meaning of a value with a literal of a pattern in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Says {
    /// The value fits.
    Fits,
    /// The value fits if it begins with the literal.
    FitsAtStart,
    /// The value fits if it ends with the literal.
    FitsAtEnd,
    /// The value fits if it is the literal.
    FitsAlone,
    /// The value has to be held against the whole pattern.
    MayFit,
    /// A regular expression may be found in the value.
    MayMatch,
}

/// A finding of a pattern in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The value fits; the literal stands at this place.
    At(usize),
    /// The value fits.
    Fits,
    /// The value has to be held against the pattern.
    MayFit,
    /// The pattern's regular expression may be found in the value.
    MayMatch,
}

/// The most bytes between two looks at a long value, where the shortest literal allows it.
const MAX_STRIDE: usize = 8;
/// The pairs of all literals that are worth their room. Each literal is listed under `stride` pairs.
const WORTH: usize = 80;

/// The usual length of the values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    /// Names and words.
    Short,
    /// Whole texts, of which not every byte is looked at where there are few literals.
    Long,
}

/// Units of work for a look at a byte.
const BYTE: usize = 20;
/// Units of work for a pair that stands in a value.
const VISIT: usize = 110;
/// Units of work for each literal that may stand there.
const NEEDLE: usize = 22;
/// Units of work for each literal that is compared, and what follows where it stands.
const COMPARISON: usize = 180;

/// Literals by pairs of bytes.
#[derive(Debug)]
pub(super) struct Needles {
    /// The class of each byte; 0 of those that are in no pair. Capital letters are as small ones.
    classes: Box<[u8; 256]>,
    /// The number of classes.
    width: usize,
    /// By the classes of two bytes: the number of their list, from 1; 0 where there is none.
    pairs: Vec<u16>,
    /// Where each list ends in `needles`, from list 0 on, which is empty; it begins where the one before ends.
    ends: Vec<u16>,
    needles: Vec<Needle>,
    texts: Vec<u8>,
    /// The distance in bytes between two pairs of a value that are looked up. Each literal is listed under this
    /// number of pairs that follow each other, so that one of them is met.
    stride: usize,
}

/// A literal by one of its pairs.
#[derive(Debug, Clone, Copy)]
struct Needle {
    pattern: u32,
    /// The place of its text in `texts`.
    start: u32,
    length: u8,
    /// Where in the text the pair stands.
    offset: u8,
    /// A rare byte of the text besides the pair, and where it stands: it is looked at first.
    probe: u8,
    probe_at: u8,
    says: Says,
}

impl Needles {
    /// Shorter literals, in bytes, cannot be searched.
    pub(super) const SHORTEST: usize = 2;

    /// Prepares the search; `None` without literals.
    pub(super) fn new(mut literals: Vec<Literal>, values: Values) -> Result<Option<Self>, LoadError> {
        const TOO_MANY: LoadError = LoadError::Unusable("its literals are too many for one search");
        if literals.is_empty() {
            return Ok(None);
        }
        literals.sort_unstable();
        literals.dedup();
        let shortest = literals.iter().map(|literal| compared(literal).len()).min().unwrap_or_default();
        if shortest < Self::SHORTEST {
            return Err(LoadError::Unusable("a literal is too short to be searched"));
        }
        let most = match values {
            Values::Short => 1,
            Values::Long => WORTH.checked_div(literals.len()).unwrap_or(1).clamp(1, MAX_STRIDE),
        };
        let stride = shortest.saturating_sub(1).min(most);
        let mut by_pair: BTreeMap<[u8; 2], Vec<Needle>> = BTreeMap::new();
        let (mut texts, mut last): (Vec<u8>, Option<(u32, &[u8])>) = (Vec::new(), None);
        for literal in &literals {
            let text = compared(literal);
            let start = match last {
                Some((start, same)) if same == text => start,
                _ => {
                    let start = u32::try_from(texts.len()).map_err(|_| TOO_MANY)?;
                    texts.extend_from_slice(text);
                    start
                }
            };
            last = Some((start, text));
            let is_whole = text.len() == literal.text.len() || literal.says == Says::MayMatch;
            let says = if is_whole { literal.says } else { Says::MayFit };
            let first = rarest_pairs(text, stride, |pair| by_pair.get(&pair).map_or(0, Vec::len));
            for (pair, offset) in text.windows(2).zip(0..=u8::MAX).skip(first).take(stride) {
                let Ok(pair) = <[u8; 2]>::try_from(pair) else { continue };
                let (probe, probe_at) = probe(text, offset);
                by_pair.entry(pair).or_default().push(Needle {
                    pattern: literal.pattern,
                    start,
                    length: u8::try_from(text.len()).map_err(|_| TOO_MANY)?,
                    offset,
                    probe,
                    probe_at,
                    says,
                });
            }
        }
        let mut classes = Box::new([0_u8; 256]);
        let mut count = 0_u8;
        for byte in by_pair.keys().flatten() {
            if let Some(class) = classes.get_mut(usize::from(*byte)).filter(|class| **class == 0) {
                count = count.checked_add(1).ok_or(TOO_MANY)?;
                *class = count;
            }
        }
        let small = *classes;
        for (class, byte) in classes.iter_mut().zip(0..=u8::MAX).filter(|(_, byte)| byte.is_ascii_uppercase())
        {
            *class = class_of(&small, byte.to_ascii_lowercase());
        }
        let width = usize::from(count).saturating_add(1);
        let mut pairs = vec![0; width.saturating_mul(width)];
        let mut ends = Vec::with_capacity(by_pair.len().saturating_add(1));
        ends.push(0);
        let mut needles = Vec::new();
        for ([first, second], list) in by_pair {
            needles.extend(list);
            ends.push(u16::try_from(needles.len()).map_err(|_| TOO_MANY)?);
            let row = usize::from(class_of(&classes, first)).saturating_mul(width);
            if let Some(cell) = pairs.get_mut(row.saturating_add(usize::from(class_of(&classes, second)))) {
                *cell = u16::try_from(ends.len().saturating_sub(1)).map_err(|_| TOO_MANY)?;
            }
        }
        needles.shrink_to_fit();
        texts.shrink_to_fit();
        Ok(Some(Self { classes, width, pairs, ends, needles, texts, stride }))
    }

    /// Calls `found` with every pattern whose literal occurs in a value, possibly several times, unless that alone says
    /// that the value does not fit. Of the places of a literal the first one comes first. The value's ASCII letters may be of any case; where it has others, it must be folded. One budget is for the walk over the value, one
    /// for what is found there: where one does not suffice, the value is searched from its beginning as far as it does.
    pub(super) fn search(
        &self,
        value: &str,
        (walk, work): (&Work, &Work),
        mut found: impl FnMut(u32, Found),
    ) {
        let granted = walk.walk_part(value.len().div_ceil(self.stride.max(1)), BYTE);
        let value = value.as_bytes();
        let walked = value.get(..granted.saturating_mul(self.stride)).unwrap_or(value);
        if self.stride == 1 {
            let mut row = 0_usize;
            for (at, &byte) in walked.iter().enumerate() {
                let class = usize::from(class_of(&self.classes, byte));
                let list = self.pairs.get(row.wrapping_add(class)).copied().unwrap_or(0);
                if list != 0 && !self.compare(list, value, at.wrapping_sub(1), work, &mut found) {
                    return;
                }
                row = class.wrapping_mul(self.width);
            }
            return;
        }
        let mut at = 0_usize;
        while let Some([first, second]) = walked.get(at..).and_then(<[u8]>::first_chunk) {
            let row = usize::from(class_of(&self.classes, *first)).wrapping_mul(self.width);
            let cell = row.wrapping_add(usize::from(class_of(&self.classes, *second)));
            let list = self.pairs.get(cell).copied().unwrap_or(0);
            if list != 0 && !self.compare(list, value, at, work, &mut found) {
                return;
            }
            at = at.saturating_add(self.stride);
        }
    }

    /// Compares the literals of a pair that stands at a place. Returns false where the work for it is refused.
    #[inline(never)]
    fn compare(
        &self,
        list: u16,
        value: &[u8],
        at: usize,
        work: &Work,
        found: &mut impl FnMut(u32, Found),
    ) -> bool {
        let bounds = self.ends.get(usize::from(list).wrapping_sub(1)..).and_then(<[u16]>::first_chunk);
        let Some([from, end]) = bounds.copied() else { return true };
        let needles = self.needles.get(usize::from(from)..usize::from(end)).unwrap_or_default();
        if !work.spend(needles.len().wrapping_mul(NEEDLE).wrapping_add(VISIT)) {
            return false;
        }
        for needle in needles {
            let start = at.wrapping_sub(usize::from(needle.offset));
            let probed = value.get(start.wrapping_add(usize::from(needle.probe_at)));
            if probed.is_none_or(|byte| byte.to_ascii_lowercase() != needle.probe) {
                continue;
            }
            if !work.spend(COMPARISON) {
                return false;
            }
            if self.stands(needle, value, start)
                && let Some(what) = needle.found(value.len(), start)
            {
                found(needle.pattern, what);
            }
        }
        true
    }

    fn stands(&self, needle: &Needle, value: &[u8], start: usize) -> bool {
        let text =
            self.texts.get(needle.start as usize..).and_then(|text| text.get(..usize::from(needle.length)));
        let stands = value.get(start..).and_then(|rest| rest.get(..usize::from(needle.length)));
        let (Some(text), Some(stands)) = (text, stands) else { return false };
        is_lower(stands, text)
    }
}

impl Needle {
    /// Returns what the literal at a place says of a value of `len` bytes.
    fn found(&self, len: usize, start: usize) -> Option<Found> {
        let at_start = start == 0;
        let at_end = start.saturating_add(usize::from(self.length)) == len;
        match self.says {
            Says::Fits => Some(Found::At(start)),
            Says::FitsAtStart => at_start.then_some(Found::Fits),
            Says::FitsAtEnd => at_end.then_some(Found::Fits),
            Says::FitsAlone => (at_start && at_end).then_some(Found::Fits),
            Says::MayFit => Some(Found::MayFit),
            Says::MayMatch => Some(Found::MayMatch),
        }
    }
}

/// Returns whether a text is one of the same length that has no capital letters of ASCII, but for their case. It looks at
/// eight bytes at a time.
fn is_lower(text: &[u8], lower: &[u8]) -> bool {
    let ((words, rest), (lower_words, lower_rest)) = (text.as_chunks::<8>(), lower.as_chunks::<8>());
    let is_same = |(word, lower): (&[u8; 8], &[u8; 8])| {
        lower_case(u64::from_le_bytes(*word)) == u64::from_le_bytes(*lower)
    };
    words.iter().zip(lower_words).all(is_same)
        && rest.iter().zip(lower_rest).all(|(byte, lower)| byte.to_ascii_lowercase() == *lower)
}

/// The part of a literal that is compared.
fn compared(literal: &Literal) -> &[u8] {
    let text = literal.text.as_bytes();
    text.get(..COMPARED).unwrap_or(text)
}

fn class_of(classes: &[u8; 256], byte: u8) -> u8 {
    classes.get(usize::from(byte)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
