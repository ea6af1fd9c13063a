//! `schtag report`.
use super::{Folder, stderr};
use schtag_test_files::gzip;
use std::fs;

const INPUT: &str = "{\"t\":1}\n{\"a\":1}\nnope\n{\"o\":1}\n";

#[test]
fn a_page_is_written_and_the_same_input_gives_the_same() {
    let folder = Folder::new();
    folder.write("a.ndjson", INPUT.as_bytes());
    folder.write("b.ndjson.gz", &gzip(b"{\"t\":2}\n"));
    let words = "report a.ndjson b.ndjson.gz -o report.html --made yesterday";
    let assert = folder.schtag(words).assert().success().stdout("");
    assert!(stderr(&assert).contains("5 lines, 3 tagged"), "{}", stderr(&assert));
    let page = fs::read_to_string(folder.path("report.html")).unwrap();
    for part in [
        "<!doctype html>",
        "Read from a.ndjson, b.ndjson.gz.",
        "Made yesterday.",
        "<b>5</b>records read",
        "<b>2</b>alerts",
        "<b>1 line</b> left out and not checked",
        "a.ndjson:1, b.ndjson.gz:1",
    ] {
        assert!(page.contains(part), "the page lacks {part:?}: {page}");
    }
    folder.schtag(words).assert().success();
    assert!(fs::read_to_string(folder.path("report.html")).unwrap() == page);
}

#[test]
fn standard_input_and_output_will_do() {
    let folder = Folder::new();
    let assert =
        folder.schtag("report -q -o - --title Case").write_stdin(INPUT).assert().success().stderr("");
    let page = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(page.contains("<title>Case</title>") && !page.contains("Read from "), "{page}");
    let assert = folder.schtag("report -o -").write_stdin("").assert().success();
    let page = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(page.contains("No rule matched in what was read."), "{page}");
}

#[test]
fn what_cannot_be_read_or_judged_is_in_the_page_and_the_exit_code() {
    let folder = Folder::new();
    folder.write("a.ndjson", b"{\"t\":1}\n{\"!\":1}\n");
    let assert = folder.schtag("report missing.ndjson a.ndjson -o r.html").assert().code(3);
    assert!(stderr(&assert).contains("missing.ndjson: "), "{}", stderr(&assert));
    let page = fs::read_to_string(folder.path("r.html")).unwrap();
    assert!(page.contains("<b>1 input</b> could not be read to the end"), "{page}");
    assert!(page.contains("<b>1 record</b> could not be judged"), "{page}");
    assert!(page.contains("<li>a.ndjson:2: the guest trapped in schtag_filter"), "{page}");
    assert!(page.contains("<b>1 time</b> the filter lost what it remembered of earlier events"), "{page}");
    // It is on the first screen: before the chart, the overview and the alerts.
    assert!(page.find("a.ndjson:2: the guest").unwrap() < page.find("<h2").unwrap(), "{page}");
    folder.schtag("report a.ndjson -o r.html").assert().code(1);
    folder.schtag("report a.ndjson").assert().code(2);
    folder.schtag("report a.ndjson -o nowhere/r.html").assert().code(5);
    folder.schtag("report a.ndjson -o r.html --rules missing").assert().code(3);
}
