//! Colour, where somebody can see it, and tables.
use std::env;
use std::io::{IsTerminal, stdout};

/// Whether standard output is coloured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    coloured: bool,
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Bad,
    Warning,
    Faint,
    Heading,
}

impl Style {
    /// Coloured on a terminal, unless the environment variable NO_COLOR is set to something
    /// (<https://no-color.org>).
    pub(crate) fn of_stdout() -> Self {
        let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { coloured: stdout().is_terminal() && !unwanted }
    }

    /// The text in its tone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Warning => "33",
            Tone::Faint => "2",
            Tone::Heading => "1",
            Tone::Plain => return text.to_owned(),
        };
        if self.coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Rows under a heading, their cells aligned: to the left, and to the right in the columns named in `right`.
    pub(crate) fn table(self, heading: &[&str], rows: &[Vec<(Tone, String)>], right: &[usize]) -> String {
        let heading: Vec<_> = heading.iter().map(|text| (Tone::Heading, (*text).to_owned())).collect();
        let all = || std::iter::once(&heading).chain(rows);
        let width = |column: usize| all().filter_map(|row| Some(row.get(column)?.1.chars().count())).max();
        let widths: Vec<usize> = (0..heading.len()).map(|column| width(column).unwrap_or(0)).collect();
        let mut out = String::new();
        for row in all() {
            let mut line = String::new();
            for (column, ((tone, text), width)) in row.iter().zip(&widths).enumerate() {
                let padding = " ".repeat(width.saturating_sub(text.chars().count()));
                let (before, after) = if right.contains(&column) { (&*padding, "") } else { ("", &*padding) };
                let gap = if column == 0 { "" } else { "  " };
                line.push_str(&[gap, before, &self.paint(*tone, text), after].concat());
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// A text on one line, without what a terminal would obey, cut to so many characters.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == most {
            shown.push_str(&format!("… ({} characters)", text.chars().count()));
            break;
        }
        match c {
            '\n' => shown.push('⏎'),
            '\r' => {}
            c if c.is_control() => shown.push(' '),
            // Marks that reverse the direction of what follows, with which a text can pretend to be another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => shown.push('\u{fffd}'),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned_and_colour_does_not_count() {
        let row = |a: &str, b: &str| vec![(Tone::Plain, a.to_owned()), (Tone::Bad, b.to_owned())];
        let rows = [row("é", "100"), row("long", "7")];
        let plain = Style { coloured: false }.table(&["a", "nr"], &rows, &[1]);
        assert_eq!(plain, "a      nr\né     100\nlong    7\n");
        let coloured = Style { coloured: true }.table(&["a", "nr"], &rows, &[1]);
        assert!(coloured.contains("é     \x1b[31m100\x1b[0m\n"), "{coloured:?}");
    }

    #[test]
    fn nothing_in_a_value_reaches_the_terminal_as_a_command() {
        assert_eq!(one_line("a\r\nb\x1b[1m\u{202e}c", 20), "a⏎b [1m\u{fffd}c");
        assert_eq!(one_line("abcdef", 3), "abc… (6 characters)");
        assert_eq!(one_line("abc", 3), "abc");
    }
}
