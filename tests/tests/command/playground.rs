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
        last = chromium::document(browser, &server.url(&format!("index.html{hash}"))).unwrap();
        if last.contains(&format!("data-state=\"{state}\"")) {
            return (shown(&last), server);
        }
    }
    panic!("the page never came to the state {state}: {}", shown(&last));
}

/// Returns what the page shows, without the samples.
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
    for part in [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src blob:",
        "connect-src 'self'",
    ] {
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
        "<h3>Decoded</h3><pre dir=\"ltr\"><mark title=\"Scheduled task runs encoded PowerShell that",
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

/// The page opened as a file, after ever longer waits, until it shows `expected`. What makes it wait comes from a server,
/// which the page's policy has to allow for it.
fn document_of_file(browser: &Path, script: &str, expected: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let server = FilesServer::start(Files::new()).unwrap();
    std::fs::write(folder.path().join("playground.css"), read("docs/playground/playground.css")).unwrap();
    std::fs::write(folder.path().join("playground.js"), script).unwrap();
    let address = format!("file://{}/index.html", folder.path().display());
    let mut last = String::new();
    for delay in [1_000, 4_000, 16_000, 60_000] {
        let slow = server.url(&format!("delay-{delay}.css"));
        let page = read("docs/playground/index.html")
            .replace("style-src 'self'", &format!("style-src 'self' {slow}"))
            .replace("</body>", &format!("<link rel=\"stylesheet\" href=\"{slow}\"></body>"));
        std::fs::write(folder.path().join("index.html"), page).unwrap();
        last = chromium::document(browser, &address).unwrap();
        if last.contains(expected) {
            return shown(&last);
        }
    }
    panic!("the page never showed {expected}: {}", shown(&last));
}

/// A page that was opened as a file, where nothing can be fetched: it says so, and takes a module that is given to it.
#[test]
fn it_works_from_a_file() {
    let Some(browser) = chromium::find("it_works_from_a_file") else { return };
    let script = read("docs/playground/playground.js");
    document_of_file(&browser, &script, "Open it with “Open module”");
    // What the file picker and dropping a file do.
    let module = bytes(&filter::wasm().unwrap());
    let script = script
        + &format!(
            "\nuseFile(new File([{module}], 'mine.wasm')).then(() => useFile(new File([samples[1]], 'one.ndjson')));"
        );
    let page = document_of_file(&browser, &script, "data-state=\"judged\"");
    for part in ["mine.wasm: schtag ", "1 record judged, 1 tagged."] {
        assert!(page.contains(part), "the page lacks {part:?}: {page}");
    }
}

/// Bytes as an expression of the page's language.
fn bytes(bytes: &[u8]) -> String {
    let numbers = bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    format!("new Uint8Array([{numbers}])")
}

/// A module with what the page needs, that never returns from the function `filter` for a record over 40 bytes, or from
/// its start, and gives other records back as they are.
fn module_that_never_returns(from_start: bool) -> Vec<u8> {
    let (start, limit) = if from_start { ("(start $forever)", 0) } else { ("", 40) };
    wat::parse_str(format!(
        r#"(module
            (memory (export "memory") 2)
            (func $forever (loop $again (br $again)))
            (func (export "malloc") (param i32) (result i32) (i32.const 1024))
            (func (export "free") (param i32))
            (func (export "schtag_filter") (param i32 i32 i32 i32 i32 i32) (result i32)
                (if (i32.gt_u (local.get 5) (i32.const {limit})) (then (call $forever)))
                (local.get 4))
            {start})"#
    ))
    .unwrap()
}

/// The page with this module, a deadline in milliseconds, and a script that runs after the page's own.
fn files_with(module: Vec<u8>, deadline: u32, script: &str) -> Files {
    let mut files = files(&samples());
    let page = read("docs/playground/playground.js");
    let with_deadline = page.replace("DEADLINE_MS = 10000;", &format!("DEADLINE_MS = {deadline};"));
    assert_ne!(page, with_deadline, "the page's deadline is written otherwise");
    let helpers = r#"
        const until = async (state) => {
          while (document.body.dataset.state !== state) await new Promise((done) => setTimeout(done, 10));
        };
        const judgeText = (text) => { page("records").value = text; page("judge").click(); };
        const endless = JSON.stringify({ log: "x".repeat(100) });
    "#;
    let script = format!("{with_deadline}\n{helpers}\n(async () => {{ {script} }})();");
    files.insert("playground.js".into(), script.into_bytes());
    files.insert("schtag.wasm".into(), module);
    files
}

#[test]
fn a_module_that_never_returns_is_stopped_and_the_next_click_works() {
    let test = "a_module_that_never_returns_is_stopped_and_the_next_click_works";
    let Some(browser) = chromium::find(test) else { return };
    let script = r#"
        await until("empty");
        judgeText('{"a":1}\n' + endless + '\n{"b":1}\n{"c":1}');
        await until("stopped");
        document.body.dataset.said = page("status").textContent;
        document.body.dataset.cards = page("results").textContent;
        judgeText('{"a":1}\n{"b":2}');
        await until("judged");
        document.body.dataset.state = "done";
    "#;
    let files = files_with(module_that_never_returns(false), 3_000, script);
    let (page, _) = document(&browser, &files, "", "done");
    for part in [
        "data-said=\"Stopped at record 2: the module gave no answer within 3 seconds; 2 records more were left out.\"",
        "The module failed: it gave no answer within 3 seconds and was stopped",
        "2 records judged, 0 tagged.",
    ] {
        assert!(page.contains(part), "the page lacks {part:?}: {page}");
    }
}

/// The deadline is never reached: the click itself ends what is at work.
#[test]
fn a_click_ends_what_is_still_at_work() {
    let Some(browser) = chromium::find("a_click_ends_what_is_still_at_work") else { return };
    let script = r#"
        await until("empty");
        judgeText(endless);
        await until("judging");
        judgeText('{"a":1}');
        await until("judged");
        document.body.dataset.state = "done";
    "#;
    let files = files_with(module_that_never_returns(false), 1_000_000, script);
    let (page, _) = document(&browser, &files, "", "done");
    assert!(page.contains("1 record judged, 0 tagged."), "{page}");
}

#[test]
fn a_module_that_never_starts_is_stopped_and_another_can_be_opened() {
    let test = "a_module_that_never_starts_is_stopped_and_another_can_be_opened";
    let Some(browser) = chromium::find(test) else { return };
    let script = format!(
        r#"
        await until("empty");
        judgeText('{{"a":1}}');
        await until("stopped");
        document.body.dataset.said = page("status").textContent;
        await useFile(new File([{}], "other.wasm"));
        await until("judged");
        document.body.dataset.state = "done";
    "#,
        bytes(&module_that_never_returns(false))
    );
    let files = files_with(module_that_never_returns(true), 3_000, &script);
    let (page, _) = document(&browser, &files, "", "done");
    for part in ["data-said=\"Stopped at record 1: ", "other.wasm: a module without rules", "1 record judged"]
    {
        assert!(page.contains(part), "the page lacks {part:?}: {page}");
    }
}
