//! The built-in command `start`.
//!
//! Source: `start /?`.

use super::{is_delimiter, split_word};

/// The command line that `start` names, without its switches and its title.
pub(in crate::command) fn start(arguments: &str) -> &str {
    let mut rest = arguments.trim_start_matches(is_delimiter);
    let mut titled = false;
    loop {
        if let Some(inside) = rest.strip_prefix('"').filter(|_| !titled) {
            // The first quoted word is a title, unless nothing follows it.
            let behind =
                inside.split_once('"').map_or("", |(_, behind)| behind.trim_start_matches(is_delimiter));
            if behind.is_empty() {
                return rest;
            }
            titled = true;
            rest = behind;
        } else if rest.starts_with('/') {
            let (switch, behind) = split_word(rest);
            let valued = ["/d", "/node", "/affinity", "/machine"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(switch));
            rest = if valued { split_word(behind).1 } else { behind };
        } else {
            return rest;
        }
    }
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
            ("/b calc", "calc"),
            ("", ""),
        ] {
            assert_eq!(start(arguments), line);
        }
    }
}
