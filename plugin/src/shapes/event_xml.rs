//! Event XML in a string: Splunk's XmlWinEventLog, `wevtutil`, Windows Event Forwarding, the OpenTelemetry
//! receiver with `raw: true`, NXLog's EventXml, and the inside of other shapes (Fluent Bit's
//! `render_event_as_xml`, Azure's `EventData`).
//!
//! ```json
//! {"log": "<Event xmlns='…'><System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4698</EventID>…
//!          <EventData><Data Name='TaskName'>\\x</Data><Data Name='TaskContent'>&lt;?xml …</Data></EventData></Event>"}
//! ```
//!
//! Source: the event schema (<https://learn.microsoft.com/windows/win32/wes/eventschema-schema>). The reader
//! is a scan for a handful of elements rather than a parser: relays cut such strings anywhere, and what stands
//! before the cut counts.

use std::borrow::Cow;

use super::entities;
use super::partial_event::{PartialEvent, Rank, Slot};
use crate::bytes;
use crate::event::Note;
use crate::work::Work;

/// Units of work for a byte of the text.
const BYTE: usize = 40;
/// Units of work for a reference in it.
const REFERENCE: usize = 220;

/// The most elements that are read; an Event of this kind has about thirty.
const ELEMENTS: usize = 512;

/// Reads the fields of the first event in `xml`.
pub(super) fn read(reading: &mut PartialEvent<'_, '_>, xml: &str, rank: Rank) {
    let mut rest = granted(xml, reading.work);
    let mut position = 0;
    for _ in 0..ELEMENTS {
        let Some((element, after)) = next_element(rest) else {
            return;
        };
        rest = after;
        match element.name {
            "/Event" => {
                if rest.contains("<Event ") || rest.contains("<Event>") {
                    reading.event.notes.push(Note::TooMany { what: "events in one record", kept: 1 });
                }
                return;
            }
            "Provider" if !reading.has(Slot::Provider) => {
                set(reading, Slot::Provider, rank, element.attribute("Name"));
            }
            "TimeCreated" => set(reading, Slot::Time, rank, element.attribute("SystemTime")),
            "Channel" if !reading.has(Slot::Channel) => {
                set(reading, Slot::Channel, rank, Some(text(&mut rest)));
            }
            "Computer" => set(reading, Slot::Computer, rank, Some(text(&mut rest))),
            "Data" | "Param" => {
                let name = element.attribute("Name");
                let value = if element.closed { String::new() } else { text(&mut rest) };
                match name {
                    Some(name) => reading.set_named(name.as_bytes(), rank, || Some(Cow::Owned(value))),
                    None => set_at(reading, position, rank, value),
                }
                position = position.saturating_add(1);
            }
            _ => {}
        }
    }
}

/// As much of a text as the work for it suffices.
fn granted<'x>(xml: &'x str, work: &Work) -> &'x str {
    let references = bytes::count(xml.as_bytes(), b'&').saturating_mul(REFERENCE);
    let a_byte = references.checked_div(xml.len()).unwrap_or(0).saturating_add(BYTE);
    xml.get(..xml.floor_char_boundary(work.walk_part(xml.len(), a_byte))).unwrap_or(xml)
}

fn set(reading: &mut PartialEvent<'_, '_>, slot: Slot, rank: Rank, text: Option<String>) {
    if let Some(text) = text {
        reading.set(slot, rank, Cow::Owned(text));
    }
}

fn set_at(reading: &mut PartialEvent<'_, '_>, position: usize, rank: Rank, text: String) {
    if let Some(slot) = Slot::at(position) {
        reading.set(slot, rank, Cow::Owned(text));
    }
}

/// A start or end tag.
#[derive(Debug)]
struct Element<'x> {
    /// Its name without a prefix; end tags keep their slash.
    name: &'x str,
    attributes: &'x str,
    /// True if it closes itself.
    closed: bool,
}

impl Element<'_> {
    /// The value of an attribute, in whatever quotes, its references resolved.
    fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            let (name, after) = rest.split_once('=')?;
            let after = after.trim_ascii_start();
            let (value, after) = match after.chars().next()? {
                quote @ ('"' | '\'') => after.strip_prefix(quote)?.split_once(quote)?,
                // Relays lose quotes.
                _ => after.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((after, "")),
            };
            if name.trim_ascii() == wanted {
                let mut out = String::with_capacity(value.len());
                entities::unescape(&mut out, value);
                return Some(out);
            }
            rest = after;
        }
    }
}

/// The next tag of `xml`, and what follows it. Comments, processing instructions and text are passed over.
fn next_element(xml: &str) -> Option<(Element<'_>, &str)> {
    let (_, tag) = xml.split_once('<')?;
    let (tag, rest) = tag.split_once('>')?;
    let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
    let (name, attributes) = tag.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((tag, ""));
    let name = match name.split_once(':') {
        // `</e:Event` is an end tag, so its slash must stay; only `Event` is asked for.
        Some((prefix, "Event")) if prefix.starts_with('/') => "/Event",
        Some((_, local)) => local,
        None => name,
    };
    Some((Element { name, attributes, closed }, rest))
}

/// The text at the start of `rest`, up to the next tag or the end, references resolved and CDATA taken as it
/// is; `rest` goes on after it. A definition that some exporter unescaped in place is text too.
fn text(rest: &mut &str) -> String {
    let mut out = String::new();
    let first = rest.trim_start();
    if first.starts_with("<?xml") || first.starts_with("<Task") {
        let (inside, after) = rest.split_once("</Data>").unwrap_or((rest, ""));
        *rest = after;
        return inside.to_owned();
    }
    loop {
        let end = rest.find('<').unwrap_or(rest.len());
        let (plain, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        entities::unescape(&mut out, plain);
        *rest = after;
        let Some(data) = after.strip_prefix("<![CDATA[") else {
            return out;
        };
        let (inside, after) = data.split_once("]]>").unwrap_or((data, ""));
        out.push_str(inside);
        *rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Change, TaskEvent};
    use proptest::prelude::*;

    fn event(xml: &str) -> TaskEvent<'static> {
        let work = Work::unlimited();
        let mut reading = PartialEvent::new(Change::Created, "event_xml", &work);
        read(&mut reading, xml, 9);
        reading.finish(false)
    }

    #[test]
    fn quotes_prefixes_and_cdata_do_not_matter() {
        for xml in [
            r"<Event><System><Channel>Security</Channel></System><EventData><Data Name='TaskName'>\R&amp;D</Data><Data Name='TaskContent'>&lt;Task/&gt;</Data></EventData></Event>",
            r#"<Event><System><Channel>Security</Channel></System><EventData><Data  Name = "TaskName" >\R&#38;D</Data><Data Name="TaskContent"><![CDATA[<Task/>]]></Data></EventData></Event>"#,
            r"<e:Event><e:Channel>Security</e:Channel><e:Data Name='TaskName'>\R&#x26;D</e:Data><e:Data Name='TaskContent'><![CDATA[<Task]]>/&gt;</e:Data></e:Event>",
            r"<Event><Channel>Security</Channel><Data Name='TaskName'>\R&amp;D</Data><Data Name='TaskContent'><Task/></Data></Event>",
            r"<Event><Channel>Security</Channel><Data Name=TaskName>\R&amp;D</Data><Data Name=TaskContent>&lt;Task/&gt;</Data></Event>",
            r"<Data>S-1-5-18</Data><Data>u</Data><Data>d</Data><Data>0x3e7</Data><Data>\R&amp;D</Data><Data>&lt;Task/></Data><Channel>Security</Channel>",
        ] {
            let event = event(xml);
            assert_eq!(event.task_name.as_deref(), Some(r"\R&D"), "{xml}");
            assert_eq!(event.content.as_deref(), Some("<Task/>"), "{xml}");
            assert_eq!(event.channel.as_deref(), Some("Security"), "{xml}");
        }
    }

    #[test]
    fn what_stands_before_a_cut_counts() {
        let event = event(r"<Event><Data Name='TaskName'>\x</Data><Data Name='TaskContent'>&lt;Task>&lt;Ex");
        assert_eq!(event.content.as_deref(), Some("<Task><Ex"));
    }

    #[test]
    fn the_rendered_names_do_not_replace_the_event_s_own() {
        let event = event(
            "<Event><Provider Name='Microsoft-Windows-Security-Auditing'/><Channel>Security</Channel>\
             <RenderingInfo><Channel>Sicherheit</Channel><Provider>x</Provider></RenderingInfo></Event>",
        );
        assert_eq!(event.channel.as_deref(), Some("Security"));
        assert_eq!(event.provider.as_deref(), Some("Microsoft-Windows-Security-Auditing"));
    }

    #[test]
    fn only_the_first_event_is_read_and_the_rest_is_noted() {
        let one = r"<Event><Data Name='TaskName'>\x</Data></Event>";
        let event = event(&format!("{one}{}", one.replace("x<", "y<")));
        assert_eq!(event.task_name.as_deref(), Some(r"\x"));
        assert!(event.notes.contains(&Note::TooMany { what: "events in one record", kept: 1 }));
    }

    proptest! {
        #[test]
        fn any_text_is_read(xml in "(<|>|/|Data|Event| Name=|'|\"|=|<!\\[CDATA\\[|\\]\\]>|&lt;|é|:| ){0,40}") {
            let _ = event(&xml);
        }
    }
}
