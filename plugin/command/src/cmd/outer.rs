//! cmd.exe's own switches, and the quotes around the line after `/c`, `/k` or `/r`.
//!
//! Source: `cmd /?`, and the measured behaviour that
//! <https://ss64.com/nt/syntax-esc.html> and <https://ss64.com/nt/cmd.html> summarise: a switch is found wherever a
//! slash stands, glued to other letters or not, and `/r` is `/c`.

use super::super::tokens::ends_executable;
use super::lexer::is_blank;
use crate::bytes;
use crate::tokens::BLANKS;

/// The command line of cmd.exe itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outer<'a> {
    /// Everything up to and with the switch that names the line.
    pub(crate) switches: &'a str,
    /// The line after `/c`, `/k` or `/r`; `None` where cmd.exe reads its standard input.
    pub(crate) line: Option<&'a str>,
    /// True if `!name!` is expanded (`/v`, and not `/v:off`).
    pub(crate) delayed: bool,
    /// True if the outer quotes always go (`/s`).
    pub(crate) strips: bool,
}

/// Reads the arguments of cmd.exe. A letter after a slash is a switch, whatever stands around it.
pub(crate) fn read(arguments: &str) -> Outer<'_> {
    let mut outer = Outer { switches: arguments, line: None, delayed: false, strips: false };
    let mut rest = arguments;
    let mut at = 0_usize;
    while let Some((before, after)) = bytes::split_once(rest, b'/') {
        at = at.saturating_add(before.len()).saturating_add(1);
        let mut chars = after.chars();
        match chars.next().map(|letter| letter.to_ascii_lowercase()) {
            Some('c' | 'k' | 'r') => {
                let end = at.saturating_add(1);
                outer.switches = arguments.get(..end).unwrap_or(arguments);
                outer.line = Some(chars.as_str());
                return outer;
            }
            Some('s') => outer.strips = true,
            Some('v') => {
                let off = chars.as_str().get(..4).is_some_and(|value| value.eq_ignore_ascii_case(":off"));
                outer.delayed = !off;
            }
            _ => {}
        }
        rest = after;
    }
    outer
}

/// Removes the quotes around a whole line, as `cmd /?` says: they stay only where there are exactly two of them, no
/// special character and at least one blank between them, and the text is the name of a file; else the first and
/// the last go. A program in quotes at the beginning of a longer line keeps its quotes even where cmd.exe would
/// then not find it: that is what the author means.
pub(crate) fn unquoted(line: &str, strips: bool) -> std::borrow::Cow<'_, str> {
    let line = BLANKS.trim(line);
    let Some(inside) = line.strip_prefix('"') else { return line.into() };
    let Some((first, behind)) = bytes::split_once(inside, b'"') else { return inside.into() };
    let special = |c: char| matches!(c, '&' | '<' | '>' | '(' | ')' | '@' | '^' | '|');
    if bytes::find(behind.as_bytes(), b'"').is_none() {
        if !strips && !first.contains(special) && BLANKS.is_in(first) && is_file(first) {
            return line.into();
        }
        return if behind.is_empty() { first.into() } else { [first, behind].concat().into() };
    }
    let ends = BLANKS.begins(behind);
    let word = !first.is_empty() && !first.contains(|c: char| is_blank(c) || special(c));
    if !strips && ends && (word || is_file(first)) {
        return line.into();
    }
    match inside.rsplit_once('"') {
        Some((before, "")) => before.into(),
        Some((before, after)) => [before, after].concat().into(),
        None => inside.into(),
    }
}

/// Returns whether a text with blanks can be the path of one file that Windows runs: it begins where paths begin, ends
/// with an extension, and no second path, switch or built-in command stands in it.
fn is_file(text: &str) -> bool {
    let text = BLANKS.trim(text);
    if !ends_executable(text) {
        return false;
    }
    let bytes = text.as_bytes();
    let rooted = bytes.get(1) == Some(&b':') || text.starts_with(['\\', '%']);
    let mut words = text.split(is_blank).skip(1);
    let begins_other = |word: &str| {
        word.starts_with(['/', '-', '%', '\\'])
            || word.contains(':')
            || (!word.contains('\\') && ends_executable(word))
    };
    // The last word ends the file's name: it may be a bare `b.exe`.
    let count = text.split(is_blank).count().saturating_sub(2);
    let first = text.split(is_blank).next().unwrap_or_default();
    rooted && !ends_executable(first) && !words.by_ref().take(count).any(begins_other) && {
        let last = text.split(is_blank).next_back().unwrap_or_default();
        !last.starts_with(['/', '-', '%', '\\']) && !last.contains(':')
    }
}
