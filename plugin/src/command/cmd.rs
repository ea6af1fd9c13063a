//! cmd.exe: which commands a `/c` line runs.
//!
//! Source: `cmd /?`, and "How does the Windows Command Interpreter (CMD.EXE) parse scripts?" as summarised
//! on <https://ss64.com/nt/syntax-esc.html>.

use super::environment::{self, find_ignoring_case};
use super::tokens::{ends_executable, ends_with_ignoring_case};
use super::wrappers::{Started, Starts, Stdin};

/// Most commands of one line that are read.
pub(super) const MAX_COMMANDS: usize = 64;
/// Most variables of one line that are remembered.
const MAX_VARIABLES: usize = MAX_COMMANDS;
/// Most bytes of a command after its variables are put in.
const MAX_COMMAND: usize = 64 * 1024;
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

/// One command of a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Command {
    /// Its text, without carets and redirections.
    text: String,
    /// Whether the output of the command before it is its input.
    piped: bool,
    /// Whether its input is a file.
    redirected: bool,
}

/// What the line of a `cmd /c` starts, in order.
pub(super) fn started(line: &str, delayed_expansion: bool) -> Starts {
    let mut list = Vec::new();
    let mut variables: Vec<(String, String)> = Vec::new();
    let mut output = None;
    let mut total = 0_usize;
    let (commands, mut cut) = chain(without_outer_quotes(line));
    for command in commands {
        let text = with_variables(&command.text, &variables, delayed_expansion);
        total = total.saturating_add(text.len());
        if total > MAX_TOTAL {
            cut = true;
            break;
        }
        let simple = simple_command(&text);
        let (name, arguments) = split_name(simple);
        let piped_in = if command.piped { output.take() } else { None };
        output = None;
        if name.eq_ignore_ascii_case("set") {
            cut |= variables.len() >= MAX_VARIABLES || text.len() >= MAX_COMMAND;
            remember(arguments, &mut variables);
        } else if name.eq_ignore_ascii_case("echo") {
            output = Some(arguments.trim().to_owned());
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
            list.push(Started { line: simple.to_owned(), stdin });
            list.extend(piped);
        }
    }
    Starts { list, cut }
}

fn is_shell_alone(name: &str, arguments: &str) -> bool {
    let name = name.trim_matches('"');
    (name.eq_ignore_ascii_case("cmd") || ends_with_ignoring_case(name, "cmd.exe"))
        && self::line(arguments).is_none()
}

/// Splits a line into its commands, with cmd.exe's quotes and carets, and says whether there are more than are
/// read. One pass.
fn chain(line: &str) -> (Vec<Command>, bool) {
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

/// The command behind `@`, parentheses, `call`, `if ...` and `for ... do`.
fn simple_command(text: &str) -> &str {
    /// Most prefixes that are passed over.
    const MAX_PREFIXES: usize = 8;
    let mut text = text;
    for _ in 0..MAX_PREFIXES {
        text = text.trim_start_matches(|c| is_delimiter(c) || matches!(c, '@' | '('));
        let (name, arguments) = split_name(text);
        text = if name.eq_ignore_ascii_case("call") || name.eq_ignore_ascii_case("else") {
            arguments
        } else if name.eq_ignore_ascii_case("for") {
            match find_ignoring_case(arguments, " do ").or_else(|| find_ignoring_case(arguments, ")do ")) {
                Some(at) => arguments.get(at.saturating_add(4)..).unwrap_or_default(),
                None => break,
            }
        } else if name.eq_ignore_ascii_case("if") {
            behind_condition(arguments)
        } else {
            break;
        };
    }
    let open = text.matches('(').count();
    let text = text.trim_end();
    // A parenthesis that closes a group; one that the command opened itself stays.
    match text.strip_suffix(')') {
        Some(inner) if inner.matches(')').count() >= open => inner.trim_end(),
        _ => text,
    }
}

/// What an `if` runs: the command behind `exist file`, `defined name`, `errorlevel n`, or `a==b`.
fn behind_condition(arguments: &str) -> &str {
    let mut rest = arguments;
    loop {
        let (word, behind) = split_word(rest);
        let skipped = ["/i", "not"].iter().any(|known| known.eq_ignore_ascii_case(word));
        if !skipped || behind.is_empty() {
            break;
        }
        rest = behind;
    }
    let (word, behind) = split_word(rest);
    if ["exist", "defined", "errorlevel", "cmdextversion"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word))
    {
        return split_word(behind).1;
    }
    if word.contains("==") {
        return if ends_with_ignoring_case(word, "==") { split_word(behind).1 } else { behind };
    }
    // `a == b` or `a equ b`.
    let behind = split_word(behind).1;
    split_word(behind).1
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

/// Remembers `set name=value` and `set "name=value"`.
fn remember(arguments: &str, variables: &mut Vec<(String, String)>) {
    let arguments = arguments.trim_start();
    let (quoted, assignment) = match arguments.strip_prefix('"') {
        Some(rest) => (true, rest),
        None => (false, arguments),
    };
    let assignment = if quoted {
        assignment.rsplit_once('"').map_or(assignment, |(inside, _)| inside)
    } else {
        assignment
    };
    let Some((name, value)) = assignment.split_once('=') else { return };
    if variables.len() < MAX_VARIABLES && !name.is_empty() && !name.starts_with('/') {
        variables.push((name.to_owned(), value.to_owned()));
    }
}

/// Puts the variables that the line itself has set into a command: `%name%` (where `call` or a second pass
/// expands it) and, with delayed expansion, `!name!`, both with modifiers.
fn with_variables(text: &str, variables: &[(String, String)], delayed: bool) -> String {
    if variables.is_empty() || !text.contains(['%', '!']) {
        return text.to_owned();
    }
    let text = with_marked(text, '%', variables);
    if delayed { with_marked(&text, '!', variables) } else { text }
}

fn with_marked(text: &str, mark: char, variables: &[(String, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(mark) {
        out.push_str(before);
        let found =
            after.split_once(mark).and_then(|(inner, behind)| Some((lookup(inner, variables)?, behind)));
        match found {
            Some((value, behind)) if out.len().saturating_add(value.len()) <= MAX_COMMAND => {
                out.push_str(&value);
                rest = behind;
            }
            _ => {
                out.push(mark);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn lookup(inner: &str, variables: &[(String, String)]) -> Option<String> {
    let (name, modifier) = match inner.split_once(':') {
        Some((name, modifier)) => (name, Some(modifier)),
        None => (inner, None),
    };
    let (_, value) = variables.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    match modifier {
        Some(modifier) => environment::modified(value, modifier),
        None => Some(value.clone()),
    }
}

/// The command line that `start` names, without its switches and its title.
pub(super) fn start(arguments: &str) -> &str {
    let mut rest = arguments.trim_start_matches(is_delimiter);
    let mut titled = false;
    loop {
        if let Some(inside) = rest.strip_prefix('"').filter(|_| !titled) {
            // The first quoted word is a title, unless nothing follows it.
            let behind =
                inside.split_once('"').map_or("", |(_, behind)| behind.trim_start_matches(is_delimiter));
            if behind.is_empty() {
                return rest;
            }
            titled = true;
            rest = behind;
        } else if rest.starts_with('/') {
            let (switch, behind) = split_word(rest);
            let valued = ["/d", "/node", "/affinity", "/machine"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(switch));
            rest = if valued { split_word(behind).1 } else { behind };
        } else {
            return rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(line: &str) -> Vec<String> {
        started(line, true).list.into_iter().map(|s| s.line).collect()
    }

    #[test]
    fn the_line_behind_the_switch() {
        for (arguments, tail) in [
            ("/c calc", Some(" calc")),
            ("/C calc", Some(" calc")),
            ("/q /d /k calc", Some(" calc")),
            ("/V:ON/C\"calc\"", Some("\"calc\"")),
            ("/r calc", Some(" calc")),
            ("/ccalc", Some("calc")),
            ("/q", None),
            ("", None),
        ] {
            assert_eq!(line(arguments).map(|(_, line)| line), tail, "{arguments}");
        }
    }

    #[test]
    fn outer_quotes() {
        for (line, inner) in [
            ("\"powershell -c x\"", "powershell -c x"),
            ("\"\"C:\\a b\\x.exe\" \"c d\"\"", "\"C:\\a b\\x.exe\" \"c d\""),
            ("\"C:\\a b\\x.exe\"", "\"C:\\a b\\x.exe\""),
            ("\"C:\\a b\\x.exe\" -a \"b\"", "\"C:\\a b\\x.exe\" -a \"b\""),
            ("\"p\"owershell -c x", "\"p\"owershell -c x"),
            ("\"powershell -c \"a b\"\"", "powershell -c \"a b\""),
            ("\"unclosed x", "unclosed x"),
            ("calc", "calc"),
        ] {
            assert_eq!(without_outer_quotes(line), inner, "{line}");
        }
    }

    #[test]
    fn the_commands_of_a_chain() {
        for (line, commands) in [
            ("a & b && c || d", vec!["a", "b", "c", "d"]),
            ("a \"x & y\" & b", vec!["a \"x & y\"", "b"]),
            ("a x^&y & b", vec!["a x&y", "b"]),
            ("a > C:\\out.txt 2>&1 & b", vec!["a", "b"]),
            ("a>nul", vec!["a"]),
            ("p^ow^er^shell -c x", vec!["powershell -c x"]),
            ("power^\r\nshell -c x", vec!["powershell -c x"]),
            ("power^\nshell -c x", vec!["powershell -c x"]),
            ("a ^^ b", vec!["a ^ b"]),
            ("@(a & b)", vec!["a", "b"]),
            (",;=a x", vec!["a x"]),
            ("if exist C:\\x.txt (a x)", vec!["a x"]),
            ("if not defined Z a", vec!["a"]),
            ("if \"%x%\"==\"1\" a b", vec!["a b"]),
            ("for /f \"tokens=1\" %i in ('dir') do a %i", vec!["a %i"]),
            ("call a", vec!["a"]),
            ("cd /d C:\\ & a & echo done & exit", vec!["a"]),
            ("rem a", vec![]),
            ("", vec![]),
            ("set x=power&& set y=shell&& call %x%%y% -c z", vec!["powershell -c z"]),
            ("set \"x=powershell\"& !x! -c z", vec!["powershell -c z"]),
            ("set x=llehs&& call %x:ll=sh%", vec!["shehs"]),
            ("powershell -c (a)", vec!["powershell -c (a)"]),
        ] {
            assert_eq!(lines(line), commands, "{line}");
        }
    }

    #[test]
    fn a_pipe_is_the_next_commands_input() {
        let list = started("echo iex (x) | powershell -", false).list;
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].stdin, Stdin::Pipe(Some("iex (x)".into())));
        assert_eq!(started("type x.txt | powershell -", false).list[0].stdin, Stdin::Pipe(None));
        assert_eq!(started("powershell - < x.txt", false).list[0].stdin, Stdin::Pipe(None));
        assert_eq!(started("powershell -c x", false).list[0].stdin, Stdin::Inherited);
    }

    #[test]
    fn what_is_not_read_is_said() {
        let variables = |count| (0..count).map(|n| format!("set a{n}=x&& ")).collect::<String>();
        for (line, cut) in [
            ("a & ".repeat(10), false),
            ("a & ".repeat(100), true),
            (variables(60), false),
            ("set a=xxxxxxxxxxxxxxxx&& ".to_owned() + &"set a=!a!!a!&& ".repeat(40), true),
        ] {
            assert_eq!(started(&line, true).cut, cut, "{line}");
        }
    }

    #[test]
    fn what_start_starts() {
        for (arguments, line) in [
            (" /min \"\" powershell -c x", "powershell -c x"),
            (" \"title\" /b powershell", "powershell"),
            (" /d C:\\x powershell", "powershell"),
            (" powershell \"a b\"", "powershell \"a b\""),
            (" \"C:\\a b\\x.exe\"", "\"C:\\a b\\x.exe\""),
            ("/b calc", "calc"),
            ("", ""),
        ] {
            assert_eq!(start(arguments), line);
        }
    }
}
