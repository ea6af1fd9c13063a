//! Checks that the cost of reading a record is bounded, whatever it holds.

use crate::text::lossy;
use schtag_host::run::wasmtime::{Instance, Timestamp};
use std::hint::black_box;

/// The most units of fuel for reading a record, beyond a walk over its bytes. The aim is 10 million: some steps of the
/// interpreters cost more than they are charged.
pub const BOUND: u64 = 16_000_000;

/// The most units of fuel besides, for each byte of a record and each byte of its output.
///
/// Each record is scanned once, one that may be a task event twice, and a mended one three times; its keys are compared,
/// and it is copied to the output. The most costly are keys that are written with escapes, at 270 units; a
/// number of one digit is at 110, plain text at 10 to 25.
pub const A_BYTE: u64 = 280;

/// Returns the most units that a record of `record` bytes may cost when its output has `out` bytes.
pub const fn allowed(record: usize, out: usize) -> u64 {
    let bytes = (record as u64).saturating_add(out as u64);
    BOUND.saturating_add(A_BYTE.saturating_mul(bytes))
}

/// A part of a task in which words can stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The arguments of an action that runs a program, between two texts.
    Arguments(&'static str, &'static str, &'static str),
    /// The list of actions, as it stands in the XML.
    Actions,
    /// The description, as it stands in the XML.
    Description,
    /// The list of triggers, as it stands in the XML.
    Triggers,
    /// Before the task, as it stands in the XML.
    Before,
    /// Within the tag `<Task`.
    Attributes,
}

/// Every part, with programs that are read in ways of their own.
pub const PARTS: [Part; 16] = [
    Part::Arguments("cmd.exe", "/v:on /c ", ""),
    Part::Arguments("powershell.exe", "-c ", ""),
    Part::Arguments("powershell.exe", "", ""),
    Part::Arguments("a.exe", "", ""),
    Part::Arguments("mshta.exe", "vbscript:", ""),
    Part::Arguments("rundll32.exe", "", ""),
    Part::Arguments("wscript.exe", "//e:vbscript ", ""),
    Part::Arguments(
        "cmd.exe",
        "/v:on /c \"set x=",
        "&for /L %i in (1,1,512) do set z=%i!x:*b=!!x:a=b!!x:~%i,1!\"",
    ),
    Part::Arguments("cmd.exe", "/v:on /c \"for /L %i in (1,1,512) do ", "\""),
    Part::Arguments("cmd.exe", "/v:on /c \"set x=", "&call echo %x:a=b% !x:~1,-1!\""),
    Part::Arguments(
        "powershell.exe",
        "-c \"$x='",
        "'; iex ($x.Replace('a','b') -replace 'b','c' -split 'd' -join '')\"",
    ),
    Part::Actions,
    Part::Description,
    Part::Triggers,
    Part::Before,
    Part::Attributes,
];

impl Part {
    /// The definition of a task with a text in this part, and with other actions before and after.
    pub fn definition(self, text: &str, before: &str, behind: &str) -> String {
        let others = format!("{before}{behind}");
        let whole = |start: &str, attributes: &str, description: &str, triggers: &str, actions: &str| {
            format!(
                "{start}<Task version=\"1.2\" {attributes}><RegistrationInfo><Author>CORP\\alice</Author><Description>\
                 {description}</Description></RegistrationInfo><Triggers>{triggers}<LogonTrigger/></Triggers>\
                 <Principals><Principal id=\"Author\"><UserId>CORP\\alice</UserId></Principal></Principals>\
                 <Actions Context=\"Author\">{actions}</Actions></Task>"
            )
        };
        match self {
            Self::Arguments(command, first, last) => {
                let own = exec(command, &format!("{first}{text}{last}"));
                whole("", "", "", "", &format!("{before}{own}{behind}"))
            }
            Self::Actions => whole("", "", "", "", &format!("{before}{text}{behind}")),
            Self::Description => whole("", "", text, "", &others),
            Self::Triggers => whole("", "", "", text, &others),
            Self::Before => whole(text, "", "", "", &others),
            Self::Attributes => whole("", text, "", "", &others),
        }
    }
}

/// An action, with what XML would take for markup escaped.
pub fn exec(command: &str, arguments: &str) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<Exec><Command>{}</Command><Arguments>{}</Arguments></Exec>",
        escaped(command),
        escaped(arguments)
    )
}

/// The record of a task that was created with a definition.
pub fn record(definition: &str) -> String {
    serde_json::json!({
        "EventID": 4698, "Channel": "Security", "Computer": "ws17.corp.example", "SubjectUserSid": "S-1-5-21-1-2-3-1104",
        "SubjectUserName": "alice", "SubjectDomainName": "CORP", "SubjectLogonId": "0x3144c", "TaskName": "\\Nightly",
        "TaskContent": definition,
    })
    .to_string()
}

/// Judges a task: the first byte of `data` says in which part of it the others stand; of 255, they are the record.
///
/// The more fuel it takes, the more rounds a loop runs. libFuzzer sees that, and so it looks for costly inputs.
pub fn check(instance: &mut Instance, data: &[u8]) {
    let Some((&part, text)) = data.split_first() else { return };
    let record = match PARTS.get(usize::from(part) % (PARTS.len() + 1)) {
        Some(part) => record(&part.definition(&lossy(text), "", "")).into_bytes(),
        None => text.to_vec(),
    };
    let reply = instance.call(b"", Timestamp::default(), &record).unwrap();
    let (fuel, most) = (instance.fuel(), allowed(record.len(), reply.record.len()));
    assert!(fuel <= most, "{fuel} units, more than {most}: {}", record.escape_ascii());
    for step in 0..fuel.saturating_mul(256) / most {
        black_box(step);
    }
}
