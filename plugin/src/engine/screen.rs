//! Which records are any of our business?
use crate::json::{Invalid, Object, Scanner, Sieve};
use crate::shapes;

/// Tells records that can be given a tag, or that the engine remembers or changes, from all others.
///
/// Almost every record is another one: it is passed on as it came, and leaves the engine as it was. So a host with
/// several instances can give it to any of them.
#[derive(Debug)]
pub struct Screen {
    sieve: Sieve,
    key: String,
}

impl Screen {
    /// A screen for tags under that key.
    pub fn new(key: &str) -> Self {
        Self { sieve: shapes::sieve().with(key.as_bytes()), key: key.to_owned() }
    }

    /// Returns whether a record has the id of a scheduled-task event or carries a member of the tag's key, or memory
    /// does not suffice to tell.
    ///
    /// # Errors
    /// When it is not one JSON object: it will be mended.
    #[inline]
    pub fn holds_back(&self, scanner: &mut Scanner, record: &[u8]) -> Result<bool, Invalid> {
        Ok(self.held(scanner, record)?.is_some())
    }

    /// Returns a record that [`Self::holds_back`], most often with all its members.
    ///
    /// # Errors
    /// When it is not one JSON object.
    #[inline]
    pub(super) fn held<'a>(
        &self,
        scanner: &'a mut Scanner,
        record: &'a [u8],
    ) -> Result<Option<Object<'a>>, Invalid> {
        let sifted = scanner.sift(record, &self.sieve)?;
        let held =
            !sifted.is_complete() || sifted.get(&self.key).is_some() || shapes::change(&sifted).is_some();
        Ok(held.then_some(sifted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_remembers_or_changes_is_held_back() {
        let mut scanner = Scanner::default();
        let mut holds_back = |key: &str, record: &str| {
            Screen::new(key).holds_back(&mut scanner, record.as_bytes()).unwrap_or(true)
        };
        for record in [
            r#"{"EventID":4698}"#,
            r#"{"a":1,"winlog":{"event_id":"4699"}}"#,
            r#"{"\u0045ventID":4.698e3}"#,
            r#"{"schtag":1}"#,
            r#"{"a":nan}"#,
            r#"{"a":1"#,
        ] {
            assert!(holds_back("schtag", record), "{record}");
        }
        for record in [r#"{"EventID":4624}"#, r#"{"a":"4698"}"#, "{}"] {
            assert!(!holds_back("schtag", record), "{record}");
        }
        assert!(!holds_back("other", r#"{"schtag":1}"#));
    }
}
