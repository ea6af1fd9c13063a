//! Nothing that a terminal obeys, and nothing that is not seen, comes out of any subcommand: whoever names a task, a
//! file, a rule or an export may be an attacker.
#![cfg(unix)]
use super::Folder;
use schtag_host::text::is_invisible;
use std::fs;
use std::process::Output;

/// Clears the screen, sets the title, makes a colour by a C1 control, reverses and hides text, begins a line.
const HOSTILE: &str =
    "n\u{1b}[2J\u{1b}]0;P\u{7}\u{9b}31m\u{202e}\u{200b}\u{feff}\u{e0041}\u{2066}\nschtag: done\r";

/// A string of YAML with nothing but ASCII in it.
fn quoted(text: &str) -> String {
    let escaped: String = text.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect();
    format!("\"{escaped}\"")
}

/// The same for WebAssembly's text format.
fn quoted_bytes(text: &str) -> String {
    text.bytes().map(|byte| format!("\\{byte:02x}")).collect()
}

fn rule(title: &str, id: &str, more: &str) -> String {
    let detection =
        format!("{{{0}: {{task.command_line|contains: evil}}, condition: 1 of *}}", quoted(title));
    format!(
        "title: {}\nid: {id}d5087d-4140-4c5a-8fbe-f6d946845cd6\nlogsource: {{product: windows, service: security}}\n\
         detection: {detection}\nfalsepositives: [none]\nlevel: high\n{more}",
        quoted(title)
    )
}

/// A folder in which everything has a hostile name.
fn folder() -> Folder {
    let folder = Folder::new();
    fs::create_dir_all(folder.path(HOSTILE)).unwrap();
    folder.write(&format!("{HOSTILE}/good.yml"), rule(HOSTILE, "60", "").as_bytes());
    folder
        .write(&format!("{HOSTILE}/{HOSTILE}.yml"), rule(HOSTILE, "70", "status: unsupported\n").as_bytes());
    folder.write(&format!("{HOSTILE}/bad{HOSTILE}.yml"), format!("title: [{}\n", quoted(HOSTILE)).as_bytes());
    folder.write(&format!("{HOSTILE}/same.yml"), rule("second", "60", "").as_bytes());
    fs::create_dir_all(folder.path(&format!("own/{HOSTILE}"))).unwrap();
    let own = rule(HOSTILE, "80", "");
    folder.write(&format!("own/{HOSTILE}/rule.yml"), own.as_bytes());
    let event = serde_json::json!({
        "EventID": 4698, "Channel": "Security", "Computer": HOSTILE, "TaskName": HOSTILE, "SubjectUserName": HOSTILE,
        "TimeCreated": HOSTILE,
        "TaskContent": format!("<Task><RegistrationInfo><Author>{0}</Author></RegistrationInfo><Actions><Exec><Command>\
            evil{0}.exe</Command><Arguments>{0} evil</Arguments></Exec></Actions></Task>",
            HOSTILE.replace(['\u{1b}', '\u{7}'], "?"))
    });
    let case = serde_json::json!({"case": HOSTILE, "matches": false, "record": event}).to_string() + "\n{\n";
    folder.write(&format!("own/{HOSTILE}/cases.ndjson"), case.as_bytes());
    folder.write(&format!("{HOSTILE}.json"), (event.to_string() + "\n{\"!\":1}\n{\"t\":1}\n").as_bytes());
    folder.write(&format!("{HOSTILE}.evtx"), b"ElfFile\0\0");
    folder.write(&format!("{HOSTILE}.wasm"), b"\0asm?");
    let name = quoted_bytes(HOSTILE);
    let module = format!(
        "(module (import \"{name}\" \"{name}\" (func)) (memory (export \"{name}\") 1) (func (export \"b{name}\") unreachable))"
    );
    folder.write("exports.wasm", &wat::parse_str(module).unwrap());
    let module = format!("(module (memory (export \"memory\") 1) (func (export \"{name}\") call 0))");
    folder.write("extra.wasm", &wat::parse_str(module).unwrap());
    folder
}

fn run(folder: &Folder, words: &[&str], input: &str) -> Output {
    let mut command = folder.schtag("");
    command.args(words).write_stdin(input).timeout(std::time::Duration::from_secs(120));
    command.output().unwrap()
}

/// That a text has no character that is not seen, and shows the hostile name if it is about it.
fn harmless(words: &[&str], what: &str, text: &[u8]) {
    let text = std::str::from_utf8(text).unwrap();
    let bad = text.char_indices().find(|(_, c)| *c != '\n' && is_invisible(*c));
    assert_eq!(bad, None, "{words:?} writes to {what}: {text:?}");
}

#[test]
fn nothing_that_is_not_seen_reaches_a_terminal() {
    let folder = folder();
    let named = |end: &str| format!("{HOSTILE}{end}");
    let [json, evtx, wasm, missing] = [".json", ".evtx", ".wasm", ".missing"].map(named);
    folder
        .schtag("")
        .args(["bake", "--base", "base.wasm", "-o", "baked.wasm", "--keep-going", "--rules", HOSTILE])
        .assert()
        .success();
    let out = format!("{HOSTILE}/x/{HOSTILE}");
    // The words, whether standard output is data of the user, and the exit code.
    let cases: &[(&[&str], bool, i32)] = &[
        (&["tag", &json], true, 1),
        (&["tag", "--pretty", &json, &json], false, 1),
        (&["tag", &missing], true, 3),
        (&["tag", HOSTILE], true, 3),
        (&["tag", &evtx], true, 3),
        (&["tag", "--module", &missing, &json], true, 4),
        (&["tag", "--module", &wasm, &json], true, 4),
        (&["tag", "--module", "exports.wasm", &json], true, 4),
        (&["tag", "--module", "extra.wasm", &json], true, 4),
        (&["tag", "--lifecycle", HOSTILE], false, 2),
        (&["tag", &format!("--{HOSTILE}")], false, 2),
        (&[HOSTILE], false, 2),
        (&["report", &json, "-o", "r.html", "--title", HOSTILE], false, 1),
        (&["report", &missing, "-o", "r.html"], false, 3),
        (&["report", &json, "-o", &out], false, 5),
        (&["report", &json, "-o", "r.html", "--module", "schtag.wasm", "--rules", &missing], false, 3),
        (&["serve", "--module", &wasm, "--listen", "127.0.0.1:0"], false, 4),
        (&["serve", "--listen", HOSTILE], false, 2),
        (&["serve", "--forward", HOSTILE], false, 2),
        (&["inspect", "baked.wasm"], false, 0),
        (&["inspect", "--json", "baked.wasm"], false, 0),
        (&["inspect", "--calls", "baked.wasm"], false, 0),
        (&["inspect", "exports.wasm"], false, 0),
        (&["inspect", "--json", "exports.wasm"], false, 0),
        (&["inspect", "--calls", "exports.wasm"], false, 0),
        (&["inspect", "--calls", "extra.wasm"], false, 0),
        (&["inspect", &wasm], false, 4),
        (&["inspect", &missing], false, 3),
        (
            &["bake", "--base", "base.wasm", "--keep-going", "--rules", HOSTILE, "-o", &named(".out")],
            false,
            0,
        ),
        (&["bake", "--base", "base.wasm", "--keep-going", "--rules", HOSTILE, "-o", &out], false, 5),
        (&["bake", "--base", "exports.wasm", "--keep-going", "--rules", HOSTILE, "-o", "x.wasm"], false, 4),
        (&["bake", "--base", &missing, "--keep-going", "--rules", HOSTILE, "-o", "x.wasm"], false, 3),
        (
            &[
                "bake",
                "--base",
                "base.wasm",
                "--keep-going",
                "--rules",
                HOSTILE,
                "--settings",
                &json,
                "-o",
                "x.wasm",
            ],
            false,
            3,
        ),
        (&["check", HOSTILE], false, 1),
        (&["check", "own"], false, 3),
        (&["check", "--json", HOSTILE], false, 1),
        (&["check", &missing], false, 3),
        (&["check", HOSTILE, "--junit", &out], false, 5),
        (&["explain", "--rules", HOSTILE, &json], false, 0),
        (&["explain", "--rules", HOSTILE, "-v", &json], false, 0),
        (&["explain", "--rules", HOSTILE, "--json", &json], false, 0),
        (&["explain", "--rules", HOSTILE, "--rule", HOSTILE, &json], false, 3),
        (&["explain", "--rules", HOSTILE, &missing], false, 3),
        (&["docs", HOSTILE, "-o", HOSTILE], false, 3),
        (&["docs", HOSTILE, "-o", &named(".json/x")], false, 5),
        (&["completions", HOSTILE], false, 2),
        (&["man", "-o", &named(".json/x")], false, 5),
    ];
    let mut escaped = 0;
    for (words, data, code) in cases {
        let output = run(&folder, words, "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(*code), "{words:?}: {said}");
        harmless(words, "standard error", &output.stderr);
        if !data {
            harmless(words, "standard output", &output.stdout);
        }
        if *code != 2 {
            // A name with a line end begins no line of its own.
            // Lines of an excerpt are set in, and the frame ends it.
            let ours = |line: &str| line.starts_with("schtag: ") || line.starts_with(' ') || line == "---'";
            assert!(said.lines().all(ours), "{words:?}: {said}");
            assert!(!said.lines().any(|line| line.starts_with("schtag: done")), "{words:?}: {said}");
        }
        let shown = [&output.stderr, &output.stdout]
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .concat();
        escaped += usize::from(shown.contains("\\u{1b}[2J") || shown.contains("\\u001b[2J"));
    }
    // Most of them have something hostile to show, and show it.
    assert!(escaped > 35, "{escaped} of {}", cases.len());
}
