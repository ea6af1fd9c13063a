//! The bodies of loops that put a text together character by character, `set y=!y!!x:~%i,1!`.

use super::condition::{Kind, OfRounds};
use super::lexer::{BEFORE_COMMAND, REFERENCES};
use super::name::{split_name, trimmed};
use super::parse::{Node, Program};
use crate::number::number;
use schtag_task::byte_set::ByteSet;

/// Signs that the name of a variable of one character at a time does not have.
const UNKNOWN_NAME: ByteSet = ByteSet::of(b"%!\"/");
/// Signs that make a value depend on more than the variable.
const UNKNOWN_VALUE: ByteSet = ByteSet::of(b"%!^");

/// The body of such a loop.
pub(super) struct Collector {
    pub(super) target: String,
    pub(super) source: String,
    /// The number of characters that a round takes.
    pub(super) length: usize,
    /// The conditions after it.
    pub(super) tests: Vec<OfRounds>,
    /// The list in which it stands.
    pub(super) list: Option<usize>,
}

impl Collector {
    /// Reads a body. `None` where it is of another kind.
    pub(super) fn of(program: &Program, body: usize, variable: char) -> Option<Self> {
        let nodes = &program.nodes;
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
        if first.input.is_some() || first.output.is_some() {
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
        let (target, value) = trimmed(arguments).split_once('=')?;
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
