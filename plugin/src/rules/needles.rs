//! All literals of one field's patterns, searched in one pass.
use super::LoadError;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// An Aho-Corasick automaton over distinct literals, each of which stands for some patterns.
#[derive(Debug)]
pub(super) struct Needles {
    automaton: AhoCorasick,
    /// The patterns of each literal.
    patterns: Vec<Vec<u32>>,
}

impl Needles {
    /// Builds the automaton; `None` without literals.
    pub(super) fn new(mut literals: Vec<(String, u32)>) -> Result<Option<Self>, LoadError> {
        if literals.is_empty() {
            return Ok(None);
        }
        literals.sort();
        let mut texts: Vec<String> = Vec::new();
        let mut patterns: Vec<Vec<u32>> = Vec::new();
        for (text, pattern) in literals {
            match (texts.last(), patterns.last_mut()) {
                (Some(last), Some(group)) if *last == text => group.push(pattern),
                _ => {
                    texts.push(text);
                    patterns.push(vec![pattern]);
                }
            }
        }
        for group in &mut patterns {
            group.shrink_to_fit();
        }
        patterns.shrink_to_fit();
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            .build(&texts)
            .map_err(|_| LoadError::Unusable("its literals are too many for one automaton"))?;
        Ok(Some(Self { automaton, patterns }))
    }

    /// Calls `found` with every pattern whose literal occurs in a folded value, possibly several times.
    pub(super) fn search(&self, folded: &str, mut found: impl FnMut(u32)) {
        for occurrence in self.automaton.find_overlapping_iter(folded) {
            for &pattern in self.patterns.get(occurrence.pattern().as_usize()).into_iter().flatten() {
                found(pattern);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_literal_is_found_also_inside_another() {
        let literals = [("powershell", 0), ("shell", 1), ("shell", 2), ("zsh", 3)];
        let needles = Needles::new(literals.map(|(t, p)| (t.to_owned(), p)).to_vec()).unwrap().unwrap();
        let mut found = Vec::new();
        needles.search("c:\\powershell.exe", |p| found.push(p));
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, [0, 1, 2]);
    }

    #[test]
    fn no_literals_no_automaton() {
        assert!(Needles::new(Vec::new()).unwrap().is_none());
    }
}
