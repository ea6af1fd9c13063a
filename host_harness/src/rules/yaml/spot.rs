//! Where in a YAML text a place such as `detection.selection.Image|endswith[1]` is.
//!
//! The values that rules are compiled from know nothing of lines. The parser does: an error that a visitor gives comes
//! back with the position of the event before it. So the text is read once more, up to the place, and ended there.
use super::{Budget, MAX_TEXT, MAX_VALUES, Reader};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use yaml_serde::{Deserializer, Value};

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The characters, counted from the start of the text.
    pub(crate) chars: Range<usize>,
}

impl Spot {
    /// The rest of a line from a column, both counted from 1; at most `length` characters.
    pub(crate) fn at(text: &str, line: usize, column: usize, length: Option<usize>) -> Option<Self> {
        let mut before = 0_usize;
        let mut lines = text.split_inclusive('\n');
        for _ in 1..line {
            before = before.saturating_add(lines.next()?.chars().count());
        }
        let content = lines.next().unwrap_or_default().trim_end().chars().count();
        let start = column.saturating_sub(1).min(content);
        let rest = content.saturating_sub(start);
        let length = length.unwrap_or(rest).clamp(1, rest.max(1));
        let start = before.saturating_add(start);
        Some(Self { chars: start..start.saturating_add(length) })
    }
}

/// Finds a place in the first document that is `wanted`; of a place that is not there, the nearest above it.
pub(crate) fn find(text: &str, wanted: impl Fn(&Value) -> bool, place: &str) -> Option<Spot> {
    let budget = Budget { values: Cell::new(MAX_VALUES), text: Cell::new(MAX_TEXT) };
    let index = Deserializer::from_str(text)
        .map_while(|document| Reader { budget: &budget, depth: 0 }.deserialize(document).ok())
        .position(|document| wanted(&document))?;
    let mut place = place;
    loop {
        let found = Cell::new(None);
        let document = Deserializer::from_str(text).nth(index)?;
        let finder = Finder { place, found: &found, depth: 0 };
        if let Err(error) = finder.deserialize(document)
            && let (Some(length), Some(location)) = (found.get(), error.location())
        {
            return Spot::at(text, location.line(), location.column(), length);
        }
        place = match place.rfind(['.', '[']) {
            Some(end) => place.get(..end)?,
            None if place.is_empty() => return None,
            None => "",
        };
    }
}

/// Reads up to a place, and fails there.
#[derive(Clone, Copy)]
struct Finder<'p> {
    place: &'p str,
    /// Set at the place: the length of the key, or nothing for a value.
    found: &'p Cell<Option<Option<usize>>>,
    depth: usize,
}

/// The deepest mapping or list that is looked into: no rule that was read has a deeper one.
const MAX_DEPTH: usize = super::MAX_DEPTH;

impl<'p> Finder<'p> {
    fn stop<E: serde::de::Error>(self, length: Option<usize>) -> E {
        self.found.set(Some(length));
        E::custom("here")
    }

    const fn below(self, place: &'p str) -> Self {
        Self { place, found: self.found, depth: self.depth.saturating_add(1) }
    }

    /// Returns what is left of the place after a key of a mapping.
    fn after_key(self, key: &str) -> Option<&'p str> {
        let rest = self.place.strip_prefix(key)?;
        match rest.strip_prefix('.') {
            Some(rest) => Some(rest),
            None => (rest.is_empty() || rest.starts_with('[')).then_some(rest),
        }
    }

    /// Returns the index that the place begins with, and what is left.
    fn index(self) -> Option<(usize, &'p str)> {
        let (number, rest) = self.place.strip_prefix('[')?.split_once(']')?;
        Some((number.parse().ok()?, rest.strip_prefix('.').unwrap_or(rest)))
    }
}

impl<'de> DeserializeSeed<'de> for Finder<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Finder<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plain YAML")
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        self.scalar()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.scalar()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        if self.place.is_empty() || self.depth >= MAX_DEPTH {
            return Err(self.stop(None));
        }
        let Some((index, rest)) = self.index() else { return skip_all(sequence) };
        for _ in 0..index {
            if sequence.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        sequence.next_element_seed(self.below(rest))?;
        skip_all(sequence)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.place.is_empty() || self.depth >= MAX_DEPTH {
            return Err(self.stop(None));
        }
        while let Some(rest) = map.next_key_seed(Key(self))? {
            match rest {
                Some(rest) => map.next_value_seed(self.below(rest))?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

impl Finder<'_> {
    fn scalar<E: serde::de::Error>(self) -> Result<(), E> {
        if self.place.is_empty() { Err(self.stop(None)) } else { Ok(()) }
    }
}

fn skip_all<'de, A: SeqAccess<'de>>(mut sequence: A) -> Result<(), A::Error> {
    while sequence.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// A key of a mapping: where it is the last of the place, the place is the key. Gives what is left of the place after it.
struct Key<'p>(Finder<'p>);

impl<'de, 'p> DeserializeSeed<'de> for Key<'p> {
    type Value = Option<&'p str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, 'p> Visitor<'de> for Key<'p> {
    type Value = Option<&'p str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Self::Value, E> {
        let rest = self.0.after_key(key);
        if rest == Some("") {
            return Err(self.0.stop(Some(key.chars().count())));
        }
        Ok(rest)
    }

    fn visit_u64<E: serde::de::Error>(self, key: u64) -> Result<Self::Value, E> {
        self.visit_str(&key.to_string())
    }

    fn visit_bool<E: serde::de::Error>(self, key: bool) -> Result<Self::Value, E> {
        self.visit_str(&key.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# a comment
---
title: First
---
title: Séance
tags: [a, bb]
detection:
  sel:
    task.image|endwith:
      - 'x'
      - \"y z\"  # here
  flow: {Image: a, CommandLine: [b, c]}
  list:
    - Image: a
    - User: ü
  4698: x
";

    fn part(place: &str) -> String {
        let spot = find(TEXT, |document| document["title"] == Value::String("Séance".into()), place).unwrap();
        TEXT.chars().skip(spot.chars.start).take(spot.chars.len()).collect()
    }

    #[test]
    fn a_place_is_found_where_it_stands() {
        for (place, expected) in [
            ("title", "title"),
            ("detection.sel.task.image|endwith", "task.image|endwith"),
            ("detection.sel.task.image|endwith[1]", "\"y z\"  # here"),
            ("detection.flow.CommandLine[0]", "b, c]}"),
            ("detection.flow.Image", "Image"),
            ("detection.list[1].User", "User"),
            ("detection.4698", "4698"),
            ("tags[1]", "bb]"),
            // What is not there is shown where it should be.
            ("detection.condition", "detection"),
            ("detection.sel.task.image|endwith[9]", "task.image|endwith"),
            ("", "title: Séance"),
            ("nowhere", "title: Séance"),
        ] {
            assert_eq!(part(place), expected, "{place}");
        }
        assert_eq!(find(TEXT, |_| false, "title"), None);
        assert_eq!(find("a: [", |_| true, "a"), None);
    }

    #[test]
    fn a_line_and_a_column_are_a_spot() {
        assert_eq!(Spot::at("äb\ncd\n", 2, 2, None).unwrap().chars, 4..5);
        assert_eq!(Spot::at("äb\ncd\n", 1, 1, Some(9)).unwrap().chars, 0..2);
        assert_eq!(Spot::at("a\n", 2, 1, None).unwrap().chars, 2..3);
        assert_eq!(Spot::at("a\n", 9, 1, None), None);
    }
}
