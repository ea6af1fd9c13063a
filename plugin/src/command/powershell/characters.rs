//! Numbers that a pipeline turns into the characters of a script:
//! `(74,70,91) | % { [char]($_ -bxor 3) }`, `'49x45x58' -split 'x' | % { [char][convert]::ToInt16($_, 16) }`.

use super::casts::character;
use super::expressions::{Fold, is_call};
use super::lexer::Token;
use super::reader::{MAX_LIST, Reader};

/// Most parentheses around a list that are passed over.
const MAX_OPEN: usize = 3;
/// Most tokens of the pipeline's body.
const MAX_BODY: usize = 48;

/// What the pipeline does with each number.
#[derive(Debug, Default)]
struct Body {
    operator: Option<Operator>,
    operand: Option<i64>,
    base: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Xor,
    Add,
    Subtract,
}

impl<'a> Reader<'_, 'a> {
    /// Folds such a pipeline that begins here; `before` is what the pass has written.
    pub(super) fn characters(mut self, before: &[Token<'a>]) -> Fold {
        let may_begin = match self.list.get(self.at)? {
            // Within a list its beginning was tried already.
            Token::Code(code) => match code.as_ref() {
                "(" => !is_call(before),
                "[" | "@" => true,
                code => code.starts_with(|c: char| c.is_ascii_digit()) && !follows_comma(before),
            },
            Token::Literal(_) => !follows_comma(before),
            Token::Blank(_) => false,
        };
        if !may_begin {
            return None;
        }
        let mut open = 0_usize;
        while open < MAX_OPEN && self.optional("(") {
            open = open.saturating_add(1);
        }
        let items = self.items(&mut open)?;
        while open > 0 && self.optional(")") {
            open = open.saturating_sub(1);
        }
        self.code("|")?;
        let command = self.any_code()?;
        if command != "%" && !command.eq_ignore_ascii_case("foreach") {
            return None;
        }
        // `-object` is a token of its own.
        self.optional("-object");
        self.code("{")?;
        let body = self.body()?;
        for _ in 0..open {
            self.code(")")?;
        }
        let text: Option<String> = items.iter().map(|item| body.character(item)).collect();
        text.map(|text| (text, self.at))
    }

    /// `[byte[]]@(1, 2)`, `'1', '2'`, `'1,2'.Split(',')` or `'1x2' -split 'x'`; without its closing parentheses.
    fn items(&mut self, open: &mut usize) -> Option<Vec<String>> {
        if self.optional("[") {
            self.any_code()?;
            for bracket in ["[", "]", "]"] {
                self.code(bracket)?;
            }
        }
        self.optional("@");
        while *open < MAX_OPEN && self.optional("(") {
            *open = open.saturating_add(1);
        }
        if let Some(text) = self.one_literal() {
            return self.split(text);
        }
        let mut list = Vec::new();
        loop {
            let mut ahead = *self;
            let item = match ahead.literal() {
                Some(text) => text,
                None => {
                    ahead = *self;
                    ahead.any_code()?
                }
            };
            number(item, 10)?;
            *self = ahead;
            list.push(item.to_owned());
            if list.len() >= MAX_LIST || !self.optional(",") {
                return Some(list);
            }
        }
    }

    /// A literal that no list goes on behind.
    fn one_literal(&mut self) -> Option<String> {
        let mut ahead = *self;
        let text = ahead.literal()?;
        if ahead.optional(",") {
            return None;
        }
        *self = ahead;
        Some(text.to_owned())
    }

    /// The pieces of a text, by what separates them.
    fn split(&mut self, text: String) -> Option<Vec<String>> {
        let mut separators = String::new();
        if self.optional(".") {
            self.code("split")?;
            self.code("(")?;
            separators.push_str(self.literal()?);
            self.code(")")?;
        }
        while ["-split", "-isplit", "-csplit"].iter().any(|operator| self.optional(operator)) {
            // A pattern; of one character it is that character, in either case.
            let pattern = self.literal()?;
            let mut chars = pattern.trim_start_matches('\\').chars();
            let separator = chars.next().filter(|_| chars.next().is_none())?;
            separators.extend(separator.to_lowercase().chain(separator.to_uppercase()));
        }
        if separators.is_empty() {
            return None;
        }
        let pieces = text.split(|c| separators.contains(c)).filter(|piece| !piece.trim().is_empty());
        Some(pieces.take(MAX_LIST).map(str::to_owned).collect())
    }

    /// The rest of a pipeline's body, when it makes a character of each number and does nothing else.
    fn body(&mut self) -> Option<Body> {
        let mut body = Body::default();
        let (mut casts, mut reads) = (false, false);
        for _ in 0..MAX_BODY {
            let mut ahead = *self;
            if let Some(text) = ahead.literal() {
                body.take(number(text, 10)?)?;
                *self = ahead;
                continue;
            }
            let code = self.any_code()?.to_ascii_lowercase();
            match code.as_str() {
                "}" => return (casts && reads && body.is_whole()).then_some(body),
                "(" | ")" | "[" | "]" | ":" | "." | "int" | "byte" | "string" | "convert" | "system" => {}
                "toint16" | "toint32" | "toint64" | "tobyte" | "tochar" => {}
                "char" => casts = true,
                "$_" | "$psitem" if !reads => reads = true,
                "-bxor" => body.operate(Operator::Xor)?,
                "+" => body.operate(Operator::Add)?,
                "-" => body.operate(Operator::Subtract)?,
                "," => body.base = Some(u32::try_from(self.number()?).ok().filter(|b| (2..=36).contains(b))?),
                code => body.take(number(code, 10)?)?,
            }
        }
        None
    }
}

impl Body {
    fn operate(&mut self, operator: Operator) -> Option<()> {
        self.operator.replace(operator).is_none().then_some(())
    }

    fn take(&mut self, operand: i64) -> Option<()> {
        self.operand.replace(operand).is_none().then_some(())
    }

    const fn is_whole(&self) -> bool {
        self.operator.is_some() == self.operand.is_some()
    }

    fn character(&self, item: &str) -> Option<char> {
        let value = number(item, self.base.unwrap_or(10))?;
        character(match (self.operator, self.operand) {
            (Some(Operator::Xor), Some(key)) => value ^ key,
            (Some(Operator::Add), Some(more)) => value.saturating_add(more),
            (Some(Operator::Subtract), Some(less)) => value.saturating_sub(less),
            _ => value,
        })
    }
}

fn follows_comma(before: &[Token<'_>]) -> bool {
    let last = before.iter().rev().find(|token| !matches!(token, Token::Blank(_)));
    matches!(last, Some(Token::Code(code)) if code.as_ref() == ",")
}

fn number(text: &str, base: u32) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => i64::from_str_radix(text, base).ok(),
    }
}
