//! Entries for programs: data that says how a program reads its options and what the value of each is for. A process is
//! read by its program's entry into [`Facts`].
//!
//! The entries are written in plugin/programs and compiled by the host into the pack. A program without an entry
//! yields only itself; a renamed copy is such a program.

mod address;
mod cmdlets;
mod conditions;
mod encode;
mod entry;
mod facts;
mod options;
mod read;
mod resolve;
mod roles;
mod shell;

pub use encode::{Argument, Builder, Condition, FormSource, OptionSource, ProgramSource, TooLarge};
pub use entry::{Programs, style};
pub use facts::{Fact, Facts, Kind, LANGUAGES, Role, SCHEMES, parameter};
pub(super) use read::read;
pub(super) use shell::{add as add_of_shell, finish};

#[cfg(test)]
mod tests;
