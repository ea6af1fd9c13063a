//! cmd.exe: which commands a `/c` line runs.
//!
//! Source: `cmd /?`, and "How does the Windows Command Interpreter (CMD.EXE) parse scripts?" as summarised
//! on <https://ss64.com/nt/syntax-esc.html>.

mod block;
mod chain;
mod loops;
mod start;
mod variables;

pub(super) use start::start;

use super::tokens::{ends_executable, ends_with_ignoring_case};
use super::wrappers::{Started, Starts, Stdin};
use crate::work::Work;
use chain::{Command, chain};
use loops::Loops;
use variables::Variables;

/// Most commands of one line that are read.
pub(super) const MAX_COMMANDS: usize = 64;
/// Most bytes of all commands of a line.
const MAX_TOTAL: usize = 256 * 1024;

/// Commands that cmd.exe runs itself; none of them becomes a process.
const BUILT_IN: &[&str] = &[
    "assoc", "break", "cd", "chdir", "cls", "color", "copy", "date", "del", "dir", "echo", "endlocal",
    "erase", "exit", "ftype", "goto", "md", "mkdir", "mklink", "move", "path", "pause", "popd", "prompt",
    "pushd", "rd", "rem", "ren", "rename", "rmdir", "set", "setlocal", "shift", "time", "title", "type",
    "ver", "verify", "vol",
];

const fn is_delimiter(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | ',' | ';' | '=')
}

/// Splits the arguments of cmd.exe into its own switches and the line that `/c`, `/k` or `/r` names.
pub(super) fn line(arguments: &str) -> Option<(&str, &str)> {
    let mut rest = arguments;
    let mut at = 0_usize;
    while let Some((before, after)) = rest.split_once('/') {
        at = at.saturating_add(before.len()).saturating_add(1);
        let mut chars = after.chars();
        if matches!(chars.next(), Some('c' | 'C' | 'k' | 'K' | 'r' | 'R')) {
            let line = chars.as_str();
            return arguments.get(..at.saturating_add(1)).map(|switches| (switches, line));
        }
        rest = after;
    }
    None
}

/// Removes the quotes around a whole line: as `cmd /?` says, except that a quoted program at the beginning
/// keeps its quotes even where cmd.exe itself would then not find it.
pub(super) fn without_outer_quotes(line: &str) -> &str {
    let line = line.trim();
    let Some(inside) = line.strip_prefix('"') else { return line };
    let Some((first, behind)) = inside.split_once('"') else { return inside };
    if behind.is_empty() {
        return if ends_executable(first) { line } else { first };
    }
    let names_program = !first.is_empty() && (!first.contains(' ') || ends_executable(first));
    if names_program {
        return line;
    }
    match inside.rsplit_once('"') {
        // What stands behind the last quote stays in the real one; it is rarely more than a redirection.
        Some((before, after)) if after.trim().is_empty() => before,
        _ => inside,
    }
}

/// What the line of a `cmd /c` starts, in order.
pub(super) fn started(line: &str, delayed_expansion: bool, _work: &Work) -> Starts {
    let mut shell = Shell { variables: Variables::new(delayed_expansion), ..Shell::default() };
    shell.wait_for(without_outer_quotes(line));
    while let Some(command) = shell.waiting.pop() {
        shell.read = shell.read.saturating_add(1);
        if shell.read > MAX_COMMANDS || shell.total > MAX_TOTAL {
            shell.cut = true;
            break;
        }
        shell.run(&command);
    }
    Starts { list: shell.list, cut: shell.cut | shell.variables.full }
}

/// cmd.exe as it goes through a line.
#[derive(Default)]
struct Shell {
    variables: Variables,
    loops: Loops,
    /// The commands still to be read, the next one last.
    waiting: Vec<Command>,
    /// What the last command wrote, where the line shows it.
    output: Option<String>,
    /// How many commands were read.
    read: usize,
    /// How many bytes, with what the variables stand for.
    total: usize,
    list: Vec<Started>,
    cut: bool,
}

impl Shell {
    /// Puts the commands of a line before those that are waiting.
    fn wait_for(&mut self, line: &str) {
        let (commands, cut) = chain(line);
        self.cut |= cut;
        self.waiting.extend(commands.into_iter().rev());
    }

    /// Reads a command, in a loop once for each value of the loop's variable.
    fn run(&mut self, command: &Command) {
        let (name, arguments) = split_name(command.text.trim_start_matches(is_before_command));
        let is_loop = name.eq_ignore_ascii_case("for");
        if is_loop {
            self.loops.forget(loops::variable(arguments));
        }
        for text in self.loops.unrolled(&command.text, MAX_TOTAL) {
            // The variables of a loop's body have their values when it runs.
            let text = if is_loop { text } else { self.variables.put_into(&text) };
            self.total = self.total.saturating_add(text.len());
            if self.total > MAX_TOTAL {
                return;
            }
            self.run_once(command, &text);
        }
    }

    /// Reads a command behind `@`, parentheses, `call`, `if ...` and `for ... do`.
    fn run_once(&mut self, command: &Command, text: &str) {
        /// Most prefixes that are passed over.
        const MAX_PREFIXES: usize = 8;
        let same = |text: &str| Command { text: text.to_owned(), ..*command };
        let mut text = text;
        for _ in 0..MAX_PREFIXES {
            text = text.trim_start_matches(is_before_command);
            let (name, arguments) = split_name(text);
            if name.eq_ignore_ascii_case("call") || name.eq_ignore_ascii_case("else") {
                text = arguments;
            } else if name.eq_ignore_ascii_case("if") {
                let condition = block::condition(arguments);
                text = condition.body;
                // In a loop a condition picks the round in which something happens.
                if condition.holds == Some(false) && self.loops.are_running() {
                    let behind = block::at_else(text).map(|(_, behind)| same(behind));
                    self.waiting.extend(behind);
                    return;
                }
            } else if name.eq_ignore_ascii_case("for") {
                let Some(found) = loops::read(arguments) else { break };
                self.waiting.push(same(found.body));
                if let Some(line) = found.command() {
                    self.wait_for(line);
                }
                self.loops.enter(&found, &self.variables);
                return;
            } else {
                break;
            }
        }
        if let Some((before, behind)) = block::at_else(text) {
            self.waiting.push(same(behind));
            text = before;
        }
        self.simple(command, block::without_closing(text));
    }

    /// A command by itself.
    fn simple(&mut self, command: &Command, text: &str) {
        let (name, arguments) = split_name(text);
        let piped_in = if command.piped { self.output.take() } else { None };
        self.output = None;
        if name.eq_ignore_ascii_case("set") {
            self.output = variables::prompt(arguments);
            self.variables.set(arguments);
        } else if name.eq_ignore_ascii_case("echo") {
            self.output = Some(arguments.trim().to_owned());
        } else if !name.is_empty() && !BUILT_IN.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            let stdin = match (command.piped, command.redirected) {
                (true, _) => Stdin::Pipe(piped_in),
                (_, true) => Stdin::Pipe(None),
                _ => Stdin::Inherited,
            };
            // A shell without a line of its own runs what is piped into it.
            let piped = match &stdin {
                Stdin::Pipe(Some(text)) if is_shell_alone(name, arguments) => {
                    Some(Started::new(text.as_str()))
                }
                _ => None,
            };
            self.list.push(Started { line: text.to_owned(), stdin });
            self.list.extend(piped);
        }
    }
}

/// What may stand before a command.
const fn is_before_command(c: char) -> bool {
    is_delimiter(c) || matches!(c, '@' | '(')
}
fn is_shell_alone(name: &str, arguments: &str) -> bool {
    let name = name.trim_matches('"');
    (name.eq_ignore_ascii_case("cmd") || ends_with_ignoring_case(name, "cmd.exe"))
        && self::line(arguments).is_none()
}

/// Splits at the first blank outside quotes.
fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let mut quoted = false;
    let blank = |c: char| {
        quoted ^= c == '"';
        !quoted && c.is_whitespace()
    };
    let end = text.find(blank).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// Splits a command into its name and what follows, as cmd.exe does: at a delimiter, or where a slash or a
/// bracket follows a name without a folder.
pub(super) fn split_name(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        if c == '"' {
            quoted = !quoted;
        }
        if quoted {
            continue;
        }
        let bare = || !text.get(..at).unwrap_or_default().contains(['\\', ':', '.', '/']);
        if is_delimiter(c) || (matches!(c, '/' | '(' | '+' | '[' | ']') && at > 0 && at < 24 && bare()) {
            end = at;
            break;
        }
    }
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests;
