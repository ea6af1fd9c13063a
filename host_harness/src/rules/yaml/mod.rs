//! YAML from people who may not be friends: rules and settings, read within a budget.
//!
//! Aliases (`*name`) let a few bytes of YAML stand for gigabytes. The parser beneath (libyaml, through
//! `yaml_serde`) bounds neither the text nor the memory that they unfold to, so [`documents`] counts what it
//! builds and stops at a limit. Tags are refused: neither Sigma nor the settings have a use for them.

mod nearest;
mod node;
mod spot;

pub(crate) use nearest::nearest;
pub use node::SchemaError;
pub(crate) use node::{Node, hint};
pub(crate) use spot::{Spot, find};

use serde::de::{DeserializeSeed, EnumAccess, Error as _, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;
use yaml_serde::{Mapping, Value};

/// The most values of one file, with its aliases replaced by their values.
pub(crate) const MAX_VALUES: usize = 200_000;
/// The most bytes of text in one file's values, with its aliases replaced by their values.
pub(crate) const MAX_TEXT: usize = 4 << 20;
/// The deepest nesting of values. Rules need about six levels.
pub(crate) const MAX_DEPTH: usize = 32;
/// The deepest nesting of `[` and `{` in the text, counted roughly and before parsing, because libyaml's time grows
/// with the square of it.
const MAX_FLOW_DEPTH: usize = 256;

/// The text is not YAML, or more of it than is read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not valid YAML: {message}")]
pub struct YamlError {
    message: String,
    /// The line and the column, from 1.
    at: Option<(usize, usize)>,
}

impl YamlError {
    /// The line and the column of the error, from 1, where the parser knows them.
    pub(crate) const fn at(&self) -> Option<(usize, usize)> {
        self.at
    }
}

/// Reads the documents of a YAML text (separated by `---`), merge keys (`<<`) applied.
///
/// Keys that are numbers or booleans become text. Empty documents are left out. Reading stops at the first
/// document that is not valid: those before it are returned beside the error.
pub fn documents(text: &str) -> (Vec<Value>, Option<YamlError>) {
    let mut read = Vec::new();
    if flow_depth(text) > MAX_FLOW_DEPTH {
        let message = format!("brackets are nested more than {MAX_FLOW_DEPTH} deep");
        return (read, Some(YamlError { message, at: None }));
    }
    let budget = Budget { values: Cell::new(MAX_VALUES), text: Cell::new(MAX_TEXT) };
    for document in yaml_serde::Deserializer::from_str(text) {
        let value = Reader { budget: &budget, depth: 0 }.deserialize(document).and_then(|mut value| {
            value.apply_merge()?;
            Ok(value)
        });
        match value {
            Ok(Value::Null) => {}
            Ok(value) => read.push(value),
            Err(error) => {
                let at = error.location().map(|location| (location.line(), location.column()));
                return (read, Some(YamlError { message: error.to_string(), at }));
            }
        }
    }
    (read, None)
}

/// The deepest nesting of flow brackets, if all of them were structure (those in quoted text count too, but
/// close themselves or end with the line of a block).
fn flow_depth(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

struct Budget {
    values: Cell<usize>,
    text: Cell<usize>,
}

impl Budget {
    fn spend<E: serde::de::Error>(&self, text: usize) -> Result<(), E> {
        let values = self.values.get().checked_sub(1);
        let text = self.text.get().checked_sub(text);
        let (Some(values), Some(text)) = (values, text) else {
            return Err(E::custom(format_args!(
                "more than {MAX_VALUES} values or {MAX_TEXT} bytes of text once aliases are unfolded"
            )));
        };
        self.values.set(values);
        self.text.set(text);
        Ok(())
    }
}

/// Reads one value and what it holds.
#[derive(Clone, Copy)]
struct Reader<'b> {
    budget: &'b Budget,
    depth: usize,
}

impl Reader<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("values are nested more than {MAX_DEPTH} deep")));
        }
        Ok(Self { budget: self.budget, depth: self.depth.saturating_add(1) })
    }

    fn scalar<E: serde::de::Error>(self, value: impl Into<Value>) -> Result<Value, E> {
        self.budget.spend(0)?;
        Ok(value.into())
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plain YAML")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        self.scalar(value)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        self.scalar(value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.scalar(value)
    }

    fn visit_i128<E: serde::de::Error>(self, value: i128) -> Result<Value, E> {
        self.scalar(value.to_string())
    }

    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Value, E> {
        self.scalar(value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        self.scalar(value)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.budget.spend(value.len())?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.scalar(Value::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        self.budget.spend(0)?;
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Sequence(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        self.budget.spend(0)?;
        let inner = self.deeper()?;
        let mut mapping = Mapping::new();
        while let Some(key) = map.next_key_seed(inner)? {
            let key = match key {
                Value::String(key) => key,
                Value::Number(key) => key.to_string(),
                Value::Bool(key) => key.to_string(),
                Value::Null => String::new(),
                _ => return Err(A::Error::custom("a key must be text")),
            };
            let value = map.next_value_seed(inner)?;
            let key = Value::String(key);
            if mapping.contains_key(&key) {
                let key = key.as_str().unwrap_or_default();
                return Err(A::Error::custom(format_args!("the key `{key}` is given twice in one mapping")));
            }
            mapping.insert(key, value);
        }
        Ok(Value::Mapping(mapping))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(A::Error::custom("tags (`!name`) are not supported; quote the value if it begins with `!`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        documents(text).1.expect("is refused").to_string()
    }

    #[test]
    fn documents_are_read_in_order_and_empty_ones_left_out() {
        let (read, error) = documents("---\na: 1\n---\n---\n4698: yes\ntrue: x\n");
        assert_eq!(error, None);
        assert_eq!(read.len(), 2);
        assert_eq!(read[1]["4698"], Value::String("yes".into()), "YAML 1.2: `yes` is text");
        assert_eq!(read[1]["true"], Value::String("x".into()));
    }

    #[test]
    fn what_precedes_an_error_is_kept() {
        let (read, error) = documents("a: 1\n---\nb: [\n");
        assert_eq!(read.len(), 1);
        assert!(error.is_some());
    }

    #[test]
    fn aliases_and_merge_keys_are_unfolded() {
        let (read, error) = documents("a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3\nc: *x\n");
        assert_eq!(error, None);
        assert_eq!(read[0]["b"], yaml_serde::from_str::<Value>("{l: 3, k: 1}").unwrap());
        assert_eq!(read[0]["c"], read[0]["a"]);
    }

    #[test]
    fn hostile_texts_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..20 {
            let below = format!("*a{},", level - 1).repeat(10);
            bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        assert!(refused(&bomb).contains("aliases"));
        let long = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(100_000), "*a,".repeat(1000));
        assert!(refused(&long).contains("aliases"));
        assert!(refused("a: &a [*a]\n").len() > 10);
        assert!(refused(&"[".repeat(1 << 20)).contains("nested"));
        assert!(refused(&format!("a: {}1{}", "[".repeat(40), "]".repeat(40))).contains("nested"));
        assert!(refused(&"- ".repeat(2000)).contains("nested"));
        assert!(refused("a: 1\na: 2\n").contains("twice"));
        assert!(refused("a: !tag x\n").contains("tags"));
        assert!(refused("? [x]\n: y\n").contains("key"));
        assert!(refused("a: \u{0}").len() > 10);
    }
}
