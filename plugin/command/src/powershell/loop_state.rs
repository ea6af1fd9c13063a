//! The state of a loop that is being run.

use super::values::{MAX_LIST, Value};

/// A loop over a list.
#[derive(Debug)]
pub(super) struct Each<'a> {
    pub(super) items: std::vec::IntoIter<Value<'a>>,
    pub(super) results: Vec<Value<'a>>,
    /// True if a result of this round is not known.
    pub(super) unknown: bool,
    /// True if the item of this round is an empty text, for which conversions fail and give nothing.
    pub(super) empty: bool,
    pub(super) variable: Option<usize>,
    /// The token with which the loop begins, and how long the output was there.
    pub(super) statement: usize,
    pub(super) out: usize,
    /// Where the whole expression begins in the output.
    pub(super) start: usize,
    pub(super) brace: usize,
    pub(super) end: usize,
}

impl<'a> Each<'a> {
    /// Takes what a statement of the body gives.
    pub(super) fn emit(&mut self, value: Option<Value<'a>>, silent: bool) {
        match value {
            _ if silent => {}
            _ if self.results.len() >= MAX_LIST => self.unknown = true,
            Some(Value::List(list)) => self.results.extend(list.iter().cloned()),
            Some(value) => self.results.push(value),
            None => self.unknown = true,
        }
    }
}

/// A `for` loop, by the tokens that end its parts.
#[derive(Debug)]
pub(super) struct For {
    pub(super) statement: usize,
    pub(super) out: usize,
    pub(super) first: usize,
    pub(super) second: usize,
    pub(super) head: usize,
    pub(super) brace: usize,
    pub(super) end: usize,
    pub(super) rounds: usize,
}
