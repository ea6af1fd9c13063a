//! A body and what becomes of it: the work that takes time on a processor.
use super::framing::{Framing, Piece, for_each_piece, framing};
use super::memory::{Share, Short};
use super::tally::{Counted, Limit, Tally};
use crate::run::transform::Tag;
use crate::run::wasmtime::CallError;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use schtag::json::{self, NotWritten, Scanner};
use std::borrow::Cow;
use std::io::Read;
use thiserror::Error;

/// The limit to all tags of a batch together, as a multiple of the largest body. A tag has at most 16 KiB and a task
/// event seldom less than 3, so that only a batch of very many tiny events comes near this.
const GROWTH: usize = 4;
/// The most records of a batch that are tagged as `repaired`. Later ones are mended or wrapped without a tag: two
/// bytes would become 170.
const MOST_REPAIRED: u64 = 10_000;

/// The most records of a batch that may use up the host's fuel. No valid module ever does.
const EXHAUSTING_RECORDS: u32 = 2;
/// The fuel for each further record of such a batch, beyond what its length allows: twice the most that the filter
/// takes by its own budget.
const LEAST_FUEL: u64 = 20_000_000;

/// The number of bytes that are decompressed at a time.
const STEP: usize = 64 << 10;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The compression of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    /// HTTP's `deflate`, which is zlib's format (RFC 9110, section 8.4.1.2).
    Zlib,
}

impl Encoding {
    /// Of the value of `Content-Encoding`; nothing for those that are not read.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Zlib),
            _ => None,
        }
    }
}

/// A body after the filter.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) framing: Framing,
    /// In the framing it came in, not compressed.
    pub(super) body: Vec<u8>,
    pub(super) tally: Tally,
}

/// Why a body was not tagged.
#[derive(Debug, Error)]
pub(super) enum Untagged {
    /// It is over a limit, and passes as it came.
    #[error("the body is over a limit ({})", .0.label())]
    Over(Limit),
    /// There is no memory for it now.
    #[error("{0}; nothing of the body was forwarded")]
    Busy(Short),
    /// It is not compressed in the way that it says.
    #[error("the body cannot be decompressed ({0}); nothing of it was forwarded")]
    Damaged(std::io::Error),
    /// There is nothing in it that could be read.
    #[error(
        "the body is no JSON array, no JSON object and has no line that is one; nothing of it was forwarded. Set the \
         sender's codec to json"
    )]
    NotJson,
}

impl From<Short> for Untagged {
    fn from(short: Short) -> Self {
        match short {
            Short::Never => Self::Over(Limit::Memory),
            Short::Busy => Self::Busy(short),
        }
    }
}

/// Passes each record of a body through the filter. `limit` is the largest body, decompressed; `share` pays for what is
/// allocated, and at the end for what comes out.
///
/// # Errors
/// When nothing of the body is tagged.
pub(super) fn tag(
    tag: &mut Tag,
    body: Vec<u8>,
    encoding: Encoding,
    says_lines: bool,
    limit: usize,
    share: &mut Share,
) -> Result<Batch, (Untagged, Vec<u8>)> {
    let result = match encoding {
        Encoding::Identity => tag_plain(tag, &body, says_lines, limit, share),
        Encoding::Gzip | Encoding::Zlib => decompressed(&body, encoding, limit, share)
            .and_then(|plain| tag_plain(tag, &plain, says_lines, limit, share)),
    };
    match result {
        Ok(batch) => {
            drop(body);
            share.shrink_to(batch.body.capacity());
            Ok(batch)
        }
        Err(untagged) => {
            share.shrink_to(body.capacity());
            Err((untagged, body))
        }
    }
}

fn tag_plain(
    tag: &mut Tag,
    body: &[u8],
    says_lines: bool,
    limit: usize,
    share: &mut Share,
) -> Result<Batch, Untagged> {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    let framing = framing(body, says_lines).ok_or(Untagged::NotJson)?;
    let key = tag.module().key().to_owned();
    let quoted = serde_json::to_vec(&key).unwrap_or_default();
    let mut out = Vec::new();
    share.reserve(&mut out, body.len())?;
    let mut filter = Filter {
        tag,
        share,
        finder: memchr::memmem::Finder::new(&quoted),
        key: &key,
        scanner: Scanner::default(),
        out,
        added: 0,
        most_added: limit.saturating_mul(GROWTH),
        repaired: 0,
        exhausting: 0,
        tally: Tally::default(),
    };
    for_each_piece(framing, body, |piece| match piece {
        Piece::Record(record) => filter.pass(record),
        Piece::Between(between) => filter.write(between),
    })?;
    let Filter { out, tally, .. } = filter;
    Ok(Batch { framing, body: out, tally })
}

/// Writes the records of one batch.
struct Filter<'a> {
    tag: &'a mut Tag,
    share: &'a mut Share,
    /// Finds the tag's key, in quotes.
    finder: memchr::memmem::Finder<'a>,
    key: &'a str,
    scanner: Scanner,
    out: Vec<u8>,
    /// The bytes that tags have added.
    added: usize,
    /// The bytes after which records are not judged any more.
    most_added: usize,
    /// Records whose tag says `repaired`.
    repaired: u64,
    /// Records that used up the host's fuel.
    exhausting: u32,
    tally: Tally,
}

impl Filter<'_> {
    /// Judges a record, and writes it with its tag.
    fn pass(&mut self, record: &[u8]) -> Result<(), Short> {
        self.tally.events += 1;
        if self.added > self.most_added {
            return self.pass_untagged(record, Limit::Growth);
        }
        let length = record.len();
        let judged = self.tag.judge_within(record, self.fuel(length));
        if matches!(judged.fault, Some(CallError::OutOfFuel { .. })) {
            self.exhausting = self.exhausting.saturating_add(1);
        }
        let record = judged.record;
        if !record.trim_ascii_start().starts_with(b"{") {
            // The filter makes an object of everything. One that does not must not spoil the batch: Vector refuses
            // all of a body in which one record is no JSON.
            self.tally.invalid += 1;
            return self.write(&wrapped(&record));
        }
        if judged.fault.is_some() {
            self.tally.fault = self.tally.fault.take().or(judged.fault);
        } else if self.finder.find(&record).is_some()
            && self.tally.count(&mut self.scanner, &record, self.key) == Counted::Repaired
        {
            self.repaired += 1;
            if self.repaired > MOST_REPAIRED {
                return self.pass_untagged(&record, Limit::Repaired);
            }
            // These have a limit of their own, so that they use up nothing of that of the others.
            return self.write(&record);
        }
        self.added = self.added.saturating_add(record.len().saturating_sub(length));
        self.write(&record)
    }

    /// Writes a record without a tag, and as an object, whatever it is: Vector takes nothing else.
    fn pass_untagged(&mut self, record: &[u8], limit: Limit) -> Result<(), Short> {
        *self.tally.untagged.entry(limit).or_default() += 1;
        let mut changed = Vec::new();
        let record = match self.scanner.scan(record) {
            // A member of our name that came with the record says nothing about it.
            Ok(object) => match json::remove_members(&mut changed, &object, self.key) {
                Ok(true) => Cow::Owned(changed),
                Ok(false) | Err(NotWritten::NotAnObject | NotWritten::OutOfMemory) => Cow::Borrowed(record),
            },
            Err(_) => {
                self.tally.invalid += 1;
                wrapped(record)
            }
        };
        self.write(&record)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Short> {
        self.share.extend(&mut self.out, bytes)
    }

    /// The fuel for a record of this length. The guest ends well before by its own budget: this is for a module that
    /// does not, and a batch of records on which it does not must still be done before its sender gives up and sends
    /// it again.
    fn fuel(&self, len: usize) -> Option<u64> {
        let limit = self.tag.fuel_limit(len)?;
        let least = LEAST_FUEL.saturating_add(Tag::fuel_for_length(len));
        Some(if self.exhausting < EXHAUSTING_RECORDS { limit } else { limit.min(least) })
    }
}

/// A record as the text of an object; without memory for that, as it is.
fn wrapped(record: &[u8]) -> Cow<'_, [u8]> {
    let mut wrapped = Vec::new();
    if json::wrap(&mut wrapped, record).is_ok() { wrapped.into() } else { record.into() }
}

fn decompressed(
    body: &[u8],
    encoding: Encoding,
    limit: usize,
    share: &mut Share,
) -> Result<Vec<u8>, Untagged> {
    let mut reader: Box<dyn Read + '_> = match encoding {
        Encoding::Zlib => Box::new(ZlibDecoder::new(body)),
        Encoding::Gzip | Encoding::Identity => Box::new(MultiGzDecoder::new(body)),
    };
    let mut out = Vec::new();
    let mut step = vec![0; STEP];
    loop {
        let read = reader.read(&mut step).map_err(Untagged::Damaged)?;
        let Some(bytes) = step.get(..read).filter(|bytes| !bytes.is_empty()) else { return Ok(out) };
        if out.len().saturating_add(read) > limit {
            return Err(Untagged::Over(Limit::Decompressed));
        }
        share.extend(&mut out, bytes)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::serve::memory::Memory;
    use crate::run::transform::TagOptions;
    use crate::run::wasmtime::{Module, Options};
    use crate::wasm::test_guest;
    use std::sync::Arc;

    fn filter(fuel: u64) -> Tag {
        let engine = Options { fuel_limit: Some(fuel), ..Options::default() };
        let module = Module::new(&test_guest::baked()).unwrap();
        Tag::new(module, TagOptions { engine, ..TagOptions::default() }).unwrap()
    }

    fn pass(body: &[u8], limit: usize, memory: &Arc<Memory>) -> (Result<Batch, Untagged>, usize) {
        let mut share = memory.share();
        share.grow(body.len()).unwrap();
        let result =
            super::tag(&mut filter(1 << 30), body.into(), Encoding::Identity, false, limit, &mut share);
        (result.map_err(|(untagged, _)| untagged), memory.held())
    }

    #[test]
    fn a_module_that_never_ends_gets_less_fuel_after_two_records() {
        // The guest never ends on these.
        let body = format!("[{}]", [r#"{"~":1}"#; 5].join(","));
        let mut share = Memory::new(1 << 20).share();
        let batch =
            super::tag(&mut filter(30_000_000), body.into(), Encoding::Identity, false, 10_000, &mut share)
                .unwrap();
        let records: Vec<serde_json::Value> = serde_json::from_slice(&batch.body).unwrap();
        let limits = records.iter().map(|record| {
            assert_eq!(record["~"], 1);
            record["schtag"]["notes"][0].as_str().unwrap().contains("its 30014000 units of fuel")
        });
        assert_eq!(limits.collect::<Vec<_>>(), [true, true, false, false, false], "{records:?}");
        assert!(records[4].to_string().contains("its 20014000 units of fuel"));
    }

    #[test]
    fn dear_records_that_end_have_all_of_their_fuel() {
        let dear = [r#"{"a":1}"#; 50].join("\n");
        let mut share = Memory::new(1 << 20).share();
        let batch =
            super::tag(&mut filter(1), dear.into(), Encoding::Identity, false, 10_000, &mut share).unwrap();
        assert!(batch.tally.fault.is_none(), "what its length allows is enough: {:?}", batch.tally.fault);
    }

    #[test]
    fn a_batch_pays_for_what_comes_out_and_no_more() {
        let memory = Memory::new(1 << 20);
        let mut share = memory.share();
        let body = vec![b'\n'; 100_000];
        share.grow(body.capacity()).unwrap();
        let batch = super::tag(&mut filter(1), body, Encoding::Identity, true, 1 << 20, &mut share).unwrap();
        assert_eq!((memory.held(), batch.body.len()), (batch.body.capacity(), 100_000));
        drop(share);
        assert_eq!(memory.held(), 0);
    }

    #[test]
    fn what_is_over_the_limit_of_growth_passes_without_a_tag_and_stays_valid() {
        let alert = r#"{"schtag":{"verdict":"alert","severity":"high"}}"#;
        let body = [r#"{"t":1}"#; 100].join("\n") + "\n{\"\\u0073chtag\":{\"verdict\":\"x\"},\"t\":2}\nnope";
        let memory = Memory::new(1 << 20);
        let batch = pass(body.as_bytes(), 900, &memory).0.unwrap();
        let text = String::from_utf8(batch.body).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let tagged = lines.iter().take_while(|line| **line == alert).count();
        let added = alert.len() - lines[99].len();
        assert_eq!(tagged, 3_600 / added + 1, "4 times 900 bytes");
        assert_eq!(lines[tagged], r#"{"t":1}"#);
        assert_eq!(lines[100..], [r#"{"t":2}"#, r#"{"log":"nope"}"#], "no tag that came with it stays");
        assert_eq!(batch.tally.untagged, [(Limit::Growth, 102 - tagged as u64)].into());
    }

    #[test]
    fn memory_that_others_hold_is_waited_for_and_memory_that_is_never_there_is_not() {
        let body = [r#"{"t":1}"#; 1000].join("\n");
        let memory = Memory::new(20_000);
        let (result, held) = pass(body.as_bytes(), 1 << 20, &memory);
        assert!(matches!(result, Err(Untagged::Over(Limit::Memory))), "{result:?}");
        assert_eq!(held, body.len(), "the body, as it came");
        let memory = Memory::new(100_000);
        let mut others = memory.share();
        others.grow(80_000).unwrap();
        let (result, held) = pass(body.as_bytes(), 1 << 20, &memory);
        assert!(matches!(result, Err(Untagged::Busy(_))), "{result:?}");
        assert_eq!(held, 80_000 + body.len());
        drop(others);
        assert!(pass(body.as_bytes(), 1 << 20, &memory).0.is_ok());
    }
}
