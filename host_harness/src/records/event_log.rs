//! Reads Windows event logs (.evtx), chunk by chunk, as the records that `evtx_dump -o jsonl` would write.
//!
//! Source of the format: the crate [`evtx`], and [MS-EVEN6] 2.2.12 for the binary XML in it.

use crate::run::wasmtime::Timestamp;
use ::evtx::{EvtxChunkData, ParserSettings};
use schtag::json::{Scanner, repair};
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

/// The first bytes of an event log.
pub(crate) const MAGIC: &[u8] = b"ElfFile\0";

/// Bytes of the file's header that mean something.
const HEADER: usize = 128;
/// Bytes before the first chunk, where the header does not say.
const HEADER_BLOCK: u64 = 4096;
/// Bytes of a chunk.
const CHUNK: usize = 64 << 10;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its `EventRecordID`.
    pub number: u64,
    /// When it was written.
    pub time: Timestamp,
    /// The event as one JSON object on one line.
    pub json: Vec<u8>,
}

/// A part of a log that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The chunk's place in the file, from 1; 0 for the file's header.
    pub chunk: u64,
    /// The problem; it names the record by its number.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.chunk {
            0 => write!(f, "file header: {}", self.what),
            chunk => write!(f, "chunk {chunk}: {}", self.what),
        }
    }
}

/// A log that is read from its beginning to its end. One chunk, 64 KiB, is held at a time.
pub struct EventLog<'r> {
    input: Box<dyn Read + 'r>,
    settings: Arc<ParserSettings>,
    /// The number of chunks that were read.
    chunks: u64,
    /// The problem of the header, if it has one.
    header: Option<String>,
    /// True if the log was open when it was copied, so that checksums may be old.
    open: bool,
}

impl<'r> EventLog<'r> {
    /// Reads the header of a log.
    ///
    /// # Errors
    /// When the input cannot be read. A header that is no header is reported with the first chunk.
    pub fn new(mut input: Box<dyn Read + 'r>) -> io::Result<Self> {
        let mut header = Vec::new();
        input.by_ref().take(HEADER as u64).read_to_end(&mut header)?;
        let number = |at: usize| match header.get(at..at.saturating_add(2)) {
            Some(&[low, high]) => u64::from(u16::from_le_bytes([low, high])),
            _ => 0,
        };
        let wrong = if !header.starts_with(MAGIC) {
            Some("this is no event log".to_owned())
        } else if header.len() < HEADER {
            Some(format!("cut after {} bytes", header.len()))
        } else {
            None
        };
        let block = Some(number(40)).filter(|block| (HEADER as u64..=1 << 15).contains(block));
        let rest = block.unwrap_or(HEADER_BLOCK).saturating_sub(header.len() as u64);
        io::copy(&mut input.by_ref().take(rest), &mut io::sink())?;
        let settings = Arc::new(ParserSettings::new().indent(false));
        Ok(Self { input, settings, chunks: 0, header: wrong, open: number(120) & 1 == 1 })
    }

    /// Hands the events of the next chunk to `take`, and what cannot be read. `false` at the end of the log.
    ///
    /// # Errors
    /// When the input cannot be read (`Ok` holds what `take` says otherwise).
    pub fn next_chunk<E>(
        &mut self,
        mut take: impl FnMut(Result<Event, Damage>) -> Result<(), E>,
    ) -> io::Result<Result<bool, E>> {
        if let Some(what) = self.header.take()
            && let Err(error) = take(Err(Damage { chunk: 0, what }))
        {
            return Ok(Err(error));
        }
        let mut bytes = Vec::with_capacity(CHUNK);
        let read = self.input.by_ref().take(CHUNK as u64).read_to_end(&mut bytes)?;
        if read == 0 {
            return Ok(Ok(false));
        }
        self.chunks = self.chunks.saturating_add(1);
        Ok(self.events(bytes, &mut take).map(|()| true))
    }

    fn events<E>(
        &self,
        mut bytes: Vec<u8>,
        take: &mut impl FnMut(Result<Event, Damage>) -> Result<(), E>,
    ) -> Result<(), E> {
        // Windows reserves chunks that nothing was written to yet.
        if bytes.iter().all(|&byte| byte == 0) {
            return Ok(());
        }
        let damage = |what: String| Damage { chunk: self.chunks, what };
        let whole = bytes.len() >= CHUNK;
        if !whole {
            take(Err(damage(format!("cut after {} bytes; its records are read to there", bytes.len()))))?;
            bytes.resize(CHUNK, 0);
        }
        let mut data = match EvtxChunkData::new(bytes, false) {
            Ok(data) => data,
            Err(error) => return take(Err(damage(error.to_string()))),
        };
        if whole && !self.open && !data.validate_checksum() {
            take(Err(damage("its checksum is wrong; its records are read as far as they go".into())))?;
        }
        let mut chunk = match data.parse(Arc::clone(&self.settings)) {
            Ok(chunk) => chunk,
            Err(error) => return take(Err(damage(error.to_string()))),
        };
        for record in chunk.iter() {
            let event = record.and_then(|record| {
                let number = record.event_record_id;
                let json = record.into_json_bytes()?;
                Ok(Event { number, time: timestamp(json.timestamp), json: json.data })
            });
            let mut event = event.map_err(|error| damage(error.to_string()));
            if let Ok(event) = &mut event
                && let Some(mended) = mended(&event.json)
            {
                let what = format!("record {}: a name or value in it cannot be JSON; mended", event.number);
                take(Err(damage(what)))?;
                event.json = mended;
            }
            take(event)?;
        }
        Ok(())
    }
}

/// A valid object, where an event is none: the crate writes names as they are, with control characters, too.
fn mended(event: &[u8]) -> Option<Vec<u8>> {
    if Scanner::default().scan(event).is_ok() {
        return None;
    }
    let mut out = Vec::new();
    // Fails for want of memory only; then what is there stays.
    repair(&mut out, event).ok().map(|_| out)
}

/// A time as the pipeline gives it; one before 1970 is 1970.
fn timestamp(time: ::evtx::Timestamp) -> Timestamp {
    Timestamp {
        seconds: u32::try_from(time.as_second().max(0)).unwrap_or(u32::MAX),
        nanoseconds: u32::try_from(time.subsec_nanosecond()).unwrap_or(0),
    }
}
