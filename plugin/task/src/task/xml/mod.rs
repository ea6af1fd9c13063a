//! Reads Task Scheduler XML, whatever state it arrives in.
//!
//! The text may be cut anywhere (Windows cuts it at about 3,500 UTF-16 units, shippers at other lengths),
//! unescaped once too often, or forged; none of that may hide an action. So nothing here fails: what can be
//! read is read, and the rest leaves a [`Note`]. The decisions, where XML or the schema would just refuse:
//!
//! * A value that the input ends in is kept as far as it goes, without a reference or `]]>` cut in half.
//! * Markup inside a value is kept as text. The schema allows it in `Data`; elsewhere it is noted.
//! * Inside a value, an element that belongs further out ends what is open in between; so does a section,
//!   such as `Exec`, inside another. (A field's name alone is not enough there: a WnfStateChangeTrigger has a
//!   `Data` that is not the task's.) An end tag of an outer element ends those inside it; an end tag that
//!   nothing belongs to is passed over.
//! * Elements that the schema does not know are skipped, with all that is in them.
//! * A second `Command` in an `Exec` starts another `Exec`, so that each command is judged as one. Repeated
//!   `Arguments` are joined by a blank. Of everything else that may be there only once, the first counts.
//! * Entities other than XML's own stay as written. Declarations of entities are never looked at.
//! * Namespaces and prefixes are not looked at. Names are compared exactly.

mod sections;

use super::Task;
use super::elements::{self, Section};
use super::path::{Closes, Kind, Path};
use super::text;
use super::tokens::{Tag, Token, Tokens};
use crate::event::Note;
use crate::work::Work;

/// Bytes of a definition that are read. Windows logs at most 3,499 UTF-16 units of name and definition, and its API takes
/// definitions of any length.
pub(crate) const MAX_INPUT: usize = 64 * 1024;
/// Bytes of one value that are kept.
pub(crate) const MAX_VALUE: usize = 32 * 1024;
/// A task definition, as far as it could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The task that was read.
    pub task: Task,
    /// True if `</Task>` was reached.
    pub complete: bool,
    /// Notes about parts that could not be read as they should be: [`Note::ContentTruncated`], [`Note::ContentCut`],
    /// [`Note::ContentMalformed`], [`Note::TooMany`] and [`Note::WorkSpent`], each at most once for each reason.
    pub notes: Vec<Note>,
}

/// Reads a task definition from XML that no shipper's escaping is left around. At most [`MAX_INPUT`] bytes
/// are read; time is linear in them, and is what `work` suffices for.
pub fn parse(xml: &str, work: &Work) -> Parsed {
    let read = xml.get(..xml.floor_char_boundary(MAX_INPUT)).unwrap_or(xml);
    let mut reader = TaskReader::default();
    let mut tokens = Tokens::new(read);
    loop {
        let token = tokens.next();
        // Where a piece ends is known only when it is there: the search for that is linear in all that is read.
        if !work.spend(cost(&token, tokens.looked_at())) {
            reader.note(Note::WorkSpent { unread: "definition" });
            break;
        }
        if !reader.take(token) {
            break;
        }
    }
    reader.finish(xml, read, &tokens, work.is_spent())
}

/// The units of work that a piece costs, for which quick-xml looked at this number of bytes.
const fn cost(token: &Token<'_>, looked_at: usize) -> usize {
    const PIECE: usize = 350;
    const TAG: usize = 1_200;
    const ASKED: usize = 1_200;
    const BYTE: usize = 12;
    const TAG_BYTE: usize = 100;
    let (own, length) = match token {
        Token::Text(text) => (PIECE, text.len()),
        Token::Reference(reference) => (PIECE, reference.len()),
        Token::Start(tag) | Token::Empty(tag) | Token::End(tag) => {
            (TAG.saturating_add(tag.raw.len().saturating_mul(TAG_BYTE)), 0)
        }
        Token::Doctype => (TAG, 0),
        Token::Skipped | Token::EndOfInput => (PIECE, 0),
    };
    let asked = if looked_at > 0 { ASKED } else { 0 };
    length.saturating_add(looked_at).saturating_mul(BYTE).saturating_add(own).saturating_add(asked)
}

/// A task while it is being read.
#[derive(Default)]
struct TaskReader<'a> {
    parsed: Parsed,
    path: Path<'a>,
    /// The text of the innermost element, if that is a value.
    value: String,
    /// The sections of `Task` that there were.
    seen: Vec<Section>,
    /// True if the input has ended, so that open values are cut.
    ended: bool,
}

impl<'a> TaskReader<'a> {
    /// Takes the next piece; whether there is any use in another.
    fn take(&mut self, token: Token<'a>) -> bool {
        match token {
            Token::Text(text) => self.text(text),
            Token::Reference(reference) => self.reference(reference),
            Token::Start(tag) => return self.start(tag, false),
            Token::Empty(tag) => return self.start(tag, true),
            Token::End(tag) => self.end(tag),
            Token::Doctype => self.malformed("document type declaration"),
            Token::Skipped => {}
            Token::EndOfInput => return false,
        }
        true
    }

    /// Ends a reading of `xml`, of which as much as `read` was read.
    fn finish(mut self, xml: &str, read: &str, tokens: &Tokens<'_>, is_spent: bool) -> Parsed {
        let was_cut = read.len() < xml.len();
        let open = self.path.depth() > 0;
        self.ended = true;
        self.close_to(0);
        if tokens.repaired() {
            self.malformed("tag without its end");
        }
        if is_spent {
            // That is noted.
        } else if tokens.gave_up() {
            self.malformed("too many tags without their end to read on");
        } else if was_cut {
            self.note(Note::ContentCut { bytes: read.len() });
        } else if open || (tokens.cut() && !self.parsed.complete) {
            self.note(Note::ContentTruncated { units: xml.encode_utf16().count() });
        } else if !self.parsed.complete {
            self.malformed("no <Task> element");
        }
        // Set by `close_to` for the cut task too.
        self.parsed.complete &= !open;
        self.parsed
    }

    fn text(&mut self, text: &str) {
        if self.path.innermost() != Some(Kind::Value) {
            return;
        }
        let room = MAX_VALUE.saturating_sub(self.value.len());
        let kept = text.get(..text.floor_char_boundary(room)).unwrap_or(text);
        self.value.push_str(kept);
        if kept.len() < text.len() {
            self.note(Note::TooMany { what: "bytes of one value", kept: MAX_VALUE });
        }
    }

    fn reference(&mut self, reference: &str) {
        if self.path.innermost() != Some(Kind::Value) {
            return;
        }
        let name = reference.strip_prefix('&').and_then(|name| name.strip_suffix(';'));
        if let Some(c) = name.and_then(text::resolve) {
            self.text(c.encode_utf8(&mut [0; 4]));
        } else {
            self.malformed(UNKNOWN_ENTITY);
            self.text(reference);
        }
    }

    /// A start tag; whether to read on.
    fn start(&mut self, tag: Tag<'a>, empty: bool) -> bool {
        let inside = self.path.innermost();
        if inside.is_none() {
            return self.root(tag, empty);
        }
        let free = self.is_free();
        let task = &mut self.parsed.task;
        let knows = |section: Section| {
            section.child(tag.name).is_some()
                || (inside == Some(Kind::Value) || inside == Some(Kind::Section(section)))
                    && elements::slot(task, section, tag.name).is_some()
        };
        let home = if free { None } else { self.path.home(knows) };
        if let Some(depth) = home {
            if depth < self.path.depth() {
                self.malformed(MISSING_END);
                self.close_to(depth);
            }
            self.place(tag);
        } else if matches!(inside, Some(Kind::Section(_))) {
            self.pass_over(tag);
        } else {
            self.inner_start(tag, empty, free);
            return true;
        }
        if empty {
            self.close();
        }
        true
    }

    /// Returns whether the innermost element may hold any others.
    fn is_free(&self) -> bool {
        match self.path.innermost() {
            Some(Kind::Skipped) => true,
            Some(Kind::Value) => self.path.name().is_some_and(elements::holds_anything),
            _ => false,
        }
    }

    /// A start tag outside of any element that is read. Wrappers around `Task` are looked through.
    fn root(&mut self, tag: Tag<'a>, empty: bool) -> bool {
        if self.parsed.complete {
            self.malformed("more than one root element");
            return false;
        }
        if tag.name == "Task" {
            self.parsed.task.version = self.attribute(tag, "version");
            self.path.push(tag.name, Kind::Section(Section::Task));
            if empty {
                self.close();
            }
        }
        true
    }

    /// A start tag inside a value or a skipped element.
    fn inner_start(&mut self, tag: Tag<'a>, empty: bool, allowed: bool) {
        if !allowed {
            self.malformed(INSIDE_VALUE);
        }
        if !empty {
            self.path.nest(tag.name);
        }
        self.text(tag.raw);
    }

    /// Opens an element that the innermost section knows.
    fn place(&mut self, tag: Tag<'a>) {
        let Some(Kind::Section(section)) = self.path.innermost() else { return };
        let kind = match section.child(tag.name) {
            Some(child) if self.enter(child, tag) => Kind::Section(child),
            None if self.begin_value(section, tag.name) => Kind::Value,
            _ => Kind::Skipped,
        };
        self.path.push(tag.name, kind);
    }

    /// Opens an element that no open section knows.
    fn pass_over(&mut self, tag: Tag<'a>) {
        let in_trigger = self.path.innermost() == Some(Kind::Section(Section::Trigger));
        if in_trigger
            && elements::is_schedule(tag.name)
            && let Some(trigger) = self.parsed.task.triggers.last_mut()
        {
            trigger.schedule.get_or_insert_with(|| tag.name.to_owned());
        }
        self.path.push(tag.name, Kind::Skipped);
    }

    fn end(&mut self, tag: Tag<'a>) {
        match self.path.closes(tag.name) {
            Closes::Innermost => self.close(),
            Closes::Outer(depth) => {
                self.malformed(MISSING_END);
                self.close_to(depth);
            }
            Closes::Nested => {
                if self.path.innermost() == Some(Kind::Value) && !self.is_free() {
                    self.malformed(INSIDE_VALUE);
                }
                self.text(tag.raw);
            }
            // Wrappers around `Task` have end tags too.
            Closes::Nothing if self.path.depth() == 0 => {}
            Closes::Nothing => self.malformed("end tag without its start tag"),
        }
    }

    /// Closes elements until `depth` are open.
    fn close_to(&mut self, depth: usize) {
        while self.path.depth() > depth {
            self.close();
        }
    }

    /// Closes the innermost element.
    fn close(&mut self) {
        match self.path.pop() {
            Some((name, Kind::Value)) => {
                let value = std::mem::take(&mut self.value);
                if let Some(Kind::Section(section)) = self.path.innermost() {
                    self.store(section, name, text::trim(&value));
                }
                // Keep the buffer for the next value.
                self.value = value;
                self.value.clear();
            }
            Some((_, Kind::Section(Section::Task))) => self.parsed.complete = true,
            _ => {}
        }
    }

    /// The value of an attribute, at most [`MAX_VALUE`] bytes.
    fn attribute(&mut self, tag: Tag<'a>, name: &str) -> Option<String> {
        let (mut value, unknown) = tag.attribute(name)?;
        if unknown {
            self.malformed(UNKNOWN_ENTITY);
        }
        if value.len() > MAX_VALUE {
            value.truncate(value.floor_char_boundary(MAX_VALUE));
            self.note(Note::TooMany { what: "bytes of one value", kept: MAX_VALUE });
        }
        Some(value)
    }

    fn malformed(&mut self, why: &'static str) {
        self.note(Note::ContentMalformed(why.into()));
    }

    fn note(&mut self, note: Note) {
        if !self.parsed.notes.contains(&note) {
            self.parsed.notes.push(note);
        }
    }
}

const UNKNOWN_ENTITY: &str = "entity that XML does not define";
const MISSING_END: &str = "element without its end tag";
const INSIDE_VALUE: &str = "element inside a value";
const REPEATED: &str = "element that may occur only once is repeated";
