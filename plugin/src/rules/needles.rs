//! All literals of one field's patterns, searched in one pass.
use super::LoadError;
use super::groups::Groups;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// Literals are searched by this many of their first bytes: what follows is tested with the whole pattern, and
/// the automaton stays small.
const SEARCHED: usize = 10;

/// An Aho-Corasick automaton over the beginnings of literals, each of which stands for some patterns.
#[derive(Debug)]
pub(super) struct Needles {
    automaton: AhoCorasick,
    /// The patterns of each beginning.
    patterns: Groups,
}

impl Needles {
    /// Builds the automaton; `None` without literals.
    pub(super) fn new(literals: &[(String, u32)]) -> Result<Option<Self>, LoadError> {
        if literals.is_empty() {
            return Ok(None);
        }
        let mut sorted: Vec<(&str, u32)> = literals.iter().map(|(text, p)| (beginning(text), *p)).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut texts: Vec<&str> = sorted.iter().map(|(text, _)| *text).collect();
        texts.dedup();
        let number = |text: &str| texts.binary_search(&text).unwrap_or_default();
        let patterns =
            Groups::new(texts.len(), sorted.iter().map(|(text, pattern)| (number(text), *pattern)));
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            // Dense states are faster, and most of the size.
            .dense_depth(1)
            .build(&texts)
            .map_err(|_| LoadError::Unusable("its literals are too many for one automaton"))?;
        Ok(Some(Self { automaton, patterns }))
    }

    /// Calls `found` with every pattern whose literal occurs in a folded value, possibly several times.
    pub(super) fn search(&self, folded: &str, mut found: impl FnMut(u32)) {
        for occurrence in self.automaton.find_overlapping_iter(folded) {
            self.patterns.of(occurrence.pattern().as_usize()).iter().copied().for_each(&mut found);
        }
    }
}

/// The part of a literal that is searched.
fn beginning(literal: &str) -> &str {
    let end = (0..=SEARCHED.min(literal.len())).rev().find(|&end| literal.is_char_boundary(end));
    end.and_then(|end| literal.get(..end)).unwrap_or(literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_literal_is_found_also_inside_another() {
        let literals = [("powershell", 0), ("shell", 1), ("shell", 2), ("zsh", 3)];
        let needles = Needles::new(&literals.map(|(t, p)| (t.to_owned(), p))).unwrap().unwrap();
        let mut found = Vec::new();
        needles.search("c:\\powershell.exe", |p| found.push(p));
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, [0, 1, 2]);
    }

    #[test]
    fn a_long_literal_is_searched_by_its_beginning() {
        assert_eq!(beginning("c:\\windows\\system32"), "c:\\windows");
        assert_eq!(beginning("aaaaaaaaaé"), "aaaaaaaaa");
        assert_eq!(beginning("ab"), "ab");
    }

    #[test]
    fn no_literals_no_automaton() {
        assert!(Needles::new(&[]).unwrap().is_none());
    }
}
