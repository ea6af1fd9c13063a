//! Writes the compiled entries. Only the host does that.

use super::entry::{Programs, REPEATED, REST};
use super::facts::Role;
use std::collections::BTreeMap;
use std::fmt;

/// A program as it is written in plugin/programs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProgramSource {
    /// Its file names in lower case, without `.exe`.
    pub names: Vec<String>,
    /// The way in which it reads options: bits of [`super::style`].
    pub style: u16,
    /// The form for lines that no other form fits; its options are those of every form.
    pub common: FormSource,
    /// The ways to use it, the most special first.
    pub forms: Vec<FormSource>,
}

/// A way to use a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormSource {
    /// The conditions on the line, all of which must hold.
    pub conditions: Vec<Condition>,
    /// The ATT&CK technique of using it so; empty where there is none.
    pub technique: String,
    /// The options that have a role.
    pub options: Vec<OptionSource>,
    /// The arguments that are no options, in order.
    pub arguments: Vec<Argument>,
}

/// Something that must stand on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The next argument is one of these words, separated by `|`; `*` stands for any.
    Word(String),
    /// The next argument fits this pattern of `*`, and keeps its own role.
    Like(String),
    /// One of these options is there, separated by `|`.
    Option(String),
    /// An argument holds this text.
    Holds(String),
}

impl Condition {
    /// The number of a word.
    pub(super) const WORD: u8 = 0;
    /// The number of a pattern.
    pub(super) const LIKE: u8 = 1;
    /// The number of an option.
    pub(super) const OPTION: u8 = 2;
    /// The number of a text.
    pub(super) const HOLDS: u8 = 3;

    fn parts(&self) -> (u8, &str) {
        match self {
            Self::Word(text) => (Self::WORD, text),
            Self::Like(text) => (Self::LIKE, text),
            Self::Option(text) => (Self::OPTION, text),
            Self::Holds(text) => (Self::HOLDS, text),
        }
    }
}

/// The meaning of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// Its role.
    pub role: Role,
    /// A number of [`super::LANGUAGES`], [`super::SCHEMES`] or [`super::parameter`], by the role.
    pub parameter: u8,
    /// True if it may be repeated.
    pub is_repeated: bool,
    /// True if it is the rest of the line.
    pub is_rest: bool,
}

impl Argument {
    fn byte(self) -> u8 {
        let number = Role::ALL.iter().zip(0_u8..).find(|((_, role), _)| *role == self.role);
        let bits = if self.is_repeated { REPEATED } else { 0 } | if self.is_rest { REST } else { 0 };
        number.map_or(0, |(_, number)| number) | bits
    }
}

/// An option and what its value is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionSource {
    /// Its name, without the sign before it.
    pub name: String,
    /// Its value.
    pub value: Argument,
}

/// More than the compiled form has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the programs take more than 64 KiB in compiled form, or one has more than 255 of a kind")
    }
}

impl std::error::Error for TooLarge {}

/// Compiles programs.
#[derive(Debug)]
pub struct Builder {
    names: BTreeMap<String, u16>,
    places: BTreeMap<String, u16>,
    entries: Vec<u8>,
    texts: Vec<u8>,
}

impl Default for Builder {
    fn default() -> Self {
        // The empty text.
        Self { names: BTreeMap::new(), places: BTreeMap::new(), entries: Vec::new(), texts: vec![0] }
    }
}

impl Builder {
    /// Adds a program. A name that is there already gets the new entry.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn add(&mut self, program: &ProgramSource) -> Result<(), TooLarge> {
        let place = u16::try_from(self.entries.len()).map_err(|_| TooLarge)?;
        self.entries.extend(program.style.to_le_bytes());
        self.form(&program.common)?;
        self.count(program.forms.len())?;
        for form in &program.forms {
            self.form(form)?;
        }
        for name in &program.names {
            self.text(name)?;
            self.names.insert(name.clone(), place);
        }
        Ok(())
    }

    fn count(&mut self, count: usize) -> Result<(), TooLarge> {
        self.entries.push(u8::try_from(count).map_err(|_| TooLarge)?);
        Ok(())
    }

    fn form(&mut self, form: &FormSource) -> Result<(), TooLarge> {
        let technique = self.text(&form.technique)?;
        self.entries.extend(technique.to_le_bytes());
        self.count(form.conditions.len())?;
        for condition in &form.conditions {
            let (kind, text) = condition.parts();
            let text = self.text(text)?;
            self.entries.push(kind);
            self.entries.extend(text.to_le_bytes());
        }
        self.count(form.options.len())?;
        for OptionSource { name, value } in &form.options {
            let name = self.text(name)?;
            self.entries.extend(name.to_le_bytes());
            self.entries.extend([value.byte(), value.parameter]);
        }
        self.count(form.arguments.len())?;
        self.entries.extend(form.arguments.iter().flat_map(|value| [value.byte(), value.parameter]));
        Ok(())
    }

    /// The place of a text in the pool.
    fn text(&mut self, text: &str) -> Result<u16, TooLarge> {
        if text.is_empty() {
            return Ok(0);
        }
        if let Some(&place) = self.places.get(text) {
            return Ok(place);
        }
        let place = u16::try_from(self.texts.len()).map_err(|_| TooLarge)?;
        self.texts.push(u8::try_from(text.len()).map_err(|_| TooLarge)?);
        self.texts.extend(text.as_bytes());
        self.places.insert(text.to_owned(), place);
        Ok(place)
    }

    /// The compiled form.
    pub fn finish(self) -> Programs {
        let place = |name: &String| self.places.get(name).copied().unwrap_or_default();
        let names = self.names.iter().map(|(name, entry)| (place(name), *entry)).collect();
        Programs { names, entries: self.entries, texts: self.texts }
    }
}
