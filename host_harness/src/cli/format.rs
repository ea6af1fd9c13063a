//! The schemas in which `schtag tag` writes.
use super::failure::{Exit, Failure};
use super::rows;
use super::terminal::Terminal;
use crate::records::mapping::{ecs::Lifter, elastic, ocsf::Findings};
use crate::rules::catalogue::Catalogue;
use crate::run::wasmtime::{Module, Timestamp};
use clap::ValueEnum;
use serde_json::Value;
use std::borrow::Cow;

/// A schema of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The record with its tag.
    Native,
    /// The record with its tag and ECS's `rule` and `threat`.
    Ecs,
    /// The record with its tag, and Elastic's `winlog.scheduled_task` for every task event.
    Elastic,
    /// An OCSF Detection Finding.
    Ocsf,
    /// Comma-separated values.
    Csv,
    /// A table for a terminal.
    Table,
}

/// Writes records in a schema.
#[derive(Debug)]
pub(crate) enum Formatter {
    Native,
    Ecs(Box<Lifter>),
    Elastic,
    Ocsf(Box<Findings>),
    Csv,
    Table(Terminal),
}

impl Formatter {
    /// For the tags of a module, whose rules are the default ones or unknown.
    pub(crate) fn new(format: Format, module: &Module) -> Result<Self, Failure> {
        match format {
            Format::Native => return Ok(Self::Native),
            Format::Elastic => return Ok(Self::Elastic),
            Format::Csv => return Ok(Self::Csv),
            Format::Table => return Ok(Self::Table(Terminal::of_standard_output())),
            Format::Ecs | Format::Ocsf => {}
        }
        let Some(manifest) = module.manifest() else {
            return Err(Failure::new(
                Exit::Module,
                "the module has no rules, so that there is nothing to put into another schema; name one that \
                 `schtag bake` made",
            ));
        };
        let catalogue = Catalogue::embedded();
        Ok(match format {
            Format::Ecs => Self::Ecs(Box::new(Lifter::new(manifest, &catalogue))),
            _ => Self::Ocsf(Box::new(Findings::new(manifest.clone(), catalogue))),
        })
    }

    /// Returns true if records without a finding are left out.
    pub(crate) const fn only_findings(&self) -> bool {
        matches!(self, Self::Ocsf(_) | Self::Csv | Self::Table(_))
    }

    /// Returns what stands before the first finding.
    pub(crate) fn heading(&self) -> String {
        match self {
            Self::Csv => rows::csv_heading(),
            Self::Table(terminal) => terminal.rendered(&rows::table_heading(*terminal)),
            _ => String::new(),
        }
    }

    /// Returns whether a line that it writes has its end.
    pub(crate) const fn ends_lines(&self) -> bool {
        matches!(self, Self::Csv | Self::Table(_))
    }

    /// Returns the output for a line that was `before` and is `after`; `None` if nothing is written. `at` is the time
    /// of arrival in Unix seconds; without it, the present time is used. `place` says where the record is.
    pub(crate) fn line<'r>(
        &mut self,
        before: &[u8],
        after: &'r [u8],
        tag: Option<&Value>,
        at: Option<u32>,
        place: &str,
    ) -> Option<Cow<'r, [u8]>> {
        match self {
            Self::Native => Some(after.into()),
            Self::Ecs(lifter) => {
                let lifted = tag.and_then(|tag| lifter.lift(after, tag));
                Some(lifted.map_or(after.into(), Cow::Owned))
            }
            Self::Elastic => Some(elastic::with_fields(before, after).map_or(after.into(), Cow::Owned)),
            Self::Ocsf(findings) => {
                let seconds = at.unwrap_or_else(|| Timestamp::now().seconds);
                let finding = findings.finding(before, tag?, i64::from(seconds) * 1_000)?;
                serde_json::to_vec(&finding).ok().map(Cow::Owned)
            }
            Self::Csv => Some(Cow::Owned(rows::csv(before, tag?, place).into_bytes())),
            Self::Table(terminal) => {
                let line = rows::table(*terminal, before, tag?);
                Some(Cow::Owned(terminal.rendered(&line).into_bytes()))
            }
        }
    }
}
