//! From inputs to records, and from records to the output.
use super::super::failure::{Exit, Failure};
use super::super::filter::severity;
use super::super::format::Formatter;
use super::super::inputs::{Input as Planned, Outcome, are};
use super::super::output::Output;
use super::super::pretty::{Fate, Pretty};
use super::super::progress::Progress;
use super::super::say;
use super::super::summary::{Summary, tag_of};
use super::super::workers::{Answered, Finding, Line, Workers};
use super::Tag;
use crate::records::event_log::EventLog;
use crate::records::input::{Found, Input, Opened, Records};
use crate::records::mapping::event_time;
use crate::records::ndjson::{self, InputError, Lines, Piece};
use crate::report::Report;
use crate::run::wasmtime::{CallError, Tagged, Tagger, Timestamp};
use serde_json::Value;
use std::borrow::Cow;
use std::io::{IsTerminal, Read, stdin};
use std::path::Path;

/// How many faults are told one by one.
const FAULTS_TOLD: u64 = 5;
/// The most faults that a report lists.
const FAULTS_LISTED: u64 = 20;
/// How many damaged places of an input are told one by one.
const DAMAGES_TOLD: u64 = 100;
/// How many inputs are told one by one when they were read.
const INPUTS_TOLD: u64 = 20;
/// How many inputs are told one by one when they were not.
const PROBLEMS_TOLD: u64 = 100;

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
    /// Whether there is more than one input.
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

    /// Reads an input, and says what became of it. One that cannot be read is no reason to stop.
    pub(super) fn input(&mut self, planned: &Planned) -> Result<(), Failure> {
        let path = &planned.path;
        let before = (self.summary.lines, self.blank_lines, self.summary.tagged, self.summary.bad_lines);
        self.form = String::new();
        let mut passed_over = false;
        let result = match self.file(path, planned.named, &mut passed_over) {
            Ok(()) => self.check_lines(path, before),
            failed => failed,
        };
        let problem = match result {
            Ok(()) => None,
            Err(Failure::Message { exit: Exit::Input, text }) => Some(text),
            Err(failure) => return Err(failure),
        };
        let not_json = self.summary.bad_lines.saturating_sub(before.3);
        let lines = self.summary.lines.saturating_sub(before.0);
        let blank = self.blank_lines.saturating_sub(before.1);
        let name = path.display().to_string();
        let outcome = Outcome {
            records: lines.saturating_sub(not_json).saturating_sub(blank),
            tagged: self.summary.tagged.saturating_sub(before.2),
            file: if path == Path::new("-") { "standard input".into() } else { name.clone() },
            form: std::mem::take(&mut self.form),
            not_json,
            problem: problem
                .as_ref()
                .map(|text| text.strip_prefix(&format!("{name}: ")).unwrap_or(text).to_owned()),
            passed_over,
        };
        let inputs = &self.summary.inputs;
        let words = match problem {
            // What holds no records is counted, and in the summary.
            _ if passed_over => None,
            None => (!self.options.quiet && self.options.says_inputs() && inputs.read < INPUTS_TOLD)
                .then(|| outcome.in_words()),
            Some(text) => (inputs.unread < PROBLEMS_TOLD).then_some(text),
        };
        if let Some(words) = words {
            self.progress.say(&words);
        }
        self.summary.inputs.add(outcome);
        Ok(())
    }

    /// Fails when most lines of an input were no JSON: it is another thing than it was taken for.
    fn check_lines(&self, path: &Path, before: (u64, u64, u64, u64)) -> Result<(), Failure> {
        let blank = self.blank_lines.saturating_sub(before.1);
        let lines = self.summary.lines.saturating_sub(before.0).saturating_sub(blank);
        let bad = self.summary.bad_lines.saturating_sub(before.3);
        if self.options.lenient || bad.saturating_mul(2) <= lines {
            return Ok(());
        }
        let words = format!(
            "{bad} of {} not JSON and not checked; --lenient takes such an input all the same",
            are(lines, "line")
        );
        Err(Failure::of_file(Exit::Input, path, words))
    }

    fn file(&mut self, path: &Path, named: bool, passed_over: &mut bool) -> Result<(), Failure> {
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

    /// Reads records that have other bounds than lines.
    fn records(&mut self, path: &Path, mut records: Records<'_>, live: bool) -> Result<(), Failure> {
        let mut number = 0_u64;
        let mut damaged = 0_u64;
        loop {
            let found = match records.next_record() {
                Ok(Some(found)) => found,
                Ok(None) => break,
                Err(error) => {
                    self.output.flush()?;
                    return Err(Failure::of_file(Exit::Input, path, error));
                }
            };
            number += 1;
            self.summary.lines += 1;
            let damage = match found {
                Found::Record { json, damage } => {
                    let own = event_time(&json).and_then(|time| u32::try_from(time / 1_000).ok());
                    let own = own.map(|seconds| Timestamp { seconds, nanoseconds: 0 });
                    let time = own.filter(|_| records.is_xml()).unwrap_or_else(Timestamp::now);
                    self.record(path, number, &json, b"\n", time, Finding::HeldBack)?;
                    damage
                }
                Found::Other => {
                    self.summary.bad_lines += 1;
                    self.write(number, &[], &[], &[], Fate::NotARecord)?;
                    None
                }
                Found::TooLong => {
                    self.summary.oversized_lines += 1;
                    self.write(number, &[], &[], &[], Fate::TooLong)?;
                    Some("a record is too long, and was left out")
                }
            };
            if let Some(what) = damage {
                damaged += 1;
                if damaged <= DAMAGES_TOLD {
                    self.progress.say(&format!("{}: record {number}: {what}", path.display()));
                }
            }
            if live && !records.has_more() {
                self.output.flush()?;
            }
        }
        self.output.flush()?;
        Self::damaged(path, damaged)
    }

    /// Ends an input with so many damaged places.
    fn damaged(path: &Path, places: u64) -> Result<(), Failure> {
        let words = match places {
            0 => return Ok(()),
            1 => "one place is damaged; the rest was read".to_owned(),
            _ => format!("{places} places are damaged; the rest was read"),
        };
        Err(Failure::of_file(Exit::Input, path, words))
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
    fn record(
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
    fn write(
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
