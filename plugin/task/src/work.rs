//! The work that one record may cost: a meter that every step of the reading charges.
//!
//! One unit is about one WebAssembly instruction. A step charges the bytes that it is about to walk, not those
//! that come out of it, and before it walks them. When the units are spent, the step stops, keeps what it has
//! and notes what was not read ([`Note::WorkSpent`](crate::event::Note::WorkSpent)).

use std::cell::Cell;

/// Units that judging one record may cost beyond one linear pass over its bytes.
pub const RECORD: usize = 8_900_000;
/// Units that a pass over a byte of the record may cost besides.
const BYTE: usize = 100;
/// The most bytes of a record that are passed over: no text in it is read further.
const PASSED: usize = 64 * 1024;

/// Returns the units that judging a record of this length in bytes may cost.
pub fn of_record(bytes: usize) -> usize {
    Work::share(RECORD, BYTE, bytes)
}

/// A budget of work. It is shared by reference: whoever walks bytes charges it.
///
/// ```
/// # use schtag_task::work::Work;
/// let work = Work::new(100);
/// assert!(work.spend(60), "enough is left");
/// assert!(!work.spend(60), "40 are left");
/// assert!(work.is_spent() && !work.spend(1), "from then on nothing more is granted");
/// ```
#[derive(Debug)]
pub struct Work {
    left: Cell<usize>,
    spent: Cell<bool>,
}

impl Work {
    /// Returns the units that a share of `units` has with those for each byte of a text, as far as that is read.
    ///
    /// ```
    /// # use schtag_task::work::Work;
    /// assert_eq!(Work::share(1_000, 60, 10), 1_600);
    /// assert_eq!(Work::share(0, 1, usize::MAX), 65_536);
    /// ```
    pub fn share(units: usize, a_byte: usize, bytes: usize) -> usize {
        units.saturating_add(bytes.min(PASSED).saturating_mul(a_byte))
    }

    /// Returns a budget of this number of units.
    pub const fn new(units: usize) -> Self {
        Self { left: Cell::new(units), spent: Cell::new(false) }
    }

    /// Returns a budget that no native test or tool exceeds.
    pub const fn unlimited() -> Self {
        Self::new(usize::MAX)
    }

    /// Charges units. Returns false when fewer are left; then the budget is spent, and grants nothing more.
    #[must_use]
    pub fn spend(&self, units: usize) -> bool {
        match self.left.get().checked_sub(units) {
            Some(left) if !self.spent.get() => {
                self.left.set(left);
                true
            }
            _ => {
                self.spent.set(true);
                false
            }
        }
    }

    /// Charges one walk over `bytes`, at `units_a_byte`, and [`CALL`] for the step itself.
    #[must_use]
    pub fn walk(&self, bytes: usize, units_a_byte: usize) -> bool {
        self.spend(bytes.saturating_mul(units_a_byte).saturating_add(CALL))
    }

    /// Charges a walk over as many of the bytes as are granted, and returns how many those are: all of them, or, where
    /// that is more than is left, as many as half of the rest pays for. Then the budget is spent.
    #[must_use]
    pub fn walk_part(&self, bytes: usize, units_a_byte: usize) -> usize {
        if self.walk(bytes, units_a_byte) {
            return bytes;
        }
        let units = self.left.get() / 2;
        self.left.set(self.left.get().saturating_sub(units));
        units.checked_div(units_a_byte).unwrap_or(0).min(bytes)
    }

    /// Returns the units that are left.
    pub const fn left(&self) -> usize {
        self.left.get()
    }

    /// Returns whether a step was refused.
    pub const fn is_spent(&self) -> bool {
        self.spent.get()
    }

    /// Takes at most `units` out of this budget and returns them as a budget of their own, so that a costly part
    /// of a record cannot spend the share of the others. [`Self::take_back`] returns what is left of it.
    pub fn lend(&self, units: usize) -> Self {
        let lent = units.min(self.left.get());
        self.left.set(self.left.get().saturating_sub(lent));
        Self::new(lent)
    }

    /// Adds what is left of a budget that [`Self::lend`] gave. Being spent does not pass on.
    pub fn take_back(&self, lent: &Self) {
        self.left.set(self.left.get().saturating_add(lent.left.replace(0)));
    }
}

/// Units that a step costs whatever its length: the call, an allocation, a look-up.
pub const CALL: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_step_spends_the_budget() {
        let work = Work::new(10);
        assert!(!work.spend(11) && work.is_spent());
        assert_eq!(work.left(), 10);
        assert!(!work.spend(0));
    }

    #[test]
    fn a_lent_budget_is_apart() {
        let work = Work::new(100);
        let lent = work.lend(30);
        assert_eq!((work.left(), lent.left()), (70, 30));
        assert!(!lent.spend(31), "the others' share is not touched");
        work.take_back(&lent);
        assert_eq!((work.left(), work.is_spent()), (100, false));
        assert_eq!(work.lend(1000).left(), 100);
    }

    #[test]
    fn a_walk_that_is_too_long_is_granted_in_part() {
        let work = Work::new(1_000);
        assert_eq!(work.walk_part(100, 2), 100);
        assert_eq!((work.left(), work.is_spent()), (600, false));
        assert_eq!(work.walk_part(1_000, 3), 100);
        assert_eq!((work.left(), work.is_spent()), (300, true));
    }

    #[test]
    fn lengths_saturate() {
        let work = Work::unlimited();
        assert!(work.walk(usize::MAX / 4, 2));
        assert!(!Work::new(usize::MAX - 1).walk(usize::MAX, 2));
    }
}
