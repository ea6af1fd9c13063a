//! Separates the arguments of a line: options with their values, and the others.

use super::entry::{Entry, Options, Programs, Value, style};
use super::facts::Role;

/// Most arguments of a process that are read. What follows has no role.
pub(super) const MAX_READ: usize = 128;

/// An argument, or an option with its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    /// The index of the argument in which the value stands.
    pub(super) at: usize,
    /// The option's name as it is written; `None` of an argument that is no option.
    pub(super) option: Option<&'a str>,
    /// The meaning of the option in the entry.
    pub(super) known: Option<Value>,
    /// The value.
    pub(super) value: &'a str,
}

/// Reads options by the grammar of an entry.
pub(super) struct Grammar<'p> {
    pub(super) programs: &'p Programs,
    pub(super) entry: Entry<'p>,
    /// The options of the form at hand, which go before the entry's own.
    pub(super) options: Options<'p>,
}

impl<'p> Grammar<'p> {
    const fn has(&self, bit: u16) -> bool {
        self.entry.style & bit != 0
    }

    /// Returns the arguments of a line, options separated from the others.
    #[inline(never)]
    pub(super) fn tokens<'a>(&self, argv: &'a [String]) -> Vec<Token<'a>> {
        let mut tokens = Vec::new();
        let mut at = 0_usize;
        let mut ended = false;
        while let Some(argument) = argv.get(at).filter(|_| at < MAX_READ) {
            let next = argv.get(at.saturating_add(1)).map(String::as_str);
            let (mut taken, before) = (false, tokens.len());
            if !ended {
                taken = self.option(argument, next, at, &mut tokens);
            }
            if tokens.len() == before {
                ended |= self.has(style::BEFORE) && !self.entry.names_computer(argument);
                tokens.push(Token { at, option: None, known: None, value: argument });
            }
            at = at.saturating_add(1).saturating_add(usize::from(taken));
        }
        tokens
    }

    /// Reads an option. Returns whether its value is the next argument.
    #[inline(never)]
    fn option<'a>(
        &self,
        argument: &'a str,
        next: Option<&'a str>,
        at: usize,
        tokens: &mut Vec<Token<'a>>,
    ) -> bool {
        let Some((body, long)) = self.body(argument) else {
            return self.has(style::WORDS) && self.word(argument, next, at, tokens);
        };
        if self.has(style::CLUSTERS) && !long {
            return self.cluster(body, next, at, tokens);
        }
        let mut push =
            |option, known, at, value| tokens.push(Token { at, option: Some(option), known, value });
        if let Some(known) = self.find(body) {
            let takes = !is_flag(known) && self.has(style::NEXT);
            let value = next.filter(|_| takes);
            push(
                body,
                Some(known),
                at.saturating_add(usize::from(value.is_some())),
                value.unwrap_or_default(),
            );
            return value.is_some();
        }
        let separator =
            |c: char| (c == ':' && self.has(style::COLON)) || (c == '=' && self.has(style::EQUALS));
        if let Some((name, value)) = body.split_once(separator) {
            push(name, self.find(name), at, value);
            return false;
        }
        match self.glued(body).filter(|_| self.has(style::GLUED)) {
            Some((name, known, value)) => push(name, Some(known), at, value),
            None => push(body, None, at, ""),
        }
        false
    }

    /// An option without its sign, and whether it has two.
    fn body<'a>(&self, argument: &'a str) -> Option<(&'a str, bool)> {
        let mut chars = argument.chars();
        match chars.next()? {
            '/' | '\u{2215}' | '\u{2044}' if self.has(style::SLASH) => Some((chars.as_str(), false)),
            '-' | '\u{2013}' | '\u{2014}' | '\u{2015}' if self.has(style::DASH) => {
                let rest = chars.as_str();
                let long = rest.strip_prefix('-');
                // `-` alone is standard input.
                Some((long.unwrap_or(rest), long.is_some())).filter(|_| !rest.is_empty())
            }
            _ => None,
        }
    }

    fn all(&self) -> impl Iterator<Item = Value> + use<'p> {
        self.options.iter().chain(self.entry.common.options.iter())
    }

    fn same(&self, known: &str, written: &str) -> bool {
        if self.has(style::CASED) { known == written } else { known.eq_ignore_ascii_case(written) }
    }

    fn find(&self, name: &str) -> Option<Value> {
        self.all().find(|option| self.same(self.programs.text(option.name), name)).or_else(|| {
            let abbreviates = |option: &Value| {
                let known = self.programs.text(option.name);
                known.get(..name.len()).is_some_and(|start| self.same(start, name))
            };
            self.all().find(|option| self.has(style::ABBREVIATED) && !name.is_empty() && abbreviates(option))
        })
    }

    /// Finds the longest option that a text begins with. Returns it and the value after it.
    fn glued<'a>(&self, body: &'a str) -> Option<(&'a str, Value, &'a str)> {
        let begins = |option: Value| {
            let (name, value) = body.split_at_checked(self.programs.text(option.name).len())?;
            let fits =
                !is_flag(option) && !value.is_empty() && self.same(self.programs.text(option.name), name);
            fits.then_some((name, option, value))
        };
        self.all().filter_map(begins).max_by_key(|(name, ..)| name.len())
    }

    /// Reads options of one letter that share one dash.
    #[inline(never)]
    fn cluster<'a>(
        &self,
        body: &'a str,
        next: Option<&'a str>,
        at: usize,
        tokens: &mut Vec<Token<'a>>,
    ) -> bool {
        for (place, letter) in body.char_indices() {
            let (name, rest) = body
                .get(place..)
                .and_then(|from| from.split_at_checked(letter.len_utf8()))
                .unwrap_or_default();
            let known = self.find(name);
            let Some(option) = known.filter(|option| !is_flag(*option)) else {
                tokens.push(Token { at, option: Some(name), known, value: "" });
                continue;
            };
            let takes = rest.is_empty() && next.is_some();
            let value = if takes { next.unwrap_or_default() } else { rest };
            let at = at.saturating_add(usize::from(takes));
            tokens.push(Token { at, option: Some(name), known: Some(option), value });
            return takes;
        }
        false
    }

    /// `name=value` and `name= value`, without a sign.
    fn word<'a>(
        &self,
        argument: &'a str,
        next: Option<&'a str>,
        at: usize,
        tokens: &mut Vec<Token<'a>>,
    ) -> bool {
        let Some(end) = argument.find('=').map(|end| end.saturating_add(1)) else { return false };
        let Some((name, value)) = argument.split_at_checked(end) else { return false };
        let Some(known) = self.find(name) else { return false };
        let takes = value.is_empty() && next.is_some();
        let at = at.saturating_add(usize::from(takes));
        let value = if takes { next.unwrap_or_default() } else { value };
        tokens.push(Token { at, option: Some(name), known: Some(known), value });
        takes
    }
}

fn is_flag(option: Value) -> bool {
    Role::of(option.role()) == Role::Flag
}
