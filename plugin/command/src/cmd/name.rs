//! The name of a command, and what follows it.

use super::lexer::is_delimiter;
use crate::tokens::SPACES;

/// Splits a command into its name and what follows, as cmd.exe does: at a delimiter, or where a slash or a
/// bracket follows a name without a folder.
pub(crate) fn split_name(text: &str) -> (&str, &str) {
    /// A built-in command's name is shorter.
    const LONGEST: usize = 24;
    let mut quoted = false;
    let mut end = text.len();
    let mut bare = true;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            _ if is_delimiter(byte) => {
                end = at;
                break;
            }
            b'/' | b'(' | b'+' | b'[' | b']' if at > 0 && at < LONGEST && bare => {
                end = at;
                break;
            }
            b'\\' | b':' | b'.' | b'/' => bare = false,
            _ => {}
        }
    }
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Returns the arguments after the delimiter that ends a name, and after blanks.
pub(super) fn trimmed(arguments: &str) -> &str {
    let arguments = arguments.strip_prefix([',', ';', '=']).unwrap_or(arguments);
    SPACES.trim_start(arguments)
}
