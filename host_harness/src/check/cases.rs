//! A rule's cases: records, and whether the rule must match each.
use crate::files::{self, FileError};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::path::Path;

/// The name of the file beside a rule that holds its cases, one JSON object a line:
/// `{"case": "what it shows", "matches": true, "record": {…}}`. A rule over several events has `"records": […]`
/// instead, and may say with `"seconds": […]` when each arrives.
pub const FILE: &str = "cases.ndjson";

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its line in the file, from 1.
    pub line: usize,
    /// What it shows.
    pub name: String,
    /// Whether the rule must match the last record.
    pub matches: bool,
    /// The records in order, as written; at least one.
    pub records: Vec<Arrival>,
}

/// A record and when it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The record, as written.
    pub record: String,
    /// Seconds since the case began.
    pub seconds: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    case: String,
    matches: bool,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    #[serde(borrow)]
    records: Option<Vec<&'a RawValue>>,
    seconds: Option<Vec<u32>>,
}

/// Reads a file of cases. Lines that are none are told as `file:line: what is wrong`.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path) -> Result<(Vec<Case>, Vec<String>), FileError> {
    Ok(of(path, &files::read(path, files::CASES)?))
}

/// As [`read`], of the text of the file.
pub(crate) fn of(path: &Path, text: &[u8]) -> (Vec<Case>, Vec<String>) {
    let (mut cases, mut errors) = (Vec::new(), Vec::new());
    for (line, text) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        match parse(line, text) {
            Ok(case) => cases.push(case),
            Err(error) => errors.push(format!("{}:{line}: {error}", path.display())),
        }
    }
    (cases, errors)
}

fn parse(line: usize, text: &[u8]) -> Result<Case, String> {
    // The position that serde_json adds says "line 1" of every line.
    let in_words = |error: serde_json::Error| {
        let text = error.to_string();
        match text.rsplit_once(" at line 1 column ") {
            Some((what, column)) => format!("{what} (column {column})"),
            None => text,
        }
    };
    let read: Line<'_> = serde_json::from_slice(text).map_err(in_words)?;
    if read.case.trim().is_empty() {
        return Err("`case` is empty: say what the case shows".into());
    }
    let records = match (read.record, read.records) {
        (Some(record), None) => vec![record],
        (None, Some(records)) if !records.is_empty() => records,
        (None, Some(_)) => return Err("`records` is empty".into()),
        (None, None) => return Err("there is no `record`, and no `records`".into()),
        (Some(_), Some(_)) => return Err("there are both `record` and `records`".into()),
    };
    if records.iter().any(|record| !record.get().starts_with('{')) {
        return Err("a record is not a JSON object".into());
    }
    let seconds = read.seconds.unwrap_or_else(|| vec![0; records.len()]);
    if seconds.len() != records.len() || !seconds.is_sorted() {
        return Err(
            "`seconds` has to have one number for each record, none smaller than the one before".into()
        );
    }
    let arrivals = records.iter().zip(seconds);
    let arrivals = arrivals.map(|(record, seconds)| Arrival { record: record.get().to_owned(), seconds });
    Ok(Case { line, name: read.case, matches: read.matches, records: arrivals.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_no_case_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let text = [
            r#"{"case":"a","matches":true,"record":{"b": 1}}"#,
            "",
            r#"{"case":"b","matches":true,"records":[{},{"c":2}],"seconds":[0,30]}"#,
            r#"{"case":"a","matches":true}"#,
            r#"{"case":"a","matches":true,"record":{},"verdict":"alert"}"#,
            r#"{"case":"a","matches":"yes","record":{}}"#,
            r#"{"case":"a","matches":false,"record":[]}"#,
            r#"{"case":" ","matches":false,"record":{}}"#,
            r#"{"case":"a","matches":true,"record":{},"records":[{}]}"#,
            r#"{"case":"a","matches":true,"records":[]}"#,
            r#"{"case":"a","matches":true,"records":[{},{}],"seconds":[0]}"#,
            r#"{"case":"a","matches":true,"records":[{},{}],"seconds":[1,0]}"#,
            "{",
        ];
        fs::write(&path, text.join("\n")).unwrap();
        let (cases, errors) = read(&path).unwrap();
        let [one, several] = &*cases else { panic!("{cases:?}") };
        assert_eq!((one.line, one.matches, &*one.records[0].record), (1, true, r#"{"b": 1}"#));
        let second = Arrival { record: r#"{"c":2}"#.into(), seconds: 30 };
        assert_eq!((several.line, &several.records[1..]), (3, &[second][..]));
        let expected = [
            ":4: there is no `record`",
            ":5: unknown field `verdict`, expected one of `case`, `matches`, `record`",
            ":6: invalid type: string \"yes\"",
            ":7: a record is not a JSON object",
            ":8: `case` is empty",
            ":9: there are both",
            ":10: `records` is empty",
            ":11: `seconds` has to have",
            ":12: `seconds` has to have",
            ":13: EOF while parsing an object",
        ];
        assert_eq!(errors.len(), expected.len(), "{errors:#?}");
        for (error, expected) in errors.iter().zip(expected) {
            assert!(error.contains(expected), "{error} should say {expected}");
        }
        assert!(read(&folder.path().join("missing")).is_err());
    }
}
