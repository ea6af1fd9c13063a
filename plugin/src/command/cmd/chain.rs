//! A line of cmd.exe as the commands that `&`, `|` and line breaks separate.

use super::{MAX_COMMANDS, is_delimiter};

/// One command of a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// Its text, without carets and redirections.
    pub(super) text: String,
    /// Whether the output of the command before it is its input.
    pub(super) piped: bool,
    /// Whether its input is a file.
    pub(super) redirected: bool,
}

/// Splits a line into its commands, with cmd.exe's quotes and carets, and says whether there are more than are
/// read. One pass.
pub(super) fn chain(line: &str) -> (Vec<Command>, bool) {
    let mut list = Vec::new();
    let mut command = Command::default();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                quoted = !quoted;
                command.text.push(c);
            }
            _ if quoted => command.text.push(c),
            '^' => {
                // A caret at the end of a line joins the next line to it.
                let next =
                    chars.next_if_eq(&'\r').and_then(|_| chars.next_if_eq(&'\n')).or_else(|| chars.next());
                command.text.extend(next.filter(|&next| next != '\n'));
            }
            '&' | '|' | '\n' => {
                let doubled = chars.next_if_eq(&c).is_some();
                let piped = c == '|' && !doubled;
                list.push(std::mem::replace(&mut command, Command { piped, ..Command::default() }));
                if list.len() >= MAX_COMMANDS {
                    return (list, true);
                }
            }
            '<' | '>' => {
                command.redirected |= c == '<';
                without_handle(&mut command.text);
                skip_target(&mut chars);
            }
            _ => command.text.push(c),
        }
    }
    list.push(command);
    (list, false)
}

/// Removes the handle number of a redirection, as in `2>`.
fn without_handle(text: &mut String) {
    let mut end = text.chars().rev();
    let digit = end.next().is_some_and(|c| c.is_ascii_digit());
    if digit && end.next().is_none_or(is_delimiter) {
        text.pop();
    }
}

/// Passes over the file or handle that a redirection names.
fn skip_target(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while chars.next_if(|&c| matches!(c, '>' | '&' | ' ' | '\t')).is_some() {}
    let mut quoted = false;
    while let Some(c) =
        chars.next_if(|&c| quoted || !(is_delimiter(c) || matches!(c, '&' | '|' | '<' | '>' | ')')))
    {
        quoted ^= c == '"';
    }
}
