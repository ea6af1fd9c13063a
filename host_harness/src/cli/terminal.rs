//! Words for a terminal: as wide as it is, coloured where somebody can see it, in tables, and with nothing in them that
//! a terminal obeys.
//!
//! Colours are set with marks ([`Terminal::paint`]), which only [`Terminal::rendered`] turns into what a terminal
//! obeys. So an escape sequence that somebody wrote into a name never comes out as one.
pub(crate) use crate::text::invisible::visible;
use crate::text::invisible::visible_but;
use console::measure_text_width;
use std::env;
use std::io::{IsTerminal, stdout};

/// The width of what is no terminal, in columns.
const DEFAULT_WIDTH: usize = 100;
/// A narrower terminal is written to as if it had this width.
const LEAST_WIDTH: usize = 40;

/// The terminal or file that the output goes to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Columns.
    pub(crate) width: usize,
    /// True if it shows colours.
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

    /// Sets a text in a style, where there are colours.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        match style.mark() {
            Some(mark) if self.colours && !text.is_empty() => format!("{mark}{text}{PLAIN}"),
            _ => text.into(),
        }
    }

    /// Aligns rows under a heading: to the left, and to the right in the columns named in `right`.
    pub(crate) fn table(self, heading: &[&str], rows: &[Vec<(Style, String)>], right: &[usize]) -> String {
        let heading: Vec<_> = heading.iter().map(|text| (Style::Bold, (*text).to_owned())).collect();
        let shown = |row: &Vec<(Style, String)>| -> Vec<(Style, String)> {
            row.iter().map(|(style, text)| (*style, visible(text))).collect()
        };
        let all: Vec<_> = std::iter::once(&heading).chain(rows).map(shown).collect();
        let width =
            |column: usize| all.iter().filter_map(|row| Some(measure_text_width(&row.get(column)?.1))).max();
        let widths: Vec<usize> = (0..heading.len()).map(|column| width(column).unwrap_or(0)).collect();
        let mut out = String::new();
        for row in &all {
            let mut line = String::new();
            for (column, ((style, text), width)) in row.iter().zip(&widths).enumerate() {
                let padding = " ".repeat(width.saturating_sub(measure_text_width(text)));
                let (before, after) = if right.contains(&column) { (&*padding, "") } else { ("", &*padding) };
                let gap = if column == 0 { "" } else { "  " };
                line.push_str(&[gap, before, &self.paint(*style, text), after].concat());
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// Makes of lines of words the text that is written to the terminal: a mark of [`Self::paint`] becomes a colour, and
    /// a character that is not seen its number.
    pub(crate) fn rendered(self, lines: &str) -> String {
        let mut out = String::with_capacity(lines.len());
        let mut rest = lines;
        while let Some(at) = rest.find(is_mark) {
            let (before, after) = rest.split_at(at);
            out.push_str(&visible_but(before, |c| c == '\n'));
            let mut characters = after.chars();
            if let Some(code) = characters.next().filter(|_| self.colours).and_then(code) {
                out.push_str(code);
            }
            rest = characters.as_str();
        }
        out.push_str(&visible_but(rest, |c| c == '\n'));
        out
    }
}

/// The style of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Bold,
    Dim,
    Red,
    Yellow,
    Green,
}

/// Ends a style. It is no character, so that no text has it.
const PLAIN: char = '\u{fdd0}';

impl Style {
    const fn mark(self) -> Option<char> {
        match self {
            Self::Plain => None,
            Self::Bold => Some('\u{fdd1}'),
            Self::Dim => Some('\u{fdd2}'),
            Self::Red => Some('\u{fdd3}'),
            Self::Yellow => Some('\u{fdd4}'),
            Self::Green => Some('\u{fdd5}'),
        }
    }
}

/// The control sequence (SGR: ECMA-48, 8.3.117) of a mark.
const fn code(mark: char) -> Option<&'static str> {
    match mark {
        PLAIN => Some("\x1b[0m"),
        '\u{fdd1}' => Some("\x1b[1m"),
        '\u{fdd2}' => Some("\x1b[2m"),
        '\u{fdd3}' => Some("\x1b[1;31m"),
        '\u{fdd4}' => Some("\x1b[1;33m"),
        '\u{fdd5}' => Some("\x1b[1;32m"),
        _ => None,
    }
}

const fn is_mark(c: char) -> bool {
    code(c).is_some()
}

/// Puts what may hold any character, and marks of [`Terminal::paint`], on one line.
pub(crate) fn row(text: &str) -> String {
    visible_but(text, is_mark)
}

/// Shows at most `most` characters of a text, on one line.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => visible(text),
        Some((end, _)) => {
            let start = text.get(..end).unwrap_or_default();
            format!("{}… ({} characters)", visible(start), text.chars().count())
        }
    }
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

/// Returns the number of bytes of a text that fit into `width` columns, at least one character; `None` if all fit.
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
        let colourful = Terminal::new(80, true);
        assert_eq!(colourful.rendered(&colourful.paint(Style::Red, "a")), "\x1b[1;31ma\x1b[0m");
        assert_eq!(colourful.paint(Style::Red, ""), "");
    }

    #[test]
    fn nothing_but_our_own_colours_is_obeyed() {
        let hostile = "a\x1b[2J\x1b]0;t\x07\u{9b}1m\u{202e}\u{200b}b\tc\r\nd";
        let shown = r"a\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}1m\u{202e}\u{200b}b c";
        for terminal in [Terminal::new(80, false), Terminal::new(80, true)] {
            assert_eq!(terminal.rendered("a\nb\x1b"), "a\nb\\u{1b}");
            assert_eq!(row(hostile), format!("{shown}⏎d"));
            let painted = terminal.rendered(&terminal.paint(Style::Red, &row(hostile)));
            let [on, off] = if terminal.colours { ["\x1b[1;31m", "\x1b[0m"] } else { ["", ""] };
            assert_eq!(painted, format!("{on}{shown}⏎d{off}"));
        }
        // Marks of somebody else's making are no colours.
        assert_eq!(visible("\u{fdd3}a"), r"\u{fdd3}a");
        assert_eq!(Terminal::new(80, false).rendered("\u{fdd3}a\u{fdd0}"), "a");
    }

    #[test]
    fn tables_are_aligned_and_colour_does_not_count() {
        let row = |a: &str, b: &str| vec![(Style::Plain, a.to_owned()), (Style::Red, b.to_owned())];
        let rows = [row("é", "100"), row("long", "7"), row("表\n", "1")];
        let plain = Terminal::new(80, false).table(&["a", "nr"], &rows, &[1]);
        assert_eq!(plain, "a      nr\né     100\nlong    7\n表⏎     1\n");
        let coloured = Terminal::new(80, true);
        let coloured = coloured.rendered(&coloured.table(&["a", "nr"], &rows, &[1]));
        assert!(coloured.contains("é     \x1b[1;31m100\x1b[0m\n"), "{coloured:?}");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(one_line("abcdef", 3), "abc… (6 characters)");
        assert_eq!(one_line("abc", 3), "abc");
        assert_eq!(one_line("a\r\nb\x1b[1m\u{202e}c", 20), r"a⏎b\u{1b}[1m\u{202e}c");
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
