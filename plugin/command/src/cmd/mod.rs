//! cmd.exe: which commands a line runs. An interpreter of cmd.exe's own phases, on values that may be unknown.
//!
//! A line goes through the phases of <https://ss64.com/nt/syntax-esc.html>: percent expansion (`expand`), the parser
//! (`lexer`, `parse`), the variables of loops, delayed expansion, and then what the command does (`run`, `builtins`).
//! The machine keeps a stack of its own, and every step charges the [`Work`](crate::work::Work) that it is lent.
//! Input from outside, such as a file or an answer of the network, is an unknown value that knows its origin.

mod arithmetic;
mod builtins;
mod condition;
mod expand;
mod facts;
mod filter;
mod for_loop;
mod lexer;
mod outer;
mod output;
mod parse;
mod run;
mod start;
mod variables;

pub(super) use arithmetic::number;
pub(super) use outer::{Outer, read as outer, unquoted as without_outer_quotes};
pub(super) use output::is_system_program;
pub(super) use run::{Shell, started};
pub(super) use start::start;
pub(super) use variables::Variables;

use lexer::is_delimiter;

/// Splits a command into its name and what follows, as cmd.exe does: at a delimiter, or where a slash or a
/// bracket follows a name without a folder.
pub(super) fn split_name(text: &str) -> (&str, &str) {
    /// A built-in command's name is shorter.
    const LONGEST: usize = 24;
    let mut quoted = false;
    let mut end = text.len();
    let mut bare = true;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            _ if is_delimiter(byte) => {
                end = at;
                break;
            }
            b'/' | b'(' | b'+' | b'[' | b']' if at > 0 && at < LONGEST && bare => {
                end = at;
                break;
            }
            b'\\' | b':' | b'.' | b'/' => bare = false,
            _ => {}
        }
    }
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod obfuscator;
#[cfg(test)]
mod tests;
