//! Reads the input of `schtag tag`: lines of JSON, or Windows event logs, both also compressed with gzip.

use crate::records::event_log::{self, EventLog};
use crate::records::ndjson::{self, InputError, Lines};
use std::io::{Cursor, Read};

/// An input, by what it begins with.
pub(crate) enum Input<'r> {
    /// One JSON record a line.
    Lines(Lines<'r>),
    /// A Windows event log (.evtx).
    EventLog(EventLog<'r>),
}

impl<'r> Input<'r> {
    /// Reads the beginning of `input`. `limit` is the longest line, see [`Lines::new`].
    ///
    /// # Errors
    /// When the beginning cannot be read.
    pub(crate) fn new(input: impl Read + 'r, limit: usize) -> Result<Self, InputError> {
        let mut input = ndjson::decompressed(input)?;
        let head = ndjson::read_magic(&mut input, &[event_log::MAGIC])?;
        let is_log = head == event_log::MAGIC;
        let whole: Box<dyn Read + 'r> = Box::new(Cursor::new(head).chain(input));
        if is_log {
            Ok(Self::EventLog(EventLog::new(whole)?))
        } else {
            Ok(Self::Lines(Lines::of_text(whole, limit)?))
        }
    }
}
