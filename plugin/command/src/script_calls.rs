//! Command lines that a script in VBScript or JScript, itself in a command line, hands to Windows:
//! `mshta vbscript:CreateObject("WScript.Shell").Run("...")`.
//!
//! Source: the methods' pages in the Windows Script Host and Shell references.

use super::environment::find_ignoring_case;
use crate::bytes;
use crate::work::Work;

/// Methods that run a command line: of `WScript.Shell`, `Shell.Application` and the `Win32_Process` class.
const METHODS: [&str; 4] = [".Run", ".Exec", ".ShellExecute", ".Create"];

/// Units that reading the calls costs for each byte: a search for each method, and at most [`MAX_CALLS`] strings.
const BYTE: usize = 80;
/// Units for a dot, at which each method may begin.
const DOT: usize = 650;
/// Most calls that are read out of a script.
const MAX_CALLS: usize = 8;

/// Returns the command lines that a script in the arguments hands to `.Run("...")` and the like.
pub(super) fn lines(arguments: &str, work: &Work) -> Vec<String> {
    if !work.walk(arguments.len(), BYTE) || find_ignoring_case(arguments, "script:").is_none() {
        return Vec::new();
    }
    if !work.walk(bytes::count(arguments.as_bytes(), b'.'), DOT) {
        return Vec::new();
    }
    let mut list = Vec::new();
    for method in METHODS {
        let mut rest = arguments;
        while let Some(at) = find_ignoring_case(rest, method).filter(|_| list.len() < MAX_CALLS) {
            rest = rest.get(at.saturating_add(method.len())..).unwrap_or_default();
            if let Some((line, behind)) = string_argument(rest) {
                list.push(called(&line, behind, method));
            }
        }
    }
    list.retain(|line| !line.trim().is_empty());
    list
}

/// `ShellExecute` has the arguments in its second parameter.
fn called(line: &str, behind: &str, method: &str) -> String {
    let second =
        behind.trim_start().strip_prefix(',').filter(|_| method == ".ShellExecute").and_then(string_argument);
    match second {
        Some((arguments, _)) => [line, " ", &arguments].concat(),
        None => line.to_owned(),
    }
}

/// Reads a string, or strings joined by `&` or `+`, after an optional parenthesis: its value, and what
/// follows.
///
/// In nested VBScript a quote is written two, four, eight ... times; the first run says how many times
/// here, and a run twice as long is a quote inside the string.
fn string_argument(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text.trim_start_matches(|c: char| c == '(' || c.is_whitespace());
    loop {
        let (piece, behind) = string(rest)?;
        value.push_str(&piece);
        rest = behind;
        let ahead = rest.trim_start();
        match ahead
            .strip_prefix(['&', '+'])
            .map(str::trim_start)
            .filter(|next| next.starts_with(['"', '\'', '\\']))
        {
            Some(next) => rest = next,
            None => return Some((value, rest)),
        }
    }
}

/// The run of equal quotes, each with the backslashes before it, that a text begins with: the quote, how
/// many, and how many bytes.
fn quote_run(text: &str) -> Option<(char, usize, usize)> {
    let mut quote = None;
    let (mut count, mut length) = (0_usize, 0_usize);
    let mut backslashes = 0_usize;
    for c in text.chars() {
        if c == '\\' {
            backslashes = backslashes.saturating_add(1);
        } else if (c == '"' || c == '\'') && quote.is_none_or(|quote| quote == c) {
            quote = Some(c);
            count = count.saturating_add(1);
            length = length.saturating_add(backslashes).saturating_add(1);
            backslashes = 0;
        } else {
            break;
        }
    }
    quote.map(|quote| (quote, count, length))
}

/// Returns how many quotes a run stands for in a string whose own quotes are `width` wide, and what is left of it.
fn inner_quotes(count: usize, width: usize) -> (usize, usize) {
    let doubled = width.saturating_mul(2);
    (count.checked_div(doubled).unwrap_or(0), count.checked_rem(doubled).unwrap_or(0))
}

fn string(text: &str) -> Option<(String, &str)> {
    let (quote, width, length) = quote_run(text)?;
    let mut value = String::new();
    let mut rest = text.get(length..)?;
    let escapes = width == 1 && length == 1;
    while let Some(at) = rest.find([quote, '\\']) {
        let (before, from) = rest.split_at_checked(at)?;
        value.push_str(before);
        if let Some(behind) = from.strip_prefix('\\').and_then(|b| b.strip_prefix(quote)).filter(|_| escapes)
        {
            // JScript's way to write a quote.
            value.push(quote);
            rest = behind;
            continue;
        }
        let Some((_, count, bytes)) = quote_run(from).filter(|&(found, ..)| found == quote) else {
            // Backslashes, and a quote of the other kind perhaps.
            let bare = from.trim_start_matches('\\');
            value.extend(std::iter::repeat_n('\\', from.len().saturating_sub(bare.len())));
            rest = bare;
            continue;
        };
        let (inner, left) = inner_quotes(count, width);
        value.extend(std::iter::repeat_n(quote, inner));
        rest = from.get(bytes..)?;
        if left >= width {
            return Some((value, rest));
        }
    }
    value.push_str(rest);
    Some((value, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_both_languages() {
        for (text, value) in [
            (r#"("calc",0)"#, "calc"),
            (r#" "calc", 0, true"#, "calc"),
            (r#"('calc')"#, "calc"),
            (r#"("a ""b""")"#, r#"a "b""#),
            (r#"(""a """"b"""""")"#, r#"a "b""#),
            (r#"("a \"b\"")"#, r#"a "b""#),
            (r#"("power" & "shell")"#, "powershell"),
            (r#"('power'+'shell')"#, "powershell"),
            (r#"("unclosed"#, "unclosed"),
        ] {
            assert_eq!(string_argument(text).map(|(value, _)| value).as_deref(), Some(value), "{text}");
        }
        assert_eq!(string_argument("(variable)"), None);
    }
}
