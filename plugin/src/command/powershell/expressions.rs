//! Expressions on constant strings, in PowerShell's operator precedence (about_Operator_Precedence): members and
//! indexes, casts, `-join`, `,`, `-f`, `+`, `-replace`.

use super::lexer::Token;
use super::literals;
use super::reader::{MAX_LIST, Reader};

/// A value and the place behind the expression that made it.
pub(super) type Fold = Option<(String, usize)>;

impl<'a> Reader<'_, 'a> {
    /// Folds the expression that begins here, if there is one; `before` is what the pass has written.
    pub(super) fn fold(mut self, before: &[Token<'a>]) -> Fold {
        match self.list.get(self.at)? {
            Token::Blank(_) => None,
            Token::Literal(text) => {
                self.at = self.at.saturating_add(1);
                self.after_literal(text, before)
            }
            Token::Code(code) => match code.as_ref() {
                "[" => self.bracket(),
                "(" => self.parenthesis(before),
                "-" => None,
                join if join.eq_ignore_ascii_case("-join") && !ends_operand(before) => self.unary_join(),
                _ => None,
            },
        }
    }

    /// What can follow a literal, strongest first.
    fn after_literal(self, text: &str, before: &[Token<'a>]) -> Fold {
        if let Some(fold) = self.member(text).or_else(|| self.index(text)) {
            return Some(fold);
        }
        // A cast or an index before would bind stronger; a format's argument list as well.
        self.format(text)
            .or_else(|| self.joined(text))
            .or_else(|| self.sum(text, before))
            .or_else(|| self.replaced(text))
    }

    /// `.Replace('a', 'b')`, `.ToString()`, `.ToLower()`, `.ToUpper()`, `.Trim()`.
    fn member(mut self, text: &str) -> Fold {
        self.code(".")?;
        let name = self.text()?;
        self.code("(")?;
        let value = if name.eq_ignore_ascii_case("replace") {
            let old = self.literal()?;
            self.code(",")?;
            literals::replace(text, old, self.literal()?)?
        } else if name.eq_ignore_ascii_case("tostring") {
            text.to_owned()
        } else if name.eq_ignore_ascii_case("tolower") {
            text.to_lowercase()
        } else if name.eq_ignore_ascii_case("toupper") {
            text.to_uppercase()
        } else if name.eq_ignore_ascii_case("trim") {
            text.trim().to_owned()
        } else {
            return None;
        };
        self.code(")")?;
        Some((value, self.at))
    }

    /// `[-1..-9]` or `[4,24,25]`, with what joins the letters: nothing else makes sense of them.
    fn index(mut self, text: &str) -> Fold {
        self.code("[")?;
        let first = self.number()?;
        let value = if self.optional(".") {
            self.code(".")?;
            literals::range(text, first, self.number()?)?
        } else {
            let mut places = vec![first];
            while places.len() < MAX_LIST && self.optional(",") {
                places.push(self.number()?);
            }
            literals::picked(text, &places)?
        };
        self.code("]")?;
        Some((value, self.at))
    }

    /// `-f 'a', 'b'`
    fn format(mut self, text: &str) -> Fold {
        self.code("-f")?;
        let arguments = self.list()?;
        Some((literals::format(text, &arguments)?, self.at))
    }

    /// `'x' -join ''`: the letters of an index, or one string, which joining leaves as it is.
    fn joined(mut self, text: &str) -> Fold {
        self.code("-join")?;
        self.literal()?;
        Some((text.to_owned(), self.at))
    }

    /// `+ 'b' + 'c'`, as far as nothing stronger follows.
    fn sum(mut self, text: &str, before: &[Token<'a>]) -> Fold {
        if binds_stronger(last_code(before)) {
            return None;
        }
        let mut value = text.to_owned();
        let mut end = None;
        while self.code("+").is_some() {
            let Some(next) = self.literal() else { break };
            if self.binds_next() || value.len().saturating_add(next.len()) > literals::MAX_LITERAL {
                break;
            }
            value.push_str(next);
            end = Some(self.at);
        }
        end.map(|end| (value, end))
    }

    /// Whether an operator stronger than `+` follows.
    fn binds_next(mut self) -> bool {
        let Some(code) = self.any_code() else { return false };
        matches!(code, "." | "[" | "*") || code.eq_ignore_ascii_case("-f")
    }

    /// `-replace 'a', 'b'`
    fn replaced(mut self, text: &str) -> Fold {
        let operator = self.any_code()?;
        let exact = operator.eq_ignore_ascii_case("-creplace");
        if !exact && !operator.eq_ignore_ascii_case("-replace") && !operator.eq_ignore_ascii_case("-ireplace")
        {
            return None;
        }
        let arguments = self.list()?;
        let old = arguments.first()?;
        let new = arguments.get(1).copied().unwrap_or_default();
        Some((literals::replace_pattern(text, old, new, exact)?, self.at))
    }

    /// `-join ('a', 'b')`, with nothing before it.
    fn unary_join(mut self) -> Fold {
        self.at = self.at.saturating_add(1);
        let list = self.list()?;
        Some((literals::join(&list, ""), self.at))
    }

    /// `('a')` where the parentheses only group; `('a', 'b') -join ','`.
    fn parenthesis(mut self, before: &[Token<'a>]) -> Fold {
        if is_call(before) {
            return None;
        }
        self.at = self.at.saturating_add(1);
        let list = self.literals()?;
        self.code(")")?;
        if let [only] = list.as_slice() {
            return Some(((*only).to_owned(), self.at));
        }
        self.code("-join")?;
        let separator = self.literal()?;
        Some((literals::join(&list, separator), self.at))
    }
}

/// The last piece of code before a place, across blanks.
fn last_code<'t>(before: &'t [Token<'_>]) -> Option<&'t str> {
    match before.iter().rev().find(|token| !matches!(token, Token::Blank(_)))? {
        Token::Code(code) => Some(code.as_ref()),
        _ => None,
    }
}

/// Whether what stands before an expression binds it stronger than `+` would.
fn binds_stronger(code: Option<&str>) -> bool {
    code.is_some_and(|code| matches!(code, "]" | "*" | ",") || code.eq_ignore_ascii_case("-f"))
}

/// Whether an operand ends here, so that an operator that follows is a binary one.
fn ends_operand(before: &[Token<'_>]) -> bool {
    match before.iter().rev().find(|token| !matches!(token, Token::Blank(_))) {
        Some(Token::Literal(_)) => true,
        Some(Token::Code(code)) => code.starts_with('$') || matches!(code.as_ref(), ")" | "]" | "}"),
        _ => false,
    }
}

/// Whether a parenthesis that follows belongs to a call or an index rather than only grouping.
pub(super) fn is_call(before: &[Token<'_>]) -> bool {
    match before.last() {
        Some(Token::Code(code)) => {
            let word = code
                .chars()
                .next_back()
                .is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ']' | ')' | '@' | '$'));
            word && !code.starts_with('-')
        }
        Some(Token::Literal(_)) => true,
        _ => false,
    }
}
