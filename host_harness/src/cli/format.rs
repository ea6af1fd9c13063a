//! The schemas in which `schtag tag` writes.
use super::failure::{Exit, Failure};
use crate::records::mapping::{ecs::Lifter, ocsf::Findings};
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
    /// The same with ECS's `rule` and `threat`.
    Ecs,
    /// An OCSF Detection Finding.
    Ocsf,
}

/// Writes records in a schema.
#[derive(Debug)]
pub(crate) enum Formatter {
    Native,
    Ecs(Box<Lifter>),
    Ocsf(Box<Findings>),
}

impl Formatter {
    /// For the tags of a module, whose rules are the default ones or unknown.
    pub(crate) fn new(format: Format, module: &Module) -> Result<Self, Failure> {
        if format == Format::Native {
            return Ok(Self::Native);
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
        matches!(self, Self::Ocsf(_))
    }

    /// Returns the output for a line that was `before` and is `after`; `None` if nothing is written. `at` is the time
    /// of arrival in Unix seconds; without it, the present time is used.
    pub(crate) fn line<'r>(
        &mut self,
        before: &[u8],
        after: &'r [u8],
        tag: Option<&Value>,
        at: Option<u32>,
    ) -> Option<Cow<'r, [u8]>> {
        match self {
            Self::Native => Some(after.into()),
            Self::Ecs(lifter) => {
                let lifted = tag.and_then(|tag| lifter.lift(after, tag));
                Some(lifted.map_or(after.into(), Cow::Owned))
            }
            Self::Ocsf(findings) => {
                let seconds = at.unwrap_or_else(|| Timestamp::now().seconds);
                let finding = findings.finding(before, tag?, i64::from(seconds) * 1_000)?;
                serde_json::to_vec(&finding).ok().map(Cow::Owned)
            }
        }
    }
}
