//! The elements that are open, from `Task` inwards.

use super::elements::Section;

/// The treatment of an open element by the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It holds elements that are read.
    Section(Section),
    /// It holds the text of a field.
    Value,
    /// Nothing of it is read.
    Skipped,
}

/// One open element.
#[derive(Debug, Clone, Copy)]
struct Level<'a> {
    name: &'a str,
    kind: Kind,
    /// The number of open elements of the same name inside the innermost value or skipped element. Their end tags do
    /// not end this one.
    nested: u32,
}

/// The effect of an end tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closes {
    /// It ends the innermost element.
    Innermost,
    /// It ends the element at this depth, whose inner elements lack their end tags.
    Outer(usize),
    /// It ends something inside a value or a skipped element.
    Nested,
    /// There is no start tag that it belongs to.
    Nothing,
}

/// The open elements. Values and skipped elements have no levels inside them, so the depth is that of the
/// schema, five.
#[derive(Debug, Default)]
pub(super) struct Path<'a> {
    levels: Vec<Level<'a>>,
}

impl<'a> Path<'a> {
    /// Returns how many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.levels.len()
    }

    /// Returns what the innermost element is.
    pub(super) fn innermost(&self) -> Option<Kind> {
        self.levels.last().map(|level| level.kind)
    }

    /// The innermost element's name.
    pub(super) fn name(&self) -> Option<&'a str> {
        self.levels.last().map(|level| level.name)
    }

    /// The depth at which the children of the innermost section that `knows` are.
    pub(super) fn home(&self, mut knows: impl FnMut(Section) -> bool) -> Option<usize> {
        let at = self
            .levels
            .iter()
            .rposition(|level| if let Kind::Section(section) = level.kind { knows(section) } else { false });
        at.map(|at| at.saturating_add(1))
    }

    /// Opens an element.
    pub(super) fn push(&mut self, name: &'a str, kind: Kind) {
        self.levels.push(Level { name, kind, nested: 0 });
    }

    /// Closes the innermost element.
    pub(super) fn pop(&mut self) -> Option<(&'a str, Kind)> {
        let closed = self.levels.pop()?;
        for level in &mut self.levels {
            level.nested = 0;
        }
        Some((closed.name, closed.kind))
    }

    /// Counts a start tag inside a value or a skipped element.
    pub(super) fn nest(&mut self, name: &str) {
        if let Some(level) = self.levels.iter_mut().rev().find(|level| level.name == name) {
            level.nested = level.nested.saturating_add(1);
        }
    }

    /// Returns what an end tag closes. Names are compared without prefix. In a well-formed document this is exact;
    /// in any other, the end of an outer element also ends those inside it.
    pub(super) fn closes(&mut self, name: &str) -> Closes {
        let depth = self.levels.len();
        let free = matches!(self.innermost(), Some(Kind::Value | Kind::Skipped));
        let found = self.levels.iter_mut().enumerate().rev().find(|(_, level)| level.name == name);
        match found {
            Some((_, level)) if level.nested > 0 => {
                level.nested = level.nested.saturating_sub(1);
                Closes::Nested
            }
            Some((at, _)) if at.saturating_add(1) == depth => Closes::Innermost,
            Some((at, _)) => Closes::Outer(at),
            None if free => Closes::Nested,
            None => Closes::Nothing,
        }
    }
}
