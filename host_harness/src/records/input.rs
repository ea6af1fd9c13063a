//! Reads the inputs of `schtag tag`: lines of JSON, JSON in arrays or over several lines, Windows event logs, events and task
//! definitions in XML; compressed with gzip or zstd, in UTF-8 or UTF-16.

use super::compression;
use super::elements::{Element, Elements, Name};
use super::event_log::EventLog;
use super::json_values::{Value, Values};
use super::kind::{self, Kind};
use super::ndjson::{InputError, Lines};
use super::peek::Peeked;
use super::task_file;
use super::utf16::{Utf16, order};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Endings of names of files that hold records, in small letters. A file with another one is passed over in a folder,
/// unless its beginning says that it holds records.
const ENDINGS: [&str; 10] =
    [".evtx", ".json", ".ndjson", ".jsonl", ".jsonlines", ".log", ".xml", ".gz", ".zst", ".zstd"];

/// An input, by what it begins with.
pub(crate) enum Input<'r> {
    /// One JSON record a line.
    Lines(Lines<'r>),
    /// A Windows event log (.evtx).
    EventLog(EventLog<'r>),
    /// JSON objects in arrays or over several lines, and XML.
    Records(Records<'r>),
}

/// An input that is open.
pub(crate) struct Opened<'r> {
    /// The input.
    pub(crate) input: Input<'r>,
    /// Its form in a few words: `NDJSON, gzip`.
    pub(crate) form: String,
}

impl<'r> Opened<'r> {
    /// Looks at the beginning of `source`. `limit` is the longest line or record that is held, in bytes. `path` is the file,
    /// if it is one, and `named` is false for one that was found in a folder.
    ///
    /// # Errors
    /// When the beginning cannot be read, or is of nothing that can be read.
    pub(crate) fn new(
        source: impl Read + 'r,
        limit: usize,
        path: Option<&Path>,
        named: bool,
    ) -> Result<Self, InputError> {
        let (mut input, mut layers) = compression::decompressed(source)?;
        let order = order(input.peek(kind::is_enough)?);
        let mut marked = false;
        if let Some(order) = order {
            layers.push("UTF-16");
            input = Peeked::new(Utf16::new(input, order));
        } else if input.peek(kind::is_enough)?.starts_with(BOM) {
            marked = true;
        }
        let head = input.peek(kind::is_enough)?;
        let kind = kind::of(head.strip_prefix(BOM).unwrap_or(head));
        let says = |ending: &str| path.is_some_and(|path| lower(path).ends_with(ending));
        let is_ours = || ENDINGS.iter().any(|ending| says(ending));
        let (form, input) = match kind {
            Kind::Archive(what) => return Err(InputError::NotRecords(what)),
            Kind::Other(what) if named || is_ours() => return Err(InputError::NotRecords(what)),
            Kind::Other(what) => return Err(InputError::PassedOver(what)),
            Kind::Empty
                if layers.is_empty() && [".evtx", ".xml", ".gz", ".zst", ".zstd"].into_iter().any(says) =>
            {
                return Err(InputError::Empty);
            }
            Kind::EventLog => ("event log", Input::EventLog(EventLog::new(Box::new(input))?)),
            _ if says(".evtx") || says(".evtx.gz") || says(".evtx.zst") => {
                return Err(InputError::NotRecords("no event log, though its name says so"));
            }
            Kind::Text if !named && !is_ours() => return Err(InputError::PassedOver("text without JSON")),
            Kind::Empty | Kind::Lines | Kind::Text => {
                ("NDJSON", Input::Lines(Lines::of_text(Box::new(input), limit)?))
            }
            Kind::Values | Kind::Xml => {
                if marked {
                    input.skip(BOM.len() as u64);
                }
                let records = Records::new(kind, Box::new(input), limit, path);
                (if kind == Kind::Xml { "XML" } else { "JSON" }, Input::Records(records))
            }
        };
        let form = std::iter::once(form).chain(layers).collect::<Vec<_>>().join(", ");
        Ok(Self { input, form })
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";

fn lower(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().to_lowercase()
}

/// The records of an input that has other bounds than lines.
pub(crate) struct Records<'r> {
    source: Source<'r>,
    path: Option<PathBuf>,
    /// The number of events and definitions that were found in XML.
    elements: u64,
}

enum Source<'r> {
    Values(Values<'r>),
    Elements(Elements<'r>),
}

/// The next finding in such an input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A record, as one JSON object on one line. `damage` says what is wrong with it.
    Record {
        /// The record.
        json: Vec<u8>,
        /// That it is cut.
        damage: Option<&'static str>,
    },
    /// Something that is no JSON object.
    Other,
    /// A record that is too long.
    TooLong,
}

impl<'r> Records<'r> {
    fn new(kind: Kind, input: Box<dyn Read + 'r>, limit: usize, path: Option<&Path>) -> Self {
        let source = match kind {
            Kind::Xml => Source::Elements(Elements::new(input, limit)),
            _ => Source::Values(Values::new(input, limit)),
        };
        Self { source, path: path.map(Path::to_owned), elements: 0 }
    }

    /// The next record, or nothing at the end.
    ///
    /// # Errors
    /// When the input cannot be read, or is XML in which there is nothing to read.
    pub(crate) fn next_record(&mut self) -> Result<Option<Found>, InputError> {
        match &mut self.source {
            Source::Values(values) => Ok(values.next_value()?.map(|value| match value {
                Value::Object(object) => Found::Record { json: object.to_owned(), damage: None },
                Value::Damaged(start) => {
                    let damage = Some("a JSON object is cut or damaged");
                    Found::Record { json: start.to_owned(), damage }
                }
                Value::TooLong => Found::TooLong,
                Value::Other => Found::Other,
            })),
            Source::Elements(_) => self.next_element(),
        }
    }

    /// Returns whether the next record can be looked for without waiting for the source.
    pub(crate) fn has_more(&self) -> bool {
        match &self.source {
            Source::Values(values) => values.has_more(),
            Source::Elements(elements) => elements.has_more(),
        }
    }

    /// Returns whether it is XML. Its events are of the past, as those of an event log.
    pub(crate) const fn is_xml(&self) -> bool {
        matches!(self.source, Source::Elements(_))
    }

    fn next_element(&mut self) -> Result<Option<Found>, InputError> {
        let Source::Elements(elements) = &mut self.source else { return Ok(None) };
        loop {
            let element = elements.next_element()?;
            let comment = elements.comment();
            let (name, text, damage) = match element {
                None if self.elements == 0 => {
                    return Err(InputError::NotRecords("XML without an <Event> or a <Task>"));
                }
                None => return Ok(None),
                Some(Element::TooLong(_)) => {
                    self.elements = self.elements.saturating_add(1);
                    return Ok(Some(Found::TooLong));
                }
                Some(Element::Whole(name, text)) => (name, text, None),
                Some(Element::Cut(name, text)) => (name, text, Some("an element has no end")),
            };
            // `<Task>12804</Task>` is the category of an event that has lost its beginning.
            if name == Name::Task && memchr::memchr_iter(b'<', &text).nth(2).is_none() {
                continue;
            }
            self.elements = self.elements.saturating_add(1);
            let json = match name {
                Name::Event => {
                    serde_json::json!({ "log": String::from_utf8_lossy(&text) }).to_string().into_bytes()
                }
                Name::Task => {
                    let name = task_file::name(self.path.as_deref(), comment, &text);
                    task_file::record(&text, &name)
                }
            };
            return Ok(Some(Found::Record { json, damage }));
        }
    }
}
