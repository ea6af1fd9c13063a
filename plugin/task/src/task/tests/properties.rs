//! Properties over all inputs, and over all ways to write a task.

use proptest::prelude::*;

use super::super::xml::MAX_VALUE;
use super::super::{Action, Exec, Principal, Task, Trigger, TriggerKind};
use super::{Note, parse};

/// Text that a value may be: not empty, no blanks around it.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![r#"[ -~]{1,30}"#, r#"[<>&'"\]a;#x -]{1,20}"#, r"\PC{1,20}"]
        .prop_map(|text| super::super::text::trim(&text).to_owned())
        .prop_filter("empty", |text| !text.is_empty())
}

fn maybe() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(value())
}

prop_compose! {
    fn action()(com in any::<bool>(), a in maybe(), b in maybe(), c in maybe()) -> Action {
        if com {
            Action::ComHandler { class_id: a, data: b }
        } else {
            Action::Exec(Exec { command: a, arguments: b, working_directory: c })
        }
    }
}

prop_compose! {
    fn task()(
        version in maybe(), author in maybe(), description in maybe(), data in maybe(),
        hidden in proptest::option::of(any::<bool>()), subscription in maybe(), id in maybe(),
        privileges in proptest::collection::vec(value(), 0..3),
        actions in proptest::collection::vec(action(), 0..4),
    ) -> Task {
        let mut task = Task { version, data, actions, actions_context: id.clone(), ..Task::default() };
        task.registration.author = author;
        task.registration.description = description;
        task.settings.hidden = hidden;
        task.triggers = vec![Trigger { subscription, ..Trigger::new(TriggerKind::Event) }];
        task.principals = vec![Principal { id, required_privileges: privileges, ..Principal::default() }];
        task
    }
}

/// One way to write XML, which takes its decisions from a stream of random bytes.
struct Writer {
    out: String,
    prefix: &'static str,
    style: std::vec::IntoIter<u8>,
}

impl Writer {
    fn choice(&mut self, of: u8) -> u8 {
        self.style.next().unwrap_or(0) % of
    }

    /// Character data, with each character written in one of the ways that XML has for it.
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match self.choice(8) {
                1 => self.out.push_str("<!-- <x> & -->"),
                2 => self.out.push_str("<?pi <x> & ?>"),
                3 => self.out.push_str("<![CDATA[]]>"),
                _ => {}
            }
            match (c, self.choice(5)) {
                (_, 1) => self.out.push_str(&format!("&#{};", u32::from(c))),
                (_, 2) => self.out.push_str(&format!("&#x{:X};", u32::from(c))),
                (_, 3) => self.out.push_str(&format!("<![CDATA[{c}]]>")),
                ('<', _) => self.out.push_str("&lt;"),
                ('>', _) => self.out.push_str("&gt;"),
                ('&', _) => self.out.push_str("&amp;"),
                ('"', 4) => self.out.push_str("&quot;"),
                ('\'', 4) => self.out.push_str("&apos;"),
                _ => self.out.push(c),
            }
        }
    }

    fn blank(&mut self) {
        let choice = self.choice(4);
        self.out.push_str(["", " ", "\r\n\t", "<!-- b -->"][usize::from(choice)]);
    }

    fn open(&mut self, name: &str, attribute: Option<(&str, &Option<String>)>) {
        self.blank();
        self.out.push_str(&format!("<{}{name}", self.prefix));
        if let Some((key, Some(value))) = attribute {
            let quote = ['"', '\''][usize::from(self.choice(2))];
            let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            self.out.push_str(&format!("\n {key} ={quote}{}{quote}", value.replace('\'', "&#39;")));
        }
        self.out.push('>');
    }

    fn close(&mut self, name: &str) {
        self.blank();
        self.out.push_str(&format!("</{}{name}>", self.prefix));
    }

    fn leaf(&mut self, name: &str, value: &Option<String>) {
        let Some(value) = value else { return };
        self.open(name, None);
        self.blank();
        self.text(value);
        self.close(name);
    }

    fn task(&mut self, task: &Task) {
        self.open("Task", Some(("version", &task.version)));
        self.open("RegistrationInfo", None);
        self.leaf("Author", &task.registration.author);
        self.leaf("Description", &task.registration.description);
        self.close("RegistrationInfo");
        self.open("Triggers", None);
        self.open("EventTrigger", None);
        self.leaf("Subscription", &task.triggers[0].subscription);
        self.close("EventTrigger");
        self.close("Triggers");
        self.leaf("Data", &task.data);
        self.open("Settings", None);
        self.leaf("Hidden", &task.settings.hidden.map(|hidden| hidden.to_string()));
        self.close("Settings");
        self.open("Principals", None);
        self.open("Principal", Some(("id", &task.principals[0].id)));
        self.open("RequiredPrivileges", None);
        for privilege in &task.principals[0].required_privileges {
            self.leaf("Privilege", &Some(privilege.clone()));
        }
        self.close("RequiredPrivileges");
        self.close("Principal");
        self.close("Principals");
        self.open("Actions", Some(("Context", &task.actions_context)));
        for action in &task.actions {
            self.action(action);
        }
        self.close("Actions");
        self.close("Task");
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::Exec(exec) => {
                self.open("Exec", None);
                self.leaf("Command", &exec.command);
                self.leaf("Arguments", &exec.arguments);
                self.leaf("WorkingDirectory", &exec.working_directory);
                self.close("Exec");
            }
            Action::ComHandler { class_id, data } => {
                self.open("ComHandler", None);
                self.leaf("ClassId", class_id);
                self.leaf("Data", data);
                self.close("ComHandler");
            }
            other => unreachable!("{other:?}"),
        }
    }
}

fn write(task: &Task, prefix: &'static str, style: Vec<u8>) -> String {
    let mut writer = Writer { out: String::new(), prefix, style: style.into_iter() };
    writer.task(task);
    writer.out
}

/// Every text of a task that [`task`] makes, each list item and action one by one, in a fixed order.
fn texts(task: &Task) -> Vec<Option<&str>> {
    let trigger = task.triggers.first();
    let principal = task.principals.first();
    let mut all = vec![
        task.version.as_deref(),
        task.registration.author.as_deref(),
        task.registration.description.as_deref(),
        task.data.as_deref(),
        task.settings.hidden.map(|hidden| if hidden { "true" } else { "false" }),
        task.actions_context.as_deref(),
        trigger.and_then(|t| t.subscription.as_deref()),
        principal.and_then(|p| p.id.as_deref()),
    ];
    let privileges = principal.map(|p| p.required_privileges.as_slice()).unwrap_or_default();
    all.extend((0..3).map(|at| privileges.get(at).map(String::as_str)));
    for at in 0..4 {
        all.extend(match task.actions.get(at) {
            Some(Action::Exec(e)) => {
                [e.command.as_deref(), e.arguments.as_deref(), e.working_directory.as_deref()]
            }
            Some(Action::ComHandler { class_id, data }) => [class_id.as_deref(), data.as_deref(), None],
            _ => [None; 3],
        });
    }
    all
}

/// Pieces that markup is made of, so that random strings get further than the first tag.
fn soup() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "<Task>",
        "</Task>",
        "<Task ",
        "<Actions>",
        "</Actions>",
        "<Exec>",
        "</Exec>",
        "<Command>",
        "</Command>",
        "<Arguments>",
        "</Arguments",
        "<Triggers>",
        "<LogonTrigger>",
        "<Repetition>",
        "<Settings>",
        "<Hidden>",
        "true",
        "<Data>",
        "</Data>",
        "<x>",
        "</x>",
        "<x/>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "?>",
        "<!DOCTYPE",
        "<!ENTITY",
        "[",
        "]",
        ">",
        "<",
        "&",
        ";",
        "&lt;",
        "&#",
        "'",
        "\"",
        "=",
        " ",
        "é",
        "😀",
        "\u{feff}",
        "\0",
        "id=",
        "t:",
        "/",
    ]);
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    // Each case reads hundreds of prefixes.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_values_of_a_prefix_are_prefixes_of_the_values(
        task in task(),
        style in proptest::collection::vec(any::<u8>(), 0..500),
    ) {
        let xml = write(&task, "", style);
        let whole = texts(&task);
        for (end, _) in xml.char_indices() {
            let (cut, _) = xml.split_at(end);
            let parsed = parse(cut);
            for (part, whole) in texts(&parsed.task).into_iter().zip(&whole) {
                let fits = part.is_none_or(|part| whole.is_some_and(|whole| whole.starts_with(part)));
                prop_assert!(fits, "{part:?} of {whole:?} in {cut}");
            }
            prop_assert!(!parsed.complete);
            let opened = cut.contains("<Task");
            let noted = parsed.notes.iter().any(|note| matches!(note, Note::ContentTruncated { .. }));
            prop_assert!(noted || !opened, "{cut}");
        }
    }
}

proptest! {
    #[test]
    fn every_way_to_write_a_task_reads_the_same(
        task in task(),
        prefix in prop_oneof![Just(""), Just("t:")],
        style in proptest::collection::vec(any::<u8>(), 0..2000),
    ) {
        let xml = write(&task, prefix, style);
        let parsed = parse(&xml);
        prop_assert_eq!(&parsed.task, &task, "{}", xml);
        prop_assert!(parsed.complete);
        prop_assert_eq!(parsed.notes, []);
    }

    #[test]
    fn any_text_is_read(text in prop_oneof![soup(), any::<String>(), r"(<[A-Za-z!/?]{0,3}|\PC){0,60}"]) {
        let parsed = parse(&text);
        prop_assert!(parsed.task.actions.len() <= 64 && parsed.task.triggers.len() <= 64);
        prop_assert!(parsed.notes.len() < 12);
        // Every value is a piece of the input, joined or resolved: never longer than the input.
        let longest = texts(&parsed.task).into_iter().flatten().map(str::len).max().unwrap_or(0);
        prop_assert!(longest <= text.len().min(MAX_VALUE));
        prop_assert_eq!(parse(&text), parsed);
    }
}
