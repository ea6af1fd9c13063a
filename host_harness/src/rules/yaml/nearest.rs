//! "Did you mean …?"
use strsim::osa_distance;

/// The candidate that was most likely meant by a misspelt word: the one fewest edits away (insertions,
/// deletions, substitutions and swaps of neighbours, whatever the case), if these are few for its length.
pub(crate) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    /// Longer words are not misspelt keys.
    const MAX_WORD: usize = 64;
    let word = word.to_lowercase();
    if word.chars().count() > MAX_WORD {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            (osa_distance(&word, &lower), lower.chars().count(), candidate)
        })
        .filter(|&(edits, length, _)| edits <= length.div_ceil(3))
        .min_by_key(|&(edits, ..)| edits)
        .map(|(.., candidate)| candidate)
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
