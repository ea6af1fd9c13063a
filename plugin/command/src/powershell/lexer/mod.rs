//! A PowerShell script as a flat list of tokens: constant strings, and everything else as written.

use schtag_task::byte_set::ByteSet;
mod bare_word;

use std::borrow::Cow;

use super::values::Text;
use crate::bytes;
use crate::unicode::is_dash;
use crate::work::Work;

/// Bytes that end a line.
pub(super) const LINE_ENDS: ByteSet = ByteSet::of(b"\n\r");
/// The signs that are read inside double quotes.
const EXPANDED: ByteSet = ByteSet::of(b"$`");

/// The first byte of a typographic quote, and of other signs beyond ASCII.
const TYPOGRAPHIC: u8 = 0xe2;
/// The bytes that may end a text in single quotes, and those of a text in double quotes that may mean something.
const IN_SINGLE: ByteSet = ByteSet::of(b"'").with(TYPOGRAPHIC);
const IN_DOUBLE: ByteSet = ByteSet::of(b"\"`$").with(TYPOGRAPHIC);
/// The letters of a word in ASCII.
const WORD: ByteSet = ByteSet::of(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$`");

/// One token of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A string whose value is known.
    Literal(Text<'a>),
    /// A word, an operator, or a single character.
    Code(Cow<'a, str>),
    /// White space.
    Blank(&'a str),
}

impl Default for Token<'_> {
    fn default() -> Self {
        Self::Blank("")
    }
}

const fn is_single(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}'..='\u{201b}')
}

pub(super) const fn is_double(c: char) -> bool {
    matches!(c, '"' | '\u{201c}'..='\u{201e}')
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '`')
}

/// Units that a byte of a script costs here.
const BYTE: usize = 40;
/// Units that a token costs here.
const TOKEN: usize = 650;

/// Splits a script into tokens, in one pass. `None` when that costs more than is left.
#[inline(never)]
pub(super) fn tokens<'a>(script: &'a str, work: &Work) -> Option<Vec<Token<'a>>> {
    work.walk(script.len(), BYTE).then_some(())?;
    let mut list = Vec::new();
    let mut rest = script;
    while let Some(first) = rest.chars().next() {
        work.spend(TOKEN).then_some(())?;
        let begins = !matches!(list.last(), Some(Token::Code(_) | Token::Literal(_)));
        let (token, behind) = if matches!(first, 'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '`') {
            word(rest, 0)
        } else if matches!(first, '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '|' | '=' | '+' | '.' | ':')
        {
            code(rest, 1)
        } else if first.is_whitespace() {
            blank(rest)
        } else if begins && first == '#' {
            comment(rest, LINE_ENDS.find(rest))
        } else if rest.starts_with("<#") {
            comment(rest, rest.find("#>").map(|at| at.saturating_add(2)))
        } else if let Some(text) = here_string(rest) {
            text
        } else if is_single(first) {
            single_quoted(rest)
        } else if is_double(first) {
            double_quoted(rest)
        } else if let Some(length) = braced_variable(rest) {
            code(rest, length)
        } else if first == '$' {
            variable(rest)
        } else if is_word(first) {
            word(rest, 0)
        } else if is_dash(first) && rest.chars().nth(1).is_some_and(char::is_alphabetic) {
            word(rest, first.len_utf8())
        } else {
            code(rest, first.len_utf8())
        };
        rest = behind;
        let Token::Literal(part) = &token else {
            list.push(token);
            continue;
        };
        let is_part = bare_word::goes_on(&list, part);
        match list.last_mut() {
            // Quotes inside a bare word are no part of it: `us""er` is `user`.
            Some(Token::Code(word)) if is_part => {
                let (letters, behind) = bare_word::letters(rest);
                word.to_mut().push_str(&[part.as_str(), letters].concat());
                rest = behind;
            }
            _ => list.push(token),
        }
    }
    Some(list)
}

/// A comment, which separates as white space does.
fn comment(text: &str, end: Option<usize>) -> (Token<'_>, &str) {
    let (comment, behind) = text.split_at_checked(end.unwrap_or(text.len())).unwrap_or((text, ""));
    (Token::Blank(comment), behind)
}

/// Scopes and drives that may stand before a variable's name.
const SCOPES: [&str; 7] = ["env", "global", "script", "local", "private", "variable", "using"];

/// A variable with its scope or drive: `$env:ComSpec`.
fn variable(text: &str) -> (Token<'_>, &str) {
    let after = text.strip_prefix('$').unwrap_or(text);
    if after.starts_with(['?', '^', '$']) {
        return code(text, 2);
    }
    let colon = after.bytes().take(9).position(|byte| byte == b':');
    if let Some((scope, name)) =
        colon.and_then(|at| Some((after.get(..at)?, after.get(at.saturating_add(1)..)?)))
        && SCOPES.iter().any(|known| known.eq_ignore_ascii_case(scope))
        && !name.starts_with(':')
    {
        return word(text, scope.len().saturating_add(2));
    }
    word(text, 1)
}

#[inline(never)]
fn code(text: &str, length: usize) -> (Token<'_>, &str) {
    let (word, behind) = text.split_at_checked(length).unwrap_or((text, ""));
    (Token::Code(Cow::Borrowed(word)), behind)
}

fn blank(text: &str) -> (Token<'_>, &str) {
    let behind = text.trim_start();
    let length = text.len().saturating_sub(behind.len());
    (Token::Blank(text.get(..length).unwrap_or_default()), behind)
}

/// A word, without the backticks in it; `skip` bytes before it belong to it.
#[inline(never)]
fn word(text: &str, skip: usize) -> (Token<'_>, &str) {
    let tail = text.get(skip..).unwrap_or_default();
    // An operator ends where a variable begins: `-join$x`.
    let operator = skip > 0 && text.starts_with(is_dash);
    let letters = WORD.run(tail.as_bytes());
    let length = if operator || tail.as_bytes().get(letters).is_some_and(|byte| !byte.is_ascii()) {
        tail.find(|c: char| !is_word(c) || (operator && c == '$')).unwrap_or(tail.len())
    } else {
        letters
    };
    let length = length.saturating_add(skip);
    let (word, behind) = text.split_at_checked(length).unwrap_or((text, ""));
    // A backtick before a line break continues the line; one inside or before a word hides it.
    let bare = word.strip_suffix('`').unwrap_or(word);
    if bytes::find(bare.as_bytes(), b'`').is_none() {
        return (Token::Code(Cow::Borrowed(word)), behind);
    }
    let mut clean: String = bare.chars().filter(|&c| c != '`').collect();
    clean.push_str(word.get(bare.len()..).unwrap_or_default());
    (Token::Code(Cow::Owned(clean)), behind)
}

/// `'text'`, in which a doubled quote is one. Without its end it is code.
fn single_quoted(text: &str) -> (Token<'_>, &str) {
    let inside = behind_first(text);
    // Most strings stand as they are.
    if let Some(end) = IN_SINGLE.find(inside)
        && inside.get(end..).is_some_and(|from| from.starts_with(is_single))
        && let Some((value, from)) = inside.split_at_checked(end)
        && !behind_first(from).starts_with(is_single)
    {
        return (Token::Literal(value.into()), behind_first(from));
    }
    let mut value = String::new();
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        if !is_single(c) {
            value.push(c);
            continue;
        }
        let behind = chars.as_str();
        if !behind.starts_with(is_single) {
            return (Token::Literal(value.into()), behind);
        }
        chars.next();
        value.push('\'');
    }
    code(text, text.len())
}

/// A here-string, `@'` and a line break to a line break and `'@`. Source: about_Quoting_Rules.
fn here_string(text: &str) -> Option<(Token<'_>, &str)> {
    let inside = text.strip_prefix('@')?;
    let quote = inside.chars().next().filter(|&c| is_single(c) || is_double(c))?;
    let inside = behind_first(inside);
    let line = inside.strip_prefix("\r\n").or_else(|| inside.strip_prefix('\n'))?;
    let end = if is_single(quote) { "\n'@" } else { "\n\"@" };
    let (value, behind) = line.split_once(end)?;
    let constant = is_single(quote) || !EXPANDED.is_in(value);
    let length = text.len().saturating_sub(behind.len());
    let value = value.strip_suffix('\r').unwrap_or(value);
    Some(if constant { (Token::Literal(value.into()), behind) } else { code(text, length) })
}

/// Returns what follows the first character.
fn behind_first(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.as_str()
}

/// `"text"`: a literal when no variable stands in it, else code as written.
fn double_quoted(text: &str) -> (Token<'_>, &str) {
    let mut value = String::new();
    let mut constant = true;
    let mut rest = behind_first(text);
    while let Some((plain, from)) = IN_DOUBLE.find(rest).and_then(|at| rest.split_at_checked(at)) {
        value.push_str(plain);
        let mut chars = from.chars();
        let Some(c) = chars.next() else { break };
        if c == '`' {
            value.extend(chars.next().and_then(escaped));
        } else if is_double(c) {
            let behind = chars.as_str();
            if !behind.starts_with(is_double) {
                let length = text.len().saturating_sub(behind.len());
                return if constant { (Token::Literal(value.into()), behind) } else { code(text, length) };
            }
            chars.next();
            value.push('"');
        } else {
            constant &= c != '$';
            value.push(c);
        }
        rest = chars.as_str();
    }
    code(text, text.len())
}

/// Returns what a backtick and this character stand for. Source: about_Special_Characters.
pub(super) const fn escaped(c: char) -> Option<char> {
    match c {
        '0' => None,
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\u{b}'),
        _ => Some(c),
    }
}

/// Returns how long a variable in braces is: `${name}`.
fn braced_variable(text: &str) -> Option<usize> {
    /// Longest name that is one.
    const MAX_NAME: usize = 128;
    let inside = text.strip_prefix("${")?;
    let length = inside.bytes().take(MAX_NAME).position(|b| b == b'}').filter(|&length| length > 0)?;
    Some(length.saturating_add(3))
}

/// Writes tokens as a script again: literals in single quotes, or bare where they name a command. `None` when that
/// costs more than is left.
pub(super) fn write(tokens: &[Token<'_>], work: &Work) -> Option<String> {
    let length = |token: &Token<'_>| match token {
        Token::Literal(value) => value.len().saturating_add(2),
        Token::Code(text) => text.len(),
        Token::Blank(text) => text.len(),
    };
    let bytes: usize = tokens.iter().map(length).sum();
    work.spend(tokens.len().saturating_mul(60).saturating_add(bytes.saturating_mul(6))).then_some(())?;
    let mut out = String::with_capacity(bytes);
    let mut tokens = tokens.iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            Token::Code(text) => out.push_str(text),
            Token::Blank(text) => out.push_str(text),
            Token::Literal(value) => {
                let called = matches!(tokens.peek(), Some(Token::Code(code)) if code.as_ref() == "(");
                write_literal(&mut out, value.as_str(), called);
            }
        }
    }
    Some(out)
}

fn write_literal(out: &mut String, value: &str, glued: bool) {
    const LONGEST: usize = 64;
    let simple = !value.is_empty()
        && value.len() <= LONGEST
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let bare = out.trim_end_matches(' ');
    if simple && bare.ends_with('&') && !bare.ends_with("&&") {
        let length = bare.len().saturating_sub(1);
        out.truncate(length);
        out.push_str(value);
    } else if simple && out.ends_with('.') {
        // The dot operator: a name glued to it would be a member's.
        out.push(' ');
        out.push_str(value);
    } else {
        out.push('\'');
        push_doubled(out, value);
        out.push('\'');
        return;
    }
    if glued {
        out.push(' ');
    }
}

/// Adds a text with its single quotes doubled.
fn push_doubled(out: &mut String, value: &str) {
    let mut rest = value;
    while let Some((before, behind)) = bytes::split_once(rest, b'\'') {
        out.push_str(before);
        out.push_str("''");
        rest = behind;
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(script: &str) -> String {
        let work = Work::unlimited();
        write(&tokens(script, &work).unwrap(), &work).unwrap()
    }

    #[test]
    fn writing_tokens_gives_back_an_ordinary_script() {
        for script in [
            "Get-ChildItem C:\\x | Where-Object { $_.Name -eq 'a' } # comment",
            "$x = \"a $b c\"; if ($x -match '^a') { exit 1 }",
            "& 'C:\\my files\\x.ps1' -a",
            "'it''s'",
            "'unclosed",
            "\"unclosed $x",
            "",
            "a `\r\n b",
        ] {
            assert_eq!(again(script), script);
        }
    }

    #[test]
    fn bare_words_lose_their_quotes() {
        for (script, plain) in [
            (r#"net us""er"#, "net user"),
            ("ne''t us'er'", "net user"),
            (r#"C:\Win""dows\sys'tem32'\ca""lc.exe"#, r"C:\Windows\system32\calc.exe"),
            (r#"new-ob"je"ct x"#, "new-object x"),
            (r#";nets""tat -a""no|fin""dstr 1""27"#, ";netstat -ano|findstr 127"),
            ("a|f x -w'hid'den", "a|f x -whidden"),
            // Strings of their own, and operators before one.
            ("f 'a''b' \"c\"", "f 'a''b' 'c'"),
            ("$x.Length-join''", "$x.Length-join''"),
            ("$x -split'a' -f'b'", "$x -split'a' -f'b'"),
            ("f ('a' -f'b')", "f ('a' -f'b')"),
            ("'a' -f'b'", "'a' -f'b'"),
            ("-join'a'", "-join'a'"),
            ("$x=(f y) -join'a'", "$x=(f y) -join'a'"),
            ("foreach($c in'a','b'){return'x'}", "foreach($c in'a','b'){return'x'}"),
            ("[char]'a'", "[char]'a'"),
            ("f 'a b'c", "f 'a b'c"),
        ] {
            assert_eq!(again(script), plain);
        }
    }

    #[test]
    fn words_lose_their_backticks() {
        assert_eq!(again("i`e`x (N`ew-Obj`ect x)"), "iex (New-Object x)");
    }
}
