//! Sets of labelled tasks: the tables of this repository, and folders of what others wrote.

use crate::inputs::samples::{Sample, Shape};
use crate::{catalogue, table};
use flate2::read::MultiGzDecoder;
use schtag_host::author::check::table::Arrival;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Urgency, as tags and labels name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// No alert.
    None,
    /// `low`.
    Low,
    /// `medium`.
    Medium,
    /// `high`.
    High,
    /// `critical`.
    Critical,
}

impl Level {
    /// The level of that name; none for any other word.
    pub fn of(name: &str) -> Self {
        match name {
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "critical" => Self::Critical,
            _ => Self::None,
        }
    }
}

/// The label of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An ordinary task: an alert of medium or above is a false one.
    Ordinary,
    /// An attack: an alert of that level or above.
    Attack(Level),
}

/// A task with its label.
#[derive(Debug, Clone)]
pub struct Row {
    /// The set that it is from.
    pub set: String,
    /// The kind of the row within the set; may be empty.
    pub family: String,
    /// Its name in messages.
    pub name: String,
    /// The verdict that it should get.
    pub expected: Expected,
    /// The records in order; at least one. They pass through a new instance of the filter.
    pub records: Vec<Arrival>,
}

/// The tables of this repository: `benign.ndjson`, `evasion.ndjson` and the cases beside the rules. A case that its rule
/// must not match says nothing of the other rules and is left out.
///
/// # Errors
/// A fault of a table.
pub fn own() -> Result<Vec<Row>, String> {
    let read = |file: &str, name: &'static str, expected| -> Result<Vec<Row>, String> {
        let rows = table::testdata(file, |mut row| {
            let name = row.need::<String>(name)?;
            let _: Option<Value> = row.take("expect")?;
            Ok((name, table::record(row)?))
        })?;
        let rows = rows.into_iter().map(|(_, (name, record))| Row {
            set: file.into(),
            family: String::new(),
            name,
            expected,
            records: vec![Arrival { record, seconds: 0 }],
        });
        Ok(rows.collect())
    };
    let mut rows = read("evasion.ndjson", "rewriting", Expected::Attack(Level::High))?;
    rows.extend(read("benign.ndjson", "task", Expected::Ordinary)?);
    for rule in catalogue::rules()? {
        for case in rule.cases()?.into_iter().filter(|case| case.matches) {
            rows.push(Row {
                set: "cases of the rules".into(),
                family: rule.slug.clone(),
                name: case.name,
                expected: Expected::Attack(Level::Low),
                records: case.records,
            });
        }
    }
    Ok(rows)
}

/// The sets of a folder.
///
/// * `NAME.ndjson` or `NAME.ndjson.gz`: a set of labelled rows, one JSON object a line. `expect` (`none` or a level) or
///   `malicious` is the label, `family` or `set` the family; `records`, `record` or `line`, a line typed into cmd, is the
///   task. Rows with none of the labels are passed over, but for lines, which are attacks.
/// * `NAME/malicious` and `NAME/benign`: files with command lines, in folders of any depth. A text has one a line; a JSON
///   text has it in a member `CommandLine` or `command_line`, or is a record. What stands in a folder named `cmd` was
///   typed into cmd.
///
/// # Errors
/// A file that cannot be read, or a line that is malformed.
pub fn folder(path: &Path) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for entry in sorted(path)? {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_dir() {
            for (label, expected) in
                [("malicious", Expected::Attack(Level::Low)), ("benign", Expected::Ordinary)]
            {
                let below = entry.join(label);
                for file in files(&below)? {
                    commands(&name, &below, &file, expected, &mut rows)?;
                }
            }
        } else if let Some(set) = name.strip_suffix(".ndjson").or_else(|| name.strip_suffix(".ndjson.gz")) {
            labelled(set, &entry, &mut rows)?;
        }
    }
    Ok(rows)
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let read = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = read.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

/// The files below a folder, which need not be there.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let (mut found, mut left) = (Vec::new(), Vec::new());
    if folder.is_dir() {
        left.push(folder.to_owned());
    }
    while let Some(folder) = left.pop() {
        for path in sorted(&folder)? {
            if path.is_dir() { left.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let fail = |error: std::io::Error| format!("{}: {error}", path.display());
    let bytes = fs::read(path).map_err(fail)?;
    if path.extension().is_none_or(|extension| extension != "gz") {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).map_err(fail)?;
    Ok(plain)
}

#[derive(Deserialize)]
struct Labelled {
    expect: Option<String>,
    malicious: Option<bool>,
    family: Option<String>,
    set: Option<String>,
    id: Option<String>,
    records: Option<Vec<Box<RawValue>>>,
    record: Option<Box<RawValue>>,
    line: Option<String>,
}

impl Labelled {
    fn expected(&self) -> Option<Expected> {
        // A reason may follow the label.
        let label = self.expect.as_deref().and_then(|label| label.split(':').next());
        match (label, self.malicious) {
            (Some("none" | "quiet"), _) | (None, Some(false)) => Some(Expected::Ordinary),
            (Some("alert"), _) | (None, Some(true)) => Some(Expected::Attack(Level::Low)),
            (Some(name), _) => match Level::of(name) {
                Level::None => None,
                level => Some(Expected::Attack(level)),
            },
            (None, None) => self.line.is_some().then_some(Expected::Attack(Level::Low)),
        }
    }
}

fn labelled(set: &str, path: &Path, rows: &mut Vec<Row>) -> Result<(), String> {
    let text = read(path)?;
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let place = format!("{}:{}", path.display(), number + 1);
        let row: Labelled = serde_json::from_slice(line).map_err(|error| format!("{place}: {error}"))?;
        let Some(expected) = row.expected() else { continue };
        let raw = row.records.unwrap_or_default().into_iter().chain(row.record);
        let mut records: Vec<String> = raw.map(|record| record.get().to_owned()).collect();
        records.extend(row.line.as_deref().map(in_cmd));
        if records.is_empty() {
            return Err(format!("{place}: none of `records`, `record` and `line`"));
        }
        rows.push(Row {
            set: set.into(),
            family: row.family.or(row.set).unwrap_or_default(),
            name: row.id.unwrap_or(place),
            expected,
            records: records.into_iter().map(|record| Arrival { record, seconds: 0 }).collect(),
        });
    }
    Ok(())
}

/// Reads a file of command lines. The family is the folder below the label, or the file's name without its extension.
fn commands(
    set: &str,
    label: &Path,
    file: &Path,
    expected: Expected,
    rows: &mut Vec<Row>,
) -> Result<(), String> {
    let below = file.strip_prefix(label).unwrap_or(file);
    let typed = below.iter().any(|part| part == "cmd");
    let json = file.extension().is_some_and(|extension| extension == "json" || extension == "jsonl");
    let bytes = read(file)?;
    let found = if json { of_json(&bytes) } else { of_text(&decoded(&bytes)) };
    for (number, (family, record)) in found.into_iter().enumerate() {
        let stem = || file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let record = match record {
            Found::Line(line) if typed => in_cmd(&line),
            Found::Line(line) => as_task(&line),
            Found::Record(record) => record,
        };
        rows.push(Row {
            set: set.into(),
            family: family.unwrap_or_else(|| if json { String::new() } else { stem() }),
            name: format!("{}:{}", below.display(), number + 1),
            expected,
            records: vec![Arrival { record, seconds: 0 }],
        });
    }
    Ok(())
}

enum Found {
    Line(String),
    Record(String),
}

/// UTF-16 with or without a mark of its order, else UTF-8.
fn decoded(bytes: &[u8]) -> String {
    let units = |bytes: &[u8]| -> Vec<u16> {
        bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?))).collect()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => String::from_utf16_lossy(&units(rest)),
        [_, 0, _, 0, ..] => String::from_utf16_lossy(&units(bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// One command line a line, plain or as a JSON string. Where lines in brackets part the text, as Unit 42's collection of
/// encoded commands has them, it is the one after `[Original Code]`, of the family after `[Family Name]`.
fn of_text(text: &str) -> Vec<(Option<String>, Found)> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    if !text.lines().any(|line| line.trim() == "[Original Code]") {
        return lines.map(|line| (None, Found::Line(unquoted(line)))).collect();
    }
    let mut found: Vec<(Option<String>, Found)> = Vec::new();
    while let Some(line) = lines.next() {
        match line {
            "[Original Code]" => found.extend(lines.next().map(|line| (None, Found::Line(unquoted(line))))),
            "[Family Name]" => {
                if let (Some((family, _)), Some(name)) = (found.last_mut(), lines.next()) {
                    *family = Some(unquoted(name));
                }
            }
            _ => {}
        }
    }
    found
}

fn unquoted(line: &str) -> String {
    serde_json::from_str(line).unwrap_or_else(|_| line.to_owned())
}

fn of_json(bytes: &[u8]) -> Vec<(Option<String>, Found)> {
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>().map_while(Result::ok) {
        let single = [value];
        let values = match &single {
            [Value::Array(values)] => values.as_slice(),
            values => values.as_slice(),
        };
        for value in values.iter().filter(|value| value.is_object()) {
            found.push((
                None,
                command_line(value).map_or_else(|| Found::Record(value.to_string()), Found::Line),
            ));
        }
    }
    found
}

/// The first command line that stands in a record of a process.
fn command_line(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) => {
            let own = ["CommandLine", "command_line"].iter().find_map(|name| members.get(*name)?.as_str());
            own.map(str::to_owned).or_else(|| members.values().find_map(command_line))
        }
        Value::Array(values) => values.iter().find_map(command_line),
        _ => None,
    }
}

/// A task that runs a command line: the program up to its closing quote or the first blank, and the rest.
fn as_task(line: &str) -> String {
    let line = line.trim();
    let (program, arguments) = match line.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some(parts) => parts,
        None => line.split_once([' ', '\t']).unwrap_or((line, "")),
    };
    Sample::new(4698, program, arguments.trim_start()).record(Shape::Winevtlog)
}

fn in_cmd(line: &str) -> String {
    Sample::new(4698, "cmd.exe", &format!("/c {line}")).record(Shape::Winevtlog)
}
