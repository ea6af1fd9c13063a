//! The fields of one event, or of one action, filled in.
use super::{Field, Fields};
use std::borrow::Cow;

/// Values by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table<'a> {
    /// By field number; as long as the highest field that has a value.
    values: Vec<Values<'a>>,
}

/// The values of a field. Most have one or none, which takes no memory of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Values<'a> {
    None,
    One(Cow<'a, str>),
    Many(Vec<Cow<'a, str>>),
}

impl<'a> Table<'a> {
    /// No field has a value.
    pub const fn new() -> Self {
        Self { values: Vec::new() }
    }

    /// Adds a value to a field. An empty text is a value, too.
    pub fn push(&mut self, field: Field, value: impl Into<Cow<'a, str>>) {
        self.add(field, value.into());
    }

    #[inline(never)]
    fn add(&mut self, field: Field, value: Cow<'a, str>) {
        let index = field as usize;
        if self.values.len() <= index {
            self.values.reserve(Field::COUNT.saturating_sub(self.values.len()));
            self.values.resize_with(index.saturating_add(1), || Values::None);
        }
        match self.values.get_mut(index) {
            Some(values @ Values::None) => *values = Values::One(value),
            Some(values) => values.push(value),
            None => {}
        }
    }

    /// Adds a value to a field if there is one.
    pub(crate) fn push_some<T: Into<Cow<'a, str>>>(&mut self, field: Field, value: Option<T>) {
        if let Some(value) = value {
            self.push(field, value);
        }
    }

    /// The first value of a field.
    pub fn first(&self, field: Field) -> Option<&str> {
        self.values(field).first().map(AsRef::as_ref)
    }
}

impl<'a> Values<'a> {
    fn push(&mut self, value: Cow<'a, str>) {
        *self = match std::mem::replace(self, Self::None) {
            Self::None => Self::One(value),
            Self::One(first) => Self::Many(vec![first, value]),
            Self::Many(mut values) => {
                values.push(value);
                Self::Many(values)
            }
        };
    }
}

impl Fields for Table<'_> {
    fn values(&self, field: Field) -> &[Cow<'_, str>] {
        match self.values.get(field as usize) {
            Some(Values::One(value)) => std::slice::from_ref(value),
            Some(Values::Many(values)) => values,
            Some(Values::None) | None => &[],
        }
    }
}
