//! The variables that a line itself sets.
//!
//! Source: `set /?`.

use crate::command::environment;

/// Most variables of one line that are remembered.
const MAX_VARIABLES: usize = 64;
/// Most bytes of a command after its variables are put in, and of a value.
const MAX_COMMAND: usize = 64 * 1024;

/// The variables of a line so far.
#[derive(Debug, Default)]
pub(super) struct Variables {
    list: Vec<(String, String)>,
    /// Whether `!name!` is expanded, too (`cmd /v`).
    delayed: bool,
    /// Whether there is more than is remembered.
    pub(super) full: bool,
}

impl Variables {
    pub(super) const fn new(delayed: bool) -> Self {
        Self { list: Vec::new(), delayed, full: false }
    }

    /// Remembers `set name=value` and `set "name=value"`.
    pub(super) fn set(&mut self, arguments: &str) {
        let arguments = arguments.trim_start();
        let assignment = match arguments.strip_prefix('"') {
            Some(rest) => rest.rsplit_once('"').map_or(rest, |(inside, _)| inside),
            None => arguments,
        };
        let Some((name, value)) = assignment.split_once('=') else { return };
        if name.is_empty() || name.starts_with('/') {
            return;
        }
        if value.len() >= MAX_COMMAND {
            self.full = true;
        } else if let Some(known) = self.list.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            value.clone_into(&mut known.1);
        } else if self.list.len() < MAX_VARIABLES {
            self.list.push((name.to_owned(), value.to_owned()));
        } else {
            self.full = true;
        }
    }

    /// Puts them into a command: `%name%` (where `call` or a second pass expands it) and, with delayed
    /// expansion, `!name!`, both with modifiers.
    pub(super) fn put_into(&self, text: &str) -> String {
        let text = if self.list.is_empty() { text.to_owned() } else { self.with_marked(text, '%') };
        if self.delayed { self.with_marked(&text, '!') } else { text }
    }

    fn with_marked(&self, text: &str, mark: char) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(mark) {
            out.push_str(before);
            let found = after
                .split_once(mark)
                .and_then(|(inner, behind)| Some((self.lookup(inner, mark == '!')?, behind)));
            match found {
                Some((value, behind)) if out.len().saturating_add(value.len()) <= MAX_COMMAND => {
                    out.push_str(&value);
                    rest = behind;
                }
                _ => {
                    out.push(mark);
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out
    }

    /// The value of a reference. One that is expanded when it runs is empty where nothing set it.
    fn lookup(&self, inner: &str, delayed: bool) -> Option<String> {
        /// Longest name that is one.
        const MAX_NAME: usize = 128;
        let (name, modifier) = match inner.split_once(':') {
            Some((name, modifier)) => (name, Some(modifier)),
            None => (inner, None),
        };
        let is_name = || name.len() <= MAX_NAME && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let known = self.list.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let value = match known {
            Some((_, value)) => value.as_str(),
            None if delayed && !name.is_empty() && is_name() => environment::value(name).unwrap_or_default(),
            None => return None,
        };
        match modifier {
            Some(modifier) => environment::modified(value, modifier),
            None => Some(value.to_owned()),
        }
    }
}

/// What `set /p name=text` writes: the text.
pub(super) fn prompt(arguments: &str) -> Option<String> {
    let arguments = arguments.trim_start();
    let (switch, rest) = arguments.split_at_checked(2)?;
    let rest = rest.trim();
    let assignment = rest.strip_prefix('"').map_or(rest, |inside| inside.trim_end_matches('"'));
    let (_, text) = assignment.split_once('=')?;
    switch.eq_ignore_ascii_case("/p").then(|| text.trim_matches('"').to_owned())
}
