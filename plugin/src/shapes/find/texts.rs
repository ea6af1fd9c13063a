//! Takes what a text says, under any escaping.

use super::finder::Finder;
use super::layer::Layer;
use super::text;
use super::words::{self, SURE};
use crate::bytes;
use crate::json;
use crate::shapes::partial_event::Slot;
use crate::shapes::{content, definition, event_xml, header, message};
use std::borrow::Cow;

/// The most layers of escapes that are taken off a text.
const ESCAPES: usize = 3;
/// Units for a word with its value in a text.
const PAIR: usize = 12_000;
/// Units for a byte of a text that is searched for words.
const WORDS: usize = 60;

impl Finder<'_> {
    /// Takes what a text says; the text, if it has members.
    #[inline(never)]
    pub(super) fn take_text(&mut self, mut text: String, is_known: bool) -> Option<Layer<'static>> {
        for _ in 0..=ESCAPES {
            if !self.work.walk(text.len(), WORDS) {
                return None;
            }
            let markup = has_any(&text, &["<Task", "<Event", "<Data"]);
            match text::json_start(&text) {
                Some((at, false)) => return Some(Layer::new(Cow::Owned(text), at)),
                Some((_, true)) => {
                    text = content::without_backslashes(&text);
                    continue;
                }
                None if !markup && has_any(&text, &["\\u003c", "\\u003C"]) => {
                    text = json::unescape(text.as_bytes()).into_owned();
                    continue;
                }
                None => {}
            }
            let is_escaped = has_any(&text, &["&lt;", "&quot;", "&#"]);
            if !markup && is_escaped {
                text = content::resolved(&text, self.work);
                continue;
            }
            break;
        }
        self.read_text(&text, is_known);
        None
    }

    /// Takes what a text without members says.
    #[inline(never)]
    fn read_text(&mut self, text: &str, is_known: bool) {
        let header = header::read(&mut self.beside, text);
        let found = text::id(text.as_bytes());
        if let Some((shape, change)) = header {
            self.saw_id(change, SURE);
            self.header = Some(shape);
        } else if let Some((change, rank)) = found {
            self.saw_id(change, rank);
            self.try_text(text, is_known);
        }
        if self.is_done() || !self.work.walk(text.len(), WORDS) {
            return;
        }
        if has_any(text, &["<Data"]) {
            event_xml::read(&mut self.beside, text, SURE);
        }
        let (head, content, tail) = definition::split(text);
        if let Some(content) = content
            && !self.beside.has(Slot::Content)
        {
            self.beside.set(Slot::Content, SURE, Cow::Owned(content.to_owned()));
        }
        if content.is_none() && found.is_none() && header.is_none() {
            return;
        }
        // Words of a message may be wrong (Windows labels the locality `FQDN`); after a header its order is known.
        let has_words = header.is_none() || has_any(text, &[" | "]);
        for part in [head, tail].into_iter().filter(|_| has_words) {
            for (word, value) in text::pairs(part) {
                if !self.work.spend(PAIR) {
                    return;
                }
                self.take_word(words::slot(&word), value);
            }
        }
        message::read_beside(&mut self.beside, head, tail);
    }
}

/// Returns whether a text has one of some others in it.
fn has_any(text: &str, wanted: &[&str]) -> bool {
    bytes::find_any(text.as_bytes(), wanted).is_some()
}
