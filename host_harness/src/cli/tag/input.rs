//! From one input to the next: what became of each, and records that have other bounds than lines.
use super::super::failure::{Exit, Failure};
use super::super::inputs::{Input as Planned, Outcome, are};
use super::super::pretty::Fate;
use super::super::workers::Finding;
use super::run::{DAMAGES_TOLD, Run};
use crate::records::input::{Found, Records};
use crate::records::mapping::event_time;
use crate::run::wasmtime::Timestamp;
use std::path::Path;

/// The most inputs that are named one by one when they were read.
const INPUTS_TOLD: u64 = 20;
/// The most inputs that are named one by one when they were not.
const PROBLEMS_TOLD: u64 = 100;

impl Run<'_> {
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

    /// Reads records that have other bounds than lines.
    pub(super) fn records(
        &mut self,
        path: &Path,
        mut records: Records<'_>,
        live: bool,
    ) -> Result<(), Failure> {
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

    /// Ends an input, with the number of its damaged places.
    pub(super) fn damaged(path: &Path, places: u64) -> Result<(), Failure> {
        let words = match places {
            0 => return Ok(()),
            1 => "one place is damaged; the rest was read".to_owned(),
            _ => format!("{places} places are damaged; the rest was read"),
        };
        Err(Failure::of_file(Exit::Input, path, words))
    }
}
