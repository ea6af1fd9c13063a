//! Loops that put a text together character by character, `set y=!y!!x:~%i,1!`, in a few units a round. What stands
//! after it in the body runs in the rounds in which its condition holds.

use super::{Machine, Place};
use crate::cmd::condition::{Kind, OfRounds};
use crate::cmd::for_loop::Values;
use crate::cmd::lexer::{BEFORE_COMMAND, REFERENCES};
use crate::cmd::parse::Node;
use crate::cmd::{builtins, number, split_name};
use schtag_task::byte_set::ByteSet;

/// Signs that the name of a variable of one character at a time does not have.
const UNKNOWN_NAME: ByteSet = ByteSet::of(b"%!\"/");
/// Signs that make a value depend on more than the variable.
const UNKNOWN_VALUE: ByteSet = ByteSet::of(b"%!^");

/// Units of one such round.
const ROUND: usize = 1_000;

/// The body of such a loop.
pub(super) struct Collector {
    target: String,
    source: String,
    /// The number of characters that a round takes.
    length: usize,
    /// The conditions after it.
    tests: Vec<OfRounds>,
    /// The list in which it stands.
    pub(super) list: Option<usize>,
}

impl Collector {
    /// Reads a body. `None` where it is of another kind.
    pub(super) fn of(place: &Place, body: usize, variable: char) -> Option<Self> {
        let nodes = &place.program.nodes;
        let (first, rest, list) = match nodes.get(body)? {
            Node::Simple(simple) => (simple, &[] as &[_], None),
            Node::List(items) => {
                let (first, rest) = items.split_first()?;
                let Node::Simple(simple) = nodes.get(first.node)? else { return None };
                if rest.iter().any(|item| item.piped) {
                    return None;
                }
                (simple, rest, Some(body))
            }
            _ => return None,
        };
        if place.child || place.settled || first.input.is_some() || first.output.is_some() {
            return None;
        }
        let spelled = ['%', variable].iter().collect::<String>();
        let mut tests = Vec::new();
        for item in rest {
            match nodes.get(item.node)? {
                Node::If(test, _, None) => match &test.kind {
                    Kind::Compare(left, _, right) if *left == spelled && !REFERENCES.is_in(right) => {
                        tests.push(test.of_rounds()?);
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
        let (name, arguments) = split_name(BEFORE_COMMAND.trim_start(&first.text));
        if !name.eq_ignore_ascii_case("set") {
            return None;
        }
        let (target, value) = builtins::trimmed(arguments).split_once('=')?;
        let (again, rest) = value.strip_prefix('!')?.split_at_checked(target.len())?;
        let (source, range) = rest.strip_prefix("!!")?.split_once(":~")?;
        let (place, length) = range.strip_suffix('!')?.split_once(',')?;
        let fits = again.eq_ignore_ascii_case(target)
            && place.trim() == spelled
            && !source.eq_ignore_ascii_case(target)
            && !UNKNOWN_NAME.is_in(target)
            && !UNKNOWN_VALUE.is_in(source);
        let length = usize::try_from(number(length)?).ok()?;
        fits.then(|| Self { target: target.to_owned(), source: source.to_owned(), length, tests, list })
    }
}

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
