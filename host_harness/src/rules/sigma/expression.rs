//! A rule's logic while it is compiled: a tree of tests, folded and then laid out in postfix order.

use super::regex::Automaton;
use schtag::fields::Field;
use schtag::rules::{Cidr, Comparison, Glob, Op, Relation, Target};
use std::ops::Range;

/// A tree of tests.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Constant(bool),
    Leaf(Leaf),
    Not(Box<Self>),
    /// At least `least` of them hold.
    AtLeast {
        least: usize,
        of: Vec<Self>,
    },
    /// A named part of the rule, by its index.
    Part(usize, Box<Self>),
}

/// A test of one field; [`schtag::rules::Pattern`] before it has a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    pub(super) target: Target,
    pub(super) test: LeafTest,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum LeafTest {
    Text(Glob),
    Regex(Automaton),
    Exists(bool),
    Number(Comparison, f64),
    Cidr(Cidr),
    FieldRef { field: Field, relation: Relation, cased: bool },
}

/// A named part of a rule's condition, for explanations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// A detection (`selection`) or an item of one (`selection.Image|endswith`); for what a filter brought in,
    /// after the filter's title and a colon.
    pub name: String,
    /// Its value on every scheduled-task event, if that is always the same.
    pub constant: Option<bool>,
    /// Where it stands in [`schtag::rules::Rule::condition`]: the operations of each range leave its truth value.
    /// Once for every use in the condition; never when it is constant or decides nothing.
    pub ops: Vec<Range<usize>>,
}

impl Expression {
    pub(super) fn all(of: Vec<Self>) -> Self {
        Self::AtLeast { least: of.len(), of }
    }

    pub(super) fn any(of: Vec<Self>) -> Self {
        Self::AtLeast { least: 1, of }
    }

    pub(super) fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Returns how many nodes the tree has.
    pub(super) fn size(&self) -> usize {
        let below: usize = match self {
            Self::Constant(_) | Self::Leaf(_) => 0,
            Self::Not(inner) | Self::Part(_, inner) => inner.size(),
            Self::AtLeast { of, .. } => of.iter().map(Self::size).sum(),
        };
        below.saturating_add(1)
    }

    /// Works out what is constant, and notes for each part whether it is. Recursion is as deep as the tree:
    /// conditions and YAML have limits to their nesting.
    pub(super) fn fold(self, parts: &mut [Part]) -> Self {
        match self {
            Self::Constant(_) | Self::Leaf(_) => self,
            Self::Not(inner) => match inner.fold(parts) {
                Self::Constant(value) => Self::Constant(!value),
                Self::Not(inner) => *inner,
                inner => inner.negated(),
            },
            Self::Part(index, inner) => match inner.fold(parts) {
                Self::Constant(value) => {
                    if let Some(part) = parts.get_mut(index) {
                        part.constant = Some(value);
                    }
                    Self::Constant(value)
                }
                inner => Self::Part(index, Box::new(inner)),
            },
            Self::AtLeast { mut least, of } => {
                let mut undecided = Vec::with_capacity(of.len());
                for inner in of {
                    match inner.fold(parts) {
                        Self::Constant(true) => least = least.saturating_sub(1),
                        Self::Constant(false) => {}
                        inner => undecided.push(inner),
                    }
                }
                if least == 0 {
                    return Self::Constant(true);
                }
                if least > undecided.len() {
                    return Self::Constant(false);
                }
                if undecided.len() == 1
                    && let Some(only) = undecided.pop()
                {
                    return only;
                }
                Self::AtLeast { least, of: undecided }
            }
        }
    }

    /// Writes the operations in postfix order and the ranges of the parts.
    pub(super) fn lay_out<E>(
        self,
        ops: &mut Vec<Op>,
        parts: &mut [Part],
        number: &mut impl FnMut(Leaf) -> Result<u32, E>,
    ) -> Result<(), E> {
        match self {
            Self::Constant(value) => ops.push(Op::Constant(value)),
            Self::Leaf(leaf) => ops.push(Op::Pattern(number(leaf)?)),
            Self::Not(inner) => {
                inner.lay_out(ops, parts, number)?;
                ops.push(Op::Not);
            }
            Self::Part(index, inner) => {
                let start = ops.len();
                inner.lay_out(ops, parts, number)?;
                if let Some(part) = parts.get_mut(index) {
                    part.ops.push(start..ops.len());
                }
            }
            Self::AtLeast { least, of } => {
                let count = of.len();
                for inner in of {
                    inner.lay_out(ops, parts, number)?;
                }
                // Rules are far smaller than this (`MAX_TESTS`).
                let narrow = |count| u32::try_from(count).unwrap_or(u32::MAX);
                ops.push(Op::AtLeast { least: narrow(least), of: narrow(count) });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaf(field: usize) -> Expression {
        Expression::Leaf(Leaf { target: Target::Field(Field::ALL[field]), test: LeafTest::Exists(true) })
    }

    fn number(leaf: Leaf) -> Result<u32, ()> {
        let Target::Field(field) = leaf.target else { return Err(()) };
        Ok(field as u32)
    }

    /// The truth of a tree, read off directly.
    fn truth(tree: &Expression, facts: u8) -> bool {
        match tree {
            Expression::Constant(value) => *value,
            Expression::Leaf(leaf) => facts >> number(leaf.clone()).unwrap() & 1 == 1,
            Expression::Not(inner) => !truth(inner, facts),
            Expression::Part(_, inner) => truth(inner, facts),
            Expression::AtLeast { least, of } => {
                of.iter().filter(|tree| truth(tree, facts)).count() >= *least
            }
        }
    }

    fn run(ops: &[Op], facts: u8) -> bool {
        let mut stack: Vec<bool> = Vec::new();
        for op in ops {
            let value = match *op {
                Op::Pattern(index) => facts >> index & 1 == 1,
                Op::Constant(value) => value,
                Op::Not => !stack.pop().unwrap(),
                Op::AtLeast { least, of } => {
                    let popped = stack.split_off(stack.len() - of as usize);
                    popped.into_iter().filter(|value| *value).count() >= least as usize
                }
            };
            stack.push(value);
        }
        assert_eq!(stack.len(), 1, "a condition leaves one value");
        stack[0]
    }

    fn tree() -> impl Strategy<Value = Expression> {
        let leaves = prop_oneof![(0_usize..8).prop_map(leaf), any::<bool>().prop_map(Expression::Constant)];
        leaves.prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                inner.clone().prop_map(Expression::negated),
                (0_usize..3, inner.clone()).prop_map(|(part, tree)| Expression::Part(part, Box::new(tree))),
                (0_usize..6, proptest::collection::vec(inner, 0..5))
                    .prop_map(|(least, of)| Expression::AtLeast { least, of }),
            ]
        })
    }

    proptest! {
        #[test]
        fn folding_and_laying_out_keep_the_truth(tree in tree(), facts: u8) {
            let part = |name: &str| Part { name: name.into(), constant: None, ops: Vec::new() };
            let mut parts = [part("a"), part("b"), part("c")];
            let folded = tree.clone().fold(&mut parts);
            if !matches!(folded, Expression::Constant(_)) {
                prop_assert!(!format!("{folded:?}").contains("Constant"), "{folded:?}");
            }
            let mut ops = Vec::new();
            folded.lay_out(&mut ops, &mut parts, &mut number).unwrap();
            prop_assert_eq!(run(&ops, facts), truth(&tree, facts));
            for range in parts.iter().flat_map(|part| part.ops.clone()) {
                run(&ops[range], facts);
            }
        }
    }
}
