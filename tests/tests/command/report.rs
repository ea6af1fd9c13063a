//! The report, of what the module really says, in a browser: hostile names are text, and what is not listed is said.

use schtag_host::report::{Heading, Report};
use schtag_host::rules::catalogue::Catalogue;
use schtag_host::run::wasmtime::{Instance, Options, Timestamp};
use schtag_tests::files_server::{Files, FilesServer};
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::{chromium, events, filter};
use serde_json::Value;

fn report(records: impl Iterator<Item = Vec<u8>>) -> Report {
    let heading = Heading { title: "Test".into(), ..Heading::default() };
    let mut report = Report::new(heading, 200);
    let mut instance = Instance::new(&filter::module().unwrap(), &Options::default()).unwrap();
    for (number, record) in records.enumerate() {
        report.count();
        let at = Timestamp { seconds: filter::AT, nanoseconds: 0 };
        let out = instance.call(b"t", at, &record).unwrap().record;
        let Ok(out) = serde_json::from_slice::<Value>(&out) else { continue };
        if let Some(tag) = out.get("schtag") {
            report.add(tag, &record, &format!("f:{number}"));
        }
    }
    report
}

#[test]
fn every_event_of_the_project_makes_a_page() {
    let records =
        events::records().into_iter().map(|(_, record)| record).filter(|record| record.len() < 100_000);
    let html = report(records).html(&Catalogue::embedded());
    assert!(html.contains("are left out here") && html.contains("<svg class=\"wide\""));
    assert!(!html.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
    assert_eq!(html.matches("<details").count(), html.matches("</details>").count());
    assert!(html.len() < 4 << 20, "{}", html.len());
}

/// A task of each name, and text of the same kind wherever a record has room for some.
fn hostile() -> Vec<Vec<u8>> {
    let names = [
        "\\</h3><script>document.title='gone'</script>",
        "\\\"><img src=x onerror=document.title='gone'>",
        "\\</style><style>body{display:none}",
        "\\<!--",
        "\\exe.\u{202e}txt\u{7}",
        "\\<svg onload=document.title='gone'>",
    ];
    let of = |name: &&str| {
        let sample = Sample {
            task_name: (*name).into(),
            user: (*name).into(),
            computer: (*name).into(),
            ..Sample::new(4698, "powershell.exe", &format!("-c iex {name}"))
        };
        sample.record(Shape::Winevtlog).into_bytes()
    };
    names.iter().map(of).collect()
}

#[test]
fn hostile_names_are_text_in_a_browser_too() {
    let html = report(hostile().into_iter()).html(&Catalogue::embedded());
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<!--"));
    let Some(browser) = chromium::find("hostile_names_are_text_in_a_browser_too") else { return };
    let files = Files::from([("report.html".to_owned(), html.into_bytes())]);
    let server = FilesServer::start(files).unwrap();
    let page = chromium::document(&browser, &server.url("report.html")).unwrap();
    assert!(page.contains("<title>Test</title>"), "a script of a record's ran");
    for part in ["<script", "<img", "<svg onload", "\u{202e}"] {
        assert!(!page.contains(part), "{part:?} reached the page");
    }
    assert!(page.contains("<b>6</b>alerts"), "{page:.6000}");
    assert_eq!(server.asked(), ["report.html"]);
}
