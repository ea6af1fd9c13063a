//! Regular expressions as tables that are only stepped through.
use serde::{Deserialize, Serialize};

/// A deterministic automaton that says whether an expression is found in a text: a table with a row for each state
/// and a column for each class of bytes that no state tells apart. The last column is the end of the text.
///
/// State [`Self::DEAD`] is the one from which nothing is found any more, [`Self::FOUND`] the one in which the
/// expression was. A search ends in both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dfa {
    /// The column of each byte.
    pub columns: Vec<u8>,
    /// The number of columns.
    pub width: u16,
    /// The state in which a search begins.
    pub start: u16,
    /// The rows, one behind the other.
    pub cells: Cells,
}

/// The state that each cell leads to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "their types say it")]
pub enum Cells {
    Narrow(Vec<u8>),
    Wide(Vec<u16>),
}

impl Default for Cells {
    fn default() -> Self {
        Self::Narrow(Vec::new())
    }
}

impl Dfa {
    /// Nothing is found any more.
    pub const DEAD: u16 = 0;
    /// The expression was found.
    pub const FOUND: u16 = 1;

    /// Returns whether every step leads to a state that is there, so that a search always comes to its end.
    pub(super) fn is_sound(&self) -> bool {
        let width = usize::from(self.width);
        let (count, highest) = match &self.cells {
            Cells::Narrow(cells) => (cells.len(), cells.iter().copied().max().map(u16::from)),
            Cells::Wide(cells) => (cells.len(), cells.iter().copied().max()),
        };
        let rows = count.checked_div(width).unwrap_or(0);
        self.columns.len() == 256
            && self.columns.iter().all(|&column| usize::from(column) + 1 < width)
            && rows.checked_mul(width) == Some(count)
            && rows > usize::from(highest.unwrap_or(0).max(self.start))
    }

    /// Returns how many bytes it takes.
    pub fn size(&self) -> usize {
        let cells = match &self.cells {
            Cells::Narrow(cells) => cells.len(),
            Cells::Wide(cells) => cells.len().saturating_mul(2),
        };
        self.columns.len().saturating_add(cells)
    }

    /// Returns whether the expression is found in a text.
    pub fn is_found(&self, text: &str) -> bool {
        match &self.cells {
            Cells::Narrow(cells) => self.walk(text, cells),
            Cells::Wide(cells) => self.walk(text, cells),
        }
    }

    /// A soundness check has gone before; of what is not there, nothing is found.
    fn walk<C: Copy + Into<usize>>(&self, text: &str, cells: &[C]) -> bool {
        let Ok(columns) = <&[u8; 256]>::try_from(self.columns.as_slice()) else { return false };
        let (width, found) = (usize::from(self.width), usize::from(Self::FOUND));
        let next = |state: usize, column: usize| {
            cells.get(state.wrapping_mul(width).wrapping_add(column)).map_or(0, |&cell| cell.into())
        };
        let mut state = usize::from(self.start);
        for &byte in text.as_bytes() {
            let column = columns.get(usize::from(byte)).copied().unwrap_or(0);
            state = next(state, usize::from(column));
            if state <= found {
                return state == found;
            }
        }
        next(state, width.saturating_sub(1)) == found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ab$`, with states 2 at the start, 3 behind an `a` and 4 behind `ab`.
    fn ab_at_the_end() -> Dfa {
        let columns = (0..=255).map(|byte| match byte {
            b'a' => 1,
            b'b' => 2,
            _ => 0,
        });
        let rows = [[0, 0, 0, 0], [1, 1, 1, 1], [2, 3, 2, 0], [2, 3, 4, 0], [2, 3, 2, 1]];
        let cells = Cells::Narrow(rows.concat());
        Dfa { columns: columns.collect(), width: 4, start: 2, cells }
    }

    #[test]
    fn what_is_found_is_found() {
        let narrow = ab_at_the_end();
        let Cells::Narrow(cells) = &narrow.cells else { panic!() };
        let wide =
            Dfa { cells: Cells::Wide(cells.iter().map(|&cell| cell.into()).collect()), ..narrow.clone() };
        for dfa in [&narrow, &wide] {
            assert!(dfa.is_sound());
            for (text, expected) in [("ab", true), ("xaab", true), ("abb", false), ("", false), ("a", false)]
            {
                assert_eq!(dfa.is_found(text), expected, "{text}");
            }
        }
        assert_eq!((narrow.size(), wide.size()), (276, 296));
    }

    #[test]
    fn what_does_not_fit_is_not_sound() {
        let good = ab_at_the_end();
        let broken = [
            Dfa::default(),
            Dfa { columns: vec![0; 255], ..good.clone() },
            Dfa { columns: vec![3; 256], ..good.clone() },
            Dfa { width: 3, ..good.clone() },
            Dfa { width: 0, ..good.clone() },
            Dfa { start: 5, ..good.clone() },
            Dfa { cells: Cells::Narrow(vec![5; 20]), ..good.clone() },
        ];
        for dfa in broken {
            assert!(!dfa.is_sound(), "{dfa:?}");
            // Nor does it panic.
            let _ = dfa.is_found("ab");
        }
    }
}
