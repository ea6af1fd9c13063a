//! Records that need memory, each at another place.

use crate::formats::base64;
use crate::inputs::samples::{Sample, Shape, task_xml};
use schtag_test_files::gzip;

fn with_content(content: String) -> Vec<u8> {
    Sample { content, ..Sample::new(4698, "", "") }.record(Shape::Flat).into_bytes()
}

/// A script in a gzip stream that inflates to much more than is read.
fn bomb() -> String {
    let packed = gzip(&vec![b'a'; 3_000_000]);
    format!("powershell -c (GzipStream [Convert]::FromBase64String('{}'))", base64::encode(&packed))
}

/// A name for messages, and the record.
pub fn inputs() -> Vec<(&'static str, Vec<u8>)> {
    let alert = Sample::new(4698, "powershell.exe", "-NoProfile").record(Shape::Winevtlog);
    let encoded = Sample::new(4702, "powershell.exe", "-w hidden -enc SQBFAFgAIAAoACcAYQAnACsAJwBiACcAKQA=");
    let forged = alert.replacen('{', r#"{"schtag":{"verdict":"observed"},"\u0073chtag":[1],"#, 1);
    let long = "x".repeat(3 << 20);
    let exec = |arguments: &str| task_xml("cmd.exe", &format!("/c {arguments}"));
    let actions = format!(
        "<Task><Actions>{}</Actions></Task>",
        format!("<Exec><Command>cmd</Command><Arguments>/c {}</Arguments></Exec>", bomb()).repeat(64)
    );
    vec![
        ("unrelated", Sample::new(4624, "a", "b").record(Shape::Winevtlog).into_bytes()),
        ("alert", alert.clone().into_bytes()),
        (
            "alert as event XML",
            Sample::new(4698, "powershell", "-nop").record(Shape::WinevtlogXml).into_bytes(),
        ),
        ("encoded alert", encoded.record(Shape::Winevtlog).into_bytes()),
        ("forged tags", forged.into_bytes()),
        (
            "forged tag on an unrelated record",
            br#"{"EventID":4624,"schtag":{"verdict":"alert"},"b":1}"#.to_vec(),
        ),
        ("huge unrelated record", format!(r#"{{"log":"{long}"}}"#).into_bytes()),
        ("huge record with a forged tag", format!(r#"{{"schtag":1,"log":"{long}"}}"#).into_bytes()),
        (
            "task event in a huge record",
            alert.replacen('{', &format!(r#"{{"log":"{long}","#), 1).into_bytes(),
        ),
        (
            "huge task",
            with_content(format!("<Task>{}</Task>", "<Exec><Command>a</Command></Exec>".repeat(60_000))),
        ),
        ("many members", format!("{{{}\"z\":1}}", "\"k\":1,".repeat(30_000)).into_bytes()),
        (
            "many members and a forged tag",
            format!("{{{}\"schtag\":1}}", "\"k\":1,".repeat(30_000)).into_bytes(),
        ),
        ("deep", format!("{{\"a\":{}1{}}}", "[".repeat(60_000), "]".repeat(60_000)).into_bytes()),
        ("long escaped key", format!(r#"{{"\u0045{long}":4698}}"#).into_bytes()),
        ("escaped keys", alert.replace("\"EventID\"", r#""\u0045vent\u0049D""#).into_bytes()),
        ("repairs", br#"{"a":nan,"b":"\x41",1:2}"#.to_vec()),
        ("huge repair", format!("{{\"log\":\"{}\"}}", "\\x41\n\"\u{e9}".repeat(100_000)).into_bytes()),
        ("broken task event", alert.replacen('{', r#"{"load":nan,"#, 1).into_bytes()),
        ("not JSON", b"\xff\xfe \" \\ not JSON".to_vec()),
        ("gzip bomb", with_content(exec(&bomb()))),
        ("64 gzip bombs", with_content(actions)),
        ("many commands", with_content(exec(&"powershell -c x & ".repeat(2_000)))),
        (
            "a variable that grows",
            with_content(exec(&format!("%PSModulePath:s={}% ", "s".repeat(400)).repeat(140))),
        ),
        ("cmd in cmd", with_content(exec(&"cmd /c ".repeat(5_000)))),
        ("a megabyte of arguments", with_content(exec(&"Write-Host x; ".repeat(75_000)))),
    ]
}
