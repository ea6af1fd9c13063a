//! `set /a`: whole numbers of 32 bits.
//!
//! Source: `set /?`. Operators with one precedence are read from the left; assignments are done as they are met. The
//! stack is a list, so nesting costs no call.

use super::variables::{Value, Variables};
use crate::number::number;
use schtag_task::byte_set::ByteSet;

const BLANKS_AND_QUOTES: ByteSet = ByteSet::of(b" \t\"");

/// Most operators and operands of one expression.
const MAX_TOKENS: usize = 512;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'a> {
    Number(i32),
    Name(&'a str),
    Operator(&'static str),
}

/// Operators, the longer before those that they begin with.
const OPERATORS: [&str; 26] = [
    "<<=", ">>=", "<<", ">>", "*=", "/=", "%=", "+=", "-=", "&=", "^=", "|=", "(", ")", "!", "~", "*", "/",
    "%", "+", "-", "&", "^", "|", "=", ",",
];

/// Returns how tightly an operator of two sides binds; 0 for one that is none.
fn precedence(operator: &str) -> u8 {
    match operator {
        "*" | "/" | "%" => 8,
        "+" | "-" => 7,
        "<<" | ">>" => 6,
        "&" => 5,
        "^" => 4,
        "|" => 3,
        "," => 1,
        _ if operator.ends_with('=') => 2,
        _ => 0,
    }
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut list = Vec::new();
    let mut rest = BLANKS_AND_QUOTES.trim_start(text);
    while !rest.is_empty() {
        if list.len() >= MAX_TOKENS {
            return None;
        }
        if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
            list.push(Token::Operator(operator));
            rest = rest.get(operator.len()..)?;
        } else {
            let end = rest
                .find(|c: char| c.is_whitespace() || "()!~*/%+-&^|=,<>\"".contains(c))
                .unwrap_or(rest.len());
            let (word, behind) = rest.split_at_checked(end.max(1))?;
            list.push(match number(word) {
                Some(value) => Token::Number(i32::try_from(value).ok()?),
                None if word.starts_with(|c: char| c.is_ascii_digit() || c == '<' || c == '>') => {
                    return None;
                }
                None => Token::Name(word),
            });
            rest = behind;
        }
        rest = BLANKS_AND_QUOTES.trim_start(rest);
    }
    Some(list)
}

/// An operand: a value, and the variable that it is, for an assignment.
#[derive(Debug, Clone, Copy)]
struct Operand<'a> {
    value: i32,
    name: Option<&'a str>,
}

/// Works an expression out and sets its variables. `None` where it is not one, or a variable is not known.
pub(super) fn evaluate(text: &str, variables: &mut Variables) -> Option<i32> {
    let mut operands: Vec<Operand<'_>> = Vec::new();
    let mut operators: Vec<(&'static str, bool)> = Vec::new();
    let mut wants_operand = true;
    for token in tokens(text)? {
        match token {
            Token::Number(value) if wants_operand => {
                operands.push(Operand { value, name: None });
                wants_operand = false;
            }
            Token::Name(name) if wants_operand => {
                let value = match variables.own(name) {
                    Some(Value::Known(text)) => {
                        number(text).and_then(|value| i32::try_from(value).ok()).unwrap_or(0)
                    }
                    Some(Value::Unknown(_)) => return None,
                    None => 0,
                };
                operands.push(Operand { value, name: Some(name) });
                wants_operand = false;
            }
            Token::Operator("(") if wants_operand => operators.push(("(", false)),
            Token::Operator(operator @ ("!" | "~" | "-" | "+")) if wants_operand => {
                operators.push((operator, true))
            }
            Token::Operator(")") => {
                while operators.last().is_some_and(|&(top, _)| top != "(") {
                    apply(&mut operands, operators.pop()?, variables)?;
                }
                operators.pop()?;
                wants_operand = false;
            }
            Token::Operator(operator) if !wants_operand && precedence(operator) > 0 => {
                let binds = precedence(operator);
                // Assignments are read from the right.
                while operators.last().is_some_and(|&(top, unary)| {
                    unary
                        || (top != "("
                            && (precedence(top) > binds || (precedence(top) == binds && binds != 2)))
                }) {
                    apply(&mut operands, operators.pop()?, variables)?;
                }
                operators.push((operator, false));
                wants_operand = true;
            }
            _ => return None,
        }
    }
    while let Some(operator) = operators.pop() {
        apply(&mut operands, operator, variables)?;
    }
    let last = operands.pop()?;
    operands.is_empty().then_some(last.value)
}

fn apply(
    operands: &mut Vec<Operand<'_>>,
    (operator, unary): (&str, bool),
    variables: &mut Variables,
) -> Option<()> {
    let right = operands.pop()?;
    if unary {
        let value = match operator {
            "!" => i32::from(right.value == 0),
            "~" => !right.value,
            "-" => right.value.wrapping_neg(),
            _ => right.value,
        };
        operands.push(Operand { value, name: None });
        return Some(());
    }
    let left = operands.pop()?;
    let assigned = operator.strip_suffix('=');
    let value = match assigned.unwrap_or(operator) {
        "" | "," => right.value,
        "*" => left.value.wrapping_mul(right.value),
        "/" => left.value.checked_div(right.value)?,
        "%" => left.value.checked_rem(right.value)?,
        "+" => left.value.wrapping_add(right.value),
        "-" => left.value.wrapping_sub(right.value),
        "<<" => left.value.wrapping_shl(right.value.unsigned_abs()),
        ">>" => left.value.wrapping_shr(right.value.unsigned_abs()),
        "&" => left.value & right.value,
        "^" => left.value ^ right.value,
        "|" => left.value | right.value,
        _ => return None,
    };
    if assigned.is_some() {
        variables.set(left.name?, Value::Known(value.to_string()));
    }
    operands.push(Operand { value, name: None });
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: `set /?`, "Numeric values", and its table of operators.
    #[test]
    fn expressions() {
        let mut variables = Variables::default();
        variables.set("x", Value::Known("5".into()));
        for (text, value) in [
            ("1+2*3", Some(7)),
            ("(1+2)*3", Some(9)),
            ("0x10 + 010", Some(24)),
            ("-7/2", Some(-3)),
            ("7%4", Some(3)),
            ("1<<4>>2", Some(4)),
            ("6&3|8^1", Some(11)),
            ("~0", Some(-1)),
            ("!0+!5", Some(1)),
            ("x*x", Some(25)),
            ("nothing+1", Some(1)),
            ("y=x+1,y*2", Some(12)),
            ("z=y=3", Some(3)),
            ("x+=2", Some(7)),
            ("2147483647+1", Some(i32::MIN)),
            ("-2147483648/-1", None),
            ("1/0", None),
            ("08", None),
            ("1 2", None),
            ("(1", None),
            ("", None),
        ] {
            assert_eq!(evaluate(text, &mut variables), value, "{text}");
        }
        assert_eq!(variables.own("z"), Some(&Value::Known("3".into())));
        assert_eq!(variables.own("x"), Some(&Value::Known("7".into())));
    }
}
