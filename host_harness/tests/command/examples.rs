//! Every command line that help texts, docs/, README.md and CONTRIBUTING.md print is run, where that needs nothing but
//! this command and a shell.
#![cfg(unix)]
use super::{is_whole, schtag_in, stdout};
use schtag_test_files::{event_log, gzip, zstd};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Beginnings of lines that are not run, and the reason.
const NOT_RUN: &[(&str, &str)] = &[
    ("tail -F", "it never ends, and its collector is not here"),
    ("schtag serve", "it never ends; tests/serve runs it"),
    ("dist/schtag serve", "it never ends; tests/serve runs it"),
    ("curl ", "it asks a hop; tests/serve does"),
    ("kill %1", "it ends the hop above"),
    ("make ", "it builds; continuous integration runs it"),
    (".ci/run", "it is what runs this test"),
    ("cargo ", "it builds; continuous integration runs it"),
    ("SIGMAHQ=", "it builds"),
    ("FLUENT_BIT=", "it builds, and needs Fluent Bit"),
    ("WAMRC=", "it needs Fluent Bit's compiler"),
    ("benches/", "it needs Fluent Bit, and takes minutes"),
    ("cmake ", "it builds Fluent Bit's compiler"),
    ("git clone", "it needs the network"),
    ("export ", "it is for the lines below"),
    ("fluent-bit ", "it needs an agent; the suite fluent_bit runs every configuration"),
    ("time fluent-bit", "it needs an agent"),
    ("config_examples/fluent-bit/reload.sh", "it needs an agent; the suite operations runs it"),
    ("clickhouse-client", "it needs ClickHouse; the suite operations runs the SQL"),
    ("for month in", "it needs ClickHouse"),
    ("done", "it ends a loop"),
    ("VECTOR=", "it builds, and needs Vector"),
    ("vector ", "it needs Vector; the suite vector_examples reads every configuration"),
];

/// The examples in the help of each subcommand.
fn of_help() -> Vec<(String, String)> {
    let help = |words: &str| stdout(&schtag_in(Path::new("."), words).assert().success());
    let all = help("help");
    let subcommands = all.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let subcommands: Vec<&str> = subcommands
        .take_while(|line| line.starts_with("  "))
        // A description may go on in the next line, further in.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(subcommands.len() >= 10, "{all}");
    let mut found = Vec::new();
    for name in subcommands {
        let text = help(&format!("{name} --help"));
        let examples = text.lines().skip_while(|line| *line != "Examples:").skip(1);
        let examples: Vec<_> = examples.map_while(|line| line.strip_prefix("  ")).collect();
        assert!(!examples.is_empty(), "{text}");
        found.extend(examples.into_iter().map(|line| (format!("schtag {name} --help"), line.to_owned())));
    }
    found
}

/// The command lines in the `sh` blocks of a page, those that go on joined.
fn of_page(path: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).unwrap();
    let (mut inside, mut open) = (false, String::new());
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("```") {
            inside = line == "```sh";
            assert!(open.is_empty(), "{}: {open} goes on after its block", path.display());
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            open.push_str(line.strip_suffix('\\').unwrap_or(line));
            if line.ends_with('\\') || line.ends_with('|') {
                open.push(' ');
            } else {
                found.push((path.display().to_string(), std::mem::take(&mut open)));
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A folder with all that the examples name.
fn folder(root: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    let demo = fs::read(root.join("config_examples/demo/events.ndjson")).unwrap();
    for name in ["events.ndjson", "security.ndjson", "config_examples/demo/events.ndjson"] {
        fs::write(at(name), &demo).unwrap();
    }
    for name in ["archive/a.ndjson.gz", "events.ndjson.gz", "archive.ndjson.gz"] {
        fs::write(at(name), gzip(&demo)).unwrap();
    }
    // One that is an alert.
    let is_alert = |line: &&[u8]| String::from_utf8_lossy(line).contains("OneDrive");
    let event = demo.split(|byte| *byte == b'\n').find(is_alert).unwrap();
    fs::write(at("event.json"), event).unwrap();
    let records = demo.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let array = [&b"["[..], &records.collect::<Vec<_>>().join(&b","[..]), b"]"].concat();
    fs::write(at("events.json"), &array).unwrap();
    fs::write(at("events.json.zst"), zstd(&array)).unwrap();
    let definition = "<Task><Actions><Exec><Command>calc.exe</Command></Exec></Actions></Task>";
    fs::write(at("image/Windows/System32/Tasks/Calculate"), definition).unwrap();
    let data = vec![("TaskName", "\\Calculate".into()), ("TaskContent", definition.into())];
    let event = event_log::Event { number: 1, id: 4698, at: 1_700_000_000, data };
    fs::write(at("Security.evtx"), event_log::file(&[vec![event]])).unwrap();
    let event = "<Event><System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4624</EventID></System></Event>";
    fs::write(at("exported.xml"), format!("<Events>{event}</Events>")).unwrap();
    fs::write(at("schtag.yml"), "minimum_level: low\n").unwrap();
    fs::write(at("settings.yml"), "ecs: true\n").unwrap();
    // A few of the default rules, each with its cases.
    for name in ["rules", "my-rules", "sigma/rules/windows", "plugin/rules"] {
        for rule in ["burst-of-deletions", "powershell-encoded-command"] {
            if name != "sigma/rules/windows" {
                copy(&root.join("plugin/rules").join(rule), &at(&format!("{name}/{rule}")));
            }
            // With ids and names of their own, since they are baked beside the default ones, too.
            if let "rules" | "my-rules" = name {
                let path = at(&format!("{name}/{rule}/rule.yml"));
                let text = fs::read_to_string(&path).unwrap();
                let text = text.replace("task_removed_by_person", "own_task_removed");
                let own = |line: &str| match line.strip_prefix("id: ") {
                    Some(id) => format!("id: 0{}\n", id.get(1..).unwrap()),
                    None => format!("{line}\n"),
                };
                fs::write(path, text.lines().map(own).collect::<String>()).unwrap();
            }
        }
    }
    for name in ["programs", "my-programs"] {
        fs::create_dir_all(at(name)).unwrap();
        let program = "- names: [fetchit]\n  source: https://wiki.example.com/fetchit\n  reads: [dash]\n  \
                       arguments: [address]\n  cases:\n    - line: fetchit https://host.example/a\n      \
                       address: https://host.example/a\n";
        fs::write(at(&format!("{name}/fetchit.yml")), program).unwrap();
    }
    fs::write(
        at("sigma/rules/windows/one.yml"),
        "title: One\nid: 61d5087d-4140-4c5a-8fbe-f6d946845cd6\nlogsource: {product: windows, service: security}\n\
         detection: {s: {TaskName|contains: Updater}, condition: s}\nlevel: low\n",
    )
    .unwrap();
    let base =
        std::env::var_os("SCHTAG_BASE_WASM").map_or(root.join("target/wasm/schtag_base.wasm"), PathBuf::from);
    fs::copy(base, at("target/wasm/schtag_base.wasm")).unwrap();
    schtag_in(folder.path(), "bake -o schtag.wasm").assert().success();
    for name in ["dist/schtag.wasm", "my.wasm", "new.wasm"] {
        fs::copy(folder.path().join("schtag.wasm"), at(name)).unwrap();
    }
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_schtag"), at("dist/schtag")).unwrap();
    folder
}

fn is_there(program: &str) -> bool {
    let found =
        Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

#[test]
fn every_example_runs() {
    if !is_whole("every_example_runs") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut examples = of_help();
    let from_help = examples.len();
    let mut pages: Vec<PathBuf> =
        fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.extend(["README.md", "CONTRIBUTING.md"].map(|name| root.join(name)));
    pages.sort();
    examples.extend(pages.iter().flat_map(|page| of_page(page)));
    assert!(from_help > 30 && examples.len() > from_help + 20, "{from_help} of {}", examples.len());

    let folder = folder(root);
    let path = std::env::join_paths(
        std::iter::once(folder.path().join("dist"))
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )
    .unwrap();
    let (mut run, mut used, mut failed) = (0, BTreeSet::new(), Vec::new());
    for (place, line) in &examples {
        if let Some((start, _)) = NOT_RUN.iter().find(|(start, _)| line.starts_with(start)) {
            used.insert(*start);
            continue;
        }
        if let Some(tool) =
            ["jq", "gunzip"].into_iter().find(|tool| line.contains(&format!(" {tool} ")) && !is_there(tool))
        {
            let line = format!("SKIPPED: no {tool} for `{line}` in every_example_runs\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            continue;
        }
        run += 1;
        let mut command = assert_cmd::Command::new("sh");
        // To save the time in which the default rules are baked; `alone` is about them.
        command.args(["-c", &format!("set -e; {line}")]);
        command
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("SCHTAG_MODULE", "schtag.wasm")
            .write_stdin("");
        let output = command.timeout(Duration::from_secs(240)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || said.contains("schtag: there is no") || said.contains("rror:") {
            failed.push(format!("{place}: {line}\n  {}: {said}", output.status));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(run > 30, "only {run} of {} were run", examples.len());
    let unused: Vec<_> = NOT_RUN.iter().filter(|(start, _)| !used.contains(start)).collect();
    assert!(unused.is_empty(), "these exceptions are for no line any more: {unused:?}");
}
