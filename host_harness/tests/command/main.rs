//! The command `schtag`, run as a user runs it, on the small guest of tests/guest/base.wat.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]
mod alone;
mod bake;
mod event_log;
mod examples;
mod feedback;
mod files;
mod format;
mod hostile_names;
mod inputs;
mod inspect;
mod jobs;
mod report;
mod rules;
mod tag;
mod writing_programs;

use assert_cmd::Command;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with the guest, baked, as schtag.wasm, and as base.wasm as it was before.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let base = wat::parse_str(include_str!("../guest/base.wat")).unwrap();
        let pack = schtag::rules::Pack::default();
        let baked = schtag_host::wasm::bake::bake(&base, &pack, usize::MAX).unwrap();
        folder.write("base.wasm", &base);
        folder.write("schtag.wasm", &baked.wasm);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// The command with these words, in this folder, where its module is the small guest.
    fn schtag(&self, words: &str) -> Command {
        let mut command = schtag_in(self.0.path(), words);
        command.env("SCHTAG_MODULE", "schtag.wasm");
        command
    }
}

/// The command with these words, in a folder.
fn schtag_in(folder: &Path, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_schtag"));
    command.current_dir(folder).env_remove("SCHTAG_MODULE").args(words.split_whitespace());
    command
}

/// Tells a command that has a base module inside. Says SKIPPED, with the test's name, when it has none.
fn is_whole(test: &str) -> bool {
    let version = schtag_in(Path::new("."), "--version").output().unwrap();
    let whole = String::from_utf8_lossy(&version.stdout).contains("base module: sha256");
    if !whole {
        // Not eprintln!, which the test runner swallows when a test passes.
        let line =
            format!("SKIPPED: no base module in the command for {test}; `make test` builds it with one\n");
        std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).unwrap();
    }
    whole
}

/// The standard output of a command that has run.
fn stdout(assert: &assert_cmd::assert::Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stdout).into_owned()
}

/// Returns what a command that has run wrote to standard error.
fn stderr(assert: &assert_cmd::assert::Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    for command in
        ["tag", "serve", "inspect", "bake", "check", "explain", "docs", "report", "completions", "man"]
    {
        let words = format!("{command} --help");
        let assert = schtag_in(folder.path(), &words).assert().success();
        assert!(String::from_utf8_lossy(&assert.get_output().stdout).contains("Examples:\n  "), "{words}");
    }
    let assert = schtag_in(folder.path(), "--help").assert().success();
    assert!(String::from_utf8_lossy(&assert.get_output().stdout).contains("Exit codes:"));
}

#[test]
fn version_names_the_version() {
    let folder = tempfile::tempdir().unwrap();
    let assert = schtag_in(folder.path(), "--version").assert().success();
    let version = format!("schtag {}", env!("CARGO_PKG_VERSION"));
    assert!(String::from_utf8_lossy(&assert.get_output().stdout).starts_with(&version));
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    for words in [
        "",
        "nonsense",
        "tag --nonsense",
        "tag --lifecycle sometimes",
        "tag --lifecycle per-chunk:0",
        "tag --quiet --stats json",
        "inspect",
        "bake --rules rules",
        "tag --rules rules --module x.wasm",
        "check rules --base base.wasm",
        "explain event.json other.json",
        "completions tcsh",
        "explain event.json --rules rules --rule x -v",
        "docs rules",
        "serve --listen nowhere",
        "serve --forward https://vector/",
        "serve --forward vector:8788",
        "serve --read-timeout 0",
    ] {
        schtag_in(folder.path(), words).assert().code(2);
    }
}
