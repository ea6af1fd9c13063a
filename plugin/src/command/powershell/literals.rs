//! What expressions on constant strings come to: `-f`, `.Replace`, `-replace`, indexing.

use crate::command::environment::{cut, replace_ignoring_case};

/// Longest string that folding makes, in bytes.
pub(super) const MAX_LITERAL: usize = 64 * 1024;

/// `format -f arguments`: `{n}` is an argument, `{{` and `}}` are braces. `None` for what is not that
/// simple (alignment and format strings) or too long.
pub(super) fn format(format: &str, arguments: &[&str]) -> Option<String> {
    let mut out = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at_checked(at)?;
        out.push_str(before);
        if let Some(behind) = after.strip_prefix("{{") {
            out.push('{');
            rest = behind;
        } else if let Some(behind) = after.strip_prefix("}}") {
            out.push('}');
            rest = behind;
        } else {
            let (index, behind) = after.strip_prefix('{')?.split_once('}')?;
            out.push_str(arguments.get(index.trim().parse::<usize>().ok()?)?);
            rest = behind;
        }
        if out.len() > MAX_LITERAL {
            return None;
        }
    }
    out.push_str(rest);
    Some(out)
}

/// `.Replace(old, new)`.
pub(super) fn replace(text: &str, old: &str, new: &str) -> Option<String> {
    let count = if old.is_empty() { return None } else { text.matches(old).count() };
    let grown = count.saturating_mul(new.len()).saturating_add(text.len());
    (grown <= MAX_LITERAL).then(|| text.replace(old, new))
}

/// `-replace pattern, new`, where the pattern matches only itself; `exact` for `-creplace`.
pub(super) fn replace_pattern(text: &str, pattern: &str, new: &str, exact: bool) -> Option<String> {
    const LONGEST: usize = 64;
    let old = plain_pattern(pattern).filter(|old| !old.is_empty() && old.len() <= LONGEST)?;
    if new.contains('$') {
        return None;
    }
    if exact {
        return replace(text, &old, new);
    }
    let out = replace_ignoring_case(text, &old, new, MAX_LITERAL);
    (out.len() <= MAX_LITERAL).then_some(out)
}

/// The text that a regular expression stands for when it is one text only.
fn plain_pattern(pattern: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next().filter(|c| !c.is_alphanumeric())?),
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => return None,
            _ => out.push(c),
        }
    }
    Some(out)
}

/// `text[first..last]`, joined; negative places count from the end, places outside give nothing.
pub(super) fn range(text: &str, first: i64, last: i64) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let length = i64::try_from(chars.len()).ok()?;
    // Only the places that exist are visited, whatever the bounds.
    let (first, last) =
        (first.clamp(length.saturating_neg(), length), last.clamp(length.saturating_neg(), length));
    let step = if first <= last { 1 } else { -1 };
    let count = first.abs_diff(last).saturating_add(1);
    let mut out = String::new();
    let mut place = first;
    for _ in 0..count {
        out.extend(at(&chars, length, place));
        place = place.saturating_add(step);
    }
    Some(out)
}

/// `text[a,b,c]`, joined.
pub(super) fn picked(text: &str, places: &[i64]) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let length = i64::try_from(chars.len()).ok()?;
    Some(places.iter().filter_map(|&place| at(&chars, length, place)).collect())
}

fn at(chars: &[char], length: i64, place: i64) -> Option<char> {
    let place = if place < 0 { length.saturating_add(place) } else { place };
    chars.get(usize::try_from(place).ok()?).copied()
}

/// Joins strings, cut at the longest allowed.
pub(super) fn join(parts: &[&str], separator: &str) -> String {
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push_str(separator);
        }
        out.push_str(part);
        if out.len() > MAX_LITERAL {
            break;
        }
    }
    cut(out, MAX_LITERAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_on_constants() {
        assert_eq!(format("{1}{0}", &["X", "IE"]).as_deref(), Some("IEX"));
        assert_eq!(format("{{{0}}}", &["x"]).as_deref(), Some("{x}"));
        for bad in ["{0", "{1}", "{0:x}", "}"] {
            assert_eq!(format(bad, &["a"]), None);
        }
        assert_eq!(format(&"{0}".repeat(1000), &[&"a".repeat(1000)]), None);
        assert_eq!(replace("aXbX", "X", "-").as_deref(), Some("a-b-"));
        assert_eq!(replace("a", "", "-"), None);
        assert_eq!(replace_pattern("aXbx", "x", "", false).as_deref(), Some("ab"));
        assert_eq!(replace_pattern("aXbx", "x", "", true).as_deref(), Some("aXb"));
        assert_eq!(replace_pattern("a.b", r"\.", "", false).as_deref(), Some("ab"));
        assert_eq!(replace_pattern("a.b", ".", "", false), None);
        assert_eq!(range("xei", -1, -3).as_deref(), Some("iex"));
        assert_eq!(range("iex", 0, 2).as_deref(), Some("iex"));
        assert_eq!(range("iex", 2, i64::MIN).as_deref(), Some("xeixei"));
        assert_eq!(picked("abc", &[2, 0, -1, 9]).as_deref(), Some("cac"));
        assert_eq!(join(&["a", "b"], ","), "a,b");
    }
}
