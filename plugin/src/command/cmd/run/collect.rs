//! Loops that put a text together character by character, `set y=!y!!x:~%i,1!`, in a few units a round. What stands
//! behind it in the body runs in the rounds in which its condition holds.

use super::{Machine, Place};
use crate::command::cmd::condition::{Kind, Test};
use crate::command::cmd::for_loop::Values;
use crate::command::cmd::parse::Node;
use crate::command::cmd::variables::{Found, Value};
use crate::command::cmd::{builtins, number, split_name};

/// Units of one such round.
const ROUND: usize = 2500;

/// The body of such a loop.
pub(super) struct Collector {
    target: String,
    source: String,
    /// How many characters a round takes.
    length: usize,
    /// The conditions behind it.
    tests: Vec<Test>,
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
                    Kind::Compare(left, _, right) if *left == spelled && !right.contains(['%', '!']) => {
                        tests.push((**test).clone());
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
        let (name, arguments) = split_name(first.text.trim_start_matches([' ', '@', ',', ';', '=']));
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
            && !target.contains(['%', '!', '"', '/'])
            && !source.contains(['%', '!', '^']);
        let length = usize::try_from(number(length)?).ok()?;
        fits.then(|| Self { target: target.to_owned(), source: source.to_owned(), length, tests, list })
    }
}

impl Machine<'_> {
    /// Runs rounds of such a loop while none of its conditions holds. Returns the values of the first round that has to
    /// go on, and whether its character is already taken. `None` at the end of the loop.
    pub(super) fn collect(
        &mut self,
        collector: &Collector,
        values: &mut Values,
        floor: usize,
    ) -> Option<(Vec<Value>, bool)> {
        loop {
            let round = values.next()?;
            if self.work.left() < floor || !self.work.spend(ROUND) || !self.delayed {
                return Some((round, false));
            }
            let [Value::Known(text)] = round.as_slice() else { return Some((round, false)) };
            let taken = match self.variables.find(&collector.source, true) {
                Found::Known(source, true) => taken(source, text, collector.length).map(str::to_owned),
                _ => None,
            };
            let Some(taken) = taken.filter(|_| self.variables.own(&collector.target).is_some()) else {
                return Some((round, false));
            };
            self.commands = self.commands.saturating_add(1);
            self.step_of_round(&collector.target, &taken);
            self.collected(&taken);
            if !self.variables.append(&collector.target, &taken) {
                return Some((round, false));
            }
            let runs = |test: &Test| match &test.kind {
                Kind::Compare(_, operator, right) => test.holds(text, operator, right) != Some(false),
                _ => true,
            };
            if collector.tests.iter().any(runs) {
                return Some((round, true));
            }
        }
    }
}

/// The characters of an ASCII text from a place on that stands in a text.
fn taken<'t>(source: &'t str, at: &str, length: usize) -> Option<&'t str> {
    let at = usize::try_from(number(at)?).ok()?;
    let start = at.min(source.len());
    source.get(start..start.saturating_add(length).min(source.len()))
}
