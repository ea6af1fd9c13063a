//! The counts of a run of `schtag tag`.
use super::inputs::{Outcomes, several};
use schtag::rules::Level;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// Counts of one run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    /// Lines read.
    pub(crate) lines: u64,
    /// Records with a tag.
    pub(crate) tagged: u64,
    /// Those, by the tag's `verdict`.
    pub(crate) verdicts: BTreeMap<String, u64>,
    /// Those, by the tag's `severity`.
    pub(crate) severities: BTreeMap<String, u64>,
    /// Lines that were passed through since they are not a JSON object.
    pub(crate) bad_lines: u64,
    /// Lines that were passed through since they are too long.
    pub(crate) oversized_lines: u64,
    /// Records that were passed through since the guest failed on them.
    pub(crate) faults: u64,
    /// Where the first of those are, and what went wrong.
    #[serde(skip)]
    pub(crate) first_faults: Vec<String>,
    /// Faults after which the filter was started anew, and had lost its memory of earlier events.
    pub(crate) memory_losses: u64,
    /// Lines that the output leaves out, since they are no finding (`--format ocsf`).
    pub(crate) no_findings: u64,
    /// Fuel of the calls.
    pub(crate) fuel: Fuel,
    /// Tagged records that the options leave out (`--min-level` and others).
    pub(crate) filtered: u64,
    /// The level of the most severe alert that was shown.
    #[serde(skip)]
    pub(crate) worst_alert: Option<Level>,
    /// The inputs, and what became of each.
    pub(crate) inputs: Outcomes,
    /// Which rules judged.
    pub(crate) judged_by: String,
}

/// wasmtime fuel, about one unit an instruction.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Fuel {
    /// The number of calls.
    pub(crate) calls: u64,
    /// Fuel of an average call.
    pub(crate) mean: u64,
    /// Fuel of the most costly call.
    pub(crate) max: u64,
    #[serde(skip)]
    total: u64,
}

impl Fuel {
    pub(crate) fn add(&mut self, fuel: u64) {
        self.calls += 1;
        self.total = self.total.saturating_add(fuel);
        self.mean = self.total / self.calls;
        self.max = self.max.max(fuel);
    }
}

impl Summary {
    pub(crate) fn add_tag(&mut self, tag: &Value) {
        self.tagged += 1;
        for (name, counts) in [("verdict", &mut self.verdicts), ("severity", &mut self.severities)] {
            if let Some(word) = tag.get(name).and_then(Value::as_str) {
                *counts.entry(word.to_owned()).or_default() += 1;
            }
        }
    }

    /// The summary in words, without an end of line.
    pub(crate) fn in_words(&self) -> String {
        let mut words = format!("{}, {} tagged", several(self.lines, "line"), self.tagged);
        if self.inputs.read + self.inputs.unread > 1 {
            let _ = write!(words, " in {} inputs", self.inputs.read + self.inputs.unread);
        }
        for (what, counts) in [("verdict", &self.verdicts), ("severity", &self.severities)] {
            let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            if !counts.is_empty() {
                // Writing to a string cannot fail.
                let _ = write!(words, "; {what}: {}", counts.join(", "));
            }
        }
        for (count, what) in [
            (self.bad_lines, "not JSON and not checked"),
            (self.oversized_lines, "too long and not checked"),
            (self.faults, "passed through after a fault of the guest"),
            (self.memory_losses, "times the memory of earlier events was lost after a fault"),
            (self.no_findings, "left out, no finding"),
            (self.filtered, "left out by the options"),
            (self.inputs.unread, "inputs not read, or not to the end"),
            (self.inputs.passed_over, "files passed over, which hold no records"),
            (self.inputs.left_alone, "links and devices left alone"),
        ] {
            if count > 0 {
                let _ = write!(words, "; {count} {what}");
            }
        }
        let _ = write!(words, "; fuel per record: mean {}, max {}", self.fuel.mean, self.fuel.max);
        if !self.judged_by.is_empty() {
            let _ = write!(words, "; judged by {}", self.judged_by);
        }
        words
    }
}

/// The tag of a record, if it has one: the last member of that name. Members that are not looked at may have any
/// depth.
///
/// # Errors
/// When the record is not one JSON object.
pub(crate) fn tag_of(record: &[u8], key: &str) -> serde_json::Result<Option<Value>> {
    struct Member<'k>(&'k str);
    impl<'de> Visitor<'de> for Member<'_> {
        type Value = Option<Value>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut tag = None;
            while let Some(Key(key)) = map.next_key()? {
                if key == self.0 {
                    tag = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(tag)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_slice(record);
    let tag = deserializer.deserialize_map(Member(key))?;
    deserializer.end()?;
    Ok(tag)
}

/// A member's name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn verdict(record: &str) -> Option<String> {
        let tag = tag_of(record.as_bytes(), "schtag").unwrap();
        tag.map(|tag| tag.get("verdict").and_then(Value::as_str).unwrap_or_default().into())
    }

    #[test]
    fn finds_the_tag_wherever_it_is() {
        assert_eq!(verdict(r#"{"a":{"schtag":1}}"#), None);
        assert_eq!(verdict(r#"{"a":[1,{}],"schtag":{"verdict":"alert","rules":[]}}"#), Some("alert".into()));
        assert_eq!(verdict(r#"{"\u0073chtag":{"verdict":"alert"},"b":1}"#), Some("alert".into()));
        assert_eq!(verdict(r#"{"schtag":"somebody else's"}"#), Some(String::new()));
    }

    #[test]
    fn only_an_object_is_a_record() {
        for bad in ["", "[]", "1", "{", r#"{"a":1} x"#, r#"{"a" 1}"#] {
            tag_of(bad.as_bytes(), "schtag").unwrap_err();
        }
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(verdict(&deep), None);
    }

    #[test]
    fn words_name_what_there_is() {
        let mut summary = Summary { lines: 3, bad_lines: 1, ..Summary::default() };
        summary.add_tag(&json!({"verdict": "alert", "severity": "high", "rules": []}));
        summary.fuel.add(10);
        summary.fuel.add(21);
        summary.judged_by = "a pack (default rules)".into();
        assert_eq!(
            summary.in_words(),
            "3 lines, 1 tagged; verdict: alert 1; severity: high 1; 1 not JSON and not checked; \
             fuel per record: mean 15, max 21; judged by a pack (default rules)"
        );
    }
}
