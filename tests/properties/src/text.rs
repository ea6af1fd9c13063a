//! Reading JSON with serde_json, which knows nothing of our own reader.

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Returns whether the bytes are one JSON object.
pub fn is_object(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{')
        && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The members of a valid object in order, keys and values as written.
pub fn members(bytes: &[u8]) -> Vec<(String, String)> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((key, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
                members.push((key.get().to_owned(), value.get().to_owned()));
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_slice(bytes).deserialize_map(Members).unwrap()
}

/// Returns whether a key as written, with its quotes, stands for `key`. A lone surrogate stands for no text, so that
/// such a key is no key of ours.
pub fn is_key(written: &str, key: &str) -> bool {
    serde_json::from_str::<String>(written).is_ok_and(|text| text == key)
}

/// The bytes as text, with what is not UTF-8 replaced.
pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
