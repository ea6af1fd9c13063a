//! The values of constant expressions: texts, numbers, lists of them, and names of types.

use std::borrow::Cow;
use std::rc::Rc;

use crate::work::Work;

/// Longest string that folding makes, in bytes.
pub(super) const MAX_LITERAL: usize = 64 * 1024;
/// Most values in a list.
pub(super) const MAX_LIST: usize = 16 * 1024;

/// A string. Copies share one body, so that reading a variable costs nothing.
#[derive(Debug, Clone)]
pub(super) struct Text<'a> {
    body: Body<'a>,
    /// True if all is ASCII, so that a place is a byte.
    ascii: bool,
}

#[derive(Debug, Clone)]
enum Body<'a> {
    Borrowed(&'a str),
    Shared(Rc<String>),
    /// The bytes of a shared one between two places.
    Part(Rc<String>, usize, usize),
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text<'_> {}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self { ascii: text.is_ascii(), body: Body::Borrowed(text) }
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self { ascii: text.is_ascii(), body: Body::Shared(Rc::new(text)) }
    }
}

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

impl<'a> Text<'a> {
    #[inline(never)]
    pub(super) fn as_str(&self) -> &str {
        match &self.body {
            Body::Borrowed(text) => text,
            Body::Shared(text) => text,
            Body::Part(text, from, to) => text.get(*from..*to).unwrap_or_default(),
        }
    }

    /// The text between two bytes, which shares the body.
    #[inline(never)]
    pub(super) fn part(&self, from: usize, to: usize) -> Text<'a> {
        let body = match &self.body {
            Body::Borrowed(text) => Body::Borrowed(text.get(from..to).unwrap_or_default()),
            Body::Shared(text) => Body::Part(Rc::clone(text), from, to),
            Body::Part(text, start, _) => {
                Body::Part(Rc::clone(text), start.saturating_add(from), start.saturating_add(to))
            }
        };
        let mut part = Self { body, ascii: true };
        part.ascii = self.ascii || part.as_str().is_ascii();
        part
    }

    pub(super) fn len(&self) -> usize {
        self.as_str().len()
    }

    /// Returns how many characters there are.
    pub(super) fn count(&self, work: &Work) -> Option<usize> {
        if self.ascii {
            return Some(self.len());
        }
        work.walk(self.len(), 4).then(|| self.as_str().chars().count())
    }

    /// Returns the characters from a place on, at most `count`.
    #[inline(never)]
    pub(super) fn slice(&self, from: usize, count: usize, work: &Work) -> Option<Text<'a>> {
        let text = self.as_str();
        if self.ascii {
            let from = from.min(text.len());
            return work.walk(0, 0).then(|| self.part(from, from.saturating_add(count).min(text.len())));
        }
        work.walk(text.len(), 10).then_some(())?;
        let place =
            |count: usize, rest: &str| rest.char_indices().nth(count).map_or(rest.len(), |(at, _)| at);
        let from = place(from, text);
        let end = from.saturating_add(place(count, text.get(from..)?));
        Some(self.part(from, end))
    }

    /// The character at a place.
    fn at(&self, place: usize, work: &Work) -> Option<char> {
        if self.ascii {
            return self.as_str().as_bytes().get(place).map(|&byte| char::from(byte));
        }
        work.walk(self.len(), 4).then(|| self.as_str().chars().nth(place))?
    }

    /// Adds a text at the end, in place where nothing else has this string.
    #[inline(never)]
    pub(super) fn push(&mut self, more: &str, work: &Work) -> Option<()> {
        if self.len().saturating_add(more.len()) > MAX_LITERAL {
            return None;
        }
        self.ascii &= more.is_ascii();
        match &mut self.body {
            Body::Shared(text) => {
                let copied = if Rc::get_mut(text).is_some() { 0 } else { text.len() };
                work.spend(more.len().saturating_add(copied).saturating_mul(2).saturating_add(20))
                    .then_some(())?;
                Rc::make_mut(text).push_str(more);
            }
            _ => {
                let text = self.as_str();
                work.walk(text.len().saturating_add(more.len()), 2).then_some(())?;
                self.body = Body::Shared(Rc::new([text, more].concat()));
            }
        }
        Some(())
    }
}

/// A value. Lists hold no lists: PowerShell's own unrolling is close enough, and nothing nests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Text(Text<'a>),
    Char(char),
    Int(i64),
    Bool(bool),
    List(Rc<Vec<Value<'a>>>),
    /// A type, or what a type's member names: `text.encoding`, in lower case.
    Type(String),
    /// The bytes that a base64 text stands for, decoded where they are read.
    Base64(Text<'a>),
    /// An automatic variable as an object: its name and value.
    Variable(&'static str, &'static str),
}

impl<'a> Value<'a> {
    #[inline(never)]
    pub(super) fn text(text: impl Into<Text<'a>>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn list(list: Vec<Self>) -> Self {
        if !list.iter().any(|value| matches!(value, Self::List(_))) {
            return Self::List(Rc::new(list));
        }
        let mut flat = Vec::new();
        for value in list {
            match value {
                Self::List(inner) => flat.extend(inner.iter().take(MAX_LIST).cloned()),
                one => flat.push(one),
            }
            flat.truncate(MAX_LIST);
        }
        Self::List(Rc::new(flat))
    }

    /// The value as a string, as PowerShell converts it: a list has blanks between its values.
    #[inline(never)]
    pub(super) fn to_text(&self, work: &Work) -> Option<Text<'a>> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Char(c) => Some(String::from(*c).into()),
            Self::Int(number) => Some(number.to_string().into()),
            Self::Bool(value) => Some(Text::from(if *value { "True" } else { "False" })),
            // Characters are joined where `$OFS` is empty, and nothing else makes sense of them.
            Self::List(list) => {
                work.walk(list.len(), 5).then_some(())?;
                let chars = list.iter().all(|value| matches!(value, Self::Char(_)));
                join(list, if chars { "" } else { " " }, work).map(Text::from)
            }
            Self::Type(_) | Self::Base64(_) | Self::Variable(..) => None,
        }
    }

    /// The value as a number, as PowerShell converts it for arithmetic.
    #[inline(never)]
    pub(super) fn to_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Char(c) => Some(i64::from(u32::from(*c))),
            Self::Bool(value) => Some(i64::from(*value)),
            Self::Text(text) => number(text.as_str(), 10),
            _ => None,
        }
    }

    /// Returns whether PowerShell takes the value for true.
    pub(super) fn is_true(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Int(number) => Some(*number != 0),
            Self::Text(text) => Some(text.len() > 0),
            Self::Char(c) => Some(*c != '\0'),
            _ => None,
        }
    }

    /// The values of a list, or the one value, where they are.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            one => std::slice::from_ref(one),
        }
    }

    /// The values of a list, or the one value.
    #[inline(never)]
    pub(super) fn into_items(self, work: &Work) -> Option<Vec<Self>> {
        match self {
            Self::List(list) => match Rc::try_unwrap(list) {
                Ok(list) => Some(list),
                Err(list) => work.walk(list.len(), 40).then(|| list.to_vec()),
            },
            one => Some(vec![one]),
        }
    }

    /// Adds a value to the end of this one, which becomes a list.
    #[inline(never)]
    pub(super) fn append(self, more: Self, work: &Work) -> Option<Self> {
        let mut list = self.into_items(work)?;
        match more {
            Self::List(more) => {
                work.walk(more.len(), 40).then_some(())?;
                list.extend(more.iter().cloned());
            }
            one => list.push(one),
        }
        // No value of a list is one itself.
        (list.len() <= MAX_LIST).then(|| Self::List(Rc::new(list)))
    }

    /// Returns what `[index]` picks: one value, or a list for a list of places. Places outside give nothing.
    #[inline(never)]
    pub(super) fn index(&self, place: &Self, work: &Work) -> Option<Self> {
        let length = match self {
            Self::Text(text) => text.count(work)?,
            Self::List(list) => list.len(),
            _ => return None,
        };
        let length = i64::try_from(length).ok()?;
        let at = |place: &Self| -> Option<Option<Self>> {
            let place = place.to_int()?;
            let place = if place < 0 { length.saturating_add(place) } else { place };
            let Some(place) = usize::try_from(place).ok() else { return Some(None) };
            Some(match self {
                Self::Text(text) => text.at(place, work).map(Self::Char),
                Self::List(list) => list.get(place).cloned(),
                _ => None,
            })
        };
        let Self::List(places) = place else { return at(place)? };
        // Characters beyond ASCII are counted once, not for each place.
        if let Self::Text(text) = self
            && !text.ascii
        {
            work.walk(text.len(), 10).then_some(())?;
            let chars = text.as_str().chars().map(Value::Char).collect();
            return Self::list(chars).picked(places, work);
        }
        work.walk(places.len(), 40).then_some(())?;
        let mut list = Vec::with_capacity(places.len());
        for place in places.iter() {
            list.extend(at(place)?);
        }
        Some(Self::list(list))
    }

    #[inline(never)]
    fn picked(&self, places: &[Self], work: &Work) -> Option<Self> {
        let Self::List(values) = self else { return None };
        let length = i64::try_from(values.len()).ok()?;
        work.walk(places.len(), 40).then_some(())?;
        let mut list = Vec::with_capacity(places.len());
        for place in places {
            let place = place.to_int()?;
            let place = if place < 0 { length.saturating_add(place) } else { place };
            list.extend(usize::try_from(place).ok().and_then(|place| values.get(place)).cloned());
        }
        Some(Self::list(list))
    }
}

/// A whole number as PowerShell or .NET reads it, with `0x` for base 16.
#[inline(never)]
pub(super) fn number(text: &str, base: u32) -> Option<i64> {
    const LONGEST: usize = 70;
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, base) = hex.map_or((text, base), |hex| (hex, 16));
    i64::from_str_radix(digits, base).ok()
}

pub(super) fn character(code: i64) -> Option<char> {
    u32::try_from(code).ok().and_then(char::from_u32)
}

/// Joins values as texts. `None` where the result is too long or the work is spent.
#[inline(never)]
pub(super) fn join(list: &[Value<'_>], separator: &str, work: &Work) -> Option<String> {
    work.walk(list.len(), 30).then_some(())?;
    let mut out = String::new();
    for (index, value) in list.iter().enumerate() {
        if index > 0 {
            out.push_str(separator);
        }
        match value {
            Value::Char(c) => out.push(*c),
            Value::Text(text) => out.push_str(text.as_str()),
            other => out.push_str(other.to_text(work)?.as_str()),
        }
        if out.len() > MAX_LITERAL || !work.spend(separator.len().saturating_add(4)) {
            return None;
        }
    }
    work.walk(out.len(), 2).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_no_lists() {
        let inner = Value::list(vec![Value::Int(1), Value::Int(2)]);
        let outer = Value::list(vec![inner.clone(), Value::Int(3), inner]);
        let flat = [1, 2, 3, 1, 2].map(Value::Int).to_vec();
        assert_eq!(outer, Value::List(Rc::new(flat)));
    }

    #[test]
    fn indexes_count_from_both_ends() {
        let work = Work::unlimited();
        for text in ["iex", "i\u{e9}x"] {
            let value = Value::text(text);
            let chars: Vec<_> = text.chars().map(Value::Char).collect();
            for (place, expected) in [(0, chars.first()), (-1, chars.last()), (9, None), (-9, None)] {
                assert_eq!(value.index(&Value::Int(place), &work).as_ref(), expected, "{place}");
            }
            let places = Value::list(vec![Value::Int(-1), Value::Int(7), Value::Int(0)]);
            let picked = Value::list(vec![chars[2].clone(), chars[0].clone()]);
            assert_eq!(value.index(&places, &work), Some(picked));
        }
    }

    #[test]
    fn reading_a_place_of_an_ascii_text_costs_the_same_whatever_its_length() {
        let cost = |length: usize| {
            let value = Value::text("a".repeat(length));
            let work = Work::new(1 << 20);
            value.index(&Value::Int(5), &work).unwrap();
            (1 << 20) - work.left()
        };
        assert_eq!(cost(10), cost(60_000));
    }

    #[test]
    fn adding_to_a_text_walks_what_is_added() {
        let mut text = Text::from("a".repeat(1_000));
        let work = Work::new(1_000);
        text.push("b", &work).unwrap();
        assert!(work.left() > 700);
    }
}
