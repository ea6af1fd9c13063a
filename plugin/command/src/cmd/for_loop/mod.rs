//! `for`: what it goes through.
//!
//! Source: `for /?`.

use super::lexer::WILDCARDS;
use schtag_task::byte_set::ByteSet;
use std::rc::Rc;

use super::lexer::{Lexed, Lexer, is_delimiter, text_of};
use super::output;
use super::variables::Value;
use crate::environment::find_ignoring_case;

const BLANKS_AND_COMMAS: ByteSet = ByteSet::of(b" \t,");

/// Most rounds over words or lines.
pub(super) const MAX_ROUNDS: usize = 8192;
/// Most variables of one `/f`.
const MAX_TOKENS: usize = 31;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    /// The words of the set; also files, which are not looked up.
    #[default]
    Words,
    /// `/l`: start, step and end.
    Counter,
    /// `/f`: the lines of a text, a command or files.
    Lines,
    /// `/d` and `/r`: folders, or files below a folder.
    Files,
}

/// A `for` up to its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    /// The options of `/f`, which say how lines are read.
    pub(super) options: String,
    /// The first variable; `None` where the head was not understood.
    pub(super) variable: Option<char>,
    /// The text between the parentheses.
    pub(super) set: String,
}

/// Reads what stands between `for` and the body. `None` where there is no body.
pub(super) fn head(lexer: &mut Lexer<'_>) -> Option<Head> {
    let start = *lexer;
    let head = well_formed(lexer);
    if head.is_some() {
        return head;
    }
    // The body is what matters.
    *lexer = start;
    let at = find_ignoring_case(lexer.rest(), " do ")?;
    lexer.skip(at.saturating_add(4));
    Some(Head::default())
}

fn well_formed(lexer: &mut Lexer<'_>) -> Option<Head> {
    let mut head = Head::default();
    let mut switched = false;
    for _ in 0..4 {
        lexer.skip_delimiters();
        if lexer.peek() == Some(b'%') || (lexer.peek() == Some(b'^') && lexer.peek_second() == Some(b'%')) {
            break;
        }
        let word = lexer.word();
        let (switch, glued) = word.split_at_checked(2).unwrap_or((&word, ""));
        let kind = match switch.to_ascii_lowercase().as_str() {
            "/f" => Some(Kind::Lines),
            "/l" => Some(Kind::Counter),
            "/d" | "/r" => Some(Kind::Files),
            _ => None,
        };
        match kind {
            Some(kind) if !switched => {
                switched = true;
                head.kind = kind;
                glued.trim_matches('"').clone_into(&mut head.options);
            }
            _ => word.trim_matches('"').clone_into(&mut head.options),
        }
    }
    head.variable = Some(variable(lexer)?);
    lexer.skip_delimiters();
    if !lexer.keyword("in") {
        return None;
    }
    lexer.skip_delimiters();
    if lexer.next() != Lexed::Special(b'(') {
        return None;
    }
    head.set = set(lexer)?;
    Some(head)
}

/// Reads `%a` or `%%a`.
fn variable(lexer: &mut Lexer<'_>) -> Option<char> {
    let percent = |lexed| matches!(lexed, Lexed::Plain(b'%') | Lexed::Escaped(b'%'));
    if !percent(lexer.next()) {
        return None;
    }
    let mut after = *lexer;
    if percent(after.next()) {
        *lexer = after;
    }
    if lexer.peek() == Some(b'^') {
        lexer.skip(1);
    }
    let name = lexer.rest().chars().next()?;
    lexer.skip(name.len_utf8());
    Some(name)
}

/// Reads what stands in the parentheses up to the one that `do` follows. Delimiters outside quotes are blanks.
fn set(lexer: &mut Lexer<'_>) -> Option<String> {
    let mut out = Vec::new();
    let mut quoted = false;
    loop {
        let plain = lexer.plain().bytes();
        out.extend(plain.map(|byte| if !quoted && is_delimiter(byte) { b' ' } else { byte }));
        match lexer.next() {
            Lexed::Plain(byte) if !quoted && is_delimiter(byte) => out.push(b' '),
            Lexed::Plain(byte) => {
                quoted ^= byte == b'"';
                out.push(byte);
            }
            Lexed::Escaped(byte) => out.push(byte),
            Lexed::Special(b')') => {
                let mut after = *lexer;
                after.skip_delimiters();
                if after.keyword("do") {
                    *lexer = after;
                    return Some(text_of(out));
                }
                out.push(b')');
            }
            Lexed::Special(b'\n') => out.push(b' '),
            Lexed::Special(byte) => out.push(byte),
            Lexed::End => return None,
        }
    }
}

/// The values of a loop's variables, round by round.
#[derive(Debug)]
pub(super) enum Values {
    Counter {
        next: i64,
        step: i64,
        end: i64,
    },
    /// The values of all variables of each round, the last round first.
    List(Vec<Vec<Value>>),
}

impl Values {
    /// The number of the next round, where it is one that is written in no other way.
    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Self::Counter { next, step, end } => {
                let runs = if *step < 0 { *next >= *end } else { *next <= *end && *step > 0 };
                runs.then_some(*next)
            }
            Self::List(list) => {
                let [Value::Known(text)] = list.last()?.as_slice() else { return None };
                let plain = matches!(text.as_bytes(), [b'0'] | [b'1'..=b'9', ..]);
                text.parse().ok().filter(|_| plain)
            }
        }
    }

    /// Passes over a round that has a number.
    pub(super) fn pass(&mut self) {
        match self {
            Self::Counter { next, step, .. } => *next = next.saturating_add(*step),
            Self::List(list) => drop(list.pop()),
        }
    }

    /// The values of the next round.
    pub(super) fn next(&mut self) -> Option<Vec<Value>> {
        match self {
            Self::Counter { next, step, end } => {
                let runs = if *step < 0 { *next >= *end } else { *next <= *end };
                let number = *next;
                *next = next.saturating_add(*step);
                if *step == 0 {
                    // It never ends; once is enough.
                    *end = i64::MIN;
                }
                runs.then(|| vec![Value::Known(number.to_string())])
            }
            Self::List(list) => list.pop(),
        }
    }
}

/// `start,step,end`, with blanks in their place.
pub(super) fn counter(set: &str) -> Option<Values> {
    let mut numbers = set.split([' ', ',', ';', '=']).filter(|part| !part.is_empty());
    let mut number = || numbers.next().map_or(Some(0), crate::number::number);
    Some(Values::Counter { next: number()?, step: number()?, end: number()? })
}

/// The words of a set. Those that stand for files are system programs by their pattern, or not known.
pub(super) fn words(set: &str, below: bool) -> Values {
    let mut list = Vec::new();
    let mut quoted = false;
    for word in set.split(|c: char| {
        quoted ^= c == '"';
        !quoted && c.is_ascii() && is_delimiter(c as u8)
    }) {
        if word.is_empty() || list.len() >= MAX_ROUNDS {
            continue;
        }
        if WILDCARDS.is_in(word) {
            let programs = output::matching(word.trim_matches('"'), true);
            if programs.is_empty() {
                list.push(vec![Value::Unknown(Rc::from(""))]);
            }
            list.extend(programs.into_iter().map(|path| vec![Value::Known(path)]));
        } else if below {
            list.push(vec![Value::Unknown(Rc::from(""))]);
        } else {
            list.push(vec![Value::Known(word.to_owned())]);
        }
    }
    list.reverse();
    Values::List(list)
}

/// The input of `/f`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source<'a> {
    Text(&'a str),
    Command(&'a str),
    File(&'a str),
}

/// Returns what the set of `/f` names.
pub(super) fn source<'a>(set: &'a str, options: &str) -> Source<'a> {
    let set = set.trim();
    let backquotes = find_ignoring_case(options, "usebackq").is_some();
    let inside = |quote: char| set.strip_prefix(quote).map(|rest| rest.strip_suffix(quote).unwrap_or(rest));
    let (command, text) = if backquotes { ('`', '\'') } else { ('\'', '"') };
    if let Some(line) = inside(command) {
        Source::Command(line)
    } else if let Some(line) = inside(text) {
        Source::Text(line)
    } else {
        Source::File(set.trim_matches('"'))
    }
}

/// The options of `/f`, parsed.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    delimiters: String,
    end_of_line: char,
    skipped: usize,
    /// The numbers of the parts, in order; `0` for the rest of the line.
    parts: Vec<usize>,
}

fn options(text: &str) -> Options {
    let mut options = Options { delimiters: " \t".into(), end_of_line: ';', skipped: 0, parts: Vec::new() };
    let mut rest = text;
    loop {
        rest = BLANKS_AND_COMMAS.trim_start(rest);
        let Some((name, value)) = rest.split_once('=') else { break };
        let name = name.trim();
        let ends = |known: &str| {
            name.len() >= known.len()
                && name
                    .get(name.len().saturating_sub(known.len())..)
                    .is_some_and(|end| end.eq_ignore_ascii_case(known))
        };
        if ends("delims") {
            let end = value.find(' ').unwrap_or(value.len());
            let behind = value.get(end..).unwrap_or_default();
            value.get(..end).unwrap_or_default().clone_into(&mut options.delimiters);
            // A blank counts at the very end.
            if !behind.is_empty() && behind.trim().is_empty() {
                options.delimiters.push(' ');
            }
            rest = behind;
        } else if ends("eol") {
            options.end_of_line = value.chars().next().unwrap_or(';');
            rest = value.get(options.end_of_line.len_utf8()..).unwrap_or_default();
        } else if ends("skip") {
            let value = value.trim_start();
            let end = value.find(|c: char| !(c.is_ascii_alphanumeric() || c == '+')).unwrap_or(value.len());
            let skipped = crate::number::number(value.get(..end).unwrap_or_default());
            options.skipped = skipped.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
            rest = value.get(end..).unwrap_or_default();
        } else if ends("tokens") {
            let value = value.trim_start();
            let end =
                value.find(|c: char| !(c.is_ascii_digit() || "+,-*".contains(c))).unwrap_or(value.len());
            options.parts = parts(value.get(..end).unwrap_or_default());
            rest = value.get(end..).unwrap_or_default();
        } else {
            rest = value;
        }
    }
    if options.parts.is_empty() {
        options.parts.push(1);
    }
    options
}

/// `1,3-5*`
fn parts(text: &str) -> Vec<usize> {
    let mut list = Vec::new();
    for part in text.split(',') {
        let numbers = part.trim_end_matches('*');
        let number =
            |text: &str| text.trim_start_matches('+').parse::<usize>().ok().map(|n| n.min(MAX_TOKENS));
        let (from, to) = match numbers.split_once('-') {
            Some((from, to)) => (number(from), number(to)),
            None => (number(numbers), number(numbers)),
        };
        if let (Some(from), Some(to)) = (from, to) {
            list.extend((from..=to).take(MAX_TOKENS));
        }
        if part.ends_with('*') {
            list.push(0);
        }
    }
    list.truncate(MAX_TOKENS);
    list
}

/// The values of the variables for each line of a text. `origin` says that there are lines that are not known.
pub(super) fn lines(text: &str, option_text: &str, origin: Option<&Rc<str>>) -> Values {
    let options = options(option_text);
    let mut list = Vec::new();
    for line in text.split('\n').map(|line| line.trim_end_matches('\r')).skip(options.skipped) {
        if line.is_empty() || line.starts_with(options.end_of_line) || list.len() >= MAX_ROUNDS {
            continue;
        }
        list.extend(fields(line, &options));
    }
    if let Some(origin) = origin {
        list.push(options.parts.iter().map(|_| Value::Unknown(Rc::clone(origin))).collect());
    }
    list.reverse();
    Values::List(list)
}

/// The parts of one line. `None` where it has no part that is asked for.
fn fields(line: &str, options: &Options) -> Option<Vec<Value>> {
    let is_delimiter = |c: char| options.delimiters.contains(c);
    let mut number = 0_usize;
    let mut rest = line;
    let mut values: Vec<Value> = Vec::new();
    let mut any = false;
    for &wanted in &options.parts {
        if wanted == 0 {
            let tail = rest.trim_start_matches(is_delimiter);
            any |= !tail.is_empty();
            values.push(Value::Known(tail.to_owned()));
            continue;
        }
        let mut part = "";
        while number < wanted {
            rest = rest.trim_start_matches(is_delimiter);
            let end = rest.find(is_delimiter).unwrap_or(rest.len());
            (part, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
            number = number.saturating_add(1);
        }
        any |= !part.is_empty();
        values.push(Value::Known(part.to_owned()));
    }
    any.then_some(values)
}

#[cfg(test)]
mod tests;
