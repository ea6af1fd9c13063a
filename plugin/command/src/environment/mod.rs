//! Environment variables: `%name%` with the modifiers of cmd.exe, and PowerShell's `$env:name`.
//!
//! schtag sees a log record, not the machine, so each variable has the one value that a default
//! installation of Windows gives it (the table below). What depends on the user keeps the placeholder
//! `%USERNAME%`: `%APPDATA%` becomes `C:\Users\%USERNAME%\AppData\Roaming`. `%TEMP%` is the user's; the
//! same variable of the SYSTEM account is `C:\Windows\Temp`, and which one applies is not known here.
//! A variable that is not in the table stays as written.
//!
//! Source: "Recognized environment variables"
//! (<https://learn.microsoft.com/windows/deployment/usmt/usmt-recognized-environment-variables>), and
//! `set /?` for the modifiers.

mod table;

pub(super) use table::{all, any_value, value};

use std::borrow::Cow;

use crate::bytes;
use crate::work::Work;

/// Longest `name:modifier` that is looked at, in bytes.
const MAX_REFERENCE: usize = 512;

/// The value of what stands between two percent signs: a name, or a name with a modifier.
fn reference(inner: &str) -> Option<Cow<'static, str>> {
    if inner.is_empty() || inner.len() > MAX_REFERENCE {
        return None;
    }
    let Some((name, modifier)) = inner.split_once(':') else {
        return value(inner).map(Cow::Borrowed);
    };
    modified(any_value(name)?, modifier, true).map(Cow::Owned)
}

/// Applies a modifier of cmd.exe to a value: `~start,length` (a negative number counts from the end),
/// `old=new` (every occurrence, any case) or `*old=new` (all up to the first occurrence).
/// `None` when it is not a modifier. In an ASCII value a character is found without counting.
pub(super) fn modified(value: &str, modifier: &str, ascii: bool) -> Option<String> {
    match modifier.strip_prefix('~') {
        Some(range) => substring(value, range, ascii),
        None => replaced(value, modifier),
    }
}

/// Units of work that [`modified`] takes at most: each place at which a replacement may begin is compared with all of what
/// is replaced.
pub(super) fn cost(value: &str, modifier: &str, ascii: bool, work: &Work) -> usize {
    /// Units for a number, a result and their checks.
    const SUBSTRING: usize = 500;
    /// Units for a byte that is counted, and for one that is passed over.
    const COUNTED: usize = 6;
    /// Units for a place at which what is replaced may begin.
    const PLACE: usize = 400;
    if modifier.starts_with('~') {
        return SUBSTRING.saturating_add(if ascii { 0 } else { value.len().saturating_mul(20) });
    }
    let old = modifier.split_once('=').map_or("", |(old, _)| old);
    let old = old.strip_prefix('*').unwrap_or(old);
    let Some(first) = old.bytes().next() else { return SUBSTRING };
    // A replacement is refused before its places are counted where not even the counting is paid.
    let walked = value.len().saturating_mul(COUNTED);
    if work.left() < walked {
        return walked;
    }
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let mut places = bytes::count(value.as_bytes(), lower);
    if upper != lower {
        places = places.saturating_add(bytes::count(value.as_bytes(), upper));
    }
    let place = old.len().saturating_sub(1).saturating_mul(12).saturating_add(PLACE);
    walked.saturating_add(places.saturating_mul(place)).saturating_add(SUBSTRING)
}

fn substring(value: &str, range: &str, ascii: bool) -> Option<String> {
    let (start, length) = match range.split_once(',') {
        Some((start, length)) => (start, Some(length)),
        None => (range, None),
    };
    let count = i64::try_from(if ascii { value.len() } else { value.chars().count() }).ok()?;
    // A number below zero counts from the end.
    let place = |n: i64| if n < 0 { count.saturating_add(n) } else { n }.clamp(0, count);
    let start = place(number(start)?);
    let end = match length {
        None => count,
        Some(length) => match number(length)? {
            n if n < 0 => count.saturating_add(n),
            n => start.saturating_add(n),
        },
    };
    let skip = usize::try_from(start).ok()?;
    let take = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
    if ascii {
        let stop = skip.saturating_add(take).min(value.len());
        return Some(value.get(skip..stop).unwrap_or_default().to_owned());
    }
    Some(value.chars().skip(skip).take(take).collect())
}

fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() { Some(0) } else { crate::number::number(text) }
}

fn replaced(value: &str, modifier: &str) -> Option<String> {
    let (old, new) = modifier.split_once('=')?;
    if let Some(old) = old.strip_prefix('*') {
        // What is not found is not replaced.
        let Some(at) = find_ignoring_case(value, old) else { return Some(value.to_owned()) };
        let rest = value.get(at.saturating_add(old.len())..)?;
        return Some([new, rest].concat());
    }
    if old.is_empty() {
        return None;
    }
    Some(replace_ignoring_case(value, old, new, MAX_REPLACED))
}

/// Longest result of a replacement, in bytes; a longer one is cut.
const MAX_REPLACED: usize = 64 * 1024;

/// Where `needle` first occurs in `haystack`, in bytes, whatever the case of its ASCII letters.
pub(super) fn find_ignoring_case(haystack: &str, needle: &str) -> Option<usize> {
    let (text, needle) = (haystack.as_bytes(), needle.as_bytes());
    let (first, last) = (*needle.first()?, *needle.last()?);
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let mut at = 0_usize;
    loop {
        at = at.saturating_add(bytes::find_either(text.get(at..)?, lower, upper)?);
        let found = text.get(at..at.saturating_add(needle.len()))?;
        let ends = found.last().is_some_and(|byte| byte.eq_ignore_ascii_case(&last));
        if ends && found.eq_ignore_ascii_case(needle) {
            return haystack.is_char_boundary(at).then_some(at);
        }
        at = at.saturating_add(1);
    }
}

/// Replaces every occurrence of `old`, whatever the case of its ASCII letters, while the result is shorter
/// than `limit` bytes.
pub(super) fn replace_ignoring_case(text: &str, old: &str, new: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while out.len() < limit {
        let Some(at) = find_ignoring_case(rest, old) else { break };
        let Some((before, after)) = rest.split_at_checked(at) else { break };
        out.push_str(before);
        out.push_str(new);
        rest = after.get(old.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Replaces every `%name%` and `%name:modifier%` that is known; the rest stays as written. Returns whether
/// the result was cut at `limit` bytes. One pass: what a value holds is not expanded again.
pub(super) fn expand_percent(text: &str, limit: usize) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = bytes::split_once(rest, b'%') {
        out.push_str(before);
        if out.len() > limit {
            return (cut(out, limit), true);
        }
        // Without a second percent sign there is no further reference.
        let Some((inner, behind)) = bytes::split_once(after, b'%') else {
            out.push('%');
            rest = after;
            break;
        };
        match reference(inner) {
            Some(value) => {
                out.push_str(&value);
                rest = behind;
            }
            None => {
                out.push('%');
                // The second sign may open the next reference, so it is looked at again.
                out.push_str(inner);
                rest = after.get(inner.len()..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    if out.len() > limit { (cut(out, limit), true) } else { (out, false) }
}

/// Counts the references that pick letters out of a known variable, as in `%ComSpec:~-7,1%`.
pub(super) fn picked(text: &str, work: &Work) -> usize {
    if !work.walk(text.len(), 20) {
        return 0;
    }
    /// Most references that are looked up.
    const MOST: usize = 64;
    let (mut count, mut looked_up, mut rest) = (0_usize, 0_usize, text);
    while !rest.is_empty() && looked_up < MOST {
        let (part, behind) = bytes::split_once(rest, b'%').unwrap_or((rest, ""));
        rest = behind;
        if let Some((name, modifier)) = bytes::split_once(part, b':')
            && modifier.starts_with('~')
        {
            looked_up = looked_up.saturating_add(1);
            count = count.saturating_add(usize::from(any_value(name).is_some()));
        }
    }
    count
}

/// Shortens a text to at most `limit` bytes, at a character's start.
pub(super) fn cut(mut text: String, limit: usize) -> String {
    text.truncate(text.floor_char_boundary(limit));
    text
}

/// Replaces `$env:name` and `${env:name}` where the name is known; the rest stays as written.
pub(super) fn expand_powershell(text: &str) -> Cow<'_, str> {
    if bytes::find(text.as_bytes(), b'$').is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = bytes::split_once(rest, b'$') {
        out.push_str(before);
        match powershell_reference(after) {
            Some((value, behind)) => {
                out.push_str(value);
                rest = behind;
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Reads the reference that follows a dollar sign. Returns its value, and the text after it.
pub(super) fn powershell_reference(after: &str) -> Option<(&'static str, &str)> {
    let (braced, text) = match after.strip_prefix('{') {
        Some(text) => (true, text),
        None => (false, after),
    };
    let (scope, text) = text.split_at_checked(4)?;
    if !scope.eq_ignore_ascii_case("env:") {
        return None;
    }
    if braced {
        let (name, behind) = bytes::split_once(text, b'}')?;
        return Some((value(name)?, behind));
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, behind) = text.split_at_checked(end)?;
    Some((value(name)?, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(text: &str) -> String {
        expand_percent(text, 1 << 16).0
    }

    #[test]
    fn every_variable_of_the_table_expands_in_every_spelling() {
        for &(name, value) in table::VALUES {
            let lower = name.to_ascii_lowercase();
            assert_eq!(percent(&format!("%{name}%")), value);
            assert_eq!(percent(&format!("x %{lower}%\\y")), format!("x {value}\\y"));
            assert_eq!(expand_powershell(&format!("${{ENV:{name}}}\\y")), format!("{value}\\y"));
            if !name.contains('(') {
                assert_eq!(expand_powershell(&format!("$env:{lower}\\y")), format!("{value}\\y"));
            }
        }
    }

    #[test]
    fn the_modifiers_of_cmd() {
        for (written, expanded) in [
            ("%ComSpec:~-7%", "cmd.exe"),
            ("%ComSpec:~-7,3%", "cmd"),
            ("%ComSpec:~20%", "cmd.exe"),
            ("%comspec:~0,2%", "C:"),
            ("%ComSpec:~3,-4%", r"Windows\System32\cmd"),
            ("%ComSpec:~,2%", "C:"),
            ("%ComSpec:~-3,-1%", "ex"),
            ("%ComSpec:~99%", ""),
            ("%ComSpec:~0,0%", ""),
            ("%ProgramData:~0,1%%ProgramData:~9,2%md", "CmDmd"),
            ("%windir:Windows=Temp%", r"C:\Temp"),
            ("%WINDIR:windows=%", r"C:\"),
            ("%ComSpec:*System32=x%", r"x\cmd.exe"),
            ("%PATHEXT:~1,3%", "COM"),
            ("%SystemRoot:~0,-7%Users", r"C:\Users"),
        ] {
            assert_eq!(percent(written), expanded, "{written}");
        }
    }

    #[test]
    fn what_is_not_known_stays_as_written() {
        for text in [
            "",
            "100%",
            "%%",
            "%unknown%",
            "%PATH%",
            "a % b % c",
            "%ComSpec:nonsense%",
            "%ComSpec:~x%",
            "$(Arg0)",
            "$env:unknown",
            "$env",
            "${env:windir",
            "$x = 1",
            "%LocalTimeXmlEx%",
        ] {
            assert_eq!(percent(text), text);
            assert_eq!(expand_powershell(text), text);
        }
        // The sign that closes an unknown name may open a known one.
        assert_eq!(percent("50%windir%"), r"50C:\Windows");
        assert_eq!(percent("%x%windir%"), r"%xC:\Windows");
        assert_eq!(percent("%HOMEDRIVE%%HOMEPATH%"), r"C:\Users\%USERNAME%");
    }

    #[test]
    fn expansion_is_cut_at_its_limit() {
        let (text, was_cut) = expand_percent(&"%CommonProgramFiles(x86)%".repeat(100), 500);
        assert!(was_cut);
        assert_eq!(text.len(), 500);
        let long = format!("%ComSpec:e={}%", "x".repeat(5_000));
        assert_eq!(percent(&long), long, "a reference longer than the limit is not looked at");
    }
}
