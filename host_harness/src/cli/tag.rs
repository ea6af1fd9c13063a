//! `schtag tag`.
use super::failure::{Exit, Failure};
use super::format::{Format, Formatter};
use super::output::Output;
use super::pretty::{Fate, Pretty};
use super::progress::Progress;
use super::summary::{Summary, tag_of};
use super::terminal::Terminal;
use super::workers::{Answered, Finding, Line, Workers};
use super::{module, say};
use clap::{Args, ValueEnum};
use schtag_host::engine::{CallError, Lifecycle, Module, Options, Tagged, Tagger, Timestamp};
use schtag_host::event_log::EventLog;
use schtag_host::input::Input;
use schtag_host::mapping::event_time;
use schtag_host::ndjson::{self, InputError, Lines, Piece};
use schtag_host::report::Report;
use std::borrow::Cow;
use std::io::{IsTerminal, Read, stdin};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

/// How many faults are told one by one.
const FAULTS_TOLD: u64 = 5;
/// How many damaged places of an event log are told one by one.
const DAMAGES_TOLD: u64 = 100;

const EXAMPLES: &str = "\
Examples:
  schtag tag events.ndjson > tagged.ndjson
  schtag tag --pretty --only-tagged events.ndjson
  schtag tag --only-tagged archive/*.ndjson.gz | jq -r .schtag.title
  schtag tag --pretty --only-tagged Security.evtx
  schtag tag --format ocsf archive/*.ndjson.gz > findings.ndjson
  tail -F events.ndjson | schtag tag --quiet | nc collector 5170
  schtag tag --module build/schtag.wasm --stats json events.ndjson > /dev/null";

/// Tag records: one JSON object a line in, the same lines out
///
/// Every line comes out, in order: a record that matches carries a tag, and every other line is as it was, byte for
/// byte. Input that begins like a gzip file is decompressed. In a pipe, what has come in comes out before the next
/// line is waited for.
///
/// Input that begins like a Windows event log (.evtx) is read event by event, each as one line of JSON in the form
/// that evtx_dump writes, with the time of the event. A damaged chunk or record is told, and the rest is read.
///
/// The module is the one that --module names, else that of the environment variable SCHTAG_MODULE, else schtag.wasm
/// beside this executable, in ./dist or here.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Tag {
    /// Files to read; - or none is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The module to run
    #[arg(short, long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Print only records with a tag, and those on which the guest failed
    #[arg(long)]
    only_tagged: bool,
    /// Print for people to read: each record before and after, instead of the record itself
    #[arg(long)]
    pretty: bool,
    /// The schema of the output: the record with its tag; the same with ECS's `rule` and `threat` at the top; or an OCSF
    /// Detection Finding for each record that has one, and nothing for the others
    #[arg(long, value_name = "SCHEMA", default_value = "native", conflicts_with = "pretty")]
    format: Format,
    /// How long an instance of the module lives: `persistent`, as in Fluent Bit since 4.1, or `per-chunk:N`, N
    /// records, as before
    #[arg(long, value_name = "HOW", default_value = "persistent", value_parser = lifecycle)]
    lifecycle: Lifecycle,
    /// The pipeline tag that the filter is told
    #[arg(long, value_name = "TAG", default_value = "schtag")]
    tag: String,
    /// The time of arrival that the filter is told, in Unix seconds; now, if not given, and for an event log the
    /// time of each event
    #[arg(long, value_name = "SECONDS")]
    at: Option<u32>,
    /// Tell the filter each event's own time instead, where it can be read: for events of the past, whose sequences it
    /// would otherwise see as if they had all just happened
    #[arg(long, conflicts_with = "at")]
    event_time: bool,
    /// The most fuel (about one unit an instruction) that one record may take
    #[arg(long, value_name = "UNITS", default_value_t = 10_000_000_000)]
    fuel: u64,
    /// How many workers share the records that are no scheduled-task events. The output stays in the order of the
    /// input, and the events themselves are judged one after the other by one instance, so that rules over several
    /// events see them all
    #[arg(short, long, value_name = "N", default_value = "1")]
    jobs: NonZeroUsize,
    /// No summary and no progress bar; errors are still told
    #[arg(short, long, conflicts_with = "stats")]
    quiet: bool,
    /// The form of the summary on standard error
    #[arg(long, value_name = "FORM", default_value = "text")]
    stats: Stats,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stats {
    Text,
    Json,
}

fn lifecycle(text: &str) -> Result<Lifecycle, String> {
    let records = match text {
        "persistent" => return Ok(Lifecycle::Persistent),
        other => other.strip_prefix("per-chunk:").and_then(|number| number.parse::<NonZeroU32>().ok()),
    };
    records
        .map(Lifecycle::PerChunk)
        .ok_or_else(|| "give `persistent`, or for example `per-chunk:1000`".into())
}

impl Tag {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let module = module::load(self.module.as_deref())?;
        let (summary, unreadable) = self.read(module, None)?;
        match self.stats {
            _ if self.quiet => {}
            Stats::Text => say(&summary.in_words()),
            Stats::Json => summary_as_json(&summary),
        }
        Ok(Self::exit(&summary, unreadable))
    }

    /// How a run ends of which so many inputs could not be read.
    pub(crate) const fn exit(summary: &Summary, unreadable: u64) -> Exit {
        match (unreadable, summary.faults) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::Fault,
            _ => Exit::Input,
        }
    }

    /// What `schtag report` reads: everything, and each event at its own time unless `at` is given.
    pub(crate) fn for_report(files: Vec<PathBuf>, at: Option<u32>, fuel: u64, quiet: bool) -> Self {
        Self {
            files,
            module: None,
            only_tagged: false,
            pretty: false,
            format: Format::Native,
            lifecycle: Lifecycle::Persistent,
            tag: "schtag".into(),
            at,
            event_time: at.is_none(),
            fuel,
            quiet,
            stats: Stats::Text,
            jobs: NonZeroUsize::MIN,
        }
    }

    /// Tags every input, and writes the records or puts what was found into a report. Gives how many inputs could not
    /// be read to their end, too.
    pub(crate) fn read(
        &self,
        module: Module,
        report: Option<&mut Report>,
    ) -> Result<(Summary, u64), Failure> {
        let key = module.key().to_owned();
        let formatter = Formatter::new(self.format, &module)?;
        let quoted_key = serde_json::to_vec(&key).unwrap_or_default();
        let options =
            Options { lifecycle: self.lifecycle, fuel_limit: Some(self.fuel), ..Options::default() };
        let workers = self.workers(&module, options)?;
        let tagger = Tagger::new(module, options).map_err(|error| Failure::new(Exit::Module, error))?;
        let mut run = Run {
            tagger,
            workers,
            key,
            finder: memchr::memmem::Finder::new(&quoted_key).into_owned(),
            output: Output::new(),
            formatter,
            pretty: self.pretty.then(|| Pretty::new(Terminal::of_standard_output())),
            summary: Summary::default(),
            progress: Progress::new(&self.files, !self.quiet),
            options: self,
            report,
            file: String::new(),
        };
        let standard_input = [PathBuf::from("-")];
        let mut unreadable = 0;
        for file in if self.files.is_empty() { &standard_input } else { &*self.files } {
            match run.file(file) {
                Ok(()) => {}
                Err(Failure::Message { exit: Exit::Input, text }) => {
                    run.progress.say(&text);
                    unreadable += 1;
                }
                Err(failure) => return Err(failure),
            }
        }
        run.output.flush()?;
        let Run { summary, progress, .. } = run;
        // The bar goes before the summary comes.
        drop(progress);
        Ok((summary, unreadable))
    }

    /// When the filter is told that a record arrived, which it did at `arrived`.
    fn time_of(&self, record: &[u8], arrived: Timestamp) -> Timestamp {
        let event = || event_time(record).and_then(|time| u32::try_from(time / 1_000).ok());
        let given = if self.event_time { event() } else { self.at };
        given.map_or(arrived, |seconds| Timestamp { seconds, nanoseconds: 0 })
    }
}

impl Tag {
    /// The workers, if there are to be any.
    fn workers(&self, module: &Module, options: Options) -> Result<Option<Workers>, Failure> {
        if self.jobs.get() == 1 {
            return Ok(None);
        }
        if options.lifecycle != Lifecycle::Persistent {
            let text =
                "with --lifecycle per-chunk every record counts for when an instance ends: leave --jobs out";
            return Err(Failure::new(Exit::Usage, text));
        }
        // Which records are events is decided here for workers, and in the module without them.
        let version = module.manifest().map(|manifest| manifest.version.as_str());
        if version != Some(env!("CARGO_PKG_VERSION")) {
            say("the module is of another version of schtag than this command; --jobs is not used");
            return Ok(None);
        }
        Workers::start(self.jobs, module, options, &self.tag).map(Some)
    }
}

fn summary_as_json(summary: &Summary) {
    use std::io::Write;
    if let Ok(json) = serde_json::to_string(summary) {
        let _ = writeln!(std::io::stderr().lock(), "{json}");
    }
}

/// A run over all files.
struct Run<'o> {
    tagger: Tagger,
    workers: Option<Workers>,
    key: String,
    /// Finds the quoted key, without which a record has no tag.
    finder: memchr::memmem::Finder<'static>,
    output: Output,
    formatter: Formatter,
    pretty: Option<Pretty>,
    summary: Summary,
    progress: Progress,
    options: &'o Tag,
    /// Where findings go instead of the output.
    report: Option<&'o mut Report>,
    /// The input's name.
    file: String,
}

impl Run<'_> {
    fn file(&mut self, path: &Path) -> Result<(), Failure> {
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
        let input = Input::new(input, ndjson::DEFAULT_LINE_LIMIT).map_err(unreadable)?;
        self.output.end_line()?;
        if let Some(pretty) = self.pretty.as_mut().filter(|_| self.options.files.len() > 1) {
            self.output.write(pretty.heading(path).as_bytes())?;
        }
        match input {
            Input::Lines(lines) => self.lines(path, lines, live),
            Input::EventLog(log) => self.event_log(path, log),
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
        match damaged {
            0 => Ok(()),
            1 => Err(Failure::of_file(Exit::Input, path, "one place is damaged; the rest was read")),
            _ => {
                let words = format!("{damaged} places are damaged; the rest was read");
                Err(Failure::of_file(Exit::Input, path, words))
            }
        }
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
            self.tell(&format!("{}:{number}: {fault}", path.display()));
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

    /// Counts a fault, and tells the first ones.
    fn tell(&mut self, fault: &str) {
        self.summary.faults += 1;
        if self.summary.faults <= FAULTS_TOLD {
            self.progress.say(fault);
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
        if let Some(report) = &mut self.report {
            report.count();
            if let Fate::Tagged(tag) = fate {
                report.add(tag, before, &format!("{}:{number}", self.file));
            }
            return Ok(());
        }
        if self.options.only_tagged && !matches!(fate, Fate::Tagged(_) | Fate::Fault(_)) {
            return Ok(());
        }
        if let Some(pretty) = &mut self.pretty {
            return self.output.write(pretty.line(number, before, fate).as_bytes());
        }
        let tag = if let Fate::Tagged(tag) = fate { Some(tag) } else { None };
        match self.formatter.line(before, after, tag, self.options.at) {
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
            || self.options.only_tagged
            || self.pretty.is_some()
            || self.formatter.only_findings();
        if only_records { Ok(()) } else { self.output.write(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_judges_events_at_their_own_time() {
        let event = br#"{"EventID":4699,"Channel":"Security","TaskName":"\\A","TimeCreated":"2026-03-02 09:14:07 +0100"}"#;
        let arrived = Timestamp { seconds: 5, nanoseconds: 0 };
        let seconds =
            |at, record: &[u8]| Tag::for_report(Vec::new(), at, 1, true).time_of(record, arrived).seconds;
        assert_eq!(seconds(None, event), 1_772_439_247);
        assert_eq!(seconds(Some(7), event), 7);
        // What has no time of its own is judged as of its arrival.
        assert_eq!((seconds(None, b"{}"), seconds(None, b"not JSON")), (5, 5));
    }
}
