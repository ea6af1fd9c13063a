//! Loop bodies that make one character of one number: `{ [char]($_ -bxor 3) }`, `{ [char][convert]::ToInt16($_, 16) }`.
//!
//! They are so common, and their lists so long, that they are calculated without reading the body for each number.

use super::lexer::Token;
use super::values::{Value, character, number};

/// Most tokens of such a body.
const MAX_BODY: usize = 48;

/// Words and signs that may stand in the body and change nothing here.
const PLAIN: [&str; 18] = [
    "[", "]", ":", ".", "(", ")", "int", "int16", "int32", "byte", "char", "string", "convert", "system",
    "toint16", "toint32", "tobyte", "tochar",
];

/// The operation that a body applies to each number.
#[derive(Debug, Default)]
pub(super) struct Characters {
    /// The last letter of `-bxor`, `+` or `-`.
    operator: Option<u8>,
    operand: Option<i64>,
    base: Option<u32>,
}

impl Characters {
    /// Reads the tokens of a body, when it makes a character of each number and does nothing else.
    pub(super) fn of(body: &[Token<'_>]) -> Option<Self> {
        if body.len() > MAX_BODY {
            return None;
        }
        let mut found = Self::default();
        let (mut casts, mut reads, mut in_base) = (false, false, false);
        for token in body {
            let text = match token {
                Token::Blank(_) => continue,
                Token::Literal(text) => text.as_str(),
                Token::Code(code) => code.as_ref(),
            };
            match text {
                "$_" if !reads => reads = true,
                "," if found.base.is_none() => in_base = true,
                "+" | "-" if found.operator.is_none() => found.operator = text.bytes().last(),
                word if word.eq_ignore_ascii_case("-bxor") && found.operator.is_none() => {
                    found.operator = Some(b'r')
                }
                word if PLAIN.iter().any(|known| known.eq_ignore_ascii_case(word)) => {
                    casts |= word.eq_ignore_ascii_case("char");
                }
                word if in_base => {
                    found.base = Some(word.parse().ok().filter(|base| [2, 8, 10, 16].contains(base))?);
                    in_base = false;
                }
                word if found.operand.is_none() => found.operand = Some(number(word, 10)?),
                _ => return None,
            }
        }
        // An operator without an operand, and a sum of texts, are read as any other body.
        let whole = found.operator.is_some() == found.operand.is_some();
        (casts && reads && whole && !in_base).then_some(found)
    }

    /// The character of an item; `None` when it is no number.
    pub(super) fn character(&self, item: &Value<'_>) -> Option<char> {
        let value = match (item, self.base) {
            (Value::Text(text), Some(base)) => number(text.as_str(), base)?,
            (Value::Int(number), None) => *number,
            (Value::Text(text), None) if text.len() > 1 || self.operator.is_some() => {
                number(text.as_str(), 10)?
            }
            _ => return None,
        };
        let operand = self.operand.unwrap_or(0);
        character(match self.operator {
            Some(b'r') => value ^ operand,
            Some(b'-') => value.checked_sub(operand)?,
            _ => value.checked_add(operand)?,
        })
    }
}
