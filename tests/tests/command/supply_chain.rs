//! Tests that what comes from others is pinned where it is named: actions by commit, Python packages by hash, lock files by the list
//! of advisories, a key by its fingerprint.

use schtag_tests::project;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn read(path: &str) -> String {
    fs::read_to_string(project::root().join(path)).unwrap()
}

/// The workflows.
fn workflows() -> Vec<(PathBuf, String)> {
    let folder = fs::read_dir(project::root().join(".github/workflows")).unwrap();
    let read = |path: PathBuf| (path.clone(), fs::read_to_string(&path).unwrap());
    let workflows: Vec<_> = folder.map(|entry| read(entry.unwrap().path())).collect();
    assert!(!workflows.is_empty());
    workflows
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[test]
fn actions_are_named_by_commit_and_leave_no_credentials() {
    let mut count = 0;
    for (path, text) in workflows() {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let Some((_, action)) = line.split_once("uses:") else { continue };
            let place = format!("{}:{}: {line}", path.display(), number + 1);
            let mut words = action.split_whitespace();
            let (name, commit) = words.next().and_then(|action| action.split_once('@')).expect(&place);
            assert!(is_hex(commit, 40), "no commit: {place}");
            assert!(
                words.next() == Some("#") && words.next().is_some_and(|word| word.starts_with('v')),
                "{place}"
            );
            // Only GitHub's own.
            assert!(name.starts_with("actions/"), "{place}");
            if name == "actions/checkout" {
                let step = lines[number + 1..].iter().take_while(|line| !line.trim_start().starts_with("- "));
                assert!(step.clone().any(|line| line.trim() == "persist-credentials: false"), "{place}");
            }
            count += 1;
        }
        assert!(text.contains("permissions:\n  contents: read\n"), "{}", path.display());
        for (number, line) in lines.iter().enumerate() {
            let piped = line.contains("curl")
                && line.split('|').skip(1).any(|part| part.trim_start().starts_with("sh"));
            assert!(!piped, "{}:{}: {line}", path.display(), number + 1);
        }
    }
    assert!(count >= 5, "{count} actions");
}

#[test]
fn the_key_of_an_agent_is_compared_with_its_fingerprint() {
    for (path, text) in workflows() {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.contains(".key")) {
            if line.contains("curl") {
                let after = text.lines().skip(number + 1).take(4).collect::<String>();
                assert!(after.contains("gpg --show-keys --with-colons"), "{}: {line}", path.display());
            }
        }
        let fingerprint = text.lines().find_map(|line| line.trim().strip_prefix("FLUENT_BIT_KEY: "));
        assert!(fingerprint.is_some_and(|key| is_hex(&key.to_lowercase(), 40)), "{fingerprint:?}");
    }
}

#[test]
fn python_packages_are_pinned_by_hash() {
    let text = read(".ci/python.txt");
    let joined = text.replace("\\\n", " ");
    let packages = joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut count = 0;
    for package in packages {
        let mut words = package.split_whitespace();
        assert!(words.next().is_some_and(|name| name.contains("==")), "{package}");
        let hashes: Vec<&str> = words.filter_map(|word| word.strip_prefix("--hash=sha256:")).collect();
        assert!(!hashes.is_empty() && hashes.iter().all(|hash| is_hex(hash, 64)), "{package}");
        count += 1;
    }
    assert!(count > 0);
    let run = read(".ci/run");
    let installs: Vec<&str> = run.lines().filter(|line| line.contains("pip\" install")).collect();
    assert_eq!(installs.len(), 1, "{installs:?}");
    let (_, install) = run.split_once(installs[0]).unwrap();
    assert!(install.lines().nth(1).is_some_and(|line| line.contains("--require-hashes")), "{install:.200}");
}

/// Lock files below a folder, without what a build leaves.
fn lock_files(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() && name != "target" && !name.starts_with('.') {
            lock_files(&path, found);
        } else if name == "Cargo.lock" {
            found.insert(path);
        }
    }
}

#[test]
fn every_lock_file_is_compared_with_the_list_of_advisories() {
    let run = read(".ci/run");
    let mut found = BTreeSet::new();
    lock_files(&project::root(), &mut found);
    assert!(found.len() >= 2, "{found:?}");
    for lock in found {
        let folder = lock.parent().unwrap().strip_prefix(project::root()).unwrap().to_path_buf();
        let line = if folder == Path::new("") {
            "cargo deny --locked check \"$@\"".to_owned()
        } else {
            format!("cargo deny --locked --manifest-path {}/Cargo.toml", folder.display())
        };
        assert!(run.contains(&line), "{} is not checked: {line}", lock.display());
    }
    // Where the list should be there and is not, it is a failure.
    assert!(run.contains("elif [ -n \"${SCHTAG_REQUIRE_ADVISORIES:-}\" ]; then"));
    assert!(workflows().iter().any(|(_, text)| text.contains("SCHTAG_REQUIRE_ADVISORIES: \"1\"")));
    let deny = read("deny.toml");
    assert!(deny.contains("unsound = \"all\"") && deny.contains("unmaintained = \"workspace\""));
}
