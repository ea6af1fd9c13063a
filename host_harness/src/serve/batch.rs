//! A body and what becomes of it: the work that takes time on a processor.
use super::framing::{Framing, framing, rewrite};
use crate::engine::CallError;
use crate::transform::Tag;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use schtag::json::{self, Scanner};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;
use thiserror::Error;

/// How many times larger than allowed for what came in a body may be when it goes out. A tag has at most 16 KiB and a
/// task event seldom less than 3, so that only a body of nothing but tiny broken records comes near this.
const GROWTH: usize = 4;

/// How many records of a batch may take as much fuel as one may.
const DEAR_RECORDS: u64 = 2;
/// The fuel that each record may take when the others have taken all: several times what an ordinary alert takes.
const LEAST_FUEL: u64 = 20_000_000;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// What a body is compressed with.
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

/// What is counted about the records of a batch.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) events: u64,
    /// By the tag's verdict and severity.
    pub(super) detections: BTreeMap<(String, String), u64>,
    /// By rule id.
    pub(super) rules: BTreeMap<String, u64>,
    /// Records that were no JSON objects, and were mended or wrapped.
    pub(super) invalid: u64,
    /// The first fault of the guest.
    pub(super) fault: Option<CallError>,
}

/// Why a body was not taken.
#[derive(Debug, Error)]
pub(super) enum Refused {
    /// Decompressed, or with its tags, it is too large.
    #[error(
        "the body has more than {limit} bytes {when}; nothing of it was forwarded. Make the sender's batches smaller, or raise --max-body"
    )]
    TooLarge { limit: usize, when: &'static str },
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

/// Passes each record of a body through the filter.
///
/// Records that are made to be dear share a budget, so that a batch of nothing else is done before its sender gives
/// up and sends it again, forever: what the budget does not suffice for passes with a note of that.
///
/// # Errors
/// When nothing of the body can be forwarded.
pub(super) fn tag(
    tag: &mut Tag,
    body: &[u8],
    encoding: Encoding,
    says_lines: bool,
    limit: usize,
) -> Result<Batch, Refused> {
    let body = decompressed(body, encoding, limit)?;
    let body = body.strip_prefix(BOM).unwrap_or(&body);
    let framing = framing(body, says_lines).ok_or(Refused::NotJson)?;
    let key = tag.module().key().to_owned();
    let quoted = serde_json::to_vec(&key).unwrap_or_default();
    let finder = memchr::memmem::Finder::new(&quoted);
    let mut scanner = Scanner::default();
    let mut tally = Tally::default();
    let mut out = Vec::with_capacity(body.len());
    let most = limit.saturating_mul(GROWTH);
    let mut budget = tag.fuel_limit().map(|fuel| fuel.saturating_mul(DEAR_RECORDS));
    rewrite(framing, body, &mut out, |record, out| {
        tally.events += 1;
        let fuel = tag.fuel_limit().zip(budget).map(|(one, left)| left.max(LEAST_FUEL).min(one));
        let judged = tag.judge_within(record, fuel);
        budget = budget.map(|left| left.saturating_sub(judged.fuel));
        let mut record = judged.record;
        if !record.trim_ascii_start().starts_with(b"{") {
            // The filter makes an object of everything. One that does not must not spoil the batch: Vector refuses
            // all of a body in which one record is no JSON.
            tally.invalid += 1;
            let mut wrapped = Vec::new();
            if json::wrap(&mut wrapped, &record).is_ok() {
                record = Cow::Owned(wrapped);
            }
        }
        if judged.fault.is_some() {
            tally.fault = tally.fault.take().or(judged.fault);
        } else if finder.find(&record).is_some() {
            tally.count(&mut scanner, &record, &key);
        }
        out.extend_from_slice(&record);
        if out.len() > most { Err(Refused::TooLarge { limit: most, when: "with its tags" }) } else { Ok(()) }
    })?;
    Ok(Batch { framing, body: out, tally })
}

fn decompressed(body: &[u8], encoding: Encoding, limit: usize) -> Result<Cow<'_, [u8]>, Refused> {
    let reader: Box<dyn Read + '_> = match encoding {
        Encoding::Identity => return Ok(body.into()),
        Encoding::Gzip => Box::new(MultiGzDecoder::new(body)),
        Encoding::Zlib => Box::new(ZlibDecoder::new(body)),
    };
    let mut out = Vec::new();
    reader.take((limit as u64).saturating_add(1)).read_to_end(&mut out).map_err(Refused::Damaged)?;
    if out.len() > limit {
        return Err(Refused::TooLarge { limit, when: "decompressed" });
    }
    Ok(out.into())
}

impl Tally {
    fn count(&mut self, scanner: &mut Scanner, record: &[u8], key: &str) {
        #[derive(Deserialize)]
        struct Tag {
            #[serde(default)]
            verdict: String,
            #[serde(default)]
            severity: String,
            #[serde(default)]
            rules: Vec<Rule>,
        }
        #[derive(Deserialize)]
        struct Rule {
            id: String,
        }
        let value = scanner.scan(record).ok().and_then(|object| object.get(key));
        let Some(tag) = value.and_then(|value| serde_json::from_slice::<Tag>(value.bytes()).ok()) else {
            return;
        };
        self.invalid += u64::from(tag.verdict == "repaired");
        *self.detections.entry((tag.verdict, tag.severity)).or_default() += 1;
        for rule in tag.rules {
            *self.rules.entry(rule.id).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Module, Options};
    use crate::test_guest;
    use crate::transform::TagOptions;

    #[test]
    fn dear_records_share_a_budget_and_all_pass() {
        let engine = Options { fuel_limit: Some(30_000_000), ..Options::default() };
        let module = Module::new(&test_guest::baked()).unwrap();
        let mut tag = Tag::new(module, TagOptions { engine, ..TagOptions::default() }).unwrap();
        // The guest never ends on these.
        let body = format!("[{}]", [r#"{"~":1}"#; 5].join(","));
        let batch = super::tag(&mut tag, body.as_bytes(), Encoding::Identity, false, 10_000).unwrap();
        let records: Vec<serde_json::Value> = serde_json::from_slice(&batch.body).unwrap();
        let limits: Vec<bool> = records
            .iter()
            .map(|record| {
                assert_eq!(record["~"], 1);
                record["schtag"]["notes"][0].as_str().unwrap().contains("its 30000000 units of fuel")
            })
            .collect();
        assert_eq!(limits, [true, true, false, false, false], "{records:?}");
        assert!(records[4].to_string().contains("its 20000000 units of fuel"));
    }
}
