//! cmd.exe: which commands a line runs. An interpreter of cmd.exe's own phases, on values that may be unknown.
//!
//! A line goes through the phases of <https://ss64.com/nt/syntax-esc.html>: percent expansion (`expand`), the parser
//! (`lexer`, `parse`), the variables of loops, delayed expansion, and then what the command does (`run`, `builtins`).
//! The machine keeps a stack of its own, and every step charges the [`Work`](crate::work::Work) that it is lent.
//! Input from outside, such as a file or an answer of the network, is an unknown value that knows its origin.

mod arithmetic;
mod builtins;
mod collector;
mod condition;
mod expand;
mod facts;
mod filter;
mod for_loop;
mod lexer;
mod machine;
mod name;
mod outer;
mod output;
mod parse;
mod process;
mod run;
mod start;
mod starts;
mod variables;

pub(super) use machine::Shell;
pub(super) use name::split_name;
pub(super) use outer::{Outer, read as outer, unquoted as without_outer_quotes};
pub(super) use output::is_system_program;
pub(super) use run::started;
pub(super) use start::start;
pub(super) use starts::{Placed, Started, Starts, Stdin};

#[cfg(test)]
mod obfuscator;
#[cfg(test)]
mod tests;
