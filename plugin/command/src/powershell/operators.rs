//! Operators on known values. Source: about_Operators, about_Operator_Precedence, about_Split, about_Join and
//! about_Comparison_Operators.

use super::literals;
use super::values::{MAX_LIST, Text, Value, character, join, number};
use crate::work::Work;

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Comma,
    Range,
    Format,
    Times,
    Divided,
    Modulo,
    Plus,
    Minus,
    Join,
    Split,
    /// True if case counts.
    Replace(bool),
    Xor,
    And,
    Or,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    /// One whose result is not calculated.
    Other,
    Pipe,
    Assign,
    AssignPlus,
}

impl Binary {
    /// The operator that a word stands for.
    #[inline(never)]
    pub(super) fn of_word(word: &str) -> Option<Self> {
        let name = word.strip_prefix('-')?.to_ascii_lowercase();
        Some(match name.as_str() {
            "f" => Self::Format,
            "join" => Self::Join,
            "split" | "isplit" | "csplit" => Self::Split,
            "replace" | "ireplace" => Self::Replace(false),
            "creplace" => Self::Replace(true),
            "bxor" => Self::Xor,
            "band" => Self::And,
            "bor" => Self::Or,
            "lt" | "ilt" => Self::Less,
            "le" | "ile" => Self::LessOrEqual,
            "gt" | "igt" => Self::Greater,
            "ge" | "ige" => Self::GreaterOrEqual,
            "eq" | "ieq" => Self::Equal,
            "ne" | "ine" => Self::NotEqual,
            "like" | "notlike" | "match" | "notmatch" | "and" | "or" | "xor" | "is" | "as" | "contains"
            | "in" | "shl" | "shr" | "ceq" | "cmatch" => Self::Other,
            _ => return None,
        })
    }

    /// Returns how strongly it binds; every prefix but a unary minus binds stronger.
    pub(super) const fn strength(self) -> u8 {
        match self {
            Self::Comma => 80,
            Self::Range => 75,
            Self::Format => 70,
            Self::Times | Self::Divided | Self::Modulo => 60,
            Self::Plus | Self::Minus => 50,
            Self::Join
            | Self::Split
            | Self::Replace(_)
            | Self::Less
            | Self::LessOrEqual
            | Self::Greater
            | Self::GreaterOrEqual
            | Self::Equal
            | Self::NotEqual => 40,
            Self::Xor | Self::And | Self::Or | Self::Other => 35,
            Self::Pipe => 20,
            Self::Assign | Self::AssignPlus => 10,
        }
    }

    /// The value of `left operator right`.
    pub(super) fn apply<'a>(self, left: Value<'a>, right: Value<'a>, work: &Work) -> Option<Value<'a>> {
        match self {
            Self::Comma => left.append(right, work),
            Self::Range => range(left.to_int()?, right.to_int()?, work),
            Self::Format => {
                let format = left.to_text(work)?;
                literals::format(format.as_str(), &right.into_items(work)?, work).map(Value::text)
            }
            Self::Plus => plus(left, right, work),
            Self::Minus => Some(Value::Int(left.to_int()?.checked_sub(right.to_int()?)?)),
            Self::Times => times(&left, &right, work),
            Self::Divided => {
                let (left, right) = (left.to_int()?, right.to_int()?);
                (left.checked_rem(right)? == 0).then(|| left.checked_div(right).map(Value::Int))?
            }
            Self::Modulo => Some(Value::Int(left.to_int()?.checked_rem(right.to_int()?)?)),
            Self::Join => {
                let separator = right.to_text(work)?;
                match left {
                    Value::List(list) => join(&list, separator.as_str(), work).map(Value::text),
                    one => one.to_text(work).map(Value::Text),
                }
            }
            Self::Split => split(&left, &right, work),
            Self::Replace(exact) => {
                let mut given = right.into_items(work)?.into_iter();
                let old = given.next()?.to_text(work)?;
                let new = given.next().map_or(Some(Text::from("")), |new| new.to_text(work))?;
                let text = left.to_text(work)?;
                literals::replace_pattern(text.as_str(), old.as_str(), new.as_str(), exact, work)
                    .map(Value::text)
            }
            Self::Xor => Some(Value::Int(left.to_int()? ^ right.to_int()?)),
            Self::And => Some(Value::Int(left.to_int()? & right.to_int()?)),
            Self::Or => Some(Value::Int(left.to_int()? | right.to_int()?)),
            Self::Less => Some(Value::Bool(left.to_int()? < right.to_int()?)),
            Self::LessOrEqual => Some(Value::Bool(left.to_int()? <= right.to_int()?)),
            Self::Greater => Some(Value::Bool(left.to_int()? > right.to_int()?)),
            Self::GreaterOrEqual => Some(Value::Bool(left.to_int()? >= right.to_int()?)),
            Self::Equal | Self::NotEqual => equal(left, &right, self == Self::Equal, work),
            Self::Other | Self::Pipe | Self::Assign | Self::AssignPlus => None,
        }
    }
}

#[inline(never)]
fn range<'a>(first: i64, last: i64, work: &Work) -> Option<Value<'a>> {
    let count = usize::try_from(first.abs_diff(last)).ok()?.saturating_add(1);
    if count > MAX_LIST || !work.walk(count, 20) {
        return None;
    }
    let list: Vec<_> = if first <= last {
        (first..=last).map(Value::Int).collect()
    } else {
        (last..=first).rev().map(Value::Int).collect()
    };
    Some(Value::list(list))
}

#[inline(never)]
fn plus<'a>(left: Value<'a>, right: Value<'a>, work: &Work) -> Option<Value<'a>> {
    match left {
        Value::Text(mut text) => {
            text.push(right.to_text(work)?.as_str(), work)?;
            Some(Value::Text(text))
        }
        Value::Char(_) if !matches!(right, Value::Int(_)) => {
            let mut text = left.to_text(work)?;
            text.push(right.to_text(work)?.as_str(), work)?;
            Some(Value::Text(text))
        }
        Value::List(_) => left.append(right, work),
        _ => Some(Value::Int(left.to_int()?.checked_add(right.to_int()?)?)),
    }
}

#[inline(never)]
fn times<'a>(left: &Value<'a>, right: &Value<'a>, work: &Work) -> Option<Value<'a>> {
    let count = right.to_int()?;
    let Value::Text(text) = left else {
        return Some(Value::Int(left.to_int()?.checked_mul(count)?));
    };
    let count = usize::try_from(count).ok()?;
    let length = text.len().saturating_mul(count);
    let fits = length <= super::values::MAX_LITERAL && work.walk(length, 2);
    fits.then(|| Value::text(text.as_str().repeat(count)))
}

/// `-eq` and `-ne`: of a list, the values for which it is true.
#[inline(never)]
fn equal<'a>(left: Value<'a>, right: &Value<'a>, wanted: bool, work: &Work) -> Option<Value<'a>> {
    let right = right.to_text(work)?;
    work.walk(right.len(), 1).then_some(())?;
    let is = |value: &Value<'_>| {
        let text = value.to_text(work)?;
        Some((text.len() == right.len() && text.as_str().eq_ignore_ascii_case(right.as_str())) == wanted)
    };
    if !matches!(left, Value::List(_)) {
        return is(&left).map(Value::Bool);
    }
    let mut kept = Vec::new();
    for value in left.into_items(work)? {
        work.spend(right.len().saturating_mul(8).saturating_add(60)).then_some(())?;
        if is(&value)? {
            kept.push(value);
        }
    }
    Some(Value::list(kept))
}

/// `-split` with a pattern that is one text, a set of them, or a number of any characters. Of a list, each of its values
/// is split.
#[inline(never)]
fn split<'a>(left: &Value<'a>, right: &Value<'a>, work: &Work) -> Option<Value<'a>> {
    let pattern = match right {
        // The second value limits how many pieces there are.
        Value::List(list) => list.first()?.to_text(work)?,
        one => one.to_text(work)?,
    };
    let width = literals::any_characters(pattern.as_str());
    let separators = if width.is_some() { Vec::new() } else { literals::alternatives(pattern.as_str())? };
    let mut pieces = Vec::new();
    for one in left.items() {
        let text = one.to_text(work)?;
        match width {
            Some(width) => literals::chunks(&text, width, &mut pieces, work)?,
            None => literals::split(&text, &separators, &mut pieces, work)?,
        }
    }
    Some(Value::list(pieces))
}

/// `-split 'text'`: at white space.
#[inline(never)]
pub(super) fn split_blanks<'a>(value: &Value<'a>, work: &Work) -> Option<Value<'a>> {
    let text = value.to_text(work)?;
    work.walk(text.len(), 40).then_some(())?;
    let mut list = Vec::new();
    let mut at = 0_usize;
    for word in text.as_str().split(char::is_whitespace) {
        let end = at.saturating_add(word.len());
        if !word.is_empty() && list.len() < MAX_LIST {
            list.push(Value::Text(text.part(at, end)));
        }
        let next = text.as_str().get(end..).and_then(|rest| rest.chars().next());
        at = end.saturating_add(next.map_or(0, char::len_utf8));
    }
    Some(Value::list(list))
}

/// `[kind]value` for the kinds that make characters, numbers and texts.
#[inline(never)]
pub(super) fn cast<'a>(kind: &str, value: Value<'a>, work: &Work) -> Option<Value<'a>> {
    let kind = kind.strip_prefix("system.").unwrap_or(kind);
    if let Some(kind) = kind.strip_suffix("[]") {
        let items = match value {
            // A text is an array of its characters.
            Value::Text(text) if kind == "char" => {
                work.walk(text.len(), 20).then_some(())?;
                return Some(Value::list(text.as_str().chars().take(MAX_LIST).map(Value::Char).collect()));
            }
            Value::Base64(_) if kind == "byte" => return Some(value),
            other => other.into_items(work)?,
        };
        work.walk(items.len(), 60).then_some(())?;
        let list: Option<Vec<_>> = items.into_iter().map(|item| cast_one(kind, item, work)).collect();
        return list.map(Value::list);
    }
    match kind {
        "array" => value.into_items(work).map(Value::list),
        _ => cast_one(kind, value, work),
    }
}

#[inline(never)]
fn cast_one<'a>(kind: &str, value: Value<'a>, work: &Work) -> Option<Value<'a>> {
    match kind {
        "char" => match &value {
            Value::Char(_) => Some(value),
            Value::Int(code) => character(*code).map(Value::Char),
            Value::Text(text) => {
                let mut chars = text.as_str().chars();
                let (first, second) = (chars.next()?, chars.next());
                second.is_none().then_some(Value::Char(first))
            }
            _ => None,
        },
        "int" | "int32" | "int16" | "int64" | "uint32" | "uint16" | "long" | "byte" | "sbyte" => match &value
        {
            Value::Text(text) => number(text.as_str(), 10).map(Value::Int),
            other => other.to_int().map(Value::Int),
        },
        "string" => value.to_text(work).map(Value::Text),
        "object" | "psobject" => Some(value),
        _ => None,
    }
}
