//! All literals of one field's patterns, searched in one pass.
//!
//! Of each literal two neighbouring bytes are looked for, those that are rarest in commands and paths, and where they
//! stand the literal is compared. One table for all pairs takes far less room than an automaton, and little more than
//! a look at each byte where nothing is found.
use super::LoadError;
use crate::bytes::lower_case;
use crate::work::Work;
use std::collections::BTreeMap;

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
/// Each literal is known by as many pairs as there are bytes between two looks: so many pairs in all are worth the room.
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
    /// Returns what it says of a value of so many bytes that the literal stands at a place.
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

/// Where those pairs of a literal begin, as many as follow each other, that will lead to the fewest comparisons.
/// `taken` says how many literals a pair has already.
fn rarest_pairs(text: &[u8], count: usize, taken: impl Fn([u8; 2]) -> usize) -> usize {
    let cost = |pair: &[u8]| {
        let [first, second] = <[u8; 2]>::try_from(pair).unwrap_or_default();
        let literals = taken([first, second]).saturating_add(1);
        frequency(first).saturating_mul(frequency(second)).saturating_mul(literals)
    };
    let costs = text.windows(count.saturating_add(1)).map(|pairs| pairs.windows(2).map(cost).sum::<usize>());
    costs.zip(0..).min().map_or(0, |(_, first)| first)
}

/// Returns about how often the rarest pair of a literal stands in commands and paths.
pub(super) fn rarity(text: &[u8]) -> usize {
    let pairs = text.iter().zip(text.iter().skip(1));
    pairs
        .map(|(&first, &second)| frequency(first).saturating_mul(frequency(second)))
        .min()
        .unwrap_or(usize::MAX)
}

/// The rarest byte of a literal that is not in the pair at `offset`, and where it stands; the first byte where there
/// is none.
fn probe(text: &[u8], offset: u8) -> (u8, u8) {
    let bytes = text.iter().copied().zip(0..=u8::MAX);
    let others = bytes.filter(|(_, at)| at.checked_sub(offset).is_none_or(|behind| behind > 1));
    let rarest = others.min_by_key(|(byte, _)| frequency(*byte));
    rarest.unwrap_or((text.first().copied().unwrap_or_default(), 0))
}

/// About how frequent a byte is in commands, paths and descriptions, by a common measure.
fn frequency(byte: u8) -> usize {
    const FREQUENT: &[u8] = b"e\\osintra lcdpmw.uhg-xfybk:/v\"20qzj=13";
    let place = FREQUENT.iter().position(|&frequent| frequent == byte);
    place.map_or(2, |place| FREQUENT.len().saturating_sub(place).saturating_add(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::fold;
    use proptest::prelude::*;

    fn literals(texts: &[&str]) -> Vec<Literal> {
        let literal = |(text, pattern): (&&str, u32)| Literal {
            text: fold(text).into_owned(),
            pattern,
            says: Says::Fits,
        };
        texts.iter().zip(0..).map(literal).collect()
    }

    fn found(list: Vec<Literal>, value: &str) -> Vec<u32> {
        let literals: Vec<String> = list.iter().map(|literal| literal.text.clone()).collect();
        let needles = Needles::new(list, Values::Long).unwrap().unwrap();
        let mut found = Vec::new();
        needles.search(value, (&Work::unlimited(), &Work::unlimited()), |pattern, what| {
            let Found::At(at) = what else { panic!("{what:?}") };
            assert!(
                fold(value.get(at..).unwrap()).starts_with(&*literals[pattern as usize]),
                "{pattern} at {at}"
            );
            found.push(pattern);
        });
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn every_literal_is_found_also_inside_another() {
        let texts = literals(&["powershell", "shell", "shell", "zsh", "c:"]);
        assert_eq!(found(texts.clone(), "C:\\PowerSHELL.exe"), [0, 1, 2, 4]);
        assert!(found(texts, "").is_empty());
        assert_eq!(found(literals(&["ab"]), "ab"), [0]);
        assert_eq!(found(literals(&["größe"]), "eine größe"), [0]);
    }

    #[test]
    fn a_long_literal_is_compared_by_its_beginning_and_does_not_decide() {
        let long = "a".repeat(40);
        let needles = Needles::new(literals(&[&long, "aa"]), Values::Long).unwrap().unwrap();
        let mut found = Vec::new();
        needles.search(&"a".repeat(33), (&Work::unlimited(), &Work::unlimited()), |pattern, place| {
            found.push((pattern, matches!(place, Found::At(_))))
        });
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, [(0, false), (1, true)]);
    }

    proptest! {
        #[test]
        fn few_long_literals_are_found_wherever_they_stand(
            texts in prop::collection::vec("[ab]{3,12}", 1..7), value in "[abAB]{0,60}",
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let value_folded = fold(&value);
            let expected: Vec<u32> =
                texts.iter().zip(0..).filter(|(text, _)| value_folded.contains(**text)).map(|(_, number)| number).collect();
            prop_assert_eq!(found(literals(&texts), &value), expected);
        }
    }

    #[test]
    fn a_place_says_whether_an_anchored_literal_fits() {
        let all =
            [Says::Fits, Says::FitsAtStart, Says::FitsAtEnd, Says::FitsAlone, Says::MayFit, Says::MayMatch];
        let list = all.iter().zip(0..).map(|(&says, pattern)| Literal { text: "ab".into(), pattern, says });
        let needles = Needles::new(list.collect(), Values::Long).unwrap().unwrap();
        let search = |value: &str| {
            let mut found = Vec::new();
            needles.search(value, (&Work::unlimited(), &Work::unlimited()), |pattern, _| found.push(pattern));
            found.sort_unstable();
            found.dedup();
            found
        };
        for (value, expected) in [
            ("xabx", &[0, 4, 5][..]),
            ("abx", &[0, 1, 4, 5]),
            ("xAB", &[0, 2, 4, 5]),
            ("Ab", &[0, 1, 2, 3, 4, 5]),
            ("ab-ab", &[0, 1, 2, 4, 5]),
            ("ba", &[]),
        ] {
            assert_eq!(search(value), expected, "{value}");
        }
    }

    #[test]
    fn a_value_is_searched_as_far_as_the_work_suffices() {
        let needles = Needles::new(literals(&["ab", "cd"]), Values::Long).unwrap().unwrap();
        let search = |value: &str, walk: usize, work: usize| {
            let (walk, work, mut found) = (Work::new(walk), Work::new(work), Vec::new());
            needles.search(value, (&walk, &work), |pattern, _| found.push(pattern));
            (found, walk.is_spent() || work.is_spent())
        };
        let value = format!("ab{}cd", "-".repeat(1_000));
        assert_eq!(search(&value, usize::MAX, usize::MAX), (vec![0, 1], false));
        assert_eq!(search(&value, 10_000, usize::MAX), (vec![0], true));
        assert_eq!(search(&value, usize::MAX, 600), (vec![0], true));
        assert_eq!(search(&value, 0, 0), (vec![], true));
    }

    proptest! {
        #[test]
        fn texts_are_compared_whatever_the_case(text in prop::collection::vec(any::<u8>(), 0..40), other in "[@-`]{0,20}") {
            for text in [text.as_slice(), other.as_bytes()] {
                let lower = text.to_ascii_lowercase();
                prop_assert!(is_lower(text, &lower));
                for at in 0..text.len() {
                    let mut changed = text.to_vec();
                    changed[at] ^= 0x20;
                    prop_assert_eq!(is_lower(&changed, &lower), changed.to_ascii_lowercase() == lower);
                }
            }
        }
    }

    #[test]
    fn no_literals_no_search_and_short_ones_are_refused() {
        assert!(Needles::new(Vec::new(), Values::Long).unwrap().is_none());
        assert!(Needles::new(literals(&["ab", "a"]), Values::Short).is_err());
    }

    proptest! {
        #[test]
        fn what_is_in_a_value_is_found_and_nothing_else(
            texts in prop::collection::vec("[abAé\\\\]{2,5}|[ab]{4,9}", 1..20),
            value in "[abABé\\\\ ]{0,40}",
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let value = fold(&value);
            let expected: Vec<u32> =
                texts.iter().zip(0..).filter(|(text, _)| value.contains(&*fold(text))).map(|(_, number)| number).collect();
            prop_assert_eq!(found(literals(&texts), &value), expected);
        }

        #[test]
        fn the_case_of_ascii_values_does_not_count(
            texts in prop::collection::vec("[a-cX.]{2,4}", 1..20), value in "[a-cA-CxX.]{0,30}",
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            prop_assert_eq!(found(literals(&texts), &value), found(literals(&texts), &fold(&value)));
        }
    }
}
