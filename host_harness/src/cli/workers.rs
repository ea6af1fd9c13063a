//! Several instances for the records that no rule over several events is about.
//!
//! The reading thread collects lines into batches and hands them to the workers in turn. A worker passes each
//! record that the [`Screen`] lets go through its own instance, and leaves the others to the reading thread, which
//! takes the batches back in the order in which it gave them: so the output is in the order of the input, and
//! scheduled-task events meet one instance, one after the other, as they would without workers.
use super::failure::{Exit, Failure};
use super::summary::tag_of;
use crate::run::wasmtime::{CallError, EngineError, Module, Options, Tagger, Timestamp};
use schtag::engine::Screen;
use schtag::json::Scanner;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// A batch is full with this number of lines or bytes.
const LINES: usize = 256;
const BYTES: usize = 1 << 20;
/// The number of batches that a worker has: one at work and one that waits.
const QUEUE: usize = 2;
/// The most workers. Each has an instance, and the reading thread cannot feed more.
const MOST: usize = 64;

/// A line that waits for its verdict.
#[derive(Debug)]
pub(crate) struct Line {
    /// Its number in its file.
    pub(crate) number: u64,
    /// The line without its end.
    pub(crate) text: Vec<u8>,
    /// The end of the line, as it was read.
    pub(crate) end: Vec<u8>,
}

/// The result of a worker for one line.
#[derive(Debug)]
pub(crate) enum Finding {
    /// The reading thread must judge it.
    HeldBack,
    /// The guest's answer: the record if it is another one, the fuel, and what went wrong. `untagged` when the
    /// worker has seen that the record is read without trouble and has no tag.
    Passed { record: Option<Vec<u8>>, fuel: u64, fault: Option<CallError>, untagged: bool },
}

type Batch = Arc<Vec<Line>>;

/// The workers, and what is under way.
pub(crate) struct Workers {
    workers: Vec<Worker>,
    next: usize,
    /// The batch being filled.
    open: Vec<Line>,
    open_bytes: usize,
    /// The batches handed out and not yet taken back, oldest first, with the worker's number.
    under_way: VecDeque<(usize, Batch)>,
}

struct Worker {
    give: SyncSender<(Batch, Timestamp)>,
    take: Receiver<Vec<Finding>>,
}

impl Workers {
    /// Starts `count` workers, or as many as make sense.
    pub(crate) fn start(
        count: NonZeroUsize,
        module: &Module,
        options: Options,
        tag: &str,
    ) -> Result<Self, Failure> {
        let mut workers = Vec::new();
        for _ in 0..count.get().min(MOST) {
            let not_started = |error: EngineError| Failure::new(Exit::Module, error);
            let tagger = Tagger::new(module.clone(), options).map_err(not_started)?;
            let (screen, tag) = (Screen::new(module.key()), tag.to_owned());
            let (give, work) = sync_channel(QUEUE);
            let (done, take) = sync_channel(QUEUE);
            let run = move || work_through(&work, &done, tagger, screen, &tag);
            thread::Builder::new().name("schtag-worker".into()).spawn(run).map_err(|error| {
                Failure::new(
                    Exit::Module,
                    format!("a worker cannot be started: {error}; give a smaller --jobs"),
                )
            })?;
            workers.push(Worker { give, take });
        }
        Ok(Self { workers, next: 0, open: Vec::new(), open_bytes: 0, under_way: VecDeque::new() })
    }

    /// Returns true if a line is short enough to be kept for later.
    pub(crate) const fn takes(text: &[u8]) -> bool {
        text.len() <= BYTES
    }

    /// Keeps a line. When that fills a batch, the workers get it, and what they have had longest may be given back
    /// to be written.
    pub(crate) fn push(&mut self, line: Line) -> Option<Answered> {
        self.open_bytes = self.open_bytes.saturating_add(line.text.len());
        self.open.push(line);
        if self.open.len() < LINES && self.open_bytes < BYTES {
            return None;
        }
        self.hand_out();
        let most = self.workers.len().saturating_mul(QUEUE);
        if self.under_way.len() >= most { self.oldest() } else { None }
    }

    /// Returns the oldest batch that has not been given back; `None` when there is none left.
    pub(crate) fn drain(&mut self) -> Option<Answered> {
        self.hand_out();
        self.oldest()
    }

    fn hand_out(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let batch: Batch = Arc::new(std::mem::take(&mut self.open));
        self.open_bytes = 0;
        if let Some(worker) = self.workers.get(self.next) {
            // A worker that is no more does not answer either; its batches are then judged here.
            let _ = worker.give.send((Arc::clone(&batch), Timestamp::now()));
        }
        self.under_way.push_back((self.next, batch));
        self.next = self.next.saturating_add(1).checked_rem(self.workers.len()).unwrap_or(0);
    }

    fn oldest(&mut self) -> Option<Answered> {
        let (worker, batch) = self.under_way.pop_front()?;
        let findings = self.workers.get(worker).and_then(|worker| worker.take.recv().ok());
        Some(Answered { batch, findings: findings.unwrap_or_default() })
    }
}

/// Lines with what was found out about them.
pub(crate) struct Answered {
    batch: Batch,
    findings: Vec<Finding>,
}

impl Answered {
    /// Each line with its finding, in the order of the input.
    pub(crate) fn into_lines(self) -> impl Iterator<Item = (Line, Finding)> {
        // The worker has let go of the batch, or will: then the lines are copied.
        let lines = Arc::try_unwrap(self.batch).unwrap_or_else(|batch| {
            let copy =
                |line: &Line| Line { number: line.number, text: line.text.clone(), end: line.end.clone() };
            batch.iter().map(copy).collect()
        });
        let findings = self.findings.into_iter().chain(std::iter::repeat_with(|| Finding::HeldBack));
        lines.into_iter().zip(findings)
    }
}

/// A worker's life: it ends with the reading thread's end of the channels.
fn work_through(
    work: &Receiver<(Batch, Timestamp)>,
    done: &SyncSender<Vec<Finding>>,
    mut tagger: Tagger,
    screen: Screen,
    tag: &str,
) {
    let key = tagger.module().key().to_owned();
    let mut scanner = Scanner::default();
    while let Ok((batch, time)) = work.recv() {
        let find = |line: &Line| {
            // What is no JSON object has no verdict, or is mended: the reading thread says so.
            if screen.holds_back(&mut scanner, &line.text).unwrap_or(true) {
                return Finding::HeldBack;
            }
            let tagged = tagger.tag_record(tag.as_bytes(), time, &line.text);
            let record = match tagged.record {
                Cow::Borrowed(_) => None,
                Cow::Owned(record) => Some(record),
            };
            let untagged = record.is_none() && matches!(tag_of(&line.text, &key), Ok(None));
            Finding::Passed { record, fuel: tagged.fuel, fault: tagged.fault, untagged }
        };
        let findings = batch.iter().map(find).collect();
        drop(batch);
        if done.send(findings).is_err() {
            return;
        }
    }
}
