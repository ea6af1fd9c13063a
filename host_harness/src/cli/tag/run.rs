//! From inputs to records, and from records to the output.
use super::super::failure::{Exit, Failure};
use super::super::format::Formatter;
use super::super::output::Output;
use super::super::pretty::{Fate, Pretty};
use super::super::progress::Progress;
use super::super::say;
use super::super::summary::{Summary, tag_of};
use super::super::workers::{Answered, Finding, Line, Workers};
use super::Tag;
use crate::records::event_log::EventLog;
use crate::records::input::{Input, Opened};
use crate::records::ndjson::{self, InputError, Lines, Piece};
use crate::report::Report;
use crate::report::severity;
use crate::run::wasmtime::{CallError, Tagged, Tagger, Timestamp};
use serde_json::Value;
use std::borrow::Cow;
use std::io::{IsTerminal, Read, stdin};
use std::path::Path;

/// The number of faults that are reported one by one.
const FAULTS_TOLD: u64 = 5;
/// The most faults that a report lists.
const FAULTS_LISTED: u64 = 20;
/// The most damaged places of an input that are named one by one.
pub(super) const DAMAGES_TOLD: u64 = 100;

/// A run over all files.
pub(super) struct Run<'o> {
    pub(super) tagger: Tagger,
    pub(super) workers: Option<Workers>,
    pub(super) key: String,
    /// Finds the quoted key, without which a record has no tag.
    pub(super) finder: memchr::memmem::Finder<'static>,
    pub(super) output: Output,
    pub(super) formatter: Formatter,
    pub(super) pretty: Option<Pretty>,
    pub(super) summary: Summary,
    pub(super) progress: Progress,
    pub(super) options: &'o Tag,
    /// Where findings go instead of the output.
    pub(super) report: Option<&'o mut Report>,
    /// The input's name.
    pub(super) file: String,
    /// The input's form, when it is known.
    pub(super) form: String,
    /// True if there is more than one input.
    pub(super) several: bool,
    /// Blank lines so far.
    pub(super) blank_lines: u64,
}

impl Run<'_> {
    /// Writes what stands before all findings.
    pub(super) fn heading(&mut self) -> Result<(), Failure> {
        let heading = if self.report.is_none() { self.formatter.heading() } else { String::new() };
        self.output.write(heading.as_bytes())
    }

    /// Reads a file. `passed_over` becomes true for one in a folder that holds no records.
    pub(super) fn file(&mut self, path: &Path, named: bool, passed_over: &mut bool) -> Result<(), Failure> {
        let unreadable = |error: InputError| Failure::of_file(Exit::Input, path, error);
        let live = path == Path::new("-");
        self.file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let input: Box<dyn Read> = if live {
            if stdin().is_terminal() && !self.options.quiet {
                say("reading records from the terminal; end with Ctrl-D");
            }
            Box::new(stdin().lock())
        } else {
            self.progress.watch(ndjson::open(path).map_err(unreadable)?)
        };
        let file = Some(path).filter(|_| !live);
        let opened = Opened::new(input, ndjson::DEFAULT_LINE_LIMIT, file, named);
        *passed_over = matches!(opened, Err(InputError::PassedOver(_)));
        let Opened { input, form } = opened.map_err(unreadable)?;
        self.form = form;
        self.output.end_line()?;
        if let Some(pretty) = self.pretty.as_mut().filter(|_| self.several) {
            let heading = pretty.heading(path);
            self.output.print(pretty.terminal(), &heading)?;
        }
        match input {
            Input::Lines(lines) => self.lines(path, lines, live),
            Input::EventLog(log) => self.event_log(path, log),
            Input::Records(records) => self.records(path, records, live),
        }
    }

    fn event_log(&mut self, path: &Path, mut log: EventLog<'_>) -> Result<(), Failure> {
        let mut damaged = 0_u64;
        loop {
            let more = log.next_chunk(|found| match found {
                Ok(event) => {
                    self.summary.lines += 1;
                    self.record(path, event.number, &event.json, b"\n", event.time, Finding::HeldBack)
                }
                Err(damage) => {
                    damaged += 1;
                    if damaged <= DAMAGES_TOLD {
                        self.progress.say(&format!("{}: {damage}", path.display()));
                    }
                    Ok(())
                }
            });
            match more.map_err(|error| Failure::of_file(Exit::Input, path, InputError::Io(error)))?? {
                true => {}
                false => break,
            }
        }
        self.output.flush()?;
        Self::damaged(path, damaged)
    }

    fn lines(&mut self, path: &Path, mut lines: Lines<'_>, live: bool) -> Result<(), Failure> {
        let unreadable = |error: InputError| Failure::of_file(Exit::Input, path, error);
        let mut number = 0;
        loop {
            let piece = match lines.next_piece() {
                Ok(Some(piece)) => piece,
                Ok(None) => {
                    self.drain(path)?;
                    return self.output.flush();
                }
                Err(error) => {
                    self.drain(path)?;
                    self.pass(lines.rest())?;
                    self.output.flush()?;
                    return Err(unreadable(error.into()));
                }
            };
            if !matches!(&piece, Piece::Line { text, .. } if Workers::takes(text)) {
                self.drain(path)?;
            }
            match piece {
                Piece::Line { text, end } => {
                    number += 1;
                    self.summary.lines += 1;
                    match self.workers.as_mut().filter(|_| Workers::takes(text)) {
                        Some(workers) => {
                            let line = Line { number, text: text.to_owned(), end: end.to_owned() };
                            let answered = workers.push(line);
                            self.answered(path, answered)?;
                        }
                        None => self.line(path, number, text, end, Finding::HeldBack)?,
                    }
                }
                Piece::Oversized { bytes, first } => {
                    if first {
                        number += 1;
                        self.summary.lines += 1;
                        self.summary.oversized_lines += 1;
                        self.write(number, bytes, bytes, &[], Fate::TooLong)?;
                    } else {
                        self.pass(bytes)?;
                    }
                }
                Piece::ByteOrderMark(mark) => self.pass(mark)?,
            }
            // Whoever follows a live pipeline wants each record when it is there.
            if live && !lines.has_line() {
                self.drain(path)?;
                self.output.flush()?;
            }
        }
    }

    /// Waits for the workers and writes all that they have.
    fn drain(&mut self, path: &Path) -> Result<(), Failure> {
        while let Some(answered) = self.workers.as_mut().and_then(Workers::drain) {
            self.answered(path, Some(answered))?;
        }
        Ok(())
    }

    fn answered(&mut self, path: &Path, answered: Option<Answered>) -> Result<(), Failure> {
        for (Line { number, text, end }, finding) in answered.into_iter().flat_map(Answered::into_lines) {
            self.line(path, number, &text, &end, finding)?;
        }
        Ok(())
    }

    fn line(
        &mut self,
        path: &Path,
        number: u64,
        text: &[u8],
        end: &[u8],
        finding: Finding,
    ) -> Result<(), Failure> {
        match text.trim_ascii_start().first() {
            Some(b'{') => {}
            Some(_) => {
                self.summary.bad_lines += 1;
                return self.write(number, text, text, end, Fate::NotARecord);
            }
            None => {
                self.blank_lines += 1;
                self.pass(text)?;
                return self.pass(end);
            }
        }
        self.record(path, number, text, end, Timestamp::now(), finding)
    }

    /// Tags the record of a line or event, unless a worker has, and writes it. `time` is when it came, if the options
    /// do not say.
    pub(super) fn record(
        &mut self,
        path: &Path,
        number: u64,
        text: &[u8],
        end: &[u8],
        time: Timestamp,
        finding: Finding,
    ) -> Result<(), Failure> {
        let untagged = matches!(&finding, Finding::Passed { untagged: true, .. });
        // The instance that judges events remembers them. Those of workers have none to remember.
        let remembers = matches!(&finding, Finding::HeldBack) && self.options.remembers();
        let tagged = match finding {
            Finding::HeldBack => {
                let time = self.options.time_of(text, time);
                self.tagger.tag_record(self.options.tag.as_bytes(), time, text)
            }
            Finding::Passed { record, fuel, fault, .. } => {
                Tagged { record: record.map_or(Cow::Borrowed(text), Cow::Owned), fuel, fault }
            }
        };
        let fault = match tagged.fault {
            Some(CallError::Unpassable) => {
                self.summary.bad_lines += 1;
                return self.write(number, text, text, end, Fate::NotARecord);
            }
            fault => fault,
        };
        self.summary.fuel.add(tagged.fuel);
        if let Some(fault) = fault {
            self.fault(path, number, &fault, remembers && fault.ends_instance());
            return self.write(number, text, text, end, Fate::Fault(&fault));
        }
        let record = &*tagged.record;
        let tag = if untagged { Ok(None) } else { tag_of(record, &self.key) };
        let fate = match &tag {
            Ok(Some(tag)) if self.finder.find(record).is_some() => {
                self.summary.add_tag(tag);
                Fate::Tagged(tag)
            }
            Ok(_) if matches!(tagged.record, Cow::Owned(_)) => Fate::Cleared,
            Ok(_) => Fate::Unchanged,
            Err(_) => {
                self.summary.bad_lines += 1;
                Fate::NotARecord
            }
        };
        self.write(number, text, record, end, fate)
    }

    /// Counts a fault, and says the first ones. `forgets` when what was known of earlier events is gone with it.
    fn fault(&mut self, path: &Path, number: u64, fault: &CallError, forgets: bool) {
        let mut said = format!("{fault}; the record is passed through as it was");
        if forgets {
            self.summary.memory_losses += 1;
            said.push_str(", and what was remembered of earlier events is lost");
        }
        self.summary.faults += 1;
        if self.summary.faults <= FAULTS_LISTED {
            self.summary.first_faults.push(format!("{}:{number}: {said}", self.file));
        }
        if self.summary.faults <= FAULTS_TOLD {
            self.progress.say(&format!("{}:{number}: {said}", path.display()));
        }
        if self.summary.faults == FAULTS_TOLD {
            self.progress.say("further faults are only counted");
        }
    }

    /// Writes what became of line `number`: the record after the filter, or both for people to read.
    pub(super) fn write(
        &mut self,
        number: u64,
        before: &[u8],
        after: &[u8],
        end: &[u8],
        fate: Fate<'_>,
    ) -> Result<(), Failure> {
        if let Fate::Tagged(tag) = fate {
            if !self.options.filter.admits(tag, before) {
                self.summary.filtered += 1;
                if let Some(report) = &mut self.report {
                    report.count();
                }
                return Ok(());
            }
            if tag.get("verdict").and_then(Value::as_str) == Some("alert") {
                self.summary.worst_alert = self.summary.worst_alert.max(Some(severity(tag)));
            }
        }
        if let Some(report) = &mut self.report {
            report.count();
            if let Fate::Tagged(tag) = fate {
                report.add(tag, before, &format!("{}:{number}", self.file));
            }
            return Ok(());
        }
        if self.options.only_findings() && !matches!(fate, Fate::Tagged(_) | Fate::Fault(_)) {
            return Ok(());
        }
        if let Some(pretty) = &mut self.pretty {
            let lines = pretty.line(number, before, fate);
            return self.output.print(pretty.terminal(), &lines);
        }
        let tag = if let Fate::Tagged(tag) = fate { Some(tag) } else { None };
        let place = if tag.is_some() { format!("{}:{number}", self.file) } else { String::new() };
        match self.formatter.line(before, after, tag, self.options.at, &place) {
            Some(line) if self.formatter.ends_lines() => self.output.write(&line),
            Some(line) => {
                self.output.write(&line)?;
                self.output.write(if end.is_empty() && self.formatter.only_findings() { b"\n" } else { end })
            }
            None => {
                self.summary.no_findings += 1;
                Ok(())
            }
        }
    }

    /// Writes what is part of no record, and nothing to read for people.
    fn pass(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let only_records = self.report.is_some()
            || self.options.only_findings()
            || self.pretty.is_some()
            || self.formatter.only_findings();
        if only_records { Ok(()) } else { self.output.write(bytes) }
    }
}
