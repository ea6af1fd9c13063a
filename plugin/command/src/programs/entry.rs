//! The compiled entries: three tables of bytes, read where they stand.
//!
//! A reference is a place in the pool of texts, each of which has its length before it; place 0 is the empty text.
//! An entry is its style and a form for what no other form takes, and then the other forms:
//!
//! ```text
//! entry  = style (2) form count (1) form*
//! form   = technique (2) conditions options arguments
//! list   = count (1) item*
//! condition = kind (1) text (2)    option = name (2) role (1) parameter (1)    argument = role (1) parameter (1)
//! ```

use serde::{Deserialize, Serialize};

/// Bits that say how a program reads its options.
pub mod style {
    /// `/option`.
    pub const SLASH: u16 = 1;
    /// `-option` and `--option`.
    pub const DASH: u16 = 1 << 1;
    /// The case of options counts.
    pub const CASED: u16 = 1 << 2;
    /// Options of one letter may share one dash: `-sSLo file`.
    pub const CLUSTERS: u16 = 1 << 3;
    /// Words and options may be abbreviated.
    pub const ABBREVIATED: u16 = 1 << 4;
    /// Options stand before the first other argument; what follows is that argument's.
    pub const BEFORE: u16 = 1 << 5;
    /// `/option:value`.
    pub(crate) const COLON: u16 = 1 << 6;
    /// `/option=value`.
    pub(crate) const EQUALS: u16 = 1 << 7;
    /// `/optionvalue`.
    pub const GLUED: u16 = 1 << 8;
    /// `/option value`.
    pub const NEXT: u16 = 1 << 9;
    /// `\\computer` is where it is to happen.
    pub const COMPUTER: u16 = 1 << 10;
    /// `option= value` without a sign before it.
    pub(crate) const WORDS: u16 = 1 << 11;
    /// It is a program of Windows' system folder.
    pub(crate) const SYSTEM: u16 = 1 << 12;
    /// It is a cmdlet of PowerShell, which is looked for in scripts.
    pub const CMDLET: u16 = 1 << 13;
    /// Every bit with its name in plugin/programs.
    pub const ALL: &[(&str, u16)] = &[
        ("slash", SLASH),
        ("dash", DASH),
        ("cased", CASED),
        ("clusters", CLUSTERS),
        ("abbreviated", ABBREVIATED),
        ("before", BEFORE),
        ("colon", COLON),
        ("equals", EQUALS),
        ("glued", GLUED),
        ("next", NEXT),
        ("computer", COMPUTER),
        ("words", WORDS),
        ("system", SYSTEM),
        ("cmdlet", CMDLET),
    ];
}

/// The compiled entries: what programs do with their arguments. The default knows no program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programs {
    /// Each name's place in the pool and its entry's place, in the order of the names.
    pub(super) names: Vec<(u16, u16)>,
    /// The entries.
    pub(super) entries: Vec<u8>,
    /// The pool of texts.
    pub(super) texts: Vec<u8>,
}

/// A program's entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'p> {
    pub(super) style: u16,
    /// The form for lines that no other form fits; its options are those of every form.
    pub(super) common: Form<'p>,
    forms: Reader<'p>,
    count: u8,
}

/// A way to use a program.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Form<'p> {
    pub(super) technique: u16,
    conditions: &'p [u8],
    pub(super) options: Options<'p>,
    arguments: &'p [u8],
}

/// The options of a form.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Options<'p>(&'p [u8]);

/// An option, or an argument without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    /// The option's name; the empty text of an argument.
    pub(super) name: u16,
    /// The number of the role, and the bits beside it.
    role: u8,
    pub(super) parameter: u8,
}

/// An argument that may be repeated.
pub(super) const REPEATED: u8 = 1 << 5;
/// The rest of the line.
pub(super) const REST: u8 = 1 << 6;

impl Value {
    pub(super) const fn role(self) -> u8 {
        self.role & (REPEATED - 1)
    }

    pub(super) const fn is_repeated(self) -> bool {
        self.role & REPEATED != 0
    }

    pub(super) const fn is_rest(self) -> bool {
        self.role & REST != 0
    }
}

/// Bytes of an option, an argument and a condition.
const OPTION: usize = 4;
const ARGUMENT: usize = 2;
const CONDITION: usize = 3;

impl<'p> Options<'p> {
    pub(super) fn iter(self) -> impl Iterator<Item = Value> + use<'p> {
        self.0.chunks_exact(OPTION).filter_map(|bytes| match *bytes {
            [low, high, role, parameter] => {
                Some(Value { name: u16::from_le_bytes([low, high]), role, parameter })
            }
            _ => None,
        })
    }

    pub(super) const fn len(self) -> usize {
        self.0.len() / OPTION
    }
}

impl<'p> Form<'p> {
    pub(super) fn arguments(&self) -> impl DoubleEndedIterator<Item = Value> + ExactSizeIterator + use<'p> {
        self.arguments.chunks_exact(ARGUMENT).map(|bytes| match *bytes {
            [role, parameter] => Value { name: 0, role, parameter },
            _ => Value { name: 0, role: 0, parameter: 0 },
        })
    }

    /// The kind and the text of each condition.
    pub(super) fn conditions(&self) -> impl Iterator<Item = (u8, u16)> + use<'p> {
        self.conditions.chunks_exact(CONDITION).filter_map(|bytes| match *bytes {
            [kind, low, high] => Some((kind, u16::from_le_bytes([low, high]))),
            _ => None,
        })
    }
}

impl<'p> Entry<'p> {
    pub(super) fn forms(&self) -> impl Iterator<Item = Form<'p>> + use<'p> {
        let mut reader = self.forms;
        (0..self.count).map(move |_| reader.form())
    }

    /// Returns whether an argument names computers, `\\host` or `@file`, where the program takes them.
    pub(super) fn names_computer(&self, argument: &str) -> bool {
        self.style & style::COMPUTER != 0 && (argument.starts_with(r"\\") || argument.starts_with('@'))
    }

    pub(super) const fn count(&self) -> usize {
        self.count as usize
    }
}

/// Reads an entry's bytes. What is missing is zero.
#[derive(Debug, Clone, Copy)]
struct Reader<'p>(&'p [u8]);

impl<'p> Reader<'p> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn pair(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    fn list(&mut self, each: usize) -> &'p [u8] {
        let length = usize::from(self.byte()).saturating_mul(each);
        let (list, rest) = self.0.split_at_checked(length).unwrap_or_default();
        self.0 = rest;
        list
    }

    fn form(&mut self) -> Form<'p> {
        let technique = self.pair();
        let conditions = self.list(CONDITION);
        let options = Options(self.list(OPTION));
        Form { technique, conditions, options, arguments: self.list(ARGUMENT) }
    }
}

/// The shortest name of which an ending of digits is a version.
const STEM: usize = 2;

impl Programs {
    /// The number of names.
    pub const fn len(&self) -> usize {
        self.names.len()
    }

    /// Returns whether no program is known.
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The entry of a program by its file name in lower case. A version at the name's end is no part of it, so that
    /// `python3.12.exe` is found as `python`.
    pub(super) fn find(&self, image_name: &str) -> Option<Entry<'_>> {
        let name = image_name.strip_suffix(".exe").unwrap_or(image_name);
        self.find_exactly(name).or_else(|| {
            let stem = name.strip_suffix("_x64").or_else(|| name.strip_suffix("-x64")).unwrap_or(name);
            let bare = stem.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '_'));
            let found = || self.find_exactly(bare).filter(|_| bare.len() >= STEM && bare.len() < name.len());
            self.find_exactly(stem).filter(|_| stem.len() < name.len()).or_else(found)
        })
    }

    fn find_exactly(&self, name: &str) -> Option<Entry<'_>> {
        // Bytes are compared, not texts: that they are UTF-8 need not be proven at each step.
        let at = self.names.binary_search_by(|&(known, _)| self.bytes(known).cmp(name.as_bytes())).ok()?;
        let &(_, place) = self.names.get(at)?;
        let mut reader = Reader(self.entries.get(usize::from(place)..)?);
        let style = reader.pair();
        let common = reader.form();
        let count = reader.byte();
        Some(Entry { style, common, forms: reader, count })
    }

    /// A text of the pool.
    pub(super) fn text(&self, place: u16) -> &str {
        std::str::from_utf8(self.bytes(place)).unwrap_or_default()
    }

    fn bytes(&self, place: u16) -> &[u8] {
        let from = self.texts.get(usize::from(place)..).unwrap_or_default();
        from.split_first().and_then(|(&length, rest)| rest.get(..usize::from(length))).unwrap_or_default()
    }
}
