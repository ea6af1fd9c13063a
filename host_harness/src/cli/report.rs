//! `schtag report`.
use super::bake::replace;
use super::failure::{Exit, Failure};
use super::filter::Filter;
use super::inputs::Outcome;
use super::tag::Tag;
use super::{module, output, say};
use crate::report::{self, DEFAULT_LIMIT, Heading, Troubles};
use crate::rules::catalogue::Catalogue;
use clap::Args;
use std::path::{Path, PathBuf};

/// The most inputs that were not read that the page lists.
const PROBLEMS_LISTED: usize = 50;

const EXAMPLES: &str = "\
Examples:
  schtag report events.ndjson -o report.html
  schtag report archive/*.ndjson.gz -o report.html --title 'Case 1234' --made 2026-03-02
  schtag report archive/ Security.evtx -o report.html --min-level medium
  schtag report image/Windows/System32/Tasks -o report.html --title 'Tasks of a disk image'
  schtag report events.ndjson -o report.html --rules my-rules/
  schtag report events.ndjson -o report.html --module my.wasm --rules my-rules/";

/// Write a page of what was found: one HTML file that needs nothing else
///
/// The page has the alerts, with what the tasks run, decoded, and the words that decided; when, where and by whom; the
/// rules and what they say of false positives and response; and what could not be read or is allowlisted. It loads
/// nothing and runs no script, and the same input gives the same page.
///
/// Input is what `schtag tag` reads: NDJSON, JSON, Windows event logs, XML, compressed too, and folders. What was not read
/// is said at the top of the page. An input is never written over. The filter gets each event's own time, so that sequences in events of the past
/// are seen as they were.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Report {
    /// Files and folders to read; - or none is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The page to write; - is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The module to run, instead of the default rules
    #[arg(short, long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// A folder of Sigma rules, or a single file, to judge by instead of the default rules; give --rules once for each.
    /// With --module, the folder of its rules, for what they say on the page
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// The page's title
    #[arg(long, value_name = "TEXT", default_value = "Scheduled tasks: what was found")]
    title: String,
    /// When or by whom the page was made, if it is to say so
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    made: String,
    /// The most groups of equal alerts that are listed, the most severe first; all are counted
    #[arg(long, value_name = "GROUPS", default_value_t = DEFAULT_LIMIT)]
    most: usize,
    #[command(flatten)]
    filter: Filter,
    /// Do not fail when most lines of an input are no JSON
    #[arg(long)]
    lenient: bool,
    /// The time of arrival that the filter gets, in Unix seconds, instead of each event's own
    #[arg(long, value_name = "SECONDS")]
    at: Option<u32>,
    /// The most fuel (about one unit an instruction) that one record may take; see `schtag tag --help`
    #[arg(long, value_name = "UNITS")]
    fuel: Option<u64>,
    /// No summary and no progress bar; errors are still printed
    #[arg(short, long)]
    quiet: bool,
}

impl Report {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let loaded = module::choose(self.module.as_deref(), &self.rules, None)?;
        let judged_by = loaded.description();
        let mut catalogue = Catalogue::embedded();
        if let Some(unreadable) = catalogue.add_files(&self.rules).first() {
            return Err(Failure::new(Exit::Input, unreadable));
        }
        // Better said now than after hours of reading.
        let folder = self.output.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            return Err(Failure::of_file(Exit::Output, &self.output, "its folder does not exist"));
        }
        let heading = Heading {
            title: self.title,
            sources: self.files.iter().map(|file| name(file)).collect(),
            module: judged_by.clone(),
            made: self.made,
        };
        let mut report = report::Report::new(heading, self.most);
        let target = Some(self.output.clone()).filter(|output| output != Path::new("-"));
        let reading =
            Tag::for_report(self.files, target, self.filter, self.lenient, self.at, self.fuel, self.quiet);
        let mut summary = reading.read(loaded.module, Some(&mut report))?;
        summary.judged_by = judged_by;
        report.set_troubles(Troubles {
            bad_lines: summary.bad_lines,
            oversized_lines: summary.oversized_lines,
            faults: summary.faults,
            first_faults: summary.first_faults.clone(),
            memory_losses: summary.memory_losses,
            unreadable_inputs: summary.inputs.unread,
            first_unreadable: summary.inputs.problems().take(PROBLEMS_LISTED).map(problem).collect(),
            passed_over: summary.inputs.passed_over,
            left_out: summary.filtered,
        });
        let page = report.html(&catalogue);
        if self.output == Path::new("-") {
            output::write(page.as_bytes())?;
        } else {
            replace(&self.output, page.as_bytes())?;
        }
        if !self.quiet {
            say(&summary.in_words());
        }
        Ok(reading.exit(&summary))
    }
}

/// Lists what was not read, and why. Of a file in a folder the page names the folder, too: its name alone may be there twice.
fn problem((file, why): (&Outcome, &str)) -> String {
    format!("{}: {why}", file.file)
}

/// A file's name without its folders, which are of no concern to whoever gets the page.
fn name(file: &Path) -> String {
    if file == Path::new("-") {
        return "standard input".into();
    }
    file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}
