//! Looking into valid JSON, one level at a time.
use super::number::whole;
use super::text::stands_for;
use super::unescape;
use super::walk::Walker;
use memchr::memchr;
use std::borrow::Cow;

/// Where a member of an object stands in the text, as byte offsets. The key is without its quotes, the
/// value without surrounding white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    /// First byte of the key, after the quote.
    pub key_start: u32,
    /// One past the last byte of the key, before the quote.
    pub key_end: u32,
    /// First byte of the value.
    pub value_start: u32,
    /// One past the last byte of the value.
    pub value_end: u32,
}

impl Member {
    /// The key in `text`, as written.
    fn key(self, text: &[u8]) -> &[u8] {
        text.get(self.key_start as usize..self.key_end as usize).unwrap_or_default()
    }

    /// The value in `text`.
    fn value(self, text: &[u8]) -> Value<'_> {
        Value(text.get(self.value_start as usize..self.value_end as usize).unwrap_or_default())
    }
}

/// The kind of a value, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
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
    /// A value from its bytes, which must be one valid JSON value without surrounding white space. Of
    /// other bytes nothing sensible can be read, but nothing worse happens.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// Returns what it is.
    pub(crate) const fn kind(self) -> Kind {
        match self.0.first() {
            Some(b'"') => Kind::String,
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// The inside of a string, still escaped.
    fn inside(self) -> Option<&'a [u8]> {
        self.0.strip_prefix(b"\"")?.strip_suffix(b"\"")
    }

    /// The text of a string, unescaped.
    pub(crate) fn as_str(self) -> Option<Cow<'a, str>> {
        self.inside().map(unescape)
    }

    /// The text of a string, or the spelling of a number or boolean.
    pub fn as_text(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            Kind::String => self.as_str(),
            Kind::Number | Kind::Bool => std::str::from_utf8(self.0).ok().map(Cow::Borrowed),
            Kind::Object | Kind::Array | Kind::Null => None,
        }
    }

    /// A whole number that is not negative, from a number in any spelling (`4698`, `4698.0`, `4.698e3`)
    /// or from a string that holds a decimal number with nothing but blanks around it.
    pub fn as_u64(self) -> Option<u64> {
        match self.kind() {
            Kind::Number => whole(self.0),
            Kind::String => whole(self.as_str()?.trim().as_bytes()),
            _ => None,
        }
    }

    /// The members of an object, in memory of 16 bytes for each; None too where there is not so much.
    pub fn as_object(self) -> Option<Object<'a>> {
        if self.kind() != Kind::Object {
            return None;
        }
        let mut members = Vec::new();
        let mut escaped_keys = false;
        let mut objects = 0_usize;
        let mut walker = Walker::new(self.0);
        while let Some((member, escaped)) = walker.member() {
            members.try_reserve(1).ok()?;
            members.push(member);
            escaped_keys |= escaped;
            objects = objects.saturating_add(usize::from(member.value(self.0).kind() == Kind::Object));
        }
        let count = members.len();
        Some(Object::new(self.0, Cow::Owned(members), (count, objects), escaped_keys))
    }

    /// The members of an object in order, keys as written (still escaped); none of any other value.
    /// Allocates nothing, and steps over the object only as far as members are asked for.
    pub(crate) fn members(self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> {
        let mut walker = Walker::new(if self.kind() == Kind::Object { self.0 } else { b"" });
        std::iter::from_fn(move || {
            let (member, _) = walker.member()?;
            Some((member.key(self.0), member.value(self.0)))
        })
    }

    /// The elements of an array.
    pub fn as_array(self) -> Option<Elements<'a>> {
        (self.kind() == Kind::Array).then(|| Elements(Walker::new(self.0)))
    }

    /// The value of a member of an object, as [`Object::get`] has it. Allocates nothing, and steps over
    /// the whole object: for one or two keys. For more, [`Value::as_object`] steps over it once.
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        if self.kind() != Kind::Object {
            return None;
        }
        let mut found = None;
        let mut walker = Walker::new(self.0);
        while let Some((member, escaped)) = walker.member() {
            if is_key(member.key(self.0), key, escaped) {
                found = Some(member.value(self.0));
            }
        }
        found
    }
}

/// Returns whether a key as written stands for `key`; `escaped` says whether it may have escapes.
fn is_key(written: &[u8], key: &str, escaped: bool) -> bool {
    // An escape is longer than what it stands for.
    if escaped && written.len() >= key.len() && memchr(b'\\', written).is_some() {
        stands_for(written, key)
    } else {
        written == key.as_bytes()
    }
}

/// The members of one object in a valid JSON document.
#[derive(Debug, Clone)]
pub struct Object<'a> {
    text: &'a [u8],
    /// All of them, or those that a sieve held back.
    members: Cow<'a, [Member]>,
    /// The number of the object's members.
    count: usize,
    /// The number of them that are objects.
    objects: usize,
    /// True if any key has an escape, so that looking up the others stays cheap.
    escaped_keys: bool,
    /// True if memory sufficed to remember every member.
    complete: bool,
}

impl<'a> Object<'a> {
    pub(super) const fn new(
        text: &'a [u8],
        members: Cow<'a, [Member]>,
        (count, objects): (usize, usize),
        escaped_keys: bool,
    ) -> Self {
        Self { text, members, count, objects, escaped_keys, complete: true }
    }

    /// The same, for a text with more members than memory has room for.
    pub(super) const fn incomplete(mut self) -> Self {
        self.complete = false;
        self
    }

    /// Returns whether memory sufficed to remember the members. The text is a valid object all the same.
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// The text that the members' offsets count in: the object, and what white space was around it.
    pub const fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Returns how many members it has, duplicates included, and those that were not remembered.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// Returns whether all its members are remembered.
    pub(crate) fn is_whole(&self) -> bool {
        self.members.len() == self.count
    }

    /// Returns how many of all its members are objects.
    pub(crate) const fn objects(&self) -> usize {
        self.objects
    }

    /// Returns whether any key is written with an escape; where none is, keys as written are keys as meant.
    pub(crate) const fn has_escaped_keys(&self) -> bool {
        self.escaped_keys
    }

    /// Where the members stand, in order: all of them, or those that a [`Sieve`](super::Sieve) held back.
    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns whether the member's key, unescaped, is `key`.
    pub(crate) fn has_key(&self, member: Member, key: &str) -> bool {
        // Most keys are of another length, which is cheaper to see than to compare them.
        let len = member.key_end.wrapping_sub(member.key_start) as usize;
        (self.escaped_keys || len == key.len()) && is_key(member.key(self.text), key, self.escaped_keys)
    }

    /// The value of a member whose key, unescaped, is `key`; the last one where several have it, as most
    /// readers take it.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        self.members
            .iter()
            .rev()
            .find(|member| self.has_key(**member, key))
            .map(|member| member.value(self.text))
    }

    /// The value at a path of keys.
    pub fn path(&self, path: &[&str]) -> Option<Value<'a>> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.get(first)?, |value, key| value.get(key))
    }

    /// The members in order, keys as written (still escaped).
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> {
        self.members.iter().map(|member| (member.key(self.text), member.value(self.text)))
    }
}

/// The elements of an array, in order.
#[derive(Debug, Clone)]
pub struct Elements<'a>(Walker<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.0.element().map(Value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Scanner;

    fn value(text: &str) -> Value<'_> {
        Value::new(text.as_bytes())
    }

    #[test]
    fn the_first_byte_tells_the_kind() {
        for (text, kind) in [
            ("\"\"", Kind::String),
            ("0", Kind::Number),
            ("-1", Kind::Number),
            ("{}", Kind::Object),
            ("[]", Kind::Array),
            ("true", Kind::Bool),
            ("false", Kind::Bool),
            ("null", Kind::Null),
        ] {
            assert_eq!(value(text).kind(), kind, "{text}");
        }
    }

    #[test]
    fn each_view_is_of_its_own_kinds_only() {
        for (text, as_str, as_text, as_u64) in [
            ("\"a\\n\"", Some("a\n"), Some("a\n"), None),
            ("\" 4698\\t\"", Some(" 4698\t"), Some(" 4698\t"), Some(4698)),
            ("\"\\u0034698\"", Some("4698"), Some("4698"), Some(4698)),
            ("\"46 98\"", Some("46 98"), Some("46 98"), None),
            ("4.698e3", None, Some("4.698e3"), Some(4698)),
            ("-1", None, Some("-1"), None),
            ("true", None, Some("true"), None),
            ("false", None, Some("false"), None),
            ("null", None, None, None),
            ("[1]", None, None, None),
            ("{\"a\":1}", None, None, None),
        ] {
            let value = value(text);
            assert_eq!(value.as_str().as_deref(), as_str, "{text}");
            assert_eq!(value.as_text().as_deref(), as_text, "{text}");
            assert_eq!(value.as_u64(), as_u64, "{text}");
        }
    }

    #[test]
    fn keys_are_found_as_written_or_escaped_and_the_last_one_counts() {
        let text = r#"{"a":1,"\u0062":2,"é":3,"\u00e9":4,"c\"d":5,"a":6,"":7,"x":{"a":8,"\u0061":9}}"#;
        let mut scanner = Scanner::default();
        let scanned = scanner.scan(text.as_bytes()).unwrap();
        let walked = value(text).as_object().unwrap();
        assert_eq!(scanned.members(), walked.members());
        assert!(
            scanned.has_escaped_keys() && !value("{\"a\":\"\\n\"}").as_object().unwrap().has_escaped_keys()
        );
        for (key, expected) in [
            ("a", Some(6)),
            ("b", Some(2)),
            ("é", Some(4)),
            ("c\"d", Some(5)),
            ("", Some(7)),
            ("\\u0062", None),
            ("A", None),
        ] {
            assert_eq!(scanned.get(key).and_then(Value::as_u64), expected, "{key}");
            assert_eq!(walked.get(key).and_then(Value::as_u64), expected, "{key}");
            assert_eq!(value(text).get(key).and_then(Value::as_u64), expected, "{key}");
        }
        assert!(value(text).members().eq(scanned.iter()));
        assert_eq!(value("[1]").members().count(), 0);
        assert_eq!(scanned.path(&["x", "a"]).and_then(Value::as_u64), Some(9));
        assert_eq!(scanned.path(&["x"]), scanned.get("x"));
        for path in [&[][..], &["x", "b"], &["a", "b"], &["y", "a"]] {
            assert_eq!(scanned.path(path), None, "{path:?}");
        }
    }

    #[test]
    fn arrays_give_their_elements_in_order() {
        for (text, elements) in [
            ("[]", &[][..]),
            ("[ ]", &[]),
            ("[1]", &["1"]),
            (
                "[ 1 ,\"a,]\\\"\",\t[2,[3]] ,{\"b\":[4]},null,-1e5\n]",
                &["1", "\"a,]\\\"\"", "[2,[3]]", "{\"b\":[4]}", "null", "-1e5"],
            ),
        ] {
            let found: Vec<&[u8]> = value(text).as_array().unwrap().map(Value::bytes).collect();
            let expected: Vec<&[u8]> = elements.iter().map(|element| element.as_bytes()).collect();
            assert_eq!(found, expected, "{text}");
        }
        assert!(value("{}").as_array().is_none());
        assert!(value("\"[]\"").as_array().is_none());
    }

    #[test]
    fn deep_values_take_no_stack() {
        let text = format!("{{\"a\":{}{},\"b\":1}}", "[".repeat(500_000), "]".repeat(500_000));
        assert_eq!(value(&text).get("b"), Some(value("1")));
        assert_eq!(value(&text).as_object().unwrap().len(), 2);
    }

    #[test]
    fn bytes_that_are_not_json_are_walked_to_their_end() {
        for text in [
            "", "{", "[", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\\", "[[", "[\"\\", "{\"a\":}", "{x}",
            "[,,]", "[:]", "\"",
        ] {
            let value = value(text);
            let _ = (value.kind(), value.as_str(), value.as_text(), value.as_u64());
            assert_eq!(value.get("b"), None, "{text}");
            assert!(value.as_object().is_none_or(|object| object.len() <= 1), "{text}");
            assert!(value.as_array().is_none_or(|elements| elements.count() <= 1), "{text}");
        }
    }
}
