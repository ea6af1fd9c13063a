//! Runs the rounds of a collector in a few units each. What stands after it in the body runs in the rounds in which its
//! condition holds.

use crate::cmd::collector::Collector;
use crate::cmd::for_loop::Values;
use crate::cmd::machine::Machine;

/// Units of one such round.
const ROUND: usize = 1_000;

impl Machine<'_> {
    /// Runs rounds of such a loop while none of its conditions holds. Returns the number of the round that has to go on
    /// with the commands after it, and `None` where the next round, if there is one, is to be run as any other.
    #[inline(never)]
    pub(super) fn collect(
        &mut self,
        collector: &Collector,
        values: &mut Values,
        floor: usize,
    ) -> Option<i64> {
        let target = self.variables.position(&collector.target).filter(|_| self.delayed)?;
        let source = self.variables.picked(&collector.source)?;
        let (mut ends, before) = (None, self.commands);
        while ends.is_none() && self.work.left() >= floor && self.work.spend(ROUND) {
            let Some(number) = values.number() else { break };
            let Ok(start) = usize::try_from(number) else { break };
            let Some(count) = self.variables.pick(target, &source, start, collector.length) else { break };
            values.pass();
            self.commands = self.commands.saturating_add(1);
            self.collected(count < 2);
            ends = collector.tests.iter().any(|test| test.holds(number)).then_some(number);
        }
        if self.commands > before {
            self.step_of_round(&collector.target, "");
        }
        ends
    }
}
