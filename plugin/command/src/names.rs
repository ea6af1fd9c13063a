//! A set of names by a short number for each, which tells most other names apart without a comparison.

use schtag_task::byte_set::ByteSet;

/// The numbers of names. The case of ASCII letters does not count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names(ByteSet);

impl Names {
    /// Returns a set of no names.
    pub(super) const fn new() -> Self {
        Self(ByteSet::new())
    }

    /// Returns the set with one name more.
    pub(super) const fn with(self, name: &str) -> Self {
        Self(self.0.with(Self::number(name.as_bytes())))
    }

    /// Returns false for most names that are not in the set, and for none that is.
    pub(super) fn may_have(&self, name: &str) -> bool {
        self.0.contains(Self::number(name.as_bytes()))
    }

    /// The number of a name: of its length, its first and its last letter.
    const fn number(name: &[u8]) -> u8 {
        let (Some(first), Some(last)) = (name.first(), name.last()) else { return 0 };
        let (first, last) = (first.to_ascii_lowercase(), last.to_ascii_lowercase());
        (name.len() as u8).wrapping_mul(37) ^ first.wrapping_mul(5) ^ last.wrapping_mul(19)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_set_is_found_and_most_others_are_not() {
        const LIST: [&str; 4] = ["ComSpec", "PATH", "windir", "x"];
        let names = LIST.into_iter().fold(Names::new(), Names::with);
        for name in LIST {
            assert!(names.may_have(name) && names.may_have(&name.to_uppercase()), "{name}");
        }
        let others = (0..1_000).filter(|n| names.may_have(&format!("v{n}"))).count();
        assert!(others < 100, "{others}");
    }
}
