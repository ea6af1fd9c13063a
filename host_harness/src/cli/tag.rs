//! `schtag tag`.
mod run;

use super::failure::{Exit, Failure};
use super::format::{Format, Formatter};
use super::output::{Output, escaped_json, tell};
use super::pretty::Pretty;
use super::progress::Progress;
use super::summary::Summary;
use super::terminal::Terminal;
use super::workers::Workers;
use super::{module, say};
use crate::records::mapping::event_time;
use crate::report::Report;
use crate::run::wasmtime::{Lifecycle, Module, Options, Tagger, Timestamp};
use clap::{Args, ValueEnum};
use run::Run;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  schtag tag events.ndjson > tagged.ndjson
  schtag tag --pretty --only-tagged events.ndjson
  schtag tag --only-tagged archive/*.ndjson.gz | jq -r .schtag.title
  schtag tag --pretty --only-tagged Security.evtx
  schtag tag --format ocsf archive/*.ndjson.gz > findings.ndjson
  tail -F events.ndjson | schtag tag --quiet | nc collector 5170
  schtag tag --rules my-rules/ --pretty events.ndjson
  schtag tag --module schtag.wasm --stats json events.ndjson > /dev/null";

/// Tag records: one JSON object a line in, the same lines out
///
/// Every line comes out, in order: a record that matches carries a tag, and every other line is as it was, byte for
/// byte. Input that begins like a gzip file is decompressed. In a pipe, what has come in comes out before the next
/// line is waited for.
///
/// Input that begins like a Windows event log (.evtx) is read event by event, each as one line of JSON in the form
/// that evtx_dump writes, with the time of the event. A damaged chunk or record is reported, and the rest is read.
///
/// The default rules judge, which are inside this command. --rules takes others, and --module a module that
/// `schtag bake` made; so does the environment variable SCHTAG_MODULE. The summary says which rules judged.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Tag {
    /// Files to read; - or none is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The module to run, instead of the default rules
    #[arg(short, long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// A folder of Sigma rules, searched for .yml and .yaml, or a single file, to judge by instead of the default rules;
    /// give --rules once for each
    #[arg(long, value_name = "DIR", conflicts_with = "module")]
    rules: Vec<PathBuf>,
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
    /// The lifetime of an instance of the module: `persistent`, as in Fluent Bit since 4.1, or `per-chunk:N`, N
    /// records, as before
    #[arg(long, value_name = "HOW", default_value = "persistent", value_parser = lifecycle)]
    lifecycle: Lifecycle,
    /// The pipeline tag that the filter gets
    #[arg(long, value_name = "TAG", default_value = "schtag")]
    tag: String,
    /// The time of arrival that the filter gets, in Unix seconds; now, if not given, and for an event log the
    /// time of each event
    #[arg(long, value_name = "SECONDS")]
    at: Option<u32>,
    /// Tell the filter each event's own time instead, where it can be read: for events of the past, whose sequences it
    /// would otherwise see as if they had all just happened
    #[arg(long, conflicts_with = "at")]
    event_time: bool,
    /// The most fuel (about one unit an instruction) that one record may take. If not given, 200,000,000 and 1,000 for
    /// each of its bytes, which a module that `schtag bake` made never needs
    #[arg(long, value_name = "UNITS")]
    fuel: Option<u64>,
    /// The number of workers that share the records that are no scheduled-task events. The output stays in the order of the
    /// input, and the events themselves are judged one after the other by one instance, so that rules over several
    /// events see them all
    #[arg(short, long, value_name = "N", default_value = "1")]
    jobs: NonZeroUsize,
    /// No summary and no progress bar; errors are still printed
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
        let loaded = module::choose(self.module.as_deref(), &self.rules, None)?;
        let judged_by = loaded.description();
        let (mut summary, unreadable) = self.read(loaded.module, None)?;
        summary.judged_by = judged_by;
        match self.stats {
            _ if self.quiet => {}
            Stats::Text => say(&summary.in_words()),
            Stats::Json => summary_as_json(&summary),
        }
        Ok(Self::exit(&summary, unreadable))
    }

    /// Returns the exit code of a run. `unreadable` is the number of inputs that could not be read.
    pub(crate) const fn exit(summary: &Summary, unreadable: u64) -> Exit {
        match (unreadable, summary.faults) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::Fault,
            _ => Exit::Input,
        }
    }

    /// Returns the options of `schtag report`: it reads all records, each event at its own time unless `at` is given.
    pub(crate) fn for_report(files: Vec<PathBuf>, at: Option<u32>, fuel: Option<u64>, quiet: bool) -> Self {
        Self {
            files,
            module: None,
            rules: Vec::new(),
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
        let (fuel, fuel_per_byte) =
            self.fuel.map_or((Options::GENEROUS_FUEL, Options::GENEROUS_FUEL_PER_BYTE), |fuel| (fuel, 0));
        let options = Options {
            lifecycle: self.lifecycle,
            fuel_limit: Some(fuel),
            fuel_per_byte,
            ..Options::default()
        };
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

    /// Tells a lifecycle in which an instance remembers more than the records of its chunk.
    fn remembers(&self) -> bool {
        self.lifecycle == Lifecycle::Persistent
    }

    /// Returns the arrival time to pass to the filter for a record that came at `arrived`.
    fn time_of(&self, record: &[u8], arrived: Timestamp) -> Timestamp {
        let event = || event_time(record).and_then(|time| u32::try_from(time / 1_000).ok());
        let given = if self.event_time { event() } else { self.at };
        given.map_or(arrived, |seconds| Timestamp { seconds, nanoseconds: 0 })
    }

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
    if let Ok(json) = serde_json::to_string(summary) {
        tell(&escaped_json(&json));
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
            |at, record: &[u8]| Tag::for_report(Vec::new(), at, None, true).time_of(record, arrived).seconds;
        assert_eq!(seconds(None, event), 1_772_439_247);
        assert_eq!(seconds(Some(7), event), 7);
        // What has no time of its own is judged as of its arrival.
        assert_eq!((seconds(None, b"{}"), seconds(None, b"not JSON")), (5, 5));
    }
}
