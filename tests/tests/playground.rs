//! The playground, in a browser: it judges the samples as the module does elsewhere, asks for nothing but its own files,
//! and shows hostile text as text.

use schtag_tests::files_server::{Files, FilesServer};
use schtag_tests::filter::{self, Filter};
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::{chromium, project};
use std::path::Path;

const BEFORE: &str = "<script id=\"samples\" type=\"application/x-ndjson\">\n";
const AFTER: &str = "</script>\n<script src=\"playground.js\">";

fn read(path: &str) -> String {
    std::fs::read_to_string(project::root().join(path)).unwrap().replace("\r\n", "\n")
}

fn samples() -> String {
    read("config_examples/demo/events.ndjson")
}

/// The samples in the page.
fn embedded(page: &str) -> &str {
    page.split_once(BEFORE).unwrap().1.split_once(AFTER).unwrap().0
}

/// The playground's files, the module beside them, and these samples in the page.
fn files(samples: &str) -> Files {
    let page = read("docs/playground/index.html");
    let page = page.replace(embedded(&page), samples);
    let mut files = Files::from([("index.html".to_owned(), page.into_bytes())]);
    for name in ["playground.css", "playground.js"] {
        files.insert(name.into(), read(&format!("docs/playground/{name}")).into_bytes());
    }
    files.insert("schtag.wasm".into(), filter::wasm().unwrap());
    files
}

/// The page as it is in `state`, after ever longer waits: a slow machine must not fail the test.
fn document(browser: &Path, files: &Files, hash: &str, state: &str) -> (String, FilesServer) {
    let mut last = String::new();
    for delay in [1_000, 4_000, 16_000, 60_000] {
        let mut files = files.clone();
        let page = String::from_utf8(files["index.html"].clone()).unwrap();
        let slow = format!("<link rel=\"stylesheet\" href=\"delay-{delay}.css\"></body>");
        files.insert("index.html".into(), page.replace("</body>", &slow).into_bytes());
        let server = FilesServer::start(files).unwrap();
        last = chromium::document(browser, &server.url(&format!("index.html{hash}")), None).unwrap();
        if last.contains(&format!("data-state=\"{state}\"")) {
            return (shown(&last), server);
        }
    }
    panic!("the page never came to the state {state}: {}", shown(&last));
}

/// What the page shows, without the samples.
fn shown(document: &str) -> String {
    let (before, rest) = document.split_once("<script id=\"samples\"").unwrap();
    before.to_owned() + rest.split_once("</script>").unwrap().1
}

#[test]
fn the_samples_are_those_of_the_demo() {
    assert!(
        embedded(&read("docs/playground/index.html")) == samples(),
        "copy config_examples/demo/events.ndjson into docs/playground/index.html"
    );
}

#[test]
fn nothing_is_ever_parsed_as_markup() {
    let script = read("docs/playground/playground.js");
    for word in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "eval(",
        "new Function",
        "setHTML",
    ] {
        assert!(!script.contains(word), "playground.js has {word}");
    }
    let page = read("docs/playground/index.html");
    for part in ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self'"] {
        assert!(page.contains(part), "the page's policy lacks {part}");
    }
    let outside = page.replace(&samples(), "");
    assert!(
        !outside.contains("http://") && !outside.contains("https://"),
        "the page loads nothing from elsewhere"
    );
}

#[test]
fn a_sample_is_judged_and_shown() {
    let Some(browser) = chromium::find("a_sample_is_judged_and_shown") else { return };
    let pack: String = filter::module().unwrap().manifest().unwrap().pack.chars().take(12).collect();
    let (page, server) = document(&browser, &files(&samples()), "#sample=2", "judged");
    for part in [
        "1 record judged, 1 tagged.",
        "data-verdict=\"alert\" data-severity=\"high\"",
        "\\OneDrive Sync Task created by NORTHWIND\\a.lindqvist",
        ">Net.WebClient</mark>",
        "<h3>Decoded</h3><pre dir=\"ltr\">IEX (New-Object ",
        "href=\"https://attack.mitre.org/techniques/T1053/005/\"",
        &*format!("pack {pack}"),
    ] {
        assert!(page.contains(part), "the page lacks {part:?}: {page}");
    }
    let mut asked = server.asked();
    asked.retain(|path| !path.starts_with("delay-"));
    asked.sort();
    assert_eq!(asked, ["index.html", "playground.css", "playground.js", "schtag.wasm"]);
}

#[test]
fn all_samples_get_the_verdicts_that_they_get_elsewhere() {
    let Some(browser) = chromium::find("all_samples_get_the_verdicts_that_they_get_elsewhere") else {
        return;
    };
    let (page, _) = document(&browser, &files(&samples()), "#sample=all", "judged");
    let verdicts: Vec<&str> =
        page.split("data-verdict=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let mut filter = Filter::new(&filter::module().unwrap()).unwrap();
    let expected: Vec<String> = samples()
        .lines()
        .map(|line| filter.tag(line, 0).unwrap()["verdict"].as_str().unwrap_or("none").to_owned())
        .collect();
    assert_eq!(verdicts, expected);
    assert!(page.contains("12 records judged"), "{page}");
}

#[test]
fn hostile_text_is_shown_as_text() {
    let Some(browser) = chromium::find("hostile_text_is_shown_as_text") else { return };
    let name = "\\</pre><img src=x onerror=document.title='gone'>\u{202e}\u{7}\u{ad}";
    let hostile = Sample {
        task_name: name.into(),
        user: "<script>document.title='gone'</script>".into(),
        ..Sample::new(4698, "powershell.exe", "-c \"</pre><b>iex</b>\u{202e}\"")
    };
    // Within the page's own script element, `<` is written as JSON can, too.
    let lines: String = [
        hostile.record(Shape::Winevtlog),
        r#"{"a":nan}"#.into(),
        "<b>no JSON</b>".into(),
        format!("{{\"log\":\"{}\"}}", "x".repeat(3_000_000)),
    ]
    .map(|line| line.replace('<', "\\u003c") + "\n")
    .concat();
    let lines = lines.replace("\\u003cb>no", "(b)no").replace("\\u003c/b>", "");
    let (page, _) = document(&browser, &files(&lines), "#sample=all", "judged");
    assert!(page.contains("<title>schtag playground</title>"), "a script of the record's ran");
    for part in ["<img", "<b>", "\u{202e}", "\u{7}", "\u{ad}"] {
        assert!(!page.contains(part), "{part:?} reached the page");
    }
    for part in [
        "&lt;img src=x",
        "&lt;script&gt;",
        "\\u{202e}",
        "\\u{7}",
        "4 records judged, 2 tagged.",
        "This is not a JSON object",
        "data-verdict=\"repaired\"",
    ] {
        assert!(page.contains(part), "the page lacks {part:?}: {page:.20000}");
    }
}

#[test]
fn without_a_module_the_page_says_what_to_do() {
    let Some(browser) = chromium::find("without_a_module_the_page_says_what_to_do") else { return };
    let mut files = files(&samples());
    files.remove("schtag.wasm");
    let (page, _) = document(&browser, &files, "#sample=2", "no-module");
    assert!(page.contains("Open it with “Open module”"), "{page}");
    files.insert("schtag.wasm".into(), b"\0asm\x01\0\0\0".to_vec());
    let (page, _) = document(&browser, &files, "", "no-module");
    assert!(page.contains("cannot be used: this is not a module that schtag made"), "{page}");
}

/// A page that was opened as a file, where nothing can be fetched: it says so, and takes a module that is given to it.
#[test]
fn it_works_from_a_file() {
    let Some(browser) = chromium::find("it_works_from_a_file") else { return };
    let folder = tempfile::tempdir().unwrap();
    for name in ["index.html", "playground.css", "playground.js"] {
        std::fs::write(folder.path().join(name), read(&format!("docs/playground/{name}"))).unwrap();
    }
    let address = format!("file://{}/index.html", folder.path().display());
    let mut pages = (1..=5).map(|_| chromium::document(&browser, &address, Some(30_000)).unwrap());
    assert!(pages.any(|page| page.contains("Open it with “Open module”")), "a page from a file says nothing");
    // What the file picker and dropping a file do.
    let bytes = filter::wasm().unwrap().iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    let script = read("docs/playground/playground.js")
        + &format!(
            "\nuseFile(new File([new Uint8Array([{bytes}])], 'mine.wasm')).then(() => useFile(new File([samples[1]], 'one.ndjson')));"
        );
    std::fs::write(folder.path().join("playground.js"), script).unwrap();
    let mut pages = (1..=10).map(|_| chromium::document(&browser, &address, Some(30_000)).unwrap());
    let judged =
        |page: String| page.contains("mine.wasm: schtag ") && page.contains("1 record judged, 1 tagged.");
    assert!(pages.any(judged), "a module that is opened does not judge");
}
