//! A rule's cases: events, and whether the rule must match each.
use super::table::{self, Arrival, Row, RowError};
use crate::text::files::{self, FileError};
use std::path::Path;
use thiserror::Error;
use yaml_serde::Value;

/// The name of the file beside a rule that holds its cases, one JSON object a line:
/// `{"case": "what it shows", "matches": true, "command": "powershell.exe", …}`. [`table`] says how the events of a case
/// are given.
pub const FILE: &str = "cases.ndjson";

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its line in the file, or its number in the rule's list, from 1.
    pub line: usize,
    /// The behaviour that it shows; with the shape, where the line names several.
    pub name: String,
    /// True if the rule must match the last record.
    pub matches: bool,
    /// The records in order; at least one.
    pub records: Vec<Arrival>,
}

/// An error in a case.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
enum CaseError {
    /// Nothing says what it shows.
    #[error("`case` is empty: say what the case shows")]
    NoName,
    /// The row is malformed.
    #[error(transparent)]
    Row(#[from] RowError),
}

/// Reads a file of cases. Malformed lines are returned as messages `file:line: problem`.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path) -> Result<(Vec<Case>, Vec<String>), FileError> {
    Ok(of(path, &files::read(path, files::CASES)?))
}

/// The cases in a rule's own file, under the key `cases`: a list of mappings with the members of a line. Malformed ones
/// are returned as messages `file: cases[n]: problem`; `n` is from 1.
pub(crate) fn in_rule(path: &Path, list: &Value) -> (Vec<Case>, Vec<String>) {
    let lines: Option<Vec<String>> = list
        .as_sequence()
        .map(|list| list.iter().filter_map(|case| serde_json::to_string(case).ok()).collect());
    let Some(lines) = lines else {
        return (Vec::new(), vec![format!("{}: `cases` is not a list", path.display())]);
    };
    let (cases, errors) = of(Path::new(""), lines.join("\n").as_bytes());
    let with_place = |error: String| {
        let (number, problem) = error.trim_start_matches(':').split_once(':').unwrap_or(("", &error));
        format!("{}: cases[{number}]:{problem}", path.display())
    };
    (cases, errors.into_iter().map(with_place).collect())
}

/// As [`read`], of the text of the file.
pub(crate) fn of(path: &Path, text: &[u8]) -> (Vec<Case>, Vec<String>) {
    let (cases, errors) = table::of(path, text, cases);
    (cases.into_iter().flatten().collect(), errors)
}

/// The cases of a line: one for each shape that it names.
fn cases(line: usize, mut row: Row<'_>) -> Result<Vec<Case>, CaseError> {
    let name: String = row.need("case")?;
    let matches = row.need("matches")?;
    if name.trim().is_empty() {
        return Err(CaseError::NoName);
    }
    let cases = row.variants()?.into_iter().map(|variant| {
        let name = match variant.shape {
            Some(shape) => format!("{name} ({})", shape.name()),
            None => name.clone(),
        };
        Case { line, name, matches, records: variant.arrivals }
    });
    Ok(cases.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn malformed_lines_are_returned_with_their_line() {
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
            r#"{"matches":true,"command":"x"}"#,
            r#"{"case":"a","matches":true,"comand":"x"}"#,
            r#"{"case":"a","matches":true,"command":"x","command":"y"}"#,
        ];
        fs::write(&path, text.join("\n")).unwrap();
        let (cases, errors) = read(&path).unwrap();
        let [one, several] = &*cases else { panic!("{cases:?}") };
        assert_eq!((one.line, one.matches, &*one.records[0].record), (1, true, r#"{"b": 1}"#));
        let second = Arrival { record: r#"{"c":2}"#.into(), seconds: 30 };
        assert_eq!((several.line, &several.records[1..]), (3, &[second][..]));
        let expected = [
            ":4: there is no `record`, and nothing that describes an event",
            ":5: unknown field `verdict`: a record",
            ":6: `matches`: invalid type: string \"yes\", expected a boolean",
            ":7: a record is not a JSON object",
            ":8: `case` is empty",
            ":9: there are both `record` and `records`",
            ":10: `records` is empty",
            ":11: `seconds` has to have",
            ":12: `seconds` has to have",
            ":13: EOF while parsing an object (column 1)",
            ":14: missing field `case`",
            ":15: unknown field `comand`, expected one of `event`",
            ":16: duplicate field `command`",
        ];
        assert_eq!(errors.len(), expected.len(), "{errors:#?}");
        for (error, expected) in errors.iter().zip(expected) {
            assert!(error.contains(expected), "{error} should say {expected}");
        }
        assert!(read(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn cases_may_stand_in_the_rule() {
        let list =
            "[{case: a, matches: true, command: powershell.exe}, {case: b, matches: false, comand: x}]";
        let (cases, errors) = in_rule(Path::new("x.yml"), &yaml_serde::from_str(list).unwrap());
        assert_eq!((cases.len(), cases[0].line, cases[0].matches), (1, 1, true));
        assert!(cases[0].records[0].record.contains("powershell.exe"));
        assert!(errors.concat().starts_with("x.yml: cases[2]: unknown field `comand`"), "{errors:?}");
        let (_, errors) = in_rule(Path::new("x.yml"), &Value::Bool(true));
        assert_eq!(errors, ["x.yml: `cases` is not a list"]);
    }

    #[test]
    fn a_line_is_a_case_in_each_shape_that_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let text = r#"{"case":"a","matches":true,"command":"x","shapes":["flat","winevtlog"]}"#;
        fs::write(&path, text).unwrap();
        let (cases, errors) = read(&path).unwrap();
        assert!(errors.is_empty(), "{errors:?}");
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["a (flat)", "a (winevtlog)"]);
        assert!(cases[0].records[0].record.contains("SubjectUserName"));
        assert!(cases[1].records[0].record.contains("StringInserts"));
    }
}
