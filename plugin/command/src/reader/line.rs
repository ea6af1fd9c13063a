//! A command line: made of an action's parts, with its cost and its normal form.

use std::borrow::Cow;

use crate::{Process, bytes, cmd, normalize, tokens, unicode};

/// `Command` and `Arguments` as one command line. The program is quoted where Windows would have to.
pub(super) fn join(command: &str, arguments: &str) -> Line {
    let (program, rest) = tokens::split_program(command);
    let needs_quotes = tokens::SPACES.is_in(program) && !program.contains('"');
    let program = if needs_quotes { format!("\"{program}\"") } else { program.to_owned() };
    let mut behind = rest.to_owned();
    if !rest.is_empty() && !arguments.is_empty() {
        behind.push(' ');
    }
    behind.push_str(arguments);
    Line { program, arguments: behind }
}

/// A command line, split where its program ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) program: String,
    pub(super) arguments: String,
}

/// Units that reading arguments costs: their split and their normal form. Parts of paths are put together anew, and
/// characters that may look like others are looked up.
pub(super) fn arguments_cost(arguments: &str) -> usize {
    /// Units of a byte, of one that is not ASCII, and of those that take more.
    const BYTE: usize = 120;
    const WIDE: usize = 300;
    const SEPARATOR: usize = 600;
    const QUOTE: usize = 150;
    const ARGUMENT: usize = 300;
    let count = |byte: u8| bytes::count(arguments.as_bytes(), byte);
    let wide = if arguments.is_ascii() { 0 } else { arguments.bytes().filter(|b| !b.is_ascii()).count() };
    let separators = count(b'\\').saturating_add(count(b'/'));
    let blanks = count(b' ').saturating_add(count(b'\t')).min(tokens::MAX_ARGUMENTS);
    [
        (arguments.len(), BYTE),
        (wide, WIDE),
        (separators, SEPARATOR),
        (count(b'"').saturating_add(count(b'`')), QUOTE),
        (blanks, ARGUMENT),
    ]
    .into_iter()
    .map(|(count, units)| count.saturating_mul(units))
    .fold(crate::work::CALL, usize::saturating_add)
}

/// Fills the normal form. For cmd.exe the quotes around the whole `/c` line are no part of it.
pub(super) fn normal_form(process: &mut Process, arguments: &str) {
    let outer = (process.image_name == "cmd.exe").then(|| cmd::outer(arguments));
    let unwrapped = match outer {
        Some(cmd::Outer { switches, line: Some(line), strips, .. }) => {
            Cow::Owned([switches, " ", &cmd::without_outer_quotes(line, strips)].concat())
        }
        _ => Cow::Borrowed(arguments),
    };
    process.arguments = normalize::arguments(&unwrapped);
    let image = unicode::fold(&process.image);
    let quote = if image.contains(' ') { "\"" } else { "" };
    let blank = if process.arguments.is_empty() { "" } else { " " };
    process.normalized = [quote, &image, quote, blank, &process.arguments].concat();
}
