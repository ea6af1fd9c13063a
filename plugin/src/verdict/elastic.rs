//! The task in the words of Elastic's integration: the object `winlog.scheduled_task`, field for field as its ingest pipeline
//! writes it (<https://github.com/elastic/integrations>, `scheduled_task.yml` of the package `system`), from whatever could
//! be read of the definition. docs/mappings.md describes it.
use super::text::cut;
use crate::bytes;
use crate::json::Writer;
use crate::task::{Action, Principal, Repetition, Task, Trigger, TriggerKind};

/// The limits to what is written.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// The most principals, triggers and actions, each.
    entries: usize,
    /// The most characters of a value.
    characters: usize,
}

/// The kinds of triggers in the pipeline's order. It knows no others.
const TRIGGERS: [TriggerKind; 9] = [
    TriggerKind::Boot,
    TriggerKind::WnfStateChange,
    TriggerKind::Time,
    TriggerKind::Calendar,
    TriggerKind::Logon,
    TriggerKind::Registration,
    TriggerKind::SessionStateChange,
    TriggerKind::Event,
    TriggerKind::Idle,
];

/// The names of values. A dot parts the name of an object from one within it; what begins with `?` is a truth value.
type Names = [&'static str];

const HEAD: &Names = &["name", "uri"];
const PRINCIPAL: &Names = &["id", "user.identifier", "group.identifier", "logon.type", "run_level"];
const SETTINGS: &Names = &["settings.?enabled", "settings.?hidden"];
const TRIGGER: &Names =
    &["type", "?enabled", "repetition.interval", "repetition.duration", "repetition.?stop_at_duration_end"];
const ACTION: &Names = &["type", "context", "command", "arguments", "working_directory", "class_id"];

/// Writes the object: at most `entries` principals, triggers and actions each, and `characters` of a value. `name` is the
/// name of the task in the event.
pub fn write_elastic(
    json: &mut Writer<'_>,
    name: Option<&str>,
    task: &Task,
    entries: usize,
    characters: usize,
) {
    let limits = Limits { entries, characters };
    let mut out = Out { json, limits, left: 0 };
    out.json.open('{');
    out.values(HEAD, &[name, text(&task.registration.uri)]);
    out.left = limits.entries;
    for principal in &task.principals {
        let Principal { id, user_id, group_id, logon_type, run_level, .. } = principal;
        let values = [id, user_id, group_id, logon_type, run_level].map(text);
        out.entry("principals", PRINCIPAL, &values, 0);
    }
    out.end();
    out.values(SETTINGS, &[task.settings.enabled, task.settings.hidden].map(word));
    out.left = limits.entries;
    for kind in TRIGGERS {
        for trigger in task.triggers.iter().filter(|trigger| trigger.kind == kind) {
            out.trigger(trigger);
        }
    }
    out.end();
    out.left = limits.entries;
    // The pipeline knows no other actions.
    for kind in ["exec", "com_handler"] {
        for action in task.actions.iter().filter(|action| action.kind() == kind) {
            out.action(action, &task.actions_context);
        }
    }
    out.end();
    out.json.close('}');
}

fn text(text: &Option<String>) -> Option<&str> {
    text.as_deref()
}

fn word(value: Option<bool>) -> Option<&'static str> {
    value.map(|value| if value { "true" } else { "false" })
}

struct Out<'j, 'o> {
    json: &'j mut Writer<'o>,
    limits: Limits,
    /// The number of entries that the list at hand may still have.
    left: usize,
}

impl Out<'_, '_> {
    #[inline(never)]
    fn trigger(&mut self, trigger: &Trigger) {
        let enabled = word(Some(trigger.enabled.unwrap_or(true)));
        let mut values = [Some(trigger.kind.as_str()), enabled, None, None, None];
        if let Some(Repetition { interval, duration, stop_at_duration_end }) = &trigger.repetition {
            let [_, _, first, second, third] = &mut values;
            (*first, *second, *third) = (text(interval), text(duration), word(*stop_at_duration_end));
        }
        self.entry("triggers", TRIGGER, &values, 0);
    }

    #[inline(never)]
    fn action(&mut self, action: &Action, context: &Option<String>) {
        let [command, arguments, folder, class] = match action {
            Action::Exec(exec) => [&exec.command, &exec.arguments, &exec.working_directory, &None],
            Action::ComHandler { class_id, .. } => [&None, &None, &None, class_id],
            _ => return,
        };
        let [context, command, arguments, folder, class] =
            [context, command, arguments, folder, class].map(text);
        self.entry("actions", ACTION, &[Some(action.kind()), context, command, arguments, folder, class], 2);
    }

    /// Writes an entry of the list at hand, which the first one begins; none where the values from an index on say
    /// nothing.
    #[inline(never)]
    fn entry(&mut self, list: &str, names: &Names, values: &[Option<&str>], from: usize) {
        if self.left == 0 || !values.iter().skip(from).any(Option::is_some) {
            return;
        }
        if self.left == self.limits.entries {
            self.json.key(list);
            self.json.open('[');
        }
        self.left = self.left.saturating_sub(1);
        self.json.open('{');
        self.values(names, values);
        if names.first() == Some(&"type") {
            self.definition(names, values);
        }
        self.json.close('}');
    }

    fn end(&mut self) {
        if self.left < self.limits.entries {
            self.json.close(']');
        }
    }

    /// Writes those values that are there.
    #[inline(never)]
    fn values(&mut self, names: &Names, values: &[Option<&str>]) {
        let mut open = "";
        for (name, value) in names.iter().zip(values) {
            let Some(value) = value else { continue };
            let (object, key) = parts(name);
            if object != open {
                if !open.is_empty() {
                    self.json.close('}');
                }
                if !object.is_empty() {
                    self.json.key(object);
                    self.json.open('{');
                }
                open = object;
            }
            match key.strip_prefix('?') {
                Some(key) => self.json.flag(key, *value == "true"),
                None => self.json.text(key, &cut(value, self.limits.characters)),
            }
        }
        if !open.is_empty() {
            self.json.close('}');
        }
    }

    /// Writes all values in one text, so that one query finds what belongs together.
    #[inline(never)]
    fn definition(&mut self, names: &Names, values: &[Option<&str>]) {
        let mut out = b"v=1".to_vec();
        for (name, value) in names.iter().zip(values) {
            let key = parts(name).1;
            out.push(b'|');
            out.extend_from_slice(key.strip_prefix('?').unwrap_or(key).as_bytes());
            out.push(b'=');
            escape(&mut out, value.unwrap_or_default());
        }
        // Only ASCII was replaced, by ASCII.
        self.values(&["definition"], &[std::str::from_utf8(&out).ok()]);
    }
}

/// The name of an object, empty where there is none, and the name within it.
fn parts(name: &'static str) -> (&'static str, &'static str) {
    let dot = bytes::find(name.as_bytes(), b'.');
    let parts = dot
        .and_then(|dot| name.split_at_checked(dot))
        .map(|(object, key)| (object, key.get(1..).unwrap_or(key)));
    parts.unwrap_or(("", name))
}

/// Appends a value in which `%`, `|`, `=` and control characters of ASCII are `%` with two digits.
#[inline(never)]
fn escape(out: &mut Vec<u8>, value: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_control() || matches!(byte, b'%' | b'|' | b'=') {
            out.push(b'%');
            for digit in [byte >> 4, byte & 15] {
                out.push(DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0'));
            }
        } else {
            out.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::parse;
    use crate::work::Work;
    use serde_json::{Value, json};

    fn written(xml: &str) -> Value {
        let mut out = Vec::new();
        let task = parse(xml, &Work::unlimited()).task;
        let mut json = Writer::new(&mut out, usize::MAX);
        write_elastic(&mut json, Some("\\x"), &task, 3, 60);
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn every_section_has_its_fields() {
        let xml = "<Task><RegistrationInfo><URI>\\u</URI></RegistrationInfo><Triggers><LogonTrigger/><CustomTrigger/>\
                   <BootTrigger><Enabled>0</Enabled><Repetition><Interval>PT5M</Interval><StopAtDurationEnd>true\
                   </StopAtDurationEnd></Repetition></BootTrigger></Triggers><Principals><Principal id='A'><UserId>S-1-5-18\
                   </UserId><RunLevel>HighestAvailable</RunLevel></Principal><Principal><GroupId>G</GroupId><LogonType>Group\
                   </LogonType></Principal><Principal/></Principals><Settings><Hidden>true</Hidden></Settings><Actions Context='A'>\
                   <ComHandler><ClassId>{C}</ClassId></ComHandler><Exec><Command>%x%</Command><Arguments>a=b|c</Arguments></Exec>\
                   <Exec/><ShowMessage><Body>b</Body></ShowMessage></Actions></Task>";
        let expected = json!({
            "name": "\\x", "uri": "\\u",
            "principals": [
                {"id": "A", "user": {"identifier": "S-1-5-18"}, "run_level": "HighestAvailable"},
                {"group": {"identifier": "G"}, "logon": {"type": "Group"}},
            ],
            "settings": {"hidden": true},
            "triggers": [
                {"type": "boot", "enabled": false, "repetition": {"interval": "PT5M", "stop_at_duration_end": true},
                 "definition": "v=1|type=boot|enabled=false|interval=PT5M|duration=|… (74 characters)"},
                {"type": "logon", "enabled": true,
                 "definition": "v=1|type=logon|enabled=true|interval=|duration=|… (71 characters)"},
            ],
            "actions": [
                {"type": "exec", "context": "A", "command": "%x%", "arguments": "a=b|c",
                 "definition": "v=1|type=exec|context=A|command=%25x%25|arguments=a%3Db%7Cc|working_directory=|class_id="},
                {"type": "com_handler", "context": "A", "class_id": "{C}",
                 "definition": "v=1|type=com_handler|context=A|command=|arguments=|working_directory=|class_id={C}"},
            ],
        });
        assert_eq!(shortened(written(xml)), shortened(expected));
    }

    /// Definitions without what a limit changes.
    fn shortened(mut value: Value) -> Value {
        for list in ["triggers", "actions"] {
            for entry in value[list].as_array_mut().unwrap() {
                let definition: String = entry["definition"].as_str().unwrap().chars().take(44).collect();
                entry["definition"] = definition.into();
            }
        }
        value
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        assert_eq!(written(""), json!({"name": "\\x"}));
        assert_eq!(
            written("<Task><Triggers/><Principals/><Settings/><Actions/></Task>"),
            json!({"name": "\\x"})
        );
    }

    #[test]
    fn the_limits_hold() {
        let xml =
            format!("<Task><Actions>{}</Actions></Task>", "<Exec><Command>abc</Command></Exec>".repeat(9));
        assert_eq!(written(&xml)["actions"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn values_are_escaped_so_that_a_definition_can_be_split() {
        for (value, wanted) in [("a", "a"), ("%|=", "%25%7C%3D"), ("a\tb\u{7f}ü", "a%09b%7Fü"), ("", "")] {
            let mut out = Vec::new();
            escape(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), wanted);
        }
    }
}
