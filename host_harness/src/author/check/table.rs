//! Tables of test cases: one JSON object a line. A row has members that its table asks for by name; the others describe
//! the events of the case.
//!
//! The events are given in one of four ways:
//!
//! * the members of a [`Description`] in the row itself;
//! * `events`, a list of objects of such members for what differs; the row's are common to all of them;
//! * `record`, a record as its shipper writes it, where its form is what the case is about;
//! * `records`, a list of such.
//!
//! `shape` or `shapes` name the [`Shape`] of described events, and `seconds` says when each event arrives.
use super::samples::{Description, DescriptionError, Shape};
use crate::text::files::{self, FileError};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt::{self, Write as _};
use std::path::Path;
use thiserror::Error;

/// An error in a row.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RowError {
    /// It is no JSON object.
    #[error("{0}")]
    NotJson(String),
    /// A member that has to be there is missing.
    #[error("missing field `{0}`")]
    Missing(&'static str),
    /// A member is not of its type.
    #[error("`{name}`: {problem}")]
    Member {
        /// The member.
        name: &'static str,
        /// The problem, in words.
        problem: String,
    },
    /// A member is unknown, or not of its type.
    #[error("{0}")]
    Description(String),
    /// The members do not fit together.
    #[error(transparent)]
    Contradiction(#[from] DescriptionError),
    /// Two ways of giving the events.
    #[error("there are both `{0}` and `{1}`")]
    Both(&'static str, &'static str),
    /// A member that describes an event whose record is there as written, or an unknown one.
    #[error("unknown field `{0}`: a record that is there as written is described by nothing else")]
    BesideRecord(String),
    /// Nothing says what the events are.
    #[error("there is no `record`, and nothing that describes an event, such as `command`")]
    NoRecord,
    /// A list without an entry.
    #[error("`{0}` is empty")]
    Empty(&'static str),
    /// A record that is none.
    #[error("a record is not a JSON object")]
    NotARecord,
    /// The arrivals do not fit the records.
    #[error("`seconds` has to have one number for each record, none smaller than the one before")]
    Seconds,
}

/// A record and when it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The record.
    pub record: String,
    /// Seconds since the case began.
    pub seconds: u32,
}

/// The records of a case in one shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The shape, where the row names several.
    pub shape: Option<Shape>,
    /// The records in order; at least one.
    pub arrivals: Vec<Arrival>,
}

/// A row of a table.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    members: Vec<(String, &'a RawValue)>,
}

impl<'a> Row<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// When it is not a JSON object, or says a member twice.
    pub fn parse(line: &'a [u8]) -> Result<Self, RowError> {
        serde_json::from_slice(line).map_err(|error| RowError::NotJson(in_words(&error)))
    }

    /// Takes a member out of the row, so that it counts as known.
    ///
    /// # Errors
    /// When it is not of that type.
    pub fn take<T: Deserialize<'a>>(&mut self, name: &'static str) -> Result<Option<T>, RowError> {
        let Some(index) = self.members.iter().position(|(member, _)| member == name) else { return Ok(None) };
        let (_, value) = self.members.remove(index);
        let wrong = |error| RowError::Member { name, problem: without_place(&error) };
        serde_json::from_str(value.get()).map(Some).map_err(wrong)
    }

    /// Takes a member that has to be there.
    ///
    /// # Errors
    /// When it is missing, or not of that type.
    pub fn need<T: Deserialize<'a>>(&mut self, name: &'static str) -> Result<T, RowError> {
        self.take(name)?.ok_or(RowError::Missing(name))
    }

    /// The events that the rest of the row gives, once for each shape.
    ///
    /// # Errors
    /// When there are none, or a member is unknown, of a wrong type or does not fit the others.
    pub fn variants(mut self) -> Result<Vec<Variant>, RowError> {
        let seconds: Option<Vec<u32>> = self.take("seconds")?;
        let record: Option<&RawValue> = self.take("record")?;
        let records: Option<Vec<&RawValue>> = self.take("records")?;
        let records = match (record, records) {
            (Some(record), None) => vec![record],
            (None, Some(records)) if records.is_empty() => return Err(RowError::Empty("records")),
            (None, Some(records)) => records,
            (Some(_), Some(_)) => return Err(RowError::Both("record", "records")),
            (None, None) => return self.described(seconds),
        };
        if records.iter().any(|record| !record.get().starts_with('{')) {
            return Err(RowError::NotARecord);
        }
        if let Some((name, _)) = self.members.first() {
            return Err(RowError::BesideRecord(name.clone()));
        }
        let records = records.iter().map(|record| record.get().to_owned()).collect();
        Ok(vec![Variant { shape: None, arrivals: arrivals(records, seconds)? }])
    }

    fn described(mut self, seconds: Option<Vec<u32>>) -> Result<Vec<Variant>, RowError> {
        let shape: Option<Shape> = self.take("shape")?;
        let shapes: Option<Vec<Shape>> = self.take("shapes")?;
        let several = shapes.is_some();
        let shapes = match (shape, shapes) {
            (Some(_), Some(_)) => return Err(RowError::Both("shape", "shapes")),
            (None, Some(shapes)) if shapes.is_empty() => return Err(RowError::Empty("shapes")),
            (None, Some(shapes)) => shapes,
            (shape, None) => vec![shape.unwrap_or(Shape::Flat)],
        };
        let events: Vec<Row<'a>> = match self.take("events")? {
            Some(events) => events,
            None if self.members.is_empty() => return Err(RowError::NoRecord),
            None => vec![Row { members: Vec::new() }],
        };
        if events.is_empty() {
            return Err(RowError::Empty("events"));
        }
        let mut samples = Vec::new();
        for mut event in events {
            let shape: Option<Shape> = event.take("shape")?;
            event.inherit(&self);
            samples.push((describe(&event.members)?.sample()?, shape));
        }
        let variant = |shape: Shape| {
            let records = samples.iter().map(|(sample, own)| sample.record(own.unwrap_or(shape)));
            let arrivals = arrivals(records.collect(), seconds.clone())?;
            Ok(Variant { shape: several.then_some(shape), arrivals })
        };
        shapes.into_iter().map(variant).collect()
    }

    /// Adds the members of the row that the event does not say otherwise.
    fn inherit(&mut self, row: &Self) {
        let says = |name: &str| self.members.iter().any(|(member, _)| member == name);
        let acts = Description::ACTION.into_iter().any(says);
        let inherited = row
            .members
            .iter()
            .filter(|(name, _)| !(says(name) || acts && Description::ACTION.contains(&name.as_str())));
        let inherited: Vec<_> = inherited.cloned().collect();
        self.members.extend(inherited);
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Row<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Self::Value = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if members.iter().any(|(other, _)| *other == name) {
                        return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
                    }
                    members.push((name, value));
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Members).map(|members| Self { members })
    }
}

fn describe(members: &[(String, &RawValue)]) -> Result<Description, RowError> {
    let mut text = String::from("{");
    for (index, (name, value)) in members.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a text does not fail.
        let _ = write!(text, "{comma}{}:{}", serde_json::Value::from(name.as_str()), value.get());
    }
    text.push('}');
    serde_json::from_str(&text).map_err(|error| RowError::Description(without_place(&error)))
}

fn arrivals(records: Vec<String>, seconds: Option<Vec<u32>>) -> Result<Vec<Arrival>, RowError> {
    let seconds = seconds.unwrap_or_else(|| vec![0; records.len()]);
    if seconds.len() != records.len() || !seconds.is_sorted() {
        return Err(RowError::Seconds);
    }
    let arrivals = records.into_iter().zip(seconds);
    Ok(arrivals.map(|(record, seconds)| Arrival { record, seconds }).collect())
}

/// An error with its column; the line that serde_json adds is 1 in every line.
fn in_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line 1 column ") {
        Some((problem, column)) => format!("{problem} (column {column})"),
        None => text,
    }
}

/// An error without its column, which is that in a part of the line.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line 1 column ").map_or(text.as_str(), |(problem, _)| problem).to_owned()
}

/// Reads a table with a function for each row, which gets the row's line number, from 1, and the row. Returns what the
/// function made of the rows, and of each malformed row a message `file:line: problem`.
///
/// # Errors
/// When the file cannot be read.
pub fn read<T, E: From<RowError> + fmt::Display>(
    path: &Path,
    read_row: impl FnMut(usize, Row<'_>) -> Result<T, E>,
) -> Result<(Vec<T>, Vec<String>), FileError> {
    Ok(of(path, &files::read(path, files::CASES)?, read_row))
}

/// As [`read`], of the text of the file.
pub(crate) fn of<T, E: From<RowError> + fmt::Display>(
    path: &Path,
    text: &[u8],
    mut read_row: impl FnMut(usize, Row<'_>) -> Result<T, E>,
) -> (Vec<T>, Vec<String>) {
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for (line, text) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        match Row::parse(text).map_err(E::from).and_then(|row| read_row(line, row)) {
            Ok(row) => rows.push(row),
            Err(error) => errors.push(format!("{}:{line}: {error}", path.display())),
        }
    }
    (rows, errors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::author::check::samples::Sample;

    fn variants(text: &str) -> Result<Vec<Variant>, String> {
        Row::parse(text.as_bytes()).and_then(Row::variants).map_err(|error| error.to_string())
    }

    fn records(text: &str) -> Vec<String> {
        let variants = variants(text).unwrap();
        let [variant] = &*variants else { panic!("{variants:?}") };
        variant.arrivals.iter().map(|arrival| arrival.record.clone()).collect()
    }

    #[test]
    fn a_described_event_is_flat_unless_a_shape_is_named() {
        let sample = Sample::new(4698, "a", "b");
        assert_eq!(records(r#"{"command":"a","arguments":"b"}"#), [sample.record(Shape::Flat)]);
        assert_eq!(
            records(r#"{"command":"a","arguments":"b","shape":"winevtlog_xml"}"#),
            [sample.record(Shape::WinevtlogXml)]
        );
        let several = variants(r#"{"command":"a","arguments":"b","shapes":["winlog","flat"]}"#).unwrap();
        let several: Vec<_> =
            several.iter().map(|v| (v.shape.unwrap(), v.arrivals[0].record.clone())).collect();
        let expected = [Shape::Winlog, Shape::Flat].map(|shape| (shape, sample.record(shape)));
        assert_eq!(several, expected);
    }

    #[test]
    fn events_share_what_the_row_says() {
        let made = records(
            r#"{"task_name":"\\T","command":"a","arguments":"b","shape":"winlog","seconds":[0,9,9],
                "events":[{},{"event":4702,"command":"c","shape":"flat"},{"event":4699,"content":""}]}"#,
        );
        let named = |sample: Sample| Sample { task_name: r"\T".into(), ..sample };
        let xml = |command: &str, arguments: Option<&str>| {
            let text = serde_json::json!({"task_name": "\\T", "command": command, "arguments": arguments});
            serde_json::from_value::<Description>(text).unwrap().sample().unwrap().content
        };
        let [created, updated, deleted] = [4698, 4702, 4699].map(|id| named(Sample::new(id, "", "")));
        assert_eq!(
            made,
            [
                Sample { content: xml("a", Some("b")), ..created }.record(Shape::Winlog),
                // What an event does is its own: it has no arguments of the row.
                Sample { content: xml("c", None), ..updated }.record(Shape::Flat),
                Sample { content: String::new(), ..deleted }.record(Shape::Winlog),
            ]
        );
    }

    #[test]
    fn seconds_belong_to_the_events() {
        let read = variants(r#"{"content":"","events":[{},{"event":4699}],"seconds":[0,30]}"#).unwrap();
        let seconds: Vec<u32> = read[0].arrivals.iter().map(|arrival| arrival.seconds).collect();
        assert_eq!(seconds, [0, 30]);
    }

    #[test]
    fn malformed_rows_are_refused() {
        for (text, expected) in [
            ("[]", "invalid type: sequence, expected a JSON object"),
            ("{}", "there is no `record`, and nothing that describes an event"),
            (r#"{"command":"a","shape":"syslog"}"#, "`shape`: unknown variant `syslog`, expected one of"),
            (r#"{"command":"a","shape":"flat","shapes":["flat"]}"#, "both `shape` and `shapes`"),
            (r#"{"command":"a","shapes":[]}"#, "`shapes` is empty"),
            (r#"{"command":"a","events":[]}"#, "`events` is empty"),
            (r#"{"command":"a","events":[{"comand":"b"}]}"#, "unknown field `comand`"),
            (r#"{"command":"a","events":[{"command":"b","command":"c"}]}"#, "duplicate field `command`"),
            (r#"{"record":{},"command":"a"}"#, "unknown field `command`: a record that is there as written"),
            (r#"{"record":{},"shape":"flat"}"#, "unknown field `shape`"),
            (r#"{"command":"a","seconds":[0,1]}"#, "`seconds` has to have one number"),
            (r#"{"command":1}"#, "invalid type: integer `1`, expected a string"),
        ] {
            let error = variants(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
