//! A YAML value together with its place in the document, so that every complaint names the place.

use super::nearest;
use yaml_serde::{Mapping, Value};

/// A document does not have the expected form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// A value of another type is expected.
    #[error("expected {expected}, found {found}")]
    Type {
        /// Where, for example `hosts.roles[2].role`.
        place: String,
        /// The expected value, in words.
        expected: String,
        /// The value that is there, in words.
        found: String,
    },
    /// A key is missing.
    #[error("the key `{key}` is missing")]
    Missing {
        /// The mapping in which it is missing; empty for the document itself.
        place: String,
        /// The key.
        key: String,
    },
    /// There is no such key.
    #[error("there is no key `{key}` here{}", hint(.nearest.as_deref()))]
    Unknown {
        /// Where the key is.
        place: String,
        /// The key.
        key: String,
        /// The key that may have been meant.
        nearest: Option<String>,
    },
}

/// `; did you mean …?`, or nothing.
pub(crate) fn hint(nearest: Option<&str>) -> String {
    nearest.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default()
}

impl SchemaError {
    /// Where it is; empty for the document itself.
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Type { place, .. } | Self::Missing { place, .. } | Self::Unknown { place, .. } => place,
        }
    }
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    value: &'a Value,
    place: String,
}

impl<'a> Node<'a> {
    /// A whole document.
    pub(crate) const fn root(value: &'a Value) -> Self {
        Self { value, place: String::new() }
    }

    /// The value.
    pub(crate) const fn value(&self) -> &'a Value {
        self.value
    }

    /// Its place, for example `detection.selection.Image|endswith` or `rules[2]`.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The complaint that something else is expected here.
    pub(crate) fn expected(&self, expected: impl Into<String>) -> SchemaError {
        let found = match self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Number(value) => format!("the number {value}"),
            Value::String(value) if value.chars().count() <= 40 => format!("the text `{value}`"),
            Value::String(_) => "a long text".to_owned(),
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
            Value::Tagged(_) => "a tagged value".to_owned(),
        };
        SchemaError::Type { place: self.place.clone(), expected: expected.into(), found }
    }

    /// The value of a key, if it is there and not null.
    ///
    /// # Errors
    /// When this is not a mapping.
    pub(crate) fn get(&self, key: &str) -> Result<Option<Self>, SchemaError> {
        let value = self.mapping()?.get(key).filter(|value| !value.is_null());
        Ok(value.map(|value| self.child(key, value)))
    }

    /// The value of a key that must be there.
    ///
    /// # Errors
    /// When it is not, or when this is not a mapping.
    pub(crate) fn require(&self, key: &str) -> Result<Self, SchemaError> {
        self.get(key)?.ok_or_else(|| SchemaError::Missing { place: self.place.clone(), key: key.to_owned() })
    }

    /// The keys and their values, in the order of the document.
    ///
    /// # Errors
    /// When this is not a mapping.
    pub(crate) fn entries(&self) -> Result<impl Iterator<Item = (&'a str, Self)>, SchemaError> {
        let mapping = self.mapping()?;
        Ok(mapping.iter().filter_map(|(key, value)| {
            let key = key.as_str()?;
            Some((key, self.child(key, value)))
        }))
    }

    /// Refuses keys other than these.
    ///
    /// # Errors
    /// When there is another, or when this is not a mapping.
    pub(crate) fn only(&self, keys: &[&str]) -> Result<(), SchemaError> {
        for (key, _) in self.entries()? {
            if !keys.contains(&key) {
                return Err(SchemaError::Unknown {
                    place: self.place.clone(),
                    key: key.to_owned(),
                    nearest: nearest(key, keys.iter().copied()).map(str::to_owned),
                });
            }
        }
        Ok(())
    }

    /// The elements of a list.
    ///
    /// # Errors
    /// When this is not a list.
    pub(crate) fn elements(&self) -> Result<impl Iterator<Item = Self>, SchemaError> {
        let Value::Sequence(values) = self.value else { return Err(self.expected("a list")) };
        Ok(values
            .iter()
            .enumerate()
            .map(|(index, value)| Self { value, place: format!("{}[{index}]", self.place) }))
    }

    /// The elements of a list, or the value itself where one stands for a list of one.
    pub(crate) fn one_or_more(&self) -> Vec<Self> {
        match self.elements() {
            Ok(elements) => elements.collect(),
            Err(_) => vec![self.clone()],
        }
    }

    /// A text.
    ///
    /// # Errors
    /// When this is something else.
    pub(crate) fn text(&self) -> Result<&'a str, SchemaError> {
        self.value.as_str().ok_or_else(|| self.expected("a text"))
    }

    /// A text, or a list of texts.
    ///
    /// # Errors
    /// When this is something else.
    pub(crate) fn texts(&self) -> Result<Vec<String>, SchemaError> {
        self.one_or_more().iter().map(|node| Ok(node.text()?.to_owned())).collect()
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// When this is something else.
    pub(crate) fn boolean(&self) -> Result<bool, SchemaError> {
        self.value.as_bool().ok_or_else(|| self.expected("`true` or `false`"))
    }

    fn mapping(&self) -> Result<&'a Mapping, SchemaError> {
        self.value.as_mapping().ok_or_else(|| self.expected("a mapping"))
    }

    fn child(&self, key: &str, value: &'a Value) -> Self {
        let place = if self.place.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place) };
        Self { value, place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_name_the_place_and_what_was_meant() {
        let value: Value = yaml_serde::from_str("hosts: {roles: [{patern: x, role: 3}]}").unwrap();
        let root = Node::root(&value);
        let roles = root.require("hosts").unwrap().require("roles").unwrap();
        let role = roles.elements().unwrap().next().unwrap();
        let error = role.only(&["pattern", "role"]).unwrap_err();
        assert_eq!(error.place(), "hosts.roles[0]");
        assert_eq!(error.to_string(), "there is no key `patern` here; did you mean `pattern`?");
        let error = role.require("role").unwrap().text().unwrap_err();
        assert_eq!(error.place(), "hosts.roles[0].role");
        assert_eq!(error.to_string(), "expected a text, found the number 3");
        assert_eq!(role.require("pattern").unwrap_err().to_string(), "the key `pattern` is missing");
    }
}
