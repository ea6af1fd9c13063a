//! Where a command line's program ends, and how the rest splits into arguments.
//!
//! Source: "Parsing C command-line arguments"
//! (<https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments>), and the remarks on
//! `lpApplicationName` of CreateProcess.

use super::path::PATH_SIGNS;
use crate::bytes;
use schtag_task::byte_set::ByteSet;

/// Bytes that separate arguments.
pub(super) const BLANKS: ByteSet = ByteSet::of(b" \t\r\n");
/// Bytes that separate the words of a line.
pub(super) const SPACES: ByteSet = ByteSet::of(b" \t");
/// Either sign that quotes a text.
pub(super) const QUOTES: ByteSet = ByteSet::of(b"\"'");

/// Bytes of an argument that do not stand for themselves: within quotes, and outside.
const QUOTED_ENDS: ByteSet = ByteSet::of(b"\"\\");
const UNQUOTED_ENDS: ByteSet = ByteSet::of(b"\"\\ \t\r\n");

/// Most arguments that are split; what follows is the last one, as written.
pub(super) const MAX_ARGUMENTS: usize = 1024;

/// Splits arguments (a command line without its program) as the C runtime does: blanks separate, double
/// quotes group, 2n backslashes before a quote are n backslashes, one more makes the quote literal, and a
/// doubled quote inside a group is a literal one.
pub(super) fn split_arguments(text: &str) -> Vec<String> {
    let mut list = Vec::new();
    let mut rest = BLANKS.trim_start(text);
    while !rest.is_empty() {
        if list.len() >= MAX_ARGUMENTS {
            list.push(rest.to_owned());
            break;
        }
        let (argument, behind) = argument(rest);
        list.push(argument);
        rest = BLANKS.trim_start(behind);
    }
    list
}

/// Reads one argument. Returns its value, and the text after it.
fn argument(text: &str) -> (String, &str) {
    match UNQUOTED_ENDS.find(text).map(|at| text.split_at_checked(at)) {
        None => return (text.to_owned(), ""),
        Some(Some((plain, behind))) if !behind.starts_with(['"', '\\']) => return (plain.to_owned(), behind),
        _ => {}
    }
    let mut out = String::new();
    let mut quoted = false;
    let mut rest = text;
    loop {
        // What stands for itself.
        let ends = if quoted { &QUOTED_ENDS } else { &UNQUOTED_ENDS };
        let length = ends.find(rest).unwrap_or(rest.len());
        let (plain, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        out.push_str(plain);
        let backslashes = behind.bytes().take_while(|&byte| byte == b'\\').count();
        rest = behind.get(backslashes..).unwrap_or_default();
        let Some(inside) = rest.strip_prefix('"') else {
            push_backslashes(&mut out, backslashes);
            if rest.is_empty() || (!quoted && BLANKS.begins(rest)) {
                return (out, rest);
            }
            continue;
        };
        push_backslashes(&mut out, backslashes >> 1);
        rest = inside;
        if backslashes & 1 == 1 {
            out.push('"');
        } else if let Some(behind) = inside.strip_prefix('"').filter(|_| quoted) {
            // Two of them within quotes are one.
            out.push('"');
            rest = behind;
        } else {
            quoted = !quoted;
        }
    }
}

fn push_backslashes(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n('\\', count));
}

/// Returns the text after the `count`-th argument, as written. For options whose value is the rest of the line.
pub(super) fn after_arguments(text: &str, count: usize) -> &str {
    let mut rest = BLANKS.trim_start(text);
    for _ in 0..count {
        rest = BLANKS.trim_start(argument(rest).1);
    }
    rest
}

/// Extensions that CreateProcess and cmd.exe run, which therefore may end an unquoted path with blanks.
const EXECUTABLE: [&str; 4] = [".exe", ".com", ".bat", ".cmd"];

/// Programs that are never the first words of a longer file name.
const NEVER_CONTINUED: [&str; 12] = [
    "cmd",
    "powershell",
    "pwsh",
    "rundll32",
    "regsvr32",
    "cscript",
    "wscript",
    "mshta",
    "conhost",
    "forfiles",
    "msiexec",
    "schtasks",
];

/// Returns whether a text ends with an extension that Windows runs.
pub(super) fn ends_executable(text: &str) -> bool {
    EXECUTABLE.iter().any(|extension| ends_with_ignoring_case(text, extension))
}

/// Returns whether a text ends with a suffix, whatever the case of its ASCII letters.
pub(super) fn ends_with_ignoring_case(text: &str, suffix: &str) -> bool {
    text.len()
        .checked_sub(suffix.len())
        .and_then(|at| text.as_bytes().get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(suffix.as_bytes()))
}

/// Splits a command line into its program, as written, and the arguments after it.
///
/// A program in quotes ends with them. An unquoted one ends at the first blank, unless it is a path that
/// goes on after it, as in `C:\Program Files\x.exe -a`: Windows tries each blank until a file exists,
/// and here a word goes on with the path when it has a backslash or ends with `.exe`, `.com`, `.bat`
/// or `.cmd`, and does not begin like an option, a quote or another path.
pub(super) fn split_program(line: &str) -> (&str, &str) {
    let line = BLANKS.trim(line);
    let first = first_word(line);
    let end = if line.starts_with('"') || !is_path(line, first) { first } else { path_end(line, first) };
    let (program, rest) = line.split_at_checked(end).unwrap_or((line, ""));
    (program, BLANKS.trim_start(rest))
}

/// Where the first blank outside quotes is, in bytes.
fn first_word(line: &str) -> usize {
    const ENDS: ByteSet = ByteSet::of(b"\" \t\r\n");
    let mut rest = line;
    while let Some((_, behind)) = ENDS.find(rest).and_then(|at| rest.split_at_checked(at)) {
        let Some(inside) = behind.strip_prefix('"') else {
            return line.len().saturating_sub(behind.len());
        };
        rest = bytes::split_once(inside, b'"').unwrap_or_default().1;
    }
    line.len()
}

/// Returns whether the first word of a line is the beginning of a path that could go on after a blank.
fn is_path(line: &str, first: usize) -> bool {
    let word = line.get(..first).unwrap_or_default();
    if ends_executable(word) || !PATH_SIGNS.is_in(word) {
        return false;
    }
    let name = crate::path::file_name(word);
    !NEVER_CONTINUED.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Where the path that a line begins with ends, in bytes.
fn path_end(line: &str, first: usize) -> usize {
    let mut end = first;
    let mut at = first;
    // Words are separated by single blanks or more; each is looked at once.
    while let Some(rest) = line.get(at..) {
        let word_start = at.saturating_add(rest.len().saturating_sub(BLANKS.trim_start(rest).len()));
        let Some(rest) = line.get(word_start..).filter(|rest| !rest.is_empty()) else { break };
        let length = BLANKS.find(rest).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        if begins_argument(word) {
            break;
        }
        at = word_start.saturating_add(length);
        if ends_executable(word) {
            return at;
        }
        if word.contains('\\') {
            end = at;
        }
    }
    end
}

/// Returns whether a word cannot be the continuation of a path.
fn begins_argument(word: &str) -> bool {
    let mut chars = word.chars();
    match (chars.next(), chars.next()) {
        (
            Some(
                '-' | '/' | '"' | '\'' | '\\' | '%' | '$' | '>' | '<' | '|' | '&' | '\u{2013}' | '\u{2014}'
                | '\u{2015}',
            ),
            _,
        ) => true,
        (Some(letter), Some(':')) => letter.is_ascii_alphabetic(),
        _ => word.contains('"'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_examples_of_argument_splitting() {
        for (text, arguments) in [
            (r#""a b c" d e"#, vec!["a b c", "d", "e"]),
            (r#""ab\"c" "\\" d"#, vec!["ab\"c", "\\", "d"]),
            (r#"a\\\b d"e f"g h"#, vec![r"a\\\b", "de fg", "h"]),
            (r#"a\\\"b c d"#, vec![r#"a\"b"#, "c", "d"]),
            (r#"a\\\\"b c" d e"#, vec![r"a\\b c", "d", "e"]),
            (r#"a"b"" c d"#, vec![r#"ab" c d"#]),
            ("", vec![]),
            ("  \t ", vec![]),
            (r#""""#, vec![""]),
            (r#"C:\dir\ x"#, vec![r"C:\dir\", "x"]),
            ("a\r\nb", vec!["a", "b"]),
        ] {
            assert_eq!(split_arguments(text), arguments, "{text}");
        }
    }

    #[test]
    fn the_number_of_arguments_is_bounded() {
        let list = split_arguments(&"a ".repeat(5_000));
        assert_eq!(list.len(), MAX_ARGUMENTS + 1);
        assert_eq!(list.last().unwrap().len(), 2 * (5_000 - MAX_ARGUMENTS));
    }

    #[test]
    fn where_the_program_ends() {
        for (line, program, rest) in [
            ("powershell -enc AAAA", "powershell", "-enc AAAA"),
            (r#""C:\Program Files\x\y.exe" /c "a b""#, r#""C:\Program Files\x\y.exe""#, r#"/c "a b""#),
            (r#"C:\Program Files\x\y.exe /c "a b""#, r"C:\Program Files\x\y.exe", r#"/c "a b""#),
            (
                r"C:\Program Files (x86)\Foo Bar Baz\x.exe a\b.txt",
                r"C:\Program Files (x86)\Foo Bar Baz\x.exe",
                r"a\b.txt",
            ),
            (r"C:\Program Files\x\y -a", r"C:\Program Files\x\y", "-a"),
            (r"C:\Windows\System32\cmd /c foo.exe", r"C:\Windows\System32\cmd", "/c foo.exe"),
            (
                r"C:\Windows\System32\rundll32 C:\x.dll,main",
                r"C:\Windows\System32\rundll32",
                r"C:\x.dll,main",
            ),
            (r"C:\Windows\System32\cscript a.exe", r"C:\Windows\System32\cscript", "a.exe"),
            (r"C:\tools\run.exe one\two.exe", r"C:\tools\run.exe", r"one\two.exe"),
            (r#"p"o"wershell -c x"#, r#"p"o"wershell"#, "-c x"),
            (r#""C:\a b"\c.exe x"#, r#""C:\a b"\c.exe"#, "x"),
            ("notepad", "notepad", ""),
            ("  calc.exe  ", "calc.exe", ""),
            ("", "", ""),
            (r#""unclosed quote here"#, r#""unclosed quote here"#, ""),
        ] {
            assert_eq!(split_program(line), (program, rest), "{line}");
        }
    }

    #[test]
    fn the_rest_of_a_line_after_some_arguments() {
        assert_eq!(after_arguments(r#" -a "b c"  d "e f""#, 2), r#"d "e f""#);
        assert_eq!(after_arguments("a", 3), "");
    }
}
