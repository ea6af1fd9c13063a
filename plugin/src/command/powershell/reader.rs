//! Reads a token list piece by piece.

use super::lexer::Token;

/// Most strings in a list.
pub(super) const MAX_LIST: usize = 4096;

/// A place in a token list. Its methods read what comes next and move behind it; they return `None` when
/// something else is there.
///
/// They are called in so many places that copies of them would be a large part of the module.
#[derive(Clone, Copy)]
pub(super) struct Reader<'t, 'a> {
    pub(super) list: &'t [Token<'a>],
    pub(super) at: usize,
}

impl<'t, 'a> Reader<'t, 'a> {
    fn skip_blanks(&mut self) {
        while matches!(self.list.get(self.at), Some(Token::Blank(_))) {
            self.at = self.at.saturating_add(1);
        }
    }

    /// Reads this piece of code, in any case.
    pub(super) fn code(&mut self, expected: &str) -> Option<()> {
        self.skip_blanks();
        match self.list.get(self.at)? {
            Token::Code(code) if code.eq_ignore_ascii_case(expected) => {
                self.at = self.at.saturating_add(1);
                Some(())
            }
            _ => None,
        }
    }

    #[inline(never)]
    pub(super) fn any_code(&mut self) -> Option<&'t str> {
        self.skip_blanks();
        match self.list.get(self.at)? {
            Token::Code(code) => {
                self.at = self.at.saturating_add(1);
                Some(code.as_ref())
            }
            _ => None,
        }
    }

    #[inline(never)]
    pub(super) fn literal(&mut self) -> Option<&'t str> {
        self.skip_blanks();
        match self.list.get(self.at)? {
            Token::Literal(text) => {
                self.at = self.at.saturating_add(1);
                Some(text)
            }
            _ => None,
        }
    }

    /// A string or a piece of code.
    pub(super) fn text(&mut self) -> Option<&'t str> {
        self.literal().or_else(|| self.any_code())
    }

    /// A whole number, decimal or hexadecimal, with its sign.
    pub(super) fn number(&mut self) -> Option<i64> {
        let negative = self.optional("-");
        let digits = self.any_code()?;
        let value = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            Some(hex) => i64::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        value.ok().map(|n: i64| if negative { n.saturating_neg() } else { n })
    }

    #[inline(never)]
    pub(super) fn optional(&mut self, expected: &str) -> bool {
        let mut ahead = *self;
        let found = ahead.code(expected).is_some();
        if found {
            *self = ahead;
        }
        found
    }

    /// `'a', 'b', ...`
    pub(super) fn literals(&mut self) -> Option<Vec<&'t str>> {
        let mut list = vec![self.literal()?];
        while list.len() < MAX_LIST && self.optional(",") {
            list.push(self.literal()?);
        }
        Some(list)
    }

    /// `('a', 'b')`, `@('a', 'b')` or `'a', 'b'`.
    pub(super) fn list(&mut self) -> Option<Vec<&'t str>> {
        self.optional("@");
        if !self.optional("(") {
            return self.literals();
        }
        let list = self.literals()?;
        self.code(")")?;
        Some(list)
    }
}
