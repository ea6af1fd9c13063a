//! Quotes within a bare word of a script, which are no part of it: `us""er` is `user`.

use super::Token;
use crate::powershell::values::Text;

/// Keywords that a string may follow without a blank.
const KEYWORDS: [&str; 3] = ["in", "return", "throw"];
/// Most tokens that a bare word is followed back over.
const MAX_BARE: usize = 12;

/// Returns true when a quoted text is a part of the bare word that the last token belongs to.
pub(super) fn goes_on(list: &[Token<'_>], part: &Text<'_>) -> bool {
    matches!(list.last(), Some(Token::Code(word)) if may_go_on(word, part)) && is_bare(list)
}

/// Returns true when a quoted text may be a part of the word before it.
fn may_go_on(word: &str, part: &Text<'_>) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'\\' | b':');
    word.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && part.as_str().bytes().all(plain)
        && !KEYWORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Returns true when the last token belongs to a bare word: a command, or an argument of one. A word that begins with a
/// dash is an argument only after a command; elsewhere it may be an operator, as in `$x -join''`.
/// Source: `ScanGenericToken` of PowerShell's tokenizer, which takes quotes within such a word out.
fn is_bare(list: &[Token<'_>]) -> bool {
    let is_part = |code: &str| code.starts_with(|c: char| c.is_ascii_alphanumeric() || "_-.:/\\".contains(c));
    let begins = |code: &str| matches!(code, "(" | "{" | ";" | "|" | "&");
    let named = |code: &str| code.starts_with(|c: char| c.is_ascii_alphanumeric());
    let mut before = list.iter().rev();
    let (mut first, mut ended) = ("", false);
    for token in before.by_ref().take(MAX_BARE) {
        match token {
            Token::Code(code) if is_part(code) => first = code,
            Token::Code(code) if begins(code) => ended = true,
            Token::Blank(_) => {}
            _ => return false,
        }
        if ended || matches!(token, Token::Blank(_)) {
            break;
        }
    }
    if !first.starts_with('-') || ended {
        return named(first);
    }
    let mut command = false;
    for token in before.take(MAX_BARE) {
        match token {
            Token::Code(code) if begins(code) => return command,
            Token::Code(code) if matches!(code.as_ref(), ")" | "]" | "}") => return false,
            Token::Code(code) => command = named(code),
            Token::Literal(_) => command = false,
            Token::Blank(_) => {}
        }
    }
    command
}

/// Returns the letters and digits that a text begins with, and what follows them.
pub(super) fn letters(text: &str) -> (&str, &str) {
    let length = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at_checked(length).unwrap_or((text, ""))
}
