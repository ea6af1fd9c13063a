//! The task definition in a text, however escaped.

use crate::bytes;

/// The most words that are tried for one that is the tag.
const TRIES: usize = 64;

/// The parts of a text: what stands before the task definition, the definition, however escaped, and what stands after
/// it.
pub(super) fn split(text: &str) -> (&str, Option<&str>, &str) {
    let Some((head, rest)) = start(text).and_then(|at| text.split_at_checked(at)) else {
        return (text, None, "");
    };
    let (content, tail) = rest.split_at_checked(end(rest)).unwrap_or((rest, ""));
    (head, Some(content), tail)
}

/// Where the definition begins in a text: the tag of `Task`, or the declaration right before it.
fn start(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0_usize;
    for _ in 0..TRIES {
        let at = from.checked_add(bytes::find_text(bytes.get(from..)?, "Task")?)?;
        from = at.checked_add("Task".len())?;
        let before = bytes.get(..at)?;
        // `<t:Task`.
        let prefixed = before.strip_suffix(b":").map_or(before, |before| {
            let length = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            before.get(..before.len().saturating_sub(length)).unwrap_or(before)
        });
        if bytes.get(from).is_some_and(u8::is_ascii_alphanumeric) {
            continue;
        }
        let Some(open) = opening(prefixed) else { continue };
        let near = bytes.get(open.saturating_sub(DECLARATION)..open)?;
        let declaration = bytes::find_text(near, "?xml").and_then(|at| opening(near.get(..at)?));
        return Some(declaration.map_or(open, |at| open.saturating_sub(near.len()).saturating_add(at)));
    }
    None
}

/// The longest declaration, with what separates it from the tag, in bytes.
const DECLARATION: usize = 160;

/// Where `<` begins that a text ends with, however escaped.
fn opening(text: &[u8]) -> Option<usize> {
    let ends =
        |forms: &[&str]| forms.iter().find_map(|form| text.strip_suffix(form.as_bytes())).map(<[u8]>::len);
    if let Some(at) = ends(&["<", "\\u003c", "\\u003C", "\\x3c", "%3C", "%3c"]) {
        return Some(at);
    }
    let mut before = text.get(..ends(&["lt;", "#60;", "#x3c;", "#x3C;"])?)?;
    while let Some(outer) = before.strip_suffix(b"amp;") {
        before = outer;
    }
    Some(before.strip_suffix(b"&")?.len())
}

/// Where the definition ends that a text begins with: behind its last end tag, or at the end of the text.
fn end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut from, mut end) = (0_usize, None);
    while let Some(at) = bytes.get(from..).and_then(|rest| bytes::find_text(rest, "/Task")) {
        from = from.saturating_add(at).saturating_add("/Task".len());
        let rest = bytes.get(from..).unwrap_or_default();
        if !rest.first().is_some_and(u8::is_ascii_alphanumeric) {
            let near = rest.get(..24).unwrap_or(rest);
            let length = |tag: &str| bytes::find_text(near, tag).map(|at| at.saturating_add(tag.len()));
            let closed = [">", "gt;", "#62;", "u003e", "u003E"].into_iter().filter_map(length).min();
            end = Some(from.saturating_add(closed.unwrap_or(0)));
        }
    }
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_definition_is_found_under_any_escaping() {
        for (text, wanted) in [
            ("a <Task/>", Some("<Task/>")),
            ("a <?xml version='1.0'?>\n<Task>x</Task> b", Some("<?xml version='1.0'?>\n<Task>x</Task>")),
            (
                "&lt;?xml?&gt; &lt;Task a&gt;x&lt;/Task&gt;, b",
                Some("&lt;?xml?&gt; &lt;Task a&gt;x&lt;/Task&gt;"),
            ),
            (
                "&amp;amp;lt;Task&amp;amp;gt;&amp;amp;lt;/Task&amp;amp;gt;.",
                Some("&amp;amp;lt;Task&amp;amp;gt;&amp;amp;lt;/Task&amp;amp;gt;"),
            ),
            ("\\u003cTask\\u003e\\u003c/Task\\u003e,", Some("\\u003cTask\\u003e\\u003c/Task\\u003e")),
            ("x <t:Task>cut", Some("<t:Task>cut")),
            ("Task Name: <TaskName>x</TaskName> Task", None),
            ("", None),
        ] {
            assert_eq!(split(text).1, wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_split(text in "(<|&lt;|&amp;|Task|/Task|>|&gt;|é| |\\?xml|\\\\u003c){0,40}") {
            let (head, content, tail) = split(&text);
            prop_assert_eq!([head, content.unwrap_or_default(), tail].concat(), text);
        }
    }
}
