//! Text in Markdown.

/// Prose, with what Markdown would take for its own escaped, and addresses as links.
pub(super) fn prose(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let start = word.find("https://").or_else(|| word.find("http://"));
        match start.and_then(|at| word.split_at_checked(at)) {
            Some((before, address)) => {
                let end = address.trim_end_matches(['.', ',', ';', ':', ')']).len();
                let (address, after) = address.split_at_checked(end).unwrap_or((address, ""));
                format!("{}<{address}>{}", escaped(before), escaped(after))
            }
            None => escaped(word),
        }
    });
    let line = words.collect::<Vec<_>>().join(" ");
    // At the start of a line these begin headings and lists.
    if line.starts_with(['#', '+', '-']) { format!("\\{line}") } else { line }
}

/// Text on one line for a cell of a table.
pub(super) fn cell(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    prose(&line.join(" "))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Code within a line; a fence longer than any run of backticks in it holds it.
pub(super) fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.saturating_add(1));
    let blank = if longest > 0 { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// A link.
pub(super) fn link(text: &str, address: &str) -> String {
    format!("[{}]({address})", escaped(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_stays_what_it_is() {
        assert_eq!(prose(r"HKCR\CLSID, *.ps1 and <name>"), r"HKCR\\CLSID, \*.ps1 and \<name\>");
        assert_eq!(
            prose("see https://x.example/a_b, or (http://y)."),
            "see <https://x.example/a_b>, or (<http://y>)."
        );
        assert_eq!(prose("- a | -b"), r"\- a \| -b");
    }

    #[test]
    fn code_may_hold_backticks() {
        assert_eq!(code("a|b"), "`a|b`");
        assert_eq!(code("a``b"), "``` a``b ```");
    }
}
