//! Looking into valid JSON, one level at a time.
use std::borrow::Cow;

/// Where a member of an object stands in the text, as byte offsets. The key is without its quotes, the
/// value without surrounding white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// First byte of the key, after the quote.
    pub key_start: u32,
    /// One past the last byte of the key, before the quote.
    pub key_end: u32,
    /// First byte of the value.
    pub value_start: u32,
    /// One past the last byte of the value.
    pub value_end: u32,
}

/// The kind of a value, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "JSON's own words")]
pub enum Kind {
    String,
    Number,
    Object,
    Array,
    Bool,
    Null,
}

/// A value in the text of a valid JSON document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a>(&'a [u8]);

impl<'a> Value<'a> {
    /// A value from its bytes, which must be one valid JSON value without surrounding white space.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        todo!()
    }

    /// The text of a string, unescaped.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        todo!()
    }

    /// The text of a string, or the spelling of a number or boolean.
    pub fn as_text(self) -> Option<Cow<'a, str>> {
        todo!()
    }

    /// A whole number that is not negative, from a number in any spelling (`4698`, `4698.0`, `4.698e3`)
    /// or from a string that holds a decimal number with nothing but blanks around it.
    pub fn as_u64(self) -> Option<u64> {
        todo!()
    }

    /// The members of an object.
    pub fn as_object(self) -> Option<Object<'a>> {
        todo!()
    }

    /// The elements of an array.
    pub fn as_array(self) -> Option<Elements<'a>> {
        todo!()
    }
}

/// The members of one object in a valid JSON document.
#[derive(Debug, Clone)]
pub struct Object<'a> {
    text: &'a [u8],
    members: Cow<'a, [Member]>,
}

impl<'a> Object<'a> {
    /// The value of a member whose key, unescaped, is `key`; the last one where several have it, as most
    /// readers take it.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        let _ = (key, self.text, &self.members);
        todo!()
    }

    /// The value at a path of keys.
    pub fn path(&self, path: &[&str]) -> Option<Value<'a>> {
        let _ = path;
        todo!()
    }

    /// The members in order, keys as written (still escaped).
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> {
        std::iter::empty()
    }
}

/// The elements of an array, in order.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;
    fn next(&mut self) -> Option<Value<'a>> {
        let _ = self.rest;
        todo!()
    }
}
