//! Which records the guest must see in order.
use schtag::json::{Scanner, Sieve};
use schtag::shapes;

/// Tells records that can change what the guest remembers, or that it may change itself, from all others: by the
/// same code that the guest begins with, run natively.
///
/// An instance remembers matches of scheduled-task events for rules over several of them. Every other record
/// leaves it as it was, so that any instance can have it.
#[derive(Debug)]
pub struct Screen {
    scanner: Scanner,
    sieve: Sieve,
    key: String,
}

impl Screen {
    /// A screen for a module whose tags have that key.
    pub fn new(key: &str) -> Self {
        Self { scanner: Scanner::default(), sieve: shapes::sieve().with(key.as_bytes()), key: key.to_owned() }
    }

    /// Whether a record must reach one instance in order: it has the id of a scheduled-task event, carries a
    /// member of the tag's key, or is not valid JSON and will be mended.
    pub fn holds_back(&mut self, record: &[u8]) -> bool {
        match self.scanner.sift(record, &self.sieve) {
            Ok(sifted) => sifted.get(&self.key).is_some() || shapes::change(&sifted).is_some(),
            Err(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_guest_remembers_or_changes_is_held_back() {
        let mut screen = Screen::new("schtag");
        for record in [
            r#"{"EventID":4698}"#,
            r#"{"a":1,"winlog":{"event_id":"4699"}}"#,
            r#"{"\u0045ventID":4.698e3}"#,
            r#"{"schtag":1}"#,
            r#"{"a":nan}"#,
            r#"{"a":1"#,
        ] {
            assert!(screen.holds_back(record.as_bytes()), "{record}");
        }
        for record in [r#"{"EventID":4624}"#, r#"{"a":"4698"}"#, "{}"] {
            assert!(!screen.holds_back(record.as_bytes()), "{record}");
        }
        assert!(!Screen::new("other").holds_back(br#"{"schtag":1}"#));
    }
}
