//! A rule's cases: records, and whether the rule must match each.
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fs;
use std::io;
use std::path::Path;

/// The name of the file beside a rule that holds its cases, one JSON object a line:
/// `{"case": "what it shows", "matches": true, "record": {…}}`.
pub const FILE: &str = "cases.ndjson";

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its line in the file, from 1.
    pub line: usize,
    /// What it shows.
    pub name: String,
    /// Whether the rule must match.
    pub matches: bool,
    /// The record, as written.
    pub record: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    case: String,
    matches: bool,
    #[serde(borrow)]
    record: &'a RawValue,
}

/// Reads a file of cases. Lines that are none are told as `file:line: what is wrong`.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path) -> io::Result<(Vec<Case>, Vec<String>)> {
    let text = fs::read(path)?;
    let (mut cases, mut errors) = (Vec::new(), Vec::new());
    for (line, text) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        match parse(text) {
            Ok(read) => cases.push(Case {
                line,
                name: read.case,
                matches: read.matches,
                record: read.record.get().to_owned(),
            }),
            Err(error) => errors.push(format!("{}:{line}: {error}", path.display())),
        }
    }
    Ok((cases, errors))
}

fn parse(text: &[u8]) -> Result<Line<'_>, String> {
    // The position that serde_json adds says "line 1" of every line.
    let in_words = |error: serde_json::Error| {
        let text = error.to_string();
        match text.rsplit_once(" at line 1 column ") {
            Some((what, column)) => format!("{what} (column {column})"),
            None => text,
        }
    };
    let line: Line<'_> = serde_json::from_slice(text).map_err(in_words)?;
    if line.case.trim().is_empty() {
        return Err("`case` is empty: say what the case shows".into());
    }
    if !line.record.get().starts_with('{') {
        return Err("`record` is not a JSON object".into());
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_case_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let text = [
            r#"{"case":"a","matches":true,"record":{"b": 1}}"#,
            "",
            r#"{"case":"a","matches":true}"#,
            r#"{"case":"a","matches":true,"record":{},"verdict":"alert"}"#,
            r#"{"case":"a","matches":"yes","record":{}}"#,
            r#"{"case":"a","matches":false,"record":[]}"#,
            r#"{"case":" ","matches":false,"record":{}}"#,
            "{",
        ];
        fs::write(&path, text.join("\n")).unwrap();
        let (cases, errors) = read(&path).unwrap();
        let [case] = &*cases else { panic!("{cases:?}") };
        assert_eq!((case.line, case.matches, &*case.record), (1, true, r#"{"b": 1}"#));
        let expected = [
            ":3: missing field `record`",
            ":4: unknown field `verdict`, expected one of `case`, `matches`, `record`",
            ":5: invalid type: string \"yes\"",
            ":6: `record` is not a JSON object",
            ":7: `case` is empty",
            ":8: EOF while parsing an object",
        ];
        assert_eq!(errors.len(), expected.len(), "{errors:#?}");
        for (error, expected) in errors.iter().zip(expected) {
            assert!(error.contains(expected), "{error} should say {expected}");
        }
        assert!(read(&folder.path().join("missing")).is_err());
    }
}
