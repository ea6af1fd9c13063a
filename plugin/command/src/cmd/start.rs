//! The built-in command `start`.
//!
//! Source: `start /?`.

use super::lexer::{DELIMITERS, is_delimiter};

/// The program or address that `start` opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start<'a> {
    /// The command line, without switches and title. Empty where an address is opened.
    pub(crate) line: &'a str,
    /// The folder of `/d`.
    pub(crate) folder: Option<&'a str>,
}

fn is_space(c: char) -> bool {
    c.is_ascii() && is_delimiter(c as u8)
}

/// Splits at the first blank outside quotes.
fn split_word(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let blank = |c: char| {
        quoted ^= c == '"';
        !quoted && is_space(c)
    };
    let end = text.find(blank).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (word, DELIMITERS.trim_start(rest))
}

/// Reads the arguments of `start`.
pub(crate) fn start(arguments: &str) -> Start<'_> {
    let mut rest = DELIMITERS.trim_start(arguments);
    let mut titled = false;
    let mut folder = None;
    loop {
        if let Some(inside) = rest.strip_prefix('"').filter(|_| !titled) {
            // The first quoted word is a title, unless nothing follows it.
            let behind = inside.split_once('"').map_or("", |(_, behind)| DELIMITERS.trim_start(behind));
            if behind.is_empty() {
                break;
            }
            titled = true;
            rest = behind;
        } else if let Some(switch) = rest.strip_prefix('/') {
            let (word, behind) = split_word(switch);
            let glued =
                word.get(..1).filter(|letter| letter.eq_ignore_ascii_case("d")).and_then(|_| word.get(1..));
            rest = match word.to_ascii_lowercase().as_str() {
                "d" => {
                    let (value, behind) = split_word(behind);
                    folder = Some(value.trim_matches('"'));
                    behind
                }
                "node" | "affinity" | "machine" => split_word(behind).1,
                // `/i/b`, `/min"title"`.
                _ => {
                    if let Some(glued) =
                        glued.filter(|glued| glued.starts_with(['"', '\\']) || glued.contains(':'))
                    {
                        folder = Some(glued.trim_matches('"'));
                    }
                    behind
                }
            };
        } else {
            break;
        }
    }
    let line = if is_address(split_word(rest).0) { "" } else { rest };
    Start { line, folder }
}

/// Returns whether a word is an address that Windows opens with the program of its scheme, not a path.
fn is_address(word: &str) -> bool {
    let word = word.trim_matches('"');
    word.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
            && !scheme.contains(".exe")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_start_starts() {
        for (arguments, line) in [
            (" /min \"\" powershell -c x", "powershell -c x"),
            (" \"title\" /b powershell", "powershell"),
            (" /d C:\\x powershell", "powershell"),
            (" powershell \"a b\"", "powershell \"a b\""),
            (" \"C:\\a b\\x.exe\"", "\"C:\\a b\\x.exe\""),
            (",/b;calc", "calc"),
            (" ms-appinstaller:?source=https://x.example/a", ""),
            (" \"\" search-ms:query=x", ""),
            (" https://x.example", ""),
            (" C:\\x.exe", "C:\\x.exe"),
            ("/b calc", "calc"),
            ("", ""),
        ] {
            assert_eq!(start(arguments).line, line);
        }
        for arguments in [" /d \"C:\\a b\" x", " /D C:\\a,x", " /dC:\\a x"] {
            assert!(start(arguments).folder.is_some_and(|folder| folder.starts_with("C:\\a")), "{arguments}");
        }
    }
}
