//! Lists through one array of entries: each entry is in several lists at a time.

/// No entry. The numbers of entries begin with 1, so that empty lists are zeros, which take no room in the module.
pub(super) const NONE: u16 = 0;

/// Returns the place of an entry in the array; of [`NONE`] one that no array has.
pub(super) const fn at(number: u16) -> usize {
    number.wrapping_sub(1) as usize
}

/// The entries before and after one in a list, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Links {
    pub(super) older: u16,
    pub(super) newer: u16,
}

/// The first and the last entry of a list, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) oldest: u16,
    pub(super) newest: u16,
}

impl Links {
    /// In no list, or alone in one.
    pub(super) const ALONE: Self = Self { older: NONE, newer: NONE };
}

impl Ends {
    /// An empty list.
    pub(super) const EMPTY: Self = Self { oldest: NONE, newest: NONE };

    /// Adds an entry, which is in no such list yet, as the newest one. `links` gives the links of an entry.
    pub(super) fn push<T>(&mut self, entries: &mut [T], links: fn(&mut T) -> &mut Links, number: u16) {
        let older = self.newest;
        match entries.get_mut(at(older)) {
            Some(before) => links(before).newer = number,
            None => self.oldest = number,
        }
        if let Some(entry) = entries.get_mut(at(number)) {
            *links(entry) = Links { older, newer: NONE };
        }
        self.newest = number;
    }

    /// Takes out an entry that is in the list.
    pub(super) fn unlink<T>(&mut self, entries: &mut [T], links: fn(&mut T) -> &mut Links, number: u16) {
        let Some(entry) = entries.get_mut(at(number)) else { return };
        let Links { older, newer } = std::mem::replace(links(entry), Links::ALONE);
        match entries.get_mut(at(older)) {
            Some(before) => links(before).newer = newer,
            None => self.oldest = newer,
        }
        match entries.get_mut(at(newer)) {
            Some(behind) => links(behind).older = older,
            None => self.newest = older,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_leave_from_every_place() {
        let links: fn(&mut Links) -> &mut Links = |links| links;
        for (leave, stay) in [(1, [2, 3]), (2, [1, 3]), (3, [1, 2])] {
            let mut entries = [Links::ALONE; 3];
            let mut list = Ends::EMPTY;
            (1..=3).for_each(|number| list.push(&mut entries, links, number));
            list.unlink(&mut entries, links, leave);
            assert_eq!(list, Ends { oldest: stay[0], newest: stay[1] });
            assert_eq!(entries[at(stay[0])], Links { older: NONE, newer: stay[1] });
            assert_eq!(entries[at(stay[1])], Links { older: stay[0], newer: NONE });
            stay.into_iter().for_each(|number| list.unlink(&mut entries, links, number));
            assert_eq!(list, Ends::EMPTY);
        }
    }
}
