//! A PowerShell script as a flat list of tokens: constant strings, and everything else as written.

use std::borrow::Cow;

use crate::command::environment::powershell_reference;

/// One token of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A string whose value is known.
    Literal(String),
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

/// Automatic variables of known value, used to pick letters from.
/// Source: about_Automatic_Variables and about_Preference_Variables.
const AUTOMATIC: &[(&str, &str)] = &[
    ("$pshome", r"C:\Windows\System32\WindowsPowerShell\v1.0"),
    ("$shellid", "Microsoft.PowerShell"),
    ("$verbosepreference", "SilentlyContinue"),
    ("$debugpreference", "SilentlyContinue"),
    ("$warningpreference", "Continue"),
    ("$confirmpreference", "High"),
];

const fn is_single(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}'..='\u{201b}')
}

pub(super) const fn is_double(c: char) -> bool {
    matches!(c, '"' | '\u{201c}'..='\u{201e}')
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '`')
}

/// Splits a script into tokens. One pass.
pub(super) fn tokens(script: &str) -> Vec<Token<'_>> {
    let mut list = Vec::new();
    let mut rest = script;
    while let Some(first) = rest.chars().next() {
        let (token, behind) = if first.is_whitespace() {
            blank(rest)
        } else if is_single(first) {
            single_quoted(rest)
        } else if is_double(first) {
            double_quoted(rest)
        } else if let Some(variable) = known_variable(rest) {
            variable
        } else if let Some(length) = braced_variable(rest) {
            code(rest, length)
        } else if is_word(first) {
            word(rest, 0)
        } else if first == '-' && rest.chars().nth(1).is_some_and(char::is_alphabetic) {
            word(rest, 1)
        } else {
            code(rest, first.len_utf8())
        };
        list.push(token);
        rest = behind;
    }
    list
}

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
fn word(text: &str, skip: usize) -> (Token<'_>, &str) {
    let tail = text.get(skip..).unwrap_or_default();
    let length = tail.find(|c: char| !is_word(c)).map_or(text.len(), |at| at.saturating_add(skip));
    let (word, behind) = text.split_at_checked(length).unwrap_or((text, ""));
    // A backtick before a line break continues the line; one inside or before a word hides it.
    let bare = word.strip_suffix('`').unwrap_or(word);
    if !bare.contains('`') {
        return (Token::Code(Cow::Borrowed(word)), behind);
    }
    let mut clean: String = bare.chars().filter(|&c| c != '`').collect();
    clean.push_str(word.get(bare.len()..).unwrap_or_default());
    (Token::Code(Cow::Owned(clean)), behind)
}

/// `'text'`, in which a doubled quote is one. Without its end it is code.
fn single_quoted(text: &str) -> (Token<'_>, &str) {
    let mut value = String::new();
    let mut chars = text.chars();
    chars.next();
    while let Some(c) = chars.next() {
        if !is_single(c) {
            value.push(c);
            continue;
        }
        let behind = chars.as_str();
        if !behind.starts_with(is_single) {
            return (Token::Literal(value), behind);
        }
        chars.next();
        value.push('\'');
    }
    code(text, text.len())
}

/// `"text"`: a literal when no variable stands in it, else code as written.
fn double_quoted(text: &str) -> (Token<'_>, &str) {
    let mut value = String::new();
    let mut constant = true;
    let mut chars = text.chars();
    chars.next();
    while let Some(c) = chars.next() {
        if c == '`' {
            value.extend(chars.next().and_then(escaped));
        } else if is_double(c) {
            let behind = chars.as_str();
            if !behind.starts_with(is_double) {
                let length = text.len().saturating_sub(behind.len());
                return if constant { (Token::Literal(value), behind) } else { code(text, length) };
            }
            chars.next();
            value.push('"');
        } else {
            constant &= c != '$';
            value.push(c);
        }
    }
    code(text, text.len())
}

/// What a backtick and this character stand for. Source: about_Special_Characters.
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

/// A variable of known value out of which the script picks letters: `$env:ComSpec[4,24,25]`.
fn known_variable(text: &str) -> Option<(Token<'_>, &str)> {
    let after = text.strip_prefix('$')?;
    if let Some((value, behind)) = powershell_reference(after) {
        return behind.starts_with('[').then(|| (Token::Literal(value.to_owned()), behind));
    }
    let length = after.find(|c: char| !is_word(c)).map_or(text.len(), |at| at.saturating_add(1));
    let (name, behind) = text.split_at_checked(length)?;
    let picks = behind.starts_with('[') || behind.starts_with('.');
    let (_, value) = AUTOMATIC.iter().find(|(known, _)| picks && known.eq_ignore_ascii_case(name))?;
    Some((Token::Literal((*value).to_owned()), behind))
}

/// How long a variable in braces is: `${name}`.
fn braced_variable(text: &str) -> Option<usize> {
    /// Longest name that is one.
    const MAX_NAME: usize = 128;
    let inside = text.strip_prefix("${")?;
    let length = inside.bytes().take(MAX_NAME).position(|b| b == b'}').filter(|&length| length > 0)?;
    Some(length.saturating_add(3))
}

/// Writes tokens as a script again: literals in single quotes, or bare where they name a command or member.
pub(super) fn write(tokens: &[Token<'_>]) -> String {
    let mut out = String::new();
    for token in tokens {
        match token {
            Token::Code(text) => out.push_str(text),
            Token::Blank(text) => out.push_str(text),
            Token::Literal(value) => write_literal(&mut out, value),
        }
    }
    out
}

fn write_literal(out: &mut String, value: &str) {
    let simple =
        !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if simple && out.ends_with('&') && !out.ends_with("&&") {
        out.pop();
        out.push_str(value);
    } else if simple && out.ends_with('.') {
        // The dot operator at the beginning, or a member's name.
        out.push_str(value);
    } else {
        out.push('\'');
        out.push_str(&value.replace('\'', "''"));
        out.push('\'');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(write(&tokens(script)), script);
        }
    }

    #[test]
    fn words_lose_their_backticks() {
        assert_eq!(write(&tokens("i`e`x (N`ew-Obj`ect x)")), "iex (New-Object x)");
    }
}
