use super::*;
use schtag::command::programs::Programs;
use schtag::engine;
use schtag::fields::Field;
use schtag::json::Scanner;

/// The values of some fields that the engine reads from a record.
fn fields(record: &str, fields: &[Field]) -> Vec<Option<String>> {
    let mut scanner = Scanner::default();
    let object = scanner.scan(record.as_bytes()).unwrap();
    let reading = engine::read(&object, &Programs::default()).unwrap();
    let table = reading.fields();
    fields.iter().map(|field| table.first(*field).map(str::to_owned)).collect()
}

fn described(text: &str) -> Result<Sample, String> {
    let description: Description = serde_json::from_str(text).map_err(|error| error.to_string())?;
    description.sample().map_err(|error| error.to_string())
}

#[test]
fn every_shape_carries_the_same_event() {
    const ALL: [Field; 8] = [
        Field::EventId,
        Field::Computer,
        Field::SubjectUserSid,
        Field::SubjectUserName,
        Field::SubjectDomainName,
        Field::SubjectLogonId,
        Field::TaskName,
        Field::TaskRunAs,
    ];
    for id in 4698..=4702 {
        let sample = described(&format!(
            r#"{{"event":{id},"computer":"H.x","user":"u<&>","domain":"D","sid":"S-1-5-21-1","logon_id":"0x1",
                "task_name":"\\T \"é\"","run_as":"r","command":"a&b","client":{{}}}}"#
        ))
        .unwrap();
        let id = id.to_string();
        let expected = [&id, "H.x", "S-1-5-21-1", "u<&>", "D", "0x1", "\\T \"é\"", "r"];
        for shape in Shape::ALL {
            let read = fields(&sample.record(shape), &ALL);
            let read: Vec<&str> = read.iter().map(|value| value.as_deref().unwrap_or_default()).collect();
            assert_eq!(read, expected, "{shape:?}");
        }
    }
}

#[test]
fn every_shape_carries_the_client() {
    let sample =
        described(r#"{"command":"a","client":{"process_id":0,"locality":1,"fqdn":"other"}}"#).unwrap();
    for shape in Shape::ALL {
        let read = fields(&sample.record(shape), &[Field::ClientProcessId, Field::Fqdn]);
        assert_eq!(read, [Some("0".to_owned()), Some("other".to_owned())], "{shape:?}");
    }
    let none = Sample::new(4698, "a", "b");
    for shape in Shape::ALL {
        assert_eq!(fields(&none.record(shape), &[Field::ClientProcessId]), [None], "{shape:?}");
    }
}

#[test]
fn every_shape_has_its_name() {
    for shape in Shape::ALL {
        let text = format!("\"{}\"", shape.name());
        assert_eq!(serde_json::from_str::<Shape>(&text).unwrap(), shape);
    }
}

#[test]
fn what_a_row_does_not_say_is_as_in_a_new_sample() {
    let sample = described(r#"{"command":"c","arguments":"d"}"#).unwrap();
    assert_eq!(sample, Sample::new(4698, "c", "d"));
    let deleted = described(r#"{"event":4699}"#).unwrap();
    assert_eq!(deleted, Sample { event_id: 4699, content: String::new(), ..Sample::new(0, "", "") });
}

#[test]
fn accounts_of_windows_bring_their_names_and_sessions() {
    for (text, expected) in [
        (r#""sid":"S-1-5-18""#, ["S-1-5-18", "WS17$", "CORP", "0x3e7"]),
        (r#""sid":"S-1-5-19""#, ["S-1-5-19", "LOCAL SERVICE", "NT AUTHORITY", "0x3e5"]),
        (r#""sid":"S-1-5-20","computer":"a.b""#, ["S-1-5-20", "A$", "CORP", "0x3e4"]),
        (r#""sid":"S-1-5-18","user":"x","logon_id":"y""#, ["S-1-5-18", "x", "CORP", "y"]),
        (
            r#""user":"Administrator""#,
            ["S-1-5-21-1004336348-1177238915-682003330-500", "Administrator", "CORP", "0x3144c"],
        ),
        (r#""user":"Administrator","sid":"s","domain":"D""#, ["s", "Administrator", "D", "0x3144c"]),
    ] {
        let Sample { sid, user, domain, logon_id, .. } =
            described(&format!(r#"{{"command":"c",{text}}}"#)).unwrap();
        assert_eq!([sid, user, domain, logon_id], expected, "{text}");
    }
}

/// The elements of a definition that a row's members make, without the white space between them.
#[test]
fn members_become_elements() {
    for (text, expected) in [
        (r#""author":"a""#, "<Author>a</Author>"),
        (r#""user":"u","domain":"D""#, "<Author>D\\u</Author>"),
        (r#""user":"u","domain":"D""#, "<UserId>D\\u</UserId><LogonType>InteractiveToken</LogonType>"),
        (r#""description":"d<""#, "</Author><Description>d&lt;</Description><URI>"),
        (r#""task_name":"\\T""#, "<URI>\\T</URI>"),
        (r#""task_name":"\\T","uri":"\\U""#, "<URI>\\U</URI>"),
        (r#""security_descriptor":"D:""#, "<SecurityDescriptor>D:</SecurityDescriptor></RegistrationInfo>"),
        (r#""trigger":"logon""#, "<Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>"),
        (r#""trigger":"<X/>""#, "<Triggers><X/></Triggers>"),
        (r#""triggers":["<X/>","boot"]"#, "<Triggers><X/><BootTrigger>"),
        (r#""triggers":[]"#, "<Triggers></Triggers>"),
        (
            r#""trigger":"time","repetition":"PT5M""#,
            "<TimeTrigger><Repetition><Interval>PT5M</Interval></Repetition><StartBoundary>",
        ),
        (r#""run_as":"S-1-5-18""#, "<UserId>S-1-5-18</UserId><RunLevel>LeastPrivilege</RunLevel>"),
        (r#""run_as":"S-1-5-18","logon_type":"S4U""#, "<UserId>S-1-5-18</UserId><LogonType>S4U</LogonType>"),
        (r#""sid":"S-1-5-20""#, "<UserId>S-1-5-20</UserId><RunLevel>LeastPrivilege</RunLevel>"),
        (r#""run_as":"","logon_type":"""#, "<Principal id=\"Author\"><RunLevel>"),
        (r#""group":"S-1-5-4""#, "<GroupId>S-1-5-4</GroupId><RunLevel>"),
        (r#""run_level":"HighestAvailable""#, "<RunLevel>HighestAvailable</RunLevel></Principal>"),
        (
            r#""privileges":["a","b"]"#,
            "<RequiredPrivileges><Privilege>a</Privilege><Privilege>b</Privilege></RequiredPrivileges>",
        ),
        (r#""hidden":true"#, "<Enabled>true</Enabled><Hidden>true</Hidden></Settings>"),
        (r#""enabled":false"#, "<Settings><Enabled>false</Enabled></Settings>"),
    ] {
        let sample = described(&format!(r#"{{"command":"c",{text}}}"#)).unwrap();
        let content: String = sample.content.split("\r\n").map(str::trim_start).collect();
        assert!(content.contains(expected), "{text}: {content}");
    }
    for (text, expected) in [
        (r#""command":"c""#, "<Exec><Command>c</Command></Exec>"),
        (r#""command":"c","arguments":"""#, "<Exec><Command>c</Command><Arguments></Arguments></Exec>"),
        (
            r#""command":"c","working_directory":"w""#,
            "<Exec><Command>c</Command><WorkingDirectory>w</WorkingDirectory></Exec>",
        ),
        (r#""com_handler":"{A}""#, "<ComHandler><ClassId>{A}</ClassId></ComHandler>"),
        (
            r#""actions":[{"command":"c"},{"com_handler":"{A}"}]"#,
            "<Exec><Command>c</Command></Exec><ComHandler><ClassId>{A}</ClassId></ComHandler>",
        ),
    ] {
        let content: String =
            described(&format!("{{{text}}}")).unwrap().content.split("\r\n").map(str::trim_start).collect();
        assert!(content.contains(&format!("<Actions Context=\"Author\">{expected}</Actions>")), "{content}");
    }
    assert_eq!(described(r#"{"content":"<x"}"#).unwrap().content, "<x");
}

#[test]
fn contradictions_and_misspellings_are_errors() {
    for (text, expected) in [
        ("{}", "nothing says what the task does: add `command`"),
        (r#"{"event":4701}"#, "nothing says what the task does"),
        (r#"{"command":"a","content":""}"#, "one says what the task does"),
        (r#"{"com_handler":"a","actions":[]}"#, "one says what the task does"),
        (r#"{"arguments":"a"}"#, "belong to a `command`"),
        (r#"{"content":"","working_directory":"a"}"#, "belong to a `command`"),
        (r#"{"command":"a","trigger":"boot","triggers":[]}"#, "both `trigger` and `triggers`"),
        (r#"{"command":"a","trigger":"weekly"}"#, "there is no trigger `weekly`: write `daily`"),
        (r#"{"comand":"a"}"#, "unknown field `comand`"),
        (r#"{"command":"a","client":{"pid":1}}"#, "unknown field `pid`"),
        (r#"{"actions":[{"program":"a"}]}"#, "unknown field `program`"),
    ] {
        let error = described(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
