//! Reads a text as a line: its variables are put in, and it is parsed.

use crate::bytes;
use crate::cmd::machine::{Frame, Machine, Place, Waiting};
use crate::cmd::parse::{Node, parse};
use schtag_task::byte_set::ByteSet;
use std::borrow::Cow;
use std::rc::Rc;

/// Units for a byte of a line that is parsed, and for an operator or a parenthesis in it.
const TEXT_BYTE: usize = 40;
const COMMAND: usize = 900;

impl Machine<'_> {
    #[inline(never)]
    pub(super) fn text(&mut self, waiting: Waiting) {
        let Waiting { text, input, computed, expanded: is_expanded, settled } = waiting;
        let text = text.as_str();
        let specials = operators(text);
        if !self.work.walk(text.len(), TEXT_BYTE) || !self.work.walk(specials, COMMAND) {
            return;
        }
        // The lines of a text are read one by one, but a caret joins two.
        let (first, rest) = match bytes::split_once(text, b'\n') {
            Some((first, rest)) if !first.trim_end_matches('\r').ends_with('^') && balanced(first) => {
                (first, Some(rest))
            }
            _ => (text, None),
        };
        if let Some(rest) = rest.filter(|rest| !rest.trim().is_empty()) {
            self.wait_for(Waiting {
                text: rest.to_owned(),
                input: input.clone(),
                computed,
                expanded: is_expanded,
                settled,
            });
        }
        let expanded = if is_expanded { Cow::Borrowed(first) } else { self.percent(first) };
        let differs = matches!(expanded, Cow::Owned(_));
        if differs {
            self.step("variables", &expanded);
        }
        let computed = computed || (differs && !self.variables.is_empty());
        let program = parse(&expanded);
        self.starts.cut |= program.cut;
        let single = matches!(program.root.as_slice(), [only] if matches!(program.nodes.get(only.node), Some(Node::Simple(_))));
        let own = |part: &str| self.variables.own(part.split(':').next().unwrap_or_default()).is_some();
        let of_windows = differs && !first.split('%').skip(1).take(64).any(own);
        let written = (computed && single && of_windows).then(|| Rc::from(first));
        let place = Place { program: Rc::new(program), input, child: false, computed, written, settled };
        self.frames.push(Frame::Items(place, None, 0));
    }
}

/// Returns how many operators and parentheses there are outside quotes, about.
fn operators(text: &str) -> usize {
    const SIGNS: ByteSet = ByteSet::of(b"\"&|<>()");
    let (mut count, mut rest) = (0_usize, text);
    while let Some(from) = SIGNS.find(rest).and_then(|at| rest.get(at..)) {
        let Some(inside) = from.strip_prefix('"') else {
            count = count.saturating_add(1);
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        rest = bytes::split_once(inside, b'"').unwrap_or_default().1;
    }
    count
}

/// Returns whether no group is open at the end of a line.
fn balanced(line: &str) -> bool {
    line.matches('(').count() <= line.matches(')').count()
}
