//! The rarest pairs and bytes of a literal: those that lead to the fewest comparisons.

/// Where those pairs of a literal begin, as many as follow each other, that will lead to the fewest comparisons.
/// `taken` says how many literals a pair has already.
pub(super) fn rarest_pairs(text: &[u8], count: usize, taken: impl Fn([u8; 2]) -> usize) -> usize {
    let cost = |pair: &[u8]| {
        let [first, second] = <[u8; 2]>::try_from(pair).unwrap_or_default();
        let literals = taken([first, second]).saturating_add(1);
        frequency(first).saturating_mul(frequency(second)).saturating_mul(literals)
    };
    let costs = text.windows(count.saturating_add(1)).map(|pairs| pairs.windows(2).map(cost).sum::<usize>());
    costs.zip(0..).min().map_or(0, |(_, first)| first)
}

/// Returns about how often the rarest pair of a literal stands in commands and paths.
pub(in crate::rules) fn rarity(text: &[u8]) -> usize {
    let pairs = text.iter().zip(text.iter().skip(1));
    pairs
        .map(|(&first, &second)| frequency(first).saturating_mul(frequency(second)))
        .min()
        .unwrap_or(usize::MAX)
}

/// The rarest byte of a literal that is not in the pair at `offset`, and where it stands; the first byte where there
/// is none.
pub(super) fn probe(text: &[u8], offset: u8) -> (u8, u8) {
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
