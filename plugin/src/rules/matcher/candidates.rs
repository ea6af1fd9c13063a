//! The rules that may match on what was found.

/// A set of rules.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// One bit for each rule.
    bits: Vec<u64>,
}

impl Candidates {
    /// Empties the set, and makes room for `rules` rules.
    pub(super) fn reset(&mut self, rules: usize) {
        self.bits.clear();
        self.bits.resize(rules.div_ceil(64), 0);
    }

    /// Makes the set the same as another.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.bits.clone_from(&other.bits);
    }

    /// Adds rules.
    pub(super) fn add(&mut self, rules: impl IntoIterator<Item = u32>) {
        for rule in rules {
            if let Some(word) = self.bits.get_mut(rule as usize / 64) {
                *word |= 1 << (rule % 64);
            }
        }
    }

    /// The rules in the set, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        (0_u32..).step_by(64).zip(&self.bits).flat_map(|(first, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.wrapping_sub(1);
                (bit < 64).then(|| first.saturating_add(bit))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_given_once_and_in_order() {
        let (mut shared, mut own) = (Candidates::default(), Candidates::default());
        shared.reset(130);
        shared.add([129, 0, 63, 0, 64, 500]);
        own.copy_from(&shared);
        own.add([1, 129]);
        assert_eq!(own.iter().collect::<Vec<_>>(), [0, 1, 63, 64, 129]);
        assert_eq!(shared.iter().collect::<Vec<_>>(), [0, 63, 64, 129]);
        own.reset(0);
        assert_eq!(own.iter().count(), 0);
    }
}
