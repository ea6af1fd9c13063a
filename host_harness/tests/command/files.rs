//! Files that are none, or have no end.
#![cfg(unix)]
use super::{Folder, stderr};
use std::fs::File;
use std::time::Duration;

/// That each of these ends at once, names the file and says what it should be.
#[test]
fn what_is_read_as_a_whole_is_a_regular_file_of_a_bounded_size() {
    let folder = Folder::new();
    folder.write("event.json", b"{}");
    folder.write("rule.yml", b"title: x\n");
    let status = std::process::Command::new("mkfifo").arg(folder.path("pipe")).status().unwrap();
    assert!(status.success());
    std::os::unix::fs::symlink("/dev/zero", folder.path("zero")).unwrap();
    std::fs::create_dir(folder.path("folder")).unwrap();
    // Sparse: the size is all that it has.
    File::create(folder.path("huge")).unwrap().set_len(1 << 40).unwrap();
    std::fs::create_dir_all(folder.path("rules/pipe")).unwrap();
    for (words, code) in [
        ("inspect FILE", 3),
        ("inspect --calls FILE", 3),
        ("tag --module FILE", 4),
        ("report -o r.html --module FILE", 4),
        ("serve --listen 127.0.0.1:0 --module FILE", 4),
        ("bake --base FILE -o out.wasm", 3),
        ("bake --base base.wasm --settings FILE -o out.wasm", 3),
        ("explain --settings FILE event.json", 3),
        ("explain --base FILE event.json", 3),
        ("check --settings FILE", 3),
        ("check --module-fuel --base FILE", 3),
    ] {
        for (file, kind) in [
            ("pipe", "this is a pipe, a device or a socket; give a regular file of at most"),
            ("zero", "this is a pipe, a device or a socket; give a regular file of at most"),
            ("folder", "this is a folder; give a regular file of at most"),
            ("huge", "the file has more than"),
        ] {
            let words = words.replace("FILE", file);
            let mut command = folder.schtag(&words);
            let assert = command.write_stdin("").timeout(Duration::from_secs(60)).assert().code(code);
            let said = stderr(&assert);
            assert!(said.contains(&format!("{file}: {kind}")) && said.contains(" bytes"), "{words}: {said}");
        }
    }
}

#[test]
fn rules_and_cases_are_regular_files_too() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("rules/x")).unwrap();
    folder.write(
        "rules/x/rule.yml",
        b"title: x\nid: 60d5087d-4140-4c5a-8fbe-f6d946845cd6\n\
        logsource: {product: windows, service: security}\ndetection: {s: {TaskName: a}, condition: s}\n",
    );
    let pipe = |name: &str| {
        let status = std::process::Command::new("mkfifo").arg(folder.path(name)).status().unwrap();
        assert!(status.success());
    };
    pipe("rules/x/cases.ndjson");
    pipe("rules/allowlist.yml");
    let mut command = folder.schtag("check rules");
    let assert = command.timeout(Duration::from_secs(60)).assert().code(3);
    let said = stderr(&assert);
    assert!(said.contains("cases.ndjson: this is a pipe"), "{said}");
    assert!(said.contains("allowlist.yml: cannot be read: not a regular file"), "{said}");
}

#[test]
fn events_may_come_through_a_pipe() {
    let folder = Folder::new();
    let status = std::process::Command::new("mkfifo").arg(folder.path("pipe")).status().unwrap();
    assert!(status.success());
    let path = folder.path("pipe");
    let writer = std::thread::spawn(move || std::fs::write(path, b"{\"t\":1}\n").unwrap());
    folder
        .schtag("tag pipe")
        .assert()
        .success()
        .stdout("{\"schtag\":{\"verdict\":\"alert\",\"severity\":\"high\"}}\n");
    writer.join().unwrap();
}
