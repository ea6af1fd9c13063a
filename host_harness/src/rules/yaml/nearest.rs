//! "Did you mean …?"

/// The candidate that was most likely meant by a misspelt word: the one fewest edits away (insertions,
/// deletions, substitutions and swaps of neighbours, whatever the case), if these are few for its length.
pub(crate) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    /// Longer words are not misspelt keys.
    const MAX_WORD: usize = 64;
    let word: Vec<char> = word.to_lowercase().chars().collect();
    if word.len() > MAX_WORD {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| {
            let letters: Vec<char> = candidate.to_lowercase().chars().collect();
            (edits(&word, &letters), letters.len(), candidate)
        })
        .filter(|&(edits, length, _)| edits <= length.div_ceil(3))
        .min_by_key(|&(edits, ..)| edits)
        .map(|(.., candidate)| candidate)
}

/// Optimal string alignment distance.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX);
            let replaced = at(&above, j).saturating_add(usize::from(x != y));
            let inserted = at(&row, j).saturating_add(1);
            let deleted = at(&above, j.saturating_add(1)).saturating_add(1);
            let mut best = replaced.min(inserted).min(deleted);
            if let (Some(i), Some(j)) = (i.checked_sub(1), j.checked_sub(1))
                && a.get(i) == Some(y)
                && b.get(j) == Some(x)
            {
                best = best.min(at(&before, j).saturating_add(1));
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let fields = ["task.command_line", "task.command", "TaskName", "Image"];
        for (word, meant) in [
            ("task.comand_line", Some("task.command_line")),
            ("taskname", Some("TaskName")),
            ("TaksName", Some("TaskName")),
            ("Imag", Some("Image")),
            ("OriginalFileName", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, fields), meant, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(10_000), fields), None);
    }
}
