//! Tables of test cases: one JSON object a line.

use crate::project;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Reads a table: each row with its place, for messages.
///
/// # Errors
/// A sentence that names the file and the line that cannot be read.
pub fn read<Row: DeserializeOwned>(path: &Path) -> Result<Vec<(String, Row)>, String> {
    let shown = path.strip_prefix(project::root()).unwrap_or(path).display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
    let rows = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(|(index, line)| {
        let place = format!("{shown}:{}", index.saturating_add(1));
        match serde_json::from_str(line) {
            Ok(row) => Ok((place, row)),
            Err(error) => Err(format!("{place}: {error}")),
        }
    });
    rows.collect()
}

/// The table of that name in tests/testdata.
///
/// # Errors
/// See [`read`].
pub fn testdata<Row: DeserializeOwned>(name: &str) -> Result<Vec<(String, Row)>, String> {
    read(&project::root().join("tests/testdata").join(name))
}
