//! `schtag tag`.
mod input;
mod run;

use super::failure::{Exit, Failure};
use super::filter::Filter;
use super::format::{Format, Formatter};
use super::inputs::{Input, Outcome, Plan, is_same_file};
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
use std::fs::File;
use std::io::Read;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  schtag tag events.ndjson > tagged.ndjson
  schtag tag --pretty --only-tagged events.ndjson
  schtag tag --only-tagged archive/*.ndjson.gz | jq -r .schtag.title
  schtag tag --format table Security.evtx exported.xml
  schtag tag --format csv --min-level medium --since 2026-03-01 archive/ > findings.csv
  schtag tag --format table image/Windows/System32/Tasks
  schtag tag --quiet --fail-on high events.json.zst > tagged.ndjson || echo \"exit code $?\"
  schtag tag --format ocsf archive/*.ndjson.gz > findings.ndjson
  tail -F events.ndjson | schtag tag --quiet | nc collector 5170
  schtag tag --rules my-rules/ --pretty events.ndjson
  schtag tag --module schtag.wasm --stats json events.ndjson > /dev/null";

/// Tag records: one JSON object a line in, the same lines out
///
/// Every line comes out, in order: a record that matches carries a tag, and every other line is as it was, byte for
/// byte. In a pipe, what has come in comes out before the next line is waited for.
///
/// Other inputs are known by their beginnings, whatever their names are, and each of their records becomes one line:
///
/// - Windows event logs (.evtx), in the form that evtx_dump writes; each event has its own time
///
/// - JSON arrays, and JSON objects over several lines
///
/// - XML with one event or many, from Event Viewer or wevtutil
///
/// - XML with task definitions, from schtasks /query /xml or C:\Windows\System32\Tasks, judged as if just created
///
/// - all of these compressed with gzip or zstd, and in UTF-16
///
/// A folder is searched for such files; links in it are not followed. Standard error says for each file what was read. What
/// is damaged or cannot be read is reported, the rest is read all the same, and the exit code is 3.
///
/// The default rules judge, which are inside this command. --rules takes others, and --module a module that
/// `schtag bake` made; so does the environment variable SCHTAG_MODULE. The summary says which rules judged.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Tag {
    /// Files and folders to read; - or none is standard input
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
    /// The form of the output: the record with its tag; the same with ECS's `rule` and `threat` at the top; or, for each
    /// record with a finding and nothing for the others, an OCSF Detection Finding, a line of CSV, or a line of a table
    #[arg(long, value_name = "SCHEMA", default_value = "native", conflicts_with = "pretty")]
    format: Format,
    #[command(flatten)]
    filter: Filter,
    /// Do not fail when most lines of an input are no JSON
    #[arg(long)]
    lenient: bool,
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
    /// The file that is written in the end, which must be no input
    #[arg(skip)]
    target: Option<PathBuf>,
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
        let mut summary = self.read(loaded.module, None)?;
        summary.judged_by = judged_by;
        match self.stats {
            _ if self.quiet => {}
            Stats::Text => say(&summary.in_words()),
            Stats::Json => summary_as_json(&summary),
        }
        Ok(self.exit(&summary))
    }

    /// Returns the exit code of a run.
    pub(crate) fn exit(&self, summary: &Summary) -> Exit {
        let worst = summary.worst_alert.zip(self.filter.fail_on);
        match (summary.inputs.unread, summary.faults) {
            _ if worst.is_some_and(|(worst, limit)| worst >= limit) => Exit::Found,
            (0, 0) => Exit::Done,
            (0, _) => Exit::Fault,
            _ => Exit::Input,
        }
    }

    /// Returns the settings of `schtag report`: everything is read, and each event at its own time unless `at` is given. `target` is the page.
    pub(crate) fn for_report(
        files: Vec<PathBuf>,
        target: Option<PathBuf>,
        filter: Filter,
        lenient: bool,
        at: Option<u32>,
        fuel: Option<u64>,
        quiet: bool,
    ) -> Self {
        Self {
            files,
            target,
            filter,
            lenient,
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

    /// Tags every input, and writes the records or puts what was found into a report.
    pub(crate) fn read(&self, module: Module, report: Option<&mut Report>) -> Result<Summary, Failure> {
        let plan = Plan::new(&self.files);
        if let Some(target) = &self.target {
            self.spare_inputs(target, &plan)?;
        }
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
            progress: Progress::new(plan.bytes, !self.quiet),
            options: self,
            report,
            file: String::new(),
            form: String::new(),
            several: plan.inputs.len() > 1,
            blank_lines: 0,
        };
        run.heading()?;
        run.summary.inputs.left_alone = plan.left_alone;
        for (folder, error) in &plan.unreadable {
            let text = error.to_string();
            run.progress.say(&format!("{}: {text}", folder.display()));
            let file = folder.display().to_string();
            run.summary.inputs.add(Outcome { file, problem: Some(text), ..Outcome::default() });
        }
        for input in &plan.inputs {
            run.input(input)?;
        }
        let inputs = &run.summary.inputs;
        if inputs.read == 0 && inputs.unread == 0 {
            // Only folders, and nothing in them: whoever named them expects records.
            let text = "in the folders there is no file that holds records";
            run.progress.say(text);
            let file = self.files.first().map(|file| file.display().to_string()).unwrap_or_default();
            run.summary.inputs.add(Outcome { file, problem: Some(text.into()), ..Outcome::default() });
        }
        run.output.flush()?;
        let Run { summary, progress, .. } = run;
        // The bar goes before the summary comes.
        drop(progress);
        Ok(summary)
    }

    /// Refuses to write over what is read.
    fn spare_inputs(&self, target: &Path, plan: &Plan) -> Result<(), Failure> {
        let is_target = |input: &&Input| is_same_file(&input.path, target);
        match plan.inputs.iter().find(is_target) {
            // A page of an earlier run, in the folder that is read, holds no records.
            Some(input) if input.named || !is_page(&input.path) => {
                let words = "this file is one of those that are read; give another one to -o";
                Err(Failure::of_file(Exit::Usage, target, words))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether records without a tag are left out.
    fn only_findings(&self) -> bool {
        self.only_tagged || self.filter.chooses()
    }

    /// Returns whether each input is reported once it has been read. A program that reads the summary finds them there.
    fn says_inputs(&self) -> bool {
        self.stats == Stats::Text && !self.files.is_empty()
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

/// Tells a page that `schtag report` wrote.
fn is_page(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut head));
    read.is_ok() && head.starts_with(b"<!doctype html>")
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
        let seconds = |at, record: &[u8]| {
            Tag::for_report(Vec::new(), None, Filter::default(), false, at, None, true)
                .time_of(record, arrived)
                .seconds
        };
        assert_eq!(seconds(None, event), 1_772_439_247);
        assert_eq!(seconds(Some(7), event), 7);
        // What has no time of its own is judged as of its arrival.
        assert_eq!((seconds(None, b"{}"), seconds(None, b"not JSON")), (5, 5));
    }
}
