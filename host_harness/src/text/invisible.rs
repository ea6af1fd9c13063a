//! Characters that are not seen, and how a text is shown that may hold some.
//!
//! An attacker chooses what a task, a file, a rule or an export is called. A terminal obeys some characters instead of
//! showing them, and others hide or reorder what stands beside them.

/// Tells characters that show nothing of their own: controls (C0, DEL and C1), format characters (category Cf), separators
/// of lines and paragraphs, fillers and selectors (Unicode's Default_Ignorable_Code_Point), the blank Braille pattern,
/// and what is no character. Ordinary blanks are not among them.
///
/// Source: Unicode 16.0, DerivedGeneralCategory.txt and DerivedCoreProperties.txt.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || c as u32 & 0xfffe == 0xfffe
}

/// Returns the text on one line, with each invisible character written as its number, such as `\u{1b}`. A line end
/// becomes `⏎`, and a tab a blank.
pub(crate) fn visible(text: &str) -> String {
    visible_but(text, |_| false)
}

/// As [`visible`]; the characters that `kept` names stay as they are.
pub(crate) fn visible_but(text: &str, kept: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            _ if kept(character) => out.push(character),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' => out.push('⏎'),
            '\t' => out.push(' '),
            _ if is_invisible(character) => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_escaped_and_what_is_seen_stays() {
        for (text, shown) in [
            (r"C:\new\table", r"C:\new\table"),
            ("a\r\nb\nc\td\re", "a⏎b⏎c d⏎e"),
            ("\x1b[2J\u{9b}2J\x07\x7f", r"\u{1b}[2J\u{9b}2J\u{7}\u{7f}"),
            ("exe.\u{202e}txt\u{200b}", r"exe.\u{202e}txt\u{200b}"),
            ("a\u{2066}b\u{feff}c\u{e0041}d", r"a\u{2066}b\u{feff}c\u{e0041}d"),
            ("\u{3164}\u{115f}\u{2800}\u{34f}\u{fe0f}", r"\u{3164}\u{115f}\u{2800}\u{34f}\u{fe0f}"),
            ("\u{fdd0}\u{ffff}\u{10fffe}", r"\u{fdd0}\u{ffff}\u{10fffe}"),
            ("Aufgabe für 表 \u{a0}é \u{1f600}", "Aufgabe für 表 \u{a0}é \u{1f600}"),
        ] {
            assert_eq!(visible(text), shown);
            assert_eq!(visible(&visible(text)), shown, "twice is as once");
        }
        assert_eq!(visible_but("a\nb\x1b", |c| c == '\n'), "a\nb\\u{1b}");
    }
}
