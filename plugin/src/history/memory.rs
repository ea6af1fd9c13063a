//! The room in which matches are remembered, and which of them leaves when it is full.
//!
//! No clock has a say: a record's time is what its host or its shipper claims. A match leaves only to make room for
//! another one.

use super::list::{Ends, Links, NONE, at};

/// The number of matches that are remembered; each takes 40 bytes, and up to 24 for its owner.
pub(super) const KEPT: usize = 4096;
/// The number of lists in which matches are found by their key. A power of two.
const CHAINS: usize = 2048;
/// The number of lists in which owners are found by their key. A power of two.
const OWNERS: usize = 2048;
/// Matches that an owner keeps while others need room.
const SHARE: u16 = 64;
/// As many owners can have more than their share.
const LARGE: usize = KEPT.div_ceil(SHARE as usize);

/// A match that a correlation may need later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Hash of the correlation and of the values that group its matches; of the rule too where rules count singly.
    pub(super) key: u64,
    /// Hash of the value that is counted.
    pub(super) value: u64,
    /// Unix time of the record, in seconds.
    pub(super) at: u32,
    /// The number of matches that came before it. It begins again after the highest.
    pub(super) number: u32,
}

impl Seen {
    /// Returns whether two matches are at most this number of seconds apart.
    pub(super) const fn is_near(&self, other: &Self, window: u32) -> bool {
        self.at.abs_diff(other.at) <= window
    }
}

#[derive(Debug)]
struct Entry {
    seen: Seen,
    /// The number of its owner.
    owner: u16,
    /// Its place among all.
    all: Links,
    /// Its place among those of which the key has the same place.
    chain: Links,
    /// Its place among those of its owner.
    owned: Links,
}

const fn all(entry: &mut Entry) -> &mut Links {
    &mut entry.all
}

const fn chain(entry: &mut Entry) -> &mut Links {
    &mut entry.chain
}

const fn owned(entry: &mut Entry) -> &mut Links {
    &mut entry.owned
}

/// Whoever takes room: one host in one correlation.
#[derive(Debug)]
struct Owner {
    /// Hash of the host's name and of the correlation.
    key: u64,
    entries: Ends,
    count: u16,
    /// The next owner of which the key has the same place, or the next one that is free.
    next: u16,
}

/// The room. It is taken at once, so that it never grows.
#[derive(Debug)]
pub(super) struct Memory {
    entries: Vec<Entry>,
    all: Ends,
    chains: Vec<Ends>,
    owners: Vec<Owner>,
    owner_chains: Vec<u16>,
    /// The first of the owners that own nothing.
    free_owner: u16,
    /// The owners of more than [`SHARE`] matches.
    large: Vec<u16>,
    /// The number of the next match.
    number: u32,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            all: Ends::EMPTY,
            chains: Vec::new(),
            owners: Vec::new(),
            owner_chains: Vec::new(),
            free_owner: NONE,
            large: Vec::new(),
            number: 0,
        }
    }
}

impl Memory {
    pub(super) fn with_room() -> Self {
        Self {
            entries: Vec::with_capacity(KEPT),
            chains: vec![Ends::EMPTY; CHAINS],
            owners: Vec::with_capacity(KEPT),
            owner_chains: vec![NONE; OWNERS],
            large: Vec::with_capacity(LARGE),
            ..Self::default()
        }
    }

    /// Returns the matches with a key, the newest to arrive first.
    pub(super) fn chain(&self, key: u64) -> impl Iterator<Item = &Seen> {
        self.numbers(key).filter_map(|number| self.entries.get(at(number))).map(|entry| &entry.seen)
    }

    fn numbers(&self, key: u64) -> impl Iterator<Item = u16> {
        let mut next = self.chains.get(place(key, CHAINS)).map_or(NONE, |list| list.newest);
        std::iter::from_fn(move || {
            loop {
                let number = next;
                let entry = self.entries.get(at(number))?;
                next = entry.chain.older;
                if entry.seen.key == key {
                    return Some(number);
                }
            }
        })
    }

    /// Remembers a match of an owner, and returns it with its number. It takes the place of a match that it makes
    /// needless: one among the `reach` newest with its key and value, and not more than `window` seconds older. Without
    /// a `window` it makes none needless.
    pub(super) fn remember(&mut self, seen: Seen, owner: u64, window: Option<u32>, reach: usize) -> Seen {
        let seen = Seen { number: self.number, ..seen };
        self.number = self.number.wrapping_add(1);
        let needless = window.and_then(|window| {
            self.numbers(seen.key).take(reach).find(|number| {
                self.entries.get(at(*number)).is_some_and(|entry| {
                    let old = &entry.seen;
                    old.value == seen.value && old.at <= seen.at && old.is_near(&seen, window)
                })
            })
        });
        let leaves = needless.or_else(|| (self.entries.len() >= KEPT).then(|| self.next_to_leave()));
        if let Some(number) = leaves {
            self.take_out(number);
        }
        let owner = self.owner(owner);
        let entry = Entry { seen, owner, all: Links::ALONE, chain: Links::ALONE, owned: Links::ALONE };
        let number = match leaves.map(|number| (number, self.entries.get_mut(at(number)))) {
            Some((number, Some(place))) => {
                *place = entry;
                number
            }
            _ => {
                self.entries.push(entry);
                u16::try_from(self.entries.len()).unwrap_or(NONE)
            }
        };
        self.put_in(number);
        seen
    }

    /// Returns the match that is to make room: the oldest of the owner that has most, if that is more than its share;
    /// else the oldest of all.
    fn next_to_leave(&self) -> u16 {
        let large = self.large.iter().filter_map(|number| self.owners.get(at(*number)));
        large.max_by_key(|owner| owner.count).map_or(self.all.oldest, |owner| owner.entries.oldest)
    }

    fn put_in(&mut self, number: u16) {
        let Some(entry) = self.entries.get(at(number)) else { return };
        let (key, owner) = (entry.seen.key, entry.owner);
        self.all.push(&mut self.entries, all, number);
        if let Some(list) = self.chains.get_mut(place(key, CHAINS)) {
            list.push(&mut self.entries, chain, number);
        }
        if let Some(owned_by) = self.owners.get_mut(at(owner)) {
            owned_by.entries.push(&mut self.entries, owned, number);
            owned_by.count = owned_by.count.saturating_add(1);
            if owned_by.count == SHARE.saturating_add(1) {
                self.large.push(owner);
            }
        }
    }

    fn take_out(&mut self, number: u16) {
        let Some(entry) = self.entries.get(at(number)) else { return };
        let (key, owner) = (entry.seen.key, entry.owner);
        self.all.unlink(&mut self.entries, all, number);
        if let Some(list) = self.chains.get_mut(place(key, CHAINS)) {
            list.unlink(&mut self.entries, chain, number);
        }
        if let Some(owned_by) = self.owners.get_mut(at(owner)) {
            owned_by.entries.unlink(&mut self.entries, owned, number);
            owned_by.count = owned_by.count.saturating_sub(1);
            match owned_by.count {
                SHARE => self.large.retain(|other| *other != owner),
                0 => self.free(owner),
                _ => {}
            }
        }
    }

    /// Returns the number of the owner with a key, a new one where there is none.
    fn owner(&mut self, key: u64) -> u16 {
        let Some(first) = self.owner_chains.get_mut(place(key, OWNERS)) else { return NONE };
        let mut next = *first;
        while let Some(owner) = self.owners.get(at(next)) {
            if owner.key == key {
                return next;
            }
            next = owner.next;
        }
        let owner = Owner { key, entries: Ends::EMPTY, count: 0, next: *first };
        let number = self.free_owner;
        *first = match self.owners.get_mut(at(number)) {
            Some(free) => {
                self.free_owner = free.next;
                *free = owner;
                number
            }
            None => {
                self.owners.push(owner);
                u16::try_from(self.owners.len()).unwrap_or(NONE)
            }
        };
        *first
    }

    /// Frees an owner that owns nothing.
    fn free(&mut self, number: u16) {
        let Some(owner) = self.owners.get(at(number)) else { return };
        let (key, behind) = (owner.key, owner.next);
        let Some(first) = self.owner_chains.get_mut(place(key, OWNERS)) else { return };
        if *first == number {
            *first = behind;
        } else {
            let mut next = *first;
            while let Some(owner) = self.owners.get_mut(at(next)) {
                if owner.next == number {
                    owner.next = behind;
                    break;
                }
                next = owner.next;
            }
        }
        if let Some(owner) = self.owners.get_mut(at(number)) {
            owner.next = self.free_owner;
        }
        self.free_owner = number;
    }

    #[cfg(test)]
    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }
}

/// Returns the place of a key among `places`, a power of two.
const fn place(key: u64, places: usize) -> usize {
    key as usize & places.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::super::folded::join;
    use super::*;
    use std::collections::{BTreeMap, VecDeque};

    fn seen(key: u64, at: u32) -> Seen {
        Seen { key, value: 0, at, number: 0 }
    }

    /// Checks that the lists agree with each other.
    fn check(memory: &Memory) {
        let mut by_owner: BTreeMap<u16, u16> = BTreeMap::new();
        let mut next = memory.all.oldest;
        let mut found = 0;
        while let Some(entry) = memory.entries.get(at(next)) {
            found += 1;
            *by_owner.entry(entry.owner).or_default() += 1;
            assert!(memory.numbers(entry.seen.key).any(|number| number == next));
            next = entry.all.newer;
        }
        assert_eq!(found, memory.entries.len(), "every entry is in the list of all");
        for (owner, count) in &by_owner {
            assert_eq!(memory.owners[at(*owner)].count, *count);
        }
        let large: Vec<u16> = by_owner.iter().filter(|(_, count)| **count > SHARE).map(|(o, _)| *o).collect();
        let mut noted = memory.large.clone();
        noted.sort_unstable();
        assert_eq!(noted, large);
        let chained: usize = (0..OWNERS)
            .map(|place| {
                let mut next = memory.owner_chains[place];
                std::iter::from_fn(|| {
                    let owner = memory.owners.get(at(next))?;
                    next = owner.next;
                    Some(())
                })
                .count()
            })
            .sum();
        assert_eq!(chained, by_owner.len(), "an owner of nothing is free");
    }

    #[test]
    fn the_lists_agree_after_any_number_of_entries() {
        let mut memory = Memory::with_room();
        let capacity = (memory.entries.capacity(), memory.owners.capacity(), memory.large.capacity());
        for number in 0..20_000_u64 {
            let random = join(7, number);
            // Some owners own much, many own little; some entries make others needless.
            let owner = if random.is_multiple_of(3) { random % 5 } else { random % 3_000 };
            let window = random.is_multiple_of(7).then_some(10);
            memory.remember(seen(join(owner, random % 4), number as u32), join(1, owner), window, 64);
            if number % 2_500 == 0 {
                check(&memory);
            }
        }
        check(&memory);
        assert_eq!(memory.len(), KEPT);
        let after = (memory.entries.capacity(), memory.owners.capacity(), memory.large.capacity());
        assert_eq!(after, capacity, "nothing grows");
    }

    #[test]
    fn the_oldest_leaves_where_nobody_owns_too_much() {
        let mut memory = Memory::with_room();
        let mut model = VecDeque::new();
        for number in 0..6_000_u64 {
            memory.remember(seen(join(3, number), 0), join(4, number), None, 64);
            model.push_back(number);
        }
        for (index, number) in model.iter().enumerate() {
            let is_kept = memory.chain(join(3, *number)).next().is_some();
            assert_eq!(is_kept, index >= model.len() - KEPT, "{number}");
        }
    }

    #[test]
    fn who_owns_most_makes_room() {
        let mut memory = Memory::with_room();
        let quiet: Vec<u64> = (0..50).map(|number| join(5, number)).collect();
        for key in &quiet {
            memory.remember(seen(*key, 0), *key, None, 64);
        }
        for noise in 0..50_000 {
            memory.remember(seen(join(6, noise), 0), 1 + noise % 3, None, 64);
        }
        assert!(quiet.iter().all(|key| memory.chain(*key).count() == 1), "of the quiet ones nothing left");
        // Those that come now find room at the cost of the loud ones.
        for key in &quiet {
            memory.remember(seen(*key, 1), *key, None, 64);
        }
        assert!(quiet.iter().all(|key| memory.chain(*key).count() == 2));
        check(&memory);
    }

    #[test]
    fn only_an_older_match_that_is_near_and_equal_is_needless() {
        for (old, new, value, left) in
            [(10, 20, 0, 1), (10, 21, 0, 2), (20, 10, 0, 2), (10, 10, 0, 1), (10, 10, 1, 2)]
        {
            let mut memory = Memory::with_room();
            memory.remember(seen(1, old), 1, Some(10), 64);
            memory.remember(Seen { value, ..seen(1, new) }, 1, Some(10), 64);
            assert_eq!(memory.chain(1).count(), left, "{old} {new} {value}");
        }
    }
}
