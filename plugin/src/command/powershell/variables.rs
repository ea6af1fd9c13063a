//! Variables that have one constant value where they are read.
//!
//! A variable counts when the script assigns it once, or several times in a script without braces, which runs
//! from left to right; and when what is assigned is a constant string, or a list, or a number where numbers may
//! be characters.

use super::lexer::{Token, escaped, is_double};
use super::reader::Reader;
use crate::command::environment::powershell_reference;

/// Most variables that are followed.
const MAX_VARIABLES: usize = 32;
/// Most tokens of a value.
const MAX_TOKENS: usize = 8192;
/// Longest string that is put in where it is read. A longer one is a text that stands in the script anyway, and
/// twice it would take the place of what else there is.
const MAX_TEXT: usize = 2048;

/// A variable that the script assigns.
#[derive(Debug)]
struct Variable<'a> {
    /// Its name in lower case, without `$` and braces.
    name: String,
    /// How many assignments there are.
    assignments: usize,
    value: Option<Vec<Token<'a>>>,
}

/// An assignment that is being read.
#[derive(Debug)]
struct Assignment {
    /// The variable's place in the list.
    variable: usize,
    /// Whether the value is added to what is there.
    adds: bool,
    /// Where the value begins in what the pass has written.
    from: usize,
    /// How many parentheses are open.
    depth: usize,
}

/// The variables of a script.
#[derive(Debug)]
pub(super) struct Variables<'a> {
    list: Vec<Variable<'a>>,
    assignment: Option<Assignment>,
    numbers: bool,
}

impl<'a> Variables<'a> {
    /// Those that a script assigns in a way that can be followed.
    pub(super) fn of(tokens: &[Token<'_>], numbers: bool) -> Self {
        let mut list: Vec<Variable<'a>> = Vec::new();
        let mut braces = false;
        for (at, token) in tokens.iter().enumerate() {
            let Token::Code(code) = token else { continue };
            braces |= code.as_ref() == "{";
            let Some(name) = name_of(code) else { continue };
            let behind = Reader { list: tokens, at: at.saturating_add(1) };
            let assignments = match operator(behind) {
                Some("=" | "+") => 1,
                // Counted, calculated with, or set by a loop: not followed.
                Some(_) => MAX_TOKENS,
                None => continue,
            };
            if let Some(known) = list.iter_mut().find(|known| known.name == name) {
                known.assignments = known.assignments.saturating_add(assignments);
            } else if list.len() < MAX_VARIABLES {
                list.push(Variable { name, assignments, value: None });
            }
        }
        list.retain(|variable| variable.assignments == 1 || (!braces && variable.assignments < MAX_TOKENS));
        Self { list, assignment: None, numbers }
    }

    /// Forgets the values, before a pass from the beginning.
    pub(super) fn begin(&mut self) {
        self.assignment = None;
        for variable in &mut self.list {
            variable.value = None;
        }
    }

    /// Writes the value of the variable or the string with variables that stands here. Returns how much was
    /// written, in bytes, or `None` when it stays.
    pub(super) fn value(&self, reader: Reader<'_, 'a>, out: &mut Vec<Token<'a>>) -> Option<usize> {
        /// What a token counts besides its text.
        const TOKEN: usize = 8;
        let Some(Token::Code(code)) = reader.list.get(reader.at) else { return None };
        if self.list.is_empty() {
            return None;
        }
        if code.starts_with(is_double) {
            let text = self.expanded(code)?;
            let length = text.len();
            out.push(Token::Literal(text));
            return Some(length);
        }
        let name = name_of(code)?;
        let value = self.list.iter().find(|variable| variable.name == name)?.value.as_ref()?;
        if operator(Reader { list: reader.list, at: reader.at.saturating_add(1) }).is_some() {
            return None;
        }
        out.extend(value.iter().cloned());
        let length = |token: &Token<'_>| match token {
            Token::Literal(text) => text.len(),
            Token::Code(text) => text.len(),
            Token::Blank(text) => text.len(),
        };
        Some(value.iter().map(|token| length(token).saturating_add(TOKEN)).sum())
    }

    /// A string in double quotes with the values of its variables, when all are known and at least one is the
    /// script's own.
    fn expanded(&self, code: &str) -> Option<String> {
        let mut out = String::new();
        let mut own = false;
        let mut rest = code.get(code.chars().next()?.len_utf8()..)?;
        loop {
            let c = rest.chars().next()?;
            let behind = rest.get(c.len_utf8()..)?;
            if is_double(c) {
                match behind.chars().next().filter(|&next| is_double(next)) {
                    Some(next) => {
                        out.push('"');
                        rest = behind.get(next.len_utf8()..)?;
                    }
                    None => return own.then_some(out),
                }
            } else if c == '`' {
                let mut chars = behind.chars();
                out.extend(chars.next().and_then(escaped));
                rest = chars.as_str();
            } else if c != '$' {
                out.push(c);
                rest = behind;
            } else if let Some((value, behind)) = powershell_reference(behind) {
                out.push_str(value);
                rest = behind;
            } else {
                let (value, behind) = self.reference(behind)?;
                out.push_str(value);
                own = true;
                rest = behind;
            }
            if out.len() > super::literals::MAX_LITERAL {
                return None;
            }
        }
    }

    /// The value of the variable behind a `$` in a string, also as `$($name)`, and what follows it.
    fn reference<'t>(&self, behind: &'t str) -> Option<(&str, &'t str)> {
        let (name, rest) = if let Some(inside) = behind.strip_prefix("($") {
            inside.split_once(')')?
        } else if let Some(inside) = behind.strip_prefix('{') {
            inside.split_once('}')?
        } else {
            let end = behind.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(behind.len());
            behind.split_at_checked(end)?
        };
        let variable = self.list.iter().find(|variable| variable.name.eq_ignore_ascii_case(name))?;
        match variable.value.as_deref()? {
            [Token::Literal(text)] => Some((text, rest)),
            [Token::Code(text)] => Some((text, rest)),
            _ => None,
        }
    }

    /// Follows what the pass writes: takes note of assignments, and of values where they end.
    pub(super) fn follow(&mut self, out: &[Token<'a>], next: Option<&Token<'_>>) {
        if self.list.is_empty() {
            return;
        }
        if let Some(assignment) = &mut self.assignment {
            match out.last() {
                Some(Token::Code(code)) if code.as_ref() == "(" => {
                    assignment.depth = assignment.depth.saturating_add(1);
                }
                Some(Token::Code(code)) if code.as_ref() == ")" => {
                    assignment.depth = assignment.depth.saturating_sub(1);
                }
                _ => {}
            }
            if ends_statement(next, assignment.depth) {
                self.assign(out);
            }
        } else if let Some((name, adds)) = assigned(out)
            && let Some(variable) = self.list.iter().position(|variable| variable.name == name)
        {
            self.assignment = Some(Assignment { variable, adds, from: out.len(), depth: 0 });
        }
    }

    /// Ends the assignment that is being read.
    fn assign(&mut self, out: &[Token<'a>]) {
        let Some(Assignment { variable, adds, from, .. }) = self.assignment.take() else { return };
        let value = out.get(from..).and_then(|tokens| constant(tokens, self.numbers));
        let Some(variable) = self.list.get_mut(variable) else { return };
        variable.value = match (adds, variable.value.take(), value) {
            (false, _, value) => value,
            (true, Some(old), Some(new)) => match (old.as_slice(), new.as_slice()) {
                ([Token::Literal(old)], [Token::Literal(new)])
                    if old.len().saturating_add(new.len()) <= MAX_TEXT =>
                {
                    Some(vec![Token::Literal([old.as_str(), new].concat())])
                }
                _ => None,
            },
            _ => None,
        };
    }
}

/// The name in `$name` or `${name}`, in lower case.
fn name_of(code: &str) -> Option<String> {
    let name = code.strip_prefix('$')?;
    let name = name.strip_prefix('{').and_then(|inside| inside.strip_suffix('}')).unwrap_or(name);
    (!name.is_empty() && name != "_").then(|| name.to_ascii_lowercase())
}

/// The operator that assigns to the variable before: `=`, the first character of `+=`, `++` and the like, or `in`.
fn operator<'t>(mut behind: Reader<'t, '_>) -> Option<&'t str> {
    let first = behind.any_code()?;
    let glued =
        |next: &str| behind.list.get(behind.at).is_some_and(|t| matches!(t, Token::Code(c) if c == next));
    match first {
        "=" => Some("="),
        "+" | "-" | "*" | "/" | "%" if glued("=") => Some(first),
        "+" | "-" if glued(first) => Some("++"),
        _ if first.eq_ignore_ascii_case("in") => Some("in"),
        _ => None,
    }
}

/// The variable that what is written assigns next, and whether it adds.
fn assigned(out: &[Token<'_>]) -> Option<(String, bool)> {
    let mut codes = out.iter().rev().filter(|token| !matches!(token, Token::Blank(_)));
    let mut next = || match codes.next() {
        Some(Token::Code(code)) => Some(code.as_ref()),
        _ => None,
    };
    match out.last()? {
        Token::Code(code) if code.as_ref() == "=" => {}
        _ => return None,
    }
    next();
    match next()? {
        "+" => Some((name_of(next()?)?, true)),
        name => Some((name_of(name)?, false)),
    }
}

fn ends_statement(next: Option<&Token<'_>>, depth: usize) -> bool {
    match next {
        None => true,
        Some(Token::Code(code)) => match code.as_ref() {
            ";" | "}" => true,
            ")" => depth == 0,
            _ => false,
        },
        Some(Token::Blank(blank)) => depth == 0 && blank.contains(['\n', '\r']),
        Some(Token::Literal(_)) => false,
    }
}

/// A constant: a string, a number, or a list of them, also behind a cast such as `[byte[]]`.
fn constant<'a>(tokens: &[Token<'a>], numbers: bool) -> Option<Vec<Token<'a>>> {
    let mut value: Vec<Token<'a>> = Vec::new();
    for token in tokens {
        let is_value = match token {
            Token::Literal(text) if text.len() > MAX_TEXT => return None,
            Token::Literal(_) => true,
            Token::Blank(_) => false,
            Token::Code(code) if numbers && code.starts_with(|c: char| c.is_ascii_digit()) => true,
            Token::Code(code) if AROUND.iter().any(|known| known.eq_ignore_ascii_case(code)) => false,
            Token::Code(_) => return None,
        };
        if is_value {
            if !value.is_empty() {
                value.push(Token::Code(",".into()));
            }
            value.push(token.clone());
        }
        if value.len() > MAX_TOKENS {
            return None;
        }
    }
    if value.len() > 1 {
        value.insert(0, Token::Code("(".into()));
        value.push(Token::Code(")".into()));
    }
    (!value.is_empty()).then_some(value)
}

/// What may stand around and between the values of a constant.
const AROUND: [&str; 10] = [",", "(", ")", "@", "[", "]", "byte", "int", "char", "string"];
