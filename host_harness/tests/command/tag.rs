//! `schtag tag`.
use super::{Folder, schtag_in, stderr};
use schtag_test_files::gzip;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const ALERT: &str = r#"{"schtag":{"verdict":"alert","severity":"high"}}"#;
const OBSERVED: &str = r#"{"schtag":{"verdict":"observed"}}"#;

#[test]
fn every_line_comes_out_in_order_and_byte_for_byte() {
    let folder = Folder::new();
    let input = "{\"a\": 1}\r\n{\"t\":1}\r\n\n  not JSON\n[1]\n{\"a\":\n{\"b\":\"\u{e9}\"}\n{\"o\":1}";
    let output =
        format!("{{\"a\": 1}}\r\n{ALERT}\r\n\n  not JSON\n[1]\n{{\"a\":\n{{\"b\":\"\u{e9}\"}}\n{OBSERVED}");
    let assert = folder.schtag("tag").write_stdin(input).assert().success().stdout(output);
    let words = stderr(&assert);
    for part in [
        "8 lines, 2 tagged",
        "verdict: alert 1, observed 1",
        "severity: high 1",
        "3 not JSON and not checked",
    ] {
        assert!(words.contains(part), "{words:?} should say {part:?}");
    }
}

#[test]
fn bytes_that_are_not_text_pass_through() {
    let folder = Folder::new();
    let input = b"{\"a\":\"\xff\"}\n\xff\xfe\0\n{\"a\":\"\0\"}\n".as_slice();
    folder.schtag("tag --lenient").write_stdin(input).assert().success().stdout(input);
}

#[test]
fn a_byte_order_mark_stays_and_hides_nothing() {
    let folder = Folder::new();
    folder
        .schtag("tag")
        .write_stdin("\u{feff}{\"t\":1}\n")
        .assert()
        .success()
        .stdout(format!("\u{feff}{ALERT}\n"));
}

#[test]
fn only_tagged_records_on_request() {
    let folder = Folder::new();
    // The last record has been tagged before, and the guest leaves it alone.
    let tagged = OBSERVED.replace("{\"schtag\"", "{ \"schtag\"");
    let input = format!("{{\"a\":1}}\nnope\n\n{{\"t\":1}}\n{tagged}\n");
    folder
        .schtag("tag --only-tagged")
        .write_stdin(input)
        .assert()
        .success()
        .stdout(format!("{ALERT}\n{tagged}\n"));
}

#[test]
fn files_are_read_in_order_and_gzip_is_unpacked() {
    let folder = Folder::new();
    folder.write("a.ndjson", b"{\"a\":1}\n{\"t\":1}");
    folder.write("b.ndjson.gz", &gzip(b"{\"b\":1}\n"));
    // The first file's last line has no end of its own, and must not be joined to the next.
    folder
        .schtag("tag a.ndjson - b.ndjson.gz")
        .write_stdin("{\"o\":1}\n")
        .assert()
        .success()
        .stdout(format!("{{\"a\":1}}\n{ALERT}\n{OBSERVED}\n{{\"b\":1}}\n"));
}

#[test]
fn a_fault_of_the_guest_costs_no_record_and_is_exit_code_1() {
    let folder = Folder::new();
    let faulty: String =
        ["!", "~", "9", "z", "e", "g", "u"].map(|what| format!("{{\"{what}\":1}}\n")).concat();
    let assert = folder
        .schtag("tag --fuel 100000")
        .write_stdin(format!("{faulty}{{\"t\":1}}\n"))
        .assert()
        .code(1)
        .stdout(format!("{faulty}{ALERT}\n"));
    let words = stderr(&assert);
    assert!(words.contains("-:1: the guest trapped in schtag_filter"), "{words}");
    assert!(words.contains("further faults are only counted"), "{words}");
    assert!(words.contains("7 passed through after a fault"), "{words}");
    folder
        .schtag("tag --only-tagged")
        .write_stdin("{\"a\":1}\n{\"!\":1}\n")
        .assert()
        .code(1)
        .stdout("{\"!\":1}\n");
}

#[test]
fn what_cannot_be_read_is_exit_code_3_and_the_rest_is_still_done() {
    let folder = Folder::new();
    folder.write("a.ndjson", b"{\"t\":1}\n");
    folder.write("log.evtx", b"ElfFile\0\0\0\0\0");
    let mut cut = gzip(b"{\"b\":1}\n{\"c\":1}");
    cut.truncate(cut.len() - 4);
    folder.write("cut.gz", &cut);
    for (file, words, output) in [
        ("missing.ndjson", "missing.ndjson: ", String::new()),
        ("log.evtx", "file header: cut after 12 bytes", String::new()),
        ("cut.gz", "cut.gz: ", "{\"b\":1}\n{\"c\":1}\n".into()),
    ] {
        let assert = folder.schtag(&format!("tag {file} a.ndjson")).assert();
        let assert = assert.code(3).stdout(format!("{output}{ALERT}\n"));
        assert!(stderr(&assert).contains(words), "{file}: {}", stderr(&assert));
    }
}

#[test]
fn the_summary_can_be_json_or_none() {
    let folder = Folder::new();
    let assert = folder.schtag("tag --stats json").write_stdin("{\"t\":1}\nnope\n").assert().success();
    let summary: serde_json::Value = serde_json::from_str(&stderr(&assert)).unwrap();
    assert_eq!(summary["lines"], 2);
    assert_eq!(summary["verdicts"]["alert"], 1);
    assert_eq!(summary["severities"]["high"], 1);
    assert_eq!(summary["bad_lines"], 1);
    assert!(summary["fuel"]["max"].as_u64().unwrap() > 0);
    folder.schtag("tag --quiet").write_stdin("{\"t\":1}\n").assert().success().stderr("");
}

#[test]
fn pretty_shows_each_record_before_and_after() {
    let folder = Folder::new();
    let event = |extra: &str| {
        let content = r"<Task><Actions><Exec><Command>cmd.exe</Command><Arguments>/c dir</Arguments></Exec></Actions></Task>";
        format!(
            r#"{{{extra}"EventID":4702,"Channel":"Security","TaskName":"\\Dir","TaskContentNew":"{content}"}}"#
        )
    };
    let input = format!("{}\n{}\nnope\n\n{{\"!\":1}}\n", event(r#""t":1,"#), event(""));
    let unchanged =
        "   2  4702 updated   unchanged  \\Dir: cmd.exe /c dir\n   3  passed through, not a JSON object\n";
    let block = "   1  4702 updated  \\Dir\n      before      cmd.exe /c dir\n      after       ALERT high\n";
    let fault = "   5  passed through, fault: the guest trapped";
    let assert = folder.schtag("tag --pretty").write_stdin(&*input).assert().code(1);
    let output = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    // Standard output is no terminal here, and so has no colours.
    assert!(output.starts_with(&format!("{block}\n{unchanged}{fault}")), "{output}");
    assert!(stderr(&assert).contains("5 lines, 1 tagged"), "{}", stderr(&assert));
    let assert = folder.schtag("tag --pretty --only-tagged --quiet").write_stdin(input).assert().code(1);
    let output = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(output.starts_with(&format!("{block}\n{fault}")), "{output}");
    folder.write("a.ndjson", b"{}");
    folder
        .schtag("tag --pretty a.ndjson a.ndjson")
        .assert()
        .success()
        .stdout(["a.ndjson\n\n   1  unchanged  not a scheduled-task event\n"; 2].join("\n"));
}

#[test]
fn the_lifecycle_is_that_of_old_and_new_hosts() {
    let folder = Folder::new();
    // The guest says how often it has been called.
    let count = |words: &str| {
        let assert = folder.schtag(words).write_stdin("{\"l\":1}\n".repeat(4)).assert().success();
        let output = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
        output
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["calls"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(count("tag"), [1, 2, 3, 4]);
    assert_eq!(count("tag --lifecycle per-chunk:3"), [1, 2, 3, 1]);
}

#[test]
fn the_filter_is_told_tag_and_time() {
    let folder = Folder::new();
    let assert = folder.schtag("tag --tag win --at 5").write_stdin("{\"s\":1}\n").assert();
    // This guest cuts its reply at the NUL that follows the tag, which makes it no JSON.
    assert!(stderr(&assert.code(1)).contains("not one JSON object"));
}

#[test]
fn a_named_module_comes_before_the_variable() {
    let folder = Folder::new();
    let empty = tempfile::tempdir().unwrap();
    let module = folder.path("schtag.wasm");
    let tag = |words: &str| {
        let mut command = schtag_in(empty.path(), words);
        command.write_stdin("{\"t\":1}\n");
        command
    };
    let alert = format!("{ALERT}\n");
    tag("tag").env("SCHTAG_MODULE", &module).assert().success().stdout(alert.clone());
    let assert =
        tag(&format!("tag --module {}", module.display())).env("SCHTAG_MODULE", "missing").assert().success();
    assert.stdout(alert);
    tag("tag").env("SCHTAG_MODULE", "missing").assert().code(4).stdout("");
}

#[test]
fn what_is_lost_with_a_fault_is_said_and_counted() {
    let folder = Folder::new();
    let assert = folder.schtag("tag").write_stdin("{\"~\":1}\n{\"t\":1}\n").assert().code(1);
    let assert = assert.stdout(format!("{{\"~\":1}}\n{ALERT}\n"));
    let words = stderr(&assert);
    for part in [
        // The default: 200 million and a thousand for each of seven bytes.
        "-:1: the guest used up its 200007000 units of fuel in schtag_filter; the record is passed through as it was, and \
         what was remembered of earlier events is lost",
        "1 passed through after a fault of the guest",
        "1 times the memory of earlier events was lost",
    ] {
        assert!(words.contains(part), "{words:?} should say {part:?}");
    }
    // An instance that lives for a chunk only has little to forget, and a worker nothing.
    let assert = folder.schtag("tag --lifecycle per-chunk:9").write_stdin("{\"!\":1}\n").assert().code(1);
    assert!(!stderr(&assert).contains("lost"), "{}", stderr(&assert));
}

#[test]
fn an_unfit_module_is_exit_code_4() {
    let folder = Folder::new();
    for (module, words) in [
        ("base.wasm", "it is the base module, which holds no rules"),
        ("missing.wasm", "missing.wasm"),
        (".", "."),
    ] {
        let assert = folder.schtag(&format!("tag --module {module}")).write_stdin("").assert().code(4);
        assert!(stderr(&assert).contains(words), "{module}: {}", stderr(&assert));
    }
}

/// `schtag tag -` as part of a pipeline that goes on.
fn pipe(folder: &Folder) -> (Child, ChildStdin, BufReader<ChildStdout>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_schtag"))
        .args(["tag", "--quiet", "-"])
        .current_dir(folder.path(""))
        .env("SCHTAG_MODULE", "schtag.wasm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = child.stdin.take().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, input, output)
}

#[test]
fn each_record_of_a_live_pipeline_comes_out_at_once() {
    let folder = Folder::new();
    let (mut child, mut input, mut output) = pipe(&folder);
    let mut next = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line
    };
    for _ in 0..3 {
        input.write_all(b"{\"t\":1}\n").unwrap();
        assert_eq!(next(), format!("{ALERT}\n"));
    }
    // Several lines at once, and what is no record, come out one for one and in order.
    input.write_all(b"{\"n\":1}\nnope\n\n{\"t\":1}\r\n").unwrap();
    assert_eq!([next(), next(), next(), next()], ["{\"n\":1}\n", "nope\n", "\n", &format!("{ALERT}\r\n")]);
    // The beginning of the next line does not hold this one back.
    input.write_all(b"{\"n\":2}\n{\"n\"").unwrap();
    assert_eq!(next(), "{\"n\":2}\n");
    input.write_all(b":3}\n").unwrap();
    assert_eq!(next(), "{\"n\":3}\n");
    // The last line may have no end.
    input.write_all(b"{\"o\":1}").unwrap();
    drop(input);
    assert_eq!(next(), OBSERVED);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_live_pipeline_whose_reader_has_gone_ends_quietly() {
    let folder = Folder::new();
    let (child, mut input, output) = pipe(&folder);
    drop(output);
    // The first write may still be taken; the one after its answer could not be written is not.
    let written = (0..1000).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        input.write_all(b"{\"t\":1}\n").err()
    });
    assert_eq!(written.map(|error| error.kind()), Some(std::io::ErrorKind::BrokenPipe));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    let folder = Folder::new();
    folder.write("many.ndjson", "{\"t\":1}\n".repeat(50_000).as_bytes());
    let mut child = Command::new(env!("CARGO_BIN_EXE_schtag"))
        .args(["tag", "many.ndjson"])
        .current_dir(folder.path(""))
        .env("SCHTAG_MODULE", "schtag.wasm")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut head = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut head).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_exit_code_5() {
    let folder = Folder::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    folder.write("a.ndjson", b"{\"t\":1}\n");
    let output = Command::new(env!("CARGO_BIN_EXE_schtag"))
        .args(["tag", "a.ndjson"])
        .current_dir(folder.path(""))
        .env("SCHTAG_MODULE", "schtag.wasm")
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the output cannot be written"));
}
