//! `schtag explain`.
mod text;

use super::failure::{Exit, Failure};
use super::output;
use super::terminal::Terminal;
use super::{module, say};
use crate::author::explain::{self, Arrived, Explanation};
use crate::author::find;
use crate::records::mapping::event_time;
use crate::records::ndjson::{self, InputError};
use crate::records::{all, first};
use crate::rules::sigma::Compilation;
use crate::run::wasmtime::{Module, Options, Tagger, Timestamp};
use crate::text::files;
use clap::Args;
use schtag::engine::At;
use std::io::{IsTerminal, stdin};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  schtag explain event.json
  schtag explain Security.evtx
  schtag explain --rule f6f75093-f4e7-4d7c-9361-9b49c0f78998 event.json
  grep 4698 security.ndjson | head -n 1 | schtag explain -
  schtag explain --rules my-rules/ --programs my-programs/ event.json
  schtag explain --allow event.json >> allowlist-entries.yml
  schtag explain --before events.ndjson event.json
  schtag explain --module schtag.wasm event.json
  schtag explain --json event.json | jq '.rules[] | select(.outcome == \"reported\")'";

/// Explain why a record is judged as it is
///
/// Shows what the record is read as, every rule as a tree of its detections with the values that decided, and the tag
/// as it would be written. Rules that did not match take a line each; --rule shows one in full, and -v all.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Explain {
    /// A file in any form that `schtag tag` reads: the first record is explained, of an event log or XML the first task
    /// event; - or nothing is standard input; what begins with { is the record itself
    #[arg(value_name = "EVENT", default_value = "-")]
    event: String,
    /// A folder of Sigma rules, searched for .yml and .yaml, or a single file, instead of the default rules; give
    /// --rules once for each
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// A module whose tag and rules are explained: that of an agent, for example. The rules are those of --rules, as far as
    /// the module has them
    #[arg(long, value_name = "FILE.wasm", conflicts_with_all = ["base", "allow"])]
    module: Option<PathBuf>,
    /// The events that came before, one JSON record a line, in order; their own times count. Rules over several events
    /// remember them
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// A folder of programs, or a single file, whose entries are added to the default ones; give --programs once for each
    #[arg(long, value_name = "DIR")]
    programs: Vec<PathBuf>,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Show this rule in full, and no others: its id or the beginning of that, or its folder's name; give --rule once for
    /// each
    #[arg(long, value_name = "ID|NAME", conflicts_with = "verbose")]
    rule: Vec<String>,
    /// Show every rule in full, and values whole
    #[arg(short, long)]
    verbose: bool,
    /// Print only the narrowest allowlist entry that covers the event, for the settings under `allowlist:`
    #[arg(long, conflicts_with = "json")]
    allow: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The time of arrival, in Unix seconds; now, if not given
    #[arg(long, value_name = "SECONDS")]
    at: Option<u32>,
    /// The base module to measure the fuel with; the one inside this executable, if not given
    #[arg(long, value_name = "FILE")]
    base: Option<PathBuf>,
}

/// Which rules are shown in full, and how much of a value.
struct View {
    rules: Vec<String>,
    verbose: bool,
    terminal: Terminal,
}

impl Explain {
    pub(crate) fn run(mut self) -> Result<Exit, Failure> {
        let record = record(&self.event)?;
        let base = module::base(self.base.as_deref())?;
        let mut compiled = module::compile(&self.rules, self.settings.as_deref())?;
        module::add_programs(&mut compiled, &self.programs)?;
        let compiled = module::usable(compiled)?;
        for wanted in &mut self.rule {
            let (info, _) =
                find::rule(&compiled, wanted).map_err(|error| Failure::new(Exit::Input, error))?;
            *wanted = info.metadata.id.clone();
        }
        let before = match &self.before {
            Some(path) => earlier(path)?,
            None => Vec::new(),
        };
        let at = match (self.at, own_time(&record).filter(|_| !before.is_empty())) {
            (Some(seconds), _) | (None, Some(seconds)) => At { seconds, nanoseconds: 0 },
            (None, None) => {
                let now = Timestamp::now();
                At { seconds: now.seconds, nanoseconds: now.nanoseconds }
            }
        };
        let mut explanation = explain::explain(&compiled, &before, &record, at)
            .map_err(|error| Failure::new(Exit::Input, error))?;
        if let Some(path) = &self.module {
            of_module(path, &compiled, &before, &record, at, &mut explanation)?;
        } else if let Some(base) = base.filter(|_| !self.allow) {
            let fuel = explain::fuel(&base, &compiled.pack, &record, at);
            explanation.fuel = Some(fuel.map_err(|error| Failure::new(Exit::Module, error))?);
        }
        self.print(explanation)
    }

    /// Prints the entry that would cover the event, and says why those that there are do not.
    fn print_entry(explanation: &Explanation) -> Result<Exit, Failure> {
        let Some(allowlist) = &explanation.allowlist else {
            return Err(Failure::new(Exit::Input, "there is no alert for this event, and nothing to allow"));
        };
        for misfit in &allowlist.misfits {
            say(&format!("the entry `{}` does not cover it: {}", misfit.name, misfit.why.join("; ")));
        }
        match (&allowlist.entry, &allowlist.no_entry) {
            (Some(entry), _) => output::print(Terminal::of_standard_output(), entry)?,
            (None, why) => {
                let why = why.as_deref().unwrap_or_default();
                return Err(Failure::new(Exit::Input, format!("no allowlist entry can cover it: {why}")));
            }
        }
        Ok(Exit::Done)
    }

    fn print(self, mut explanation: Explanation) -> Result<Exit, Failure> {
        if self.allow {
            return Self::print_entry(&explanation);
        }
        if !self.rule.is_empty() {
            explanation.rules.retain(|rule| self.rule.contains(&rule.id));
        }
        if self.json {
            output::write_json(&explanation)?;
        } else {
            let terminal = Terminal::of_standard_output();
            let view = View { rules: self.rule, verbose: self.verbose, terminal };
            output::print(terminal, &text::in_words(&explanation, &view))?;
        }
        Ok(Exit::Done)
    }
}

/// Takes tag and fuel from a module, and leaves out the rules that it does not have.
fn of_module(
    path: &Path,
    compiled: &Compilation,
    before: &[Arrived],
    record: &[u8],
    at: At,
    explanation: &mut Explanation,
) -> Result<(), Failure> {
    let wasm = files::read(path, files::MODULE).map_err(|error| Failure::new(Exit::Module, error))?;
    let failed = |error: &dyn std::fmt::Display| Failure::of_file(Exit::Module, path, error);
    let module = Module::new(&wasm).map_err(|error| failed(&error))?;
    let Some(manifest) = module.manifest().cloned() else { return Err(failed(&"it has no rules")) };
    let mut tagger = Tagger::new(module, Options::default()).map_err(|error| failed(&error))?;
    for Arrived { record, at } in before {
        tagger.tag_record(b"explain", Timestamp { seconds: at.seconds, nanoseconds: at.nanoseconds }, record);
    }
    let time = Timestamp { seconds: at.seconds, nanoseconds: at.nanoseconds };
    let tagged = tagger.tag_record(b"explain", time, record);
    if let Some(fault) = &tagged.fault {
        return Err(failed(fault));
    }
    explanation.set_tag(&tagged.record, &manifest.settings.key);
    explanation.fuel = Some(tagged.fuel);
    let has = |id: &str| manifest.rules.iter().chain(&manifest.correlations).any(|rule| rule.id == id);
    explanation.rules.retain(|rule| has(&rule.id));
    if manifest.pack != explain::pack_hash(&compiled.pack) {
        let here = |id: &str| compiled.rules.iter().any(|info| info.metadata.id == id);
        let elsewhere =
            manifest.rules.iter().chain(&manifest.correlations).filter(|rule| !here(&rule.id)).count();
        say(&format!(
            "{}: baked of other rules, programs or settings than these ({elsewhere} of its rules are not here): verdict \
             and tag are the module's own, the rules are explained as they are here; --rules and --settings name its own",
            path.display()
        ));
    }
    Ok(())
}

/// The records of a file, each at its own time; one without a time comes with the one before.
fn earlier(path: &Path) -> Result<Vec<Arrived>, Failure> {
    let unreadable = |error: InputError| Failure::of_file(Exit::Input, path, error);
    let input = ndjson::open(path).map_err(unreadable)?;
    let mut before: Vec<Arrived> = Vec::new();
    all::records(input, Some(path), |record| {
        let seconds = own_time(&record).or_else(|| before.last().map(|last| last.at.seconds)).unwrap_or(0);
        before.push(Arrived { record, at: At { seconds, nanoseconds: 0 } });
    })
    .map_err(unreadable)?;
    Ok(before)
}

/// The event's own time, in Unix seconds.
fn own_time(record: &[u8]) -> Option<u32> {
    event_time(record).and_then(|milliseconds| u32::try_from(milliseconds / 1_000).ok())
}

/// The record that the user means.
fn record(event: &str) -> Result<Vec<u8>, Failure> {
    if event.trim_start().starts_with('{') {
        return Ok(event.trim().as_bytes().to_vec());
    }
    let path = Path::new(event);
    let unreadable = |error: InputError| Failure::of_file(Exit::Input, path, error);
    let found = if event == "-" {
        if stdin().is_terminal() {
            say("reading a record from the terminal; end with Ctrl-D");
        }
        first::record(stdin().lock(), None)
    } else {
        ndjson::open(path).and_then(|file| first::record(file, Some(path)))
    };
    found.map_err(unreadable)?.ok_or_else(|| Failure::of_file(Exit::Input, path, "there is no record in it"))
}
