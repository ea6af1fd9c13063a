//! Numbers that a pipeline turns into the characters of a script:
//! `(74,70,91) | % { [char]($_ -bxor 3) }`, `'49x45x58' -split 'x' | % { [char][convert]::ToInt16($_, 16) }`.

use super::casts::character;
use super::expressions::{Fold, is_call};
use super::lexer::Token;
use super::reader::{MAX_LIST, Reader};

/// Most tokens of a list besides its values and commas, so that its beginnings are few.
const MAX_AROUND: usize = 24;
/// Most tokens of the pipeline's body.
const MAX_BODY: usize = 48;

/// What may stand in a list or in the body and changes nothing here.
const PLAIN: [&str; 15] = [
    "[", "]", ":", ".", "@", "int", "byte", "char", "string", "convert", "system", "toint16", "toint32",
    "tobyte", "tochar",
];

/// What the pipeline does with each number.
#[derive(Debug, Default)]
struct Body {
    /// The last letter of `-bxor`, `+` or `-`.
    operator: Option<char>,
    operand: Option<i64>,
    base: Option<u32>,
}

impl<'a> Reader<'_, 'a> {
    /// Folds such a pipeline that begins here; `before` is what the pass has written.
    pub(super) fn characters(mut self, before: &[Token<'a>]) -> Fold {
        let may_begin = match self.list.get(self.at)? {
            Token::Code(code) => match code.as_ref() {
                "(" => !is_call(before),
                "[" | "@" => true,
                code => is_number(code) && !follows_comma(before),
            },
            // Within a list its beginning was tried already.
            Token::Literal(_) => !follows_comma(before),
            Token::Blank(_) => false,
        };
        if !may_begin {
            return None;
        }
        let (values, separators, open) = self.values()?;
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
        let mut text = String::new();
        for item in values.split(|c: char| separators.contains(c.to_ascii_lowercase())).take(MAX_LIST) {
            if !item.trim().is_empty() {
                text.push(body.character(item)?);
            }
        }
        (!text.is_empty()).then_some((text, self.at))
    }

    /// The values before a `|`, each with a comma behind it; what else separates them, from `-split 'x'` or
    /// `.Split('x')`; and how many parentheses stay open.
    fn values(&mut self) -> Option<(String, String, usize)> {
        let (mut values, mut separators) = (String::new(), ",".to_owned());
        let (mut open, mut around) = (0_usize, 0_usize);
        let (mut splits, mut may_follow) = (false, true);
        loop {
            let value = match self.literal() {
                Some(text) if splits => {
                    separators.push_str(&text.to_ascii_lowercase());
                    splits = false;
                    continue;
                }
                Some(text) => text,
                None => self.any_code()?,
            };
            if value == "," {
                may_follow = true;
                continue;
            }
            if is_number(value) {
                if !may_follow {
                    return None;
                }
                may_follow = false;
                values.push_str(value);
                values.push(',');
                continue;
            }
            around = around.saturating_add(1);
            let word = value.to_ascii_lowercase();
            match word.as_str() {
                "|" => return Some((values, separators, open)),
                "(" => open = open.saturating_add(1),
                ")" => open = open.checked_sub(1)?,
                "split" | "-split" => splits = true,
                word if around > MAX_AROUND || !PLAIN.contains(&word) => return None,
                _ => {}
            }
        }
    }

    /// The rest of a pipeline's body, when it makes a character of each number and does nothing else.
    fn body(&mut self) -> Option<Body> {
        let mut body = Body::default();
        let (mut casts, mut reads) = (false, false);
        for _ in 0..MAX_BODY {
            let code = self.text()?.to_ascii_lowercase();
            match code.as_str() {
                "}" => {
                    let whole = body.operator.is_some() == body.operand.is_some();
                    return (casts && reads && whole).then_some(body);
                }
                "$_" if !reads => reads = true,
                "," => body.base = Some(u32::try_from(self.number()?).ok().filter(|b| (2..=36).contains(b))?),
                "-bxor" | "+" | "-" if body.operator.is_none() => body.operator = code.chars().last(),
                "(" | ")" => {}
                word if PLAIN.contains(&word) => casts |= word == "char",
                _ if body.operand.is_none() => body.operand = Some(number(&code, 10)?),
                _ => return None,
            }
        }
        None
    }
}

impl Body {
    fn character(&self, item: &str) -> Option<char> {
        let value = number(item, self.base.unwrap_or(10))?;
        let operand = self.operand.unwrap_or(0);
        character(match self.operator {
            Some('r') => value ^ operand,
            Some('-') => value.saturating_sub(operand),
            _ => value.saturating_add(operand),
        })
    }
}

fn is_number(code: &str) -> bool {
    code.starts_with(|c: char| c.is_ascii_digit())
}

fn follows_comma(before: &[Token<'_>]) -> bool {
    let last = before.iter().rev().find(|token| !matches!(token, Token::Blank(_)));
    matches!(last, Some(Token::Code(code)) if code.as_ref() == ",")
}

fn number(text: &str, base: u32) -> Option<i64> {
    let text = text.trim();
    let (digits, base) = text.strip_prefix("0x").map_or((text, base), |hex| (hex, 16));
    i64::from_str_radix(digits, base).ok()
}
