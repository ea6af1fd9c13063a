//! All literals of one field's patterns, searched in one pass.
//!
//! Of each literal two neighbouring bytes are looked for, those that are rarest in commands and paths, and where they
//! stand the literal is compared. One table for all pairs takes far less room than an automaton, and little more than
//! a look at each byte where nothing is found.
use super::LoadError;
use super::groups::Groups;
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
    /// Whether every value with this text in it fits the pattern.
    pub(super) decides: bool,
}

/// Literals by pairs of bytes.
#[derive(Debug)]
pub(super) struct Needles {
    /// The class of each byte; 0 of those that are in no pair. Capital letters are as small ones.
    classes: Box<[u8; 256]>,
    /// How many classes there are.
    width: usize,
    /// By the classes of two bytes: the number of their list in `lists`, from 1; 0 where there is none.
    pairs: Vec<u16>,
    /// The needles of each pair.
    lists: Groups,
    needles: Vec<Needle>,
    texts: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Needle {
    pattern: u32,
    /// The place of its text in `texts`.
    start: u32,
    length: u8,
    /// Where in the text the pair stands.
    offset: u8,
    decides: bool,
}

impl Needles {
    /// Shorter literals, in bytes, cannot be searched.
    pub(super) const SHORTEST: usize = 2;

    /// Prepares the search; `None` without literals.
    pub(super) fn new(mut literals: Vec<Literal>) -> Result<Option<Self>, LoadError> {
        const TOO_MANY: LoadError = LoadError::Unusable("its literals are too many for one search");
        if literals.is_empty() {
            return Ok(None);
        }
        literals.sort_unstable();
        literals.dedup();
        let mut by_pair: BTreeMap<[u8; 2], Vec<Needle>> = BTreeMap::new();
        let (mut texts, mut last): (Vec<u8>, Option<(u32, &[u8])>) = (Vec::new(), None);
        for literal in &literals {
            let text = literal.text.as_bytes();
            let compared = text.get(..COMPARED).unwrap_or(text);
            let start = match last {
                Some((start, same)) if same == compared => start,
                _ => {
                    let start = u32::try_from(texts.len()).map_err(|_| TOO_MANY)?;
                    texts.extend_from_slice(compared);
                    start
                }
            };
            last = Some((start, compared));
            let (offset, pair) = rarest_pair(compared, |pair| by_pair.get(&pair).map_or(0, Vec::len))
                .ok_or(LoadError::Unusable("a literal is too short to be searched"))?;
            by_pair.entry(pair).or_default().push(Needle {
                pattern: literal.pattern,
                start,
                length: u8::try_from(compared.len()).map_err(|_| TOO_MANY)?,
                offset,
                decides: literal.decides && compared.len() == text.len(),
            });
        }
        let mut classes = Box::new([0_u8; 256]);
        let mut count = 0_u8;
        for byte in by_pair.keys().flatten() {
            for (class, member) in classes.iter_mut().zip(0..=u8::MAX) {
                if member == *byte && *class == 0 {
                    count = count.checked_add(1).ok_or(TOO_MANY)?;
                    *class = count;
                }
            }
        }
        let small = *classes;
        for (class, member) in
            classes.iter_mut().zip(0..=u8::MAX).filter(|(_, member)| member.is_ascii_uppercase())
        {
            *class = class_of(&small, member.to_ascii_lowercase());
        }
        let width = usize::from(count) + 1;
        let mut pairs = vec![0; width * width];
        for ([first, second], number) in by_pair.keys().zip(1_usize..) {
            let cell =
                usize::from(class_of(&classes, *first)) * width + usize::from(class_of(&classes, *second));
            if let Some(cell) = pairs.get_mut(cell) {
                *cell = u16::try_from(number).map_err(|_| TOO_MANY)?;
            }
        }
        let numbered =
            by_pair.values().zip(0_usize..).flat_map(|(list, number)| list.iter().map(move |_| number));
        let lists = Groups::new(by_pair.len(), numbered.zip(0_u32..));
        let needles = by_pair.into_values().flatten().collect();
        texts.shrink_to_fit();
        Ok(Some(Self { classes, width, pairs, lists, needles, texts }))
    }

    /// Calls `found` with every pattern whose literal occurs in a value, possibly several times, and with whether the
    /// value fits the pattern for certain. The value's ASCII letters may be of any case; where it has others, it must
    /// be folded.
    pub(super) fn search(&self, value: &str, mut found: impl FnMut(u32, bool)) {
        let value = value.as_bytes();
        let mut row = 0;
        for (at, &byte) in value.iter().enumerate() {
            let class = usize::from(class_of(&self.classes, byte));
            let list = self.pairs.get(row + class).copied().unwrap_or(0);
            if let Some(list) = usize::from(list).checked_sub(1) {
                self.compare(list, value, at.saturating_sub(1), &mut found);
            }
            row = class * self.width;
        }
    }

    /// Compares the literals of a pair that stands at a place.
    #[inline(never)]
    fn compare(&self, list: usize, value: &[u8], at: usize, found: &mut impl FnMut(u32, bool)) {
        for &number in self.lists.of(list) {
            let Some(needle) = self.needles.get(number as usize) else { continue };
            let text =
                self.texts.get(needle.start as usize..).and_then(|t| t.get(..usize::from(needle.length)));
            let stands = at.checked_sub(usize::from(needle.offset)).and_then(|start| value.get(start..));
            if let (Some(text), Some(stands)) = (text, stands)
                && begins_with(stands, text)
            {
                found(needle.pattern, needle.decides);
            }
        }
    }
}

/// Whether a value begins with a folded text, whatever the case of its ASCII letters.
fn begins_with(value: &[u8], text: &[u8]) -> bool {
    value.len() >= text.len()
        && value.iter().zip(text).all(|(byte, expected)| byte.to_ascii_lowercase() == *expected)
}

fn class_of(classes: &[u8; 256], byte: u8) -> u8 {
    classes.get(usize::from(byte)).copied().unwrap_or(0)
}

/// The pair of neighbouring bytes of a literal that will lead to the fewest comparisons, and where it stands. `taken`
/// says how many literals a pair has already.
fn rarest_pair(text: &[u8], taken: impl Fn([u8; 2]) -> usize) -> Option<(u8, [u8; 2])> {
    let pairs =
        text.windows(2).zip(0..=u8::MAX).filter_map(|(pair, at)| Some((at, <[u8; 2]>::try_from(pair).ok()?)));
    pairs.min_by_key(|(_, [first, second])| {
        let literals = taken([*first, *second]).saturating_add(1);
        frequency(*first).saturating_mul(frequency(*second)).saturating_mul(literals)
    })
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
        let literal =
            |(text, pattern): (&&str, u32)| Literal { text: fold(text).into_owned(), pattern, decides: true };
        texts.iter().zip(0..).map(literal).collect()
    }

    fn found(literals: Vec<Literal>, value: &str) -> Vec<u32> {
        let needles = Needles::new(literals).unwrap().unwrap();
        let mut found = Vec::new();
        needles.search(value, |pattern, _| found.push(pattern));
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
        let needles = Needles::new(literals(&[&long, "aa"])).unwrap().unwrap();
        let mut found = Vec::new();
        needles.search(&"a".repeat(33), |pattern, decides| found.push((pattern, decides)));
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, [(0, false), (1, true)]);
    }

    #[test]
    fn no_literals_no_search_and_short_ones_are_refused() {
        assert!(Needles::new(Vec::new()).unwrap().is_none());
        assert!(Needles::new(literals(&["ab", "a"])).is_err());
    }

    proptest! {
        #[test]
        fn what_is_in_a_value_is_found_and_nothing_else(
            texts in prop::collection::vec("[abAé\\\\]{2,5}", 1..20),
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
            texts in prop::collection::vec("[a-cX.]{2,4}", 1..9), value in "[a-cA-CxX.]{0,30}",
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            prop_assert_eq!(found(literals(&texts), &value), found(literals(&texts), &fold(&value)));
        }
    }
}
