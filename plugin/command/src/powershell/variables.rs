//! The script's own variables, as far as their values are certain.
//!
//! A variable is followed when the script assigns it once, or only where it runs from left to right: outside
//! braces, or in the body of a loop that is run here.

use super::lexer::{Token, escaped, is_double};
use super::members::AUTOMATIC;
use super::values::{MAX_LITERAL, Text, Value};
use crate::environment::{self, powershell_reference};
use crate::tokens::SPACES;
use crate::work::Work;

/// Most variables that are followed.
const MAX_VARIABLES: usize = 32;
/// Units that looking up a name costs.
const LOOK_UP: usize = 200;

/// A variable that the script assigns.
#[derive(Debug)]
struct Variable<'a> {
    /// Its name as first written, without `$`, braces and scope.
    name: &'a str,
    /// The number of assignments to it.
    assignments: usize,
    /// True if one is in braces that are no loop's.
    in_braces: bool,
    value: Option<Value<'a>>,
    /// True if its value was calculated, and does not stand in the script.
    calculated: bool,
    /// True if nothing was assigned yet, so that it is nothing.
    fresh: bool,
}

/// The variables of a script.
#[derive(Debug)]
pub(super) struct Variables<'a> {
    list: Vec<Variable<'a>>,
}

impl<'a> Variables<'a> {
    /// Those that a script assigns in a way that can be followed. `None` when the work is spent.
    #[inline(never)]
    pub(super) fn of(tokens: &[Token<'a>], work: &Work) -> Option<Self> {
        let mut all = Self { list: Vec::new() };
        // For each open brace, whether it is a loop's body; deeper ones count as no loop's.
        let mut braces: Vec<bool> = Vec::new();
        let mut loops = LoopWords::default();
        work.walk(tokens.len(), 150).then_some(())?;
        for (at, token) in tokens.iter().enumerate() {
            let Token::Code(code) = token else { continue };
            match code.as_bytes() {
                b"{" => braces.push(loops.begins_body()),
                b"}" => {
                    braces.pop();
                }
                _ => loops.pass(code),
            }
            if !matches!(code.as_bytes(), [b'$', _, ..]) {
                continue;
            }
            let Token::Code(std::borrow::Cow::Borrowed(code)) = token else { continue };
            let Some(name) = name_of(code) else { continue };
            let in_loop_head =
                matches!(next_code(tokens, at, 1), Some(word) if word.eq_ignore_ascii_case("in"));
            if !(in_loop_head || is_assigned(tokens, at)) {
                continue;
            }
            work.spend(LOOK_UP).then_some(())?;
            let in_braces = braces.iter().rev().take(8).any(|is_loop| !is_loop) || braces.len() > 8;
            if let Some(known) = all.find(name).and_then(|index| all.list.get_mut(index)) {
                known.assignments = known.assignments.saturating_add(1);
                known.in_braces |= in_braces;
            } else if all.list.len() < MAX_VARIABLES {
                let value = None;
                all.list.push(Variable {
                    name,
                    assignments: 1,
                    in_braces,
                    value,
                    calculated: false,
                    fresh: true,
                });
            }
        }
        all.list.retain(|variable| variable.assignments == 1 || !variable.in_braces);
        Some(all)
    }

    #[inline(never)]
    fn find(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|known| known.name.eq_ignore_ascii_case(name))
    }

    /// The variable of this name, when it is followed.
    #[inline(never)]
    pub(super) fn own(&self, code: &str, work: &Work) -> Option<usize> {
        let name = name_of(code).filter(|_| !self.list.is_empty())?;
        work.spend(LOOK_UP).then(|| self.find(name))?
    }

    /// The value that a variable has now, and whether it was calculated.
    #[inline(never)]
    pub(super) fn value(&self, index: usize) -> Option<(Value<'a>, bool)> {
        let variable = self.list.get(index)?;
        variable.value.clone().map(|value| (value, variable.calculated))
    }

    #[inline(never)]
    pub(super) fn set(&mut self, index: usize, value: Option<Value<'a>>, calculated: bool) {
        if let Some(variable) = self.list.get_mut(index) {
            variable.value = value;
            variable.calculated = calculated;
            variable.fresh = false;
        }
    }

    /// Returns whether nothing was assigned to the variable yet.
    pub(super) fn is_fresh(&self, index: usize) -> bool {
        self.list.get(index).is_some_and(|variable| variable.fresh && !variable.name.is_empty())
    }

    /// Takes the value out, so that it can grow in place.
    #[inline(never)]
    pub(super) fn take(&mut self, index: usize) -> Option<Value<'a>> {
        self.list.get_mut(index)?.value.take()
    }

    /// Forgets the variable for good: from here on its value is not certain.
    pub(super) fn forget(&mut self, code: &str) {
        if let Some(index) = name_of(code).and_then(|name| self.find(name)) {
            self.lose(index);
        }
    }

    /// Forgets the variable at a place for good.
    #[inline(never)]
    pub(super) fn lose(&mut self, index: usize) {
        if let Some(variable) = self.list.get_mut(index) {
            variable.name = "";
            variable.value = None;
        }
    }

    /// Forgets what is assigned between two tokens.
    pub(super) fn forget_assigned(&mut self, tokens: &[Token<'a>], from: usize, to: usize) {
        for at in from..to {
            if let Some(Token::Code(code)) = tokens.get(at)
                && code.starts_with('$')
                && is_assigned(tokens, at)
            {
                self.forget(code);
            }
        }
    }

    /// A string in double quotes with the values of its variables, when all are known; and whether one is the
    /// script's own.
    #[inline(never)]
    pub(super) fn expanded(&self, code: &str, work: &Work) -> Option<(Text<'a>, bool)> {
        work.walk(code.len(), 20).then_some(())?;
        let mut out = String::new();
        let mut own = false;
        let mut chars = code.chars();
        chars.next();
        let mut rest = chars.as_str();
        loop {
            let c = rest.chars().next()?;
            let behind = rest.get(c.len_utf8()..)?;
            if is_double(c) {
                match behind.chars().next().filter(|&next| is_double(next)) {
                    Some(next) => {
                        out.push('"');
                        rest = behind.get(next.len_utf8()..)?;
                    }
                    None => return Some((out.into(), own)),
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
            } else if let Some((value, behind)) = constant_reference(behind) {
                out.push_str(value);
                own = true;
                rest = behind;
            } else {
                let (value, behind) = self.reference(behind, work)?;
                work.walk(value.len(), 2).then_some(())?;
                out.push_str(value.as_str());
                own = true;
                rest = behind;
            }
            if out.len() > MAX_LITERAL {
                return None;
            }
        }
    }

    /// Reads the variable after a `$` in a string, also as `$($name)`. Returns its value, and the text after it.
    #[inline(never)]
    fn reference<'t>(&self, behind: &'t str, work: &Work) -> Option<(Text<'a>, &'t str)> {
        const LONGEST: usize = 128;
        let near = |end: u8, inside: &'t str| {
            let at = inside.bytes().take(LONGEST).position(|byte| byte == end)?;
            Some((inside.get(..at)?, inside.get(at.saturating_add(1)..)?))
        };
        let (name, rest) = if let Some(inside) = without_spaced(behind, "($") {
            let (name, rest) = near(b')', inside)?;
            (SPACES.trim_end(name), rest)
        } else if let Some(inside) = behind.strip_prefix('{') {
            near(b'}', inside)?
        } else {
            let end = behind.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(behind.len());
            behind.split_at_checked(end)?
        };
        work.spend(LOOK_UP).then_some(())?;
        let (value, _) = self.value(self.find(name)?)?;
        Some((value.to_text(work)?, rest))
    }
}

/// Returns what these always are in a string: `$?` after a command that succeeded, `$(@{})`.
fn constant_reference(behind: &str) -> Option<(&'static str, &str)> {
    const KNOWN: [(&str, &str); 3] =
        [("?", "True"), ("(@{})", "System.Collections.Hashtable"), ("true", "True")];
    KNOWN.iter().find_map(|&(written, value)| {
        let behind = without_spaced(behind, written)?;
        let ends = !written.ends_with('e') || !behind.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        ends.then_some((value, behind))
    })
}

/// Returns what follows a prefix, which may have spaces between its signs where it is in brackets.
fn without_spaced<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    /// Most spaces together.
    const MOST: usize = 32;
    let bracketed = prefix.starts_with('(');
    let mut rest = text;
    for sign in prefix.chars() {
        if bracketed && sign != '(' {
            let spaces = rest.bytes().take(MOST).take_while(|byte| SPACES.contains(*byte)).count();
            rest = rest.get(spaces..)?;
        }
        rest = rest.strip_prefix(sign)?;
    }
    Some(rest)
}

/// A value that is known without the script: an environment variable or an automatic variable.
#[inline(never)]
pub(super) fn given<'a>(code: &str) -> Option<Value<'a>> {
    let name = name_with_scope(code)?;
    if let Some((scope, name)) = name.split_once(':') {
        return environment::value(name).filter(|_| scope.eq_ignore_ascii_case("env")).map(Value::text);
    }
    if name.eq_ignore_ascii_case("true") || name.eq_ignore_ascii_case("false") {
        return Some(Value::Bool(name.eq_ignore_ascii_case("true")));
    }
    let known = AUTOMATIC.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.filter(|(_, value)| !value.is_empty()).map(|&(_, value)| Value::text(value))
}

fn name_with_scope(code: &str) -> Option<&str> {
    let name = code.strip_prefix('$')?;
    let name = name.strip_prefix('{').and_then(|inside| inside.strip_suffix('}')).unwrap_or(name);
    (!name.is_empty()).then_some(name)
}

/// The name in `$name`, `${name}` or `$script:name`.
fn name_of(code: &str) -> Option<&str> {
    let name = name_with_scope(code)?;
    let name = match name.split_once(':') {
        Some((scope, _)) if scope.eq_ignore_ascii_case("env") => return None,
        Some((_, name)) => name,
        None => name,
    };
    (!name.is_empty() && name != "_").then_some(name)
}

/// Returns the `nth` token after a place, white space not counted, if it is code.
pub(super) fn next_code<'t>(tokens: &'t [Token<'_>], at: usize, nth: usize) -> Option<&'t str> {
    let behind = tokens.get(at.saturating_add(1)..)?;
    let mut solid = behind.iter().filter(|token| !matches!(token, Token::Blank(_)));
    match solid.nth(nth.saturating_sub(1))? {
        Token::Code(code) => Some(code.as_ref()),
        _ => None,
    }
}

/// Returns whether the variable here is assigned: `=`, `+=`, `++` and the like, before or after it.
fn is_assigned(tokens: &[Token<'_>], at: usize) -> bool {
    let code = |at: usize| match tokens.get(at) {
        Some(Token::Code(code)) => code.as_ref(),
        _ => "",
    };
    let before = |back: usize| at.checked_sub(back).map_or("", code);
    let first =
        tokens.get(at.saturating_add(1)..).into_iter().flatten().position(|t| !matches!(t, Token::Blank(_)));
    let next = first.map_or(at, |first| at.saturating_add(1).saturating_add(first));
    let (one, two) = (if next > at { code(next) } else { "" }, code(next.saturating_add(1)));
    match one {
        "=" => two != "=",
        "+" | "-" => two == "=" || two == one,
        "*" | "/" | "%" => two == "=",
        _ => matches!((before(2), before(1)), ("+", "+") | ("-", "-")),
    }
}

/// Follows the words that say whether the next brace is the body of a loop that is run here.
#[derive(Debug, Default)]
struct LoopWords {
    /// The number of open parentheses in a loop's head.
    depth: usize,
    is_loop: bool,
}

impl LoopWords {
    fn pass(&mut self, word: &str) {
        match word.as_bytes() {
            b"(" if self.is_loop => self.depth = self.depth.saturating_add(1),
            b")" if self.depth > 0 => self.depth = self.depth.saturating_sub(1),
            _ if self.depth > 0 => {}
            b"%" => self.is_loop = true,
            b";" | b"|" => self.is_loop = false,
            // `-Object` belongs to the word before.
            [b'-', ..] => {}
            _ => self.is_loop = word.eq_ignore_ascii_case("for") || word.eq_ignore_ascii_case("foreach"),
        }
    }

    fn begins_body(&mut self) -> bool {
        self.depth = 0;
        std::mem::take(&mut self.is_loop)
    }
}
