//! The pieces of an XML text, in order: quick-xml's events, made to go on where quick-xml gives up.
//!
//! quick-xml finds where each piece of markup ends. This layer takes each piece as a slice of the input, and
//! handles the two things an XML parser need not: input that is cut anywhere, and tags that are not closed.
//! Entity declarations are passed over and never expanded.

use quick_xml::events::Event;
use quick_xml::{Error, Reader};

use memchr::memmem;

use super::text;
use crate::bytes::{alphanumeric_len, find_either};

/// The most bytes that may be searched in vain, besides the input's length. quick-xml searches for the end of a tag to
/// the end of the input, and a tag that turns out to be unclosed is read again from its next `<`. This keeps the time
/// linear.
const MAX_WASTE: usize = 16 * 1024;

/// The longest reference to a character that is written without leading zeros, `&#x10FFFF;`, in bytes.
const LONGEST_REFERENCE: usize = 10;

/// A tag, as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag<'a> {
    /// From `<` to `>`, or to where the tag breaks off.
    pub(super) raw: &'a str,
    /// The element's name without its namespace prefix.
    pub(super) name: &'a str,
}

/// One piece of the input.
#[derive(Debug, Clone, Copy)]
pub(super) enum Token<'a> {
    /// `<name …>`
    Start(Tag<'a>),
    /// `<name …/>`
    Empty(Tag<'a>),
    /// `</name>`
    End(Tag<'a>),
    /// Text that stands for itself: character data without references, or the inside of a CDATA section.
    Text(&'a str),
    /// A reference, with its `&` and `;`.
    Reference(&'a str),
    /// A document type declaration.
    Doctype,
    /// A comment, a processing instruction or an XML declaration, of which nothing is read.
    Skipped,
    /// Nothing is left.
    EndOfInput,
}

/// Iterates over the pieces of an XML text. Nothing of the XML declaration is read: its `encoding="UTF-16"` does not hold
/// for a decoded string.
pub(super) struct Tokens<'a> {
    xml: &'a str,
    /// Where in `xml` the next piece begins.
    at: usize,
    reader: Reader<&'a [u8]>,
    /// Bytes that were looked at for the ends of unclosed tags.
    wasted: usize,
    /// Bytes that were looked at for the last piece.
    looked_at: usize,
    cut: bool,
}

/// The kind of the piece of input that an event covers.
enum Kind {
    Start,
    Empty,
    End,
    Text,
    CData,
    Reference,
    Doctype,
    Other,
    Eof,
}

impl<'a> Tokens<'a> {
    /// The pieces of `xml`.
    pub(super) fn new(xml: &'a str) -> Self {
        // quick-xml does not count a byte order mark in its positions.
        let xml = xml.strip_prefix('\u{feff}').unwrap_or(xml);
        Self { xml, at: 0, reader: reader(xml), wasted: 0, looked_at: 0, cut: false }
    }

    /// Returns whether a tag was not closed.
    pub(super) const fn repaired(&self) -> bool {
        self.wasted > 0
    }

    /// Returns whether reading was given up for too many unclosed tags. The rest of the input is then one text.
    pub(super) const fn gave_up(&self) -> bool {
        self.wasted > self.xml.len().saturating_add(MAX_WASTE)
    }

    /// Returns whether the input ended inside of markup.
    pub(super) const fn cut(&self) -> bool {
        self.cut
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> Token<'a> {
        self.looked_at = 0;
        if let Some(token) = self.plain() {
            return token;
        }
        let start = self.at;
        self.start_at(start);
        let token = match self.event() {
            Some(kind) => self.token(kind, start),
            None => self.broken(start),
        };
        self.looked_at = self.looked_at.saturating_add(self.at.saturating_sub(start));
        token
    }

    /// Returns how many bytes quick-xml has looked at for the last piece; 0 where it was not asked.
    pub(super) const fn looked_at(&self) -> usize {
        self.looked_at
    }

    /// The next piece where that is a text without references, or a tag of letters and digits only: nearly all are.
    fn plain(&mut self) -> Option<Token<'a>> {
        let rest = self.xml.get(self.at..)?;
        let (token, length) = match rest.as_bytes() {
            [] => return None,
            [b'&', ..] => {
                let end = rest.bytes().take(LONGEST_REFERENCE).position(|byte| byte == b';')?;
                let reference = rest.get(..end.saturating_add(1))?;
                let name = reference.get(1..end)?;
                text::resolve(name)?;
                (Token::Reference(reference), reference.len())
            }
            // Two in a row: the first was never meant to be a tag.
            [b'<', b'<', ..] => {
                self.wasted = self.wasted.max(1);
                (Token::Text(rest.get(..1)?), 1)
            }
            [b'<', b'/', ..] => {
                let name = plain_name(rest, 2)?;
                let raw = rest.get(..name.len().saturating_add(3)).filter(|raw| raw.ends_with('>'))?;
                (Token::End(Tag { raw, name }), raw.len())
            }
            [b'<', b'!', ..] => {
                let inside = rest.strip_prefix("<![CDATA[")?;
                let end = memmem::find(inside.as_bytes(), b"]]>")?;
                (Token::Text(inside.get(..end)?), end.saturating_add("<![CDATA[]]>".len()))
            }
            [b'<', ..] => {
                let name = plain_name(rest, 1)?;
                let raw = rest.get(..name.len().saturating_add(2)).filter(|raw| raw.ends_with('>'))?;
                (Token::Start(Tag { raw, name }), raw.len())
            }
            bytes => {
                let length = find_either(bytes, b'<', b'&').unwrap_or(bytes.len());
                (Token::Text(rest.get(..length)?), length)
            }
        };
        self.at = self.at.saturating_add(length);
        Some(token)
    }

    /// Reads one event; `None` if quick-xml cannot go on.
    #[inline(never)]
    fn event(&mut self) -> Option<Kind> {
        let read = self.reader.read_event();
        let length = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        let end = self.at.saturating_add(length);
        let kind = match read {
            Ok(Event::Start(_)) => Kind::Start,
            Ok(Event::Empty(_)) => Kind::Empty,
            Ok(Event::End(_)) => Kind::End,
            Ok(Event::Text(_)) => Kind::Text,
            Ok(Event::CData(_)) => Kind::CData,
            Ok(Event::GeneralRef(_)) => Kind::Reference,
            Ok(Event::DocType(_)) => Kind::Doctype,
            Ok(Event::Eof) => Kind::Eof,
            // quick-xml has passed over what it calls ill-formed: a document type without a name.
            Err(Error::IllFormed(_)) => Kind::Doctype,
            Ok(Event::Comment(_) | Event::PI(_) | Event::Decl(_)) => Kind::Other,
            Err(_) => return None,
        };
        self.at = end;
        Some(kind)
    }

    /// The token of an event that began at `start`.
    fn token(&mut self, kind: Kind, start: usize) -> Token<'a> {
        let end = self.at;
        let raw = self.xml.get(start..end).unwrap_or_default();
        match kind {
            Kind::Start | Kind::Empty | Kind::End => self.tag(raw, start, matches!(kind, Kind::Empty)),
            Kind::Text if end == self.xml.len() && text::may_be_cut_reference(raw) => Token::EndOfInput,
            Kind::Text => Token::Text(raw),
            Kind::CData => Token::Text(cdata(raw)),
            Kind::Reference => Token::Reference(raw),
            Kind::Doctype => Token::Doctype,
            Kind::Eof => Token::EndOfInput,
            Kind::Other => Token::Skipped,
        }
    }

    /// A tag that quick-xml found. XML allows no `<` in a tag, quick-xml does: a tag that has one was never
    /// closed, and something else starts there.
    fn tag(&mut self, raw: &'a str, start: usize, empty: bool) -> Token<'a> {
        match second_angle(raw) {
            Some(at) => self.unclosed(raw, start, at),
            None => tag_token(raw, empty),
        }
    }

    /// Markup of which quick-xml found no end.
    #[inline(never)]
    fn broken(&mut self, start: usize) -> Token<'a> {
        let raw = self.xml.get(start..).unwrap_or_default();
        if let Some(inside) = raw.strip_prefix("<![CDATA[") {
            self.cut = true;
            self.start_at(self.xml.len());
            // Closing brackets at the end may be the beginning of `]]>`.
            return Token::Text(inside.trim_end_matches(']'));
        }
        match second_angle(raw) {
            Some(at) if !is_passed_over(raw) => self.unclosed(raw, start, at),
            _ => {
                self.cut = true;
                Token::EndOfInput
            }
        }
    }

    /// A tag without its `>`: it ends where the next `<` is, at `at`.
    fn unclosed(&mut self, raw: &'a str, start: usize, at: usize) -> Token<'a> {
        let wasted = raw.len().saturating_sub(at);
        self.wasted = self.wasted.saturating_add(wasted);
        // Each byte is looked at more closely than in what is passed over.
        self.looked_at = self.looked_at.saturating_add(wasted.saturating_mul(4));
        if self.gave_up() {
            self.start_at(self.xml.len());
            return Token::Text(self.xml.get(start..).unwrap_or_default());
        }
        self.start_at(start.saturating_add(at));
        tag_token(raw.get(..at).unwrap_or_default(), false)
    }

    fn start_at(&mut self, at: usize) {
        self.at = at;
        self.reader = reader(self.xml.get(at..).unwrap_or_default());
    }
}

impl<'a> Tag<'a> {
    /// The value of an attribute, trimmed, with its references resolved. The second value tells whether
    /// there were unknown ones. `None` if it is absent or empty.
    pub(super) fn attribute(&self, name: &str) -> Option<(String, bool)> {
        let value = find_attribute(self.raw, name)?;
        let (value, unknown) = text::unescape(text::trim(value));
        let value = text::trim(&value);
        if value.is_empty() { None } else { Some((value.to_owned(), unknown)) }
    }
}

/// An attribute's value as written, in a tag as written. quick-xml's own attributes bring a hash map for
/// finding repeated ones, which is of no use here: the first counts.
fn find_attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = tag;
    loop {
        let (before, after) = rest.split_once('=')?;
        let key = before.trim_end_matches(text::is_blank).rsplit(text::is_blank).next();
        let after = after.trim_start_matches(text::is_blank);
        let mut chars = after.chars();
        let (value, next) = match chars.next() {
            Some(quote @ ('"' | '\'')) => chars.as_str().split_once(quote)?,
            // Relays lose quotes.
            _ => without_quotes(after),
        };
        if key == Some(name) {
            return Some(value);
        }
        rest = next;
    }
}

/// The value that a text begins with where it has no quotes, and what follows it.
#[inline(never)]
fn without_quotes(text: &str) -> (&str, &str) {
    let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'>');
    let end = text.as_bytes().iter().position(ends).unwrap_or(text.len());
    let (value, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let value = if rest.starts_with('>') { value.strip_suffix('/').unwrap_or(value) } else { value };
    (value, rest)
}

/// The name of letters and digits at a place of a tag; `None` if there is none.
fn plain_name(tag: &str, at: usize) -> Option<&str> {
    let inside = tag.get(at..)?;
    let name = inside.get(..alphanumeric_len(inside.as_bytes()))?;
    name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic).then_some(name)
}

fn reader(xml: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(xml);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    reader
}

/// The inside of a whole CDATA section.
fn cdata(raw: &str) -> &str {
    raw.strip_prefix("<![CDATA[").and_then(|inside| inside.strip_suffix("]]>")).unwrap_or_default()
}

/// Returns whether markup is of a kind that holds no values: a comment, a processing instruction, a document type.
/// Without their end, all that follows is inside.
fn is_passed_over(raw: &str) -> bool {
    const DOCTYPE: &str = "<!DOCTYPE";
    raw.starts_with("<!--")
        || raw.starts_with("<?")
        || raw.get(..DOCTYPE.len()).is_some_and(|start| start.eq_ignore_ascii_case(DOCTYPE))
}

/// Where the second `<` of a piece is that starts with one.
fn second_angle(raw: &str) -> Option<usize> {
    raw.bytes().skip(1).position(|b| b == b'<').map(|at| at.saturating_add(1))
}

/// A tag, by its first characters; text if no name follows the `<`.
fn tag_token(raw: &str, empty: bool) -> Token<'_> {
    let inside = raw.strip_prefix('<').unwrap_or(raw);
    let (inside, end) = match inside.strip_prefix('/') {
        Some(inside) => (inside, true),
        None => (inside, false),
    };
    let length = inside.bytes().position(ends_name).unwrap_or(inside.len());
    let name = inside.get(..length).unwrap_or_default();
    let prefix = name.bytes().rposition(|b| b == b':').map_or(0, |at| at.saturating_add(1));
    let name = name.get(prefix..).unwrap_or_default();
    let tag = Tag { raw, name };
    if !name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || !b.is_ascii()) {
        Token::Text(raw)
    } else if end {
        Token::End(tag)
    } else if empty {
        Token::Empty(tag)
    } else {
        Token::Start(tag)
    }
}

const fn ends_name(byte: u8) -> bool {
    text::is_blank(byte as char) || matches!(byte, b'/' | b'>' | b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes() {
        for (tag, expected) in [
            ("<Principal id=\"A\">", Some("A")),
            ("<Principal\r\n xml:id='no' id = 'A\"=' id='B'/>", Some("A\"=")),
            ("<Principal x='id=' y=\"id='no'\" id='A'>", Some("A")),
            ("<Principal x='a'id='A'>", Some("A")),
            ("<Principal id=' A &amp; B '>", Some("A & B")),
            ("<Principal id=''>", None),
            ("<Principal id>", None),
            ("<Principal id=A>", Some("A")),
            ("<Principal id=A/>", Some("A")),
            ("<Principal x=1.2 id=A y=http://x/>", Some("A")),
            ("<Principal id=>", None),
            ("<Principal id='A>", None),
            ("<Principal ID='A' idx='A' x='id'>", None),
            ("<id='A'>", None),
        ] {
            let value = Tag { raw: tag, name: "Principal" }.attribute("id").map(|(value, _)| value);
            assert_eq!(value.as_deref(), expected, "{tag}");
        }
    }
}
