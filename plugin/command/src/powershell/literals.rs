//! Computes operations on constant strings: formats, replacements, pieces, escapes.

use std::borrow::Cow;

pub(super) use super::values::MAX_LITERAL;
use super::values::{MAX_LIST, Text, Value, character};
use crate::bytes;
use crate::environment::find_ignoring_case;
use crate::work::Work;
use schtag_task::byte_set::ByteSet;

/// Signs with a meaning inside a class of characters.
const CLASS_SIGNS: ByteSet = ByteSet::of(b"-[]");

/// `format -f arguments`: `{n}` is an argument, `{{` and `}}` are braces. `None` for what is not that
/// simple (alignment and format strings) or too long.
#[inline(never)]
pub(super) fn format(format: &str, arguments: &[Value<'_>], work: &Work) -> Option<String> {
    work.walk(format.len(), 20).then_some(())?;
    let mut out = String::new();
    let mut rest = format;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'{' | b'}')) {
        let (before, after) = rest.split_at_checked(at)?;
        out.push_str(before);
        if let Some(behind) = after.strip_prefix("{{") {
            out.push('{');
            rest = behind;
        } else if let Some(behind) = after.strip_prefix("}}") {
            out.push('}');
            rest = behind;
        } else {
            let (index, behind) = index(after)?;
            let argument = arguments.get(index)?.to_text(work)?;
            work.walk(argument.len().saturating_add(REPLACED), 2).then_some(())?;
            out.push_str(argument.as_str());
            rest = behind;
        }
        if out.len() > MAX_LITERAL {
            return None;
        }
    }
    out.push_str(rest);
    Some(out)
}

/// The number in `{n}`, and what follows it.
fn index(text: &str) -> Option<(usize, &str)> {
    const LONGEST: usize = 12;
    let inside = text.strip_prefix('{')?;
    let end = inside.bytes().take(LONGEST).position(|byte| byte == b'}')?;
    let (number, behind) = inside.split_at_checked(end)?;
    Some((number.trim().parse().ok()?, behind.get(1..)?))
}

/// `.Replace(old, new)`.
#[inline(never)]
pub(super) fn replace(text: &str, old: &str, new: &str, work: &Work) -> Option<String> {
    if old.is_empty() || !work.walk(text.len(), if old.len() == 1 { 4 } else { 25 }) {
        return None;
    }
    let count = match old.as_bytes() {
        [byte] => bytes::count(text.as_bytes(), *byte),
        _ => text.matches(old).count(),
    };
    let grown = count.saturating_mul(new.len()).saturating_add(text.len());
    // Each is found once more.
    let paid = grown <= MAX_LITERAL && work.walk(grown, 25) && work.walk(count, REPLACED);
    paid.then(|| text.replace(old, new))
}

/// Units that a text in place of another costs.
const REPLACED: usize = 250;

/// `-replace pattern, new`, where the pattern is one text or a set of them; `exact` for `-creplace`.
#[inline(never)]
pub(super) fn replace_pattern(
    text: &str,
    pattern: &str,
    new: &str,
    exact: bool,
    work: &Work,
) -> Option<String> {
    if new.contains('$') {
        return None;
    }
    let mut text = Cow::Borrowed(text);
    for old in alternatives(pattern)? {
        text = Cow::Owned(if exact {
            replace(&text, &old, new, work)?
        } else {
            replace_ignoring_case(&text, &old, new, work)?
        });
    }
    Some(text.into_owned())
}

#[inline(never)]
fn replace_ignoring_case(text: &str, old: &str, new: &str, work: &Work) -> Option<String> {
    // A piece of the text is compared with the pattern wherever its first letter stands.
    work.walk(text.len(), old.len().min(8).saturating_add(20)).then_some(())?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_ignoring_case(rest, old) {
        let (before, after) = rest.split_at_checked(at)?;
        out.push_str(before);
        out.push_str(new);
        rest = after.get(old.len()..).unwrap_or_default();
        if out.len() > MAX_LITERAL || !work.walk(before.len().saturating_add(new.len()), 2) {
            return None;
        }
    }
    out.push_str(rest);
    (out.len() <= MAX_LITERAL).then_some(out)
}

/// The texts that a regular expression stands for when it is one text, or a few: `a|b`, `[ab]`, `(a)`.
#[inline(never)]
pub(super) fn alternatives(pattern: &str) -> Option<Vec<String>> {
    const LONGEST: usize = 64;
    const MOST: usize = 8;
    if pattern.is_empty() || pattern.len() > LONGEST {
        return None;
    }
    let pattern = pattern.strip_prefix("(?i)").unwrap_or(pattern);
    let pattern = pattern.strip_prefix('(').and_then(|inside| inside.strip_suffix(')')).unwrap_or(pattern);
    let mut list = Vec::new();
    if let Some(set) = pattern.strip_prefix('[').and_then(|inside| inside.strip_suffix(']'))
        && !set.starts_with('^')
        && !CLASS_SIGNS.is_in(set)
    {
        let mut chars = set.chars();
        while let Some(c) = chars.next() {
            let c = if c == '\\' { chars.next().filter(|c| !c.is_alphanumeric())? } else { c };
            list.push(String::from(c));
        }
    } else {
        let mut one = String::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => one.push(chars.next().filter(|c| !c.is_alphanumeric())?),
                '|' => list.push(std::mem::take(&mut one)),
                '.' | '*' | '+' | '?' | '(' | ')' | '[' | '{' | '^' | '$' => return None,
                _ => one.push(c),
            }
        }
        list.push(one);
    }
    let usable = list.len() <= MOST && list.iter().all(|text| !text.is_empty());
    usable.then_some(list)
}

/// Returns how many characters a regular expression takes when it takes any: `..`, `(..)`, `.{2}`, `(?<=\G..)`.
pub(super) fn any_characters(pattern: &str) -> Option<usize> {
    let inside = pattern.strip_prefix('(').and_then(|inside| inside.strip_suffix(')')).unwrap_or(pattern);
    let inside = inside.strip_prefix(r"?<=\G").unwrap_or(inside);
    if let Some(count) = inside.strip_prefix(".{").and_then(|count| count.strip_suffix('}')) {
        return count.parse().ok().filter(|count| (1..=16).contains(count));
    }
    let plain = !inside.is_empty() && inside.len() <= 16 && inside.bytes().all(|byte| byte == b'.');
    plain.then_some(inside.len())
}

/// Units that a piece of a text costs, which shares the text.
const PIECE: usize = 450;

/// Adds the pieces of a text, each of this number of characters, to a list. `None` where it has no room or the
/// work is spent.
#[inline(never)]
pub(super) fn chunks<'a>(
    text: &Text<'a>,
    width: usize,
    list: &mut Vec<Value<'a>>,
    work: &Work,
) -> Option<()> {
    let whole = text.as_str();
    let pieces = whole.len().checked_div(width)?.saturating_add(1);
    if pieces.saturating_add(list.len()) > MAX_LIST
        || !work.walk(whole.len(), 20)
        || !work.walk(pieces, PIECE)
    {
        return None;
    }
    let mut at = 0_usize;
    while let Some(rest) = whole.get(at..).filter(|rest| !rest.is_empty()) {
        let end = rest.char_indices().nth(width).map_or(rest.len(), |(end, _)| end);
        let end = at.saturating_add(end);
        list.push(Value::Text(text.part(at, end)));
        at = end;
    }
    Some(())
}

/// Splits at any of the separators, whatever their case, and adds the pieces to a list.
#[inline(never)]
pub(super) fn split<'a>(
    text: &Text<'a>,
    separators: &[String],
    list: &mut Vec<Value<'a>>,
    work: &Work,
) -> Option<()> {
    let bytes = text.as_str().as_bytes();
    work.walk(bytes.len(), 15).then_some(())?;
    // The bytes with which separators begin.
    let mut firsts = ByteSet::new();
    for byte in separators.iter().filter_map(|separator| separator.bytes().next()) {
        firsts = firsts.with(byte.to_ascii_lowercase()).with(byte.to_ascii_uppercase());
    }
    let (mut start, mut at) = (0_usize, 0_usize);
    while let Some(rest) = bytes.get(at..) {
        let Some(skipped) = rest.iter().position(|&byte| firsts.contains(byte)) else { break };
        at = at.saturating_add(skipped);
        let compared = separators.len().saturating_mul(40).saturating_add(PIECE);
        if list.len() >= MAX_LIST || !work.spend(compared) {
            return None;
        }
        let begins = |separator: &&String| {
            let found = bytes.get(at..at.saturating_add(separator.len()));
            found.is_some_and(|found| found.eq_ignore_ascii_case(separator.as_bytes()))
        };
        let Some(separator) = separators.iter().find(begins) else {
            at = at.saturating_add(1);
            continue;
        };
        list.push(Value::Text(text.part(start, at)));
        at = at.saturating_add(separator.len());
        start = at;
    }
    list.push(Value::Text(text.part(start, bytes.len())));
    (list.len() <= MAX_LIST).then_some(())
}

/// `%41` as `A`; `plus` for a plus sign as a blank. The bytes are UTF-8.
#[inline(never)]
pub(super) fn url_decoded(text: &str, plus: bool, work: &Work) -> Option<String> {
    work.walk(text.len(), 15).then_some(())?;
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let escaped = behind.split_first_chunk::<2>().filter(|_| byte == b'%');
        let code = escaped.and_then(|([high, low], _)| Some((hex(*high)?, hex(*low)?)));
        match (code, escaped) {
            (Some((high, low)), Some((_, after))) => {
                out.push(high << 4 | low);
                rest = after;
            }
            _ => {
                out.push(if plus && byte == b'+' { b' ' } else { byte });
                rest = behind;
            }
        }
    }
    String::from_utf8(out).ok()
}

const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(byte.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}

/// `\x41`, `\u0041` and `\.` as `A` and `.`: what `[regex]::Unescape` gives.
#[inline(never)]
pub(super) fn unescaped(text: &str, work: &Work) -> Option<String> {
    work.walk(text.len(), 25).then_some(())?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let mut chars = behind.chars();
        let c = chars.next()?;
        let digits = match c {
            'x' => 2,
            'u' => 4,
            'n' => {
                out.push('\n');
                rest = chars.as_str();
                continue;
            }
            c if c.is_alphanumeric() => return None,
            c => {
                out.push(c);
                rest = chars.as_str();
                continue;
            }
        };
        let (code, after) = chars.as_str().split_at_checked(digits)?;
        out.push(character(i64::from_str_radix(code, 16).ok()?)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// Returns whether a name fits a pattern with `*` and `?`. Both are short.
pub(super) fn is_like(name: &str, pattern: &str) -> bool {
    let (name, pattern) = (name.as_bytes(), pattern.as_bytes());
    let (mut at, mut place) = (0_usize, 0_usize);
    // Where to go on when the rest does not fit: after the last star, one letter on.
    let mut retry: Option<(usize, usize)> = None;
    while at < name.len() {
        let wanted = pattern.get(place);
        let fits = match (wanted, name.get(at)) {
            (Some(b'?'), Some(_)) => true,
            (Some(wanted), Some(letter)) => wanted != &b'*' && wanted.eq_ignore_ascii_case(letter),
            _ => false,
        };
        if wanted == Some(&b'*') {
            retry = Some((place.saturating_add(1), at));
            place = place.saturating_add(1);
        } else if fits {
            at = at.saturating_add(1);
            place = place.saturating_add(1);
        } else if let Some((star, from)) = retry {
            retry = Some((star, from.saturating_add(1)));
            place = star;
            at = from.saturating_add(1);
        } else {
            return false;
        }
    }
    pattern.get(place..).is_some_and(|rest| rest.iter().all(|&byte| byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&'static str]) -> Vec<Value<'static>> {
        list.iter().map(|text| Value::text(*text)).collect()
    }

    #[test]
    fn operations_on_constants() {
        let work = &Work::unlimited();
        let formatted = |text: &str, list: &[&'static str]| format(text, &texts(list), work);
        assert_eq!(formatted("{1}{0}", &["X", "IE"]).as_deref(), Some("IEX"));
        assert_eq!(formatted("{{{0}}}", &["x"]).as_deref(), Some("{x}"));
        for bad in ["{0", "{1}", "{0:x}", "}"] {
            assert_eq!(formatted(bad, &["a"]), None);
        }
        assert_eq!(replace("aXbX", "X", "-", work).as_deref(), Some("a-b-"));
        assert_eq!(replace("a", "", "-", work), None);
        for (text, pattern, new, exact, expected) in [
            ("aXbx", "x", "", false, Some("ab")),
            ("aXbx", "x", "", true, Some("aXb")),
            ("a.b", r"\.", "", false, Some("ab")),
            ("a.b", ".", "", false, None),
            ("a~b#c", "[~#]", "", false, Some("abc")),
            ("a~b#c", "~|#", "-", true, Some("a-b-c")),
        ] {
            assert_eq!(replace_pattern(text, pattern, new, exact, work).as_deref(), expected, "{pattern}");
        }
        let mut list = Vec::new();
        chunks(&"4945".into(), 2, &mut list, work).unwrap();
        assert_eq!(list, texts(&["49", "45"]));
        let separators = alternatives("x|;").unwrap();
        list.clear();
        split(&"1X2;3".into(), &separators, &mut list, work).unwrap();
        assert_eq!(list, texts(&["1", "2", "3"]));
        assert_eq!(url_decoded("%49e%58+%zz%4", false, work).as_deref(), Some("IeX+%zz%4"));
        assert_eq!(url_decoded("a+%c3%a9", true, work).as_deref(), Some("a \u{e9}"));
        assert_eq!(unescaped(r"\x49\u0045\.", work).as_deref(), Some("IE."));
    }

    #[test]
    fn patterns_of_any_characters() {
        for (pattern, width) in
            [("(..)", Some(2)), ("..", Some(2)), (r"(?<=\G...)", Some(3)), (".{4}", Some(4)), ("a", None)]
        {
            assert_eq!(any_characters(pattern), width, "{pattern}");
        }
    }

    #[test]
    fn wildcards() {
        for (pattern, fits) in
            [("*mdr*", true), ("Max*Count", true), ("m?ximum*", true), ("mdr", false), ("*x", false)]
        {
            assert_eq!(is_like("MaximumDriveCount", pattern), fits, "{pattern}");
        }
    }

    #[test]
    fn nothing_is_walked_that_cannot_be_paid() {
        let work = &Work::new(1_000);
        let long = "ab".repeat(30_000);
        assert_eq!(replace(&long, "a", "b", work), None);
        assert!(work.is_spent());
    }
}
