//! The rows of an event: what all actions share, then each action with a share of the work.

use super::candidates::Candidates;
use super::hits::{Hits, Mark};
use super::{Matcher, Order, PART, Prepared, Scratch};
use crate::fields::{Field, Fields};
use crate::work::Work;

/// Units of work for a row, its fields gone through.
const ROW: usize = 12_000;
/// The most rows that the rest of the work is shared by.
const SHARES: usize = 64;

/// The fields and the action for which the rules are evaluated.
pub(super) struct Row<'t, 'w, F> {
    /// The fields that all actions share.
    pub(super) shared: &'t F,
    /// The fields of this action.
    pub(super) own: &'t F,
    /// The action will become a process.
    processes: bool,
    /// Its index; rules that look at no action are decided on the first.
    pub(super) index: Option<usize>,
    /// Its share of the work.
    pub(super) work: &'w Work,
}

impl<F> Row<'_, '_, F> {
    /// Returns whether a rule is decided here: on processes only, or on the first row when no action matters.
    pub(super) fn asks(&self, rule: &Prepared) -> bool {
        (!rule.per_process || self.processes)
            && (rule.per_action || self.index.is_none_or(|index| index == 0))
    }
}

impl Matcher {
    /// Collects the hits on the event and each action in turn, and hands them on.
    pub(super) fn each_row<'t, F: Fields>(
        &self,
        event: &'t F,
        actions: &'t [F],
        order: Order<'_>,
        work: &Work,
        scratch: &mut Scratch,
        mut use_row: impl FnMut(Row<'t, '_, F>, &mut Scratch),
    ) {
        scratch.hits.reset(self.tests.len());
        let part = work.lend(work.left().checked_div(PART).unwrap_or(0));
        let [of_event, of_action] = &self.fields;
        self.collect(of_event, (event, event), &part, &mut scratch.hits);
        work.take_back(&part);
        let shared = scratch.hits.mark();
        scratch.shared.reset(self.rules.len());
        let always = (0_u32..).zip(&self.rules).filter(|(_, rule)| rule.always).map(|(index, _)| index);
        scratch.shared.add(always);
        self.add_triggered(Mark::default(), &scratch.hits, &mut scratch.shared);
        let rows = if actions.is_empty() { 1 } else { order.rows.len() };
        for place in 0..rows {
            let index = order.rows.get(place).copied().filter(|_| !actions.is_empty());
            let own = index.and_then(|index| actions.get(index));
            // What a row leaves is for those after it.
            let sharing = match order.first.checked_sub(place) {
                Some(firsts) if firsts > 0 => firsts.saturating_add(usize::from(rows > order.first)),
                _ => rows.saturating_sub(place).min(SHARES),
            };
            let share = work.lend(work.left().checked_div(sharing).unwrap_or(0));
            if let Some(action) = own {
                scratch.hits.return_to(shared);
                if share.spend(ROW) {
                    // Something stays for the rules.
                    let part = share.lend(share.left() / 2);
                    self.collect(of_action, (action, event), &part, &mut scratch.hits);
                    self.cross(event, action, &part, &mut scratch.hits);
                    share.take_back(&part);
                }
            }
            scratch.rules.copy_from(&scratch.shared);
            self.add_triggered(shared, &scratch.hits, &mut scratch.rules);
            let processes = own.is_some_and(|action| !action.values(Field::Image).is_empty());
            use_row(
                Row { shared: event, own: own.unwrap_or(event), processes, index, work: &share },
                scratch,
            );
            scratch.hits.incomplete |= share.is_spent();
            work.take_back(&share);
        }
    }

    /// Adds the rules that a pattern triggers which was found since a mark.
    fn add_triggered(&self, since: Mark, hits: &Hits, rules: &mut Candidates) {
        for pattern in hits.since(since) {
            rules.add(self.triggered.of(pattern as usize));
        }
    }
}
