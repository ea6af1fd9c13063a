//! `schtag explain`.
mod text;

use super::failure::{Exit, Failure};
use super::output;
use super::terminal::Terminal;
use super::{module, say};
use crate::author::explain::{self, Explanation};
use crate::records::first;
use crate::records::ndjson::{self, InputError};
use crate::run::wasmtime::Timestamp;
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
    /// A folder of programs, or a single file, whose entries are added to the default ones; give --programs once for each
    #[arg(long, value_name = "DIR")]
    programs: Vec<PathBuf>,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Show the rule with this id in full, and no others; give --rule once for each
    #[arg(long, value_name = "ID", conflicts_with = "verbose")]
    rule: Vec<String>,
    /// Show every rule in full, and values whole
    #[arg(short, long)]
    verbose: bool,
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
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let record = record(&self.event)?;
        let base = module::base(self.base.as_deref())?;
        let mut compiled = module::compile(&self.rules, self.settings.as_deref())?;
        module::add_programs(&mut compiled, &self.programs)?;
        let compiled = module::usable(compiled)?;
        if let Some(id) = self.rule.iter().find(|id| !compiled.rules.iter().any(|r| r.metadata.id == **id)) {
            return Err(Failure::new(Exit::Input, format!("no rule has the id {id}")));
        }
        let at = match self.at {
            Some(seconds) => At { seconds, nanoseconds: 0 },
            None => {
                let now = Timestamp::now();
                At { seconds: now.seconds, nanoseconds: now.nanoseconds }
            }
        };
        let mut explanation =
            explain::explain(&compiled, &record, at).map_err(|error| Failure::new(Exit::Input, error))?;
        if let Some(base) = base {
            let fuel = explain::fuel(&base, &compiled.pack, &record, at);
            explanation.fuel = Some(fuel.map_err(|error| Failure::new(Exit::Module, error))?);
        }
        self.print(explanation)
    }

    fn print(self, mut explanation: Explanation) -> Result<Exit, Failure> {
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
