//! Lists of numbers by number, in two runs of memory.

use super::LoadError;

/// For each of `0..n`, a list of numbers.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Where each list ends in `numbers`; it begins where the one before ends.
    ends: Vec<u16>,
    numbers: Vec<u16>,
}

impl Groups {
    /// Makes `count` lists of (list, number) pairs, which are in the order of the lists.
    pub(super) fn new(count: usize, pairs: impl Iterator<Item = (usize, u32)>) -> Result<Self, LoadError> {
        const TOO_MANY: LoadError = LoadError::Unusable("its rules name too many patterns");
        let mut groups = Self { ends: vec![0; count], numbers: Vec::new() };
        for (list, number) in pairs {
            groups.numbers.push(u16::try_from(number).map_err(|_| TOO_MANY)?);
            if let Some(end) = groups.ends.get_mut(list) {
                *end = u16::try_from(groups.numbers.len()).map_err(|_| TOO_MANY)?;
            }
        }
        // Empty lists end where the one before does.
        let mut last = 0;
        for end in &mut groups.ends {
            last = last.max(*end);
            *end = last;
        }
        groups.numbers.shrink_to_fit();
        Ok(groups)
    }

    /// Returns a list.
    pub(super) fn of(&self, list: usize) -> impl ExactSizeIterator<Item = u32> {
        let end = |list: usize| self.ends.get(list).map(|end| usize::from(*end));
        let start = list.checked_sub(1).map_or(Some(0), end);
        let numbers = start.zip(end(list)).and_then(|(start, end)| self.numbers.get(start..end));
        numbers.unwrap_or_default().iter().map(|number| u32::from(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_given_back() {
        let groups = Groups::new(5, [(0, 7), (0, 8), (2, 9), (4, 1)].into_iter()).unwrap();
        let lists: Vec<Vec<u32>> = (0..6).map(|list| groups.of(list).collect()).collect();
        assert_eq!(lists, [&[7, 8][..], &[], &[9], &[], &[1], &[]]);
        assert_eq!(Groups::default().of(0).len(), 0);
    }

    #[test]
    fn more_numbers_than_fit_are_refused() {
        assert!(Groups::new(1, [(0, 70_000)].into_iter()).is_err());
        assert!(Groups::new(1, (0..70_000).map(|_| (0, 1))).is_err());
    }
}
