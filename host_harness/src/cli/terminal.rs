//! Text for a terminal: as wide as it is, and nothing in it that a terminal obeys.
use console::measure_text_width;
use schtag_host::invisible::is_invisible;
use std::env;
use std::io::{IsTerminal, stdout};

/// The width of what is no terminal, in columns.
const DEFAULT_WIDTH: usize = 100;
/// A narrower terminal is written to as if it had this width.
const LEAST_WIDTH: usize = 40;

/// What the output is written to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Columns.
    pub(crate) width: usize,
    /// Whether it shows colours.
    pub(crate) colours: bool,
}

impl Terminal {
    /// Standard output. It has colours when it is a terminal and the user has not set NO_COLOR
    /// (<https://no-color.org>).
    pub(crate) fn of_standard_output() -> Self {
        let size = console::Term::stdout().size_checked();
        let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || env::var_os("TERM").is_some_and(|value| value == "dumb");
        let width = size.map_or(DEFAULT_WIDTH, |(_, columns)| columns.into());
        Self::new(width, stdout().is_terminal() && !unwanted)
    }

    pub(crate) fn new(width: usize, colours: bool) -> Self {
        Self { width: width.max(LEAST_WIDTH), colours }
    }

    /// The text in a style, where there are colours.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        if self.colours && !text.is_empty() {
            format!("\x1b[{}m{text}\x1b[0m", style.code())
        } else {
            text.into()
        }
    }
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Bold,
    Dim,
    Red,
    Yellow,
    Green,
}

impl Style {
    /// The parameters of SGR (ECMA-48, 8.3.117).
    const fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Red => "1;31",
            Self::Yellow => "1;33",
            Self::Green => "1;32",
        }
    }
}

/// The text on one line, with everything escaped that a terminal would obey instead of showing it, or that would
/// reorder or hide other text: an attacker chooses what a task is called.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' => out.push('⏎'),
            '\t' => out.push(' '),
            _ if character.is_control() || is_invisible(character) => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out
}

/// At most `width` columns of a text, with a mark where there is more.
pub(crate) fn cut(text: &str, width: usize) -> String {
    wrap(text, width, 1).pop().unwrap_or_default()
}

/// A text in lines of at most `width` columns (three or more), at most `limit` of them, with a mark where there is more. Lines are
/// broken at blanks where that leaves them reasonably full, and anywhere else.
pub(crate) fn wrap(text: &str, width: usize, limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while lines.len() < limit && !rest.is_empty() {
        let Some(fit) = fitting(rest, width) else {
            lines.push(rest.trim_end().to_owned());
            break;
        };
        if lines.len() + 1 == limit {
            let (line, _) = rest.split_at(fitting(rest, width.saturating_sub(1)).unwrap_or(fit));
            lines.push(format!("{}…", line.trim_end()));
            break;
        }
        let (line, _) = rest.split_at(fit);
        let (line, _) = match line.rfind(' ') {
            Some(blank) if blank > fit / 2 => rest.split_at(blank + 1),
            _ => (line, ""),
        };
        lines.push(line.trim_end().to_owned());
        rest = rest.strip_prefix(line).unwrap_or_default();
    }
    lines
}

/// How many bytes of a text fit into `width` columns, one character at least; nothing when all of it does.
fn fitting(text: &str, width: usize) -> Option<usize> {
    let mut columns = 0;
    for (at, character) in text.char_indices() {
        columns += measure_text_width(character.encode_utf8(&mut [0; 4]));
        if columns > width && at > 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn colours_are_only_where_they_are_wanted() {
        assert_eq!(Terminal::new(80, false).paint(Style::Bold, "a"), "a");
        assert_eq!(Terminal::new(80, true).paint(Style::Red, "a"), "\x1b[1;31ma\x1b[0m");
        assert_eq!(Terminal::new(80, true).paint(Style::Red, ""), "");
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        for (text, shown) in [
            (r"C:\new\table", r"C:\new\table"),
            ("a\r\nb\nc\td", "a⏎b⏎c d"),
            ("\x1b[2J\u{9b}2J\x07\x7f", r"\u{1b}[2J\u{9b}2J\u{7}\u{7f}"),
            ("exe.\u{202e}txt\u{200b}", r"exe.\u{202e}txt\u{200b}"),
            ("Aufgabe für 表", "Aufgabe für 表"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn lines_break_at_blanks_where_there_are_some() {
        assert_eq!(wrap("", 5, 3), [""; 0]);
        assert_eq!(wrap("abcde", 5, 3), ["abcde"]);
        assert_eq!(wrap("one two three", 8, 3), ["one two", "three"]);
        assert_eq!(wrap("a bcdefghijkl", 8, 3), ["a bcdefg", "hijkl"]);
        assert_eq!(wrap("abcdefghijkl", 4, 2), ["abcd", "efg…"]);
        assert_eq!(wrap("表表表", 5, 3), ["表表", "表"]);
        assert_eq!(cut("abcdef", 5), "abcd…");
        assert_eq!(cut("ab   cdef", 5), "ab…");
    }

    proptest! {
        #[test]
        fn wrapping_keeps_everything_within_the_width(text in "[a-z表é ]{0,60}", width in 3_usize..20) {
            let lines = wrap(&text, width, usize::MAX);
            for line in &lines {
                prop_assert!(measure_text_width(line) <= width, "{line:?}");
            }
            let letters = |text: &str| text.replace(' ', "");
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
            prop_assert!(measure_text_width(&cut(&text, width)) <= width);
        }
    }
}
