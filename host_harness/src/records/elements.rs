//! The events and the task definitions in an XML input: each `<Event>` and each `<Task>`, as text.
//!
//! This is no parser: it finds where the elements begin and end, so that damage to one does not hide the others. The
//! filter reads what is in them.

use super::BUFFER;
use std::io::{self, BufRead, BufReader, Read};

/// The longest tag or comment outside of the elements, in bytes. A longer one is text.
const MARKUP: usize = 64 << 10;

/// The elements that are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    /// An event (<https://learn.microsoft.com/windows/win32/wes/eventschema-schema>).
    Event,
    /// A task's definition (<https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema>).
    Task,
}

/// The next finding of an [`Elements`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// An element from its `<` to its `>`.
    Whole(Name, Vec<u8>),
    /// The beginning of one that is cut.
    Cut(Name, Vec<u8>),
    /// One that is longer than the limit, of which nothing is kept.
    TooLong(Name),
}

/// The elements of an input.
pub(crate) struct Elements<'r> {
    input: BufReader<Box<dyn Read + 'r>>,
    /// The longest element that is held, in bytes.
    limit: usize,
    /// The markup that was read last.
    markup: Vec<u8>,
    /// The element that is read, and its name as it is written, with a prefix.
    element: Vec<u8>,
    open: Option<(Name, Vec<u8>)>,
    too_long: bool,
    /// Markup that begins the next element.
    waiting: bool,
    /// The last comment outside of the elements.
    comment: Option<String>,
    /// An error that comes after an element that was cut by it.
    error: Option<io::Error>,
}

impl<'r> Elements<'r> {
    /// Reads `input`, which is UTF-8. `limit` is the longest element, in bytes.
    pub(crate) fn new(input: Box<dyn Read + 'r>, limit: usize) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER, input),
            limit: limit.max(1),
            markup: Vec::new(),
            element: Vec::new(),
            open: None,
            too_long: false,
            waiting: false,
            comment: None,
            error: None,
        }
    }

    /// The next element, or nothing at the end.
    ///
    /// # Errors
    /// When the input cannot be read. What had been read of an element came before the error, as cut.
    pub(crate) fn next_element(&mut self) -> io::Result<Option<Element>> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        loop {
            if !std::mem::take(&mut self.waiting) {
                match self.next_markup() {
                    Ok(true) => {}
                    Ok(false) => return Ok(self.close(false)),
                    Err(error) if self.open.is_none() => return Err(error),
                    Err(error) => {
                        self.error = Some(error);
                        return Ok(self.close(false));
                    }
                }
            }
            let (name, written, is_end, is_empty) = match tag(&self.markup) {
                Some(tag) => tag,
                None => {
                    self.other_markup();
                    continue;
                }
            };
            match &self.open {
                None if is_end || is_empty => {}
                None => {
                    self.open = Some((name, written.to_owned()));
                    self.too_long = false;
                    self.element.clear();
                    self.keep();
                }
                // The one element within the other: the number of the audit category, `<Task>12804</Task>`, is one.
                Some((open, _)) if *open != name => self.keep(),
                Some((_, start)) if is_end && *start == written => {
                    self.keep();
                    return Ok(self.close(true));
                }
                Some(_) if is_end || is_empty => self.keep(),
                // Neither holds one of its kind: the one before was cut.
                Some(_) => {
                    self.waiting = true;
                    return Ok(self.close(false));
                }
            }
        }
    }

    /// The last comment before the element, as `schtasks /query /xml` writes the task's name.
    pub(crate) fn comment(&mut self) -> Option<String> {
        self.comment.take()
    }

    /// Returns whether something of the source is there that has not been looked at.
    pub(crate) fn has_more(&self) -> bool {
        self.waiting || !self.input.buffer().trim_ascii().is_empty()
    }

    fn close(&mut self, whole: bool) -> Option<Element> {
        let (name, _) = self.open.take()?;
        let text = std::mem::take(&mut self.element);
        Some(match whole {
            _ if self.too_long => Element::TooLong(name),
            true => Element::Whole(name, text),
            false => Element::Cut(name, text),
        })
    }

    /// Adds the markup to the element.
    fn keep(&mut self) {
        let markup = std::mem::take(&mut self.markup);
        self.add(&markup);
        self.markup = markup;
    }

    fn add(&mut self, bytes: &[u8]) {
        self.too_long |= self.element.len().saturating_add(bytes.len()) > self.limit;
        if self.too_long {
            self.element = Vec::new();
        } else {
            self.element.extend_from_slice(bytes);
        }
    }

    /// Markup that is no tag of an element that is looked for.
    fn other_markup(&mut self) {
        if self.open.is_some() {
            self.keep();
        } else if let Some(comment) =
            self.markup.strip_prefix(b"<!--").and_then(|rest| rest.strip_suffix(b"-->"))
        {
            self.comment = Some(String::from_utf8_lossy(comment).trim().to_owned());
        }
    }

    /// Reads text, which is kept within an element, and then one piece of markup. `false` at the end of the input, where a
    /// piece that is cut is text.
    fn next_markup(&mut self) -> io::Result<bool> {
        // Text up to `<`.
        loop {
            let available = fill(&mut self.input)?;
            let (text, found) = match memchr::memchr(b'<', available) {
                Some(at) => (available.get(..at).unwrap_or_default().to_owned(), true),
                None => (available.to_owned(), false),
            };
            let is_end = available.is_empty();
            self.input.consume(text.len());
            if self.open.is_some() {
                self.add(&text);
            }
            if found {
                break;
            }
            if is_end {
                return Ok(false);
            }
        }
        self.markup.clear();
        let most = if self.open.is_some() { self.limit } else { MARKUP };
        let mut quote = None;
        loop {
            let Some(&byte) = fill(&mut self.input)?.first() else {
                self.markup_is_text();
                return Ok(false);
            };
            // A tag that is not closed ends where the next begins: no value of an attribute has a `<`.
            let comment = self.markup.starts_with(b"<!") || self.markup.starts_with(b"<?");
            if byte == b'<' && !self.markup.is_empty() && !comment {
                self.markup_is_text();
                self.markup.clear();
                quote = None;
            }
            self.input.consume(1);
            self.markup.push(byte);
            if !comment {
                quote = match (quote, byte) {
                    (None, b'"' | b'\'') if self.markup.len() > 1 => Some(byte),
                    (Some(open), byte) if open == byte => None,
                    (quote, _) => quote,
                };
            }
            if quote.is_none() && byte == b'>' && is_closed(&self.markup) {
                return Ok(true);
            }
            if self.markup.len() >= most || (quote.is_some() && self.markup.len() >= MARKUP) {
                self.markup_is_text();
                // Nothing is left of it, and whoever asked asks again.
                self.markup.clear();
                return Ok(true);
            }
        }
    }

    fn markup_is_text(&mut self) {
        if self.open.is_some() {
            self.keep();
        }
    }
}

fn fill<'i>(input: &'i mut BufReader<Box<dyn Read + '_>>) -> io::Result<&'i [u8]> {
    loop {
        match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            // The borrow checker does not see that the buffer is filled now.
            Ok(_) => break,
        }
    }
    input.fill_buf()
}

/// Returns whether a `>` at its end closes a piece of markup.
fn is_closed(markup: &[u8]) -> bool {
    if markup.starts_with(b"<!--") {
        markup.len() >= 7 && markup.ends_with(b"-->")
    } else if markup.starts_with(b"<![CDATA[") {
        markup.ends_with(b"]]>")
    } else if markup.starts_with(b"<?") {
        markup.ends_with(b"?>")
    } else {
        true
    }
}

/// The element that a tag is of, its name as written, and whether it is an end tag or has no content.
fn tag(markup: &[u8]) -> Option<(Name, &[u8], bool, bool)> {
    let inside = markup.strip_prefix(b"<")?.strip_suffix(b">")?;
    let (inside, is_end) = match inside.strip_prefix(b"/") {
        Some(inside) => (inside, true),
        None => (inside, false),
    };
    let end = inside.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'/');
    let written = inside.get(..end.unwrap_or(inside.len()))?;
    let local = written.iter().rposition(|byte| *byte == b':').map_or(0, |at| at.saturating_add(1));
    let name = match written.get(local..)? {
        b"Event" => Name::Event,
        b"Task" => Name::Task,
        _ => return None,
    };
    Some((name, written, is_end, !is_end && inside.ends_with(b"/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The elements as text: cut ones with `!`, with the comment before them.
    fn elements(text: &str, limit: usize) -> Vec<String> {
        let mut elements = Elements::new(Box::new(text.as_bytes()), limit);
        let mut found = Vec::new();
        while let Some(element) = elements.next_element().unwrap() {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let comment = elements.comment().map(|comment| comment + " ").unwrap_or_default();
            found.push(match element {
                Element::Whole(_, element) => comment + &text(&element),
                Element::Cut(_, element) => comment + &text(&element) + "!",
                Element::TooLong(name) => format!("{name:?}…"),
            });
        }
        found
    }

    #[test]
    fn events_and_tasks_are_found_wherever_they_stand() {
        let event = "<Event xmlns='x'><System><Task>12804</Task></System><EventData><Data>a > b</Data></EventData></Event>";
        assert_eq!(
            elements(&format!("<?xml version=\"1.0\"?>\n<Events>{event}\n{event}</Events>"), 1000),
            [event; 2]
        );
        assert_eq!(elements(&format!("{event}{event}"), 1000), [event; 2]);
        let task = "<Task version=\"1.2\"><Actions><Exec><Command>a</Command></Exec></Actions></Task>";
        let listed = format!("<?xml?>\n<Tasks>\n<!-- \\A\\B -->\n{task}\n\n<!-- \\C -->\n{task}</Tasks>");
        assert_eq!(elements(&listed, 1000), [format!("\\A\\B {task}"), format!("\\C {task}")]);
        let prefixed = "<t:Task xmlns:t='x'><t:Actions/></t:Task>";
        assert_eq!(elements(prefixed, 1000), [prefixed]);
        assert_eq!(elements("<html><Tasks/><Events></Events><EventData/></html>", 1000), [""; 0]);
    }

    #[test]
    fn what_only_looks_like_an_end_is_none() {
        for inside in ["<!-- </Event> -->", "<![CDATA[</Event>]]>", "<a b=\">\"></a>", "<?a </Event> ?>"] {
            let event = format!("<Event>{inside}</Event>");
            assert_eq!(elements(&event, 1000), [event]);
        }
    }

    #[test]
    fn damage_to_one_does_not_hide_the_others() {
        assert_eq!(elements("<Event><a>cut<Event>b</Event>", 100), ["<Event><a>cut!", "<Event>b</Event>"]);
        assert_eq!(elements("<Event><a b=<Event>b</Event>", 100), ["<Event><a b=!", "<Event>b</Event>"]);
        assert_eq!(elements("<Event><a b=\"<Event>b</Event>", 100), ["<Event><a b=\"!", "<Event>b</Event>"]);
        assert_eq!(elements("<Event><a", 100), ["<Event><a!"]);
        assert_eq!(elements("<Event>a</Task></Event>", 100), ["<Event>a</Task></Event>"]);
        assert_eq!(elements("x < y <Event>b</Event>", 100), ["<Event>b</Event>"]);
        let long = format!("<Event>{}</Event><Event>b</Event>", "x".repeat(100));
        assert_eq!(elements(&long, 50), ["Event…", "<Event>b</Event>"]);
        let open = format!("<Event>{}\n<Event>b</Event>", "<a>".repeat(100));
        assert_eq!(elements(&open, 50), ["Event…", "<Event>b</Event>"]);
    }

    proptest! {
        #[test]
        fn any_text_comes_to_an_end(text in r#"(<Event>|</Event>|<Task|</Task>|<!--|-->|<!\[CDATA\[|\]\]>|[<>'"?/a ]){0,20}"#, limit in 1_usize..40) {
            elements(&text, limit);
        }
    }
}
