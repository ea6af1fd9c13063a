//! Lists of numbers by number, in two runs of memory.

/// For each of `0..n`, a list of numbers.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Where each list ends in `numbers`; it begins where the one before ends.
    ends: Vec<u32>,
    numbers: Vec<u32>,
}

impl Groups {
    /// `count` lists, of (list, number) pairs in the order of the lists.
    pub(super) fn new(count: usize, pairs: impl Iterator<Item = (usize, u32)>) -> Self {
        let mut groups = Self { ends: vec![0; count], numbers: Vec::new() };
        for (list, number) in pairs {
            groups.numbers.push(number);
            if let Some(end) = groups.ends.get_mut(list) {
                *end = u32::try_from(groups.numbers.len()).unwrap_or(u32::MAX);
            }
        }
        // Empty lists end where the one before does.
        let mut last = 0;
        for end in &mut groups.ends {
            last = last.max(*end);
            *end = last;
        }
        groups.numbers.shrink_to_fit();
        groups
    }

    /// A list.
    pub(super) fn of(&self, list: usize) -> &[u32] {
        let end = |list: usize| self.ends.get(list).map(|end| *end as usize);
        let start = list.checked_sub(1).map_or(Some(0), end);
        start.zip(end(list)).and_then(|(start, end)| self.numbers.get(start..end)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_given_back() {
        let groups = Groups::new(5, [(0, 7), (0, 8), (2, 9), (4, 1)].into_iter());
        let lists: Vec<&[u32]> = (0..6).map(|list| groups.of(list)).collect();
        assert_eq!(lists, [&[7, 8][..], &[], &[9], &[], &[1], &[]]);
        assert!(Groups::default().of(0).is_empty());
    }
}
