//! Other shells that a PowerShell script starts.
//!
//! Only what is plain: a shell's name where a statement begins, also after `&` or in quotes, and what
//! `Start-Process` and `Invoke-Expression` are given as constants. Nothing is run and no variable is followed,
//! but `$env:ComSpec` and the like.

use crate::path::file_name;
use crate::tokens::QUOTES;
use crate::tokens::ends_executable;
use crate::work::Work;
use crate::{bytes, environment};
use schtag_task::byte_set::ByteSet;
use std::borrow::Cow;

/// Signs that begin a list.
const ARRAY_BEGINS: ByteSet = ByteSet::of(b"@(");

/// Most command lines that are read out of a script.
const MAX_CALLS: usize = 8;
/// Most statements that are looked at.
const MAX_STATEMENTS: usize = 64;

/// Longest word that is taken for a program, in bytes.
const LONGEST: usize = 1024;
/// Units that reading the statements costs for each byte.
const BYTE: usize = 90;
/// Units for a byte of what `Start-Process` is given.
const WORDS_BYTE: usize = 350;

/// The programs that are followed by their names alone: shells, and what runs something that its command line
/// names. Any other is followed where it is called by its path.
const PROGRAMS: [&str; 22] = [
    "powershell",
    "pwsh",
    "cmd",
    "mshta",
    "wscript",
    "cscript",
    "rundll32",
    "regsvr32",
    "msiexec",
    "certutil",
    "bitsadmin",
    "schtasks",
    "reg",
    "wmic",
    "vssadmin",
    "wbadmin",
    "bcdedit",
    "installutil",
    "msbuild",
    "regasm",
    "regsvcs",
    "python",
];

/// The command lines of the programs that a script starts, in order. The script's string tricks are folded already.
#[inline(never)]
pub(crate) fn started(script: &str, work: &Work) -> Vec<String> {
    if !work.walk(script.len(), BYTE) {
        return Vec::new();
    }
    let mut list = Vec::new();
    for statement in statements(script) {
        let inner = || inner_of_expression(statement).and_then(|inner| called(inner, work));
        let line = called(statement, work).or_else(inner);
        list.extend(line);
        if list.len() >= MAX_CALLS {
            break;
        }
    }
    list
}

/// Splits a script where statements end: at `;`, `|`, braces and line breaks outside strings.
fn statements(script: &str) -> Vec<&str> {
    const ENDS: ByteSet = ByteSet::of(b"'\";|{}\n\r");
    let mut list = Vec::new();
    let (mut start, mut at) = (0_usize, 0_usize);
    while let Some(rest) = script.get(at..)
        && let Some(length) = ENDS.find(rest)
    {
        let end = at.saturating_add(length);
        at = end.saturating_add(1);
        let sign = rest.as_bytes().get(length).copied().unwrap_or_default();
        if matches!(sign, b'\'' | b'"') {
            let inside = script.as_bytes().get(at..).unwrap_or_default();
            let length = bytes::find(inside, sign).map_or(inside.len(), |at| at.saturating_add(1));
            at = at.saturating_add(length);
            continue;
        }
        list.extend(script.get(start..end));
        start = at;
        if list.len() >= MAX_STATEMENTS {
            return list;
        }
    }
    list.extend(script.get(start..));
    list
}

/// The command line of the shell that a statement starts, if it starts one.
fn called(statement: &str, work: &Work) -> Option<String> {
    let (head, rest) = head(statement).filter(|(head, _)| head.len() <= LONGEST)?;
    let rest = rest.trim_start_matches(')').trim();
    if is_any(&head, &["start-process", "saps", "start"]) {
        // Its words are read one by one.
        return work.walk(rest.len(), WORDS_BYTE).then(|| start_process(rest))?;
    }
    is_program(&head).then(|| line(&head, rest))
}

/// The script that `iex 'script'` runs.
fn inner_of_expression(statement: &str) -> Option<&str> {
    let (head, rest) = head(statement)?;
    let text = rest.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    is_any(&head, &["iex", "invoke-expression"]).then(|| text.trim_matches(quote))
}

/// The first word of a statement and what follows it. What assigns the result or calls the word is passed over.
fn head(statement: &str) -> Option<(Cow<'_, str>, &str)> {
    let calls = |c: char| c.is_whitespace() || matches!(c, '&' | '(' | '@');
    let mut text = statement.trim_start_matches(calls);
    if text.starts_with('$')
        && let Some((variable, value)) = text.split_once('=')
        && variable.trim_end().chars().skip(1).all(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
    {
        text = value.trim_start_matches(calls);
    }
    let (word, rest) = word(text.strip_prefix(". ").unwrap_or(text))?;
    let variable = word.strip_prefix("$env:").or_else(|| word.strip_prefix("$Env:"));
    match variable.and_then(environment::value) {
        Some(value) => Some((Cow::Borrowed(value), rest)),
        None => Some((Cow::Borrowed(word), rest)),
    }
}

/// A word, without its quotes, and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    if let Some(inside) = text.strip_prefix('\'') {
        return inside.split_once('\'');
    }
    if let Some(inside) = text.strip_prefix('"') {
        return inside.split_once('"');
    }
    let end = text.find(|c: char| c.is_whitespace() || c == ')').unwrap_or(text.len());
    text.split_at_checked(end).filter(|(word, _)| !word.is_empty())
}

/// Returns what `Start-Process` starts, by its parameters' names or places.
fn start_process(arguments: &str) -> Option<String> {
    let mut program: Option<&str> = None;
    let mut given: Option<String> = None;
    let mut rest = arguments.trim_start();
    let mut named = "";
    while !rest.is_empty() {
        if let Some(option) = rest.strip_prefix('-').filter(|_| named.is_empty()) {
            let end = option.find(|c: char| c.is_whitespace() || c == ':').unwrap_or(option.len());
            let (name, behind) = option.split_at_checked(end)?;
            rest = behind.trim_start_matches(|c: char| c.is_whitespace() || c == ':');
            if !is_any(name, &["wait", "nonewwindow", "passthru", "loaduserprofile", "usenewenvironment"]) {
                named = name;
            }
            continue;
        }
        let (value, behind) = list_value(rest);
        let is_argument = begins("argumentlist", named) || is_any(named, &["args"]);
        let is_program = begins("filepath", named) || is_any(named, &["path"]);
        match (named.is_empty(), program) {
            (true, None) => program = word(rest).map(|(word, _)| word),
            (true, Some(_)) => given = Some(value),
            (false, _) if is_argument => given = Some(value),
            (false, _) if is_program => program = word(rest).map(|(word, _)| word),
            (false, _) => {}
        }
        named = "";
        rest = behind.trim_start();
    }
    let program = program.filter(|program| is_program(program))?;
    Some(line(program, given.as_deref().unwrap_or_default()))
}

/// A value or a list of them (`'a', 'b'`) as one text with blanks, and what follows.
fn list_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut rest = ARRAY_BEGINS.trim_start(text);
    while let Some((piece, behind)) = word_of_list(rest) {
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(piece);
        let ahead = behind.trim_start_matches(|c: char| c.is_whitespace() || c == ')');
        match ahead.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return (value, ahead),
        }
    }
    (value, "")
}

fn word_of_list(text: &str) -> Option<(&str, &str)> {
    let (piece, behind) = word(text)?;
    if QUOTES.begins(text.trim_start()) {
        return Some((piece, behind));
    }
    // A bare word ends at a comma, too.
    match piece.find(',') {
        Some(at) => text.trim_start().split_at_checked(at),
        None => Some((piece, behind)),
    }
}

fn line(program: &str, arguments: &str) -> String {
    let program = environment::expand_powershell(program);
    let quote = if program.contains(' ') { "\"" } else { "" };
    let blank = if arguments.is_empty() { "" } else { " " };
    [quote, &program, quote, blank, &environment::expand_powershell(arguments)].concat()
}

fn is_any(word: &str, list: &[&str]) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn is_program(program: &str) -> bool {
    let name = file_name(program);
    let by_path = name.len() < program.len() && ends_executable(name) && !program.contains("://");
    let stem = name.get(..name.len().saturating_sub(4)).filter(|_| ends_executable(name)).unwrap_or(name);
    by_path || is_any(stem, &PROGRAMS)
}

/// Returns whether `part` begins `text`, whatever the case of its ASCII letters.
fn begins(text: &str, part: &str) -> bool {
    text.get(..part.len()).is_some_and(|start| start.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shells_that_a_script_starts() {
        for (script, lines) in [
            ("powershell -nop -enc AAAA", vec!["powershell -nop -enc AAAA"]),
            ("& 'C:\\Windows\\System32\\cmd.exe' /c x", vec![r"C:\Windows\System32\cmd.exe /c x"]),
            ("& \"C:\\a b\\pwsh.exe\" -c x", vec!["\"C:\\a b\\pwsh.exe\" -c x"]),
            ("&('power'+'shell') -enc AAAA", vec!["powershell -enc AAAA"]),
            ("po`wersh`ell -enc AAAA", vec!["powershell -enc AAAA"]),
            ("$x = powershell -c y; cmd /c z", vec!["powershell -c y", "cmd /c z"]),
            ("if ($a) { powershell -c y }", vec!["powershell -c y"]),
            ("& $env:ComSpec /c x", vec![r"C:\Windows\System32\cmd.exe /c x"]),
            ("iex 'powershell -c x'", vec!["powershell -c x"]),
            ("Start-Process powershell -ArgumentList '-nop -c x'", vec!["powershell -nop -c x"]),
            ("saps -FilePath cmd.exe -Args '/c','x' -Wait", vec!["cmd.exe /c x"]),
            ("Start-Process -WindowStyle Hidden powershell '-c', x", vec!["powershell -c x"]),
            ("Start-Process -WindowStyle Hidden notepad", vec![]),
            ("Start-Process", vec![]),
            ("& $env:windir\\Temp\\a.exe -x", vec![r"C:\Windows\Temp\a.exe -x"]),
            ("saps $env:public\\x\\a.exe -WindowStyle Hidden", vec![r"C:\Users\Public\x\a.exe"]),
            ("msiexec /i https://a.example/b /qn", vec!["msiexec /i https://a.example/b /qn"]),
            ("iwr https://a.example/b.exe", vec![]),
            ("Copy-Item C:\\a\\b.exe C:\\c", vec![]),
            ("Write-Host 'powershell -enc AAAA'", vec![]),
            ("Get-Process powershell | Stop-Process", vec![]),
            ("'; powershell'", vec![]),
            ("", vec![]),
        ] {
            let folded = crate::powershell::folded(script, &Work::unlimited()).0;
            let plain = folded.as_deref().unwrap_or(script);
            assert_eq!(started(plain, &Work::unlimited()), lines, "{script}");
        }
    }

    #[test]
    fn what_is_read_out_of_a_script_is_bounded() {
        assert_eq!(started(&"cmd /c x;".repeat(1_000), &Work::unlimited()).len(), MAX_CALLS);
        assert_eq!(started(&"x;".repeat(100_000), &Work::unlimited()), Vec::<String>::new());
    }
}
