//! The fields of one event, or of one action, filled in.
use super::{Field, Fields};
use std::borrow::Cow;

/// Values by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table<'a> {
    /// By field number; as long as the highest field that has a value.
    values: Vec<Vec<Cow<'a, str>>>,
}

impl<'a> Table<'a> {
    /// No field has a value.
    pub const fn new() -> Self {
        Self { values: Vec::new() }
    }

    /// Adds a value to a field. An empty text is a value, too.
    pub fn push(&mut self, field: Field, value: impl Into<Cow<'a, str>>) {
        let index = field as usize;
        if self.values.len() <= index {
            self.values.resize_with(index.saturating_add(1), Vec::new);
        }
        if let Some(values) = self.values.get_mut(index) {
            values.push(value.into());
        }
    }

    /// Adds a value to a field if there is one.
    pub fn push_some<T: Into<Cow<'a, str>>>(&mut self, field: Field, value: Option<T>) {
        if let Some(value) = value {
            self.push(field, value);
        }
    }

    /// The first value of a field.
    pub fn first(&self, field: Field) -> Option<&str> {
        self.values(field).first().map(AsRef::as_ref)
    }
}

impl Fields for Table<'_> {
    fn values(&self, field: Field) -> &[Cow<'_, str>] {
        self.values.get(field as usize).map_or(&[], Vec::as_slice)
    }
}
