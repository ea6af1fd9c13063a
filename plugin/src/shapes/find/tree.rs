//! A definition that a shipper decoded into members, written as XML again: each value with the elements that it stands
//! in.
//!
//! ```json
//! {"task": {"actions": {"exec": [{"command": "a.exe"}, {"command": "b.exe"}]}}}
//! {"scheduled_task": {"actions": [{"type": "exec", "command": "a.exe"}]}}
//! ```
//!
//! Keys may be in small letters, joined by dots, or with underscores; attributes are left out. Sources: Elastic's
//! `decode_xml` (<https://www.elastic.co/docs/reference/beats/filebeat/decode_xml>) and its fields
//! `winlog.scheduled_task`, Splunk's `spath`, common XML converters.

use super::layer::{Layer, Leaf};
use super::words::{self, SECTIONS};
use crate::shapes::key;

/// The elements of the schema that are read, below the sections.
const NAMES: [&str; 63] = [
    "URI",
    "Author",
    "Date",
    "Description",
    "Source",
    "Version",
    "Documentation",
    "SecurityDescriptor",
    "BootTrigger",
    "RegistrationTrigger",
    "IdleTrigger",
    "TimeTrigger",
    "CalendarTrigger",
    "LogonTrigger",
    "SessionStateChangeTrigger",
    "EventTrigger",
    "WnfStateChangeTrigger",
    "CustomTrigger",
    "Enabled",
    "StartBoundary",
    "EndBoundary",
    "ExecutionTimeLimit",
    "Delay",
    "RandomDelay",
    "Repetition",
    "Interval",
    "Duration",
    "StopAtDurationEnd",
    "UserId",
    "StateChange",
    "Subscription",
    "ScheduleByDay",
    "ScheduleByWeek",
    "ScheduleByMonth",
    "Principal",
    "GroupId",
    "DisplayName",
    "LogonType",
    "RunLevel",
    "ProcessTokenSidType",
    "RequiredPrivileges",
    "Privilege",
    "Hidden",
    "AllowStartOnDemand",
    "AllowHardTerminate",
    "StartWhenAvailable",
    "RunOnlyIfNetworkAvailable",
    "RunOnlyIfIdle",
    "WakeToRun",
    "DisallowStartIfOnBatteries",
    "StopIfGoingOnBatteries",
    "DeleteExpiredTaskAfter",
    "Priority",
    "MultipleInstancesPolicy",
    "RestartOnFailure",
    "Count",
    "Exec",
    "Command",
    "Arguments",
    "WorkingDirectory",
    "ComHandler",
    "ClassId",
    "Data",
];
/// The deepest element of a definition.
const DEPTH: usize = 8;
/// The most that is written, in bytes.
const MAX: usize = 64 * 1024;

/// An element that is open, and which of several of its name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    name: &'static str,
    start: usize,
}

/// A definition while it is written.
#[derive(Debug, Default)]
pub(super) struct Tree {
    xml: String,
    open: Vec<Open>,
    has_action: bool,
}

impl Tree {
    /// Takes a value, if it is part of a definition; `text` is what it says.
    pub(super) fn take(&mut self, layer: &Layer<'_>, leaf: Leaf, text: &str) {
        let Some(mut path) = path(layer, leaf) else { return };
        let Some(Open { name, .. }) = path.pop() else { return };
        if path.first().is_none_or(|section| !is_section(section.name)) || self.xml.len() > MAX {
            return;
        }
        self.has_action |= matches!(name, "Command" | "ClassId");
        self.enter(&path);
        self.element(name, text);
    }

    /// Opens and closes elements so that those of a path are open.
    fn enter(&mut self, path: &[Open]) {
        let same = self.open.iter().zip(path).take_while(|(open, wanted)| open == wanted).count();
        self.close_to(same);
        for open in path.get(same..).unwrap_or_default() {
            self.tag("<", open.name);
            self.open.push(*open);
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(open) = self.open.pop() else { return };
            self.tag("</", open.name);
        }
    }

    fn element(&mut self, name: &str, text: &str) {
        self.tag("<", name);
        for c in text.chars() {
            match c {
                '<' => self.xml.push_str("&lt;"),
                '&' => self.xml.push_str("&amp;"),
                c => self.xml.push(c),
            }
        }
        self.tag("</", name);
    }

    fn tag(&mut self, open: &str, name: &str) {
        for part in [open, name, ">"] {
            self.xml.push_str(part);
        }
    }

    /// The definition; `None` where there was no action in it.
    pub(super) fn finish(mut self) -> Option<String> {
        if !self.has_action {
            return None;
        }
        self.close_to(0);
        Some(["<Task>", &self.xml, "</Task>"].concat())
    }
}

/// Returns whether a value may be part of a definition: one of its keys names a section.
pub(super) fn may_be_part(layer: &Layer<'_>, leaf: Leaf) -> bool {
    layer.frames.last().is_some_and(|frame| frame.in_section) || words::names_section(layer.bytes(leaf.key))
}

/// The elements that a value stands in, its own last.
fn path(layer: &Layer<'_>, leaf: Leaf) -> Option<Vec<Open>> {
    let mut path: Vec<Open> = Vec::new();
    // Where the object begins that the last element of the path is.
    let mut owner = 0;
    let frames = layer.frames.iter().filter(|frame| !frame.is_array).map(|frame| (frame.key, frame.start));
    let last = layer.frames.last().map_or(0, |frame| frame.start);
    for (key, start) in frames.chain([(leaf.key, last)]) {
        for word in layer.bytes(key).split(|byte| *byte == b'.') {
            let Some(name) = canonical(word) else {
                // What is no element may be before a definition, and an attribute or a grouping of fields in it.
                if path.is_empty() || matches!(word, b"user" | b"logon" | b"group" | b"") {
                    continue;
                }
                return None;
            };
            if path.is_empty() && !is_section(name) {
                continue;
            }
            let (object, start) = (start, if path.is_empty() { 0 } else { start });
            // A list of fields, as Elastic has it: the element between is not named.
            let between = match (path.last().map(|open| open.name), name) {
                (Some("Actions"), "Command" | "Arguments" | "WorkingDirectory") => Some("Exec"),
                (Some("Actions"), "ClassId") => Some("ComHandler"),
                (Some("Principals"), "UserId" | "GroupId" | "RunLevel" | "LogonType") => Some("Principal"),
                _ => None,
            };
            if path.len() >= DEPTH {
                return None;
            }
            // An element of the list `actions` has the list's key.
            if path.last().is_some_and(|open| open.name == name) && is_section(name) {
                owner = object;
                continue;
            }
            path.extend(between.map(|name| Open { name, start: owner }));
            path.push(Open { name, start });
            owner = object;
        }
    }
    Some(path)
}

fn is_section(name: &str) -> bool {
    SECTIONS.contains(&name)
}

/// The element that a key spells.
fn canonical(word: &[u8]) -> Option<&'static str> {
    if word == b"identifier" {
        return Some("UserId");
    }
    let is = |name: &&str| key::may_spell(word, name.as_bytes()) && key::same(word, name.as_bytes());
    SECTIONS.into_iter().chain(NAMES).find(is)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn xml(json: &str) -> Option<String> {
        let mut layer = Layer::new(Cow::Borrowed(json), 0);
        let mut tree = Tree::default();
        while let Some(leaf) = layer.next() {
            let value = String::from_utf8_lossy(layer.bytes(leaf.value)).into_owned();
            if may_be_part(&layer, leaf) {
                tree.take(&layer, leaf, value.trim_matches('"'));
            }
        }
        tree.finish()
    }

    #[test]
    fn members_become_elements() {
        for (json, wanted) in [
            (
                r#"{"task":{"xmlns":"x","settings":{"hidden":"true"},"actions":{"exec":{"command":"a&b","arguments":"c"},"context":"Author"}}}"#,
                "<Settings><Hidden>true</Hidden></Settings><Actions><Exec><Command>a&amp;b</Command><Arguments>c</Arguments></Exec></Actions>",
            ),
            (
                r#"{"Actions":{"Exec":[{"Command":"a"},{"Command":"b"}]}}"#,
                "<Actions><Exec><Command>a</Command></Exec><Exec><Command>b</Command></Exec></Actions>",
            ),
            (
                r#"{"w.task.actions.exec.command":"a","w.task.actions.exec.arguments":"b"}"#,
                "<Actions><Exec><Command>a</Command><Arguments>b</Arguments></Exec></Actions>",
            ),
            (
                r##"{"Actions":{"Exec":{"Command":{"#text":"a"}}}}"##,
                "<Actions><Exec><Command>a</Command></Exec></Actions>",
            ),
            (
                r#"{"principals":[{"user":{"identifier":"S"},"run_level":"H"}],"actions":[{"type":"exec","command":"a","working_directory":"d"},{"command":"b"}]}"#,
                "<Principals><Principal><UserId>S</UserId><RunLevel>H</RunLevel></Principal></Principals>\
                 <Actions><Exec><Command>a</Command><WorkingDirectory>d</WorkingDirectory></Exec><Exec><Command>b</Command></Exec></Actions>",
            ),
            (
                r#"{"triggers":{"boottrigger":""},"actions":{"comhandler":{"classid":"{A}"}}}"#,
                "<Triggers><BootTrigger></BootTrigger></Triggers><Actions><ComHandler><ClassId>{A}</ClassId></ComHandler></Actions>",
            ),
        ] {
            assert_eq!(xml(json), Some(format!("<Task>{wanted}</Task>")), "{json}");
        }
    }

    #[test]
    fn other_members_are_no_definition() {
        for json in [
            r#"{"settings":{"enabled":true},"command":"x"}"#,
            r#"{"actions":["read","write"],"exec":{"command":"x"}}"#,
            "{}",
        ] {
            assert_eq!(xml(json), None, "{json}");
        }
    }
}
