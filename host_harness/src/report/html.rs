//! Text in HTML. Whatever comes from a record goes through here.
//!
//! By hand: maud 0.27 and askama 0.16 bring three and seven packages, and escape `&`, `<`, `>` and quotes only. A page of
//! findings must also show characters that are not seen, so each text would pass through `escape` and then be exempted
//! from the template's own escaping.

use crate::text::invisible::is_invisible;

/// A text as HTML, also in an attribute's value: what a browser would take for markup is escaped, and what would not be
/// seen, or would reorder or hide other text, is shown by its number.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\r' => {}
            c if c.is_control() || is_invisible(c) || is_none(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Returns true for a noncharacter, which XML and HTML do not allow.
const fn is_none(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A text on one line.
pub(super) fn line(text: &str) -> String {
    escape(&text.split(['\n', '\r', '\t']).collect::<Vec<_>>().join(" "))
}

/// A text with the words that decided in `<mark>`. Each comes with the names of what it decided.
pub(super) fn marked(text: &str, words: &[(&str, &str)]) -> String {
    let characters: Vec<char> = text.chars().collect();
    let folded: Vec<char> = characters.iter().copied().map(fold).collect();
    let mut places: Vec<(usize, usize, &str)> = Vec::new();
    for (word, name) in words {
        let word: Vec<char> = uncut(word).chars().map(fold).collect();
        if word.is_empty() {
            continue;
        }
        let mut at = 0_usize;
        while let Some(window) = folded.get(at..at.saturating_add(word.len())) {
            if window == word {
                places.push((at, at + word.len(), name));
                at += word.len();
            } else {
                at += 1;
            }
        }
    }
    // A rule that looks at the whole text marks all of it, which hides what the others found.
    let narrow = |(start, end, _): &(usize, usize, &str)| (end - start) * 5 < characters.len() * 4;
    if places.iter().any(narrow) {
        places.retain(narrow);
    }
    let mut edges: Vec<usize> = places.iter().flat_map(|(start, end, _)| [*start, *end]).collect();
    edges.extend([0, characters.len()]);
    edges.sort_unstable();
    edges.dedup();
    let mut out = String::new();
    for (start, end) in edges.iter().zip(edges.iter().skip(1)) {
        let part: String = characters.get(*start..*end).unwrap_or_default().iter().collect();
        let mut names: Vec<&str> =
            places.iter().filter(|(s, e, _)| s <= start && end <= e).map(|(_, _, name)| *name).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            out.push_str(&escape(&part));
        } else {
            out.push_str(&format!("<mark title=\"{}\">{}</mark>", escape(&names.join("\n")), escape(&part)));
        }
    }
    out
}

/// A match without the mark that it was cut.
fn uncut(word: &str) -> &str {
    match word.rsplit_once("… (") {
        Some((before, rest)) if rest.ends_with(" characters)") => before,
        _ => word,
    }
}

/// Lower case, letter by letter.
fn fold(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => c,
    }
}

/// A link to another page; text alone when the address is none.
pub(super) fn link(address: &str, text: &str) -> String {
    if crate::rules::attack::is_address(address) {
        format!("<a href=\"{}\" rel=\"noreferrer noopener\">{}</a>", escape(address), escape(text))
    } else {
        escape(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_markup_and_everything_is_seen() {
        assert_eq!(escape("</script><b a='\"'>&\n"), "&lt;/script&gt;&lt;b a=&#39;&quot;&#39;&gt;&amp;\n");
        assert_eq!(
            escape("exe.\u{202e}txt\u{7}\u{0}\u{ad}\u{feff}"),
            r"exe.\u{202e}txt\u{7}\u{0}\u{ad}\u{feff}"
        );
        assert_eq!(escape("Aufgabe für 表"), "Aufgabe für 表");
        assert_eq!(line("a\r\nb\tc"), "a  b c");
    }

    #[test]
    fn words_are_marked_in_any_case() {
        assert_eq!(
            marked("IEX (New-Object Net.WebClient)", &[("net.webclient", "Cradle"), ("iex", "<Run>")]),
            "<mark title=\"&lt;Run&gt;\">IEX</mark> (New-Object <mark title=\"Cradle\">Net.WebClient</mark>)"
        );
        assert_eq!(marked("abcabc", &[("ab", "1"), ("bc", "2")]).matches("<mark").count(), 6);
        assert_eq!(
            marked("whole text", &[("whole text", "a"), ("text", "b")]),
            "whole <mark title=\"b\">text</mark>"
        );
        assert_eq!(marked("whole", &[("whole", "a")]), "<mark title=\"a\">whole</mark>");
        assert_eq!(
            marked("abcdef <x>", &[("abc… (300 characters)", "a")]),
            "<mark title=\"a\">abc</mark>def &lt;x&gt;"
        );
        assert_eq!(marked("", &[("a", "b"), ("", "c")]), "");
    }

    #[test]
    fn only_web_pages_are_linked() {
        assert_eq!(link("javascript:alert(1)", "x"), "x");
        assert_eq!(
            link("https://e.example/\"onclick=1", "x"),
            "<a href=\"https://e.example/&quot;onclick=1\" rel=\"noreferrer noopener\">x</a>"
        );
    }

    proptest! {
        #[test]
        fn marks_lose_no_text(text in "[a-cé<&\u{202e}]{0,30}", word in "[a-c<]{0,4}", other in "[a-c]{0,4}") {
            let marked = marked(&text, &[(&word, "n"), (&other, "m")]);
            let plain = marked.replace("</mark>", "");
            let plain: String = plain.split("<mark title=").map(|part| part.split_once("\">").map_or(part, |(_, rest)| rest)).collect();
            prop_assert_eq!(plain, escape(&text));
        }
    }
}
