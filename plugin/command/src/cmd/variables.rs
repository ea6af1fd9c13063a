//! The variables that a line itself sets, and those of Windows for names that it does not set.
//!
//! Source: `set /?`.

use std::rc::Rc;

use crate::environment;
use crate::names::Names;
use crate::order;

/// Most variables of one line that are remembered.
const MAX_VARIABLES: usize = 1024;
/// Most bytes of a value.
pub(super) const MAX_VALUE: usize = 64 * 1024;
/// Longest name that is one.
const MAX_NAME: usize = 512;

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A text. Parts that are not known stand in it as they are written.
    Known(String),
    /// A value that a program, a file or a person would give, with the name of that source.
    Unknown(Rc<str>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    name: String,
    value: Value,
    /// True if the value is ASCII, so that a character of it is found without counting.
    ascii: bool,
}

/// The variables of a line so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Variables {
    list: Vec<Variable>,
    /// A number for the name of each, so that a look-up compares few names.
    keys: Vec<u32>,
    /// True if there is more than is remembered.
    pub(super) full: bool,
}

/// A text of which characters are picked.
pub(super) enum Picked {
    /// The value at a place.
    Own(usize),
    OfWindows(&'static str),
}

/// The result of a look-up.
pub(super) enum Found<'a> {
    Known(&'a str, bool),
    Unknown(&'a Rc<str>),
    /// Windows sets it, to what is not known here.
    Elsewhere,
    Nothing,
}

/// Variables that exist on every machine with values of its own.
const ELSEWHERE: [&str; 17] = [
    "USERNAME",
    "USERDOMAIN",
    "COMPUTERNAME",
    "LOGONSERVER",
    "SESSIONNAME",
    "RANDOM",
    "DATE",
    "TIME",
    "CD",
    "ERRORLEVEL",
    "CMDCMDLINE",
    "CMDEXTVERSION",
    "NUMBER_OF_PROCESSORS",
    "PROCESSOR_IDENTIFIER",
    "PROCESSOR_LEVEL",
    "PROCESSOR_REVISION",
    "USERDNSDOMAIN",
];

/// The names of those.
const NAMES: Names = {
    let mut names = Names::new();
    let mut rest: &[&str] = &ELSEWHERE;
    while let [name, others @ ..] = rest {
        names = names.with(name);
        rest = others;
    }
    names
};

/// A number that equal names share, whatever the case of their letters.
fn key(name: &str) -> u32 {
    const LOWER: u64 = 0x2020_2020_2020_2020;
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = name.as_bytes().as_chunks::<8>();
    let mut last = [0_u8; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let words = words.iter().chain(std::iter::once(&last));
    let start = name.len() as u64;
    let key = words.fold(start, |key, word| {
        (key.rotate_left(5) ^ (u64::from_le_bytes(*word) | LOWER)).wrapping_mul(SPREAD)
    });
    (key >> 32) as u32
}

impl Variables {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// About the work of one look-up.
    pub(super) fn cost(&self) -> usize {
        self.list.len().saturating_mul(8).saturating_add(900)
    }

    /// About the work of a copy of all of them.
    pub(super) fn copying(&self) -> usize {
        let size = |variable: &Variable| match &variable.value {
            Value::Known(text) => text.len().saturating_mul(3).saturating_add(2_000),
            Value::Unknown(_) => 1_500,
        };
        self.list.iter().map(size).fold(0, usize::saturating_add)
    }

    /// The place of a variable that the line itself sets, which is valid until another one is set.
    #[inline(never)]
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        if name.len() > MAX_NAME {
            return None;
        }
        let key = key(name);
        let same = |at: &usize| self.list.get(*at).is_some_and(|known| known.name.eq_ignore_ascii_case(name));
        let places = self.keys.iter().enumerate().filter(|&(_, &known)| known == key);
        places.map(|(at, _)| at).find(same)
    }

    /// The value that the line itself gives.
    pub(super) fn own(&self, name: &str) -> Option<&Value> {
        self.position(name).and_then(|at| self.list.get(at)).map(|variable| &variable.value)
    }

    /// The value of a name; `modified` where a modifier picks from it, which also works on lists such as `PATH`.
    pub(super) fn find(&self, name: &str, modified: bool) -> Found<'_> {
        if name.is_empty() || name.len() > MAX_NAME {
            return Found::Nothing;
        }
        if let Some(variable) = self.position(name).and_then(|at| self.list.get(at)) {
            return match &variable.value {
                Value::Known(text) => Found::Known(text, variable.ascii),
                Value::Unknown(origin) => Found::Unknown(origin),
            };
        }
        let of_windows = if modified { environment::any_value(name) } else { environment::value(name) };
        match of_windows {
            Some(text) => Found::Known(text, true),
            None if NAMES.may_have(name)
                && ELSEWHERE.iter().any(|known| known.eq_ignore_ascii_case(name)) =>
            {
                Found::Elsewhere
            }
            None if environment::any_value(name).is_some() => Found::Elsewhere,
            None => Found::Nothing,
        }
    }

    /// Gives a variable a value; an empty text takes it away.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        let ascii = match &value {
            Value::Known(text) if text.len() > MAX_VALUE => {
                self.full = true;
                return;
            }
            Value::Known(text) => text.is_ascii(),
            Value::Unknown(_) => true,
        };
        let empty = value == Value::Known(String::new());
        match self.position(name) {
            Some(at) if empty => {
                self.list.swap_remove(at);
                self.keys.swap_remove(at);
            }
            Some(at) => {
                if let Some(variable) = self.list.get_mut(at) {
                    (variable.value, variable.ascii) = (value, ascii);
                }
            }
            None if empty => {}
            None if self.list.len() < MAX_VARIABLES && name.len() <= MAX_NAME => {
                self.keys.push(key(name));
                self.list.push(Variable { name: name.to_owned(), value, ascii });
            }
            None => self.full = true,
        }
    }

    /// Adds a text to the end of a value that is a text, as `set x=!x!text` does. False where it is none.
    pub(super) fn append(&mut self, name: &str, text: &str) -> bool {
        let Some(at) = self.position(name) else { return false };
        let Some(variable) = self.list.get_mut(at) else { return false };
        let Value::Known(value) = &mut variable.value else { return false };
        if value.len().saturating_add(text.len()) > MAX_VALUE {
            self.full = true;
            return true;
        }
        value.push_str(text);
        variable.ascii &= text.is_ascii();
        true
    }

    /// Adds the characters of an ASCII text to the value at a place: of the value at another place, or of a text of
    /// Windows. Returns what was added; `None` where one of both is no such text.
    pub(super) fn pick(
        &mut self,
        target: usize,
        source: &Picked,
        start: usize,
        length: usize,
    ) -> Option<usize> {
        let Value::Known(value) = &mut self.list.get_mut(target)?.value else { return None };
        let mut value = std::mem::take(value);
        let text = match source {
            Picked::Own(place) => match self.list.get(*place) {
                Some(Variable { value: Value::Known(text), ascii: true, .. }) => Some(text.as_str()),
                _ => None,
            },
            Picked::OfWindows(text) => Some(*text),
        };
        let added = text.and_then(|text| {
            let start = start.min(text.len());
            text.get(start..start.saturating_add(length).min(text.len()))
        });
        let fits = added.is_some_and(|added| value.len().saturating_add(added.len()) <= MAX_VALUE);
        let count = added.map(str::len);
        value.push_str(added.filter(|_| fits).unwrap_or_default());
        self.full |= !fits && count.is_some();
        self.list.get_mut(target)?.value = Value::Known(value);
        count
    }

    /// Where a loop picks its characters from.
    pub(super) fn picked(&self, name: &str) -> Option<Picked> {
        match self.position(name) {
            Some(place) => Some(Picked::Own(place)),
            None => environment::any_value(name).map(Picked::OfWindows),
        }
    }

    /// `name=value` of each variable whose name begins with a text, as `set` shows them.
    pub(super) fn shown(&self, start: &str) -> Vec<String> {
        let begins =
            |name: &str| name.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
        let own = self.list.iter().filter_map(|variable| match &variable.value {
            Value::Known(text) => Some((variable.name.as_str(), text.as_str())),
            Value::Unknown(_) => None,
        });
        let mut list: Vec<String> = Vec::new();
        for (name, value) in own {
            if begins(name) {
                list.push([name, "=", value].concat());
            }
        }
        for (name, value) in environment::all() {
            if begins(name) && self.position(name).is_none() {
                list.push([name, "=", value].concat());
            }
        }
        order::sort_by(&mut list, |left, right| {
            let lower = |text: &String| text.to_ascii_lowercase();
            lower(left).cmp(&lower(right))
        });
        list
    }
}
