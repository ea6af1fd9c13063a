//! Tables of test cases, as [`schtag_host::author::check::table`] describes them.

use crate::project;
use schtag_host::author::check::table::{self, Row, RowError};
use std::path::Path;

/// Reads the table of that name in tests/testdata with a function for each row. Each result comes with its place, for
/// messages.
///
/// # Errors
/// A sentence that names the file and the line that cannot be read.
pub fn testdata<T>(
    name: &str,
    read_row: impl FnMut(Row<'_>) -> Result<T, RowError>,
) -> Result<Vec<(String, T)>, String> {
    read(&project::root().join("tests/testdata").join(name), read_row)
}

/// The one record of a row.
///
/// # Errors
/// See [`Row::variants`].
pub fn record(row: Row<'_>) -> Result<String, RowError> {
    let records = row.variants()?.into_iter().flat_map(|variant| variant.arrivals);
    records.map(|arrival| arrival.record).next().ok_or(RowError::NoRecord)
}

fn read<T>(
    path: &Path,
    mut read_row: impl FnMut(Row<'_>) -> Result<T, RowError>,
) -> Result<Vec<(String, T)>, String> {
    let shown = path.strip_prefix(project::root()).unwrap_or(path).display().to_string();
    let read = table::read(path, |line, row| Ok::<_, RowError>((format!("{shown}:{line}"), read_row(row)?)));
    let (rows, errors) = read.map_err(|error| format!("{shown}: {error}"))?;
    if errors.is_empty() { Ok(rows) } else { Err(errors.join("\n")) }
}
