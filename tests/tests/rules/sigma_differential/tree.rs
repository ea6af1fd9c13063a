//! A condition as a tree.

use schtag::rules::Op;

/// A node of it, with what is below it.
pub(super) enum Tree {
    Pattern(u32),
    Constant,
    Not(Box<Self>),
    AtLeast(usize, Vec<Self>),
}

impl Tree {
    pub(super) fn of(condition: &[Op]) -> Self {
        let mut stack: Vec<Self> = Vec::new();
        for op in condition {
            let tree = match *op {
                Op::Pattern(pattern) => Self::Pattern(pattern),
                Op::Constant(_) => Self::Constant,
                Op::Not => Self::Not(Box::new(stack.pop().unwrap())),
                Op::AtLeast { least, of } => {
                    Self::AtLeast(least as usize, stack.split_off(stack.len() - of as usize))
                }
            };
            stack.push(tree);
        }
        stack.pop().unwrap()
    }
}
