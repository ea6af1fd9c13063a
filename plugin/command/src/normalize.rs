//! The normal form of arguments: what only hides words is taken out, the words stay as they are.

use crate::path::SEPARATORS;
use schtag_task::byte_set::ByteSet;
use schtag_task::rewrite;
use std::borrow::Cow;

use super::{environment, path, unicode};
use crate::bytes;

const SPACES_AND_BACKSLASH: ByteSet = ByteSet::of(b" \t\\");

/// Arguments in normal form: look-alikes folded, `$env:` expanded, carets, quotes inside words and
/// backticks removed, paths cleaned, single blanks. Six passes, each linear in the text.
pub(super) fn arguments(text: &str) -> String {
    let text = unicode::fold(text);
    let text = with_paths_expanded(&text);
    let text = without_carets(&text);
    let text = without_inner_quotes(&text);
    let text = without_backticks(&text);
    let text = single_blanks(&text);
    clean_paths(&text)
}

/// Replaces `$env:name` and `${env:name}` where a path begins with it. Elsewhere, as in `$env:ComSpec[4,24,25]`, it is
/// part of a script, which stays as it is written.
fn with_paths_expanded(text: &str) -> Cow<'_, str> {
    if bytes::find(text.as_bytes(), b'$').is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    // What stands before `at` and is still to be copied, from `copied` on.
    let (mut copied, mut at) = (0_usize, 0_usize);
    while let Some(after) = text.get(at..) {
        let Some(sign) = bytes::find(after.as_bytes(), b'$') else { break };
        let start = at.saturating_add(sign);
        at = start.saturating_add(1);
        let after = text.get(at..).unwrap_or_default();
        if after.starts_with(['e', 'E', '{'])
            && let Some((value, behind)) = environment::powershell_reference(after)
            && SEPARATORS.begins(behind)
        {
            out.push_str(text.get(copied..start).unwrap_or_default());
            out.push_str(value);
            at = text.len().saturating_sub(behind.len());
            copied = at;
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// Removes the carets with which cmd.exe escapes, outside double quotes.
pub(super) fn without_carets(text: &str) -> Cow<'_, str> {
    if bytes::find(text.as_bytes(), b'^').is_none() {
        return Cow::Borrowed(text);
    }
    const SIGNS: ByteSet = ByteSet::of(b"\"^");
    let mut out = String::with_capacity(text.len());
    // What stands before `at` and is still to be copied, from `copied` on.
    let (mut copied, mut at) = (0_usize, 0_usize);
    while let Some(rest) = text.as_bytes().get(at..)
        && let Some(length) = SIGNS.find_in(rest)
    {
        let sign = at.saturating_add(length);
        at = sign.saturating_add(1);
        if rest.get(length) == Some(&b'"') {
            let inside = text.as_bytes().get(at..).unwrap_or_default();
            let length = bytes::find(inside, b'"').map_or(inside.len(), |end| end.saturating_add(1));
            at = at.saturating_add(length);
            continue;
        }
        out.push_str(text.get(copied..sign).unwrap_or_default());
        copied = at;
        // The character after the caret stands for itself.
        at = at.saturating_add(1);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_')
}

/// Removes pairs of double quotes that only split a word, as in `p"o"wershell` or `power""shell`: those
/// with no blank inside and a letter or digit right outside. Quotes that group stay.
fn without_inner_quotes(text: &str) -> Cow<'_, str> {
    if bytes::find(text.as_bytes(), b'"').is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = bytes::split_once(rest, b'"') {
        out.push_str(before);
        let Some((inside, behind)) = bytes::split_once(after, b'"') else {
            out.push('"');
            rest = after;
            break;
        };
        let left = out.chars().next_back();
        let splits = left.is_some_and(is_word) || behind.chars().next().is_some_and(is_word);
        if splits && left != Some('\\') && !SPACES_AND_BACKSLASH.is_in(inside) {
            out.push_str(inside);
        } else {
            out.push('"');
            out.push_str(inside);
            out.push('"');
        }
        rest = behind;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Removes the backticks with which PowerShell escapes, next to letters and digits.
fn without_backticks(text: &str) -> Cow<'_, str> {
    if bytes::find(text.as_bytes(), b'`').is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = bytes::split_once(rest, b'`') {
        out.push_str(before);
        if !(out.ends_with(is_word) || behind.starts_with(is_word)) {
            out.push('`');
        }
        rest = behind;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The characters of ASCII that are seen.
const GRAPHIC: ByteSet = {
    let mut set = ByteSet::new();
    let mut byte = b'!';
    while byte <= b'~' {
        set = set.with(byte);
        byte = byte.wrapping_add(1);
    }
    set
};

/// Turns every run of white space and control characters into one blank, and trims.
fn single_blanks(text: &str) -> String {
    if text.is_ascii() {
        return rewrite::single_spaced(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let length = GRAPHIC.run(rest.as_bytes());
        let (plain, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        out.push_str(plain);
        let is_blank = |byte: &u8| byte.is_ascii() && !byte.is_ascii_graphic();
        let blanks = behind.bytes().take_while(is_blank).count();
        rest = behind.get(blanks..).unwrap_or_default();
        let mut is_space = blanks > 0;
        if !is_space {
            let mut chars = behind.chars();
            let Some(c) = chars.next() else { break };
            rest = chars.as_str();
            is_space = c.is_whitespace() || c.is_control();
            if !is_space {
                out.push(c);
            }
        }
        if is_space && !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    let end = out.trim_end().len();
    out.truncate(end);
    out
}

/// Where a path inside arguments ends.
const fn ends_path(byte: u8) -> bool {
    matches!(byte, b' ' | b'"' | b'\'' | b',' | b';' | b'|' | b'<' | b'>' | b'&' | b'*' | b'?' | b'`' | b'=')
}

/// A character without which a word is no path that is cleaned.
const fn is_of_path(byte: u8) -> bool {
    matches!(byte, b'\\' | b'/' | b'~')
}

/// Cleans every path in arguments: what begins with a drive and a slash of either kind, and what has
/// doubled backslashes, `\.\`, `\..\` or a short name. Everything else, URLs and options included, stays.
fn clean_paths(text: &str) -> String {
    if !text.bytes().any(is_of_path) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.bytes().position(is_of_path) {
        // The word in which it stands.
        let before = rest.as_bytes().get(..found).unwrap_or_default();
        let start = before.iter().rposition(|byte| ends_path(*byte)).map_or(0, |at| at.saturating_add(1));
        let (before, from) = rest.split_at_checked(start).unwrap_or((rest, ""));
        let (word, behind) = from.split_at_checked(word_end(from)).unwrap_or((from, ""));
        out.push_str(before);
        push_word(&mut out, word);
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Where the word that a text begins with ends. A device prefix has a question mark that does not end it.
fn word_end(text: &str) -> usize {
    let skip = if text.starts_with(r"\\?\") || text.starts_with(r"\??\") { 4 } else { 0 };
    let mut tail = text.bytes().skip(skip);
    tail.position(ends_path).map_or(text.len(), |at| at.saturating_add(skip))
}

fn push_word(out: &mut String, word: &str) {
    // An option may be glued to its path: `/logfile:C:/x`, `(C:/x`.
    let at = drive(word).unwrap_or(0);
    let (before, path) = word.split_at_checked(at).unwrap_or(("", word));
    let rooted = drive(path) == Some(0);
    let (mut doubled, mut address, mut slash, mut tilde, mut plain) = (false, false, false, false, true);
    let (mut before_last, mut last) = (0, 0);
    for byte in path.bytes() {
        match byte {
            b'/' => {
                address |= last == b'/' && before_last == b':';
                slash = true;
            }
            b'\\' | b'.' => doubled |= last == b'\\',
            b'~' => tilde = true,
            b':' | b'_' | b'-' | b'(' | b')' => {}
            _ => plain &= byte.is_ascii_alphanumeric(),
        }
        (before_last, last) = (last, byte);
    }
    let cluttered = doubled || path.starts_with(r".\") || path.starts_with(r"\??\");
    let short = tilde && plain;
    out.push_str(before);
    if address || !(rooted || short || (cluttered && !slash)) {
        out.push_str(path);
        return;
    }
    out.push_str(&path::clean(path));
    if path.len() > 3 && path.ends_with('\\') && !out.ends_with('\\') {
        out.push('\\');
    }
}

/// Finds `X:\` or `X:/` in a word, with no letter before it and no second slash after it.
fn drive(word: &str) -> Option<usize> {
    let bytes = word.as_bytes();
    let at =
        bytes.windows(3).position(|w| matches!(w, [l, b':', b'\\' | b'/'] if l.is_ascii_alphabetic()))?;
    let before = at.checked_sub(1).and_then(|at| bytes.get(at));
    if before.is_some_and(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    // A device prefix belongs to the path.
    match word.get(..at) {
        Some(prefix)
            if prefix.ends_with(r"\\?\") || prefix.ends_with(r"\\.\") || prefix.ends_with(r"\??\") =>
        {
            at.checked_sub(4)
        }
        _ => Some(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_hides_words_is_removed() {
        for (written, normal) in [
            ("-e^n^c ^\"x y\"", "-enc \"x y\""),
            ("/c p\"o\"wershell -c x", "/c powershell -c x"),
            ("power\"\"shell", "powershell"),
            ("\"p\"owershell", "powershell"),
            ("ie`x (n`ew-obj`ect x)", "iex (new-object x)"),
            ("a   b\t\tc\r\nd", "a b c d"),
            ("–enc\u{a0}x", "-enc x"),
            ("-File C:/Users/Public//x.ps1", r"-File C:\Users\Public\x.ps1"),
            (r"-File \\?\C:\Users\Public\x.ps1", r"-File C:\Users\Public\x.ps1"),
            (r"-File \??\C:\x.ps1", r"-File C:\x.ps1"),
            (r"C:\Windows\System32\..\Temp\x.dll,main", r"C:\Windows\Temp\x.dll,main"),
            (r"C:\PROGRA~1\x.ps1", r"C:\Program Files\x.ps1"),
            (r"&($env:comspec[4,24,25]-join'')", r"&($env:comspec[4,24,25]-join'')"),
            (r"/logfile:C:/a//b.txt", r"/logfile:C:\a\b.txt"),
            (
                r"$env:windir\Temp\x.ps1 ${env:APPDATA}\y",
                r"C:\Windows\Temp\x.ps1 C:\Users\%USERNAME%\AppData\Roaming\y",
            ),
            (r"[x]::y(\'a\') ^| iex", r"[x]::y(\'a\') | iex"),
        ] {
            assert_eq!(arguments(written), normal, "{written}");
            assert_eq!(arguments(normal), normal, "the normal form of the normal form is itself");
        }
    }

    #[test]
    fn ordinary_arguments_stay_as_written() {
        for text in [
            "/d srrstr.dll,ExecuteScheduledSPPCreation",
            r#"pla.dll,PlaHost "Server Manager Performance Monitor" "$(Arg0)""#,
            "/c \"a b\"",
            "--ping-url https://example.com/a//b?c=d",
            "/target:computer /wait:5",
            "start= auto",
            r"\\server\share\x.exe -a",
            r#"-n "C:\Program Files\x\y.exe" "C:\z\""#,
            "$(Arg0) $(Arg1)",
            "key=\"some value\"",
            r"/c dir C:\*.txt",
            "http://10.0.0.1/x.ps1",
            "a/b/c",
        ] {
            assert_eq!(arguments(text), text);
        }
    }
}
