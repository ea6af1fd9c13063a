//! Implements what the specification says of text items, as plainly as possible: slow, recursive, and with no code of
//! the compiler.

/// Where a value stands in the field's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Whole,
    Start,
    End,
    Anywhere,
}

/// The Base64 form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Plain,
    Base64(Utf),
    Base64Offset(Utf),
}

/// The encoding of text into bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Utf {
    Utf8,
    Utf16Le,
    Utf16Be,
    Utf16,
}

/// An item about text.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) place: Place,
    pub(crate) cased: bool,
    pub(crate) windash: bool,
    pub(crate) coding: Coding,
    pub(crate) all: bool,
    pub(crate) negated: bool,
    pub(crate) values: Vec<String>,
}

impl Item {
    /// Its modifiers in Sigma, each after a `|`.
    pub(crate) fn modifiers(&self) -> String {
        let mut text = String::new();
        let mut add = |condition: bool, modifier: &str| {
            if condition {
                text.push('|');
                text.push_str(modifier);
            }
        };
        add(self.windash, "windash");
        let (base64, utf) = match self.coding {
            Coding::Plain => ("", None),
            Coding::Base64(utf) => ("base64", Some(utf)),
            Coding::Base64Offset(utf) => ("base64offset", Some(utf)),
        };
        add(utf == Some(Utf::Utf16Le), "wide");
        add(utf == Some(Utf::Utf16Be), "utf16be");
        add(utf == Some(Utf::Utf16), "utf16");
        add(utf.is_some(), base64);
        add(self.place == Place::Start, "startswith");
        add(self.place == Place::End, "endswith");
        add(self.place == Place::Anywhere, "contains");
        add(self.cased, "cased");
        add(self.all, "all");
        add(self.negated, "neq");
        text
    }

    /// Returns whether every value can be put in Base64: it is known in full, and long enough to be found.
    pub(crate) fn is_possible(&self) -> bool {
        let is_possible = |value: &String| match self.coding {
            Coding::Plain => true,
            Coding::Base64(utf) => literal(value).is_some_and(|text| !bytes(&text, utf).is_empty()),
            Coding::Base64Offset(utf) => literal(value).is_some_and(|text| bytes(&text, utf).len() >= 2),
        };
        self.values.iter().all(is_possible)
    }

    /// Returns whether a field with these values meets the item.
    pub(crate) fn holds(&self, field: &[String]) -> bool {
        let mut met = self.values.iter().map(|value| field.iter().any(|content| self.meets(value, content)));
        let holds = if self.all { met.all(|met| met) } else { met.any(|met| met) };
        holds != self.negated
    }

    fn meets(&self, value: &str, content: &str) -> bool {
        let dashed = if self.windash { dashes(value) } else { vec![value.to_owned()] };
        dashed.iter().any(|value| match self.coding {
            Coding::Plain => self.stands(value, content),
            Coding::Base64(utf) => {
                let text = literal(value).map(|text| base64(&bytes(&text, utf))).unwrap_or_default();
                self.stands(&text, content)
            }
            Coding::Base64Offset(utf) => {
                let bytes = literal(value).map(|text| bytes(&text, utf)).unwrap_or_default();
                (0..3).any(|offset| self.stands(&at_offset(&bytes, offset), content))
            }
        })
    }

    /// Returns whether a Sigma string stands where it should in a content.
    fn stands(&self, value: &str, content: &str) -> bool {
        let case = |text: &str| -> Vec<char> {
            // The small sigma that ends a word is the same letter as the one within.
            let lower = |c: char| c.to_lowercase().map(|c| if c == 'ς' { 'σ' } else { c });
            if self.cased { text.chars().collect() } else { text.chars().flat_map(lower).collect() }
        };
        let (value, content) = (case(value), case(content));
        let length = content.len();
        match self.place {
            Place::Whole => fits(&value, &content),
            Place::Start => (0..=length).any(|end| fits(&value, &content[..end])),
            Place::End => (0..=length).any(|start| fits(&value, &content[start..])),
            Place::Anywhere => {
                (0..=length).any(|start| (start..=length).any(|end| fits(&value, &content[start..end])))
            }
        }
    }
}

/// Returns whether a Sigma string, its wildcards and escapes read from left to right, is the whole of a content.
fn fits(value: &[char], content: &[char]) -> bool {
    match value {
        [] => content.is_empty(),
        ['\\', escaped @ ('*' | '?' | '\\'), rest @ ..] => {
            content.first() == Some(escaped) && fits(rest, &content[1..])
        }
        ['*', rest @ ..] => (0..=content.len()).any(|skipped| fits(rest, &content[skipped..])),
        ['?', rest @ ..] => !content.is_empty() && fits(rest, &content[1..]),
        [other, rest @ ..] => content.first() == Some(other) && fits(rest, &content[1..]),
    }
}

/// The text of a Sigma string without wildcards.
fn literal(value: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(&escaped @ ('*' | '?' | '\\'))) => {
                text.push(escaped);
                chars.next();
            }
            ('*' | '?', _) => return None,
            _ => text.push(c),
        }
    }
    Some(text)
}

/// A value with every dash and slash before a word, but not after one, exchanged for each kind of dash.
fn dashes(value: &str) -> Vec<String> {
    let is_word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric() || *c == '_');
    let chars: Vec<char> = value.chars().collect();
    let mut texts = vec![String::new()];
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let begins = matches!(c, '-' | '/') && !is_word(before) && is_word(chars.get(at + 1));
        let kinds = if begins { vec!['-', '/', '–', '—', '―'] } else { vec![c] };
        texts = texts.iter().flat_map(|text| kinds.iter().map(move |kind| format!("{text}{kind}"))).collect();
    }
    texts
}

fn bytes(text: &str, utf: Utf) -> Vec<u8> {
    let units = text.encode_utf16();
    match utf {
        Utf::Utf8 => text.as_bytes().to_vec(),
        Utf::Utf16Le => units.flat_map(u16::to_le_bytes).collect(),
        Utf::Utf16Be => units.flat_map(u16::to_be_bytes).collect(),
        Utf::Utf16 => [0xff, 0xfe].into_iter().chain(units.flat_map(u16::to_le_bytes)).collect(),
    }
}

/// Base64, by way of single bits.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let sextet = |bits: &[u8]| (0..6).fold(0, |value, bit| value << 1 | bits.get(bit).copied().unwrap_or(0));
    let mut text: String = bits.chunks(6).map(|bits| alphabet[usize::from(sextet(bits))]).collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Returns the part of the Base64 that does not depend on the bytes before (their number modulo 3 is given) and after.
fn at_offset(bytes: &[u8], offset: usize) -> String {
    let whole = |other: u8| base64(&[&vec![other; offset][..], bytes, &[other; 3]].concat());
    let (zeros, ones) = (whole(0), whole(0xff));
    // Of the characters that hold a bit of ours, those that hold no other.
    let touched = offset * 8 / 6..((offset + bytes.len()) * 8).div_ceil(6);
    let pairs = zeros.chars().zip(ones.chars()).skip(touched.start).take(touched.len());
    pairs.filter(|(zero, one)| zero == one).map(|(zero, _)| zero).collect()
}

#[test]
fn the_reference_knows_what_the_specification_gives_as_examples() {
    assert_eq!(base64(b"foob"), "Zm9vYg==");
    assert_eq!(
        [0, 1, 2].map(|offset| at_offset(b"/bin/bash", offset)),
        ["L2Jpbi9iYXNo", "9iaW4vYmFza", "vYmluL2Jhc2"]
    );
    assert_eq!(literal(r"a\*\\b\c").as_deref(), Some(r"a*\b\c"));
    assert_eq!(dashes("a-b /c").len(), 5);
}
